"""A ledger goes forward over several schemas at once, and back to the program before while on trial."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.errors import LedgerError
from edge.inspection import Origin
from edge.moment import ClockTrust, Moment
from edge.releases import version
from edge.storage import ledger_file, ledger_schema
from edge.storage.database import Connection
from edge.storage.ledger import Entry, Ledger
from edge.storage.ledger_reader import verified
from edge.storage.ledger_schema import bring_forward, open_for_writing, schema_of

NOW = Moment(datetime(2026, 11, 22, tzinfo=UTC), ClockTrust.SYNCED)
STEPS = {
    2: ("CREATE TABLE benches (name TEXT NOT NULL)", "ALTER TABLE entries ADD COLUMN bench TEXT NOT NULL DEFAULT ''"),
    3: ("CREATE INDEX entries_by_bench ON entries (bench)",),
    4: ("INSERT INTO benches SELECT DISTINCT device FROM entries", "ALTER TABLE sightings ADD COLUMN bench TEXT"),
}


@contextmanager
def opened(path: Path, *, on_trial: bool = False) -> Iterator[Ledger]:
    with closing(Ledger.open(path, "bench-1", on_trial=on_trial)) as ledger:
        yield ledger


def written(ledger: Ledger, number: int) -> str:
    entry = Entry(
        kind="assessed",
        inspection=f"i{number}",
        origin=Origin("bench-1", "1", "anna", "boot"),
        at=NOW,
        body={"number": number},
        personal={"parcel": f"P{number}"},
        sightings=(f"serial {number}",),
    )
    return ledger.append([entry])[0].hash


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of schema 1 with three rows."""
    with opened(tmp_path / "ledger.db") as ledger:
        for number in range(3):
            written(ledger, number)
    return tmp_path / "ledger.db"


@contextmanager
def connected(path: Path) -> Iterator[Connection]:
    with closing(open_for_writing(path)) as connection:
        yield connection


def test_a_ledger_goes_from_1_to_4_at_once_and_its_chain_is_whole(path: Path) -> None:
    with connected(path) as connection:
        assert bring_forward(connection, 4, STEPS) == 1
        assert schema_of(connection) == 4
        assert connection.execute("SELECT name FROM benches").fetchall() == [("bench-1",)]
        connection.execute("PRAGMA user_version=1")  # the chain is read by this program
    assert verified(path) == 3


def test_what_is_at_its_schema_is_left_as_it_is(path: Path) -> None:
    with connected(path) as connection:
        assert (bring_forward(connection), schema_of(connection)) == (1, 1)


def test_a_step_that_fails_leaves_the_ledger_as_it_was(path: Path) -> None:
    with connected(path) as connection:
        with pytest.raises(sqlite3.OperationalError):
            bring_forward(connection, 4, {**STEPS, 4: ("CREATE TABLE benches (name TEXT)",)})
        assert schema_of(connection) == 1
        assert connection.execute("SELECT name FROM sqlite_schema WHERE name='benches'").fetchall() == []
    with opened(path) as ledger:
        written(ledger, 3)
    assert verified(path) == 4


def test_an_older_program_writes_on_in_a_ledger_that_a_newer_one_has_only_added_to(path: Path) -> None:
    with connected(path) as connection:
        for statements in STEPS.values():  # tables, indexes, columns with a default: the number stays
            for statement in statements:
                connection.execute(statement)
    with opened(path) as ledger:
        written(ledger, 3)
        assert len(ledger.recent(9)) == 4
    assert verified(path) == 4


def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on this is a program whose ledgers have schema 4."""
    monkeypatch.setattr(ledger_schema, "SCHEMA", 4)
    monkeypatch.setattr("edge.storage.ledger_reader.SCHEMA", 4)
    monkeypatch.setattr(ledger_file, "bring_forward", lambda connection: bring_forward(connection, 4, STEPS))


def test_a_release_on_trial_leaves_the_schema_and_the_one_before_goes_on_with_every_row(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as release:
        newer(release)
        with opened(path, on_trial=True) as ledger:
            written(ledger, 3)
    with opened(path) as ledger:  # it was taken back
        written(ledger, 4)
        assert [row.entry.body["number"] for row in ledger.recent(9)] == [4, 3, 2, 1, 0]
    assert verified(path) == 5


def test_an_older_program_refuses_a_ledger_that_a_proven_release_has_brought_forward(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as release:
        newer(release)
        with opened(path) as ledger:
            written(ledger, 3)
    before = path.read_bytes()
    for refused in (lambda: Ledger.open(path, "bench-1"), lambda: verified(path)):
        with pytest.raises(LedgerError) as error:
            refused()
        assert error.value.code == "ledger_newer_schema"
        words = f"{path}: expected a ledger of schema 1 or older, which program {version()} writes, got 4."
        assert error.value.message == words
        assert error.value.hint.startswith("Nothing in it was changed. A newer release has written here:")
    assert path.read_bytes() == before


def test_a_schema_that_only_the_wal_knows_is_refused_too(path: Path) -> None:
    with connected(path) as newer_program:  # not closed in order: a power cut leaves its WAL
        bring_forward(newer_program, 4, STEPS)
        cut = path.with_name("cut.db")
        cut.write_bytes(path.read_bytes())
        cut.with_name("cut.db-wal").write_bytes(path.with_name("ledger.db-wal").read_bytes())
    with pytest.raises(LedgerError, match="got 4"):
        Ledger.open(cut, "bench-1")


def test_a_copy_of_a_ledger_that_is_written_meanwhile_is_whole(path: Path, tmp_path: Path) -> None:
    with opened(path) as ledger:
        written(ledger, 3)
        ledger_file.copy_ledger(path, tmp_path / "copy.db")
        written(ledger, 4)
    assert verified(tmp_path / "copy.db") == 4
