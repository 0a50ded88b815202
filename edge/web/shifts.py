"""Routes and page of a station's shift: what it was and leaves, and the one act that hands it over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from edge.errors import AccessRefused, Conflict, NotFound
from edge.inspection import NOT_SIGNED_IN
from edge.people.roles import Right
from edge.people.rows import HANDED_OVER, HandOver
from edge.people.shift import NOTE_MOST, Parcel, Shift, comes, hand_over, hand_over_of, handed_over, shift_at
from edge.storage.chain import Row
from edge.storage.knowledge import utc_day
from edge.supervisor.day import figures_of, seen_between, zone_of
from edge.web.answers import Outgoing
from edge.web.box import status_of
from edge.web.documents import problems
from edge.web.figures import Figure, of_span
from edge.web.languages import Language
from edge.web.pages import page, refusals_in
from edge.web.people import COOKIE, StationName, acting, claim_of, session_of, set_token, station_of, trusts_station
from edge.web.requests import ClaimIn, Name, Text
from edge.web.tasks import Work, Works

router = APIRouter(prefix="/shift", tags=["people"])
paper = APIRouter(include_in_schema=False)

FIRST_SHIFT = timedelta(days=1)  # drawn of a shift that no hand-over came before

Count = Annotated[int, Field(ge=0)]


class ParcelOut(Outgoing):
    """One inspection that a shift leaves."""

    inspection: str
    parcel: str = Field(description="Its number while that is kept; empty: none was read, or it was erased.")
    outcome: str = Field(description="What the bench said last.")
    at: datetime


class ShiftOut(Outgoing):
    """What happened at a station since its last hand-over."""

    station: str
    since: Count = Field(description="Sequence of that hand-over; 0: there was none.")
    begun: datetime | None = Field(description="When it began; null: nothing has happened.")
    whole: bool = Field(description="false: so much that only the newest of it was read.")
    officers: tuple[str, ...]
    inspections: Count
    verdicts: dict[str, Count]
    decisions: dict[str, Count]
    undecided: tuple[ParcelOut, ...] = Field(description="Of this shift, and what the ones before left, as all below.")
    referrals: tuple[ParcelOut, ...] = Field(description="Referred, without an ending so far.")
    questions: tuple[ParcelOut, ...] = Field(description="Asked, without an answer so far.")
    faults: tuple[str, ...] = Field(description="Parts of the box that do not do their part.")
    unsent: Count = Field(description="Rows that the central has not receipted.")

    @classmethod
    def of(cls, shift: Shift, faults: tuple[str, ...], unsent: int) -> Self:
        """From the noun."""
        named = ("station", "since", "begun", "whole", "officers", "inspections", "verdicts", "decisions")
        return cls(
            **{name: getattr(shift, name) for name in named},
            undecided=_parcels(shift.undecided),
            referrals=_parcels(shift.referrals),
            questions=_parcels(shift.questions),
            faults=faults,
            unsent=unsent,
        )


class HandOverIn(ClaimIn):
    """Who takes over. Nobody may: `alone` closes the shift at the end of the day."""

    station: Name = Field(default="", description="Name of the station; empty: the first one.")
    alone: bool = Field(default=False, description="true: nobody takes over.")
    officer: Name = Field(default="", description="Who takes over, on a box without accounts.")
    note: Text = Field(default="", max_length=NOTE_MOST, description="A word to whoever comes. Name no person.")


class HandOverOut(Outgoing):
    """A shift that was handed over. Parcels stand here by the ids of their inspections."""

    sequence: int = Field(description="The row's place in the ledger.")
    at: datetime
    station: str
    before: str
    after: str
    inspections: Count
    verdicts: dict[str, Count]
    decisions: dict[str, Count]
    undecided: tuple[str, ...]
    referrals: tuple[str, ...]
    questions: tuple[str, ...]
    faults: tuple[str, ...]
    unsent: Count
    note: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """From its row."""
        noun: HandOver = hand_over_of(row)
        told = {name: getattr(noun, name) for name in cls.model_fields if name not in {"sequence", "at"}}
        return cls(sequence=row.seq, at=row.entry.at.utc, **told)


class HandOversOut(Outgoing):
    """Hand-overs, newest first."""

    hand_overs: tuple[HandOverOut, ...]


@router.get("", operation_id="shift", summary="The shift of a station so far", responses=problems())
def shift(request: Request, work: Works, station: StationName = "") -> ShiftOut:
    """What happened since the last hand-over, and what would be left now."""
    where = station_of(work, station)
    _reading(request, work, where)
    return _told(work, where)[1]


@router.post("/hand-over", operation_id="hand_over", summary="Hand a shift over", responses=problems(409, 429))
def hand_over_shift(request: Request, response: Response, work: Works, document: HandOverIn) -> HandOverOut:
    """One act: the shift is closed, who hands over is signed out, and whoever showed the badge is signed in.

    Where the session of who left is over nobody hands over: whoever comes takes over by the badge, signed in before or
    not.

    Raises:
        Conflict: hand_over_conflict: the one who takes over is the one who hands over.
    """
    station, desk = station_of(work, document.station), work.bench.desk
    accounts = desk.has_accounts()
    before = NOT_SIGNED_IN
    if accounts and (document.alone or desk.at(station).person is not None):
        before = acting(request, work, Right.HAND_OVER, station)
    if document.alone:
        after, account = NOT_SIGNED_IN, None
    elif accounts:
        account, by = desk.known(claim_of(request, document), station, Right.HAND_OVER)
        after = account.id
    else:
        after, account = document.officer or NOT_SIGNED_IN, None
    noun, told = _told(work, station)
    if after == before and comes(noun, after):
        before = NOT_SIGNED_IN
    if after == before != NOT_SIGNED_IN:
        raise Conflict(
            "hand_over_conflict",
            f"Expected another officer than {before} to take over, got the same one.",
            hint="The officer who comes scans the badge; or close the shift without one.",
        )
    found = hand_over(
        noun, before=before, after=after, faults=told.faults, unsent=told.unsent, note=document.note.strip()
    )
    row = handed_over(found, work.bench.origin(station, after), work.bench.now(), work.bench.ledger)
    token = request.cookies.get(COOKIE, "")
    if account is not None:
        desk.switch(account, by, station)
    elif accounts and (token or trusts_station(request, work)):
        set_token(request, response, desk.sign_out(station, token))
    work.bench.tell(row)
    return HandOverOut.of(row)


@router.get("/hand-overs", operation_id="hand_overs", summary="Shifts that were handed over", responses=problems())
def hand_overs(
    request: Request, work: Works, station: StationName = "", limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> HandOversOut:
    """Of one station, newest first."""
    where = station_of(work, station)
    _reading(request, work, where)
    rows = work.bench.ledger.recent(limit, kinds=(HANDED_OVER,), station=where)
    return HandOversOut(hand_overs=tuple(HandOverOut.of(row) for row in rows))


@paper.get("/shift")
def shift_page(request: Request, work: Works, language: Language, station: StationName = "") -> HTMLResponse:
    """The shift for reading and printing, with the form that hands it over."""
    where = station_of(work, station)
    try:
        told: ShiftOut | None = shift(request, work, where)
    except AccessRefused:
        told = None
    begun = told.begun if told else None
    charts = _charts(work, language, where, begun, work.bench.now().utc) if begun else ()
    return _page(request, work, language, station=where, shift=told, done=None, charts=charts)


@paper.get("/shift/{sequence}")
def handed_over_page(
    request: Request, work: Works, language: Language, sequence: Annotated[int, Path(ge=1, le=2**53)]
) -> HTMLResponse:
    """A shift that was handed over.

    Raises:
        NotFound: hand_over_not_found.
    """
    row = work.bench.ledger.row(sequence)
    if row is None or row.entry.kind != HANDED_OVER:
        raise NotFound("hand_over_not_found", f"Expected the row of a hand-over, got {sequence}.")
    done = HandOverOut.of(row)
    try:
        _reading(request, work, done.station)
    except AccessRefused:
        return _page(request, work, language, station=done.station, shift=None, done=None, charts=())
    before = work.bench.ledger.row(hand_over_of(row).since)
    begun = before.entry.at.utc if before is not None else done.at - FIRST_SHIFT
    charts = _charts(work, language, done.station, begun, done.at)
    return _page(request, work, language, station=done.station, shift=None, done=done, charts=charts)


def _charts(work: Work, language: str, station: str, begun: datetime, ended: datetime) -> tuple[Figure, ...]:
    """The figures of a shift, drawn; its first second and its last one belong to it."""
    zone = zone_of(work.settings.time_zone)
    seen, _ = seen_between(work.bench.ledger, begun, ended + timedelta(seconds=1), zone, station=station)
    return of_span(figures_of(seen), language, zone)


def _page(request: Request, work: Work, language: str, station: str, **values: Any) -> HTMLResponse:  # noqa: ANN401
    who = session_of(request, work, station)
    refusals = refusals_in(language)
    return page("shift.html", work, language, station=station, who=who, refusals=refusals, **values)


def _reading(request: Request, work: Work, station: str) -> None:
    """Whoever is signed in at a station reads its shift; any other station's is a supervisor's to read.

    Raises:
        AccessRefused: see `acting`.
    """
    desk, token = work.bench.desk, request.cookies.get(COOKIE, "")
    here, me = desk.at(station).person, desk.at(station, token).person
    own = here is not None and here == me
    acting(request, work, Right.HAND_OVER if own else Right.READ_SHIFTS, station)


def _told(work: Work, station: str) -> tuple[Shift, ShiftOut]:
    knowledge, today = work.bench.shelves.knowledge.current(), utc_day(work.bench.now().utc)
    found = shift_at(
        station,
        work.bench.ledger,
        ending=lambda name: bool(knowledge.of_inspection("outcomes", name)),
        answered=lambda name: any(one.get("inspection") == name for one in knowledge.answers(name, (), today)),
    )
    parts = status_of(work).parts
    faults = tuple(f"{part.name}: {part.detail}" for part in parts if part.state == "fault")
    return found, ShiftOut.of(found, faults, work.bench.ledger_state().unsent)


def _parcels(parcels: tuple[Parcel, ...]) -> tuple[ParcelOut, ...]:
    return tuple(
        ParcelOut(inspection=one.inspection, parcel=one.parcel, outcome=one.outcome, at=one.at) for one in parcels
    )
