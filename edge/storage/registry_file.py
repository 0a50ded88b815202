"""The file of a registry edition: whose it is, what is said of one that cannot be used, how a new one takes its place.

It reads no table.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import RegistryError
from edge.storage.database import FileState, Kind, fsync_directory, recognise
from edge.storage.registry_schema import SCHEMA

_BUILD = "Build one with `sekisho registry build SOURCE_DIR --out FILE`."


def damaged(path: Path, came: str) -> RegistryError:
    """The error for an edition that is not what it was."""
    return RegistryError(
        "registry_damaged",
        f"{path}: expected a whole registry edition, got: {came}.",
        hint="Copy the edition again from its source, or activate an older one.",
    )


def full(out: Path) -> RegistryError:
    """The error for an edition for which there is no room."""
    message = f"{out}: expected room for a new edition, got a full disk."
    return RegistryError("registry_full", message, hint="Free space on the disk; the old edition stays.")


def refuse_unless_ours(path: Path) -> None:
    """Look at the file's header only.

    Raises:
        RegistryError: registry_missing, registry_wrong_file, registry_damaged (cut short), registry_newer_schema,
            registry_older_schema.
    """
    try:
        seen = recognise(path, Kind.REGISTRY)
    except OSError as error:
        raise RegistryError(
            "registry_missing",
            f"{path}: expected a readable registry edition, got {error.strerror}.",
            hint="Check the path and its permissions.",
        ) from error
    if seen.state is FileState.MISSING:
        raise RegistryError("registry_missing", f"{path}: expected a registry edition, got no file.", hint=_BUILD)
    if seen.state is FileState.TRUNCATED:
        raise damaged(path, f"{seen.size} bytes of {seen.expected_size}")
    if seen.state is not FileState.OURS:
        came = {FileState.EMPTY: "an empty file", FileState.NOT_SQLITE: "another kind of file"}.get(
            seen.state, "another SQLite database"
        )
        raise RegistryError("registry_wrong_file", f"{path}: expected a registry edition, got {came}.", hint=_BUILD)
    if seen.schema > SCHEMA:
        raise RegistryError(
            "registry_newer_schema",
            f"{path}: expected schema {SCHEMA}, got {seen.schema}.",
            hint="Update this bench, or activate an edition built for it.",
        )
    if seen.schema < SCHEMA:
        raise RegistryError(
            "registry_older_schema",
            f"{path}: expected schema {SCHEMA}, got {seen.schema}.",
            hint="Build it again from its sources with `sekisho registry build`.",
        )


@contextmanager
def written(out: Path) -> Iterator[Path]:
    """A place beside `out` to write a new file; it takes the place of `out` when the block ends well.

    After a power cut at any point the old or the new file is there, whole. When the block fails nothing is left behind
    and the old file is untouched; what a killed process left is removed by the next one that writes the same file. The
    place is an empty file, locked while it is written; what else is written may stand beside it, its name going on from
    the place's.

    Raises:
        OSError: it cannot be made, made durable or renamed.
    """
    _sweep(out)
    beside = out.with_name(f".{out.name}.{os.urandom(8).hex()}.tmp")
    descriptor = _locked(beside)
    try:
        yield beside
        os.fsync(descriptor)
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
        os.close(descriptor)
    fsync_directory(out.parent)


def _locked(beside: Path) -> int:
    """Make the file and lock it. A sweep that comes between the two removes it, so it is made again."""
    while True:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def _sweep(out: Path) -> None:
    """Remove what processes that are gone left beside `out`: a file that nobody locks, and what goes on from its name.

    A file of a process that ended since, or that may not be removed, is left to the next sweep.
    """
    for left in out.parent.glob(f".{glob.escape(out.name)}.*.tmp"):
        with contextlib.suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for more in out.parent.glob(f"{glob.escape(left.name)}.*"):
                shutil.rmtree(more)
            left.unlink()
