"""The file of a registry edition: whose it is, what is said of one that cannot be used, how a new one takes its place.

It reads no table.
"""

from __future__ import annotations

import os
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
    and the old file is untouched.

    Raises:
        OSError: it cannot be made durable or renamed.
    """
    beside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    try:
        yield beside
        descriptor = os.open(beside, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    fsync_directory(out.parent)
