"""Files of a stick, which anybody may have made, as an import reads them (edge/storage/regular.py)."""

from __future__ import annotations

from pathlib import Path

from edge.errors import InputError
from edge.storage import regular as bounded


def regular(path: Path, most: int) -> bytes:
    """The bytes of a regular file of `most` bytes or fewer.

    Raises:
        InputError: import_file: it is none, or cannot be read.
    """
    try:
        return bounded.regular(path, most)
    except OSError as error:
        came = error.came if isinstance(error, bounded.OddFileError) else f"{type(error).__name__}: {error.strerror}"
        message = f"Expected a regular file of {most} bytes or fewer that can be read, got {came}."
        raise InputError("import_file", message, hint="Export again, onto a stick that is whole.") from error
