"""Open referrals and detentions, whenever they were decided, and the clock of working days that runs for each.

The bench knows the day of the officer's decision, not the day on which a notice was served: the days that stand here
are what a term would be that began with the decision. A clock that was not to be trusted then, or is not now, counts
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from edge.inspection import Decision
from edge.moment import ClockTrust, Moment
from edge.storage.ledger_glance import DecidedGlance, decided_of, held
from edge.storage.ledger_reader import LedgerReader
from edge.supervisor.day import standing
from edge.working_days import TERM_DAYS, Term, WorkingDays

MOST_HELD = 200


@dataclass(frozen=True, slots=True)
class Deadline:
    """One term: its last day, and the working days that are left of it; negative: it is over."""

    term: Term
    last: date
    left: int


@dataclass(frozen=True, slots=True)
class Held:
    """One parcel that was referred or detained and whose case has no ending. No deadlines: a clock is not trusted."""

    inspection: str
    decided: DecidedGlance
    deadlines: tuple[Deadline, ...]
    trusted: bool


def open_held(
    ledger: LedgerReader, *, ending: Callable[[str], bool], working: WorkingDays, zone: ZoneInfo, now: Moment
) -> tuple[tuple[Held, ...], bool]:
    """What is held, the longest first, and whether all of it could be read. `ending`: an inspection's case is closed.

    Raises:
        LedgerError: it cannot be read.
    """
    names = held(ledger, MOST_HELD)
    decided = decided_of(ledger, names)
    found = []
    for name in names:
        last = standing(decided.get(name, ()))
        if last is not None and last.decision in {Decision.REFER, Decision.DETAIN} and not ending(name):
            found.append(_held(name, last, working, zone, now))
    return tuple(sorted(found, key=lambda one: one.decided.seq)), len(names) < MOST_HELD


def _held(name: str, decided: DecidedGlance, working: WorkingDays, zone: ZoneInfo, now: Moment) -> Held:
    if ClockTrust.UNTRUSTED in {decided.trust, now.trust}:
        return Held(name, decided, (), trusted=False)
    event, today = decided.at.astimezone(zone).date(), now.utc.astimezone(zone).date()
    deadlines = []
    for term in working.terms():
        last = working.after(event, TERM_DAYS[term])
        deadlines.append(Deadline(term, last, working.left(today, last)))
    return Held(name, decided, tuple(deadlines), trusted=True)
