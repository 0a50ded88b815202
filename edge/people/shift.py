"""The shift of a station: what happened there since its last hand-over, what it leaves, and the row of handing it over.

It is read from the ledger and judges nothing. A parcel stands in the row by the id of its inspection; its number is a
personal value of the inspection's own rows, shown while it is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from edge.inspection import NOT_SIGNED_IN, Decision, Disposition, Origin
from edge.moment import Moment
from edge.people.rows import HANDED_OVER, SIGNED_IN, HandOver
from edge.steps.record import ASSESSED, DISPOSED, QUESTION, disposition_of
from edge.storage import documents
from edge.storage.chain import Entry, Row
from edge.storage.ledger import Ledger
from edge.storage.personal import PARCEL

_ROWS_AT_ONCE = 200
MOST_ROWS = 20_000  # a shift that was never handed over is told from here on
MOST_CARRIED = 500  # of each list of the hand-over before, the newest
_KINDS = (ASSESSED, DISPOSED, QUESTION, SIGNED_IN)
NOTE_MOST = 500


@dataclass(frozen=True, slots=True)
class Parcel:
    """One inspection that a shift leaves: its parcel number while that is kept, and what the bench said last."""

    inspection: str
    parcel: str
    outcome: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Shift:
    """What happened at a station since its last hand-over."""

    station: str
    since: int  # sequence of that hand-over, 0 for none
    begun: datetime | None  # its time; the first row's when there was none
    whole: bool  # False: only the newest rows were read, or the newest of what the shift before left
    officers: tuple[str, ...]  # ids, in the order of their first act
    worked: frozenset[str]  # those of them who did more than sign in
    taken_by: str  # who took over the shift at its begin, "not signed in" for nobody
    inspections: int
    verdicts: dict[str, int]
    decisions: dict[str, int]
    undecided: tuple[Parcel, ...]  # here and below: of this shift, and what the ones before left open
    referrals: tuple[Parcel, ...]
    questions: tuple[Parcel, ...]


def comes(shift: Shift, officer: str) -> bool:
    """Whether somebody who is signed in already has just come, and may take over what another one left."""
    there = ({*shift.officers, shift.taken_by} - {officer, NOT_SIGNED_IN}) or shift.inspections
    return bool(there) and officer not in {*shift.worked, shift.taken_by}


def shift_at(station: str, ledger: Ledger, *, ending: Callable[[str], bool], answered: Callable[[str], bool]) -> Shift:
    """The shift of a station. `ending`: an inspection's case is closed; `answered`: its questions are.

    Raises:
        LedgerError: it cannot be read.
    """
    last = ledger.recent(1, kinds=(HANDED_OVER,), station=station)
    since = last[0].seq if last else 0
    left = hand_over_of(last[0]) if last else None
    rows = list(_rows_after(since, station, ledger))
    rows.reverse()
    parcels: dict[str, Parcel] = {}
    standing: dict[str, list[tuple[int, Disposition]]] = {}
    asked: dict[str, None] = {}
    officers: dict[str, None] = {}
    worked: set[str] = set()
    for row in rows:
        name = row.entry.inspection
        if row.entry.origin.officer != NOT_SIGNED_IN:
            officers[row.entry.origin.officer] = None
            if row.entry.kind != SIGNED_IN:
                worked.add(row.entry.origin.officer)
        if row.entry.kind == ASSESSED:
            parcels[name] = _parcel(row)
        elif row.entry.kind == DISPOSED:
            done = disposition_of(row)
            before = [one for one in standing.get(name, []) if one[0] != done.undoes]
            standing[name] = [*before, (row.seq, done)] if done.decision is not None else before
        elif row.entry.kind == QUESTION:
            asked[name] = None
    decided = {name: done[-1][1].decision for name, done in standing.items() if done}
    older, all_carried = _carried(left, [name for name in standing if name not in parcels], ledger)
    open_now = {name: one[0] for name, one in older.items() if name not in parcels and one[1] is None}
    referred = {name: None for name, one in older.items() if one[1] is Decision.REFER}
    referred |= {name: None for name, one in decided.items() if one is Decision.REFER and name in parcels}
    questioned = [name for name in _newest(left.questions if left else ()) if name in older]
    return Shift(
        station=station,
        since=since,
        begun=last[0].entry.at.utc if last else rows[0].entry.at.utc if rows else None,
        whole=len(rows) < MOST_ROWS and all_carried,
        officers=tuple(officers),
        worked=frozenset(worked),
        taken_by=left.after if left else NOT_SIGNED_IN,
        inspections=len(parcels),
        verdicts=dict(Counter(one.outcome for one in parcels.values())),
        decisions=dict(Counter(str(one) for name, one in decided.items() if name in parcels)),
        undecided=(*open_now.values(), *(one for name, one in parcels.items() if name not in decided)),
        referrals=tuple(_told(name, parcels, ledger) for name in referred if not ending(name)),
        questions=tuple(
            _told(name, parcels, ledger) for name in dict.fromkeys((*questioned, *asked)) if not answered(name)
        ),
    )


def hand_over(shift: Shift, *, before: str, after: str, faults: tuple[str, ...], unsent: int, note: str) -> HandOver:
    """The noun of closing this shift: `after` takes over from `before`."""
    return HandOver(
        station=shift.station,
        before=before,
        after=after,
        since=shift.since,
        inspections=shift.inspections,
        verdicts=shift.verdicts,
        decisions=shift.decisions,
        undecided=tuple(one.inspection for one in shift.undecided),
        referrals=tuple(one.inspection for one in shift.referrals),
        questions=tuple(one.inspection for one in shift.questions),
        faults=faults,
        unsent=unsent,
        note=note[:NOTE_MOST],
    )


def handed_over(noun: HandOver, origin: Origin, at: Moment, ledger: Ledger) -> Row:
    """Append a hand-over; its officer is the one who takes over.

    Raises:
        LedgerError: the row could not be made durable.
    """
    return ledger.append((Entry(HANDED_OVER, "", origin, at, {"hand_over": documents.to_json(noun)}),))[0]


def hand_over_of(row: Row) -> HandOver:
    """The hand-over in a row of its kind."""
    return documents.from_json(HandOver, row.entry.body["hand_over"])


def _rows_after(since: int, station: str, ledger: Ledger) -> Iterator[Row]:
    """The rows of a station that a shift is told from, newest first, down to `since` or MOST_ROWS of them."""
    before: int | None = None
    read = 0
    while rows := ledger.recent(_ROWS_AT_ONCE, before, kinds=_KINDS, station=station):
        for row in rows:
            if row.seq <= since or read == MOST_ROWS:
                return
            read += 1
            yield row
        before = rows[-1].seq


def _newest(left: tuple[str, ...]) -> tuple[str, ...]:
    return left[-MOST_CARRIED:]


def _carried(
    left: HandOver | None, touched: list[str], ledger: Ledger
) -> tuple[dict[str, tuple[Parcel, Decision | None]], bool]:
    """What stands now of earlier shifts' parcels: of those left open, and of those this shift came back to.

    Decided at whatever station. False: there were more than MOST_CARRIED. One whose rows are kept no more is left out.
    """
    lists = (left.undecided, left.referrals, left.questions) if left else ()
    found: dict[str, tuple[Parcel, Decision | None]] = {}
    for name in dict.fromkeys((*(one for each in lists for one in _newest(each)), *touched)):
        rows = ledger.inspection(name)
        assessed = [row for row in rows if row.entry.kind == ASSESSED]
        if not assessed:
            continue
        standing: list[tuple[int, Disposition]] = []
        for row in rows:
            if row.entry.kind == DISPOSED:
                done = disposition_of(row)
                standing = [one for one in standing if one[0] != done.undoes]
                standing += [(row.seq, done)] if done.decision is not None else []
        found[name] = _parcel(assessed[-1]), standing[-1][1].decision if standing else None
    return found, all(len(each) <= MOST_CARRIED for each in lists)


def _parcel(row: Row) -> Parcel:
    outcome = str(row.entry.body["assessment"]["verdict"]["outcome"])
    return Parcel(row.entry.inspection, row.entry.personal.get(PARCEL, ""), outcome, row.entry.at.utc)


def _told(name: str, parcels: dict[str, Parcel], ledger: Ledger) -> Parcel:
    """A parcel of the shift, or of an earlier one that this shift has come back to."""
    if name in parcels:
        return parcels[name]
    return _parcel([row for row in ledger.inspection(name) if row.entry.kind == ASSESSED][-1])
