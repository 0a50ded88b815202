"""News of the bench as server-sent events. The event id is the ledger's sequence, so that a page that was away resumes.

One thread listens to the bench and hands the news to the event loop; a listener costs no thread.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Header, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from edge.events import News
from edge.flow import Bench
from edge.web.documents import problems
from edge.web.tasks import Works

router = APIRouter(tags=["events"])

RESUMED_AT_MOST = 500  # older news is not told again: the page reads the list instead
ALIVE_S = 5  # a page that hears nothing for three of these says that what it shows may be old
_DEPTH = 256
_LISTEN_S = 0.5


class Listeners:
    """The pages that listen, and the thread that brings them the bench's news."""

    def __init__(self, bench: Bench, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing runs before `running`."""
        self._bench = bench
        self._loop = loop
        self._queues: set[asyncio.Queue[News]] = set()
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
                    one = news.get(timeout=_LISTEN_S)
                except queue.Empty:
                    continue
                if self._loop.is_closed():
                    return
                self._loop.call_soon_threadsafe(self._hand_out, one)

    def _hand_out(self, news: News) -> None:
        for waiting in self._queues:
            if waiting.full():
                waiting.get_nowait()
            waiting.put_nowait(news)

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[News]]:
        """A queue that fills with news until the block is left. For the event loop's thread."""
        mine: asyncio.Queue[News] = asyncio.Queue(_DEPTH)
        self._queues.add(mine)
        try:
            yield mine
        finally:
            self._queues.discard(mine)


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
) -> EventSourceResponse:
    """Resumes after Last-Event-ID from the ledger, then goes on live."""
    listeners: Listeners = request.app.state.listeners
    after = int(last_event_id) if last_event_id else None
    return EventSourceResponse(
        _stream(work.bench, listeners, after), ping=ALIVE_S, ping_message_factory=lambda: ServerSentEvent(event="alive")
    )


async def _stream(bench: Bench, listeners: Listeners, after: int | None) -> AsyncIterator[ServerSentEvent]:
    told = after or 0
    with listeners.listen() as news:
        if after is not None:
            for row in await run_in_threadpool(bench.recent, RESUMED_AT_MOST, None, after):
                told = row.seq
                yield _event(News(row.seq, row.entry.kind, row.entry.inspection, row.entry.origin.station))
        while True:
            one = await news.get()
            if one.sequence > told:
                yield _event(one)


def _event(news: News) -> ServerSentEvent:
    data = json.dumps({"inspection": news.inspection, "station": news.station})
    return ServerSentEvent(data=data, event=news.name, id=str(news.sequence))
