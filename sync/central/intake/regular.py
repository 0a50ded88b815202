"""Files of a stick, which anybody may have made: regular ones of a bounded size, no link, no pipe."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from edge.errors import InputError


def regular(path: Path, most: int) -> bytes:
    """The bytes of a regular file of `most` bytes or fewer.

    Raises:
        InputError: import_file: it is none, or cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            told = os.fstat(file.fileno())
            if not stat.S_ISREG(told.st_mode) or told.st_size > most:
                raise _unread(f"{stat.filemode(told.st_mode)} with {told.st_size} bytes", most)
            return file.read(most + 1)
    except OSError as error:
        raise _unread(f"{type(error).__name__}: {error.strerror}", most) from error


def _unread(came: str, most: int) -> InputError:
    message = f"Expected a regular file of {most} bytes or fewer that can be read, got {came}."
    return InputError("import_file", message, hint="Export again, onto a stick that is whole.")
