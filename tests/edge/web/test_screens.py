"""Every screen in a real browser: readable for everybody (axe), large enough for gloves, light, from the box alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from benchmarks.screens import SCREENS, TARGET_PX, Box, Screen, box, opened, small, violations
from tests.edge.web.test_page import CHROMIUM, browser

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the screens are not looked at")

BY_NAME = {screen.name: screen for screen in SCREENS}
FIRST_LOAD_BYTES = 150_000  # without fonts


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with box(tmp_path_factory.mktemp("screens")) as made:
        yield made


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_has_no_fault_that_axe_finds_and_no_small_target(browser: Browser, at: Box, screen: Screen) -> None:
    with opened(browser, at, screen, "en") as page:
        assert violations(page) + small(page) == []


@pytest.mark.parametrize("language", ["ja", "th"])
@pytest.mark.parametrize("name", ["strong-indication", "menu"])
def test_other_languages_in_the_dark_have_no_fault_either(browser: Browser, at: Box, name: str, language: str) -> None:
    with opened(browser, at, BY_NAME[name], language, "dark") as page:
        assert violations(page) + small(page) == []


def test_a_target_that_is_too_small_is_found(browser: Browser, at: Box) -> None:
    with opened(browser, at, BY_NAME["ready"], "en") as page:
        assert small(page) == []
        page.evaluate(
            "() => { document.querySelector('[data-open=menu]').style.cssText = 'min-height: 0; max-height: 60px'; }"
        )
        assert len(small(page)) == 1, f"under {TARGET_PX} px"


def test_a_fault_of_contrast_is_found(browser: Browser, at: Box) -> None:
    with opened(browser, at, BY_NAME["ready"], "en") as page:
        page.evaluate("() => { document.querySelector('.empty p').style.color = '#ccc'; }")
        assert any(one.startswith("color-contrast: ") for one in violations(page))


def test_the_first_load_weighs_little_and_asks_nobody_but_the_box(browser: Browser, at: Box) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        weights: dict[str, int] = {}

        def weigh(response: object) -> None:
            url = response.url  # type: ignore[attr-defined]
            if "/static/fonts/" not in url and "/events" not in url:
                weights[url] = len(response.body())  # type: ignore[attr-defined]

        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfinished", lambda request: weigh(request.response()))
        page.goto(f"{at.url}/?station=1", wait_until="load")
        page.locator(".card.empty").wait_for()
        page.wait_for_timeout(300)
    assert [url for url in asked if not url.startswith(at.url)] == []
    assert 10_000 < sum(weights.values()) <= FIRST_LOAD_BYTES, weights
