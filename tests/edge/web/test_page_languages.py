"""The first page in a real browser in every language: its own letters, nothing cut off, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from edge.messages import LANGUAGES, NAMES, labels, sentence, tag
from provisioning.words.fonts import families
from tests.edge.web.conftest import GTIN
from tests.edge.web.serving import Server
from tests.edge.web.test_page import CHROMIUM, PATIENCE_MS, browser

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the page is not tested in a browser")

# Elements whose text is wider than they are. A file picker cuts its own words, which are the browser's.
CUT_OFF = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1)
  .filter((one) => one.type !== "file" && !one.closest(".unseen"))
  .map((one) => `${one.tagName} ${one.id} ${one.className}: ${one.textContent.trim().slice(0, 40)}`)"""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as made:
        made.set_default_timeout(PATIENCE_MS)
        yield made


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_verdict_stands_in_every_language_with_letters_of_the_box_and_nothing_cut_off(
    context: BrowserContext, server: Server, station: str, language: str
) -> None:
    with server.client() as gun:
        gun.post(f"/api/v1/stations/{station}/scans", json={"codes": [{"text": f"01{GTIN}21R9"}]})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/?station={station}&lang={language}")
    expect(page.locator("html")).to_have_attribute("lang", tag(language))
    expect(page.locator("#card .reasons li").first).to_contain_text(
        sentence("serial.revoked", {"serial": "R9"}, language)
    )
    expect(page.locator("[data-decision=detain]")).to_have_text(labels(language)["detain"])
    expect(page.locator(".languages a[aria-current]")).to_have_text(NAMES[language])
    page.evaluate("() => document.fonts.ready.then(() => true)")
    assert page.evaluate("() => [...document.fonts].filter((one) => one.status === 'error').length") == 0
    shown = {one.strip('"') for one in page.evaluate("() => getComputedStyle(document.body).fontFamily").split(", ")}
    assert set(families(language)) <= shown
    if language in {"ja", "zh", "ko"}:
        assert any(f"/fonts/{language}-" in address for address in asked)
    others = [other for other in LANGUAGES if other != language]
    assert not [address for address in asked for other in others if f"/fonts/{other}-" in address]
    assert all(address.startswith(server.url) for address in asked)
    assert page.evaluate(CUT_OFF) == []
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 400


def test_a_refusal_is_told_in_the_language_of_the_page_and_the_choice_stays(
    context: BrowserContext, server: Server, station: str
) -> None:
    page = context.new_page()
    page.goto(f"{server.url}/?station={station}&lang=ko")
    page.locator("[data-open=entry]").click()
    page.locator("#code").fill("x" * 9_000)
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_have_text("코드가 너무 깁니다. 다시 스캔하십시오.")
    page.goto(f"{server.url}/?station={station}")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
