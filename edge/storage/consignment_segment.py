"""A segment of the box's consignments: one immutable file, how its numbers are told apart, and how it is made.

It reads no declaration back: that is edge/storage/consignments.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from hashlib import blake2b
from pathlib import Path

from edge.declaration import ConsignmentIn
from edge.errors import BoxError, CodeRefused
from edge.postal import parse_parcel_number
from edge.storage.database import Connection, connect, fsync_directory, made_folder
from edge.storage.keys import seal, unseal
from edge.storage.owned import rights_of_owner

SEGMENTS, BUILDING = "segments", "building"
UNDATED = "undated"  # imported by a clock that was not believed: the countdown runs from the day when one is
PURPOSE = b"consignment"
_SCHEMA = 1
_DDL = f"""
CREATE TABLE consignments (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE keys (hash INTEGER NOT NULL, id INTEGER NOT NULL);
CREATE TABLE documents (hash INTEGER PRIMARY KEY, id INTEGER NOT NULL);
CREATE TABLE imports (number INTEGER PRIMARY KEY, file TEXT NOT NULL, sha256 TEXT NOT NULL, at TEXT NOT NULL,
    taken INTEGER NOT NULL, refused INTEGER NOT NULL);
CREATE TABLE refusals (number INTEGER NOT NULL, row INTEGER NOT NULL, sealed BLOB NOT NULL);
PRAGMA user_version={_SCHEMA};
"""
_INDEX = "CREATE INDEX keys_by_hash ON keys (hash, id)"  # at the end: sorted once, and not row by row all over the file
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2}|undated)-(\d{6})\.db")
_AT_ONCE = 1_000  # rows that are written together
_CACHE_KIB = 32_000  # of an import: memory stays bounded, whatever the size of the manifest


def number_key(number: str) -> str:
    """A number as it is compared: letters and digits, upper case; an SSCC without its AI 00.

    Only for finding: what was declared stays as it was.
    """
    plain = "".join(letter for letter in number.upper() if letter.isalnum())
    return plain[2:] if len(plain) == len("00") + 18 and plain.isdigit() and plain.startswith("00") else plain


def document_key(document: str) -> str:
    """By what a document is the same as another: a hyphen of a house number counts, that of a known form does not."""
    plain = number_key(document)
    written = "".join(document.upper().split())
    try:
        parse_parcel_number(written)
    except CodeRefused:
        return plain if len(plain) == 18 and plain.isdigit() else written  # noqa: PLR2004 - an SSCC
    return plain


def document_hash(key: bytes, document: str, issuer: str) -> int:
    """By what a document of an issuer is found again when it is declared again."""
    return _hash(key, f"{document_key(document)}\0{issuer}")


def number_hash(key: bytes, number: str, *, own: bool = False) -> int:
    """By what a `number_key` is found: as a document's `own` number, or as a further one, which many may share."""
    return _hash(key, f"\0{number}" if own else number)


def _hash(key: bytes, text: str) -> int:
    """A keyed hash that SQLite holds as an integer: 64 bits, signed. What collides is told apart by its document."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8, key=key).digest(), "big", signed=True)


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of consignments."""

    path: Path
    day: date | None  # None: by a clock that was not believed
    number: int

    @classmethod
    def of(cls, path: Path) -> Segment | None:
        """By its name; None when it is no segment."""
        found = _NAME.fullmatch(path.name)
        if found is None:
            return None
        return cls(path, None if found[1] == UNDATED else date.fromisoformat(found[1]), int(found[2]))

    def drop(self) -> None:
        """Delete it. For whoever holds the lock.

        Raises:
            OSError: it cannot be deleted.
        """
        self.path.unlink(missing_ok=True)
        fsync_directory(self.path.parent)


class Again(Enum):
    """How a document comes a second time in one manifest."""

    SAME = "same"
    OTHER = "other"


class SegmentBuilder:
    """A segment that is being written. For one thread."""

    def __init__(
        self,
        directory: Path,
        older: Sequence[Segment],
        keys: tuple[bytes, bytes],
        told: tuple[str, str, datetime],
        day: date | None,
    ) -> None:
        """Begin; what an import that was cut off has left is cleared away.

        `older` are the segments that are there, `keys` those of the numbers' hashes and of the documents, `told` the
        manifest: its name, SHA-256 and when it came; `day` is whence the countdown runs.

        Raises:
            BoxError: consignments_unwritable.
        """
        self._older = older
        self._day = day
        self._hash_key, self._key = keys
        self.taken = self.refused = self._last = 0
        self._doubted: set[int] = set()  # documents that were declared twice, each time otherwise
        self._rows: list[tuple[int, bytes]] = []
        self._keys: list[tuple[int, int]] = []
        file, sha256, at = told
        self._number = 1 + max((one.number for one in older), default=0)
        self._told = (self._number, file, sha256, at.isoformat(timespec="seconds"))
        with rights_of_owner(directory):
            building, self._out = (made_folder(directory / name) for name in (BUILDING, SEGMENTS))
            self._out.chmod(0o700)
            for left in building.iterdir():
                left.unlink()
            self._path = building / f"{self._number:06d}.db"
            self._path.touch(mode=0o600)
        self._connection = _made(self._path)

    def close(self) -> None:
        """Give it up, unless it was finished."""
        self._connection.close()
        self._path.unlink(missing_ok=True)

    def add(self, declared: ConsignmentIn) -> Again | None:
        """Take one consignment; how its document has stood in this manifest before, None: not.

        What is said again is not taken twice. Of two that say different things neither is right for certain, and half
        of a declaration accuses: none of them is used.

        Raises:
            BoxError: consignments_unwritable.
        """
        number = number_key(declared.document)
        document = document_hash(self._hash_key, declared.document, declared.issuer)
        hashes = {number_hash(self._hash_key, number, own=True)} if number else set[int]()
        hashes |= {number_hash(self._hash_key, one) for one in set(map(number_key, declared.numbers)) - {"", number}}
        told = declared.model_dump_json(exclude_defaults=True).encode()
        with self._told_unwritable():
            row = (document, self._last + 1)
            if not self._connection.execute("INSERT OR IGNORE INTO documents VALUES (?, ?)", row).rowcount:
                return self._again(document, told)
            self._last += 1
            self.taken += 1
            self._rows.append((self._last, seal(self._key, told, PURPOSE)))
            self._keys += [(one, self._last) for one in hashes]
            if len(self._rows) >= _AT_ONCE:
                self._flush()
        return None

    def _again(self, document: int, told: bytes) -> Again:
        self._flush()
        sealed = "SELECT c.id, c.sealed FROM documents AS d JOIN consignments AS c ON c.id=d.id WHERE d.hash=?"
        ((number, before),) = self._connection.execute(sealed, (document,)).fetchall()
        if number not in self._doubted and unseal(self._key, before, PURPOSE) == told:
            return Again.SAME
        if number not in self._doubted:
            self._doubted.add(number)
            self.taken -= 1
            self.refused += 1
        return Again.OTHER

    def _flush(self) -> None:
        self._connection.executemany("INSERT INTO consignments VALUES (?, ?)", self._rows)
        self._connection.executemany("INSERT INTO keys VALUES (?, ?)", self._keys)
        self._rows, self._keys = [], []

    def refuse(self, row: int, why: str, *, kept: bool) -> None:
        """Count a refused row; `kept`: its reason is kept, too.

        Raises:
            BoxError: consignments_unwritable.
        """
        self.refused += 1
        if kept:
            with self._told_unwritable():
                sealed = seal(self._key, why.encode(errors="replace"), PURPOSE)
                self._connection.execute("INSERT INTO refusals VALUES (?, ?, ?)", (self._number, row, sealed))

    def finish(self) -> Segment:
        """Make it durable and put it in its place, with the smaller segments of its day in it.

        Raises:
            BoxError: consignments_unwritable.
        """
        with self._told_unwritable():
            self._flush()
            self._drop_doubted()
            imported = (*self._told, self.taken, self.refused)
            self._connection.execute("INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?)", imported)
            self._connection.execute("COMMIT")
            taken_in = [one for one in self._older if one.day == self._day and self._takes_in(one)]
            self._connection.execute(_INDEX)
            self._connection.close()
            with self._path.open("rb+") as file:
                os.fsync(file.fileno())
            place = self._out / f"{self._day or UNDATED}-{self._number:06d}.db"
            self._path.rename(place)
            fsync_directory(self._out)
            for one in taken_in:
                one.drop()
        return Segment(place, self._day, self._number)

    def _drop_doubted(self) -> None:
        doubted = json.dumps(sorted(self._doubted))
        for table in ("consignments", "keys", "documents") if self._doubted else ():
            self._connection.execute(
                f"DELETE FROM {table} WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608 - names of our own
                (doubted,),
            )

    def _takes_in(self, older: Segment) -> bool:
        """Copy a smaller segment, but for documents that were declared again; whether it was one."""
        connection = self._connection
        connection.execute("ATTACH ? AS older", (str(older.path),))
        try:
            (count,) = connection.execute("SELECT COALESCE(MAX(id), 0) FROM older.consignments").fetchone()
            (mine,) = connection.execute("SELECT COALESCE(MAX(id), 0) FROM main.consignments").fetchone()
            if count > mine:
                return False
            connection.execute("BEGIN")
            connection.execute("INSERT OR IGNORE INTO main.documents SELECT hash, id + ? FROM older.documents", (mine,))
            connection.execute("CREATE TEMP TABLE moved AS SELECT id FROM main.documents WHERE id > ?", (mine,))
            connection.execute("CREATE UNIQUE INDEX temp.moved_id ON moved (id)")
            for table, columns in (("consignments", "id + ?1, sealed"), ("keys", "hash, id + ?1")):
                connection.execute(
                    f"INSERT INTO main.{table} SELECT {columns} FROM older.{table}"  # noqa: S608 - names of our own
                    " WHERE id + ?1 IN (SELECT id FROM temp.moved)",
                    (mine,),
                )
            connection.execute("INSERT OR IGNORE INTO main.imports SELECT * FROM older.imports")
            connection.execute("INSERT INTO main.refusals SELECT * FROM older.refusals")
            connection.execute("DROP TABLE temp.moved")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.execute("DETACH older")
        return True

    @contextlib.contextmanager
    def _told_unwritable(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise BoxError(
                "consignments_unwritable",
                f"{self._path}: expected a segment that can be written, got: {error}.",
                hint="Free space on the disk and import again. What was there before is in use as before.",
            ) from error


def _made(path: Path) -> Connection:
    connection = connect(path, read_only=False)
    # A cut leaves a file in building/ that nobody reads: no journal is needed, and one sync at the end.
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    connection.executescript(_DDL)
    connection.execute("BEGIN")
    return connection
