"""The handheld's page in a real browser: its queue through a bench that is killed, reloads, a full disk, no camera."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect

from edge.app import open_box
from edge.bench import Bench
from edge.settings import Settings
from edge.web import build
from edge.web.server import bound, configured
from tests.edge.web.conftest import GTIN
from tests.edge.web.serving import rehearsal
from tests.edge.web.test_page import CHROMIUM, PATIENCE_MS, QUIET, browser
from tests.edge.web.wedge import wedge

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the page is not tested in a browser")

KILLS = 10


class Yard:
    """A bench whose server comes and goes at one address. A killed server drops its connections unanswered."""

    def __init__(self, bench: Bench, settings: Settings, held: socket.socket) -> None:
        """`held` keeps the port: nobody else is given it while the server is dead."""
        self.bench = bench
        self._settings = settings
        self._port = held.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def up(self) -> None:
        config = configured(build(self.bench, self._settings, rehearsal(self.bench)), self._settings)
        config.timeout_graceful_shutdown = 1
        server = uvicorn.Server(config)
        held = socket.create_server(("127.0.0.1", self._port), reuse_port=False)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        self._server, self._thread = server, thread

    def kill(self) -> None:
        if self._server is None or self._thread is None:
            return
        loop = self._server.servers[0].get_loop()
        asyncio.run_coroutine_threadsafe(_dead(self._server), loop).result(20)
        self._server.force_exit = True
        self._server.should_exit = True
        self._thread.join(20)
        self._server = None

    def serials(self) -> list[str]:
        """The serials of the inspections, in the order of the ledger; each once for each inspection."""
        rows = [row for row in self.bench.ledger.outbox(0, 10_000) if row.entry.kind == "assessed"]
        inspections = dict.fromkeys(row.entry.inspection for row in rows)
        return [self.bench.record(one).assessments[-1].seen.symbols[0].text[18:] for one in inspections]


async def _dead(server: uvicorn.Server) -> None:
    """As a dead process leaves its connections. One that is being accepted would stay open, and the page would wait."""
    loop = asyncio.get_running_loop()
    for listening in [one for each in server.servers for one in each.sockets]:
        loop.remove_reader(listening)  # accepts nobody more; closed at once it would break those in the making
    for _ in range(20):  # turns of the loop: who was accepted is among the connections then
        await asyncio.sleep(0)
        for connection in list(server.server_state.connections):
            connection.transport.abort()
    for one in server.servers:
        one.close()


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    settings = Settings(state_dir=tmp_path / "state", stations=("1", "yard"), workers=1)
    with open_box(settings, pictures=False) as box, bound(settings.model_copy(update={"port": 0})) as held:
        made = Yard(box.bench, settings, held)
        made.up()
        yield made
        made.kill()


@pytest.fixture
def paged(browser: Browser, yard: Yard) -> Iterator[Page]:
    with _page(browser.new_context(viewport={"width": 390, "height": 844}), yard) as page:
        yield page


@contextmanager
def _page(context: BrowserContext, yard: Yard) -> Iterator[Page]:
    """The handheld's page, ready; a fault in its script fails the test."""
    faults: list[str] = []
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Refused to" in message.text else None)
    page.goto(f"{yard.url}/handheld")
    _ready(page)
    yield page
    context.close()
    assert faults == []


def _ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready=yes]", state="attached")


def _scan(page: Page, serial: str) -> None:
    """A parcel of its own."""
    page.locator("#next").click()
    page.evaluate("() => { document.documentElement.dataset.sound = ''; }")
    wedge(page, f"01{GTIN}21{serial}")
    expect(page.locator("html")).to_have_attribute("data-sound", re.compile("."))  # heard, or answered already


def _empty(page: Page) -> None:
    page.evaluate(
        """async () => {
          const queue = await import("/static/handheld/queue.js");
          for (let more = 1200; more && await queue.count(); more -= 1) await new Promise((go) => setTimeout(go, 50));
        }"""
    )  # wait_for_function takes the promise of an async function for its truth
    expect(page.locator("#waiting")).to_have_attribute("data-count", "0")


def test_a_scan_on_a_handheld_is_answered_with_shape_word_and_sound(paged: Page, yard: Yard) -> None:
    wedge(paged, f"01{GTIN}21A7")
    verdict = paged.locator("#verdict")
    expect(verdict.locator("h2")).to_be_visible()
    outcome = verdict.get_attribute("data-outcome")
    expect(verdict.locator("header svg")).to_be_visible()
    expect(paged.locator("html")).to_have_attribute("data-sound", outcome or "")
    _empty(paged)
    assert yard.serials() == ["A7"]


def test_a_server_that_is_killed_again_and_again_loses_doubles_and_reorders_nothing(paged: Page, yard: Yard) -> None:
    told: list[str] = []
    for kill in range(KILLS):
        for number in range(3):
            serial = f"K{kill}N{number}"
            told.append(serial)
            _put(paged, serial)
        if kill % 2:
            yard.kill()
            yard.up()
        else:
            yard.kill()
            _put(paged, f"K{kill}OFF")
            told.append(f"K{kill}OFF")
            yard.up()
    _empty(paged)
    assert yard.serials() == told


def _put(page: Page, serial: str) -> None:
    """As the page itself does, without waiting for an answer."""
    page.evaluate(
        """async (text) => {
          const queue = await import("/static/handheld/queue.js");
          await queue.put({ parcel: text, station: "yard", text });
          dispatchEvent(new Event("online")); // it is sent while the next are put in
        }""",
        f"01{GTIN}21{serial}",
    )


def test_codes_of_one_parcel_that_were_scanned_offline_become_one_inspection(paged: Page, yard: Yard) -> None:
    yard.kill()
    paged.locator("#next").click()
    wedge(paged, "RR473124829JP")
    expect(paged.locator("#waiting")).to_have_attribute("data-count", "1")
    wedge(paged, f"01{GTIN}21P1")
    expect(paged.locator("#waiting")).to_have_attribute("data-count", "2")
    expect(paged.locator("#verdict")).to_contain_text("Kept.")
    wedge(paged, "RR473124832JP")
    expect(paged.locator("#waiting")).to_have_attribute("data-count", "3")
    yard.up()
    _empty(paged)
    rows = [row for row in yard.bench.ledger.outbox(0, 100) if row.entry.kind == "assessed"]
    assert len(rows) == 3
    assert len({row.entry.inspection for row in rows}) == 2
    assert rows[0].entry.inspection == rows[1].entry.inspection


def test_what_waits_outlives_a_restart_of_the_browser_and_of_the_bench(
    browser: Browser, yard: Yard, tmp_path: Path
) -> None:
    kind = browser.browser_type
    options = {"executable_path": CHROMIUM, "args": QUIET}
    with ExitStack() as stack:
        context = kind.launch_persistent_context(str(tmp_path / "profile"), **options)  # type: ignore[arg-type]
        page = stack.enter_context(_page(context, yard))
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        yard.kill()
        for number in range(4):
            _scan(page, f"R{number}")
            expect(page.locator("#waiting")).to_have_attribute("data-count", str(number + 1))
        page.reload()  # from what the service worker keeps
        _ready(page)
        expect(page.locator("#waiting")).to_have_attribute("data-count", "4")
    yard.up()
    again = kind.launch_persistent_context(str(tmp_path / "profile"), **options)  # type: ignore[arg-type]
    with _page(again, yard) as page:
        _empty(page)
        expect(page.locator("#sent li")).to_have_count(4)
    assert yard.serials() == ["R0", "R1", "R2", "R3"]


def test_all_that_the_page_needs_is_kept_before_the_box_is_gone(paged: Page) -> None:
    paged.wait_for_function("() => navigator.serviceWorker.controller !== null")
    missing = paged.evaluate(
        """async () => {
          const kept = (await (await caches.open("sekisho-handheld-2")).keys()).map((one) => new URL(one.url).pathname);
          const loaded = performance.getEntriesByType("resource").map((one) => new URL(one.name).pathname);
          const used = loaded.filter((path) => /[.](js|css)$/.test(path));
          return used.filter((path) => !kept.includes(path) && path !== "/handheld/worker.js");
        }"""
    )
    assert missing == []


def test_a_full_disk_of_the_handheld_is_told_and_the_code_is_not_taken(paged: Page, yard: Yard) -> None:
    yard.kill()
    session = paged.context.new_cdp_session(paged)
    session.send("Storage.overrideQuotaForOrigin", {"origin": yard.url, "quotaSize": 1})
    paged.locator("#code").fill(f"01{GTIN}21{'F' * 19}")
    paged.locator("#code").press("Enter")
    expect(paged.locator("#notice")).to_contain_text("The memory of this handheld is full")
    expect(paged.locator("#code")).to_have_value(f"01{GTIN}21{'F' * 19}")


def test_what_the_bench_does_not_take_is_shown_until_it_was_seen_and_holds_nothing_up(paged: Page, yard: Yard) -> None:
    paged.evaluate(
        """async () => {
          const queue = await import("/static/handheld/queue.js");
          await queue.put({ parcel: "bad", station: "yard", text: "x".repeat(9000) });
        }"""
    )
    _scan(paged, "G1")
    _empty(paged)
    expect(paged.locator("#refused li")).to_have_count(1)
    assert yard.serials() == ["G1"]
    paged.reload()
    expect(paged.locator("#refused li")).to_have_count(1)
    paged.get_by_role("button", name="Understood").click()
    expect(paged.locator("#refused")).to_be_hidden()


def test_the_page_of_handhelds_pairs_one_by_its_forms_and_revokes_it(paged: Page, yard: Yard) -> None:
    desk = paged.context.new_page()
    desk.goto(f"{yard.url}/handhelds")
    desk.locator("[name=name]").fill("yard 3")
    desk.locator("[name=station]").select_option("yard")
    desk.locator("form.pair button").click()
    expect(desk.locator(".qr")).to_be_visible()
    paged.goto("about:blank")
    paged.goto(desk.locator(".address").inner_text())
    expect(paged.locator("#where")).to_have_text("yard 3 · yard")
    desk.goto(f"{yard.url}/handhelds")
    expect(desk.locator(".paired li")).to_contain_text("yard 3")
    expect(desk.locator(".paired button")).to_be_hidden()
    desk.locator(".paired summary").click()
    desk.get_by_role("button", name="Revoke: yard 3").click()
    expect(desk.locator(".paired li")).to_have_count(0)


def test_every_target_of_the_handheld_is_large_enough_for_a_glove(paged: Page) -> None:
    small: Callable[[], object] = lambda: paged.evaluate(  # noqa: E731 - one line of script
        """() => [...document.querySelectorAll("button, a, label.button, input:not([type=file], [type=checkbox])")]
          .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 89)
          .map((one) => one.outerHTML)"""
    )
    assert small() == []
