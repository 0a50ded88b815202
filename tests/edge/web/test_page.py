"""The first page in a real browser: a scan is painted as a verdict without a reload."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from edge.bench import Bench
from edge.desk_card import code, secret_of
from edge.inspection import Outcome
from edge.messages import labels, sentence
from edge.settings import Settings
from edge.storage.keys import derived, storage_key
from tests.edge.web.conftest import GTIN, STATIONS
from tests.edge.web.serving import Server, serving
from tests.edge.web.wedge import wedge

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-dev-shm-usage",  # of a container it is too small
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 120_000  # of a machine that has other things to do

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the page is not tested in a browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, server: Server, station: str) -> Iterator[Page]:
    """The page of a station at which nothing lies open; a fault in its script fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    faults: list[str] = []
    shown = context.new_page()
    shown.on("pageerror", lambda error: faults.append(str(error)))
    shown.on("console", lambda message: faults.append(message.text) if "Refused to" in message.text else None)
    shown.goto(f"{server.url}/?station={station}")
    expect(shown.locator("#link")).to_have_attribute("data-state", "live")
    yield shown
    context.close()
    assert faults == []


def _scan(page: Page, serial: str) -> None:
    """A scan by typing, as an officer without a scanner does it."""
    page.locator("[data-open=entry]").click()
    page.locator("#code").fill(f"01{GTIN}21{serial}")
    page.keyboard.press("Enter")


def test_a_typed_code_is_painted_as_a_verdict_with_shape_word_and_freshness(page: Page) -> None:
    expect(page.locator(".card.empty")).to_be_visible()
    _scan(page, "A7")
    card = page.locator("#card [data-inspection]")
    expect(card).to_be_visible()
    outcome = card.get_attribute("data-outcome") or ""
    assert outcome in set(Outcome)
    expect(card.locator("h2")).to_have_text(sentence(f"verdict.{outcome}", {}, "en"))
    expect(card.locator(".verdict svg")).to_be_visible()
    expect(card.locator(".freshness")).to_contain_text("test-edition")
    expect(page.locator("#code")).to_have_value("")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator(".recent li").first).to_contain_text(GTIN)


def test_a_revoked_serial_shows_its_reason_in_the_language_of_the_page(
    page: Page, server: Server, station: str
) -> None:
    _scan(page, "R9")
    expect(page.locator("#card .reasons li").first).to_contain_text("R9")
    page.goto(f"{server.url}/?station={station}&lang=ja")
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    outcome = page.locator("#card [data-inspection]").get_attribute("data-outcome") or ""
    expect(page.locator("#card h2")).to_have_text(sentence(f"verdict.{outcome}", {}, "ja"))


def test_a_scan_of_a_gun_appears_without_a_touch_of_the_page(page: Page, server: Server, station: str) -> None:
    with server.client() as gun:
        gun.post(f"/api/v1/stations/{station}/scans", json={"codes": [{"text": f"01{GTIN}21G5"}]})
    expect(page.locator("#card .subject")).to_contain_text("G5")
    with server.client() as gun:
        gun.post(f"/api/v1/stations/{STATIONS[1]}/scans", json={"codes": [{"text": f"01{GTIN}21H6"}]})
    expect(page.locator(".recent li").first).to_contain_text(f"Station {STATIONS[1]}")
    expect(page.locator("#card .subject")).to_contain_text("G5")


def test_the_officer_decides_takes_it_back_and_goes_on(page: Page) -> None:
    page.locator("[data-open=menu]").click()
    page.locator("#officer").fill("Sato")
    page.locator("#officer").press("Tab")
    page.keyboard.press("Escape")
    _scan(page, "D1")
    page.locator("[data-decision=detain]").click()
    expect(page.locator("#armed")).to_have_text("DETAIN? Press DETAIN again to confirm.")
    page.wait_for_timeout(700)
    page.locator("[data-decision=detain]").click()
    expect(page.locator(".decision")).to_contain_text("Detain")
    expect(page.locator(".decision")).to_contain_text("Sato")
    page.locator("[data-undo]").click()
    expect(page.locator("[data-decision=release]")).to_be_visible()
    page.locator("#next button").click()
    expect(page.locator(".card.empty")).to_be_visible()


def _sent(server: Server, station: str, serial: str) -> str:
    with server.client() as gun:
        document = {"codes": [{"text": f"01{GTIN}21{serial}"}]}
        return str(gun.post(f"/api/v1/stations/{station}/scans", json=document).json()["inspection"])


def test_the_card_is_what_the_next_scan_joins_even_when_another_was_assessed_later(
    page: Page, server: Server, station: str
) -> None:
    first = _sent(server, station, "J1")
    with server.client() as gun:
        gun.post(f"/api/v1/stations/{station}/next", json={"inspection": first})
    second = _sent(server, station, "J2")
    expect(page.locator("#card [data-inspection]")).to_have_attribute("data-inspection", second)
    with server.client() as gun:
        gun.post(f"/api/v1/inspections/{first}/codes", json={"codes": [{"text": "late"}]})
    expect(page.locator(".recent li").first.locator("a")).to_have_attribute("href", f"/inspections/{first}?lang=en")
    page.reload()
    expect(page.locator("#card [data-inspection]")).to_have_attribute("data-inspection", second)


def test_a_half_written_reason_stays_with_its_inspection_and_goes_to_no_other(
    page: Page, server: Server, station: str
) -> None:
    first = _sent(server, station, "T1")
    reason = page.locator("[data-reason]")
    reason.fill("seal broken")
    reason.press("Home")
    _sent(server, station, "T2")
    card = page.locator("#card [data-inspection]")
    expect(card).to_have_attribute("data-assessment", "2")
    expect(reason).to_have_value("seal broken")
    expect(reason).to_be_focused()
    page.keyboard.type("the ")
    expect(reason).to_have_value("the seal broken")
    with server.client() as gun:
        gun.post(f"/api/v1/stations/{station}/next", json={"inspection": first})
    other = _sent(server, station, "T3")
    expect(card).to_have_attribute("data-inspection", other)
    expect(reason).to_have_value("")
    expect(page.locator("#notice")).to_contain_text("Another parcel is open now.")


def test_a_card_that_took_the_place_of_another_takes_no_click_that_was_meant_for_that(
    page: Page, server: Server, station: str
) -> None:
    first = _sent(server, station, "C1")
    expect(page.locator("#card .subject")).to_contain_text("C1")
    page.evaluate(
        """() => new MutationObserver(() => document.querySelector("[data-decision=refer]")?.click())
             .observe(document.querySelector("#deciding"), { childList: true })"""
    )
    with server.client() as gun:
        more = gun.post(f"/api/v1/inspections/{first}/codes", json={"codes": [{"text": "RR473124829JP"}]}).json()
    assert more["number"] == 2
    expect(page.locator("#card [data-inspection]")).to_have_attribute("data-assessment", "2")
    expect(page.locator("[data-decision=refer]")).to_be_enabled()
    with server.client() as gun:
        assert gun.get(f"/api/v1/inspections/{first}").json()["decision"] is None


def test_pictures_are_sent_from_the_file_picker(page: Page, labelled: bytes, tmp_path: Path) -> None:
    picture = tmp_path / "label.png"
    picture.write_bytes(labelled)
    page.locator("#pictures").set_input_files(picture)
    expect(page.locator("#card .subject")).to_contain_text(GTIN)
    page.locator("#card .ways a").first.click()
    expect(page.get_by_role("cell", name="DataMatrix").first).to_be_visible()


def test_a_refused_code_is_told_in_words_and_stays_in_the_field(page: Page) -> None:
    page.locator("[data-open=entry]").click()
    page.locator("#code").fill("x" * 9_000)
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("The code is too long.")
    expect(page.locator("#code")).to_have_value("x" * 9_000)


def test_a_lost_connection_is_told_and_the_verdict_fades(
    browser: Browser, bench: Bench, settings: Settings, station: str
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        with serving(bench, settings) as server:
            page.goto(f"{server.url}/?station={station}")
            _scan(page, "L1")
            expect(page.locator("#card [data-inspection]")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator("#link")).to_have_attribute("data-state", "lost", timeout=PATIENCE_MS)
        expect(page.locator("body")).to_have_class("bench lost")


def test_a_scan_is_taken_wherever_the_focus_is_and_leaves_typed_text_alone(page: Page) -> None:
    wedge(page, f"01{GTIN}21W1")
    expect(page.locator("#card .subject")).to_contain_text("W1")
    expect(page.locator("html")).to_have_attribute("data-sound", re.compile("NO_FINDING|CHECK|CANNOT_ASSESS"))
    page.locator("[data-reason]").fill("seal broken")
    page.locator("[data-reason]").press("Home")
    wedge(page, f"01{GTIN}10B7\x1d21W1")
    expect(page.locator("#card .subject")).to_contain_text("B7")  # the separator was kept: batch and serial apart
    expect(page.locator("[data-reason]")).to_have_value("seal broken")
    page.keyboard.type("the ", delay=90)
    expect(page.locator("[data-reason]")).to_have_value("the seal broken")


def test_a_scan_presses_no_button_and_decides_nothing(page: Page, server: Server, station: str) -> None:
    first = _sent(server, station, "P1")
    expect(page.locator("#card .subject")).to_contain_text("P1")
    page.wait_for_timeout(700)
    page.locator("[data-decision=release]").focus()
    wedge(page, f"01{GTIN}21P2")
    expect(page.locator("#card .subject")).to_contain_text("P2")
    with server.client() as gun:
        assert gun.get(f"/api/v1/inspections/{first}").json()["decision"] is None


def test_a_double_scan_changes_nothing_and_sounds_no_verdict(page: Page) -> None:
    wedge(page, f"01{GTIN}21S1")
    card = page.locator("#card [data-inspection]")
    expect(card).to_have_attribute("data-assessment", "1")
    expect(page.locator("html")).not_to_have_attribute("data-sound", "heard")
    page.wait_for_timeout(1000)  # the card is drawn once more where its event comes after its answer
    page.locator("#card article").evaluate("card => { card.dataset.mark = 'the same' }")
    wedge(page, f"01{GTIN}21S1")
    expect(page.locator("html")).to_have_attribute("data-sound", "heard")
    page.wait_for_timeout(500)
    expect(page.locator("html")).to_have_attribute("data-sound", "heard")
    expect(card).to_have_attribute("data-mark", "the same")


def test_slow_typing_is_no_scan(page: Page) -> None:
    page.keyboard.type("12345678", delay=200)
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    expect(page.locator(".card.empty")).to_be_visible()


def test_a_scanner_without_an_end_is_heard_too(page: Page) -> None:
    wedge(page, f"01{GTIN}21N1", end="")
    expect(page.locator("#card .subject")).to_contain_text("N1")


def test_a_key_asks_and_enter_confirms(page: Page) -> None:
    wedge(page, f"01{GTIN}21K1")
    expect(page.locator("#card .subject")).to_contain_text("K1")
    page.wait_for_timeout(700)
    page.keyboard.press("e")
    expect(page.locator("#armed")).to_have_text("Enter: REFER this parcel")
    page.keyboard.press("Escape")
    expect(page.locator("#armed")).to_be_hidden()
    page.keyboard.press("d")
    expect(page.locator("#armed")).to_have_text("Enter: DETAIN this parcel")
    page.wait_for_timeout(700)  # a shaking hand confirms nothing before
    page.keyboard.press("Enter")
    expect(page.locator(".decision")).to_contain_text("Detain")
    page.keyboard.press("u")
    expect(page.locator("#armed")).to_have_text("Enter: take the decision back")
    page.wait_for_timeout(700)
    page.keyboard.press("Enter")
    expect(page.locator("[data-decision=release]")).to_be_visible()


def test_registry_and_shipment_lie_one_key_away(page: Page) -> None:
    wedge(page, f"01{GTIN}21F1")
    expect(page.locator("#card .subject")).to_contain_text("F1")
    page.keyboard.press("g")
    expect(page.locator("#facts")).to_contain_text("Kumo soap 90 g")
    page.keyboard.press("Escape")
    expect(page.locator("#facts")).to_be_hidden()
    page.keyboard.press("s")
    expect(page.locator("#facts")).to_contain_text("No declaration is known for this parcel.")
    wedge(page, f"01{GTIN}21F2")  # a scan works whatever is open
    expect(page.locator("#card .subject")).to_contain_text("F2")


def test_a_tick_of_a_point_is_kept(page: Page, server: Server, station: str) -> None:
    inspection = _sent(server, station, "V1")
    page.locator("[data-point='1'][value=not_seen]").check()
    expect(page.locator("[data-point='1'][value=not_seen]")).to_be_checked()
    with server.client() as gun:
        for _ in range(50):
            points = gun.get(f"/api/v1/inspections/{inspection}/facts").json()["points"]
            if points[0]["observed"]:
                break
            page.wait_for_timeout(100)
    assert [point["observed"] for point in points] == ["not_seen", None]
    page.reload()
    expect(page.locator("[data-point='1'][value=not_seen]")).to_be_checked()
    expect(page.locator(".points li").nth(1)).to_contain_text("weigh")


def test_the_source_of_a_reason_opens_what_it_says(page: Page, server: Server, station: str) -> None:
    inspection = _sent(server, station, "R9")
    link = page.locator("#card .reasons li .origin a").first
    expect(link).to_have_css("float", "none")  # it stands behind its word
    link.click()
    expect(page.locator("#facts #facts-registry")).to_be_visible()
    page.keyboard.press("Escape")
    page.goto(f"{server.url}/inspections/{inspection}")  # the report has no panels, and no link that does nothing
    expect(page.locator("#card .reasons li .origin").first).to_be_visible()
    expect(page.locator("#card .reasons li .origin a")).to_have_count(0)


def test_the_desk_card_takes_the_typed_reason_along_and_says_where_it_could_not(
    page: Page, server: Server, bench: Bench, station: str
) -> None:
    secret = secret_of(derived(storage_key(bench.settings.state_dir), "desk card"))
    inspection = _sent(server, station, "R9")
    expect(page.locator("#card .subject")).to_contain_text("R9")
    page.wait_for_timeout(700)
    wedge(page, code("R", secret))  # against the advice: the page asks for the reason
    expect(page.locator("#notice")).to_have_text(labels("en")["problem_reason_conflict"])
    expect(page.locator("[data-reason]")).to_be_focused()
    page.keyboard.type("returned", delay=120)
    wedge(page, code("R", secret))
    expect(page.locator(".decision")).to_contain_text("returned")
    assert bench.record(inspection).disposition is not None
    with page.expect_response("**/scans"):
        wedge(page, code("U", secret))
    page.locator("[data-reason]").fill("for the gun")
    bench.card(station, code("F", secret))  # a gun at the box knows nothing of what is typed here
    expect(page.locator("#notice")).to_have_text(labels("en")["unwritten"])


def test_the_desk_card_decides_by_any_scanner_and_the_page_tells_it(
    page: Page, server: Server, bench: Bench, station: str
) -> None:
    secret = secret_of(derived(storage_key(bench.settings.state_dir), "desk card"))
    _sent(server, station, "Y1")
    expect(page.locator("#card .subject")).to_contain_text("Y1")
    page.wait_for_timeout(700)
    bench.card(station, code("D", secret))  # a gun at the box: the page is told
    expect(page.locator("#armed")).to_have_text("DETAIN? Scan DETAIN again to confirm.")
    page.wait_for_timeout(1_100)
    wedge(page, code("D", secret))
    expect(page.locator(".decision")).to_contain_text("Detain")
    expect(page.locator("#armed")).to_be_hidden()
    wedge(page, code("U", secret))
    expect(page.locator("[data-decision=release]")).to_be_visible()
    wedge(page, code("H", secret))
    expect(page.locator("#help")).to_be_visible()
    expect(page.locator("#help h2")).to_have_text("Help and keys")
    wedge(page, code("J", secret))
    expect(page.locator("html")).to_have_attribute("lang", "ja")
