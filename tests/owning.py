"""A folder of another user, as the state directory is to root; tests that need root to make one are skipped without."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER, GROUP = 4711, 4712
_ROOTS = "only-root"
root_only = pytest.mark.skipif(
    os.geteuid() != 0, reason="not run by root: what root does below other users is not tested"
)


@contextmanager
def folder_of_another() -> Iterator[Path]:
    """Not below pytest's own folder, which no other user may enter. Beside it lies what root alone reads."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        place.chmod(0o755)
        (place / _ROOTS).write_bytes(b"of root")
        (place / _ROOTS).chmod(0o600)
        (place / "state").mkdir(mode=0o750)
        os.chown(place / "state", USER, GROUP)
        yield place / "state"


def of_root(state: Path) -> Path:
    """What lies beside a folder of `folder_of_another`."""
    return state.with_name(_ROOTS)


def untouched(state: Path) -> bool:
    """Whether what is root's is as it was."""
    told = of_root(state).stat()
    return (of_root(state).read_bytes(), told.st_uid, told.st_gid, told.st_mode & 0o777) == (b"of root", 0, 0, 0o600)
