"""Which inspections name which kept pictures, and when each is to be looked at by retention. Made from the ledger.

A derived file: lost or damaged it is made anew from the rows. One thread of the bench writes it. What it says holds for
every row up to its mark, and no picture may be judged before the mark has reached the ledger's end.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from edge.errors import EvidenceError
from edge.pictures import named_pictures
from edge.storage.chain import Row
from edge.storage.database import connect, one

if TYPE_CHECKING:
    from pathlib import Path

INDEX = "evidence-index.db"
_SCHEMA = 1
_DDL = f"""
CREATE TABLE named (sha256 BLOB NOT NULL, inspection TEXT NOT NULL, ledger TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (sha256, inspection)) WITHOUT ROWID;
CREATE INDEX named_by_inspection ON named (inspection);
CREATE TABLE inspections (inspection TEXT PRIMARY KEY, look_at TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX inspections_by_look ON inspections (look_at, inspection);
CREATE TABLE marks (ledger TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE judged (policy TEXT NOT NULL);
PRAGMA user_version={_SCHEMA};
"""


def pictures_of(row: Row) -> tuple[str, ...]:
    """The SHA-256 of every picture that a row names as kept, each once."""
    return tuple(named.sha256 for named in named_pictures(row.entry.body))


class EvidenceIndex:
    """The index beside one ledger. For one thread. Every method raises EvidenceError("evidence_index")."""

    def __init__(self, path: Path) -> None:
        """Open the index at `path`; one that cannot be used is made anew.

        Raises:
            EvidenceError: evidence_index: it cannot be made.
        """
        self._path = path
        try:
            try:
                self._connection = _opened(path)
            except sqlite3.DatabaseError:
                for suffix in ("", "-wal", "-shm"):
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
                self._connection = _opened(path)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Close it. Safe to call twice."""
        self._connection.close()

    def mark(self, ledger: str) -> int:
        """Up to which row of a ledger it is made."""
        found = self._all("SELECT seq FROM marks WHERE ledger=?", (ledger,))
        return int(found[0][0]) if found else 0

    def take(self, ledger: str, rows: Sequence[Row]) -> None:
        """Take in the rows that follow the mark; their inspections are to be looked at."""
        with self._writing() as connection:
            for row in rows:
                inspection = row.entry.inspection
                connection.executemany(
                    "INSERT INTO named VALUES (?, ?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET ledger=excluded.ledger, seq=excluded.seq",
                    [(bytes.fromhex(name), inspection, ledger, row.seq) for name in pictures_of(row)],
                )
                if inspection:
                    connection.execute(
                        "INSERT INTO inspections VALUES (?, '') ON CONFLICT DO UPDATE SET look_at=''", (inspection,)
                    )
            connection.execute(
                "INSERT INTO marks VALUES (?, ?) ON CONFLICT DO UPDATE SET seq=excluded.seq", (ledger, rows[-1].seq)
            )

    def judge_by(self, policy: str) -> None:
        """Look at everything again when another policy than before is in use."""
        if self._all("SELECT policy FROM judged") != [(policy,)]:
            with self._writing() as connection:
                connection.execute("DELETE FROM judged")
                connection.execute("INSERT INTO judged VALUES (?)", (policy,))
                connection.execute("UPDATE inspections SET look_at=''")

    def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Inspections that are to be looked at by `now`, those that waited longest first."""
        sql = "SELECT inspection FROM inspections WHERE look_at<=? ORDER BY look_at, inspection LIMIT ?"
        return tuple(row[0] for row in self._all(sql, (_text(now), limit)))

    def waiting(self, after: tuple[str, str], limit: int) -> tuple[tuple[str, str], ...]:
        """Inspections that follow `after` in the order of their time, as (time, inspection)."""
        sql = (
            "SELECT look_at, inspection FROM inspections WHERE (look_at, inspection) > (?, ?)"
            " ORDER BY look_at, inspection LIMIT ?"
        )
        return tuple(self._all(sql, (*after, limit)))

    def put_off(self, inspection: str, until: datetime) -> None:
        """Look at an inspection again at `until`."""
        with self._writing() as connection:
            connection.execute("UPDATE inspections SET look_at=? WHERE inspection=?", (_text(until), inspection))

    def names(self, inspection: str) -> tuple[str, ...]:
        """The pictures that an inspection names and that have not gone through it yet."""
        sql = "SELECT sha256 FROM named WHERE inspection=? ORDER BY sha256"
        return tuple(row[0].hex() for row in self._all(sql, (inspection,)))

    def namers(self, sha256: str) -> tuple[str, ...]:
        """The inspections that name a picture."""
        sql = "SELECT inspection FROM named WHERE sha256=? ORDER BY inspection"
        return tuple(row[0] for row in self._all(sql, (bytes.fromhex(sha256),)))

    def is_named_after(self, sha256: str, ledger: str, seq: int) -> bool:
        """Whether a row of `ledger` after `seq` names a picture."""
        sql = "SELECT 1 FROM named WHERE sha256=? AND ledger=? AND seq>?"
        return bool(self._all(sql, (bytes.fromhex(sha256), ledger, seq)))

    def gone(self, names: Iterable[str]) -> None:
        """Forget pictures that were deleted."""
        with self._writing() as connection:
            connection.executemany("DELETE FROM named WHERE sha256=?", [(bytes.fromhex(name),) for name in names])

    def settled(self, inspection: str) -> None:
        """Forget an inspection of which nothing is left to go, with the pictures that it named."""
        with self._writing() as connection:
            connection.execute("DELETE FROM named WHERE inspection=?", (inspection,))
            connection.execute("DELETE FROM inspections WHERE inspection=?", (inspection,))

    def _all(self, sql: str, arguments: tuple[object, ...] = ()) -> list[Any]:
        try:
            return self._connection.execute(sql, arguments).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> EvidenceError:
        return EvidenceError(
            "evidence_index",
            f"{self._path}: expected an index of evidence that can be read and written, got: {error}.",
            hint="Nothing is deleted meanwhile. Free space on the disk; moved away, the index is made anew.",
        )


def _opened(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    connection = connect(path, read_only=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")  # a lost end is taken in again: marks and names are one commit
        version = one(connection, "PRAGMA user_version")
        if version not in {0, _SCHEMA} or one(connection, "PRAGMA quick_check(1)") != "ok":
            raise sqlite3.DatabaseError(f"an index of version {version}")
        if version == 0:
            connection.executescript(f"BEGIN; {_DDL}; COMMIT;")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
