"""Pages of EPCIS events: the feed's rows, each with the assessment and the decision that it rests on."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, text

from sync.central.central import Central
from sync.central.clients import Client
from sync.central.database import reading
from sync.central.onward import feed
from sync.central.onward.epcis import CONTEXT, MAPPED, PREFIX, Event, LedgerRow, events
from sync.central.onward.inspections import Inspections

SCHEMA_VERSION = "2.0"
_HEADS = text(
    "SELECT seq, received FROM heads WHERE device=:device AND ledger=:ledger AND seq >= :first AND seq <="
    " (SELECT coalesce(min(seq), :last) FROM heads WHERE device=:device AND ledger=:ledger AND seq >= :last)"
    " ORDER BY seq"
)
_Chain = tuple[str, str]  # device, ledger


@dataclass(frozen=True, slots=True)
class EventsPage:
    """Events in the feed's order, and the cursor to go on from. `at_end` says that nothing follows yet."""

    events: tuple[Event, ...]
    next: int
    at_end: bool

    @property
    def empty(self) -> bool:
        """Whether nothing is on it."""
        return not self.events


def events_page(central: Central, client: Client, wanted: feed.Wanted) -> EventsPage:
    """The events of the next rows after a cursor that `client` may see; `wanted.limit` counts rows."""
    page = feed.page(central.engine, client, wanted)
    rows = [ledger_row(central.id, json.loads(row)) for row in page.rows]
    rows = [row for row in rows if row.told["kind"] in MAPPED]
    with reading(central.engine) as connection:
        rows = _with_received(connection, rows)
        known = Inspections(connection, central.id, nominal=client.nominal)
        known.learn(row for row in rows if row.told["kind"] == "disposed")
        found = tuple(event for row in rows for event in events(row, known.told(row)))
    return EventsPage(found, page.next, page.at_end)


def query_document(page: EventsPage, created: str) -> dict[str, Any]:
    """A page as the answer of EPCIS's simple event query."""
    results = {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": list(page.events)}}
    return _document("EPCISQueryDocument", created) | {"epcisBody": {"queryResults": results}}


def capture_document(page: EventsPage, created: str) -> dict[str, Any]:
    """A page as a document that another repository may capture, with the cursor to go on from."""
    told = {f"{PREFIX}:next": page.next, f"{PREFIX}:atEnd": page.at_end}
    return _document("EPCISDocument", created) | told | {"epcisBody": {"eventList": list(page.events)}}


def _document(kind: str, created: str) -> dict[str, Any]:
    return {"@context": CONTEXT, "type": kind, "schemaVersion": SCHEMA_VERSION, "creationDate": created}


def ledger_row(central: str, row: Mapping[str, Any]) -> LedgerRow:
    """A row of a page of the feed."""
    return LedgerRow(central, row["port"], row["device"], row["ledger"], row["row"]["seq"], row["row"])


def _with_received(connection: Connection, rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Each row with the time at which the batch that brought it was received."""
    chains: dict[_Chain, list[int]] = {}
    for row in rows:
        chains.setdefault((row.device, row.ledger), []).append(row.seq)
    heads: dict[_Chain, tuple[list[int], list[str]]] = {}
    for (device, ledger), sequences in chains.items():
        told = {"device": device, "ledger": ledger, "first": min(sequences), "last": max(sequences)}
        found = connection.execute(_HEADS, told).all()
        heads[device, ledger] = [head.seq for head in found], [head.received for head in found]
    dated = []
    for row in rows:
        ends, received = heads[row.device, row.ledger]
        place = bisect_left(ends, row.seq)
        dated.append(replace(row, received=received[place]) if place < len(ends) else row)
    return dated
