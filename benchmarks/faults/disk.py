"""A disk in memory that writes down everything asked of it, below SQLite and below file writes (FUSE).

    with disk.mounted(folder) as mount:   # needs /dev/fuse and libfuse3 (libfuse3-3), else DiskUnavailableError
        ...                                 # any program works in mount.path; mount.note("told the officer 7")
    trace = mount.trace()                   # every write, sync and name since; crash.py makes power cuts of it

The same disk can be full after so many bytes, or gone after so many operations like a stick that is pulled out.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import errno
import functools
import os
import pickle
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Event: TypeAlias = tuple[Any, ...]
"""One thing that happened, in order, inodes by number; 1 is the root.

("make", inode, is_directory, directory, name) · ("name", inode, directory, name) · ("unname", directory, name) ·
("rename", inode, directory, name, directory, name) · ("write", inode, offset, data) · ("resize", inode, size) ·
("sync", inode) · ("sync_names", directory) · ("note", text)
"""

_NOTES = "/.notes"  # what is written here is no file: it is a note in the trace, in order with all else
_FULL = "/.full"  # a number written here: so many bytes fit on the disk
_GONE = "/.gone"  # a number written here: so many operations until nothing answers
_ROOT = 1
_READY_S = 120.0


class DiskUnavailableError(Exception):
    """There is no FUSE on this machine; the message says what is missing."""


def why_unavailable() -> str:
    """Why no disk can be mounted here; empty when one can."""
    if not Path("/dev/fuse").exists():
        return "/dev/fuse is absent"
    if ctypes.util.find_library("fuse3") is None and ctypes.util.find_library("fuse") is None:
        return "libfuse is absent (Debian: libfuse3-3)"
    if os.geteuid() != 0:
        return "mounting needs root"
    return ""


@dataclass
class Mount:
    """A mounted disk."""

    path: Path
    _trace: Path

    def note(self, words: str) -> None:
        """Write a line into the trace, at this point of its order."""
        with (self.path / _NOTES[1:]).open("ab", buffering=0) as file:
            file.write(words.encode())

    def full_after(self, size: int) -> None:
        """From now on only `size` bytes fit, counting what is there."""
        (self.path / _FULL[1:]).write_text(str(size))

    def gone_after(self, operations: int) -> None:
        """After so many more operations every one fails, as on a stick that was pulled out."""
        (self.path / _GONE[1:]).write_text(str(operations))

    def trace(self) -> list[Event]:
        """All events, once the disk is unmounted."""
        events: list[Event] = []
        with self._trace.open("rb") as file, contextlib.suppress(EOFError):
            while True:
                events.append(pickle.load(file))  # noqa: S301 - this module wrote it
        return events


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Mount]:
    """Mount an empty disk at `folder`/disk for the length of the block.

    Raises:
        DiskUnavailableError: there is no FUSE here, or the mount did not come up.
    """
    if why := why_unavailable():
        raise DiskUnavailableError(why)
    place = folder / "disk"
    place.mkdir(parents=True)
    trace = folder / "trace.pickle"
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.faults.disk", str(place), str(trace)])
    try:
        _wait(process, place)
        yield Mount(place, trace)
    finally:
        for _ in range(100):
            if subprocess.run(["umount", str(place)], check=False, capture_output=True).returncode == 0:
                break
            time.sleep(0.05)
        else:
            subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)
        try:
            process.wait(timeout=_READY_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], place: Path) -> None:
    until = time.monotonic() + _READY_S
    while not os.path.ismount(place):
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            raise DiskUnavailableError(f"expected a mount, got exit status {process.poll()}")
        time.sleep(0.01)


@dataclass
class _Inode:
    number: int
    is_directory: bool
    mode: int
    data: bytearray = field(default_factory=bytearray)
    names: dict[str, _Inode] = field(default_factory=dict)
    links: int = 1
    changed: int = field(default_factory=time.time_ns)


def _asked(method: Callable[Concatenate[_Disk, P], T]) -> Callable[Concatenate[_Disk, P], T]:
    """Count an operation; once the disk is gone it fails."""

    @functools.wraps(method)
    def asked(disk: _Disk, /, *arguments: P.args, **named: P.kwargs) -> T:
        if disk.left is not None:
            if disk.left <= 0:
                raise OSError(errno.EIO, "")
            disk.left -= 1
        return method(disk, *arguments, **named)

    return asked


class _Disk:
    """What the kernel asks, answered from memory. One request at a time (mounted with nothreads)."""

    use_ns = True

    def __init__(self, trace: Path) -> None:
        self._file = trace.open("wb", buffering=1 << 20)
        self._root = _Inode(_ROOT, True, stat.S_IFDIR | 0o755)
        self._last = _ROOT
        self._open: dict[int, _Inode] = {}
        self._handles = 0
        self._used = 0
        self._room: int | None = None
        self.left: int | None = None  # operations until the disk is gone

    def _event(self, *event: Any) -> None:  # noqa: ANN401 - see Event
        pickle.dump(event, self._file)

    # --- finding --------------------------------------------------

    def _find(self, path: str) -> _Inode:
        inode = self._root
        for name in path.strip("/").split("/"):
            if name:
                found = inode.names.get(name)
                if found is None:
                    raise OSError(errno.ENOENT, "")
                inode = found
        return inode

    def _parent(self, path: str) -> tuple[_Inode, str]:
        folder, _, name = path.rpartition("/")
        return self._find(folder), name

    def _of(self, path: str, handle: int | None) -> _Inode:
        return self._open[handle] if handle in self._open else self._find(path)

    def _handle(self, inode: _Inode) -> int:
        self._handles += 1
        self._open[self._handles] = inode
        return self._handles

    @_asked
    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        if path in {_NOTES, _FULL, _GONE}:
            return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": 0}
        inode = self._of(path, fh)
        times = dict.fromkeys(("st_mtime", "st_ctime", "st_atime"), inode.changed)
        return {
            "st_mode": inode.mode, "st_nlink": inode.links, "st_size": len(inode.data), "st_ino": inode.number,
            "st_blocks": -(-len(inode.data) // 512), **times,
        }  # fmt: skip

    @_asked
    def readdir(self, path: str, _fh: int) -> list[str]:
        return [".", "..", *self._find(path).names]

    def statfs(self, _path: str) -> dict[str, int]:
        room = (1 << 40) if self._room is None else self._room
        free = max(0, room - self._used) // 4096
        return {"f_bsize": 4096, "f_frsize": 4096, "f_blocks": room // 4096, "f_bfree": free, "f_bavail": free}

    @_asked
    def open(self, path: str, _flags: int) -> int:
        return 0 if path in {_NOTES, _FULL, _GONE} else self._handle(self._find(path))

    def opendir(self, _path: str) -> int:
        return 0

    def releasedir(self, _path: str, _fh: int) -> int:
        return 0

    @_asked
    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return b"" if path in {_NOTES, _FULL, _GONE} else bytes(self._of(path, fh).data[offset : offset + size])

    def release(self, _path: str, fh: int) -> int:
        self._open.pop(fh, None)
        return 0

    def flush(self, _path: str, _fh: int) -> int:
        return 0

    def access(self, _path: str, _mode: int) -> int:
        return 0

    def init(self, _path: str) -> None:
        return None

    def destroy(self, _path: str) -> None:
        self._file.close()

    # --- changing --------------------------------------------------

    def _grow(self, inode: _Inode, size: int) -> None:
        more = size - len(inode.data)
        if more > 0 and self._room is not None and self._used + more > self._room:
            raise OSError(errno.ENOSPC, "")
        self._used += more

    @_asked
    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        if path == _NOTES:
            self._event("note", bytes(data).decode())
        elif path == _FULL:
            self._room = int(data)
        elif path == _GONE:
            self.left = int(data)
        else:
            inode = self._of(path, fh)
            self._grow(inode, max(len(inode.data), offset + len(data)))
            if offset > len(inode.data):
                inode.data.extend(bytes(offset - len(inode.data)))
            inode.data[offset : offset + len(data)] = data
            inode.changed = time.time_ns()
            self._event("write", inode.number, offset, bytes(data))
        return len(data)

    @_asked
    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        if path in {_NOTES, _FULL, _GONE}:
            return 0
        inode = self._of(path, fh)
        self._grow(inode, length)
        if length < len(inode.data):
            del inode.data[length:]
        else:
            inode.data.extend(bytes(length - len(inode.data)))
        inode.changed = time.time_ns()
        self._event("resize", inode.number, length)
        return 0

    def _make(self, path: str, mode: int) -> _Inode:
        parent, name = self._parent(path)
        self._last += 1
        inode = _Inode(self._last, stat.S_ISDIR(mode), mode)
        parent.names[name] = inode
        self._event("make", inode.number, inode.is_directory, parent.number, name)
        return inode

    @_asked
    def create(self, path: str, mode: int, _fi: object = None) -> int:
        return self._handle(self._make(path, stat.S_IFREG | stat.S_IMODE(mode)))

    @_asked
    def mkdir(self, path: str, mode: int) -> int:
        self._make(path, stat.S_IFDIR | stat.S_IMODE(mode))
        return 0

    @_asked
    def unlink(self, path: str) -> int:
        parent, name = self._parent(path)
        self._find(path).links -= 1
        if self._find(path).links == 0:
            self._used -= len(self._find(path).data)
        del parent.names[name]
        self._event("unname", parent.number, name)
        return 0

    def rmdir(self, path: str) -> int:
        if self._find(path).names:
            raise OSError(errno.ENOTEMPTY, "")
        return self.unlink(path)

    @_asked
    def rename(self, old: str, new: str, _flags: int = 0) -> int:
        inode = self._find(old)
        before, name = self._parent(old)
        after, new_name = self._parent(new)
        hidden = after.names.get(new_name)
        if hidden is not None and hidden.is_directory and hidden.names:
            raise OSError(errno.ENOTEMPTY, "")
        if hidden is not None:
            self._used -= len(hidden.data)
        del before.names[name]
        after.names[new_name] = inode
        self._event("rename", inode.number, before.number, name, after.number, new_name)
        return 0

    @_asked
    def link(self, target: str, source: str) -> int:
        inode = self._find(source)
        parent, name = self._parent(target)
        parent.names[name] = inode
        inode.links += 1
        self._event("name", inode.number, parent.number, name)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        inode = self._find(path)
        inode.mode = stat.S_IFMT(inode.mode) | stat.S_IMODE(mode)
        return 0

    def chown(self, _path: str, _uid: int, _gid: int) -> int:
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        self._find(path).changed = times[1] if times else time.time_ns()
        return 0

    @_asked
    def fsync(self, path: str, _datasync: int, fh: int) -> int:
        if path not in {_NOTES, _FULL, _GONE}:
            self._event("sync", self._of(path, fh).number)
        return 0

    @_asked
    def fsyncdir(self, path: str, _datasync: int, _fh: int) -> int:
        self._event("sync_names", self._find(path).number)
        return 0


def main() -> None:
    """Serve one disk until it is unmounted: python -m benchmarks.faults.disk PLACE TRACE."""
    import mfusepy  # noqa: PLC0415 - it looks for libfuse as it is imported

    place, trace = sys.argv[1:]
    # hard_remove: an open file that is unlinked is gone by name, as on a real disk.
    mfusepy.FUSE(_Disk(Path(trace)), place, foreground=True, nothreads=True, hard_remove=True)


if __name__ == "__main__":
    main()
