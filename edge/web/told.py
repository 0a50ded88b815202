"""What others told of an inspection: outcomes, answers, how precise a finding has been; and the officer's questions.

It comes from a central (edge/storage/knowledge.py) and is shown beside the verdict. It never changes one.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from edge.declaration import Incoming
from edge.inspection import InspectionRecord, Question
from edge.people.roles import Right
from edge.storage.knowledge import Told, utc_day
from edge.web.answers import Outgoing
from edge.web.documents import problems
from edge.web.inspections import Id
from edge.web.languages import ONE_OR_NONE
from edge.web.people import acting
from edge.web.requests import Name, Text
from edge.web.tasks import Work, Works

router = APIRouter(prefix="/inspections", tags=["inspections"])
page = APIRouter(include_in_schema=False)

_ENDINGS = frozenset({"confirmed", "not_infringing", "released", "undecided"})  # each has its label

Sha256 = Annotated[str, Field(pattern="^([0-9a-f]{64})?$", description="A kept picture of the goods.")]


class QuestionIn(Incoming):
    """What the officer asks."""

    text: Text = Field(min_length=1, description="Name no person: it is read by the right holder.")
    picture: Sha256 = ""
    officer: Name = ""


class QuestionOut(Outgoing):
    """A question as it was recorded."""

    text: str
    picture: str
    gtins: tuple[str, ...]
    officer: str
    at: datetime

    @classmethod
    def of(cls, question: Question) -> Self:
        """From the noun."""
        return cls(
            text=question.text,
            picture=question.picture,
            gtins=question.gtins,
            officer=question.officer,
            at=question.at.utc,
        )


class _Told(BaseModel):
    """As the central said it; fields of a newer central are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def every(cls, said: tuple[Any, ...]) -> tuple[Self, ...]:
        """Those that can be read."""
        found = []
        for one in said:
            try:
                found.append(cls.model_validate(one))
            except ValidationError:
                continue
        return tuple(found)


class AnswerOut(_Told):
    """An answer, to this inspection's question or to another's of the same product."""

    inspection: str = Field(description="Of this box; empty: another box asked.")
    question: str
    text: str
    name: str
    role: str = Field(pattern="^(examiner|expert|right_holder)$")
    answered: datetime
    valid_to: date


class OutcomeOut(_Told):
    """What the examiner or a court decided."""

    ending: str = Field(description="The decision of that office, in its own word. The bench decides nothing.")
    name: str
    role: str = Field(pattern="^(examiner|court)$")
    decided: date
    reference: str

    @field_validator("ending")
    @classmethod
    def _known(cls, ending: str) -> str:
        if ending not in _ENDINGS:
            raise ValueError(f"{ending!r}: expected one of {', '.join(sorted(_ENDINGS))}.")
        return ending


class PrecisionOut(_Told):
    """How often a finding was confirmed among closed inspections."""

    confirmed: int = Field(ge=0)
    closed: int = Field(ge=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    few: bool


class ToldOut(Outgoing):
    """All that is told of one inspection."""

    questions: tuple[QuestionOut, ...]
    answers: tuple[AnswerOut, ...]
    outcomes: tuple[OutcomeOut, ...]
    precision: dict[str, PrecisionOut] = Field(description="By finding code; codes without closed cases are left out.")


def told_of(told: Told, record: InspectionRecord, today: date) -> ToldOut:
    """What is told of an inspection today."""
    latest = record.assessments[-1]
    gtins = tuple(item.gtin.value for item in latest.identity.items)
    counts = {finding.code: told.precision(finding.code) for finding in latest.verdict.findings}
    read = {code: PrecisionOut.every((count,)) for code, count in counts.items()}
    return ToldOut(
        questions=tuple(QuestionOut.of(question) for question in record.questions),
        answers=AnswerOut.every(told.answers(record.inspection, gtins, today)),
        outcomes=OutcomeOut.every(told.of_inspection("outcomes", record.inspection)),
        precision={code: found[0] for code, found in read.items() if found},
    )


def told_now(work: Work, record: InspectionRecord) -> ToldOut:
    """What the box knows of an inspection now."""
    bench = work.bench
    return told_of(bench.shelves.knowledge.current(), record, utc_day(bench.now().utc))


@router.get(
    "/{inspection}/told",
    operation_id="read_told",
    summary="What others told of an inspection",
    responses=problems(404),
)
def read_told(work: Works, inspection: Id) -> ToldOut:
    """Outcomes, answers and precision as a central told them. They change no verdict."""
    return told_now(work, work.bench.record(inspection))


@router.post(
    "/{inspection}/questions",
    operation_id="ask",
    summary="Ask whoever knows the product",
    responses=problems(404),
)
def ask(request: Request, work: Works, inspection: Id, document: QuestionIn) -> QuestionOut:
    """A row of its own, which goes up with the results. The inspection goes on without the answer."""
    officer = acting(request, work, Right.ASK, work.bench.record(inspection).station, document.officer)
    return QuestionOut.of(work.bench.ask(inspection, document.text, picture=document.picture, officer=officer))


@page.post("/inspections/{inspection}/questions")
def ask_by_form(  # noqa: PLR0917 - FastAPI reads the form from the signature
    request: Request,
    work: Works,
    inspection: Id,
    text: Annotated[str, Form(max_length=2_000)] = "",
    picture: Annotated[str, Form(max_length=64)] = "",
    officer: Annotated[str, Form(max_length=64)] = "",
    lang: Annotated[str, Form(pattern=ONE_OR_NONE)] = "",
) -> Response:
    """The form of the report, which needs no script."""
    name = "".join(letter for letter in officer if letter >= " ").strip()
    who = acting(request, work, Right.ASK, work.bench.record(inspection).station, name)
    work.bench.ask(inspection, text, picture=picture, officer=who)
    return RedirectResponse(f"/inspections/{inspection}?lang={lang}", 303)
