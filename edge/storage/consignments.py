"""The consignments that were declared ahead: sealed segments on the box, found by any number of theirs.

    state_dir/consignments/segments/2026-11-22-000007.db   immutable; named by the day that its countdown runs from
                           building/                       what an import is writing; nothing of it is read
                           inbox/                          manifests that wait (edge/manifests/inbox.py)
                           lock                            held by whoever imports or deletes

One import makes one segment, which appears whole by a rename; it takes in smaller segments of the same day, so that
there are few. Names and addresses are personal: documents are sealed with the box's key and numbers are keyed hashes,
and what has had its time goes as whole files. It reads no manifest (edge/manifests/) and judges nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

from edge.consignment import Consignment
from edge.declaration import ConsignmentIn
from edge.errors import BoxError, Conflict
from edge.storage.database import Connection, Readers, connect, fsync_directory, made_folder
from edge.storage.keys import derived, seal, storage_key, unseal
from edge.storage.owned import rights_of_owner

FOLDER = "consignments"
UNDATED = "undated"  # imported by a clock that was not believed: the countdown runs from the day when one is
_PURPOSE = b"consignment"
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
_FIND = """
SELECT c.sealed FROM json_each(?) AS k CROSS JOIN keys ON keys.hash=k.value CROSS JOIN consignments AS c ON c.id=keys.id
"""
_MOST_FOUND = 50  # of one segment: a container's number may stand over thousands


def number_key(number: str) -> str:
    """A number as it is compared: letters and digits, upper case; an SSCC without its AI 00.

    Only for finding: what was declared stays as it was.
    """
    plain = "".join(letter for letter in number.upper() if letter.isalnum())
    return plain[2:] if len(plain) == len("00") + 18 and plain.isdigit() and plain.startswith("00") else plain


@dataclass(frozen=True, slots=True)
class Imported:
    """One manifest that was taken in."""

    number: int
    file: str
    sha256: str
    at: str
    taken: int
    refused: int


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


class Consignments:
    """The consignments of one box. Reading is safe from many threads and follows what another process imports."""

    def __init__(self, state_dir: Path) -> None:
        """Read from `state_dir`/consignments; nothing is opened, and no key asked for, before something is there."""
        self.directory = state_dir / FOLDER
        self._state_dir = state_dir
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._open: dict[str, Readers] = {}
        self._keys: tuple[bytes, bytes] | None = None

    def close(self) -> None:
        """Close every segment."""
        with self._lock:
            for readers in self._open.values():
                readers.close()
            self._open, self._stamp = {}, None

    # --- reading ------------------------------------------------------------------------------------------------------

    def segments(self) -> tuple[Segment, ...]:
        """The segments that are there, the newest first.

        Raises:
            BoxError: consignments_unreadable: the folder cannot be read.
        """
        folder = self.directory / "segments"
        try:
            found = [Segment.of(path) for path in folder.iterdir()]
        except FileNotFoundError:
            return ()
        except OSError as error:
            message = f"{folder}: expected a folder that can be read, got {error.strerror}."
            hint = "Is the state directory this user's?"
            raise BoxError("consignments_unreadable", message, hint=hint) from error
        return tuple(sorted((one for one in found if one is not None), key=lambda one: -one.number))

    def declared(self, numbers: Sequence[str], others: Sequence[str] = ()) -> Consignment | None:
        """The one consignment that stands under `numbers`, or else under `others`: codes of no known form.

        Of what was declared again the newest is used. Where several stand under the numbers and none can be chosen, the
        answer is a consignment without lines whose `several` says how many.

        Raises:
            BoxError: consignments_unreadable. EvidenceError: evidence_key.
        """
        if not (numbers or others) or not self._refresh():
            return None
        return self._chosen(numbers) or self._chosen(others)

    def _chosen(self, numbers: Sequence[str]) -> Consignment | None:
        asked = {key for key in map(number_key, numbers) if key}
        newest: dict[tuple[str, str], Consignment] = {}
        for one in self._found(asked):
            if not asked & {number_key(number) for number in (one.document, *one.numbers)}:
                continue  # of another number, by a chance of 1 in 2^64
            newest.setdefault((number_key(one.document), one.issuer), one)
        exact = [one for (document, _), one in newest.items() if document in asked]
        found = exact or list(newest.values())
        if not found:
            return None
        return found[0] if len(found) == 1 else Consignment(next(iter(numbers)), several=len(found))

    def _found(self, asked: Iterable[str]) -> Iterator[Consignment]:
        key = self._secrets()
        hashes = "[" + ",".join(str(_hash(key[0], number)) for number in asked) + "]"
        with self._lock:
            readers = list(self._open.items())
        for name, reader in readers:
            try:
                rows = reader.get().execute(_FIND, (hashes,)).fetchmany(_MOST_FOUND)
            except sqlite3.Error as error:
                if reader is not self._open.get(name):  # its time came meanwhile
                    continue
                raise _unreadable(self.directory / "segments" / name, error) from error
            for (sealed,) in rows:
                told = unseal(key[1], sealed, _PURPOSE)
                if told is not None:
                    yield ConsignmentIn.model_validate_json(told).as_noun()

    def _refresh(self) -> bool:
        """Open what has come and close what has gone; whether there is anything."""
        try:
            stat = (self.directory / "segments").stat()
        except OSError:
            return False
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp != self._stamp:
            with self._lock:
                there = {one.path.name: one for one in self.segments()}
                for name in self._open.keys() - there.keys():
                    self._open.pop(name).close()
                kept = self._open
                self._open = {
                    name: kept[name] if name in kept else Readers(one.path, immutable=True)
                    for name, one in there.items()
                }
                self._stamp = stamp
        return bool(self._open)

    def _secrets(self) -> tuple[bytes, bytes]:
        """The keys of the numbers' hashes and of the documents."""
        if self._keys is None:
            key = storage_key(self._state_dir)
            self._keys = derived(key, "consignments: numbers"), derived(key, "consignments")
        return self._keys

    # --- what is known of them ----------------------------------------------------------------------------------------

    def imports(self) -> tuple[tuple[Segment, tuple[Imported, ...]], ...]:
        """What every segment was made from, the newest first.

        Raises:
            BoxError: consignments_unreadable.
        """
        told = []
        for segment in self.segments():
            rows = _rows(segment.path, "SELECT number, file, sha256, at, taken, refused FROM imports ORDER BY number")
            told.append((segment, tuple(Imported(*row) for row in rows)))
        return tuple(told)

    def count(self, segment: Segment) -> int:
        """How many consignments a segment holds.

        Raises:
            BoxError: consignments_unreadable.
        """
        ((count,),) = _rows(segment.path, "SELECT COUNT(*) FROM consignments")
        return int(count)

    def refusals(self, number: int) -> tuple[str, ...]:
        """The refused rows of one import, as far as they were kept.

        Raises:
            BoxError: consignments_unreadable.
        """
        key = self._secrets()[1]
        found = [
            row[0]
            for segment in self.segments()
            for row in _rows(segment.path, "SELECT sealed FROM refusals WHERE number=? ORDER BY row", (number,))
        ]
        return tuple((unseal(key, sealed, _PURPOSE) or b"").decode() for sealed in found)

    # --- changing -----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Be the only one who imports or deletes.

        Raises:
            Conflict: consignments_conflict: another is at it. OSError: the lock cannot be made.
        """
        made_folder(self.directory)
        with rights_of_owner(self.directory):
            lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = f"{self.directory}: expected to be the only one who imports, got another at it."
                raise Conflict("consignments_conflict", message, hint="Try again when it is done.") from error
            yield
        finally:
            os.close(lock)

    def building(self, file: str, sha256: str, at: datetime, day: date | None) -> SegmentBuilder:
        """A new segment for the manifest `file`; for whoever holds the lock.

        Raises:
            BoxError: consignments_unwritable. EvidenceError: evidence_key.
        """
        return SegmentBuilder(self, file, sha256, at, day)

    def date_anew(self, segment: Segment, today: date) -> None:
        """Let the countdown of a segment run from `today`. For whoever holds the lock.

        Raises:
            OSError: it cannot be renamed.
        """
        segment.path.rename(segment.path.with_name(f"{today}-{segment.number:06d}.db"))
        fsync_directory(segment.path.parent)

    def drop(self, segment: Segment) -> None:
        """Delete a segment. For whoever holds the lock.

        Raises:
            OSError: it cannot be deleted.
        """
        segment.path.unlink(missing_ok=True)
        fsync_directory(segment.path.parent)


class SegmentBuilder:
    """A segment that is being written. For one thread."""

    def __init__(self, cache: Consignments, file: str, sha256: str, at: datetime, day: date | None) -> None:
        """Begin; what an import that was cut off has left is cleared away."""
        self._cache = cache
        self._day = day
        self._hash_key, self._key = cache._secrets()  # noqa: SLF001 - the same module
        self.taken = self.refused = 0
        self._rows: list[tuple[int, bytes]] = []
        self._keys: list[tuple[int, int]] = []
        older = cache.segments()
        self._number = 1 + max((one.number for one in older), default=0)
        self._told = (self._number, file, sha256, at.isoformat(timespec="seconds"))
        with rights_of_owner(cache.directory):
            building, self._out = (made_folder(cache.directory / name) for name in ("building", "segments"))
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

    def add(self, declared: ConsignmentIn) -> bool:
        """Take one consignment; False when its document has stood in this manifest before: the first stays.

        Raises:
            BoxError: consignments_unwritable.
        """
        document = _hash(self._hash_key, f"{number_key(declared.document)}\0{declared.issuer}")
        numbers = {number_key(one) for one in (declared.document, *declared.numbers)} - {""}
        told = declared.model_dump_json(exclude_defaults=True).encode()
        with self._told_unwritable():
            row = (document, self.taken + 1)
            if not self._connection.execute("INSERT OR IGNORE INTO documents VALUES (?, ?)", row).rowcount:
                return False
            self.taken += 1
            self._rows.append((self.taken, seal(self._key, told, _PURPOSE)))
            self._keys += [(_hash(self._hash_key, number), self.taken) for number in numbers]
            if len(self._rows) >= _AT_ONCE:
                self._flush()
        return True

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
                sealed = seal(self._key, why.encode(errors="replace"), _PURPOSE)
                self._connection.execute("INSERT INTO refusals VALUES (?, ?, ?)", (self._number, row, sealed))

    def finish(self) -> Segment:
        """Make it durable and put it in its place, with the smaller segments of its day in it.

        Raises:
            BoxError: consignments_unwritable.
        """
        with self._told_unwritable():
            self._flush()
            imported = (*self._told, self.taken, self.refused)
            self._connection.execute("INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?)", imported)
            self._connection.execute("COMMIT")
            taken_in = [one for one in self._cache.segments() if one.day == self._day and self._takes_in(one)]
            self._connection.execute(_INDEX)
            self._connection.close()
            with self._path.open("rb+") as file:
                os.fsync(file.fileno())
            place = self._out / f"{self._day or UNDATED}-{self._number:06d}.db"
            self._path.rename(place)
            fsync_directory(self._out)
            for one in taken_in:
                self._cache.drop(one)
        return Segment(place, self._day, self._number)

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


def _hash(key: bytes, text: str) -> int:
    """A keyed hash that SQLite holds as an integer: 64 bits, signed. What collides is told apart by its document."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8, key=key).digest(), "big", signed=True)


def _rows(path: Path, sql: str, arguments: tuple[Any, ...] = ()) -> list[Any]:
    try:
        with contextlib.closing(connect(path, immutable=True)) as connection:
            return connection.execute(sql, arguments).fetchall()
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> BoxError:
    message = f"{path}: expected a segment of consignments, got: {error}."
    return BoxError("consignments_unreadable", message, hint="Move it away and import its manifests again.")
