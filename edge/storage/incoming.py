"""Files on their way onto a shelf, and files that somebody still reads: both are known by a lock that the kernel holds.

A lock ends with its process, however that ends, so what it left behind is known to be nobody's.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

INCOMING = ".incoming."


@contextlib.contextmanager
def incoming(directory: Path, suffix: str) -> Iterator[Path]:
    """A place for what is on its way. Its lock tells others that somebody still works on it."""
    place = Path(tempfile.mkdtemp(prefix=INCOMING, dir=directory))
    holder = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        yield place / f"item{suffix}"
    finally:
        os.close(holder)
        removed(place)


def keep(path: Path, item: object) -> None:
    """Keep `path` from being pruned for as long as `item` lives: by a shared lock, which ends with the process.

    Raises:
        OSError: it is not there any more.
    """
    holder = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(holder, fcntl.LOCK_SH | fcntl.LOCK_NB)
        path.stat()  # else it was pruned between its opening and the lock
    except OSError:
        os.close(holder)
        raise
    weakref.finalize(item, os.close, holder)


def is_free(path: Path) -> bool:
    """Whether nobody reads it or works on it: whoever does holds a lock of it."""
    try:
        holder = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(holder)
    return True


def removed(path: Path) -> bool:
    """Remove a file or a directory; whether it is gone."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    return not path.exists()


def synced(path: Path) -> None:
    """Make the content of a file durable.

    Raises:
        OSError: it cannot be.
    """
    with path.open("rb") as file:
        os.fsync(file.fileno())


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copied(source: Path, out: Path, most_bytes: int | None = None) -> str:
    """Copy one file, durable, and answer its SHA-256.

    Raises:
        OSError: it cannot be copied, or has more than `most_bytes`.
    """
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as original, out.open("xb") as copy:
        while block := original.read(1 << 20):
            size += len(block)
            if most_bytes is not None and size > most_bytes:
                raise OSError(f"{source.name}: more than {most_bytes} bytes")
            digest.update(block)
            copy.write(block)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()
