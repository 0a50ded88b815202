"""The page of a practice bench: its drawn parcels, laid on the bench by a press, and the score by kind.

It is served by a bench of `SEKISHO_TRAINING` alone. A real bench has a link to it and nothing else.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from edge import practice
from edge.errors import NotFound
from edge.inspection import InspectionRecord
from edge.practice import KnownParcel
from edge.web.inspections import recent, take
from edge.web.languages import Language
from edge.web.pages import page
from edge.web.tasks import Work, Works

router = APIRouter(prefix="/practice", include_in_schema=False)

MOST = 200  # inspections that a score is told from, the newest

Order = Annotated[int, Path(ge=1, le=999)]


@router.get("")
def shown(work: Works, language: Language) -> HTMLResponse:
    """The parcels and the score."""
    parcels = practice.known(work.settings.state_dir)
    found = practice.tried(parcels, _records(work))
    return page("practice.html", work, language, parcels=parcels, tried=found, scores=practice.scores(found))


@router.post("/{order}")
async def lay(
    request: Request, work: Works, language: Language, order: Order, station: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    """Lay a parcel on the bench as an officer's hands would, after the one that lies there: number, pictures, paper."""
    where = station if station in work.settings.stations else work.settings.stations[0]
    parcel = await run_in_threadpool(_parcel, work, order)
    came = await run_in_threadpool(parcel.arrival, work.settings.state_dir / practice.FOLDER, where)
    await run_in_threadpool(work.bench.next, where)
    await take(work, request, Response(), came, language)
    return RedirectResponse(f"/?station={where}", 303)


@router.get("/sheet.pdf")
def sheet(work: Works) -> FileResponse:
    """The sheet with the numbers of the parcels, for a scanner."""
    return FileResponse(work.settings.state_dir / practice.FOLDER / practice.SHEET, media_type="application/pdf")


@router.get("/{order}.jpg")
def picture(work: Works, order: Order) -> FileResponse:
    """The first picture of a parcel."""
    parcel = _parcel(work, order)
    if not parcel.pictures:
        raise NotFound("not_found", f"Expected a parcel with a picture, got {order}.", hint="Open /practice.")
    return FileResponse(work.settings.state_dir / practice.FOLDER / parcel.pictures[0], media_type="image/jpeg")


def _parcel(work: Work, order: int) -> KnownParcel:
    for one in practice.known(work.settings.state_dir):
        if one.order == order:
            return one
    raise NotFound("not_found", f"Expected the number of a drawn parcel, got {order}.", hint="Open /practice.")


def _records(work: Work) -> list[InspectionRecord]:
    """The newest inspections, the oldest of them first."""
    found, _ = recent(work, MOST)
    return found[::-1]
