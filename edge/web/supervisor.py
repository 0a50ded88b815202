"""The supervisor's page: a day's inspections, what is held, questions, overrides, hand-overs, charts. It reads only.

Without accounts whoever may open the bench reads it, and the page says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator

from edge.errors import AccessRefused
from edge.inspection import Decision, Outcome, Question
from edge.people.roles import Right
from edge.people.rows import HANDED_OVER
from edge.people.shift import hand_over_of
from edge.steps.record import QUESTION, question_of
from edge.storage.chain import Row
from edge.storage.knowledge import Told, utc_day
from edge.storage.ledger_glance import ages
from edge.supervisor.day import (
    UNDECIDED,
    Choice,
    Override,
    Seen,
    figures_of,
    overrides_of,
    seen_between,
    span_of,
    zone_of,
)
from edge.supervisor.forms import forms_of
from edge.supervisor.held import Held, open_held
from edge.web import figures
from edge.web.languages import Language
from edge.web.pages import page, refusals_in
from edge.web.people import acting, session_of, station_of
from edge.web.tasks import Work, Works
from edge.web.told import AnswerOut, PrecisionOut
from edge.working_days import WorkingDays

router = APIRouter(include_in_schema=False)

LISTED = 25
QUESTIONS_SHOWN, HAND_OVERS_SHOWN = 30, 12
AGES_DAYS = 14


class Asked(BaseModel):
    """What the page was asked for. A form sends every field, so an empty one chooses all."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    here: str = Field(default="", max_length=64, description="The station whose screen asks.")
    day: date | None = None
    verdict: str = Field(default="", pattern=f"^({'|'.join(Outcome)})?$")
    decision: str = Field(default="", pattern=f"^({'|'.join(Decision)}|{UNDECIDED})?$")
    officer: str = Field(default="", max_length=64)
    station: str = Field(default="", max_length=64)
    hour: int | None = Field(default=None, ge=0, le=23)
    skip: int = Field(default=0, ge=0, le=100_000)

    @field_validator("day", "hour", mode="before")
    @classmethod
    def _empty(cls, given: object) -> object:
        return None if given == "" else given

    def choice(self) -> Choice:
        """Which inspections are listed."""
        return Choice(self.verdict, self.decision, self.officer, self.station, self.hour)


@dataclass(frozen=True, slots=True)
class AskedCentre:
    """A question, and what was answered so far."""

    question: Question
    answers: tuple[AnswerOut, ...]


@dataclass(frozen=True, slots=True)
class Overridden:
    """A reason that was released against, beside how often the centre found it confirmed."""

    override: Override
    precision: PrecisionOut | None


@router.get("/supervisor")
def supervisor(request: Request, work: Works, language: Language, asked: Annotated[Asked, Query()]) -> HTMLResponse:
    """The page of a day, today where none is named."""
    here = station_of(work, asked.here)
    zone = zone_of(work.settings.time_zone)
    now = work.bench.now()
    day = asked.day or now.utc.astimezone(zone).date()
    values: dict[str, Any] = {
        "station": here,
        "asked": asked,
        "day": day,
        "today": now.utc.astimezone(zone).date(),
        "zone": zone,
        "who": session_of(request, work, here, own=True),
        "refusals": refusals_in(language),
    }
    try:
        acting(request, work, Right.SUPERVISE, here)
    except AccessRefused as refused:
        return page("supervisor.html", work, language, refused=refused.code, **values)
    return page("supervisor.html", work, language, refused="", **values, **_read(work, asked, day, zone, language))


def _read(work: Work, asked: Asked, day: date, zone: ZoneInfo, language: str) -> dict[str, Any]:
    bench = work.bench
    ledger, now, told = bench.ledger, bench.now(), bench.shelves.knowledge.current()
    working = WorkingDays(work.settings.country)
    seen, whole = seen_between(ledger, *span_of(day, zone), zone)
    chosen = [one for one in seen if asked.choice().takes(one)]
    listed = chosen[asked.skip : asked.skip + LISTED]
    held, held_whole = open_held(
        ledger,
        ending=lambda name: bool(told.of_inspection("outcomes", name)),
        working=working,
        zone=zone,
        now=now,
    )
    days = [day - timedelta(days=back) for back in reversed(range(AGES_DAYS))]
    spans: list[tuple[datetime, datetime]] = [span_of(one, zone) for one in days]
    return {
        "listed": listed,
        "chosen": len(chosen),
        "whole": whole,
        "held": held,
        "held_whole": held_whole,
        "terms": working.terms(),
        "working": working,
        "parcels": _parcels(work, listed, held),
        "officers": _officers(seen),
        "charts": (
            *figures.of_span(figures_of(seen), language, zone),
            figures.of_ages(days, ages(ledger, spans), language),
        ),
        "overrides": [_overridden(one, told) for one in overrides_of(seen)],
        "questions": _questions(ledger.recent(QUESTIONS_SHOWN, kinds=(QUESTION,)), told, utc_day(now.utc)),
        "hand_overs": [
            (row.seq, row.entry.at.utc, hand_over_of(row))
            for row in ledger.recent(HAND_OVERS_SHOWN, kinds=(HANDED_OVER,))
        ],
        "step": LISTED,
        "forms": forms_of(work.settings.country),
        "UNDECIDED": UNDECIDED,
        "words": figures.words,
    }


def _parcels(work: Work, listed: Iterable[Seen], held: Iterable[Held]) -> dict[str, str]:
    """The parcel numbers of what is shown, while they are kept."""
    names = {one.assessed.inspection for one in listed} | {one.inspection for one in held}
    return {name: work.bench.ledger.parcel(name) for name in names}


def _officers(seen: Iterable[Seen]) -> list[str]:
    found = {one.assessed.officer for one in seen} | {one.decided.officer for one in seen if one.decided}
    return sorted(found)


def _overridden(one: Override, told: Told) -> Overridden:
    count = told.precision(one.code)
    read = PrecisionOut.every((count,)) if count is not None else ()
    return Overridden(one, read[0] if read else None)


def _questions(rows: Iterable[Row], told: Told, today: date) -> list[AskedCentre]:
    found = []
    for row in rows:
        question = question_of(row)
        said = [one for one in told.answers(question.inspection, (), today) if one.get("question") == question.text]
        found.append(AskedCentre(question, AnswerOut.every(tuple(said))))
    return found
