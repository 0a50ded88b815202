"""The bench page at its edges: marks on the picture, secrets, facts that come late, reasons long or half written."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

import edge.web.pages
from edge.bench import Bench
from edge.desk_card import code, secret_of
from edge.inspection import Decision
from edge.messages import LANGUAGES, labels
from edge.storage.keys import derived, storage_key
from edge.web.card import card_of
from tests.edge.web.serving import Server
from tests.edge.web.test_page import CHROMIUM, _sent, browser, page
from tests.edge.web.wedge import wedge

__all__ = ["browser", "page"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the page is not tested in a browser")

SIZES = ((390, 844), (1024, 768), (1280, 800), (1920, 1080))  # px of the screen
FACE = (1600, 900)  # px, width and height of a landscape face
MARK = (0.25, 0.75)  # shares of the face
# Ratio of the picture as it is laid, and the centre of its mark as shares of it.
LAID = """(stage) => {
  const middle = (box) => [box.left + box.width / 2, box.top + box.height / 2];
  const picture = stage.querySelector("img").getBoundingClientRect();
  const [x, y] = middle(stage.querySelector(".spot").getBoundingClientRect());
  return [picture.width / picture.height, (x - picture.left) / picture.width, (y - picture.top) / picture.height,
    picture.height];
}"""
LONG = "The carton was opened and closed again. " * 50  # 2,000 characters


def test_a_mark_lies_on_its_place_of_a_landscape_face_at_every_size_of_the_screen(
    page: Page, server: Server, station: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_faces(*asked: Any) -> dict[str, Any]:
        card = card_of(*asked)
        points = [{**card["points"][0], "x": MARK[0], "y": MARK[1]}]
        return {**card, "faces": {"registered": "0" * 64, "face": "1" * 64}, "points": points}

    monkeypatch.setattr(edge.web.pages, "card_of", with_faces)
    picture = cv2.imencode(".png", np.full((FACE[1], FACE[0], 3), 200, np.uint8))[1].tobytes()
    page.route("**/api/v1/evidence/*", lambda route: route.fulfill(body=picture, content_type="image/png"))
    _sent(server, station, "A7")
    expect(page.locator(".stage .spot")).to_have_count(2)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for role in ("registered", "face"):
            stage = page.locator(f".stage.{role}")
            expect(stage.locator("img")).to_have_js_property("naturalWidth", FACE[0])
            ratio, x, y, high = stage.evaluate(LAID)
            assert ratio == pytest.approx(FACE[0] / FACE[1], rel=0.01), (width, height, role)
            assert (x, y) == pytest.approx(MARK, abs=0.01), (width, height, role)
            assert high > 80, (width, height, role)


def _secret(bench: Bench) -> str:
    return secret_of(derived(storage_key(bench.settings.state_dir), "desk card"))


@pytest.mark.parametrize("before", ["", "]C1", "9521"])
def test_the_secret_of_the_desk_card_is_nowhere_on_the_screen(page: Page, bench: Bench, before: str) -> None:
    secret = _secret(bench)
    wedge(page, before + code("H", secret))
    expect(page.locator("#heard")).to_contain_text("Desk card")
    page.wait_for_timeout(500)
    assert secret.lower() not in page.content().lower()


def test_the_desk_card_has_a_name_in_every_language() -> None:
    named = {language: labels(language)["desk_card"] for language in LANGUAGES}
    assert len(set(named.values())) == len(LANGUAGES), named


def test_facts_that_come_late_are_not_laid_over_another_parcel(page: Page, server: Server, station: str) -> None:
    first = _sent(server, station, "F1")
    expect(page.locator("#card .subject")).to_contain_text("F1")
    held: list[Route] = []
    page.route("**/pages/facts?*", lambda route: held.append(route))  # noqa: PLW0108  playwright marks its handler
    with page.expect_request("**/pages/facts?*"):
        page.keyboard.press("g")
    with server.client() as gun:
        gun.post(f"/api/v1/stations/{station}/next", json={"inspection": first})
    _sent(server, station, "F2")
    expect(page.locator("#card .subject")).to_contain_text("F2")
    with page.expect_response("**/pages/facts?*"):
        held[0].continue_()
    page.wait_for_timeout(800)
    expect(page.locator("#facts")).to_be_hidden()


def test_facts_that_lie_open_are_closed_when_another_parcel_comes(page: Page, server: Server, station: str) -> None:
    first = _sent(server, station, "F3")
    expect(page.locator("#card .subject")).to_contain_text("F3")
    page.keyboard.press("g")
    expect(page.locator("#facts")).to_be_visible()
    with server.client() as gun:
        gun.post(f"/api/v1/stations/{station}/next", json={"inspection": first})
    _sent(server, station, "F4")
    expect(page.locator("#card .subject")).to_contain_text("F4")
    expect(page.locator("#facts")).to_be_hidden()


def test_facts_that_do_not_come_are_told(page: Page, server: Server, station: str) -> None:
    _sent(server, station, "F5")
    expect(page.locator("#card .subject")).to_contain_text("F5")
    page.route("**/pages/facts?*", lambda route: route.abort())
    page.keyboard.press("g")
    expect(page.locator("#notice")).to_have_text(labels("en")["unanswered"])


def test_a_very_long_reason_leaves_the_verdict_in_sight(page: Page, server: Server, bench: Bench, station: str) -> None:
    inspection = _sent(server, station, "R9")
    bench.dispose(inspection, Decision.RELEASE, reason=LONG)
    said = page.locator(".stands .said")
    expect(said).to_contain_text("The carton was opened")
    tall, whole = said.evaluate("one => [one.clientHeight, one.scrollHeight]")
    assert tall < 80 < whole  # two lines, the others by scrolling
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        bar = page.locator(".bar").bounding_box()
        assert bar is not None
        assert bar["height"] < height / 2
    page.goto(f"{server.url}/supervisor?lang=en")
    reason = page.locator(".day .said").first
    expect(reason).to_be_visible()
    row = page.locator(".day tbody tr").filter(has=page.locator(".said")).first
    place, time = row.bounding_box(), row.locator("time").evaluate("one => one.getClientRects().length")
    assert place is not None
    assert place["height"] < 200
    assert time == 1  # on one line


def test_a_half_written_reason_outlives_a_change_of_language_in_the_menu(
    page: Page, server: Server, station: str
) -> None:
    first = _sent(server, station, "L1")
    reason = page.locator("[data-reason]")
    reason.fill("seal broken")
    page.locator("[data-open=menu]").click()
    page.locator("#menu .languages a[lang=ja]").click()
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    expect(reason).to_have_value("seal broken")
    page.locator("[data-open=menu]").click()
    page.locator("#menu .languages a[lang=en]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(reason).to_have_value("seal broken")
    with server.client() as gun:
        gun.post(f"/api/v1/stations/{station}/next", json={"inspection": first})
    other = _sent(server, station, "L2")
    expect(page.locator("#card [data-inspection]")).to_have_attribute("data-inspection", other)
    page.reload()
    expect(reason).to_have_value("")


def test_a_decision_that_is_pointed_at_does_not_look_chosen(page: Page, server: Server, station: str) -> None:
    _sent(server, station, "O1")
    release = page.locator("[data-decision=release]")
    expect(release).to_be_enabled()
    paper = "one => getComputedStyle(one).backgroundColor"
    before = release.evaluate(paper)
    border = release.evaluate("one => getComputedStyle(one).borderColor")
    release.hover()
    assert release.evaluate(paper) == before
    assert release.evaluate("one => getComputedStyle(one).borderColor") != border
