"""The paired handhelds of a box: one file in its state directory, written by the bench and by `sekisho handhelds`.

Of a handheld's secret, 256 random bits, only the SHA-256 is kept: whoever reads the file can pose as no handheld.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from edge.errors import LedgerError, NotFound
from edge.storage import documents
from edge.storage.chain import canonical
from edge.storage.kept import KeptFile

FILE = "handhelds.json"


@dataclass(frozen=True, slots=True)
class Handheld:
    """One handheld. `secret` is the SHA-256 of what its cookie holds, hex; `since` is UTC, ISO 8601."""

    id: str
    name: str
    station: str
    since: str
    secret: str


Handhelds = Mapping[str, Handheld]
NONE: Handhelds = MappingProxyType({})


class HandheldsFile(KeptFile[Handhelds]):
    """The handhelds on disk by id, in the order in which they were paired."""

    codes = ("handhelds_damaged", "handhelds_unreadable", "handhelds_unwritable")
    file, what = FILE, "the handhelds of this box"
    remedy = "Move it away: then every handheld has to be paired again."
    most_bytes = 4_000_000
    nothing = NONE

    def _from_bytes(self, data: bytes) -> Handhelds:
        try:
            found = documents.from_json(_File, json.loads(data))
        except (LedgerError, ValueError) as error:
            raise self.damaged(f"another file: {error}") from error
        return MappingProxyType({one.id: one for one in found.handhelds})

    def _to_bytes(self, held: Handhelds) -> bytes:
        return canonical(documents.to_json(_File(tuple(held.values()))))


@dataclass(frozen=True, slots=True)
class _File:
    handhelds: tuple[Handheld, ...]


def removed(handhelds: Handhelds, name: str) -> Handhelds:
    """Without one.

    Raises:
        NotFound: handheld_not_found.
    """
    if name not in handhelds:
        message = f"Expected the id of a paired handheld, got {name[:80]!r}."
        raise NotFound("handheld_not_found", message, hint="sekisho handhelds list")
    return MappingProxyType({one: handheld for one, handheld in handhelds.items() if one != name})
