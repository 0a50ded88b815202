"""Routes of inspections: take in, read, decide."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from edge import practice
from edge.arrival import Arrival
from edge.errors import Conflict, RequestRefused
from edge.inspection import NOT_SIGNED_IN, InspectionRecord
from edge.people.roles import Right
from edge.people.second import Asked
from edge.ports import Frame
from edge.steps.record import ASSESSED
from edge.web.answers import AssessmentOut, DispositionOut, InspectionOut, InspectionsOut, SummaryOut
from edge.web.cards import CardOut, card_among, commanded
from edge.web.documents import body, problems
from edge.web.handheld_gate import handheld_of, named_by
from edge.web.languages import Language
from edge.web.pace import client_of
from edge.web.people import SignedInOut, acting, badge_among, claim_of, refuse_empty, scanning, signed_in
from edge.web.requests import ID_PATTERN, ArrivalIn, CodesIn, DispositionIn, InspectionIn, UndoIn
from edge.web.tasks import Work, Works
from edge.web.uploads import received

router = APIRouter(prefix="/inspections", tags=["inspections"])

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        pattern=r"^[\x21-\x7e]*$",
        description="Names this request for when it is sent again. Any printable ASCII, a UUID for instance.",
    ),
]
Id = Annotated[str, Path(pattern=ID_PATTERN, description="UUIDv7.")]


@router.post(
    "",
    operation_id="inspect",
    summary="Give the bench codes, pictures or a declaration",
    responses=problems(404, 409, 415),
    openapi_extra=body(InspectionIn, pictures=True),
)
async def inspect(
    request: Request, response: Response, work: Works, language: Language, key: Key = ""
) -> AssessmentOut | SignedInOut | CardOut:
    """Joins the inspection that lies open at the station when it is the same parcel, or opens one.

    The answer is durable before it is sent. Its Location is the inspection. A badge alone signs in at the station, a
    barcode of the desk card is carried out there.
    """
    document, frames = await received(request, InspectionIn, work.settings)
    station = document.station or work.settings.stations[0]
    if (badge := badge_among(document)) is not None and not frames:
        return await run_in_threadpool(signed_in, request, response, work, badge, station)
    if (card := card_among(document)) is not None and not frames:
        return await run_in_threadpool(commanded, request, work, card, document.station, document)
    came = arrival(document, frames, station=station, key=key)
    return await take(work, request, response, replace(came, joins=document.joins), language)


@router.post(
    "/{inspection}/codes",
    operation_id="add_codes",
    summary="Add codes to an inspection",
    responses=problems(404, 409, 415),
    openapi_extra=body(CodesIn, pictures=False),
)
async def add_codes(  # noqa: PLR0917 - FastAPI gives each by its name
    request: Request, response: Response, work: Works, inspection: Id, language: Language, key: Key = ""
) -> AssessmentOut:
    """Answers with a new assessment of everything seen so far."""
    document, _ = await received(request, CodesIn, work.settings)
    more = ArrivalIn(codes=document.codes, officer=document.officer, taken=document.taken)
    return await take(work, request, response, arrival(more, (), station="", key=key, inspection=inspection), language)


@router.post(
    "/{inspection}/captures",
    operation_id="add_captures",
    summary="Add pictures to an inspection",
    responses=problems(404, 409, 415),
    openapi_extra=body(ArrivalIn, pictures=True),
)
async def add_captures(  # noqa: PLR0917 - FastAPI gives each by its name
    request: Request, response: Response, work: Works, inspection: Id, language: Language, key: Key = ""
) -> AssessmentOut:
    """Answers with a new assessment of everything seen so far."""
    document, frames = await received(request, ArrivalIn, work.settings)
    return await take(
        work, request, response, arrival(document, frames, station="", key=key, inspection=inspection), language
    )


@router.get("/{inspection}", operation_id="read_inspection", summary="Read an inspection", responses=problems(404))
def read_inspection(work: Works, inspection: Id, language: Language) -> InspectionOut:
    """Its newest assessment, and the officer's rows."""
    return InspectionOut.of(work.bench.record(inspection), language)


@router.get("", operation_id="list_inspections", summary="List inspections, newest first", responses=problems())
def list_inspections(
    work: Works,
    language: Language,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[int | None, Query(ge=1, le=2**53, description="`before` of the page that came before.")] = None,
) -> InspectionsOut:
    """One entry an inspection, at the place of its newest assessment."""
    records, last = recent(work, limit, before)
    return InspectionsOut(inspections=tuple(SummaryOut.of(record, language) for record in records), before=last)


@router.put(
    "/{inspection}/disposition",
    operation_id="dispose",
    summary="Record the officer's decision",
    responses=problems(404, 409, 429),
)
def dispose(request: Request, work: Works, inspection: Id, document: DispositionIn) -> DispositionOut:
    """A row of its own. A release against the advice needs a reason. Sent twice it is answered twice, kept once."""
    station = work.bench.record(inspection).station
    officer = acting(request, work, Right.DECIDE, station, document.officer)
    second = ""
    if document.second is not None:
        refuse_empty(document.second)
        second = work.bench.desk.known(claim_of(request, document.second), station, Right.DECIDE)[0].id
    try:
        done = work.bench.dispose(
            inspection,
            document.decision,
            officer=officer,
            reason=document.reason,
            assessment=document.assessment,
            confirmed_by=second,
        )
    except Conflict as error:  # a handheld asks for the second one on itself
        if error.code == "second_person_conflict" and handheld_of(request.scope) is None:
            work.bench.seconds.ask(station, Asked(inspection, officer, document.reason, document.assessment))
        raise
    work.bench.seconds.close(station, inspection)
    return DispositionOut.of(done)


@router.post(
    "/{inspection}/undo",
    operation_id="undo",
    summary="Take the decision back",
    responses=problems(404, 409),
)
def undo(request: Request, work: Works, inspection: Id, document: UndoIn) -> DispositionOut:
    """A row of its own; nothing is deleted."""
    officer = acting(request, work, Right.DECIDE, work.bench.record(inspection).station, document.officer)
    return DispositionOut.of(work.bench.undo(inspection, officer=officer, reason=document.reason))


def arrival(document: ArrivalIn, frames: tuple[Frame, ...], *, station: str, key: str, inspection: str = "") -> Arrival:
    """What came, as the bench takes it.

    Raises:
        RequestRefused: `request_empty`, there is nothing in it.
        CodeRefused: a code that no scanner sends.
    """
    if not (document.codes or frames or document.consignment):
        raise RequestRefused(
            "request_empty",
            "A request must hold a code, a picture or a declaration, got none.",
            hint="Name the files of a multipart request capture.",
        )
    return Arrival(
        station=station,
        codes=tuple(code.as_raw() for code in document.codes),
        pictures=tuple(replace(frame, source=document.camera or frame.source) for frame in frames),
        consignment=document.consignment.as_noun() if document.consignment else None,
        inspection=inspection,
        key=key,
        officer=document.officer or NOT_SIGNED_IN,
        taken=(document.taken.at, document.taken.sent) if document.taken else None,
        taken_by=document.taken.by if document.taken else None,
    )


async def take(work: Work, request: Request, response: Response, came: Arrival, language: str) -> AssessmentOut:
    """Have the bench take an arrival, and point to its inspection. One that names no station comes to its own."""
    if came.inspection:
        kept = await run_in_threadpool(work.bench.record, came.inspection)
        came = replace(came, station=kept.station)
    if work.settings.training:
        came = await run_in_threadpool(practice.whole, work.settings.state_dir, came)
    came = named_by(request.scope, came)
    officer = "" if came.officer == NOT_SIGNED_IN else came.officer
    came = of_who_took_it(replace(came, officer=await run_in_threadpool(scanning, request, work, officer)))
    inspect = partial(work.bench.inspect, came)
    assessment = await work.take(inspect, client=client_of(request.scope), station=came.station)
    response.headers["Location"] = f"/api/v1/inspections/{assessment.inspection}"
    work.measures.count(assessment)
    return AssessmentOut.of(assessment, language)


def of_who_took_it(came: Arrival) -> Arrival:
    """What waited in a queue is of who was signed in when it was taken, or of nobody: never of who sends it later."""
    sends = "" if came.officer == NOT_SIGNED_IN else came.officer
    if came.taken_by in {None, sends}:
        return came
    return replace(came, officer=NOT_SIGNED_IN, own=True)


def recent(work: Work, limit: int, before: int | None = None) -> tuple[list[InspectionRecord], int | None]:
    """Up to `limit` inspections, newest assessment first, and the ledger sequence to go on from (None: no more)."""
    records: dict[str, InspectionRecord] = {}  # each is read once, however many rows it has
    found: list[InspectionRecord] = []
    while rows := work.bench.recent(limit, before):
        for row in rows:
            before = row.seq
            name = row.entry.inspection
            if row.entry.kind != ASSESSED:
                continue
            if name not in records:
                records[name] = work.bench.record(name)
            if records[name].assessments[-1].at == row.entry.at:  # else an older assessment of one listed elsewhere
                found.append(records[name])
            if len(found) == limit:
                return found, before
    return found, None
