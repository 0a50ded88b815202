"""Central systems read the feed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, Field

from sync.central.central import Central
from sync.central.clients import Client
from sync.central.onward import feed
from sync.central.onward.signed_urls import PICTURES
from sync.central.routes.asked import reader

LONGEST_WAIT_S = 30.0
_LOOK_S = 0.25


class FeedOut(BaseModel):
    """A page of the feed."""

    rows: list[dict[str, Any]]
    next: int = Field(description="The cursor to go on from: give it back as `after`.")
    at_end: bool = Field(description="Whether nothing followed when this was answered.")
    pictures: str = Field(description="Where the pictures of a row are asked for: put in its device, ledger and seq.")


def add(app: FastAPI, central: Central) -> None:
    """Add the route."""

    @app.get(
        "/v1/feed",
        tags=["feed"],
        operation_id="feed",
        summary="Rows of all boxes in one order.",
        response_model=FeedOut,
    )
    async def read_feed(  # noqa: PLR0917 - FastAPI reads the query from the signature
        request: Request,
        after: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=feed.LARGEST_PAGE)] = 500,
        kind: Annotated[str, Query(max_length=64, pattern="^[^\0]*$")] = "",
        port: Annotated[str, Query(max_length=64, pattern="^[^\0]*$")] = "",
        outcome: Annotated[str, Query(max_length=64, pattern="^[^\0]*$")] = "",
        device: Annotated[str, Query(max_length=64, pattern="^[^\0]*$")] = "",
        wait_s: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S)] = 0.0,
    ) -> Response:
        client = await reader(central, request)
        wanted = feed.Wanted(after, limit, kind, port, outcome, device)
        page = await looked_until(wait_s, wanted, lambda wanted: _look(central, client, wanted))
        told = json.dumps({"next": page.next, "at_end": page.at_end, "pictures": PICTURES})
        text = f'{{"rows":[{",".join(page.rows)}],{told[1:]}'
        return Response(text.encode(), media_type="application/json", headers={"Cache-Control": "no-store"})


class _Page(Protocol):
    """What a page of any kind says of itself."""

    @property
    def next(self) -> int: ...
    @property
    def at_end(self) -> bool: ...
    @property
    def empty(self) -> bool: ...


P = TypeVar("P", bound=_Page)


async def looked_until(wait_s: float, wanted: feed.Wanted, look: Callable[[feed.Wanted], P]) -> P:
    """The first page that says anything, or the last empty one after `wait_s`."""
    until = time.monotonic() + wait_s
    while True:
        page = await run_in_threadpool(look, wanted)
        if not page.empty or not page.at_end or time.monotonic() >= until:
            return page
        wanted = replace(wanted, after=page.next)
        await asyncio.sleep(_LOOK_S)


def _look(central: Central, client: Client, wanted: feed.Wanted) -> feed.Page:
    feed.sequence(central.engine)
    return feed.page(central.engine, client, wanted)
