"""News of the bench as server-sent events. The event id is the ledger's sequence, so that a page that was away resumes.

One thread listens to the bench and wakes the event loop; a listener costs no thread. What is told is read from the
ledger, so nothing is missed, told twice or out of order, however slow a listener is.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from edge.flow import Bench
from edge.storage.ledger import Row
from edge.web.documents import problems
from edge.web.tasks import Works

router = APIRouter(tags=["events"])

ROWS_AT_ONCE = 50
ALIVE_S = 5  # a page that hears nothing for three of these says that what it shows may be old
_LISTEN_S = 0.5


class Listeners:
    """The pages that listen, and the thread that brings them the bench's news."""

    def __init__(self, bench: Bench, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing runs before `running`."""
        self._bench = bench
        self._loop = loop
        self._waiting: set[asyncio.Event] = set()
        self._stop = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Bring news until the block is left."""
        ready = threading.Event()
        thread = threading.Thread(target=self._bring, args=(ready,), name="news", daemon=True)
        thread.start()
        ready.wait()
        try:
            yield
        finally:
            self._stop.set()

    def _bring(self, ready: threading.Event) -> None:
        with self._bench.events.listen() as news:
            ready.set()
            while not self._stop.is_set():
                try:
                    news.get(timeout=_LISTEN_S)
                except queue.Empty:
                    continue
                try:
                    self._loop.call_soon_threadsafe(self._wake)
                except RuntimeError:  # the loop has been closed: nobody listens any more
                    return

    def _wake(self) -> None:
        for waiting in self._waiting:
            waiting.set()

    @contextmanager
    def listen(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever there is news, until the block is left. For the event loop's thread."""
        mine = asyncio.Event()
        self._waiting.add(mine)
        try:
            yield mine
        finally:
            self._waiting.discard(mine)


@router.get(
    "/events",
    operation_id="events",
    summary="What happens, as server-sent events",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": (
                "Events assessed, disposed, next with data {inspection, station} and the ledger's sequence as id; "
                "alive without an id, every few seconds."
            ),
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **problems(),
    },
)
async def events(
    request: Request,
    work: Works,
    last_event_id: Annotated[
        str, Header(alias="Last-Event-ID", pattern="^[0-9]{0,15}$", description="Resume after this event.")
    ] = "",
    after: Annotated[int | None, Query(ge=0, le=2**53, description="As Last-Event-ID, for the first time.")] = None,
) -> EventSourceResponse:
    """Resumes after Last-Event-ID (or `after`) from the ledger, then goes on live; without either it begins now."""
    listeners: Listeners = request.app.state.listeners
    if last_event_id:
        after = int(last_event_id)
    elif after is None:
        after = await run_in_threadpool(newest, work.bench)
    return EventSourceResponse(
        _stream(work.bench, listeners, after), ping=ALIVE_S, ping_message_factory=lambda: ServerSentEvent(event="alive")
    )


async def _stream(bench: Bench, listeners: Listeners, told: int) -> AsyncIterator[ServerSentEvent]:
    """The ledger's rows after `told`. News only wakes: order and wholeness are the ledger's."""
    with listeners.listen() as news:
        while True:
            while rows := await run_in_threadpool(bench.recent, ROWS_AT_ONCE, None, told):
                for row in rows:
                    yield _event(row)
                    told = row.seq
            await news.wait()
            news.clear()


def newest(bench: Bench) -> int:
    """The ledger sequence of the newest row; 0 when there is none."""
    rows = bench.recent(1)
    return rows[0].seq if rows else 0


def _event(row: Row) -> ServerSentEvent:
    data = json.dumps({"inspection": row.entry.inspection, "station": row.entry.origin.station})
    return ServerSentEvent(data=data, event=row.entry.kind, id=str(row.seq))
