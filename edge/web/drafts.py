"""Routes of drafts: the data of a customs form as JSON or on paper. Making one is a row; nothing is sent to anybody."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import Field

from edge.declaration import Incoming
from edge.inspection import NOT_SIGNED_IN
from edge.people.roles import Right
from edge.people.rows import DRAFTED
from edge.storage import documents
from edge.storage.chain import Entry
from edge.supervisor import forms
from edge.supervisor.day import zone_of
from edge.supervisor.forms import NAMES, Draft, draft_of, drafted_of, form_of
from edge.web.answers import Outgoing
from edge.web.documents import problems
from edge.web.inspections import Id
from edge.web.people import acting, station_of
from edge.web.requests import Name
from edge.web.tasks import Work, Works

router = APIRouter(prefix="/inspections", tags=["inspections"])
page = APIRouter(include_in_schema=False)


class DraftIn(Incoming):
    """Which form."""

    form: forms.Form
    station: Name = Field(default="", description="The station whose screen asks; empty: the first one.")


class DraftFieldOut(Outgoing):
    """One field."""

    name: str
    title: str = Field(description="In the language of the form.")
    value: str = Field(description="Empty: see `why`.")
    why: str = Field(description="Why it is empty.")


class DraftOut(Outgoing):
    """The data of a form, as far as the bench knows it."""

    status: Literal["draft: not sent"] = "draft: not sent"
    form: forms.Form
    title: str
    language: str
    inspection: str
    made: datetime
    notice: str
    fields: tuple[DraftFieldOut, ...]

    @classmethod
    def of(cls, draft: Draft) -> Self:
        """From the noun."""
        place = 1 if draft.language == "ja" else 0
        return cls(
            form=draft.form,
            title=forms.TITLES[draft.form],
            language=draft.language,
            inspection=draft.inspection,
            made=draft.made,
            notice=forms.NOTICE[place],
            fields=tuple(
                DraftFieldOut(name=one.name, title=NAMES[one.name][place], value=one.value, why=one.why)
                for one in draft.fields
            ),
        )


@router.post(
    "/{inspection}/drafts",
    operation_id="draft",
    summary="Draft the data of a customs form",
    responses=problems(404),
)
def draft(request: Request, work: Works, inspection: Id, document: DraftIn) -> DraftOut:
    """A row of its own says that it was made. Names stand in it only for a signed-in supervisor. Nothing is sent."""
    return DraftOut.of(_made(request, work, inspection, document.form, document.station))


@page.post("/inspections/{inspection}/drafts")
def draft_by_form(  # noqa: PLR0917 - FastAPI reads the form from the signature
    request: Request,
    work: Works,
    inspection: Id,
    form: Annotated[str, Form(max_length=16)] = "",
    kind: Annotated[Literal["pdf", "json"], Form()] = "pdf",
    here: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """The draft as a file, for the page's form, which needs no script."""
    found = _made(request, work, inspection, form_of(form), here)
    name = f"draft-not-sent-{found.form}-{inspection}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if kind == "pdf":
        from edge.web import draft_sheet  # noqa: PLC0415 - its fonts take half a second of every start

        return Response(draft_sheet.pdf(found), media_type="application/pdf", headers=headers)
    told = DraftOut.of(found).model_dump_json(indent=1)
    return Response(told, media_type="application/json", headers=headers)


def _made(request: Request, work: Work, inspection: str, form: forms.Form, here: str) -> Draft:
    bench, station = work.bench, station_of(work, here)
    officer = acting(request, work, Right.DRAFT, station)
    record, now = bench.record(inspection), bench.now()
    found = draft_of(
        form,
        record,
        bench.facts(record),
        now.utc,
        office=work.settings.place,
        zone=zone_of(work.settings.time_zone),
        named=officer != NOT_SIGNED_IN,
    )
    body = {"drafted": documents.to_json(drafted_of(found, officer))}
    row = bench.ledger.append((Entry(DRAFTED, inspection, bench.origin(station, officer), now, body),))[0]
    bench.tell(row)
    return found
