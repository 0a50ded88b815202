"""What CURRENT says: which files of a shelf are in use, kept and staged. Pure: edge/storage/shelf.py does the writing.

A shelf has one main slot (an edition, a pack, a policy) and, for the registry, a slot for each publisher's supplement.
Each slot rolls back by itself; one document names them all, so that every change is one rename.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edge.errors import Conflict, NotFound
from edge.storage.chain import canonical

SCHEMA = 1
MAIN = ""  # the slot of the edition, pack or policy itself
OLDER = 2  # kept for roll-back
STAGED = 2  # kept beside: a candidate, and one that was set back
SET_BACK = 8  # remembered, so that nothing activates them again by itself
_FILE = re.compile(r"[a-z]+-[0-9a-f]{16}(\.[a-z]+)?", re.ASCII)
_SLOT = re.compile(r"([a-z0-9][a-z0-9._-]{0,63})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing in use, and what may take its place. Every entry is the name of a file on the shelf."""

    in_use: str = ""
    older: tuple[str, ...] = ()  # what was in use before, newest first
    staged: tuple[str, ...] = ()  # verified and waiting, newest first
    set_back: tuple[str, ...] = ()  # rolled back from: never again in use without a person

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that must stay, in the order in which one stands in for another."""
        return (*filter(None, (self.in_use,)), *self.older, *self.staged)

    def with_staged(self, file: str) -> Slot:
        """With one more candidate. What is in use or kept already stays where it is."""
        if file in (self.in_use, *self.older):
            return self
        return replace(self, staged=_first(file, self.staged)[:STAGED])

    def activated(self, file: str) -> Slot:
        """With `file` in use, and what was in use before kept."""
        if file == self.in_use:
            return self
        before = _first(self.in_use, tuple(kept for kept in self.older if kept != file)) if self.in_use else self.older
        return Slot(
            in_use=file,
            older=before[:OLDER],
            staged=tuple(one for one in self.staged if one != file),
            set_back=tuple(one for one in self.set_back if one != file),
        )

    def rolled_back(self, *, to_built_in: bool = False) -> Slot:
        """With the newest of the older ones in use; what was in use waits, and is remembered as set back.

        `to_built_in`: where nothing older is kept, what is built in is the older one.

        Raises:
            Conflict: shelf_conflict: there is nothing older.
        """
        if not self.in_use or not (self.older or to_built_in):
            came = f"nothing older than {self.in_use}" if self.in_use else "nothing in use from the shelf"
            raise Conflict(
                "shelf_conflict",
                f"Expected something older to roll back to, got {came}.",
                hint="Install what should be used instead.",
            )
        return Slot(
            in_use=self.older[0] if self.older else "",
            older=self.older[1:],
            staged=_first(self.in_use, self.staged)[:STAGED],
            set_back=_first(self.in_use, self.set_back)[:SET_BACK],
        )

    def without_oldest(self) -> Slot:
        """Without the oldest of those kept for roll-back; what is in use and what waits stay."""
        return replace(self, older=self.older[:-1])


@dataclass(frozen=True, slots=True)
class Current:
    """The whole document."""

    slots: Mapping[str, Slot] = field(default_factory=dict)

    def slot(self, name: str = MAIN) -> Slot:
        """The slot of that name; an empty one when there is none."""
        return self.slots.get(name, Slot())

    @property
    def files(self) -> frozenset[str]:
        """Every file that must stay."""
        return frozenset(file for slot in self.slots.values() for file in slot.files)

    def place_of(self, file: str) -> str:
        """The name of the slot that holds `file`.

        Raises:
            NotFound: shelf_not_found.
        """
        for name, slot in self.slots.items():
            if file in slot.files:
                return name
        raise NotFound("shelf_not_found", f"Expected the name of something on the shelf, got {file!r}.")

    def named(self, beginning: str) -> str:
        """The one file whose name begins so, with or without its kind.

        Raises:
            NotFound: shelf_not_found: there is none, or more than one.
        """
        found = sorted(file for file in self.files if beginning and _begins(file, beginning))
        if len(found) != 1:
            came = "none" if not found else " and ".join(found)
            message = f"{beginning!r}: expected the beginning of one name on the shelf, got {came}."
            raise NotFound("shelf_not_found", message, hint="Name more of it.")
        return found[0]

    def with_slot(self, name: str, slot: Slot) -> Current:
        """With one slot replaced."""
        return Current({**self.slots, name: slot})

    def without(self, name: str) -> Current:
        """Without one slot."""
        return Current({known: slot for known, slot in self.slots.items() if known != name})

    def activated(self, *files: str) -> Current:
        """With every one of `files` in use in its slot.

        Raises:
            NotFound: shelf_not_found.
        """
        whole = self
        for file in files:
            place = whole.place_of(file)
            whole = whole.with_slot(place, whole.slot(place).activated(file))
        return whole

    def to_bytes(self) -> bytes:
        """As canonical JSON."""
        slots = {
            name: {
                "in_use": slot.in_use,
                "older": list(slot.older),
                "staged": list(slot.staged),
                "set_back": list(slot.set_back),
            }
            for name, slot in self.slots.items()
        }
        return canonical({"schema": SCHEMA, "slots": slots}) + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> Current:
        """Read the document.

        Raises:
            ValueError: it is none, or of another schema; the message says what came.
        """
        try:
            document = json.loads(data)
        except ValueError as error:  # also bytes that are no UTF-8
            raise ValueError("no JSON") from error
        if not isinstance(document, dict):
            raise ValueError("no object")  # noqa: TRY004 - a parser's one kind of error
        if document.get("schema") != SCHEMA:
            raise ValueError(f"schema {document.get('schema')!r}")
        slots = document.get("slots")
        if not isinstance(slots, dict):
            raise ValueError(f"slots {slots!r}")  # noqa: TRY004 - likewise
        return cls({require_slot(name): _slot(told) for name, told in slots.items()})


def require_slot(name: str) -> str:
    """`name`, when a slot can be called so.

    Raises:
        ValueError: it cannot.
    """
    if not isinstance(name, str) or _SLOT.fullmatch(name) is None:
        raise ValueError(f"the slot {name!r}")
    return name


def _slot(told: object) -> Slot:
    if not isinstance(told, dict):
        raise ValueError(f"a slot of {told!r}")  # noqa: TRY004 - likewise
    in_use = told.get("in_use")
    return Slot(
        in_use=_file(in_use) if in_use else "",
        older=_files(told.get("older")),
        staged=_files(told.get("staged")),
        set_back=_files(told.get("set_back")),
    )


def _files(told: object) -> tuple[str, ...]:
    if not isinstance(told, list):
        raise ValueError(f"a list of {told!r}")  # noqa: TRY004 - likewise
    return tuple(_file(file) for file in told)


def _file(told: object) -> str:
    """A plain name as the shelf makes them: it can name nothing elsewhere."""
    if not isinstance(told, str) or _FILE.fullmatch(told) is None:
        raise ValueError(f"the file {told!r}")
    return told


def _first(file: str, files: tuple[str, ...]) -> tuple[str, ...]:
    return (file, *(one for one in files if one != file))


def _begins(file: str, beginning: str) -> bool:
    return file.startswith(beginning) or file.partition("-")[2].startswith(beginning)
