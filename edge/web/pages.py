"""The pages: a shell, and fragments that it fetches when the bench has news. Every word is made on the box.

No address outside the bench is ever named: no CDN, no external font. The officer's full page is another matter.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
import time
from functools import cache
from types import SimpleNamespace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from edge.card_acts import Shown
from edge.checks.question import pictures as askable
from edge.comparison import FaceComparison
from edge.display import visible
from edge.errors import BoxError
from edge.messages import NAMES, labels, tag
from edge.steps.record import LATE, late_of
from edge.web.access import COOKIE, SESSION_S, WRONG_TOKEN_PAUSE_S, is_loopback, session_cookie
from edge.web.answers import AssessmentOut, LateOut, SummaryOut
from edge.web.box import kind_of, status_of
from edge.web.card import card_of
from edge.web.documents import problems
from edge.web.events import newest
from edge.web.facts import facts_of
from edge.web.inspections import Id, recent
from edge.web.languages import Asked, Language, remember
from edge.web.people import session_of
from edge.web.requests import ID_PATTERN
from edge.web.tasks import Work, Works

router = APIRouter(include_in_schema=False)
pictures = APIRouter(tags=["inspections"])

SHOWN_RECENT = 12
SHOWN_LATE = 5
_OWN = re.compile(r"/(?![/\\])[^\\\x00-\x1f]*")  # an address of this bench and of no other site
_PROBLEM = "problem_"  # before a code, in edge/labels.toml

Inspection = Annotated[str, Query(pattern=ID_PATTERN)]
StationName = Annotated[str, Query(max_length=64)]


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("edge.web", "pages/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: object) -> object:
    """Every value on its way into a page: text from outside is made visible, markup of a template stays."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def page(name: str, work: Work, language: str, **values: object) -> HTMLResponse:
    """A template with the words of a language, the settings, and the names of people by their ids."""
    label = SimpleNamespace(**labels(language))  # no mapping: a label may be called "items" or "keys"
    words = {"label": label, "language": language, "tag": tag(language), "names": NAMES, "tag_of": tag}
    named = work.bench.desk.name_of
    return HTMLResponse(_templates().get_template(name).render(**words, settings=work.settings, named=named, **values))


@router.get("/")
def bench(
    request: Request, work: Works, language: Language, lang: Asked = "", station: StationName = ""
) -> HTMLResponse:
    """The bench page of one station."""
    station, told = _station(work, station), newest(work.bench)
    card = _open_card(work, station, language)
    around = {"refusals": refusals_in(language), "who": session_of(request, work, station), **_around(work, language)}
    here = is_loopback(request.url.hostname or "")  # the practice bench is reached from the box's own screen alone
    shown = page("bench.html", work, language, station=station, told=told, card=card, at_the_box=here, **around)
    if lang:
        remember(shown, lang)
    return shown


@router.get("/pages/who")
def who(request: Request, work: Works, language: Language, station: StationName = "") -> HTMLResponse:
    """Who is signed in at a station. Asking is no act."""
    station = _station(work, station)
    return page("who.html", work, language, station=station, who=session_of(request, work, station))


@router.get("/pages/card")
def card(work: Works, language: Language, station: StationName = "") -> HTMLResponse:
    """What lies open at a station."""
    return page("open.html", work, language, card=_open_card(work, _station(work, station), language))


@router.get("/pages/around")
def around(work: Works, language: Language, station: StationName = "") -> HTMLResponse:
    """The recent inspections and the status of the box."""
    return page("news.html", work, language, station=_station(work, station), **_around(work, language))


@router.get("/pages/facts")
def facts(work: Works, language: Language, inspection: Inspection) -> HTMLResponse:
    """What the registry knows now of an inspection's items."""
    record = work.bench.record(inspection)
    latest = AssessmentOut.of(record.assessments[-1], language)
    return page("facts.html", work, language, assessment=latest, facts=facts_of(work, record, language))


@router.get("/inspections/{inspection}")
def one(work: Works, inspection: Id, language: Language) -> HTMLResponse:
    """The report of one inspection, for reading and printing."""
    record = work.bench.record(inspection)
    shown = card_of(work, record, language)
    return page("report.html", work, language, card=shown, station=shown["station"], pictures=askable(record))


@pictures.get(
    "/inspections/{inspection}/report.svg",
    operation_id="report_picture",
    summary="Captured face, registered face and differences beside each other",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}, **problems(404)},
)
def report_picture(work: Works, inspection: Id, language: Language) -> Response:
    """One row a comparison; the pictures are inside it, so that it needs nothing else."""
    record = work.bench.record(inspection)
    rows = [_pictures(work, comparison) for comparison in record.assessments[-1].seen.comparisons]
    drawn = page("report.svg", work, language, rows=rows, inspection=inspection)
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
    return Response(drawn.body, media_type="image/svg+xml", headers={"Content-Security-Policy": policy})


@router.get("/sign-in")
def sign_in_page(work: Works, language: Language, to: str = "/") -> HTMLResponse:
    """Asks for the token. `to` is where the browser wanted to go."""
    return page("sign_in.html", work, language, wrong=False, to=to)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    work: Works,
    language: Language,
    token: Annotated[str, Form(max_length=1000)] = "",
    to: Annotated[str, Form(max_length=1000)] = "/",
) -> Response:
    """Turns the token into a cookie, because an EventSource and a picture cannot send a header."""
    if not hmac.compare_digest(token.strip().encode(), work.settings.token.encode()) or not work.settings.token:
        await asyncio.sleep(WRONG_TOKEN_PAUSE_S)
        again = page("sign_in.html", work, language, wrong=True, to=to)
        again.status_code = 401
        return again
    answer = RedirectResponse(to if _OWN.fullmatch(to) else "/", 303)
    answer.set_cookie(
        COOKIE,
        session_cookie(work.settings.token, time.time()),
        max_age=SESSION_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/sign-out")
def sign_out() -> Response:
    """Forgets the cookie."""
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def refusals_in(language: str) -> str:
    """What the page says of a refused request, JSON by the code of the problem."""
    said = {name.removeprefix(_PROBLEM): text for name, text in labels(language).items() if name.startswith(_PROBLEM)}
    return json.dumps(said, ensure_ascii=False)


def _station(work: Work, station: str) -> str:
    return station if station in work.settings.stations else work.settings.stations[0]


def _around(work: Work, language: str) -> dict[str, Any]:
    records, _ = recent(work, SHOWN_RECENT)
    late = [
        (row.entry.inspection, LateOut.of(late_of(row), language))
        for row in work.bench.recent(SHOWN_LATE, kinds=(LATE,))
    ]
    return {"recent": [SummaryOut.of(record, language) for record in records], "late": late, "status": status_of(work)}


def _open_card(work: Work, station: str, language: str) -> dict[str, Any] | None:
    """What lies open at a station, as the bench has it: the next scan may join it."""
    inspection = work.bench.open_at(station)
    record = work.bench.record(inspection) if inspection else None
    work.bench.shows(station, Shown(inspection, record.assessments[-1].number if record else 0))
    return card_of(work, record, language) if record else None


def _pictures(work: Work, comparison: FaceComparison) -> dict[str, str]:
    """The pictures of a comparison as data addresses, by role; one that is gone is left out."""
    pictures = {}
    for kept in comparison.pictures:
        try:
            data = work.bench.evidence(kept.sha256)
        except BoxError:
            continue
        pictures[kept.role] = f"data:{kind_of(data)};base64,{base64.b64encode(data).decode()}"
    return pictures
