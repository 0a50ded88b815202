"""Examiners, courts and experts: what became of an inspection, how precise findings are, questions and answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from edge.errors import AccessRefused
from sync.central.central import Central
from sync.central.database import reading
from sync.central.knowledge.outcomes import Ending, Outcome, decide
from sync.central.knowledge.precision import precision
from sync.central.knowledge.questions import Answer, answer, asked
from sync.central.knowledge.speakers import ANSWERING, DECIDING, Role, Speaker, speaker_of
from sync.central.routes.asked import reader

_LINE = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=_LINE)]
Id = Annotated[str, Field(max_length=32, pattern="^([0-9a-f]{32})?$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OutcomeIn(_In):
    """What became of an inspection."""

    device: Name
    inspection: Name
    ending: Ending
    decided: date
    reference: str = Field(default="", max_length=200, pattern=_LINE, description="File number of the office.")
    corrects: Id = Field(default="", description="Id of the outcome that stands, when this corrects it.")


class OutcomeOut(BaseModel):
    """The row."""

    id: str
    device: str
    inspection: str
    ending: Ending
    decided: str
    reference: str
    corrects: str
    name: str
    role: Role
    received: str
    document: str = Field(description="The row, signed by the central.")


class CountOut(BaseModel):
    """How often something was confirmed, among closed inspections."""

    confirmed: int
    closed: int = Field(description="Confirmed, not infringing or released.")
    undecided: int
    share: float | None
    low: float | None = Field(description="Of Wilson's 95% interval.")
    high: float | None
    few: bool = Field(description="Fewer than 30 closed: the interval is all that can be said.")


class PrecisionOut(BaseModel):
    """Precision among referred inspections."""

    findings: dict[str, CountOut]
    packs: dict[str, CountOut] = Field(description="Of findings on faces, by the pack that measured.")
    inspections: dict[str, int] = Field(description="By ending.")
    confirmed_without_finding: int


class QuestionOut(BaseModel):
    """An officer's question."""

    device: str
    ledger: str
    seq: int
    inspection: str
    asked: str
    port: str
    text: str
    gtins: list[str]
    picture: str = Field(description="Its address, good without a token for some minutes; empty: none has arrived.")
    answer: str = Field(description="Id of the answer that stands; empty: none.")


class QuestionsOut(BaseModel):
    """Questions, by device and row."""

    questions: list[QuestionOut]


class AnswerIn(_In):
    """An answer to one question."""

    device: Name
    ledger: Name
    seq: int = Field(ge=1, le=2**53)
    text: str = Field(min_length=1, max_length=4_000, pattern=r"^[^\x00]*$")
    valid_to: date = Field(description="Until when it is shown on later inspections of the product.")
    corrects: Id = ""


class AnswerOut(BaseModel):
    """The answer as it was recorded."""

    id: str
    inspection: str
    name: str
    role: Role
    answered: str
    valid_to: str
    document: str = Field(description="The answer, signed by the central.")


def add(app: FastAPI, central: Central) -> None:
    """Add the routes."""

    async def speaker(request: Request, roles: tuple[Role, ...]) -> Speaker:
        def known() -> Speaker:
            with reading(central.engine) as connection:
                return speaker_of(connection, request.headers.get("authorization", ""), roles, central.stamp())

        return await run_in_threadpool(known)

    @app.post("/v1/outcomes", tags=["outcomes"], operation_id="decide", summary="What became of an inspection.")
    async def decided(told: OutcomeIn, request: Request) -> OutcomeOut:
        who = await speaker(request, DECIDING)
        outcome = Outcome(
            told.device, told.inspection, told.ending, told.decided.isoformat(), told.reference, told.corrects
        )
        return OutcomeOut.model_validate(await run_in_threadpool(decide, central, who, outcome))

    @app.get("/v1/precision", tags=["outcomes"], operation_id="precision", summary="How often findings were confirmed.")
    async def counted(request: Request) -> PrecisionOut:
        client = await reader(central, request)
        if client.ports:  # counted over all ports; nobody may read of the others what a token keeps from him
            message = (
                f"Precision is counted over all ports: expected a token of all, got one of {', '.join(client.ports)}."
            )
            raise AccessRefused("access_port", message, hint="Ask the central's operator for it.")

        def found() -> dict[str, Any]:
            with reading(central.engine) as connection:
                return precision(connection)

        return PrecisionOut.model_validate(await run_in_threadpool(found))

    @app.get(
        "/v1/questions", tags=["outcomes"], operation_id="questions", summary="Officers' questions that you may answer."
    )
    async def questions(request: Request, unanswered: Annotated[bool, Query()] = True) -> QuestionsOut:  # noqa: FBT002 - FastAPI
        who = await speaker(request, ANSWERING)
        found = await run_in_threadpool(lambda: asked(central, who, unanswered=unanswered))
        return QuestionsOut.model_validate({"questions": found})

    @app.post("/v1/answers", tags=["outcomes"], operation_id="answer", summary="Answer a question.")
    async def answered(told: AnswerIn, request: Request) -> AnswerOut:
        who = await speaker(request, ANSWERING)
        given = Answer(told.device, told.ledger, told.seq, told.text, told.valid_to.isoformat(), told.corrects)
        return AnswerOut.model_validate(await run_in_threadpool(answer, central, who, given))
