"""The paired handhelds of a box: one file in its state directory, written by the bench and by `sekisho handhelds`.

Of a handheld's secret, 256 random bits, only the SHA-256 is kept: whoever reads the file can pose as no handheld.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from edge.errors import LedgerError, NotFound, PeopleError
from edge.storage import documents
from edge.storage.chain import canonical
from edge.storage.database import locked, write_durably
from edge.storage.owned import rights_of_owner
from edge.storage.regular import regular

FILE = "handhelds.json"
_MOST_BYTES = 4_000_000


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


class HandheldsFile:
    """The handhelds on disk. Safe for several processes: a change is read, made and written under a lock."""

    def __init__(self, state_dir: Path) -> None:
        """Nothing is read or made yet."""
        self.path = state_dir / FILE
        self._state_dir = state_dir

    def mark(self) -> tuple[int, int, int] | None:
        """Another one whenever the file is another; None when there is none."""
        try:
            told = self.path.stat()
        except OSError:
            return None
        return told.st_ino, told.st_mtime_ns, told.st_size

    def read(self) -> Handhelds:
        """The handhelds by id, in the order in which they were paired; none when there is no file.

        Raises:
            PeopleError: handhelds_damaged: it is not what this box has written.
        """
        try:
            with rights_of_owner(self._state_dir):
                data = regular(self.path, _MOST_BYTES)
            found = documents.from_json(_File, json.loads(data))
        except FileNotFoundError:
            return NONE
        except (OSError, LedgerError, ValueError) as error:
            message = f"{self.path}: expected the handhelds of this box, got another file: {error}."
            hint = "Move it away: then every handheld has to be paired again."
            raise PeopleError("handhelds_damaged", message, hint=hint) from error
        return MappingProxyType({one.id: one for one in found.handhelds})

    def change(self, made: Callable[[Handhelds], Handhelds]) -> Handhelds:
        """Write what `made` makes of the handhelds, durably.

        Raises:
            PeopleError: handhelds_damaged; handhelds_unwritable.
        """
        try:
            with locked(self.path.with_suffix(".lock")):
                handhelds = made(self.read())
                document = documents.to_json(_File(tuple(handhelds.values())))
                write_durably(self.path, canonical(document), mode=0o600)
        except OSError as error:
            message = f"{self.path}: expected a file that can be written, got {error.strerror}."
            raise PeopleError("handhelds_unwritable", message, hint="Is the state directory this user's?") from error
        return handhelds


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
