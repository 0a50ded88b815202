"""What a central tells a box: one signed document that names files of sightings, and says decisions and answers.

It is signed with the central's key, which the box pinned when it enrolled, as receipts are: no second trust. It is no
target of the published tree, because that is signed by people, offline, and this by a machine, every minute; and it
holds the keys of the hashes, which only enrolled boxes are told.
"""

from __future__ import annotations

import hashlib
from typing import Any

from edge.storage.chain import canonical
from sync.central.central import Central
from sync.central.database import reading
from sync.central.intake.devices import DeviceKey
from sync.central.knowledge import outcomes, questions
from sync.central.knowledge.precision import precision
from sync.central.knowledge.sightings import cut, listed, packed_file, secret_of
from sync.protocol import KNOWLEDGE, SCHEMA, signed

PIECE_BYTES = 2_000_000


def knowledge_for(central: Central, key: DeviceKey) -> tuple[str, bytes]:
    """What the box of `key` is told now: the digest of its content, and the signed document."""
    cut(central)
    content = _content(central, key)
    digest = hashlib.sha256(canonical(content)).hexdigest()
    told = {"type": KNOWLEDGE, "schema": SCHEMA, "central": central.id, "device": key.device, "issued": central.stamp()}
    return digest, signed({**told, "content": content}, central.private.sign, central.id)


def _content(central: Central, key: DeviceKey) -> dict[str, Any]:
    with reading(central.engine) as connection:
        files = listed(connection)
        return {
            "port": key.port or key.device,
            "keys": {month: secret_of(central, month).hex() for month in sorted({file.secret for file in files})},
            "files": [
                {"sha256": file.sha256, "size": file.size, "packed": file.packed, "parts": list(file.parts)}
                for file in files
            ],
            "precision": precision(connection),
            "outcomes": outcomes.of_device(connection, key.device),
            "answers": questions.told_to(connection, key.device, central.now().date().isoformat()),
        }


def piece(central: Central, sha256: str, start: int) -> bytes:
    """At most 2 MB of a file from byte `start` of its packed form; empty at its end.

    Raises:
        NotFound: sighting_file_not_found.
    """
    return packed_file(central, sha256)[start : start + PIECE_BYTES]
