"""Signing in on the page, in a real browser: badge by a gun that types, PIN by keypad, time-out, switch, hand-over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.edge.web.people_box import PINS, PeopleBox, accounts, people_box
from tests.edge.web.test_page import CHROMIUM, PATIENCE_MS, browser
from tests.edge.web.wedge import wedge

__all__ = ["browser"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the page is not tested in a browser")

Shown = tuple[Page, PeopleBox]


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Shown]]:
    """`shown(setting=...)`: the page of station 1 of a box with accounts; a fault in its script fails the test."""
    badges = accounts(tmp_path / "state")
    faults: list[str] = []
    with ExitStack() as stack:

        def opened(**changes: object) -> Shown:
            box = stack.enter_context(people_box(tmp_path / "state", badges, **changes))
            context = stack.enter_context(browser.new_context(viewport={"width": 1280, "height": 900}))
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda message: faults.append(message.text) if "Refused to" in message.text else None)
            page.goto(f"{box.server.url}/?station=1")
            expect(page.locator("#link")).to_have_attribute("data-state", "live")
            return page, box

        yield opened
    assert faults == []


def _menu(page: Page) -> None:
    page.locator("[data-open=menu]").click()


def _present(page: Page) -> Locator:
    return page.locator("#present")


def test_a_badge_signs_in_wherever_the_cursor_stands_and_is_shown_nowhere(shown: Callable[..., Shown]) -> None:
    page, box = shown()
    expect(_present(page)).to_contain_text("Nobody is signed in. Scan your badge.")
    page.locator("[data-open=entry]").click()
    page.locator("#code").fill("half typed")
    page.locator("#code").press("End")
    wedge(page, box.badges["4711"])
    expect(_present(page)).to_contain_text("Sato")
    expect(page.locator("#code")).to_have_value("half typed")
    page.keyboard.press("Escape")
    box.scan("A1")
    reason = page.locator("[data-reason]")
    reason.fill("seal ")
    reason.press("End")
    wedge(page, box.badges["4712"].lower())
    expect(_present(page)).to_contain_text("Tanaka")
    expect(reason).to_have_value("seal ")
    assert box.badges["4712"][4:] not in page.content()
    reason.press_sequentially("sekisho", delay=150)
    expect(reason).to_have_value("seal sekisho")
    assert box.bodies("sign_in_refused") == []


def test_a_pin_by_the_keypad_signs_in_and_a_wrong_one_is_told(shown: Callable[..., Shown]) -> None:
    page, box = shown(sign_in_tries=2)
    inspection = box.scan("A1")["inspection"]
    page.locator("[data-decision=refer]").click()
    keypad = page.locator("#keypad")
    expect(keypad).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("Nobody is signed in. Scan your badge; what is open stays open.")

    def typed(person: str, pin: str) -> None:
        keypad.locator("[name=person]").fill("")
        keypad.locator("[name=person]").focus()
        for digit in person:
            keypad.locator(f"[data-key='{digit}']").click()
        keypad.locator("[data-key=switch]").click()
        for digit in pin:
            keypad.locator(f"[data-key='{digit}']").click()
        keypad.locator("form > .buttons button").first.click()

    typed("4711", "100000")
    expect(keypad.locator("[data-refused]")).to_contain_text("Id and PIN do not belong together.")
    expect(keypad.locator("[name=pin]")).to_have_value("")
    typed("4711", PINS["4711"])
    expect(keypad).to_be_hidden()
    expect(_present(page)).to_contain_text("Sato")
    expect(page.locator("#card [data-inspection]")).to_have_attribute("data-inspection", str(inspection))
    page.locator("[data-decision=refer]").click()
    expect(page.locator(".decision")).to_contain_text("Sato")
    key = keypad.locator("[data-key='5']")
    _menu(page)
    page.locator("[data-sign-out]").click()
    page.locator("[data-sign-in]").click()
    size = key.bounding_box()
    assert size is not None
    assert (
        min(size["width"], size["height"]) >= 15 / 217 * 1280
    )  # 15 mm on a 10-inch screen, 217 mm wide with 1280 points


def test_two_wrong_pins_make_the_account_wait(shown: Callable[..., Shown]) -> None:
    page, _ = shown(sign_in_tries=2)
    _menu(page)
    page.locator("[data-sign-in]").click()
    keypad = page.locator("#keypad")
    for told in ("Id and PIN do not belong together.", "Id and PIN do not belong together.", "Too many wrong PINs."):
        keypad.locator("[name=person]").fill("4711")
        keypad.locator("[name=pin]").fill("100000")
        keypad.locator("[name=pin]").press("Enter")
        expect(keypad.locator("[data-refused]")).to_contain_text(told)


def test_a_time_out_in_the_middle_of_a_parcel_keeps_it_and_asks_who_is_there(shown: Callable[..., Shown]) -> None:
    page, box = shown(session_idle_s=2.0)
    now_s = [0.0]
    box.bench.desk._clock = lambda: now_s[0]  # the page asks again and again; it is the box that says when it is over
    wedge(page, box.badges["4711"])
    expect(_present(page)).to_contain_text("Sato")
    inspection = box.scan("A1")["inspection"]
    page.locator("[data-reason]").fill("seal broken")
    now_s[0] += 60.0
    expect(_present(page)).to_contain_text("Signed out after a time without an act.")
    expect(page.locator("#keypad")).to_be_visible()
    expect(page.locator("#card [data-inspection]")).to_have_attribute("data-inspection", str(inspection))
    expect(page.locator("[data-reason]")).to_have_value("seal broken")
    wedge(page, box.badges["4711"])
    expect(page.locator("#keypad")).to_be_hidden()
    page.locator("[data-decision=refer]").click()
    expect(page.locator(".decision")).to_contain_text("seal broken")


def test_an_older_answer_to_who_is_there_undoes_no_newer_one(shown: Callable[..., Shown]) -> None:
    page, box = shown()
    held: list[Route] = []
    page.route("**/pages/who*", lambda route: route.continue_() if held else held.append(route))
    page.evaluate("document.body.dispatchEvent(new CustomEvent('people'))")
    while not held:
        page.wait_for_timeout(20)
    nobody = held[0].fetch()
    wedge(page, box.badges["4711"])
    expect(_present(page)).to_contain_text("Sato")
    with page.expect_event("requestfinished"):
        held[0].fulfill(response=nobody)
    page.wait_for_timeout(500)
    assert "Sato" in _present(page).inner_text()


def test_a_badge_at_the_gun_switches_the_officer_of_the_page(shown: Callable[..., Shown]) -> None:
    page, box = shown()
    wedge(page, box.badges["4711"])
    expect(_present(page)).to_contain_text("Sato")
    box.scan("A1")
    box.bench.badge("1", box.badges["4712"], "gun")
    expect(_present(page)).to_contain_text("Tanaka")
    page.locator("[data-decision=refer]").click()
    expect(page.locator(".decision")).to_contain_text("Tanaka")
    assert box.bodies("taken_over") == [{"before": "4711", "after": "4712"}]


@pytest.mark.parametrize("by", ["wedge", "gun"])
def test_the_second_officer_agrees_by_the_badge(shown: Callable[..., Shown], tmp_path: Path, by: str) -> None:
    from edge.policy import builtin_text  # noqa: PLC0415 - only here

    policy = tmp_path / "policy.toml"
    policy.write_text(builtin_text().replace("detain_by_two = false", "detain_by_two = true"), "utf-8")
    page, box = shown(policy=policy)
    wedge(page, box.badges["4711"])
    expect(_present(page)).to_contain_text("Sato")
    box.scan("A1")
    page.locator("[data-reason]").fill("label differs")
    page.locator("[data-decision=detain]").click()
    expect(page.locator("#armed")).to_be_visible()
    page.wait_for_timeout(700)
    page.locator("[data-decision=detain]").click()
    expect(page.locator("#keypad h2")).to_have_text("A second officer agrees")
    wedge(page, box.badges["4711"])  # the first's own: it does not count, and the keypad stays
    expect(page.locator("#keypad [data-refused]")).to_contain_text("second officer")
    expect(page.locator("#keypad h2")).to_have_text("A second officer agrees")
    if by == "wedge":
        wedge(page, box.badges["4712"])
    else:
        box.bench.badge("1", box.badges["4712"], "gun")
    expect(page.locator(".decision")).to_contain_text("Sato + Tanaka")
    expect(page.locator("#keypad")).to_be_hidden()
    expect(_present(page)).to_contain_text("Sato")


def test_a_shift_is_handed_over_by_the_badge_of_whoever_comes(shown: Callable[..., Shown]) -> None:
    page, box = shown()
    wedge(page, box.badges["4711"])
    expect(_present(page)).to_contain_text("Sato")
    box.scan("A1")
    _menu(page)
    page.locator("#present a.button").click()
    expect(page.locator("h2").first).to_contain_text("Shift")
    expect(page.locator("main")).to_contain_text("Inspections without a decision: 1")
    page.locator("#hand-over textarea").fill("scanner 2 is slow")
    wedge(page, box.badges["4711"])
    expect(page.locator("#notice")).to_contain_text("Another officer has to take over")
    wedge(page, box.badges["4712"])
    page.wait_for_url(re.compile(r"/shift/[0-9]+"))
    expect(page.locator("main")).to_contain_text("Sato – Tanaka")
    expect(page.locator("main")).to_contain_text("scanner 2 is slow")
    page.locator("header nav a").click()
    expect(_present(page)).to_contain_text("Tanaka")
