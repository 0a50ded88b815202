"""Terms in working days: known calendars, and what holds for every calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.working_days import COUNTRIES, EUROPEAN_UNION, TERM_DAYS, Term, WorkingDays

JAPAN, FRANCE, NOWHERE = WorkingDays("JP"), WorkingDays("FR"), WorkingDays("")


@pytest.mark.parametrize(
    ("calendar", "event", "days", "last"),
    [
        (JAPAN, date(2026, 11, 2), 10, date(2026, 11, 17)),  # Culture Day lies between
        (JAPAN, date(2026, 12, 25), 3, date(2027, 1, 5)),  # offices are closed from 29 December to 3 January
        (JAPAN, date(2026, 4, 28), 3, date(2026, 5, 7)),  # Golden Week with a day in lieu
        (FRANCE, date(2026, 12, 24), 1, date(2026, 12, 28)),  # Friday is Christmas
        (FRANCE, date(2026, 4, 2), 10, date(2026, 4, 17)),  # Easter Monday
        (NOWHERE, date(2026, 12, 24), 1, date(2026, 12, 25)),
    ],
)
def test_a_term_ends_on_the_day_that_the_calendar_says(
    calendar: WorkingDays, event: date, days: int, last: date
) -> None:
    assert calendar.after(event, days) == last


@given(st.sampled_from(["JP", "FR", "DE", ""]), st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(1, 12))
def test_a_term_ends_on_a_working_day_and_has_its_days_left_at_its_event(country: str, event: date, days: int) -> None:
    calendar = WorkingDays(country)
    last = calendar.after(event, days)
    assert calendar.is_one(last)
    assert calendar.left(event, last) == days
    assert calendar.left(last, last) == 0
    assert calendar.left(last + timedelta(days=7), last) < 0


def test_a_term_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^Expected a term of one working day or more, got 0\.$"):
        JAPAN.after(date(2026, 11, 2), 0)


def test_only_the_union_has_a_term_to_notify() -> None:
    assert FRANCE.terms() == (Term.NOTIFY, Term.CONFIRM_PERISHABLE, Term.CONFIRM)
    assert JAPAN.terms() == (Term.CONFIRM_PERISHABLE, Term.CONFIRM)
    assert [TERM_DAYS[term] for term in FRANCE.terms()] == [1, 3, 10]


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_every_country_that_is_named_has_a_calendar(country: str) -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    closed = [day for day in days if day.weekday() < 5 and not WorkingDays(country).is_one(day)]
    assert 3 <= len(closed) <= 40, closed


def test_the_union_has_its_27_states_and_an_unknown_country_says_that_it_knows_no_holidays() -> None:
    assert len(EUROPEAN_UNION) == 27
    assert not WorkingDays("ZZ").knows_holidays
    assert JAPAN.knows_holidays
