"""A decision that is asked for by key is carried out by Enter on the question, and by Enter on nothing else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from edge.bench import Bench
from tests.edge.web.serving import Server
from tests.edge.web.test_page import CHROMIUM, _sent, browser, page

__all__ = ["browser", "page"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the page is not tested in a browser")

SHAKING_MS = 700  # before that Enter confirms nothing anyway


def _asked(page: Page, server: Server, station: str, key: str) -> str:
    """An inspection that lies open, with a decision asked for by `key`."""
    inspection = _sent(server, station, "R9")
    expect(page.locator("#card [data-inspection]")).to_have_attribute("data-inspection", inspection)
    page.wait_for_timeout(SHAKING_MS)
    page.keyboard.press(key)
    expect(page.locator("#armed")).to_be_visible()
    page.wait_for_timeout(SHAKING_MS)
    return inspection


def _undecided(page: Page, bench: Bench, inspection: str) -> bool:
    page.wait_for_timeout(500)
    return bench.record(inspection).disposition is None


def test_enter_on_the_button_that_closes_the_facts_detains_nothing(
    page: Page, server: Server, bench: Bench, station: str
) -> None:
    inspection = _asked(page, server, station, "d")
    page.keyboard.press("g")
    expect(page.locator("#facts")).to_be_visible()
    expect(page.locator("#armed")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator("#facts")).to_be_hidden()
    assert _undecided(page, bench, inspection)


def test_enter_on_a_button_of_the_menu_releases_nothing(page: Page, server: Server, bench: Bench, station: str) -> None:
    inspection = _asked(page, server, station, "r")
    page.keyboard.press("m")
    expect(page.locator("#menu")).to_be_visible()
    page.locator("#menu [data-volume='0']").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#menu [data-volume='0']")).to_have_attribute("aria-pressed", "true")
    assert _undecided(page, bench, inspection)
    page.keyboard.press("Escape")
    expect(page.locator("#armed")).to_be_hidden()


def test_enter_on_next_parcel_leaves_the_parcel_and_releases_nothing(
    page: Page, server: Server, bench: Bench, station: str
) -> None:
    inspection = _asked(page, server, station, "r")
    page.locator("#next button").focus()
    expect(page.locator("#armed")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator(".card.empty")).to_be_visible()
    assert _undecided(page, bench, inspection)


def test_a_press_elsewhere_takes_the_question_back(page: Page, server: Server, bench: Bench, station: str) -> None:
    inspection = _asked(page, server, station, "d")
    page.locator("#card .subject").click()
    expect(page.locator("#armed")).to_be_hidden()
    page.keyboard.press("Enter")
    assert _undecided(page, bench, inspection)


def test_the_question_takes_the_focus_so_that_enter_is_not_for_a_button_pressed_before(
    page: Page, server: Server, bench: Bench, station: str
) -> None:
    inspection = _sent(server, station, "R9")
    expect(page.locator("#card [data-inspection]")).to_have_attribute("data-inspection", inspection)
    page.wait_for_timeout(SHAKING_MS)
    page.locator("#next button").focus()
    page.keyboard.press("e")
    expect(page.locator("#armed")).to_be_focused()
    page.wait_for_timeout(SHAKING_MS)
    page.keyboard.press("Enter")
    expect(page.locator("[data-undo]")).to_be_visible()
    disposition = bench.record(inspection).disposition
    assert disposition is not None
    assert disposition.decision == "refer"
