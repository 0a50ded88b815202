"""How files and SQLite databases are opened, recognised and made durable. It knows no table.

Durability is spelled out: a file is written beside its place, fsynced, renamed, and its directory is fsynced, so that
after a power cut the old or the new file is there, whole.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
import struct
import threading
import time
import weakref
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from edge.storage.owned import rights_of_owner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SQLITE_HEADER = b"SQLite format 3\x00"
HEADER_BYTES = 100
READER_CACHE_KIB = 512
_LEFT_S = 3_600.0  # what a cut writer left is swept when it is as old


class Kind(Enum):
    """Which databases are ours, by their SQLite application id (four letters in the file's header)."""

    REGISTRY = int.from_bytes(b"SEKR", "big")
    LEDGER = int.from_bytes(b"SEKL", "big")


class FileState(Enum):
    """What a look at a file's first bytes tells."""

    MISSING = "missing"
    EMPTY = "empty"
    NOT_SQLITE = "not_sqlite"
    OTHER = "other"  # a SQLite database of somebody else
    TRUNCATED = "truncated"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file by its header: whose it is and which schema version it has."""

    state: FileState
    schema: int = 0
    size: int = 0
    expected_size: int = 0


def recognise(path: Path, kind: Kind) -> Recognised:  # noqa: PLR0911 - one return per state
    """Look at the header of `path`, without opening it as a database.

    The offsets are those of the SQLite file format, section 1.3. The page count is only believed where the header says
    that it is valid (change counter = version-valid-for), and only ever to find a file that is too short.

    Raises:
        OSError: the file is there and cannot be read.
    """
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
    except (FileNotFoundError, NotADirectoryError):
        return Recognised(FileState.MISSING)
    if not header:
        return Recognised(FileState.EMPTY)
    if not header.startswith(SQLITE_HEADER):
        return Recognised(FileState.NOT_SQLITE, size=size)
    if len(header) < HEADER_BYTES:
        return Recognised(FileState.TRUNCATED, size=size, expected_size=HEADER_BYTES)
    (page_size,) = struct.unpack_from(">H", header, 16)
    change_counter, pages = struct.unpack_from(">II", header, 24)
    (schema,) = struct.unpack_from(">I", header, 60)
    (application,) = struct.unpack_from(">I", header, 68)
    (valid_for,) = struct.unpack_from(">I", header, 92)
    if application != kind.value:
        return Recognised(FileState.OTHER, schema, size)
    expected = pages * (65536 if page_size == 1 else page_size) if valid_for == change_counter else 0
    if size < expected:
        return Recognised(FileState.TRUNCATED, schema, size, expected)
    return Recognised(FileState.OURS, schema, size, expected)


class Connection(sqlite3.Connection):
    """A connection that can be referred to weakly and closes itself when its thread is gone."""

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


def connect(path: Path, *, immutable: bool = False, read_only: bool = True, timeout_s: float = 5.0) -> Connection:
    """Open a database in autocommit mode, so that every transaction is written out as one.

    `immutable` promises SQLite that nobody changes the file: no locks, no -wal, no -shm. Only for editions.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    options = "mode=ro" if read_only else "mode=rw"
    if immutable:
        options += "&immutable=1"
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{options}",
        uri=True,
        timeout=timeout_s,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
        factory=Connection,
    )
    if read_only:
        connection.execute("PRAGMA query_only=ON")
        # Every thread of the web server has a connection of its own: the system's page cache is the shared one.
        connection.execute(f"PRAGMA cache_size=-{READER_CACHE_KIB}")
    return connection


class Readers:
    """One read-only connection per thread, all closed together."""

    def __init__(self, path: Path, *, immutable: bool) -> None:
        """Prepare to read `path`; nothing is opened before the first `get`."""
        self._path = path
        self._immutable = immutable
        self._local = threading.local()
        self._open: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closed = False

    def get(self) -> Connection:
        """This thread's connection.

        Raises:
            sqlite3.Error: it cannot be opened, or `close` was called.
        """
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or self._closed:
            connection = self._connect()
        return connection

    def _connect(self) -> Connection:
        with self._lock:
            if self._closed:
                raise sqlite3.ProgrammingError(f"{self._path.name} was closed.")
            connection = connect(self._path, immutable=self._immutable)
            self._open.add(connection)
            self._local.connection = connection
            return connection

    def close(self) -> None:
        """Close every thread's connection. Safe to call twice."""
        with self._lock:
            self._closed = True
            for connection in list(self._open):
                connection.close()
            self._open.clear()


def fsync_directory(directory: Path) -> None:
    """Make names in `directory` durable: without it a renamed file may be gone after a power cut.

    Raises:
        OSError: the directory cannot be synced.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(directory: Path) -> None:
    """Remove what writers that were cut have left in `directory`. What is young may be another process's, at work.

    Raises:
        OSError: the directory cannot be read or written.
    """
    for left in directory.glob(".*.tmp"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _LEFT_S:
                left.unlink()


def write_durably(path: Path, data: bytes, *, mode: int = 0o644, room: Path | None = None) -> None:
    """Replace `path` by `data` so that a power cut leaves the old or the new file, whole.

    It is written in the folder `room` of the same disk first, beside `path` without one. What root writes below
    another user's folder belongs to that user (edge/storage/owned.py): a service must read it.

    Raises:
        OSError: it cannot be written; the old file is then untouched and nothing is left beside it.
    """
    beside = (room or path.parent) / f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp"
    with rights_of_owner(path.parent):
        try:
            beside.unlink(missing_ok=True)  # of a power cut before which the same process id and thread were writing it
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.rename(path)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
        fsync_directory(path.parent)


def made_folder(path: Path) -> Path:
    """Make a folder that belongs to the owner of the one it lies in, also when root makes it; the same path.

    Raises:
        OSError: it cannot be made.
    """
    with rights_of_owner(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def made_once(path: Path, data: bytes, *, mode: int) -> None:
    """Make `path` with `data` unless it is there. It appears whole or not at all, and of two makers one wins.

    Raises:
        OSError: it cannot be written.
    """
    with rights_of_owner(path):
        if not path.exists():
            made_folder(path.parent)
            beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
            try:
                write_durably(beside, data, mode=mode)
                with contextlib.suppress(FileExistsError):
                    os.link(beside, path)
            finally:
                beside.unlink(missing_ok=True)
        fsync_directory(path.parent)  # also when it is another's: it may be younger than the last sync


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the file `path`, which is made where there is none, among processes and threads.

    Raises:
        OSError: it can be neither opened nor made.
    """
    with rights_of_owner(path.parent):
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def is_disk_full(error: BaseException) -> bool:
    """Whether an error of SQLite or the file system says that no byte more can be written."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorname", "") in {
        "SQLITE_FULL",
        "SQLITE_IOERR_WRITE",
    }


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error of SQLite says that the file is not what it was."""
    name = str(getattr(error, "sqlite_errorname", ""))
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ")) or (
        isinstance(error, sqlite3.OperationalError)
        and any(words in str(error) for words in ("no such", "decode to UTF-8"))
    )


def one(connection: sqlite3.Connection, sql: str, arguments: tuple[Any, ...] = ()) -> Any:  # noqa: ANN401 - a cell is untyped
    """The first cell of the first row, or None when there is no row.

    Raises:
        sqlite3.Error: the statement fails.
    """
    row = connection.execute(sql, arguments).fetchone()
    return None if row is None else row[0]
