"""Barcodes of the desk card that come as a scan."""

from __future__ import annotations

from functools import partial

from fastapi import Request
from pydantic import Field

from edge.card_acts import Shown
from edge.desk_card import Command, card_in
from edge.errors import RequestRefused
from edge.people.roles import Right
from edge.web.answers import Outgoing
from edge.web.handheld_gate import handheld_of
from edge.web.people import acting, station_of
from edge.web.requests import ArrivalIn
from edge.web.tasks import Work


class CardOut(Outgoing):
    """What came of a barcode of the desk card."""

    command: Command
    language: str = Field(description="The language asked for; empty: the command is another.")
    done: str = Field(
        description="done; again: scan it again to confirm; page: the page does it, or asks for what it needs."
    )
    inspection: str


def card_among(document: ArrivalIn) -> str | None:
    """The desk card's code, when an arrival is one and nothing else."""
    if len(document.codes) != 1 or document.consignment is not None:
        return None
    return card_in(document.codes[0].as_raw().payload)


def commanded(request: Request, work: Work, card: str, station: str, document: ArrivalIn) -> CardOut:
    """Carry out a barcode of the desk card for whoever acts at the station.

    Raises:
        RequestRefused: request_card: a handheld sends it, of whose parcel the card knows nothing, perhaps hours later.
        RequestRefused, AccessRefused, Conflict, NotFound, LedgerError: see `Bench.card`.
    """
    if handheld_of(request.scope) is not None:
        message = "Expected a barcode of the desk card at the bench, got it from a handheld."
        raise RequestRefused("request_card", message, hint="Decide by the buttons of the handheld's page.")
    name = station_of(work, station)
    shown = Shown(document.shown.inspection, document.shown.assessment) if document.shown else None
    deciding = partial(acting, request, work, Right.DECIDE, name, document.officer)
    done = work.bench.card(name, card, deciding, reason=document.reason, shown=shown)
    return CardOut(command=done.order.command, language=done.order.language, done=done.done, inspection=done.inspection)
