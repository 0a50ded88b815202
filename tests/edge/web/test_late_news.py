"""The page when the bench's news come late, twice or never: what is painted, what sounds, and no parcel is mixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from edge.bench import Bench
from edge.card_acts import AGAIN_S, SETTLE_S
from edge.desk_card import code, secret_of
from edge.messages import labels
from edge.storage.keys import derived, storage_key
from tests.edge.web.conftest import GTIN
from tests.edge.web.serving import Server
from tests.edge.web.tapped import Tap, tapped
from tests.edge.web.test_page import CHROMIUM, PATIENCE_MS, browser
from tests.edge.web.wedge import wedge

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: late news are not tested in a browser")

LABEL = labels("en")
_SOUNDS = """() => {
  window.sounds = [];
  new MutationObserver((changes) => changes.forEach(() => window.sounds.push(document.documentElement.dataset.sound)))
    .observe(document.documentElement, { attributeFilter: ["data-sound"] });
}"""


@dataclass
class Desk:
    """A page whose news come through a tap, with its bench and desk card."""

    page: Page
    tap: Tap
    server: Server
    station: str
    secret: str

    def scan(self, serial: str) -> str:
        """By the page's own scanner; the inspection that it opened or joined."""
        with self.page.expect_response("**/scans") as answered:
            wedge(self.page, f"01{GTIN}21{serial}")
        return str(answered.value.json()["inspection"])

    def card(self, letter: str) -> None:
        with self.page.expect_response("**/scans"):
            wedge(self.page, code(letter, self.secret))

    def gun(self, serial: str) -> str:
        """By another scanner of the station; the page learns of it by the news alone."""
        with self.server.client() as gun:
            address = f"/api/v1/stations/{self.station}/scans"
            return str(gun.post(address, json={"codes": [{"text": f"01{GTIN}21{serial}"}]}).json()["inspection"])

    def shows(self, inspection: str) -> None:
        expect(self.page.locator("#card [data-inspection]")).to_have_attribute("data-inspection", inspection)

    def waits(self, seconds: float) -> None:
        now = self.page.evaluate("performance.now()")
        self.page.wait_for_function("until => performance.now() > until", arg=now + 1000 * (seconds + 0.1))

    def sounds(self) -> list[str]:
        return [str(one) for one in self.page.evaluate("window.sounds")]


@pytest.fixture(params=["pass", "hold", "twice", "drop"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(browser: Browser, server: Server, bench: Bench, station: str) -> Iterator[Callable[[str], Desk]]:
    secret = secret_of(derived(storage_key(bench.settings.state_dir), "desk card"))
    faults: list[str] = []
    with ExitStack() as stack:

        def opened(way: str, refuses: int = 0) -> Desk:
            tap = stack.enter_context(tapped(server.url))
            tap.refuses = refuses
            context = stack.enter_context(browser.new_context(viewport={"width": 1280, "height": 800}))
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            tap.put_in(page)
            page.goto(f"{server.url}/?station={station}")
            expect(page.locator("#link")).to_have_attribute("data-state", "live")
            page.wait_for_function("document.documentElement.dataset.volume !== undefined")
            page.evaluate(_SOUNDS)
            tap.turn(way)
            return Desk(page, tap, server, station, secret)

        yield opened
    assert faults == []


def test_a_scan_is_painted_and_sounds_once_however_its_news_come(desk: Callable[[str], Desk], way: str) -> None:
    at = desk(way)
    card = at.page.locator("#card [data-inspection]")
    inspection = at.scan("T1")
    at.shows(inspection)
    outcome = card.get_attribute("data-outcome")
    at.tap.turn("pass")  # what was held back comes now
    assert at.scan("T2") == inspection
    expect(card).to_have_attribute("data-assessment", "2")
    at.waits(SETTLE_S)
    assert at.sounds() == ["heard", outcome, "heard", card.get_attribute("data-outcome")]


def test_news_of_the_parcel_before_do_not_bring_it_back(desk: Callable[[str], Desk]) -> None:
    at = desk("hold")
    before = at.scan("L1")
    at.shows(before)
    at.waits(SETTLE_S)
    at.card("R")
    expect(at.page.locator(".stands b")).to_have_text(LABEL["release"])
    after = at.scan("L2")
    at.shows(after)
    assert after != before
    at.page.locator("[data-reason]").press_sequentially("of L2", delay=90)
    at.page.locator("#card article").evaluate("card => { card.dataset.mark = 'L2' }")
    at.tap.wait(1)
    sounds = at.sounds()
    with at.page.expect_response("**/pages/card*"), at.page.expect_response("**/pages/around*"):
        at.tap.turn("pass")  # asked again
    at.shows(after)
    expect(at.page.locator("#card article")).to_have_attribute("data-mark", "L2")  # and left as it stands
    expect(at.page.locator("[data-reason]")).to_have_value("of L2")
    expect(at.page.locator("[data-decision=release]")).to_be_visible()
    assert at.sounds() == sounds  # nothing is heard of what is long done


def test_a_decision_stands_on_the_page_however_its_news_come(desk: Callable[[str], Desk], way: str) -> None:
    at = desk(way)
    inspection = at.scan("S1")
    at.shows(inspection)
    at.waits(SETTLE_S)
    at.page.keyboard.press("e")
    expect(at.page.locator("#armed")).to_have_text(LABEL["armed_refer"])
    at.waits(SETTLE_S)
    at.page.keyboard.press("Enter")
    expect(at.page.locator(".stands b")).to_have_text(LABEL["refer"])
    at.page.keyboard.press("n")
    expect(at.page.locator("#armed")).to_have_text(LABEL["armed_next"])
    at.waits(SETTLE_S)
    at.page.keyboard.press("Enter")
    expect(at.page.locator(".card.empty")).to_be_visible()


def test_the_desk_card_is_carried_out_once_however_its_news_come(desk: Callable[[str], Desk], way: str) -> None:
    at = desk(way)
    at.shows(at.scan("C1"))
    at.waits(SETTLE_S)
    at.card("D")
    expect(at.page.locator("#armed")).to_have_text(LABEL["armed_detain_card"])
    at.waits(AGAIN_S)
    at.card("D")
    expect(at.page.locator(".stands b")).to_have_text(LABEL["detain"])
    expect(at.page.locator("#armed")).to_be_hidden()
    at.card("U")
    expect(at.page.locator("[data-decision=release]")).to_be_visible()
    at.card("F")
    expect(at.page.locator(".stands b")).to_have_text(LABEL["refer"])
    at.card("H")
    expect(at.page.locator("#help")).to_be_visible()
    at.tap.turn("pass")
    at.card("N")
    expect(at.page.locator(".card.empty")).to_be_visible()


def test_help_that_is_told_twice_stays_open(desk: Callable[[str], Desk], bench: Bench, station: str) -> None:
    at = desk("twice")
    at.shows(at.gun("H0"))  # the line stands
    bench.card(station, code("H", at.secret))  # a gun at the box
    expect(at.page.locator("#help")).to_be_visible()
    at.shows(at.gun("H1"))
    expect(at.page.locator("#help")).to_be_visible()


def test_a_late_request_to_confirm_is_not_shown_over_another_parcel(
    desk: Callable[[str], Desk], bench: Bench, station: str
) -> None:
    at = desk("pass")
    at.shows(at.gun("D1"))
    at.waits(SETTLE_S)
    at.tap.turn("hold")
    bench.card(station, code("D", at.secret))
    at.tap.wait(1)
    bench.next(station)
    other = at.scan("D2")
    at.shows(other)
    at.tap.turn("pass")
    at.card("H")  # what comes after has come
    expect(at.page.locator("#help")).to_be_visible()
    expect(at.page.locator("#armed")).to_be_hidden()
    at.shows(other)


def test_what_was_never_told_is_seen_when_the_line_is_back(desk: Callable[[str], Desk]) -> None:
    at = desk("drop")
    inspection = at.gun("N1")
    at.tap.wait(1)
    expect(at.page.locator(".card.empty")).to_be_visible()
    at.tap.turn("pass")
    at.page.context.set_offline(True)
    expect(at.page.locator("#link")).to_have_attribute("data-state", "lost")
    at.page.context.set_offline(False)
    expect(at.page.locator("#link")).to_have_attribute("data-state", "live")
    at.shows(inspection)


def test_a_line_that_is_refused_is_asked_for_again(desk: Callable[..., Desk]) -> None:
    at = desk("pass", refuses=2)
    assert at.tap.opened == 3
    at.shows(at.gun("B1"))


def test_a_scan_whose_answer_never_comes_is_told_and_the_next_one_is_its_own(desk: Callable[[str], Desk]) -> None:
    at = desk("pass")
    at.page.route("**/scans", lambda route: route.abort())
    wedge(at.page, f"01{GTIN}21Q1")
    expect(at.page.locator("#notice")).to_have_text(LABEL["unanswered"])
    expect(at.page.locator("html")).to_have_attribute("data-sound", "refused")
    expect(at.page.locator(".card.empty")).to_be_visible()
    at.page.unroute("**/scans")
    inspection = at.scan("Q2")
    at.shows(inspection)
    expect(at.page.locator("#card .subject")).not_to_contain_text("Q1")
    expect(at.page.locator("#notice")).to_be_hidden()


def test_a_scan_that_is_answered_late_says_that_the_box_is_at_it(desk: Callable[[str], Desk]) -> None:
    at = desk("pass")
    held: list[Route] = []
    at.page.route("**/scans", lambda route: held.append(route))  # noqa: PLW0108 - Playwright looks at its arguments
    wedge(at.page, f"01{GTIN}21W8")
    expect(at.page.locator("#notice")).to_have_text(LABEL["working"])
    held[0].continue_()
    expect(at.page.locator("#card .subject")).to_contain_text("W8")
    expect(at.page.locator("#notice")).to_be_hidden()
