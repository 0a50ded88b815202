"""Build a registry edition from the tables of docs/registry-sources.md. Good rows are used, bad ones told by number.

The edition is one SQLite file, written beside its place and renamed when it is whole. It is never changed afterwards.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

import sqlite_utils

from edge.errors import SourceError
from edge.inspection import Edition
from edge.storage import source_tables as tables
from edge.storage.database import Kind, fsync_directory
from edge.storage.registry_schema import DDL, SCHEMA, brand_key, grams, serial_hash, serial_key
from edge.storage.sources import Refusal, Row, RowRefused, Table, checked, rows

if TYPE_CHECKING:
    from pathlib import Path

Progress = Callable[[str, int], None]  # name of the table, rows read so far

_BATCH = 5_000
_KEPT_REFUSALS = 1_000
_MAX_PICTURE_BYTES = 30_000_000
_EDITION_KEYS = {"schema": int, "name": str, "number": int, "issued": datetime}
_EDITION_OPTIONS = {"publisher": str, "bulletin_quarter": str}
_MAGIC = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What became of a source."""

    out: Path
    edition: Edition
    counts: Mapping[str, int]  # accepted rows per table
    refused: int
    refusals: tuple[Refusal, ...]  # the first 1,000
    rejects: Path | None  # every refused row with its raw content; None when there is none
    content_sha256: str  # of all accepted rows: equal sources give equal editions
    size: int
    seconds: float


def build(source: Path, out: Path, progress: Progress | None = None) -> BuildReport:
    """Build the edition `out` from the directory `source`, replacing an older file only when the new one is whole.

    Raises:
        SourceError: source_missing, source_edition, source_column, source_unreadable: nothing can be built;
            source_empty: no product row is good.
        OSError: `out` cannot be written.
    """
    started = time.monotonic()
    edition = read_edition(source)
    beside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    rejects = out.with_name(f"{out.name}.rejects.jsonl")
    rejects.unlink(missing_ok=True)
    beside.unlink(missing_ok=True)
    try:
        with contextlib.ExitStack() as stack:
            building = _Building(
                source=source,
                out=beside,
                edition=edition,
                rejects=rejects,
                progress=progress or (lambda _table, _rows: None),
                stack=stack,
            )
            building.run()
        descriptor = os.open(beside, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    fsync_directory(out.parent)
    return BuildReport(
        out=out,
        edition=edition,
        counts=dict(building.counts),
        refused=building.refused,
        refusals=tuple(building.refusals),
        rejects=rejects if building.refused else None,
        content_sha256=building.content_sha256,
        size=out.stat().st_size,
        seconds=time.monotonic() - started,
    )


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
    if said["schema"] != SCHEMA:
        message = f"edition.toml, schema: expected {SCHEMA}, got {said['schema']}."
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


class _Building:
    """One build: the connection, the counts and the refusals."""

    def __init__(
        self,
        *,
        source: Path,
        out: Path,
        edition: Edition,
        rejects: Path,
        progress: Progress,
        stack: contextlib.ExitStack,
    ) -> None:
        self.source = source
        self.edition = edition
        self.rejects_path = rejects
        self.rejects_file: TextIO | None = None
        self.progress = progress
        self.stack = stack
        self.counts: dict[str, int] = {}
        self.refused = 0
        self.refusals: list[Refusal] = []
        self.digest = hashlib.sha256()
        self.content_sha256 = ""
        self.key = serial_key(edition.publisher, edition.name, edition.number)
        self.connection = sqlite3.connect(out, isolation_level=None)
        stack.callback(self.connection.close)
        # The file is thrown away when anything fails, so no journal is kept while it is built.
        self.connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;")
        self.connection.executescript(DDL)
        self.database = sqlite_utils.Database(self.connection)
        self.gtins: set[int] = set()
        self.recordation_ids: dict[str, int] = {}
        self.face_ids: dict[tuple[str, str, str], int] = {}
        self.face_sizes: dict[int, tuple[float, float]] = {}  # millimetres
        self.inline_regions: list[tuple[tuple[str, int, Row], Any]] = []
        self.region_counts: dict[int, int] = {}
        self.pictures: dict[str, str] = {}  # path -> sha256

    def run(self) -> None:
        """Read the tables in the order in which they refer to each other."""
        self._insert("products", self._products())
        if not self.gtins:
            first = f" First refusal: {self.refusals[0]}" if self.refusals else ""
            raise SourceError(
                "source_empty",
                f"products: expected one good row or more, got none.{first}",
                hint="Put products.csv or products.jsonl into the source directory.",
            )
        self._insert("recordations", self._recordations())
        self._insert("points", self._points())
        self._serials()
        self._insert("serial_ranges", self._ranges())
        self._insert("watch_list", self._watch_list())
        self.connection.execute("INSERT INTO watch_gram_counts SELECT gram, COUNT(*) FROM watch_grams GROUP BY gram")
        self._insert("bulletins", self._bulletins())
        self._insert("faces", self._faces())
        self._insert("regions", self._regions())
        self._seal()

    def _insert(self, name: str, records: Iterable[dict[str, Any]]) -> None:
        self.connection.execute("BEGIN")
        self.database.table(name).insert_all(records, batch_size=500)
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")

    def _rows(self, table: Table, *, digest: bool = True) -> Iterator[tuple[str, int, Row]]:
        accepted = 0
        read = 0
        for file, number, row in rows(self.source, table, self._refuse):
            read += 1
            if read % _BATCH == 0:
                self.progress(table.name, read)
            before = self.refused
            yield file, number, row  # the caller may still refuse it
            if self.refused == before:
                accepted += 1
                if digest:
                    self._digest(table.name, row)
        self.counts[table.name] = accepted
        self.progress(table.name, read)

    def _digest(self, name: str, row: Row) -> None:
        self.digest.update(_json([name, row]).encode())

    def _refuse(self, refusal: Refusal, raw: object) -> None:
        if self.rejects_file is None:
            self.rejects_file = self.stack.enter_context(self.rejects_path.open("w", encoding="utf-8"))
        self.refused += 1
        if len(self.refusals) < _KEPT_REFUSALS:
            self.refusals.append(refusal)
        told = {"file": refusal.file, "row": refusal.row, "column": refusal.column, "value": refusal.value}
        # ASCII only: a row that is not UTF-8 carries surrogates.
        self.rejects_file.write(json.dumps({**told, "message": refusal.message, "raw": raw}, default=str) + "\n")

    def _cell(self, where: tuple[str, int, Row], column: str, message: str) -> None:
        file, number, row = where
        self._refuse(Refusal(file, number, column, str(row.get(column, "")), message), row)

    def _is_product(self, where: tuple[str, int, Row]) -> bool:
        gtin = where[2]["gtin"]
        if int(gtin) in self.gtins:
            return True
        self._cell(where, "gtin", f"{gtin!r}: expected a product of this edition, got an unknown one.")
        return False

    def _is_new(self, where: tuple[str, int, Row], column: str, seen: bool) -> bool:  # noqa: FBT001 - read as a sentence
        if seen:
            value = where[2][column]
            self._cell(where, column, f"{value!r}: expected each {column} once, got it again.")
        return not seen

    # --- tables, in order --------------------------------------------------

    def _products(self) -> Iterator[dict[str, Any]]:
        for where in self._rows(tables.PRODUCTS):
            row = where[2]
            gtin = int(row["gtin"])
            if self._is_new(where, "gtin", gtin in self.gtins):
                self.gtins.add(gtin)
                yield {**_jsoned(row, "origins", "makers", "importers", "routes", "words"), "gtin": gtin}

    def _recordations(self) -> Iterator[dict[str, Any]]:
        stored = ("number", "right_type", "right_holder", "valid_from", "valid_to", "source")
        for where in self._rows(tables.RECORDATIONS):
            row = where[2]
            if not self._is_new(where, "number", row["number"] in self.recordation_ids):
                continue
            identity = len(self.recordation_ids) + 1
            self.recordation_ids[row["number"]] = identity
            self._scope("r", identity, row)
            details = {name: value for name, value in row.items() if name not in stored and value not in ("", [], None)}
            yield {"id": identity, **{name: row[name] for name in stored}, "details": _json(details)}

    def _scope(self, target: str, identity: int, row: Row) -> None:
        scopes = {
            *(f"g{gtin}" for gtin in row["gtins"]),
            *(f"p{prefix}" for prefix in row["prefixes"]),
            *(f"b{brand_key(brand)}" for brand in row["brands"]),
        }
        self.connection.executemany(
            "INSERT INTO scopes VALUES (?, ?, ?)", [(target, scope, identity) for scope in sorted(scopes)]
        )

    def _points(self) -> Iterator[dict[str, Any]]:
        seen: set[tuple[int, int]] = set()
        for where in self._rows(tables.POINTS):
            row = where[2]
            recordation = self.recordation_ids.get(row["recordation"])
            if recordation is None:
                message = f"{row['recordation']!r}: expected a recordation of this edition, got an unknown one."
                self._cell(where, "recordation", message)
                continue
            if not self._is_new(where, "number", (recordation, row["number"]) in seen):
                continue
            picture = self._picture(where) if row["picture"] else ""
            if picture is None:
                continue
            seen.add((recordation, row["number"]))
            row["picture"] = picture
            record = {**_jsoned(row, "text"), "recordation": recordation}
            yield {**record, "gtin": int(row["gtin"]) if row["gtin"] else None}

    def _serials(self) -> None:
        exact: dict[tuple[int, str], tuple[Any, ...]] = {}
        self.connection.execute("CREATE TEMP TABLE hashes (hash INTEGER)")
        self.connection.execute("BEGIN")
        hashes = self._serial_hashes(exact)
        while batch := [(value,) for value in islice(hashes, _BATCH)]:
            self.connection.executemany("INSERT INTO hashes VALUES (?)", batch)
        # SQLite's external sort keeps this within bounded memory, and sorted rows fill the pages of the table.
        self.connection.execute("INSERT INTO serials SELECT DISTINCT hash FROM hashes ORDER BY hash")
        self.connection.execute("DROP TABLE hashes")
        self.connection.executemany(
            "INSERT INTO serial_exceptions VALUES (?, ?, ?, ?, ?)", [(*key, *exact[key]) for key in sorted(exact)]
        )
        self.connection.execute("COMMIT")

    def _serial_hashes(self, exact: dict[tuple[int, str], tuple[Any, ...]]) -> Iterator[int]:
        for where in self._rows(tables.SERIALS, digest=False):
            row = where[2]
            gtin, serial, status = row["gtin"], row["serial"], row["status"]
            if not self._is_product(where):
                continue
            if status == "known":
                self.digest.update(f"{gtin}\x1d{serial}\n".encode())
                yield serial_hash(self.key, gtin, serial)
            elif self._is_new(where, "serial", (int(gtin), serial) in exact):
                self._digest("serials", row)
                exact[int(gtin), serial] = (status, row["dated"], row["source"])

    def _ranges(self) -> Iterator[dict[str, Any]]:
        for where in self._rows(tables.RANGES):
            row = where[2]
            if self._is_product(where):
                prefix, _digits = tables.split_range(row["first"], row["last"])
                yield {**row, "gtin": int(row["gtin"]), "length": len(row["first"]), "prefix": prefix}

    def _watch_list(self) -> Iterator[dict[str, Any]]:
        seen: set[str] = set()
        identity = 0
        for where in self._rows(tables.WATCH_LIST):
            row = where[2]
            if not self._is_new(where, "entry", row["entry"] in seen):
                continue
            seen.add(row["entry"])
            record = {name: value for name, value in row.items() if name not in {"name", "aliases"}}
            for listed in dict.fromkeys([row["name"], *row["aliases"]]):
                identity += 1
                keys = sorted(grams(listed))
                self.connection.executemany("INSERT INTO watch_grams VALUES (?, ?)", [(key, identity) for key in keys])
                yield {**record, "id": identity, "listed": listed, "grams": len(keys)}

    def _bulletins(self) -> Iterator[dict[str, Any]]:
        seen: set[str] = set()
        for where in self._rows(tables.BULLETINS):
            row = where[2]
            if self._is_new(where, "number", row["number"] in seen):
                seen.add(row["number"])
                self._scope("b", len(seen), row)
                record = {name: value for name, value in row.items() if name not in {"gtins", "prefixes", "brands"}}
                yield {**_jsoned(record, "title", "text"), "id": len(seen)}

    def _faces(self) -> Iterator[dict[str, Any]]:
        for where in self._rows(tables.FACES):
            row = where[2]
            key = (row["gtin"], row["version"], row["side"])
            if not self._is_product(where) or not self._is_new(where, "gtin", key in self.face_ids):
                continue
            picture = self._picture(where)
            if picture is None:
                continue
            identity = len(self.face_ids) + 1
            self.face_ids[key] = identity
            row["picture"] = picture
            self.inline_regions += [(where, raw) for raw in row["regions"]]
            self.face_sizes[identity] = (row["width_mm"], row["height_mm"])
            record = {name: value for name, value in row.items() if name != "regions"}
            yield {**record, "gtin": int(row["gtin"]), "id": identity}

    def _regions(self) -> Iterator[dict[str, Any]]:
        for where, raw in self.inline_regions:
            try:
                region = checked(tables.INLINE_REGION, raw)
            except RowRefused as why:
                self._cell(where, "regions", f"{why.column}: {why.message}")
                continue
            yield from self._region(where, region)
        for where in self._rows(tables.REGIONS):
            yield from self._region(where, where[2])

    def _region(self, where: tuple[str, int, Row], region: Row) -> Iterator[dict[str, Any]]:
        row = where[2]
        identity = self.face_ids.get((row["gtin"], row["version"], row["side"]))
        if identity is None:
            key = f"{row['gtin']} {row['version']} {row['side']}"
            self._cell(where, "gtin", f"{key!r}: expected a face of this edition, got an unknown one.")
            return
        width, height = self.face_sizes[identity]
        right, bottom = region["x_mm"] + region["w_mm"], region["y_mm"] + region["h_mm"]
        if right > width or bottom > height:
            message = f"expected a region within the face of {width:g} x {height:g} mm, got {right:g} x {bottom:g} mm."
            self._cell(where, "x_mm", message)
            return
        number = self.region_counts.get(identity, 0) + 1
        self.region_counts[identity] = number
        names = ("kind", "x_mm", "y_mm", "w_mm", "h_mm", "text")
        yield {"face": identity, "number": number, **{name: region[name] for name in names}}

    def _picture(self, where: tuple[str, int, Row]) -> str | None:
        """The SHA-256 of the row's picture, stored once; None when the row was refused for it."""
        name = where[2]["picture"]
        if name in self.pictures:
            return self.pictures[name]
        path = (self.source / name).resolve()
        if not path.is_relative_to(self.source.resolve()):
            self._cell(where, "picture", f"{name!r}: expected a path below the source directory, got one outside.")
            return None
        try:
            if path.stat().st_size > _MAX_PICTURE_BYTES:
                self._cell(where, "picture", f"{name!r}: expected at most {_MAX_PICTURE_BYTES} bytes, got more.")
                return None
            data = path.read_bytes()
        except OSError as error:
            self._cell(where, "picture", f"{name!r}: expected a readable file, got {error.strerror}.")
            return None
        media_type = _media_type(data)
        if not media_type:
            self._cell(where, "picture", f"{name!r}: expected a PNG, JPEG or WebP file, got another.")
            return None
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 not in self.pictures.values():
            self.connection.execute("INSERT INTO pictures VALUES (?, ?, ?)", (sha256, media_type, data))
        self.pictures[name] = sha256
        return sha256

    def _seal(self) -> None:
        edition = self.edition
        said = {
            "schema": str(SCHEMA),
            "name": edition.name,
            "number": str(edition.number),
            "issued": edition.issued.isoformat(),
            "publisher": edition.publisher,
            "bulletin_quarter": edition.bulletin_quarter,
            "serial_key": self.key.hex(),
            "counts": _json(self.counts),
        }
        self._digest("edition", {name: value for name, value in said.items() if name != "counts"})
        self.content_sha256 = self.digest.hexdigest()
        said["content_sha256"] = self.content_sha256
        self.connection.executemany("INSERT INTO edition VALUES (?, ?)", sorted(said.items()))
        self.connection.executescript(
            f"ANALYZE; PRAGMA application_id={Kind.REGISTRY.value}; PRAGMA user_version={SCHEMA};"
        )


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def _jsoned(row: Row, *names: str) -> dict[str, Any]:
    return {name: _json(value) if name in names else value for name, value in row.items()}


def _media_type(data: bytes) -> str:
    for magic, media_type in _MAGIC:
        if data.startswith(magic):
            return media_type
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""
