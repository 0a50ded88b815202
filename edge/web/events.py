"""News of the bench as server-sent events. The id names ledger and sequence, so that a page that was away resumes.

One thread listens to the bench and wakes the event loop; a listener costs no thread. What is told is read from the
ledger, so nothing is missed, told twice or out of order, however slow a listener is.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import queue
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from edge.bench import Bench
from edge.events import News
from edge.steps.record import ASSESSED
from edge.storage.ledger import Row
from edge.web.documents import problems
from edge.web.tasks import Works

router = APIRouter(tags=["events"])

ROWS_AT_ONCE = 50
ALIVE_S = 5  # a page that hears nothing for three of these says that what it shows may be old
_LISTEN_S = 0.5
_ASIDES = 64
_LEDGER_LETTERS = 8  # of a ledger's id, enough to tell it from the one before
_EVENT_ID = "([0-9a-f]{8}-)?[0-9]{1,15}"  # without a ledger's id: of the one in use


class Listeners:
    """The pages that listen, and the thread that brings them the bench's news."""

    def __init__(self, bench: Bench, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing runs before `running`."""
        self._bench = bench
        self._loop = loop
        self._waiting: set[asyncio.Event] = set()
        self._numbers = itertools.count(1)
        self.asides: deque[tuple[int, News]] = deque(maxlen=_ASIDES)  # what is no row: told live, and not again
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
                    told = news.get(timeout=_LISTEN_S)
                except queue.Empty:
                    continue
                if told.sequence == 0:
                    self.asides.append((next(self._numbers), told))
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
                "Events assessed, disposed, next, late, question, signed_in, signed_out, sign_in_refused, people, "
                "taken_over, handed_over, handheld_paired, handheld_revoked with data {inspection, station} and "
                "of assessed also the number of the assessment; the id names the "
                "ledger and the sequence in it. late: a newer registry says something of what was released. reset with "
                "data {ledger}: the ledger that was listened to is gone (a damaged one is "
                "set aside) and everything of the new one follows; forget what was known. card with data said, without "
                "an id: what came of a barcode of the desk card. alive without an id, "
                "every few seconds."
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
        str, Header(alias="Last-Event-ID", pattern=f"^({_EVENT_ID})?$", description="Resume after this event.")
    ] = "",
    after: Annotated[
        str, Query(pattern=f"^({_EVENT_ID})?$", description="As Last-Event-ID, for the first time; 0: everything.")
    ] = "",
    station: Annotated[str, Query(max_length=64, description="Only what is of this station; empty: of all.")] = "",
) -> EventSourceResponse:
    """Resumes after Last-Event-ID (or `after`) from the ledger, then goes on live; without either it begins now."""
    listeners: Listeners = request.app.state.listeners
    aside = listeners.asides[-1][0] if listeners.asides else 0  # from the answer on a page counts on what is told
    begin = last_event_id or after or await run_in_threadpool(newest, work.bench)
    return EventSourceResponse(
        _stream(work.bench, listeners, begin, aside, station),
        ping=ALIVE_S,
        ping_message_factory=lambda: ServerSentEvent(event="alive"),
    )


async def _stream(
    bench: Bench, listeners: Listeners, begin: str, aside: int, station: str
) -> AsyncIterator[ServerSentEvent]:
    """The ledger's rows after `begin`, of a station or of all (""), and what is no row after the number `aside`.

    News only wakes: order and wholeness are the ledger's own.

    Sequences start again in a ledger that replaced a damaged one, also while the bench runs: that is told as a reset.
    """
    ledger, _, sequence = begin.rpartition("-")
    told = int(sequence)
    with listeners.listen() as news:
        while True:
            for number, said in tuple(listeners.asides):
                if number > aside:
                    aside = number
                    if station in {"", said.station}:
                        yield _aside(said)
            state = await run_in_threadpool(bench.ledger_state)
            known = state.ledger[:_LEDGER_LETTERS]
            if ledger not in ("", known) or (not ledger and told > state.rows):
                told = 0
                yield ServerSentEvent(data=json.dumps({"ledger": known}), event="reset", id=f"{known}-0")
            ledger = known
            rows = await run_in_threadpool(bench.recent, ROWS_AT_ONCE, None, told)
            for row in rows:
                if station in {"", row.entry.origin.station}:
                    yield _event(ledger, row)
                told = row.seq
            if not rows:
                await news.wait()
                news.clear()


def newest(bench: Bench) -> str:
    """The event id of the newest row; of sequence 0 when there is none."""
    rows = bench.recent(1)
    return f"{bench.ledger_state().ledger[:_LEDGER_LETTERS]}-{rows[0].seq if rows else 0}"


def _event(ledger: str, row: Row) -> ServerSentEvent:
    data = {"inspection": row.entry.inspection, "station": row.entry.origin.station}
    if row.entry.kind == ASSESSED:
        data["number"] = row.entry.body["assessment"]["number"]
    return ServerSentEvent(data=json.dumps(data), event=row.entry.kind, id=f"{ledger}-{row.seq}")


def _aside(news: News) -> ServerSentEvent:
    data = json.dumps({"inspection": news.inspection, "station": news.station, "said": news.said})
    return ServerSentEvent(data=data, event=news.name)
