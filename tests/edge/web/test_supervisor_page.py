"""The supervisor's page and a shift's charts in a real browser: nothing is kept from those who do not see or point."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.messages import LANGUAGES
from tests.edge.web.people_box import PeopleBox, people_box

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the pages are not looked at")

TARGET_PX = 5.6 * 16 - 1  # 15 mm on a 10-inch screen


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeopleBox]:
    with people_box(tmp_path_factory.mktemp("looked_at"), {}, country="JP", time_zone="Asia/Tokyo") as opened:
        with opened.server.client() as page:
            for serial, decision in (("A1", "refer"), ("A2", "release"), ("A3", None)):
                inspection = opened.scan(serial)["inspection"]
                if decision:
                    content = {"decision": decision, "reason": "worn"}
                    page.put(f"/api/v1/inspections/{inspection}/disposition", json=content).raise_for_status()
                page.post("/api/v1/stations/1/next").raise_for_status()
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()


LOOKS = [("/supervisor", language, "dark" if place % 2 else "light") for place, language in enumerate(LANGUAGES)]


@pytest.mark.parametrize(("path", "language", "scheme"), [*LOOKS, ("/shift", "en", "light"), ("/shift", "ja", "dark")])
def test_a_page_with_charts_keeps_nothing_from_anybody(
    box: PeopleBox, browser: Any, path: str, language: str, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{box.server.url}{path}?lang={language}")
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.locator("svg.chart[role=img]").count() >= 2
    assert said == []
    context.close()


def test_what_is_touched_has_fifteen_millimetres_and_a_narrow_page_does_not_scroll_sideways(
    box: PeopleBox, browser: Any
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{box.server.url}/supervisor?lang=en")
    for one in page.locator("main a:visible, main button:visible, main select:visible, main summary:visible").all():
        assert one.bounding_box()["height"] >= TARGET_PX, one.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    context.close()


def test_a_draft_is_downloaded_from_the_page(box: PeopleBox, browser: Any, tmp_path: Path) -> None:
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    page.goto(f"{box.server.url}/supervisor?lang=en")
    with page.expect_download() as coming:
        page.locator(".draft button[value=pdf]").first.click()
    coming.value.save_as(tmp_path / "draft.pdf")
    assert coming.value.suggested_filename.startswith("draft-not-sent-c5804-")
    assert (tmp_path / "draft.pdf").read_bytes().startswith(b"%PDF-")
    context.close()
