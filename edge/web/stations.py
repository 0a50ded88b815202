"""Routes of stations: a gun's scan, and the next parcel."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from edge.web.answers import AssessmentOut
from edge.web.cards import CardOut, card_among, commanded
from edge.web.documents import body, problems
from edge.web.inspections import Key, arrival, take
from edge.web.languages import Language
from edge.web.pace import client_of
from edge.web.people import SignedInOut, badge_among, scanning, signed_in
from edge.web.requests import ArrivalIn, NextIn
from edge.web.tasks import Works
from edge.web.uploads import received

router = APIRouter(prefix="/stations", tags=["stations"])

Station = Annotated[str, Path(min_length=1, max_length=64, description="Name of the station.")]


@router.post(
    "/{station}/scans",
    operation_id="scan",
    summary="A scan or a picture at a station",
    responses=problems(404, 409, 415),
    openapi_extra=body(ArrivalIn, pictures=True),
)
async def scan(  # noqa: PLR0917 - FastAPI gives each by its name
    request: Request, response: Response, work: Works, station: Station, language: Language, key: Key = ""
) -> AssessmentOut | SignedInOut | CardOut:
    """Joins the inspection that lies open there when it is the same parcel, or opens one.

    A badge alone signs in, a barcode of the desk card is carried out.
    """
    document, frames = await received(request, ArrivalIn, work.settings)
    if (badge := badge_among(document)) is not None and not frames:
        return await run_in_threadpool(signed_in, request, response, work, badge, station)
    if (card := card_among(document)) is not None and not frames:
        return await run_in_threadpool(commanded, request, work, card, station, document)
    return await take(work, request, response, arrival(document, frames, station=station, key=key), language)


@router.post(
    "/{station}/next",
    operation_id="next_parcel",
    summary="Go on to the next parcel",
    status_code=204,
    responses=problems(),
)
async def next_parcel(request: Request, work: Works, station: Station, document: NextIn | None = None) -> None:
    """Closes the inspection that lies open at the station. It is never a release.

    With an inspection it closes that one only, so that a repeated request never closes the parcel that follows.
    """
    done = document or NextIn()
    officer = await run_in_threadpool(scanning, request, work, done.officer)
    close = partial(work.bench.next, station, officer=officer, inspection=done.inspection or "")
    await work.take(close, client=client_of(request.scope), station=station)
