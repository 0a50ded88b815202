"""A practice bench in a real browser: every screen shows it, its parcels are scored, and nothing is mixed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from edge import practice
from edge.app import open_bench
from edge.errors import LedgerError
from edge.settings import Settings
from provisioning.training.command import practising
from provisioning.training.material import CHOSEN
from tests.edge.web.serving import Server, serving
from tests.edge.web.test_page import CHROMIUM, PATIENCE_MS, browser
from tests.edge.web.wedge import wedge

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: practice is not tested in a browser")

SCREENS = ("/", "/practice", "/shift", "/doctor", "/sign-in")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        state_dir=tmp_path_factory.mktemp("box") / "state", token="t" * 20, training_port=8081, decode_budget_s=60.0
    )


@pytest.fixture(scope="module")
def bench(real: Settings) -> Iterator[tuple[Settings, Server]]:
    settings = practising(real)
    with open_bench(settings) as opened, serving(opened, settings) as server:
        yield settings, server


@pytest.fixture
def page(browser: Browser, bench: tuple[Settings, Server]) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 800}, base_url=bench[1].url) as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


def test_practice_keeps_apart_from_the_real_bench_and_listens_to_no_device(
    real: Settings, bench: tuple[Settings, Server]
) -> None:
    settings, _ = bench
    assert settings.state_dir == real.state_dir.with_name("state-training")
    assert (settings.host, settings.token, settings.training_port) == ("127.0.0.1", "", real.port)
    assert (settings.camera, settings.scanner, settings.watch_folder) == ("", "", None)
    wrong = settings.model_copy(update={"training": False, "state_dir": settings.state_dir})
    with pytest.raises(LedgerError):  # locked or of practice: a real bench never writes here
        open_bench(wrong).__enter__()


def test_every_screen_of_practice_has_its_frame_and_its_words(page: Page) -> None:
    for screen in SCREENS:
        page.goto(f"{screen}?lang=en")
        expect(page.locator("html.training")).to_have_attribute("data-watermark", "PRACTICE – NOT REAL")
        border = page.evaluate("getComputedStyle(document.body).borderTopStyle")
        words = page.evaluate("getComputedStyle(document.documentElement, '::after').content")
        assert (screen, border, words) == (screen, "dashed", '"PRACTICE – NOT REAL"')


def test_a_parcel_is_laid_down_decided_and_scored(page: Page) -> None:
    page.goto("/practice?lang=en")
    expect(page.locator(".drawn li")).to_have_count(len(CHOSEN))
    _lay_and_decide(page, "revoked-serial", "refer")
    _lay_and_decide(page, "before-programme", "refer")
    page.goto("/practice?lang=en")
    scored = page.locator("section table").first
    expect(scored.get_by_role("row", name=re.compile("Serial number 1 0 0 0 [0-9]+ s"))).to_be_visible()
    expect(scored.get_by_role("row", name=re.compile("Everything as registered 0 1 0 0 [0-9]+ s"))).to_be_visible()


def _lay_and_decide(page: Page, name: str, decision: str) -> None:
    page.goto("/practice?lang=en")
    page.locator(".drawn button").nth(list(CHOSEN).index(name)).click()
    page.locator("#card [data-inspection]").wait_for()
    page.locator(f"[data-decision={decision}]").click()
    expect(page.locator(".stands")).to_be_visible()
    page.locator("#next button").click()
    expect(page.locator(".card.empty")).to_be_visible()


def test_a_number_of_the_sheet_is_scanned_and_belongs_to_its_parcel(page: Page, bench: tuple[Settings, Server]) -> None:
    known = practice.known(bench[0].state_dir)
    page.goto("/?lang=en")
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    wedge(page, known[3].number)
    expect(page.locator("#card .subject")).to_contain_text(known[3].number)
    page.goto("/practice?lang=en")
    expect(page.locator("section table").nth(1)).to_contain_text(known[3].number)
    page.goto("/?lang=en")
    page.locator("#next button").click()
    expect(page.locator(".card.empty")).to_be_visible()


def test_the_sheet_names_every_parcel(bench: tuple[Settings, Server]) -> None:
    with bench[1].client() as client:
        answer = client.get("/practice/sheet.pdf")
    assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    numbers = {one.number for one in practice.known(bench[0].state_dir)}
    assert len(numbers) == len(CHOSEN)
    assert numbers <= set(re.findall(r"RX\d{9}AQ", answer.content.decode("cp1252")))


def test_the_menu_of_the_real_bench_leads_to_practice_and_practice_leads_back(page: Page) -> None:
    page.goto("/?lang=en")
    page.locator("[data-open=menu]").click()
    expect(page.locator("#menu a", has_text="Back to real work")).to_have_attribute(
        "href", "http://127.0.0.1:8080/?lang=en"
    )


def test_a_real_bench_serves_no_practice_and_wears_no_frame(browser: Browser, tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", workers=1, training_port=8081)
    with open_bench(settings) as opened, serving(opened, settings) as server:
        with server.client() as client:
            assert client.get("/practice").status_code == 404
        page = browser.new_page()
        page.goto(f"{server.url}/?lang=en")
        assert page.locator("html.training").count() == 0
        page.locator("[data-open=menu]").click()
        expect(page.locator("#menu a", has_text="Practice bench")).to_have_attribute(
            "href", "http://127.0.0.1:8081/?lang=en"
        )
        page.close()
