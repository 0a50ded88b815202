"""A day's inspections: which are listed, what is counted, what was released against the advice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge.errors import SettingsError
from edge.inspection import Decision, Outcome, Weight
from edge.moment import ClockTrust
from edge.storage.ledger_glance import AssessedGlance, DecidedGlance
from edge.supervisor.day import UNDECIDED, Choice, Seen, figures_of, overrides_of, span_of, standing, zone_of

AT = datetime(2026, 11, 22, 1, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")


def seen(
    seq: int,
    outcome: Outcome = Outcome.CHECK,
    decision: Decision | None = Decision.RELEASE,
    *,
    hour: int = 10,
    codes: tuple[str, ...] = ("face.print",),
    ms: float = 100.0,
    officer: str = "4711",
    station: str = "1",
) -> Seen:
    weight = {Outcome.NO_FINDING: Weight.NOTE, Outcome.CANNOT_ASSESS: Weight.LIMIT}.get(outcome, Weight.CHECK)
    findings = tuple((code, weight) for code in codes)
    assessed = AssessedGlance(seq, f"i{seq}", station, officer, AT, outcome, findings, (), ms, 3)
    done = DecidedGlance(seq + 1, f"i{seq}", station, officer, AT, ClockTrust.SYNCED, decision, "worn", None)
    return Seen(assessed, hour, done if decision else None)


def test_every_hour_from_the_first_to_the_last_is_drawn_and_counts_each_inspection_once() -> None:
    day = [seen(1, hour=9), seen(3, hour=11), seen(5, Outcome.NO_FINDING, hour=11)]
    hours = figures_of(day).hours
    assert [(hour.hour, hour.inspections) for hour in hours] == [(9, 1), (10, 0), (11, 2)]
    assert hours[2].outcomes[Outcome.NO_FINDING] == 1
    assert (hours[1].p50_ms, hours[1].p95_ms) == (None, None)


def test_an_empty_day_has_no_hours_no_reasons_and_no_times() -> None:
    nothing = figures_of([])
    assert (nothing.hours, nothing.reasons, nothing.p50_ms, nothing.p95_ms) == ((), (), None, None)


def test_a_note_is_no_reason_and_a_code_counts_once_an_inspection() -> None:
    day = [seen(1, codes=("a", "a", "b")), seen(3, codes=("b",)), seen(5, Outcome.NO_FINDING, codes=("c",))]
    assert figures_of(day).reasons == (("b", 2), ("a", 1))


def test_half_are_faster_than_the_median_and_nineteen_of_twenty_than_the_other() -> None:
    figures = figures_of([seen(number, ms=float(number)) for number in range(1, 102)])
    assert (figures.p50_ms, figures.p95_ms) == (51.0, 96.0)


def test_an_override_is_a_release_against_check_or_strong_and_nothing_else() -> None:
    day = [
        seen(1),
        seen(3, decision=Decision.REFER),
        seen(5, decision=None),
        seen(7, Outcome.CANNOT_ASSESS),
        seen(9, Outcome.STRONG_INDICATION, codes=("face.print", "serial.revoked")),
    ]
    found = overrides_of(day)
    assert [(one.code, one.said, [each.assessed.seq for each in one.released]) for one in found] == [
        ("face.print", 4, [1, 9]),
        ("serial.revoked", 1, [9]),
    ]


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        (Choice(), [1, 3, 5]),
        (Choice(outcome="CHECK"), [1, 5]),
        (Choice(decision="release"), [1]),
        (Choice(decision=UNDECIDED), [3]),
        (Choice(officer="4712"), [3]),
        (Choice(station="2"), [5]),
        (Choice(hour=0), [5]),
        (Choice(outcome="CHECK", hour=10), [1]),
    ],
)
def test_a_choice_takes_what_fits_all_of_it(choice: Choice, taken: list[int]) -> None:
    day = [
        seen(1),
        seen(3, Outcome.NO_FINDING, None, officer="4712"),
        seen(5, decision=Decision.DETAIN, station="2", hour=0),
    ]
    assert [one.assessed.seq for one in day if choice.takes(one)] == taken


def test_the_decision_that_stands_is_the_last_one_that_was_not_taken_back() -> None:
    def row(seq: int, decision: Decision | None, undoes: int | None = None) -> DecidedGlance:
        return DecidedGlance(seq, "i", "1", "4711", AT, ClockTrust.SYNCED, decision, "", undoes)

    refer, undo, detain = row(2, Decision.REFER), row(3, None, 2), row(4, Decision.DETAIN)
    assert standing([refer]) is refer
    assert standing([refer, undo]) is None
    assert standing([refer, undo, detain]) is detain


def test_a_day_is_that_of_the_time_zone() -> None:
    begin, end = span_of(date(2026, 11, 22), TOKYO)
    assert (begin.astimezone(UTC), end - begin) == (datetime(2026, 11, 21, 15, tzinfo=UTC), timedelta(days=1))


def test_a_zone_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^Expected a time zone such as Asia/Tokyo, got 'Mars/Olympus'\.$"):
        zone_of("Mars/Olympus")
