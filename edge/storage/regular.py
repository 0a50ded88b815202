"""Files that anybody may have made, of a stick or of another user: regular ones of a bounded size, no link, no pipe."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def regular(path: Path, most: int) -> bytes:
    """The bytes of a regular file of `most` bytes or fewer. A link is not followed, a pipe not waited for.

    Raises:
        OSError: it is none, or cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        told = os.fstat(descriptor)
        if not stat.S_ISREG(told.st_mode) or told.st_size > most:
            raise OddFileError(path, f"{stat.filemode(told.st_mode)} with {told.st_size} bytes", most)
        data = bytearray()
        while block := file.read(most + 1 - len(data)):
            data += block
    if len(data) > most:  # it has grown
        raise OddFileError(path, f"more than {most} bytes", most)
    return bytes(data)


def folder(path: Path) -> Path:
    """Make a folder where there is none; the same path. One that is a link leads elsewhere, and is refused.

    Raises:
        OSError: it is something else, or cannot be made.
    """
    path.mkdir(parents=True, exist_ok=True)
    told = path.lstat()
    if not stat.S_ISDIR(told.st_mode):
        raise OSError(errno.ENOTDIR, f"expected a folder, got {stat.filemode(told.st_mode)}", str(path))
    return path


class OddFileError(OSError):
    """What is there is no regular file, or a larger one; `came` says what it is."""

    def __init__(self, path: Path, came: str, most: int) -> None:
        """What came in the place of a file of `most` bytes or fewer."""
        super().__init__(errno.EINVAL, f"expected a regular file of {most} bytes or fewer, got {came}", str(path))
        self.came = came
