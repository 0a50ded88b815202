"""Build a registry edition from the tables of docs/registry-sources.md. Good rows are used, bad ones told by number.

The edition is one SQLite file, written beside its place and renamed when it is whole. It is never changed afterwards.
What becomes of each table is in edge/storage/registry_tables.py.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlite_utils

from edge.errors import SourceError
from edge.lookup import Edition
from edge.storage.canonical import of_connection
from edge.storage.content import CONTENT_SHA256
from edge.storage.database import Kind, is_disk_full
from edge.storage.registry_file import full, written
from edge.storage.registry_schema import SCHEMA, SOURCE_SCHEMA
from edge.storage.registry_tables import Building, Progress, json_text
from edge.storage.sources import Refusal

_EDITION_KEYS = {"schema": int, "name": str, "number": int, "issued": datetime}
_EARLY = timedelta(days=1)  # how long before its date an edition is built without a warning
_EDITION_OPTIONS = {"publisher": str, "bulletin_quarter": str}


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What became of a source."""

    out: Path
    edition: Edition
    counts: Mapping[str, int]  # rows per table
    refused: int
    refusals: tuple[Refusal, ...]  # the first 1,000
    rejects: Path | None  # every refused row with its raw content; None when there is none
    content_sha256: str  # canonical: equal sources give equal editions
    size: int
    seconds: float
    warnings: tuple[str, ...] = ()  # whole sentences about what was built and looks wrong


def build(source: Path, out: Path, progress: Progress | None = None, *, supplement: bool = False) -> BuildReport:
    """Build the edition `out` from the directory `source`, replacing an older file only when the new one is whole.

    Memory stays bounded, whatever the source holds. Disk: the edition and, while it is built, 8 bytes a serial.
    The rejects of an older build stay until this one is whole.
    A `supplement` speaks of products that stand in the edition beside it, so it needs none of its own.

    Raises:
        SourceError: source_missing, source_edition, source_column, source_unreadable, source_parquet: nothing can be
            built; source_empty: no product row is good.
        RegistryError: registry_full: no room.
        OSError, sqlite3.Error: `out` cannot be written for another reason.
    """
    started = time.monotonic()
    edition = read_edition(source)
    rejects = out.with_name(f"{out.name}.rejects.jsonl")
    try:
        with written(rejects) as told, written(out) as beside, contextlib.ExitStack() as stack:
            building = Building(
                source=source,
                out=beside,
                edition=edition,
                rejects=told,
                progress=progress or (lambda _table, _rows, _share: None),
                stack=stack,
                supplement=supplement,
            )
            building.run()
            content = _seal(building, edition)
        if not building.refused:
            rejects.unlink()
    except (sqlite3.Error, OSError) as error:
        if is_disk_full(error):
            raise full(out) from error
        raise
    return BuildReport(
        out=out,
        edition=edition,
        counts=dict(building.counts),
        refused=building.refused,
        refusals=tuple(building.refusals),
        rejects=rejects if building.refused else None,
        content_sha256=content,
        size=out.stat().st_size,
        seconds=time.monotonic() - started,
        warnings=_warnings(edition, datetime.now(UTC)),
    )


def _warnings(edition: Edition, now: datetime) -> tuple[str, ...]:
    if edition.issued <= now + _EARLY:
        return ()
    expected = f"expected a time of at most a day after now, {now:%Y-%m-%dT%H:%M:%SZ}"
    return (f"edition.toml, issued: {expected}, got {edition.issued:%Y-%m-%dT%H:%M:%SZ}.",)


def _seal(building: Building, edition: Edition) -> str:
    """Write what the edition says of itself, and the hash of its content. Returns the hash."""
    said = {
        "schema": str(SCHEMA),
        "name": edition.name,
        "number": str(edition.number),
        "issued": edition.issued.isoformat(),
        "publisher": edition.publisher,
        "bulletin_quarter": edition.bulletin_quarter,
        "serial_key": building.key.hex(),
        "counts": json_text(building.counts),
    }
    connection = building.connection
    about = sqlite_utils.Database(connection).table("edition")
    about.insert_all({"name": name, "value": value} for name, value in sorted(said.items()))
    content = of_connection(connection)
    about.insert({"name": CONTENT_SHA256, "value": content})
    connection.executescript(f"PRAGMA application_id={Kind.REGISTRY.value}; PRAGMA user_version={SCHEMA};")
    return content


def read_edition(source: Path) -> Edition:
    """The edition that `source` says it is.

    Raises:
        SourceError: source_missing: there is no such directory or no edition.toml; source_edition: it says something
            else than docs/registry-sources.md asks for.
    """
    path = source / "edition.toml"
    hint = "docs/registry-sources.md describes edition.toml."
    if not path.is_file():
        raise SourceError("source_missing", f"{source}: expected a directory with edition.toml, got none.", hint=hint)
    try:
        with path.open("rb") as file:
            said = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError("source_edition", f"edition.toml: expected TOML, got: {error}.", hint=hint) from error
    for name, value in said.items():
        expected = (_EDITION_KEYS | _EDITION_OPTIONS).get(name)
        if expected is None or not isinstance(value, expected) or isinstance(value, bool):
            wanted = expected.__name__ if expected else "a known key"
            raise SourceError("source_edition", f"edition.toml, {name}: expected {wanted}, got {value!r}.", hint=hint)
    missing = [name for name in _EDITION_KEYS if name not in said]
    if missing:
        raise SourceError("source_edition", f"edition.toml, {missing[0]}: expected a value, got none.", hint=hint)
    if said["schema"] != SOURCE_SCHEMA:
        message = f"edition.toml, schema: expected {SOURCE_SCHEMA}, got {said['schema']}."
        raise SourceError("source_edition", message, hint="This build reads schema 1 of docs/registry-sources.md.")
    issued = said["issued"]
    if issued.tzinfo is None:
        raise SourceError("source_edition", f"edition.toml, issued: expected a UTC time, got {issued}.", hint=hint)
    return Edition(
        name=said["name"],
        number=said["number"],
        issued=issued.astimezone(UTC),
        publisher=said.get("publisher", ""),
        bulletin_quarter=said.get("bulletin_quarter", ""),
    )
