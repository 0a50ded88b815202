"""What is held: read from a ledger of its own, with the clock of working days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge.inspection import Decision, Disposition, Origin
from edge.moment import ClockTrust, Moment
from edge.steps.record import disposed
from edge.storage.ledger import Ledger
from edge.supervisor.held import Held, open_held
from edge.working_days import Term, WorkingDays

ORIGIN = Origin("bench-1", "1", "4711", "boot")
REFERRED = Moment(datetime(2026, 11, 1, 16, tzinfo=UTC), ClockTrust.SYNCED)  # the 2nd, a Monday, in Tokyo
NOW = Moment(datetime(2026, 11, 17, 3, tzinfo=UTC), ClockTrust.SYNCED)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(tmp_path / "ledger.db", "bench-1", reserve_bytes=0)
    yield opened
    opened.close()


def decide(
    ledger: Ledger, name: str, decision: Decision | None, undoes: int | None = None, at: Moment = REFERRED
) -> int:
    return disposed(Disposition(name, decision, "4711", "", at, undoes=undoes), ORIGIN, ledger).seq


def read(ledger: Ledger, closed: str = "", now: Moment = NOW) -> tuple[Held, ...]:
    found, whole = open_held(
        ledger, ending=lambda name: name == closed, working=WorkingDays("JP"), zone=ZoneInfo("Asia/Tokyo"), now=now
    )
    assert whole
    return found


def test_what_was_referred_or_detained_is_held_until_it_is_taken_back_released_or_closed(ledger: Ledger) -> None:
    decide(ledger, "referred", Decision.REFER)
    decide(ledger, "released", Decision.RELEASE)
    decide(ledger, "back", Decision.DETAIN, None)
    decide(ledger, "back", None, 3)
    decide(ledger, "closed", Decision.DETAIN)
    decide(ledger, "later", Decision.REFER)
    decide(ledger, "later", None, 6)
    decide(ledger, "later", Decision.RELEASE)
    decide(ledger, "detained", Decision.DETAIN)
    assert [one.inspection for one in read(ledger, closed="closed")] == ["referred", "detained"]


def test_the_clock_counts_from_the_day_of_the_decision_where_the_box_stands(ledger: Ledger) -> None:
    decide(ledger, "referred", Decision.REFER)
    (one,) = read(ledger)
    assert [(term.term, term.last, term.left) for term in one.deadlines] == [
        (Term.CONFIRM_PERISHABLE, date(2026, 11, 6), -7),
        (Term.CONFIRM, date(2026, 11, 17), 0),
    ]


@pytest.mark.parametrize("when", ["decided", "now"])
def test_a_clock_that_is_not_trusted_counts_no_days(ledger: Ledger, when: str) -> None:
    at = Moment(REFERRED.utc, ClockTrust.UNTRUSTED if when == "decided" else ClockTrust.SYNCED)
    decide(ledger, "referred", Decision.REFER, at=at)
    now = Moment(NOW.utc, ClockTrust.UNTRUSTED if when == "now" else ClockTrust.SYNCED)
    (one,) = read(ledger, now=now)
    assert (one.trusted, one.deadlines) == (False, ())
