"""The tables of a registry source on their way into a new edition: each row checked against those before it.

Nothing is held in memory that grows with the source: whether a key was met before, and whether a row refers to one that
is there, is asked of the tables themselves.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from edge.errors import SourceError
from edge.lookup import Edition
from edge.storage import source_tables as tables
from edge.storage.content import CONTENT, ContentWriter, index_watch_list
from edge.storage.registry_schema import CRITICAL_BITS, DDL, KNOWN_BITS, brand_key, face_id, serial_key
from edge.storage.registry_serials import SerialSets
from edge.storage.serial_source import CleanSerials, serial_rows
from edge.storage.sources import Position, Refusal, Row, RowRefused, Table, checked, checked_rows, rows

Progress: TypeAlias = Callable[[str, int, float], None]  # name of the table, rows read so far, share of its bytes
Where: TypeAlias = tuple[str, int, Row]  # file, row number, cells

_EVERY = 5_000  # rows between two reports of progress
_FEW = 50  # serials that are not worth being halved again
_KEPT_REFUSALS = 1_000
_HELD = 100_000  # products and pictures met last, not to be asked of the file again
_MAX_PICTURE_BYTES = 30_000_000
_MAGIC = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
_COUNTS = {
    "products": "products", "recordations": "recordations", "distinguishing_points": "points",
    "serials": "serial_exceptions", "serial_ranges": "serial_ranges", "batches": "batches",
    "watch_list": "(SELECT DISTINCT entry FROM watch_list)", "bulletins": "bulletins", "faces": "faces",
    "regions": "regions",
}  # fmt: skip


class Building:
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
        supplement: bool = False,
    ) -> None:
        self.source = source
        self.supplement = supplement
        self.rejects_path = rejects
        self.rejects_file: TextIO | None = None
        self.progress = progress
        self.stack = stack
        self.counts: dict[str, int] = {}
        self.refused = 0
        self.refusals: list[Refusal] = []
        self.key = serial_key(edition.publisher, edition.name)
        self.connection = sqlite3.connect(out, isolation_level=None)
        stack.callback(self.connection.close)
        # The file is thrown away when anything fails, so no journal is kept while it is built.
        self.connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;")
        self.connection.executescript(DDL)
        self.connection.execute("CREATE TEMP TABLE picture_files (file TEXT PRIMARY KEY, sha256 TEXT NOT NULL)")
        self.writers = {content.name: ContentWriter(self.connection, content) for content in CONTENT}
        self.columns = {content.name: content.columns for content in CONTENT}
        self.sets = SerialSets(self.key, out, stack)
        self.programmes: dict[int, bool] = {}  # products met last: whether critical

    def run(self) -> None:
        """Read the tables in the order in which they refer to each other."""
        self.connection.execute("BEGIN")
        self._products()
        if not self.supplement and self._one("SELECT 1 FROM products LIMIT 1") is None:
            first = f" First refusal: {self.refusals[0]}" if self.refusals else ""
            raise SourceError(
                "source_empty",
                f"products: expected one good row or more, got none.{first}",
                hint="Put products.csv or products.jsonl into the source directory.",
            )
        self._recordations()
        self._points()
        self._serials()
        self._ranges()
        self._batches()
        self._watch_list()
        index_watch_list(self.connection)
        self._bulletins()
        self._faces()
        self._regions()
        for name, table in _COUNTS.items():
            self.counts[name] = self.counts.get(name, 0) + int(self._one(f"SELECT COUNT(*) FROM {table}"))  # noqa: S608 - names of our own
        self.connection.execute("COMMIT")

    def _one(self, sql: str, *arguments: object) -> Any:  # noqa: ANN401 - a cell is untyped
        row = self.connection.execute(sql, arguments).fetchone()
        return None if row is None else row[0]

    def _rows(self, table: Table) -> Iterator[Where]:
        read = 0
        position = Position()
        for where in rows(self.source, table, self._refuse, position):
            read += 1
            if read % _EVERY == 0:
                self.progress(table.name, read, position.share)
            yield where
        self.progress(table.name, read, 1.0)

    def _refuse(self, refusal: Refusal, raw: object) -> None:
        if self.rejects_file is None:
            self.rejects_file = self.stack.enter_context(self.rejects_path.open("w", encoding="utf-8"))
        self.refused += 1
        if len(self.refusals) < _KEPT_REFUSALS:
            self.refusals.append(refusal)
        told = {"file": refusal.file, "row": refusal.row, "column": refusal.column, "value": refusal.value}
        # ASCII only: a row that is not UTF-8 carries surrogates.
        self.rejects_file.write(json.dumps({**told, "message": refusal.message, "raw": raw}, default=str) + "\n")

    def _cell(self, where: Where, column: str, message: str) -> None:
        file, number, row = where
        self._refuse(Refusal(file, number, column, str(row.get(column, "")), message), row)

    def _put(self, name: str, where: Where, key: str, row: Row) -> bool:
        """Write a row; refuse it for its column `key` when one with the same key is there."""
        if self.writers[name].put(tuple([row[column] for column in self.columns[name]])):
            return True
        self._cell(where, key, f"{where[2][key]!r}: expected each {key} once, got it again.")
        return False

    def _programme(self, gtin: int) -> bool | None:
        """Whether a product of this edition is critical; None when there is no such product."""
        critical = self.programmes.get(gtin)
        if critical is None:
            if len(self.programmes) >= _HELD:
                self.programmes.clear()
            line = "SELECT critical FROM products CROSS JOIN product_lines ON id=line WHERE gtin=?"
            found = self._one(line, gtin)
            if found is None:
                return None
            critical = self.programmes[gtin] = bool(found)
        return critical

    def _is_product(self, where: Where) -> bool:
        gtin = where[2]["gtin"]
        if self.supplement or self._programme(int(gtin)) is not None:
            return True
        self._cell(where, "gtin", f"{gtin!r}: expected a product of this edition, got an unknown one.")
        return False

    # --- tables, in order --------------------------------------------------

    def _products(self) -> None:
        for where in self._rows(tables.PRODUCTS):
            row = _jsoned(where[2], "words")
            row |= {name: "\n".join(row[name]) for name in ("origins", "makers", "importers", "routes")}
            row |= {name: int(row[name]) for name in ("serialised", "critical")}
            self._put("products", where, "gtin", {**row, "gtin": int(row["gtin"])})

    def _recordations(self) -> None:
        stored = self.columns["recordations"]
        for where in self._rows(tables.RECORDATIONS):
            row = where[2]
            details = {name: value for name, value in row.items() if name not in stored and value not in ("", [], None)}
            if self._put("recordations", where, "number", {**row, "details": json_text(details)}):
                self._scope("r", row)

    def _scope(self, target: str, row: Row) -> None:
        scopes = {
            *(f"g{gtin}" for gtin in row["gtins"]),
            *(f"p{prefix}" for prefix in row["prefixes"]),
            *(f"b{brand_key(brand)}" for brand in row["brands"]),
        }
        for scope in sorted(scopes):
            self.writers["scopes"].put((target, scope, row["number"]))

    def _points(self) -> None:
        for where in self._rows(tables.POINTS):
            row = where[2]
            if self._one("SELECT 1 FROM recordations WHERE number=?", row["recordation"]) is None:
                message = f"{row['recordation']!r}: expected a recordation of this edition, got an unknown one."
                self._cell(where, "recordation", message)
                continue
            picture = self._picture(where) if row["picture"] else ""
            if picture is not None:
                product = int(row["gtin"]) if row["gtin"] else None
                self._put("points", where, "number", {**_jsoned(row, "text"), "gtin": product, "picture": picture})

    def _serials(self) -> None:
        read, told, position = 0, 0, Position()
        for piece in serial_rows(self.source, self._refuse, position):
            if isinstance(piece, CleanSerials):
                self._clean_serials(piece)
                read += len(piece.pairs)
            else:
                self._serial(piece)
                read += 1
            if read // _EVERY != told:
                told = read // _EVERY
                self.progress("serials", read, position.share)
        self.progress("serials", read, 1.0)
        self.counts["serials"] = self.sets.write(self.connection, lambda share: self.progress("sorting", read, share))

    def _clean_serials(self, piece: CleanSerials) -> None:
        if self.sets.add_clean(piece, self._programme):
            return
        if len(piece.pairs) > _FEW:
            for half in piece.halves():
                self._clean_serials(half)
            return
        for where in checked_rows(piece.file, tables.SERIALS, piece.raw(), self._refuse):
            self._serial(where)

    def _serial(self, where: Where) -> None:
        row = where[2]
        if not self._is_product(where):
            return
        gtin, serial = row["gtin"], row["serial"]
        if row["status"] == "known":
            self.sets.add(gtin, serial, CRITICAL_BITS if self._programme(int(gtin)) else KNOWN_BITS)
        else:
            self._put("serial_exceptions", where, "serial", {**row, "gtin": int(gtin)})

    def _ranges(self) -> None:
        for where in self._rows(tables.RANGES):
            row = where[2]
            if self._is_product(where):
                prefix, _digits = tables.split_range(row["first"], row["last"])
                record = {**row, "gtin": int(row["gtin"]), "length": len(row["first"]), "prefix": prefix}
                self._put("serial_ranges", where, "first", record)

    def _batches(self) -> None:
        for where in self._rows(tables.BATCHES):
            if self._is_product(where):
                self._put("batches", where, "batch", {**where[2], "gtin": int(where[2]["gtin"])})

    def _watch_list(self) -> None:
        for where in self._rows(tables.WATCH_LIST):
            row = where[2]
            names = list(dict.fromkeys([row["name"], *row["aliases"]]))
            if self._one("SELECT 1 FROM watch_list WHERE entry=?", row["entry"]) is not None:
                self._cell(where, "entry", f"{row['entry']!r}: expected each entry once, got it again.")
                continue
            for listed in names:
                self._put("watch_list", where, "entry", {**row, "listed": listed})

    def _bulletins(self) -> None:
        for where in self._rows(tables.BULLETINS):
            picture = self._picture(where) if where[2]["picture"] else ""
            row = {**_jsoned(where[2], "title", "text", "look"), "picture": picture}
            if picture is not None and self._put("bulletins", where, "number", row):
                self._scope("b", where[2])

    def _faces(self) -> None:
        for where in self._rows(tables.FACES):
            row = where[2]
            if not self._is_product(where):
                continue
            picture = self._picture(where)
            if picture is None:
                continue
            gtin = int(row["gtin"])
            identity = face_id(gtin, row["version"], row["side"])
            if self._put("faces", where, "gtin", {**row, "gtin": gtin, "id": identity, "picture": picture}):
                self._inline_regions(where)

    def _inline_regions(self, where: Where) -> None:
        for raw in where[2]["regions"]:
            try:
                self._region(where, checked(tables.INLINE_REGION, raw))
            except RowRefused as why:
                self._cell(where, "regions", f"{why.column}: {why.message}")

    def _regions(self) -> None:
        for where in self._rows(tables.REGIONS):
            self._region(where, where[2])

    def _region(self, where: Where, region: Row) -> None:
        row = where[2]
        identity = face_id(int(row["gtin"]), row["version"], row["side"])
        face = self.connection.execute("SELECT width_mm, height_mm FROM faces WHERE id=?", (identity,)).fetchone()
        if face is None:
            key = f"{row['gtin']} {row['version']} {row['side']}"
            self._cell(where, "gtin", f"{key!r}: expected a face of this edition, got an unknown one.")
            return
        width, height = face
        right, bottom = region["x_mm"] + region["w_mm"], region["y_mm"] + region["h_mm"]
        if right > width or bottom > height:
            message = f"expected a region within the face of {width:g} x {height:g} mm, got {right:g} x {bottom:g} mm."
            self._cell(where, "x_mm", message)
            return
        number = self._one("SELECT MAX(number) FROM regions WHERE face=?", identity) or 0
        self._put("regions", where, "gtin", {**region, "face": identity, "number": number + 1})

    def _picture(self, where: Where) -> str | None:
        """The SHA-256 of the row's picture, stored once; None when the row was refused for it."""
        name = where[2]["picture"]
        known = self._one("SELECT sha256 FROM temp.picture_files WHERE file=?", name)
        if known is not None:
            return str(known)
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
        self.writers["pictures"].put((sha256, media_type, data))
        self.connection.execute("INSERT INTO temp.picture_files VALUES (?, ?)", (name, sha256))
        return sha256


json_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def _jsoned(row: Row, *names: str) -> Row:
    return {name: (json_text(value) if value else "") if name in names else value for name, value in row.items()}


def _media_type(data: bytes) -> str:
    for magic, media_type in _MAGIC:
        if data.startswith(magic):
            return media_type
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""
