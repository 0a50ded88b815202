"""Central systems read the feed as EPCIS 2.0: as documents to capture, and as the answer of its event query."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from edge.errors import RequestRefused
from sync.central.central import Central
from sync.central.clients import Client
from sync.central.onward import feed
from sync.central.onward.epcis import context_document
from sync.central.onward.epcis_pages import EventsPage, capture_document, events_page, query_document
from sync.central.routes.asked import reader
from sync.central.routes.feed import LONGEST_WAIT_S, looked_until

MEDIA_TYPE = "application/ld+json"
_HEADERS = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0", "Cache-Control": "no-store"}
_DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A document, valid against the schema of EPCIS 2.0.",
        "content": {MEDIA_TYPE: {"schema": {"type": "object"}}},
    }
}
_ROW = 4  # events of one row at most
_Name = Annotated[str, Query(max_length=64, pattern="^[^\0]*$")]


def add(app: FastAPI, central: Central) -> None:
    """Add the routes."""

    @app.get(
        "/v1/epcis/context", tags=["epcis"], operation_id="epcis_context", responses=_DOCUMENT,
        summary="The terms of our own namespace, as a JSON-LD context.",
    )  # fmt: skip
    def context() -> Response:
        return _answer(context_document(), {"Cache-Control": "max-age=86400"})

    @app.get(
        "/v1/epcis/documents", tags=["epcis"], operation_id="epcis_documents", responses=_DOCUMENT,
        summary="Events after a cursor, as a document that a repository may capture.",
    )  # fmt: skip
    async def documents(  # noqa: PLR0917 - FastAPI reads the query from the signature
        request: Request,
        after: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=feed.LARGEST_PAGE, description="Rows of the feed.")] = 500,
        port: _Name = "",
        device: _Name = "",
        wait_s: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S)] = 0.0,
    ) -> Response:
        client = await reader(central, request)
        wanted = feed.Wanted(after, limit, port=port, device=device)
        page = await looked_until(wait_s, wanted, lambda wanted: _look(central, client, wanted))
        return _answer(capture_document(page, central.stamp()))

    @app.get(
        "/v1/epcis/events", tags=["epcis"], operation_id="epcis_events", responses=_DOCUMENT,
        summary="The event query of EPCIS 2.0: pages by nextPageToken, no other filter than port and device.",
    )  # fmt: skip
    async def events(
        request: Request,
        perPage: Annotated[int, Query(ge=_ROW, le=_ROW * feed.LARGEST_PAGE, description="Events at most.")] = 500,  # noqa: N803 - EPCIS's name
        nextPageToken: Annotated[int, Query(ge=0, le=2**53)] = 0,  # noqa: N803 - likewise
        port: _Name = "",
        device: _Name = "",
    ) -> Response:
        _require_known(request)
        client = await reader(central, request)
        wanted = feed.Wanted(nextPageToken, perPage // _ROW, port=port, device=device)
        page = await run_in_threadpool(_look, central, client, wanted)
        told = request.url.include_query_params(nextPageToken=page.next)
        headers = {} if page.at_end else {"Link": f'<{told.path}?{told.query}>; rel="next"'}
        return _answer(query_document(page, central.stamp()), headers)


def _require_known(request: Request) -> None:
    """A filter that is not applied is refused, as EPCIS asks for: the answer would hold what was not asked for.

    Raises:
        RequestRefused: request_field.
    """
    unknown = sorted(set(request.query_params) - {"perPage", "nextPageToken", "port", "device"})
    if unknown:
        message = f"Expected perPage, nextPageToken, port or device, got {unknown[0][:64]!r}."
        raise RequestRefused("request_field", message, hint="Filter what comes: every event has its bizStep.")


def _look(central: Central, client: Client, wanted: feed.Wanted) -> EventsPage:
    feed.sequence(central.engine)
    return events_page(central, client, wanted)


def _answer(document: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(data, media_type=MEDIA_TYPE, headers=_HEADERS | (headers or {}))
