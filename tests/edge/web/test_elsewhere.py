"""A scan on a page that takes none, in a real browser: it presses nothing, and whoever scanned hears and reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from edge.messages import labels
from tests.edge.web.conftest import GTIN
from tests.edge.web.people_box import PeopleBox, people_box
from tests.edge.web.test_page import CHROMIUM, PATIENCE_MS, browser
from tests.edge.web.wedge import wedge

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the page is not tested in a browser")

SCAN = f"01{GTIN}21E1"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeopleBox]:
    with people_box(tmp_path_factory.mktemp("elsewhere")) as opened:
        opened.scan("E0")
        yield opened


@pytest.fixture
def paged(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        yield page


@pytest.mark.parametrize("path", ["/shift", "/supervisor", "/handhelds", "/doctor", "report"])
def test_a_scan_on_another_page_than_the_bench_is_told_to_be_lost(box: PeopleBox, paged: Page, path: str) -> None:
    report = f"/inspections/{box.bench.open_at('1')}"
    paged.goto(f"{box.server.url}{report if path == 'report' else path}?lang=ja")
    before = len(box.kinds())
    wedge(paged, SCAN)
    expect(paged.locator("#notice")).to_have_text(labels("ja")["scan_elsewhere"])
    expect(paged.locator("html")).to_have_attribute("data-sound", "refused")
    assert len(box.kinds()) == before


def test_a_scan_presses_no_button_that_has_the_focus(box: PeopleBox, paged: Page) -> None:
    paged.goto(f"{box.server.url}/handhelds")
    paged.locator("[name=name]").fill("yard 3")
    paged.locator("form.pair button").focus()
    wedge(paged, SCAN)
    expect(paged.locator("#notice")).to_be_visible()
    expect(paged.locator("[name=name]")).to_have_value("yard 3")
    expect(paged.locator(".qr")).to_have_count(0)


def test_a_scan_on_the_bench_page_is_inspected_as_ever(box: PeopleBox, paged: Page) -> None:
    paged.goto(f"{box.server.url}/?station=2")
    expect(paged.locator("#link")).to_have_attribute("data-state", "live")
    wedge(paged, SCAN)
    expect(paged.locator("#card [data-inspection]")).to_be_visible()
