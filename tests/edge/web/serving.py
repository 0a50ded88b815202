"""What the web's tests share: the app behind a real server, and how a refusal looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn

from edge.bench import Bench
from edge.rehearsal import Rehearsal, Rehearsed
from edge.settings import Settings
from edge.web import build
from edge.web.server import bound, configured


@dataclass(frozen=True)
class Server:
    url: str

    def client(self, **options: object) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, **options)  # type: ignore[arg-type]


def rehearsal(bench: Bench) -> Callable[[], Rehearsed]:
    """What rehearses on the parts of a bench."""
    parts = Rehearsal(workers=bench._workers, shelves=bench.shelves, ledger=bench.ledger, now=bench.now)
    return parts.rehearsed


@contextmanager
def serving(bench: Bench, settings: Settings) -> Iterator[Server]:
    """The bench's app on a free port of loopback, until the block is left."""
    config = configured(build(bench, settings, rehearsal(bench)), settings)
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    held = bound(settings.model_copy(update={"host": "127.0.0.1", "port": 0}))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = held.getsockname()[1]
    try:
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(20)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, after checking that it is whole."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) == {"type", "title", "status", "detail", "code", "hint"}
    assert body["type"] == f"urn:sekisho:problem:{body['code']}"
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]
