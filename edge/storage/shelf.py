"""A shelf: what the box uses of one kind (registry editions, model packs, policies), and how another takes its place.

`directory`/CURRENT (edge/storage/current.py) names the files; every change of it is one rename, under a lock between
processes. A file is whole and durable under a name made of its own hash before CURRENT names it, so a power cut at any
point leaves the old or the new state. Readers take no lock: they look at CURRENT at every `current()`. What cannot be
opened never takes the place of what answers: the newest usable stays in use and `problem` says why.

What may be on a shelf is said by a `Kind`: edge/storage/shelves.py.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from edge.errors import SekishoError, ShelfError
from edge.storage.chain import Json
from edge.storage.current import MAIN, Current, Slot, require_slot
from edge.storage.database import fsync_directory, write_durably
from edge.storage.incoming import INCOMING, incoming, is_free, removed, synced

Item = TypeVar("Item")

CURRENT = "CURRENT"
_LOCK = ".lock"
_NOTE = ".note.json"  # beside a file: what was found out about it, such as a shadow report
_AGAIN = 5  # looks at CURRENT when it changes while it is being followed


class Kind(Protocol[Item]):
    """What may be on a shelf, and how it is brought there and opened."""

    word: str  # how its files are called
    suffix: str  # "" for a directory

    def bring(self, source: Path, out: Path) -> str:
        """Copy `source` to `out`, durable, and answer the hash of its content. Errors: of the kind."""
        ...

    def digest(self, source: Path) -> str:
        """The hash of the content of something that `bring` made. Errors: of the kind."""
        ...

    def open(self, path: Path) -> Item:
        """Open one file, checked as far as is quick. Errors: of the kind."""
        ...

    def verify(self, path: Path) -> None:
        """Read one file whole, as far as `open` does not. Errors: of the kind."""
        ...

    def prove(self, path: Path) -> None:
        """Try one file on this box before it comes into use, as far as `open` cannot tell. Errors: of the kind."""
        ...

    def title(self, item: Item) -> str:
        """What a person calls it."""
        ...

    def join(self, main: Item, others: Mapping[str, Item]) -> Item:
        """The main one together with its supplements by publisher."""
        ...

    def built_in(self) -> Item | None:
        """What is used while the shelf is empty; None when nothing is built in."""
        ...

    def nothing(self, directory: Path) -> SekishoError:
        """The error when there is nothing to use."""
        ...

    def unknown(self, error: ShelfError) -> SekishoError:
        """The error of the kind when it cannot be told what is in use."""
        ...


@dataclass(frozen=True, slots=True)
class Held(Generic[Item]):
    """What is in use now: the item, and the files that it was opened from (none when it is built in)."""

    item: Item
    files: tuple[str, ...]


class Shelf(Generic[Item]):
    """The shelf of one kind. Safe for threads, and for several processes that change it."""

    def __init__(self, directory: Path, kind: Kind[Item], fixed: Path | None = None) -> None:
        """Serve what `directory`/CURRENT names, or always the file `fixed` when one is given."""
        self.directory = directory
        self.kind = kind
        self.fixed = fixed
        self.problem: SekishoError | None = None  # why what is named is not what is in use
        self._lock = threading.Lock()
        self._followed: object = _NEVER
        self._held: Held[Item] | None = None

    # --- reading ------------------------------------------------------------------------------------------------------

    def current(self) -> Item:
        """What to use now. A caller keeps it for its whole inspection; a swap meanwhile does not disturb it.

        Raises:
            SekishoError: of the kind: there is nothing that can be used.
        """
        return self.held().item

    def held(self) -> Held[Item]:
        """As `current`, with the files that it was opened from."""
        if self._look() != self._followed:
            with self._lock:
                self._follow()
        held = self._held
        if held is None:
            problem = self.problem or self.kind.nothing(self.directory)
            # A new one each time: an exception that is raised twice would collect tracebacks.
            raise type(problem)(problem.code, problem.message, hint=problem.hint)
        return held

    def contents(self) -> Current:
        """What CURRENT says; empty when there is none.

        Raises:
            ShelfError: shelf_damaged: it cannot be read.
        """
        return _parsed(self._look_at_current(), self.directory)

    def opened(self, *files: str) -> Item:
        """What would be in use if `files` were activated. The caller closes it.

        Raises:
            NotFound: shelf_not_found: one of them is not on the shelf.
            SekishoError: of the kind: one of the files cannot be used.
        """
        whole = self.contents().activated(*files)
        used = {name: slot.in_use for name, slot in whole.slots.items() if slot.in_use}
        if MAIN not in used:
            raise self.kind.nothing(self.directory)
        items = {name: self.kind.open(self.directory / file) for name, file in used.items()}
        return self.kind.join(items.pop(MAIN), items)

    def title_of(self, file: str) -> str:
        """What a person calls a file of the shelf.

        Raises:
            SekishoError: of the kind: it cannot be used.
        """
        item = self.kind.open(self.directory / file)
        try:
            return self.kind.title(item)
        finally:
            _close(item)

    def _look(self) -> object:
        if self.fixed is None:
            return self._look_at_current()
        try:
            seen = self.fixed.stat()
        except OSError:
            return None
        return seen.st_ino, seen.st_mtime_ns, seen.st_size

    def _look_at_current(self) -> bytes | None:
        """The bytes themselves: an inode and a time may be the same again after two swaps within one tick."""
        try:
            return (self.directory / CURRENT).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"unreadable: {error.strerror}".encode()

    def _follow(self) -> None:
        """Open what is named now; a swap meanwhile may take the file away that was named before: then look again."""
        for _ in range(_AGAIN):
            look = self._look()
            if look == self._followed:
                return
            self._open_named(look)
            if self.problem is None or look == self._look():
                self._followed = look
                return

    def _open_named(self, look: object) -> None:
        # The item before is not closed here: inspections may still use it. It closes when the last of them lets it go.
        try:
            self._held = self._fixed_item() if self.fixed is not None else self._named_item(look)
        except SekishoError as error:
            self.problem = self.kind.unknown(error) if isinstance(error, ShelfError) else error
            if self._held is None and (built_in := self.kind.built_in()) is not None and self.fixed is None:
                self._held = Held(built_in, ())

    def _fixed_item(self) -> Held[Item]:
        assert self.fixed is not None  # noqa: S101 - the caller's condition
        item = self.kind.open(self.fixed)
        self.problem = None
        return Held(item, (str(self.fixed),))

    def _named_item(self, look: object) -> Held[Item]:
        """The first usable of each slot: what is named, else what was in use before it.

        Raises:
            SekishoError: nothing of the main slot can be used.
        """
        whole = _parsed(look if isinstance(look, bytes) else None, self.directory)
        main = whole.slot(MAIN)
        if not main.in_use:
            built_in = self.kind.built_in()
            if built_in is None:
                raise self.kind.nothing(self.directory)
            self.problem = None
            return Held(built_in, ())
        problems: list[SekishoError] = []
        file, item = self._first_usable(main, problems)
        if item is None:
            raise problems[0]
        files, others = [file], {}
        for name, slot in whole.slots.items():
            if name != MAIN and slot.in_use:
                file, other = self._first_usable(slot, problems)
                if other is not None:
                    files.append(file)
                    others[name] = other
        self.problem = problems[0] if problems else None
        return Held(self.kind.join(item, others), tuple(files))

    def _first_usable(self, slot: Slot, problems: list[SekishoError]) -> tuple[str, Item | None]:
        for file in (slot.in_use, *slot.older):
            try:
                return file, self.kind.open(self.directory / file)
            except SekishoError as error:
                problems.append(error)
        return "", None

    # --- changing -----------------------------------------------------------------------------------------------------

    def stage(self, source: Path, *, slot: str = MAIN, move: bool = False, verified: bool = False) -> str:
        """Bring something onto the shelf without using it; its name there.

        `slot` is the publisher of a supplement. `move` takes `source` away instead of copying it, where that is
        possible. `verified`: the caller has read it whole. What is in use or kept already stays as it is, and is made
        whole again when it was damaged.

        Raises:
            SekishoError: of the kind: it cannot be used on this box.
            ShelfError: shelf_unwritable.
        """
        _require_slot(slot)
        self._require_usable(source)
        with _told(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
            with incoming(self.directory, self.kind.suffix) as beside:
                if move and self.kind.suffix and source.stat().st_dev == self.directory.stat().st_dev:
                    source.replace(beside)
                    digest = self.kind.digest(beside)
                    synced(beside)
                else:
                    digest = self.kind.bring(source, beside)
                file = f"{self.kind.word}-{digest[:16]}{self.kind.suffix}"
                self._require_usable(beside)  # what came to lie here, not only what was to be brought
                if not verified:
                    self.kind.verify(beside)
                with self._changing() as whole:
                    self._place(beside, file, digest)
                    self._write(whole.with_slot(slot, whole.slot(slot).with_staged(file)))
        return file

    def _place(self, beside: Path, file: str, digest: str) -> None:
        """Give what was brought its name; what is there already under it stays, unless it was damaged since."""
        place = self.directory / file
        if place.exists():
            if self._is_whole(place, digest):
                return
            if place.is_dir():
                shutil.rmtree(place)
        beside.rename(place)
        fsync_directory(self.directory)

    def _is_whole(self, place: Path, digest: str) -> bool:
        try:
            self._require_usable(place)
            return self.kind.digest(place) == digest
        except (SekishoError, OSError):
            return False

    def activate(self, *files: str) -> None:
        """Use `files` from now on, all of them with one rename. What was in use before is kept.

        Raises:
            NotFound: shelf_not_found: one of them is not on the shelf.
            SekishoError: of the kind: one of them cannot be used; nothing is changed.
            ShelfError: shelf_unwritable.
        """
        for file in files:
            self.contents().place_of(file)
            self._require_usable(self.directory / file)
            self.kind.prove(self.directory / file)
        with _told(self.directory), self._changing() as whole:
            self._write(whole.activated(*files))

    def rollback(self, slot: str = MAIN) -> str:
        """Use again what was in use before; the name of it, "" for what is built in.

        Raises:
            Conflict: shelf_conflict: there is nothing older.
            SekishoError: of the kind: the older one cannot be used; nothing is changed.
            ShelfError: shelf_unwritable.
        """
        with _told(self.directory), self._changing() as whole:
            back = whole.slot(slot).rolled_back(to_built_in=slot == MAIN and self.kind.built_in() is not None)
            if back.in_use:
                self._require_usable(self.directory / back.in_use)
            self._write(whole.with_slot(slot, back))
        return back.in_use

    def withdraw(self, slot: str) -> None:
        """Use nothing of a publisher any more: its part was taken from it.

        Raises:
            ShelfError: shelf_unwritable.
        """
        with _told(self.directory), self._changing() as whole:
            self._write(whole.without(slot))

    def prune(self) -> tuple[str, ...]:
        """Remove what CURRENT does not name, and what a process that is gone was about to bring; the names.

        What somebody still reads stays until the next time: see `edge.storage.incoming.keep`.

        Raises:
            ShelfError: shelf_unwritable; shelf_damaged: it is not known what may go.
        """
        if not self.directory.is_dir():
            return ()
        with _told(self.directory), self._changing() as whole:
            keep = whole.files | {CURRENT, _LOCK} | {f"{file}{_NOTE}" for file in whole.files}
            gone = [
                path.name
                for path in sorted(self.directory.iterdir())
                if path.name not in keep
                and path.name.startswith((f"{self.kind.word}-", INCOMING))
                and is_free(path)
                and removed(path)
            ]
        return tuple(gone)

    def shed(self) -> str:
        """Give up the oldest of what is kept for roll-back and remove it; its name, "" when nothing is kept.

        For a disk that runs full. What is in use and what waits stay, and the publishers' supplements, which are small.

        Raises:
            ShelfError: shelf_unwritable, shelf_damaged.
            SekishoError: of the kind: what is in use cannot be used, so that an older one stands in for it.
        """
        if not (self.directory / CURRENT).exists():
            return ""
        with _told(self.directory), self._changing() as whole:
            slot = whole.slot(MAIN)
            if not slot.older:
                return ""
            self._require_usable(self.directory / slot.in_use)
            self._write(whole.with_slot(MAIN, slot.without_oldest()))
        self.prune()
        return slot.older[-1]

    def note(self, file: str, data: bytes) -> None:
        """Note what was found out about a file, such as a shadow report; it goes with the file.

        Raises:
            ShelfError: shelf_unwritable.
        """
        with _told(self.directory):
            write_durably(self.directory / f"{file}{_NOTE}", data)

    def noted(self, file: str) -> Json | None:
        """What was noted about a file; None for nothing that can be read."""
        try:
            return json.loads((self.directory / f"{file}{_NOTE}").read_bytes())
        except (OSError, ValueError):
            return None

    def _require_usable(self, path: Path) -> None:
        _close(self.kind.open(path))

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Current]:
        """What CURRENT says, while nobody else changes it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / _LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.contents()

    def _write(self, whole: Current) -> None:
        for left in self.directory.glob(f".{CURRENT}.*.tmp"):  # of a power cut: its writer held the lock
            left.unlink()
        write_durably(self.directory / CURRENT, whole.to_bytes())

    def close(self) -> None:
        """Close what is in use. Safe to call twice."""
        with self._lock:
            if self._held is not None:
                _close(self._held.item)
            self._held = None
            self._followed = _NEVER


_NEVER = object()


def _parsed(data: bytes | None, directory: Path) -> Current:
    if data is None:
        return Current()
    try:
        return Current.parse(data)
    except ValueError as error:
        raise ShelfError(
            "shelf_damaged",
            f"{directory / CURRENT}: expected the document of what is in use, got {error}.",
            hint="Move the file away and install again; what was opened before stays in use until then.",
        ) from error


def _require_slot(slot: str) -> None:
    try:
        require_slot(slot)
    except ValueError as error:
        raise ShelfError(
            "shelf_slot",
            f"Expected a publisher's short name of a-z, 0-9, dot, dash and underscore, got {error}.",
            hint="The publisher's name stands in its delegation.",
        ) from error


def _close(item: object) -> None:
    close: Callable[[], None] | None = getattr(item, "close", None)
    if close is not None:
        close()


@contextlib.contextmanager
def _told(directory: Path) -> Iterator[None]:
    """What the file system refuses, as an error of the shelf."""
    try:
        yield
    except OSError as error:
        raise ShelfError(
            "shelf_unwritable",
            f"{directory}: expected a directory that can be written to, got: {error.strerror or error}.",
            hint="Check the space and the permissions of the state directory; what was in use stays in use.",
        ) from error
