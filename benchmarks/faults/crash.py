"""Power cuts made of a disk's trace: what may be left of it when the power fails at any point.

The model is a journalling file system's at its worst. What a file's fsync did not cover is kept sector by sector or not
at all, in any mixture; names are durable once their directory was synced, and of later ones a prefix in order is kept.
Method: T. S. Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014), and SQLite's own crash tests.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.faults.disk import Event

SECTOR = 512
_ROOT = 1


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Event] = field(default_factory=list)  # ("write", inode, offset, data) or ("resize", inode, size)


@dataclass(frozen=True)
class Cut:
    """One power cut."""

    at: int  # events that had happened
    last: str  # kind of the last of them
    notes: tuple[str, ...]  # written before it, in order
    files: dict[str, bytes]  # path -> what is left
    directories: tuple[str, ...]

    def lay_out(self, folder: Path) -> Path:
        """Write what is left below `folder`, which must not exist."""
        folder.mkdir(parents=True)
        for name in self.directories:
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder


def cuts(trace: Sequence[Event], count: int, seed: int) -> Iterator[Cut]:
    """Make `count` power cuts of a trace; the n-th is `cut(trace, seed + n)`."""
    for number in range(seed, seed + count):
        yield cut(trace, number)


def cut(trace: Sequence[Event], seed: int, lost: str = "") -> Cut:
    """Cut the power at a drawn point of the trace.

    Only what lies in the directory `lost` loses power when that is given: the rest is on another machine's disk.
    """
    draw = random.Random(f"cut {seed}")
    at = draw.randint(0, len(trace))
    state = _State(lost)
    for event in trace[:at]:
        state.take(event)
    return state.cut(at, draw)


class _State:
    """What is durable for sure, and what was asked for since."""

    def __init__(self, lost: str) -> None:
        self.files: dict[int, _File] = {}
        self.directories: set[int] = {_ROOT}
        self.names: dict[tuple[int, str], int] = {}  # durable
        self.renames: list[Event] = []  # events on names that no sync of their directory has covered
        self.notes: list[str] = []
        self.last = "nothing"
        self._way = lost.split("/") if lost else []
        self._powerless: set[int] = set() if lost else {_ROOT}  # inodes on the disk that loses power

    def take(self, event: Event) -> None:
        kind = event[0]
        self.last = kind
        if kind in {"write", "resize"}:
            file = self.files[event[1]]
            if event[1] in self._powerless:
                file.pending.append(event)
            else:
                _apply(file.durable, event)
        elif kind == "sync":
            self._sync(event[1])
        elif kind == "sync_names":
            # A journal commits in order: all up to the last event that concerns the directory.
            last = max((at for at, change in enumerate(self.renames) if event[1] in _concerns(change)), default=-1)
            for change in self.renames[: last + 1]:
                _rename(self.names, change)
            del self.renames[: last + 1]
        elif kind == "note":
            self.notes.append(event[1])
        else:
            self._take_name(event)

    def _sync(self, inode: int) -> None:
        file = self.files.get(inode)
        if file is not None:
            for change in file.pending:
                _apply(file.durable, change)
            file.pending.clear()

    def _take_name(self, event: Event) -> None:
        powerless = any(directory in self._powerless for directory in _concerns(event))
        if event[0] == "make":
            inode, is_directory = event[1], event[2]
            if is_directory:
                self.directories.add(inode)
            else:
                self.files[inode] = _File()
            if powerless or (is_directory and self._way and self._path(event[3], event[4]) == self._way):
                self._powerless.add(inode)
        if powerless:
            self.renames.append(event)
        else:
            _rename(self.names, event)

    def _path(self, directory: int, name: str) -> list[str]:
        way = [name]
        while directory != _ROOT:
            directory, name = next(place for place, inode in self.names.items() if inode == directory)
            way.insert(0, name)
        return way

    def cut(self, at: int, draw: random.Random) -> Cut:
        names = dict(self.names)
        for change in self.renames[: draw.randint(0, len(self.renames))]:
            _rename(names, change)
        kept = draw.choice((0.0, 0.2, 0.5, 0.8, 1.0))
        paths = _paths(names, self.directories)
        left: dict[int, bytes] = {}
        for inode in sorted({inode for inode in paths.values() if inode in self.files}):
            file = self.files[inode]
            data = bytearray(file.durable)
            for change in file.pending:
                for piece in _pieces(change):
                    if draw.random() < kept:
                        _apply(data, piece)
            left[inode] = bytes(data)
        return Cut(
            at,
            self.last,
            tuple(self.notes),
            {path: left[inode] for path, inode in paths.items() if inode in left},
            tuple(path for path, inode in paths.items() if inode in self.directories),
        )


def _concerns(change: Event) -> tuple[int, ...]:
    """The directories whose names a change touches."""
    if change[0] == "make":
        return (change[3],)
    if change[0] == "rename":
        return change[2], change[4]
    return (change[2],) if change[0] == "name" else (change[1],)


def _rename(names: dict[tuple[int, str], int], change: Event) -> None:
    if change[0] == "make":
        names[change[3], change[4]] = change[1]
    elif change[0] == "name":
        names[change[2], change[3]] = change[1]
    elif change[0] == "unname":
        names.pop((change[1], change[2]), None)
    else:
        names.pop((change[2], change[3]), None)
        names[change[4], change[5]] = change[1]


def _pieces(change: Event) -> Iterator[Event]:
    if change[0] == "resize":
        yield change
        return
    _, inode, offset, data = change
    at = 0
    while at < len(data):
        size = min(SECTOR - (offset + at) % SECTOR, len(data) - at)
        yield ("write", inode, offset + at, data[at : at + size])
        at += size


def _apply(data: bytearray, change: Event) -> None:
    if change[0] == "resize":
        size = change[2]
        if size < len(data):
            del data[size:]
        else:
            data.extend(bytes(size - len(data)))
        return
    _, _, offset, piece = change
    if offset > len(data):
        data.extend(bytes(offset - len(data)))
    data[offset : offset + len(piece)] = piece


def _paths(names: dict[tuple[int, str], int], directories: set[int]) -> dict[str, int]:
    children: dict[int, list[tuple[str, int]]] = {}
    for (parent, name), inode in names.items():
        children.setdefault(parent, []).append((name, inode))
    found: dict[str, int] = {}

    def below(directory: int, path: str) -> None:
        for name, inode in children.get(directory, ()):
            found[f"{path}{name}"] = inode
            if inode in directories:
                below(inode, f"{path}{name}/")

    below(_ROOT, "")
    return found
