"""The tables of the ledger, and the making and opening of its file."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from secrets import token_hex
from typing import TYPE_CHECKING

from edge.storage.chain import Json, canonical
from edge.storage.database import Connection, Kind, connect, fsync_directory, one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# What a program must know to read and write a ledger. What only adds (an index, a table, a column with a default) does
# not raise it: an older program passes it over. What raises it is a step here, done when a release has proven itself.
SCHEMA = 1
STEPS: Mapping[int, Sequence[str]] = {}  # schema: the statements that bring a ledger of the schema before to it

BY_STATION = "CREATE INDEX IF NOT EXISTS entries_by_station ON entries (station, seq, kind)"
BY_KIND = "CREATE INDEX IF NOT EXISTS entries_by_kind ON entries (kind, seq)"
BY_TIME = "CREATE INDEX IF NOT EXISTS entries_by_time ON entries (kind, at)"
HELD = "kind='disposed' AND json_extract(body, '$.disposition.decision') IN ('refer', 'detain')"  # few of all decisions
BY_HELD = f"CREATE INDEX IF NOT EXISTS entries_held ON entries (seq, inspection) WHERE {HELD}"
DDL = f"""
CREATE TABLE founding (body TEXT NOT NULL);
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, inspection TEXT NOT NULL, device TEXT NOT NULL, station TEXT NOT NULL,
    officer TEXT NOT NULL, boot TEXT NOT NULL, at TEXT NOT NULL, clock TEXT NOT NULL, key TEXT NOT NULL,
    body TEXT NOT NULL, commitments TEXT NOT NULL, sightings TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE UNIQUE INDEX entries_by_key ON entries (key, kind) WHERE key <> '';
CREATE INDEX entries_by_inspection ON entries (inspection, seq) WHERE inspection <> '';
{BY_STATION};
{BY_KIND};
{BY_TIME};
{BY_HELD};
-- sealed with the storage key; the only rows that may go
CREATE TABLE personal (seq INTEGER NOT NULL, name TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (seq, name))
    WITHOUT ROWID;
CREATE TABLE sightings (
    key BLOB NOT NULL, inspection TEXT NOT NULL, seen TEXT NOT NULL, station TEXT NOT NULL, place TEXT NOT NULL,
    seq INTEGER NOT NULL, PRIMARY KEY (key, inspection)
) WITHOUT ROWID;
CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entries_keep BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER founding_stays BEFORE DELETE ON founding BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER founding_keeps BEFORE UPDATE ON founding BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER personal_keeps BEFORE UPDATE ON personal BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER sightings_keep BEFORE UPDATE ON sightings BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
PRAGMA application_id={Kind.LEDGER.value};
PRAGMA user_version={SCHEMA};
"""

COLUMNS = "seq, kind, inspection, device, station, officer, boot, at, clock, key, body, commitments, sightings"
COLUMNS = f"{COLUMNS}, previous, hash"


def found(path: Path, device: str, predecessor: Json = None, *, training: bool = False) -> None:
    """Make a new ledger, durable and whole before it has its name. `predecessor` tells of one that was set aside.

    One of `training` says so in its founding, which every row's hash rests on: it can never be taken for real work.

    Raises:
        sqlite3.Error, OSError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    try:
        founding = {"ledger": token_hex(16), "device": device, "schema": SCHEMA, "predecessor": predecessor}
        founding |= {"training": True} if training else {}
        with closing(sqlite3.connect(beside, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            connection.executescript(f"BEGIN; {DDL}; COMMIT;")
            connection.execute("INSERT INTO founding VALUES (?)", (canonical(founding).decode(),))
        beside.chmod(0o600)  # SQLite gives its -wal and -shm the same
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)
    fsync_directory(path.parent)


def bring_forward(connection: Connection, schema: int = SCHEMA, steps: Mapping[int, Sequence[str]] = STEPS) -> int:
    """Bring a ledger to `schema`, over as many steps as lie between, in one transaction. The schema it had.

    A power cut leaves the old ledger or the new one. Rows keep their numbers and hashes: steps add, they never rewrite.

    Raises:
        sqlite3.Error: it cannot be; the ledger is as it was.
    """
    had = schema_of(connection)
    if had >= schema:
        return had
    try:
        connection.execute("BEGIN EXCLUSIVE")
        for number in range(had + 1, schema + 1):
            for statement in steps[number]:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={schema}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return had


def schema_of(connection: Connection) -> int:
    """The schema of an open ledger, also where only its WAL knows it yet.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    return int(one(connection, "PRAGMA user_version"))


def open_for_writing(path: Path) -> Connection:
    """The one connection that writes: WAL, every commit synced, no checkpoint in the way of a commit.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    connection = connect(path, read_only=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection
