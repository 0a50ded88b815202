"""What goes wrong in a yard, in a real browser: each is said plainly, and nothing is lost silently."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.edge.web.conftest import GTIN
from tests.edge.web.test_handheld_page import Yard, _empty, _page, _ready, _scan, paged, yard
from tests.edge.web.test_page import CHROMIUM, browser

__all__ = ["browser", "paged", "yard"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the page is not tested in a browser")

DAYS = 365


def test_a_disk_that_fills_while_something_waits_still_lets_go_of_what_was_answered(paged: Page, yard: Yard) -> None:
    yard.kill()
    for number in range(3):
        _scan(paged, f"Q{number}")
        expect(paged.locator("#waiting")).to_have_attribute("data-count", str(number + 1))
    session = paged.context.new_cdp_session(paged)
    session.send("Storage.overrideQuotaForOrigin", {"origin": yard.url, "quotaSize": 1})
    yard.up()
    _empty(paged)
    assert yard.serials() == ["Q0", "Q1", "Q2"]


def test_a_browser_that_keeps_nothing_is_told_and_a_typed_code_stays_in_its_field(browser: Browser, yard: Yard) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    context.add_init_script("IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };")
    with _page(context, yard) as page:
        expect(page.locator("#standing")).to_contain_text("This browser keeps nothing")
        page.locator("#code").fill("RR473124829JP")
        page.locator("#code").press("Enter")
        expect(page.locator("#notice")).to_contain_text("This browser keeps nothing")
        expect(page.locator("#notice")).to_contain_text("SecurityError")
        expect(page.locator("#code")).to_have_value("RR473124829JP")
    assert yard.serials() == []


def test_a_clock_that_is_a_year_wrong_is_told_and_holds_nothing_up(browser: Browser, yard: Yard) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_init_script(f"const now = Date.now; Date.now = () => now() - {DAYS} * 86_400_000;")
    with _page(context, yard) as page:
        expect(page.locator("#standing")).to_contain_text("The clock of this handheld is wrong. Set it.")
        _scan(page, "Y1")
        _empty(page)
    assert yard.serials() == ["Y1"]


def test_a_handheld_that_is_withdrawn_says_so_and_keeps_what_waits_until_it_is_paired_again(
    paged: Page, yard: Yard
) -> None:
    paged.evaluate("""localStorage.setItem("mine", JSON.stringify({ station: "yard", join_s: 20, name: "yard 3" }))""")
    refuse = {"status": 401, "json": {"code": "access_token", "detail": "Expected the token, got none."}}
    paged.route("**/api/v1/**", lambda route: route.fulfill(**refuse))
    paged.reload()
    _ready(paged)
    expect(paged.locator("#standing")).to_contain_text("This handheld was withdrawn. What waits is kept here")
    _scan(paged, "V1")
    expect(paged.locator("#waiting")).to_have_attribute("data-count", "1")
    paged.unroute("**/api/v1/**")
    _empty(paged)
    expect(paged.locator("#standing")).to_be_empty()
    assert yard.serials() == ["V1"]


def test_a_network_without_the_bench_names_the_certificate_and_the_clock(browser: Browser, yard: Yard) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_init_script(
        "const now = performance.now.bind(performance); let more = 0; performance.now = () => now() + more;"
        "addEventListener('later', () => { more += 30_000; });"
    )
    with _page(context, yard) as page:
        yard.kill()
        expect(page.locator("#standing")).to_contain_text("No connection. What you scan is kept here and sent later.")
        page.evaluate("dispatchEvent(new Event('later'))")
        page.evaluate("dispatchEvent(new Event('offline'))")
        expect(page.locator("#standing")).to_contain_text("its certificate may be new, or the clock here is wrong")


def test_what_the_bench_refused_keeps_its_picture_and_is_sent_again_by_a_press(paged: Page) -> None:
    refuse: dict[str, Any] = {
        "status": 415,
        "json": {"code": "image_format", "detail": "Expected a picture, got none."},
    }
    paged.route("**/api/v1/inspections?*", lambda route: route.fulfill(**refuse))
    put = """async () => {
      const picture = new Uint8Array([1, 2, 3]).buffer;
      await (await import("/static/handheld/queue.js")).put({ parcel: "p", station: "yard", picture });
      dispatchEvent(new Event("online"));
    }"""
    paged.evaluate(put)
    expect(paged.locator("#refused li")).to_have_count(1)
    sent: list[bytes] = []

    def keep(route: Route) -> None:
        sent.append(route.request.post_data_buffer or b"")
        route.fulfill(**refuse)

    paged.unroute("**/api/v1/inspections?*")
    paged.route("**/api/v1/inspections?*", keep)
    paged.get_by_role("button", name="Send again").click()
    expect(paged.locator("#refused li")).to_have_count(1)
    _empty(paged)
    assert sent
    assert b"\x01\x02\x03" in sent[0]


def test_what_was_scanned_for_a_station_that_is_gone_goes_to_the_one_of_the_handheld(paged: Page, yard: Yard) -> None:
    put = """async (text) => {
      await (await import("/static/handheld/queue.js")).put({ parcel: "p", station: "gone", text });
      dispatchEvent(new Event("online"));
    }"""
    paged.evaluate(put, f"01{GTIN}21M1")
    _empty(paged)
    expect(paged.locator("#refused li")).to_have_count(0)
    assert yard.serials() == ["M1"]


def test_a_box_without_the_station_of_a_handheld_is_tried_again_and_nothing_is_lost(paged: Page, yard: Yard) -> None:
    refuse: dict[str, Any] = {
        "status": 422,
        "json": {"code": "request_unknown_station", "detail": "Expected 1, got yard."},
    }
    paged.route("**/api/v1/inspections?*", lambda route: route.fulfill(**refuse))
    _scan(paged, "U1")
    expect(paged.locator("#standing")).to_contain_text("The bench has no such station any more.")
    expect(paged.locator("#waiting")).to_have_attribute("data-count", "1")
    expect(paged.locator("#refused li")).to_have_count(0)
    paged.unroute("**/api/v1/inspections?*")
    paged.evaluate("() => dispatchEvent(new Event('online'))")
    _empty(paged)
    expect(paged.locator("#standing")).to_be_empty()
    assert yard.serials() == ["U1"]
