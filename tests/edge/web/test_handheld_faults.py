"""What goes wrong in a yard, in a real browser: each is said plainly, and nothing is lost silently."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

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
