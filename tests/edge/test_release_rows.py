"""What became of releases stands in the ledger, once, and is told by the status."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.inspection import Origin
from edge.moment import ClockTrust, Moment
from edge.release_rows import ReleaseRows
from edge.releases import Event, Journal, Wanted, read_journal, told
from edge.storage.ledger import Ledger

NOW = Moment(datetime(2026, 11, 22, tzinfo=UTC), ClockTrust.SYNCED)
BACK = Event(
    number=1,
    at="2026-11-22T01:00:00+00:00",
    kind="taken back",
    version="1.5.0",
    before="1.4.0",
    sha256="ab",
    words="it hung",
)
IN_USE = BACK.model_copy(update={"number": 2, "kind": "in use", "version": "1.6.0", "words": "after 1.4.0"})


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(tmp_path / "ledger.db", "bench-1")
    yield ledger
    ledger.close()


def kept(home: Path, *events: Event) -> None:
    home.mkdir(exist_ok=True)
    (home / "new").write_bytes(Journal(events=events).to_bytes())
    (home / "new").replace(home / "journal.json")


def test_every_event_is_a_row_once_also_over_a_restart(ledger: Ledger, tmp_path: Path) -> None:
    home = tmp_path / "releases"

    def rows() -> ReleaseRows:
        return ReleaseRows(ledger, lambda station: Origin("bench-1", station, "", "boot"), home)

    writer = rows()
    assert writer.write(NOW) == 0  # a box without releases
    kept(home, BACK)
    assert (writer.write(NOW), writer.write(NOW)) == (1, 0)
    kept(home, BACK, IN_USE)
    assert writer.write(NOW) == 2
    assert rows().write(NOW) == 2
    written = [row.entry for row in ledger.recent(9)]
    assert [(one.kind, one.body["version"], one.body["kind"]) for one in written] == [
        ("release", "1.6.0", "in use"),
        ("release", "1.5.0", "taken back"),
    ]


def test_a_damaged_journal_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "journal.json").write_text('{"step": "dance"}')
    assert read_journal(tmp_path) == read_journal(tmp_path / "nowhere") == Journal()


@pytest.mark.parametrize(
    ("journal", "words"),
    [
        (Journal(), "running 1.4.0"),
        (Journal(events=(BACK,)), "running 1.4.0; 1.5.0 was tried and taken back: it hung"),
        (
            Journal(events=(BACK.model_copy(update={"kind": "refused"}),)),
            "running 1.4.0; 1.5.0 was refused: it hung",
        ),
        (
            Journal(step="watch", wanted=Wanted(version="1.5.0", sha256="", directory="")),
            "running 1.4.0; 1.5.0 is on trial",
        ),
        (
            Journal(step="check", wanted=Wanted(version="1.5.0", sha256="", directory="")),
            "running 1.4.0; 1.5.0 is made ready",
        ),
    ],
)
def test_the_status_says_what_runs_and_what_was_taken_back(journal: Journal, words: str) -> None:
    assert told(journal, "1.4.0") == words
