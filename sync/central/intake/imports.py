"""What boxes have exported onto a stick, taken in with the same checks as over the line; receipts beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from edge.errors import InputError, SekishoError
from edge.storage.database import write_durably
from sync.central.central import Central
from sync.central.database import reading
from sync.central.intake.devices import active_key
from sync.central.intake.evidence import brought_whole, receipt_of
from sync.central.intake.ingest import ingest
from sync.protocol import PICTURE, Receipt, verified
from sync.seal import opened, sealing_key

_HEAD_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What came of a stick. `refused` has one line for each file that was not taken."""

    batches: int
    pictures: int
    refused: tuple[str, ...]


def take_in(central: Central, directory: Path) -> TakenIn:
    """Take in every box's folder of a stick. What is refused is told; the rest is taken all the same.

    Raises:
        OSError: the stick cannot be read or written.
        sqlalchemy.exc.SQLAlchemyError: the database cannot do it now.
    """
    batches, pictures = 0, 0
    refused: list[str] = []
    for place in sorted(directory.glob("sekisho-*")):
        receipts: dict[str, Receipt] = {}
        for path in sorted(place.glob("batch-*.sealed")):
            try:
                receipt = ingest(central.engine, central.id, _whole(central, path), central.stamp())
            except SekishoError as error:
                refused.append(f"{path}: {error.message} [{error.code}]")
                continue
            receipts[receipt.ledger] = receipt
            batches += 1
        for ledger, receipt in receipts.items():
            write_durably(place / f"receipt-{ledger}.json", receipt.signed(central.private.sign, central.id))
        for path in sorted(place.glob("picture-*.sealed")):
            try:
                sha256, device = _picture(central, _whole(central, path))
            except SekishoError as error:
                refused.append(f"{path}: {error.message} [{error.code}]")
                continue
            write_durably(place / f"receipt-{sha256}.json", receipt_of(central, device, sha256))
            pictures += 1
    return TakenIn(batches, pictures, tuple(refused))


def _whole(central: Central, path: Path) -> bytes:
    return opened(sealing_key(central.private), path.read_bytes(), path.name)


def _picture(central: Central, data: bytes) -> tuple[str, str]:
    """Keep one picture; its name and its device.

    Raises:
        SekishoError: it is not what a device that may sign has signed.
    """
    head, _, content = data.partition(b"\n")
    try:
        key = str(json.loads(head[:_HEAD_BYTES])["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("evidence_form", f"Expected a signed picture, got {type(error).__name__}.") from error
    with reading(central.engine) as connection:
        signer = active_key(connection, key, central.stamp())
    told = verified(head, PICTURE, signer.public)
    sha256 = hashlib.sha256(content).hexdigest()
    if (told.get("device"), told.get("sha256")) != (signer.device, sha256):
        message = f"Expected picture {told.get('sha256')} of {signer.device}, got {sha256}."
        raise InputError("evidence_altered", message)
    brought_whole(central, signer.device, sha256, content, str(told.get("media_type")))
    return sha256, signer.device
