"""The kinds of targets: what is said of each beside its hash, and the newest schema that this program takes."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import SekishoError
from edge.storage import delta_file, registry_schema, snapshot
from edge.storage.canonical import verify
from edge.storage.registry import Registry
from sync.errors import TrustError

SCHEMAS = {"edition": registry_schema.SCHEMA, "delta": delta_file.SCHEMA, "pack": 1, "policy": 1, "release": 1}

_DELTA = re.compile(r"editions/.+-([0-9]{1,15})-([0-9]{1,15})\.delta")


class EditionSaid(BaseModel):
    """What is signed of an edition's snapshot."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    name: str
    number: int = Field(ge=0)
    issued: str
    content_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=1)  # bytes, unpacked


def said_of_edition(path: str, custom: object) -> EditionSaid:
    """What is signed of the edition at `path`.

    Raises:
        TrustError: trust_metadata: it says something else than an edition's.
    """
    try:
        return EditionSaid.model_validate(custom)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"{path}: expected what is signed of an edition; {where}: {first['msg']}."
        raise TrustError("trust_metadata", message, hint="Tell the publisher.") from error


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


@dataclass(frozen=True, slots=True)
class HeldEdition:
    """An edition on a box's shelf."""

    path: Path
    name: str
    number: int
    content_sha256: str


def held_editions(directory: Path, files: tuple[str, ...]) -> list[HeldEdition]:
    """The editions of a shelf. A damaged one is no base for anything; the shelf tells of it."""
    held = []
    for file in files:
        with contextlib.suppress(SekishoError), contextlib.closing(Registry.open(directory / file)) as registry:
            edition = registry.edition
            held.append(HeldEdition(directory / file, edition.name, edition.number, registry.content_sha256))
    return held
