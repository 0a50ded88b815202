"""A day of the box, or a station's shift: its inspections with what was decided, and the figures drawn of them.

Hours are those of the box's time zone; every time stays UTC. An inspection stands at its last assessment of the span.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import quantiles
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge.errors import SettingsError
from edge.inspection import Decision, Outcome, Weight
from edge.storage.ledger_glance import AssessedGlance, DecidedGlance, assessed_between, decided_of
from edge.storage.ledger_reader import LedgerReader

MOST_ROWS = 5_000  # assessments of a span that are read: ten full days' work of one officer
REASONS_SHOWN = 10
_COUNTING = frozenset({Weight.CHECK, Weight.STRONG, Weight.LIMIT})
_AGAINST = frozenset({Outcome.CHECK, Outcome.STRONG_INDICATION})


@dataclass(frozen=True, slots=True)
class Seen:
    """One inspection of a span: its last assessment there, and the decision that stands now."""

    assessed: AssessedGlance
    hour: int  # 0..23, of the box's time zone
    decided: DecidedGlance | None

    @property
    def is_override(self) -> bool:
        """Released although the bench pointed at something."""
        return (
            self.decided is not None and self.decided.decision is Decision.RELEASE and self.assessed.outcome in _AGAINST
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """Which inspections of a day are listed; "" and None choose all."""

    outcome: str = ""
    decision: str = ""  # a Decision, or UNDECIDED
    officer: str = ""
    station: str = ""
    hour: int | None = None

    def takes(self, one: Seen) -> bool:
        """Whether an inspection is among them."""
        decision = UNDECIDED if one.decided is None else str(one.decided.decision)
        officers = {one.assessed.officer} | ({one.decided.officer} if one.decided else set())
        return (
            self.outcome in {"", one.assessed.outcome}
            and self.decision in {"", decision}
            and (not self.officer or self.officer in officers)
            and self.station in {"", one.assessed.station}
            and self.hour in {None, one.hour}
        )


UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of a span."""

    hour: int
    outcomes: dict[Outcome, int]
    p50_ms: float | None  # time of an answer; None: there was none
    p95_ms: float | None

    @property
    def inspections(self) -> int:
        """How many there were."""
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Figures:
    """What is drawn of a span."""

    hours: tuple[Hour, ...]  # every one from the first with an inspection to the last
    reasons: tuple[tuple[str, int], ...]  # finding codes that counted, the most frequent first
    p50_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class Override:
    """A reason of the bench that officers released against: how often it was said, and where it was not followed."""

    code: str
    said: int
    released: tuple[Seen, ...]


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name.

    Raises:
        SettingsError: settings_time_zone: there is none of this name on this box.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            "settings_time_zone",
            f"Expected a time zone such as Asia/Tokyo, got {name!r}.",
            hint="Set SEKISHO_TIME_ZONE to a name of the IANA time zone database.",
        ) from error


def span_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Beginning and end of a day in a zone."""
    begin, end = (datetime.combine(day + timedelta(days=more), time(), zone) for more in (0, 1))
    return begin, end


def seen_between(
    ledger: LedgerReader, since: datetime, until: datetime, zone: ZoneInfo, *, station: str = ""
) -> tuple[tuple[Seen, ...], bool]:
    """The inspections of a span, newest first, and whether all of them could be read.

    Raises:
        LedgerError: it cannot be read.
    """
    rows = assessed_between(ledger, since, until, MOST_ROWS)
    last = {row.inspection: row for row in rows if station in {"", row.station}}
    decided = decided_of(ledger, last)
    found = [Seen(row, row.at.astimezone(zone).hour, standing(decided.get(name, ()))) for name, row in last.items()]
    found.sort(key=lambda one: -one.assessed.seq)
    return tuple(found), len(rows) < MOST_ROWS


def standing(rows: Iterable[DecidedGlance]) -> DecidedGlance | None:
    """The decision that stands: the last one that was not taken back."""
    rows = tuple(rows)
    undone = {row.undoes for row in rows}
    left = [row for row in rows if row.decision is not None and row.seq not in undone]
    return left[-1] if left else None


def figures_of(seen: Sequence[Seen]) -> Figures:
    """The figures of a span."""
    by_hour: dict[int, list[Seen]] = {}
    for one in seen:
        by_hour.setdefault(one.hour, []).append(one)
    hours = range(min(by_hour, default=0), max(by_hour, default=-1) + 1)
    reasons = Counter(code for one in seen for code in _codes(one))
    p50, p95 = _percentiles(seen)
    return Figures(
        hours=tuple(_hour(hour, by_hour.get(hour, [])) for hour in hours),
        reasons=tuple(sorted(reasons.items(), key=lambda one: (-one[1], one[0]))[:REASONS_SHOWN]),
        p50_ms=p50,
        p95_ms=p95,
    )


def overrides_of(seen: Sequence[Seen]) -> tuple[Override, ...]:
    """By finding code: what was released although the bench said CHECK or STRONG INDICATION, the most often first."""
    said = Counter(code for one in seen if one.assessed.outcome in _AGAINST for code in _codes(one))
    released: dict[str, list[Seen]] = {}
    for one in seen:
        if one.is_override:
            for code in _codes(one):
                released.setdefault(code, []).append(one)
    found = [Override(code, said[code], tuple(those)) for code, those in released.items()]
    return tuple(sorted(found, key=lambda one: (-len(one.released), one.code)))


def _codes(one: Seen) -> tuple[str, ...]:
    """The findings that made the verdict, each once."""
    return tuple(dict.fromkeys(code for code, weight in one.assessed.findings if weight in _COUNTING))


def _hour(hour: int, seen: Sequence[Seen]) -> Hour:
    p50, p95 = _percentiles(seen)
    counted = Counter(one.assessed.outcome for one in seen)
    return Hour(hour, {outcome: counted[outcome] for outcome in Outcome}, p50, p95)


def _percentiles(seen: Sequence[Seen]) -> tuple[float | None, float | None]:
    times = [one.assessed.compute_ms for one in seen]
    if not times:
        return None, None
    if len(times) == 1:
        return times[0], times[0]
    cuts = quantiles(times, n=20, method="inclusive")
    return cuts[9], cuts[18]
