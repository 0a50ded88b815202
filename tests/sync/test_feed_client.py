"""The client of central systems: typed, patient, without the box's packages."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from edge.inspection import Decision
from sync.central.central import Central
from sync.central.clients import new_client
from sync.central.database import migrate, opened, writing
from sync.central.intake.ingest import ingest
from sync.central.intake.objects import ObjectsOnDisk
from sync.errors import CentralRefused, CentralUnreachable
from sync.feed_client import Feed
from sync.feed_rows import FeedDecision, FeedFinding, FeedItem
from tests.central.conftest import CENTRAL
from tests.central.results import assessed, assessment, decided
from tests.central.serving import serving, token_for
from tests.sync.boxes import DAY, Box

ROOT = Path(__file__).parents[2]
EMPTY = {"rows": [], "next": 3, "at_end": True}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A central with an inspection that was detained, taken back and referred; and a token."""
    folder = tmp_path_factory.mktemp("central")
    engine = opened(f"sqlite:///{folder / 'central.db'}")
    migrate(engine)
    central = Central(engine, ObjectsOnDisk(folder), CENTRAL, lambda: DAY)
    box = Box(folder / "box")
    box.ledger.append([assessed(assessment()), decided(Decision.DETAIN), decided(None, 2), decided(Decision.REFER)])
    with serving(central) as url:
        from sync.link import enrol  # noqa: PLC0415 - the box's side

        enrol(token_for(central, url), box.private)
        ingest(engine, central.id, box.batch(), DAY.isoformat())
        with writing(engine) as connection:
            token = new_client(connection, "customs", nominal=True)
        yield url, token
    box.close()
    engine.dispose()


@contextmanager
def answering(*answers: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list[str]]]:
    """A server that gives one answer after the other, the last for ever; and the tokens that it was shown."""
    left, shown = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers.get("Authorization", ""))
            (left.pop(0) if len(left) > 1 else left[0])(self)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", shown
        finally:
            server.shutdown()
            thread.join()


def answer(status: int, told: object, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def give(handler: BaseHTTPRequestHandler) -> None:
        data = json.dumps(told).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return give


def test_rows_are_typed(served: tuple[str, str]) -> None:
    first, second, third, last = Feed(*served).rows()
    told = first.assessment
    assert told is not None
    assert (told.number, told.outcome, told.edition, told.edition_age_days) == (1, "CHECK", "demo", 2)
    assert told.items == (FeedItem("09521234543213", "K2PQ04X9B31", "L1"),)
    assert told.findings == (FeedFinding("consignment.goods", "mismatch", "check", "", {}),)
    assert (first.at, first.clock, first.port) == (DAY, "synced", "Narita")
    assert first.decision is None
    assert second.assessment is None
    assert second.decision == FeedDecision("detain", "O-7", "as asked", None)
    assert third.decision == FeedDecision(None, "O-7", "as asked", 2)
    assert last.decision == FeedDecision("refer", "O-7", "as asked", None)


def test_a_reader_goes_on_from_the_cursor_that_it_kept(served: tuple[str, str]) -> None:
    feed = Feed(*served)
    page = feed.page(limit=3)
    assert [row.cursor for row in page.rows] == [1, 2, 3]
    assert (page.next, page.at_end) == (3, False)
    assert [row.cursor for row in feed.rows(after=page.next)] == [4]
    assert [row.cursor for row in feed.rows(kind="disposed")] == [2, 3, 4]


def test_the_same_comes_as_epcis_and_as_a_table(served: tuple[str, str]) -> None:
    feed = Feed(*served)
    (page,) = feed.epcis()
    assert (page.next, page.at_end, len(page.events)) == (4, True, 8)
    assert page.document["type"] == "EPCISDocument"
    assert list(feed.epcis(after=page.next)) == []
    file = io.BytesIO()
    assert feed.export("csv", file, since="2026-11-21") == 4
    assert file.getvalue().startswith(b"cursor,port,device,")
    assert b",refer," in file.getvalue()
    with pytest.raises(CentralRefused) as refused:
        feed.export("xlsx", file)
    assert refused.value.code == "request_field"


def test_a_busy_central_is_asked_again() -> None:
    busy = answer(503, {"code": "central_database", "detail": "Not now.", "hint": ""}, Retry_After="0")
    with answering(busy, busy, answer(200, EMPTY)) as (url, shown):
        assert Feed(url, "t").page().next == 3
    assert len(shown) == 3


def test_a_central_that_stays_away_is_told_and_a_reader_that_follows_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("sync.feed_client.time.sleep", waits.append)
    busy = answer(503, {"code": "central_database", "detail": "The database is away.", "hint": "Later."})
    row = {"cursor": 4, "port": "", "device": "d", "ledger": "l", "row": {
        "seq": 1, "kind": "next", "inspection": "i", "station": "1", "officer": "", "clock": "synced", "body": {},
        "hash": "", "at": "2026-11-21T09:30:00+00:00"}}  # fmt: skip
    with answering(busy) as (url, _), pytest.raises(CentralUnreachable) as away:
        Feed(url, "t").page()
    assert away.value.message == "The database is away."
    answers = [busy] * 6 + [answer(200, {"rows": [row], "next": 4, "at_end": True})]
    with answering(*answers) as (url, _):
        assert next(Feed(url, "t").rows(after=3, follow=True)).cursor == 4
    with answering(busy) as (url, _), pytest.raises(CentralUnreachable):
        next(Feed(url, "t", patience_s=0.0).rows(follow=True))
    assert all(0 <= wait <= 60 for wait in waits)


def test_what_is_no_central_is_refused_and_a_proxy_without_one_is_not() -> None:
    with answering(answer(404, "?")) as (url, _), pytest.raises(CentralRefused) as refused:
        Feed(url, "t").page()
    assert refused.value.message == f"{url}: expected an answer of a central, got status 404."
    with answering(answer(502, "?", Retry_After="0")) as (url, _), pytest.raises(CentralUnreachable):
        Feed(url, "t").page()


def test_an_export_that_breaks_off_is_told() -> None:
    def broken(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"cursor,port")

    with answering(broken) as (url, _), pytest.raises(CentralUnreachable):
        Feed(url, "t").export("csv", io.BytesIO())


def test_a_token_is_shown_to_its_central_only() -> None:
    with answering(answer(200, "picture")) as (elsewhere, shown), answering(answer(200, "picture")) as (url, own):
        feed = Feed(url, "t")
        assert feed.fetch(f"{elsewhere}/bucket/picture?signature=1") == b'"picture"'
        assert feed.fetch("/v1/objects/1") == b'"picture"'
    assert (shown, own) == ([""], ["Bearer t"])


def test_the_client_needs_urllib3_and_nothing_else_of_the_product() -> None:
    told = """
import sys
from importlib.abc import MetaPathFinder
class Only(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top in {"urllib3", "sync", "edge"}:
            return None
        raise ImportError(f"{name} is not there")
sys.meta_path.insert(0, Only())
import sync.feed_client
print(sorted(name for name in sys.modules if name.startswith(("sync.", "edge."))))
"""
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == "['edge.errors', 'sync.backoff', 'sync.errors', 'sync.feed_client', 'sync.feed_rows']\n"
