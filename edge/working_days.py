"""Working days: when a term of days ends, offline. Pure: no file, no clock.

Saturdays, Sundays and the country's public holidays are none (EU: Regulation 1182/71, article 2; Japan: the Act on
Holidays of Administrative Organs, which closes offices from 29 December to 3 January too). The day of the event is not
counted. The calendar is the library `holidays`; what a government decrees after its release it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

_UNION = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
_OTHERS = "AU CA CH CN GB HK ID IN JP KR MY NO NZ PH SG TH TW US VN"
EUROPEAN_UNION = frozenset(_UNION.split())
COUNTRIES = EUROPEAN_UNION | frozenset(_OTHERS.split())
_JAPAN_CLOSED = frozenset({(12, 29), (12, 30), (12, 31), (1, 2), (1, 3)})  # besides New Year's Day
_SATURDAY = 5


class Term(StrEnum):
    """What has to be done within some working days."""

    NOTIFY = "notify"  # EU 608/2013: the declarant and the right holder are told
    CONFIRM = "confirm"  # evidence or confirmation of the right holder
    CONFIRM_PERISHABLE = "confirm_perishable"


TERM_DAYS = {Term.NOTIFY: 1, Term.CONFIRM: 10, Term.CONFIRM_PERISHABLE: 3}


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The working days of a country. "" or an unknown one: Monday to Friday, and `knows_holidays` says so."""

    country: str  # ISO 3166-1 alpha-2

    @property
    def knows_holidays(self) -> bool:
        """Whether public holidays are left out."""
        return self.country in COUNTRIES

    def is_one(self, day: date) -> bool:
        """Whether offices work on this day."""
        if day.weekday() >= _SATURDAY:
            return False
        if self.country == "JP" and (day.month, day.day) in _JAPAN_CLOSED:
            return False
        return not (self.knows_holidays and day in _calendar(self.country, day.year))

    def after(self, event: date, days: int) -> date:
        """The last day of a term of `days` working days that an event begins.

        Raises:
            ValueError: `days` is less than one.
        """
        if days < 1:
            raise ValueError(f"Expected a term of one working day or more, got {days}.")
        day = event
        for _ in range(days):
            day += timedelta(days=1)
            while not self.is_one(day):
                day += timedelta(days=1)
        return day

    def left(self, today: date, last: date) -> int:
        """How many working days are left after `today` up to `last`: 0 on the last one, negative after it."""
        step = 1 if last >= today else -1
        low, high = min(today, last), max(today, last)
        span = (low + timedelta(days=number) for number in range(1, (high - low).days + 1))
        return step * sum(1 for day in span if self.is_one(day))

    def terms(self) -> tuple[Term, ...]:
        """The terms that count in this country, the shortest first."""
        if self.country in EUROPEAN_UNION:
            return (Term.NOTIFY, Term.CONFIRM_PERISHABLE, Term.CONFIRM)
        return (Term.CONFIRM_PERISHABLE, Term.CONFIRM)


@cache
def _calendar(country: str, year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 - all its countries are 45 MB, which a bench needs only when a term is asked for

    return frozenset(holidays.country_holidays(country, years=year))
