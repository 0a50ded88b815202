"""The bench over HTTP: thin routes over edge/bench.py, and the pages.

`build` makes the app of a bench; edge/web/server.py serves it. edge/app.py calls both.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import resources

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from edge.bench import Bench
from edge.handhelds.pairing import Pairings
from edge.rehearsal import Rehearsed
from edge.settings import Settings
from edge.web import (
    box,
    doctor,
    drafts,
    events,
    facts,
    handhelds,
    inspections,
    pages,
    people,
    practice,
    shifts,
    stations,
    supervisor,
    told,
)
from edge.web.access import Access
from edge.web.documents import describe_api
from edge.web.limits import BodyLimits
from edge.web.measures import Measured, Measures
from edge.web.pace import Pace
from edge.web.problems import answer_errors
from edge.web.tasks import Work

__all__ = ["build"]

API = "/api/v1"


def build(bench: Bench, settings: Settings, rehearse: Callable[[], Rehearsed]) -> FastAPI:
    """The app of one bench. It owns nothing: whoever made the bench closes it."""
    measures = Measures()
    pairings = Pairings(settings.state_dir, bench.ledger, bench.origin, bench.now, bench.tell)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        listeners = events.Listeners(bench, asyncio.get_running_loop())
        app.state.listeners = listeners
        app.state.pairings = pairings
        app.state.work = Work(bench, settings, measures, rehearse)
        with listeners.running():
            yield

    app = FastAPI(
        title="Sekisho bench",
        version="1",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # FastAPI's own documentation pages load scripts from a CDN
        redoc_url=None,
        lifespan=lifespan,
    )
    api = APIRouter(prefix=API)
    for part in (inspections, facts, told, drafts, stations, people, shifts, handhelds, events, box):
        api.include_router(part.router)
    api.include_router(pages.pictures)
    app.include_router(api)
    app.include_router(pages.router)
    app.include_router(told.page)
    app.include_router(doctor.router)
    app.include_router(shifts.paper)
    app.include_router(handhelds.pages)
    if settings.training:
        app.include_router(practice.router)
    app.include_router(supervisor.router)
    app.include_router(drafts.page)
    app.mount("/static", StaticFiles(directory=str(resources.files("edge.web") / "pages" / "static")), name="static")
    answer_errors(app)
    describe_api(app)
    app.add_middleware(BodyLimits, settings=settings)
    app.add_middleware(Access, settings=settings, pairings=pairings)
    app.add_middleware(Pace, settings=settings)
    app.add_middleware(Measured, measures=measures)
    return app
