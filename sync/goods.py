"""The kinds of targets: what is said of each beside its hash, and the newest schema that this program takes."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import SekishoError
from edge.storage import delta_file, registry_schema, snapshot
from edge.storage.canonical import verify
from edge.storage.registry import Registry
from sync.errors import TrustError

SCHEMAS = {"edition": registry_schema.SCHEMA, "delta": delta_file.SCHEMA, "pack": 1, "policy": 1}

_DELTA = re.compile(r"editions/.+-([0-9]{1,15})-([0-9]{1,15})\.delta")
_Sha256 = Field(pattern="^[0-9a-f]{64}$")


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    kind: str
    schema_: int = Field(alias="schema")
    number: int = Field(ge=0)


class EditionSaid(_Said):
    """What is signed of an edition's snapshot."""

    name: str
    issued: str
    content_sha256: str = _Sha256
    size: int = Field(ge=1)  # bytes, unpacked


class DeltaSaid(_Said):
    """What is signed of a delta."""

    from_sha256: str = _Sha256
    to_sha256: str = _Sha256


def said_of_edition(path: str, custom: object) -> EditionSaid:
    """What is signed of the edition at `path`.

    Raises:
        TrustError: trust_metadata: it says something else than an edition's.
    """
    try:
        return EditionSaid.model_validate(custom)
    except ValidationError as error:
        raise _other(path, "an edition", error) from error


def said_of_delta(path: str, custom: object) -> DeltaSaid:
    """What is signed of the delta at `path`.

    Raises:
        TrustError: trust_metadata: it says something else than a delta's.
    """
    try:
        return DeltaSaid.model_validate(custom)
    except ValidationError as error:
        raise _other(path, "a delta", error) from error


def _other(path: str, kind: str, error: ValidationError) -> TrustError:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    message = f"{path}: expected what is signed of {kind}; {where}: {first['msg']}."
    return TrustError("trust_metadata", message, hint="Tell the publisher.")


def numbers_of(path: str) -> tuple[int, int] | None:
    """From which edition's number to which the delta at `path` leads, by its name; None when it does not say."""
    found = _DELTA.fullmatch(path)
    return (int(found[1]), int(found[2])) if found else None


@contextlib.contextmanager
def packed_edition(edition: Path, beside: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """An edition packed for publishing, with what is to be said of it. The file is gone afterwards.

    Raises:
        RegistryError: it is no whole edition.
        OSError: it cannot be packed into the directory `beside`.
    """
    content = verify(edition)
    with contextlib.closing(Registry.open(edition)) as registry:
        said = registry.edition
    packed = beside / f".edition.{os.getpid()}.zst"
    try:
        snapshot.pack(edition, packed)
        yield (
            packed,
            {
                "kind": "edition",
                "schema": registry_schema.SCHEMA,
                "name": said.name,
                "number": said.number,
                "issued": f"{said.issued:%Y-%m-%dT%H:%M:%SZ}",
                "content_sha256": content,
                "size": edition.stat().st_size,
            },
        )
    finally:
        packed.unlink(missing_ok=True)


def described_delta(delta: Path) -> dict[str, Any]:
    """What is to be said of a delta.

    Raises:
        RegistryError: it is no delta.
    """
    header = delta_file.read_header(delta)
    return {
        "kind": "delta",
        "schema": header.schema,
        "number": header.number,
        "from_sha256": header.from_sha256,
        "to_sha256": header.to_sha256,
    }


def held_editions(directory: Path, files: tuple[str, ...]) -> dict[str, tuple[Path, Registry]]:
    """The editions of a shelf by their content: their files, and what they say of themselves. The last is closed."""
    held = {}
    for file in files:
        # A damaged one is no base for anything; the shelf tells of it.
        with contextlib.suppress(SekishoError), contextlib.closing(Registry.open(directory / file)) as registry:
            held[registry.content_sha256] = (directory / file, registry)
    return held
