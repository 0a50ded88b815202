"""Every screen in a real browser: readable for everybody (axe), large enough for gloves, light, from the box alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Browser

from benchmarks.page import first_load
from benchmarks.screens import SCREENS, TARGET_PX, Box, Scheme, Screen, box, opened, small, violations
from tests.edge.web.test_page import CHROMIUM, browser

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the screens are not looked at")

BY_NAME = {screen.name: screen for screen in SCREENS}
FIRST_LOAD_BYTES = 150_000  # without fonts
# Red, green and blue of the big word, of what it stands on, and of the outline of the shape beside it.
COLOURS = """() => {
  const style = (selector) => getComputedStyle(document.querySelector(selector));
  const of = (selector, name) => style(selector)[name].match(/\\d+/g).slice(0, 3).map(Number);
  return [of(".verdict h2", "color"), of(".verdict", "backgroundColor"), of(".verdict .shape > *", "stroke")];
}"""


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
    weights, asked = first_load(browser, f"{at.url}/?station=1")
    assert [url for url in asked if not url.startswith(at.url)] == []
    assert 10_000 < sum(weights.values()) <= FIRST_LOAD_BYTES, weights


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["no-finding", "check", "strong-indication", "cannot-assess"])
def test_the_word_of_a_verdict_stands_out_seven_to_one_and_its_shape_three_to_one(
    browser: Browser, at: Box, name: str, scheme: Scheme
) -> None:
    with opened(browser, at, BY_NAME[name], "en", scheme) as page:
        word, paper, shape = page.evaluate(COLOURS)
    assert contrast(word, paper) >= 7, (word, paper)  # WCAG 2.2, 1.4.6
    assert contrast(shape, paper) >= 3, (shape, paper)  # 1.4.11


def test_nothing_on_the_bench_moves_or_flashes(browser: Browser, at: Box) -> None:
    with browser.new_context(reduced_motion="no-preference") as context:
        page = context.new_page()
        page.goto(f"{at.url}/?station=4")
        page.locator("#card [data-inspection]").wait_for()
        assert page.evaluate("() => document.getAnimations().length") == 0
    styles = files("edge.web") / "pages" / "static"
    sheets = [*styles.glob("**/*.css")]  # type: ignore[attr-defined]
    assert len(sheets) > 4
    assert [one.name for one in sheets if re.search(r"animation|transition|@keyframes", one.read_text("utf-8"))] == []


def contrast(one: list[int], other: list[int]) -> float:
    """WCAG 2.2: (L1 + 0.05) / (L2 + 0.05) of two sRGB colours."""
    darker, lighter = sorted(_luminance(colour) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: list[int]) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
