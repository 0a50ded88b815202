"""What the bench says later of a handheld's parcels, and what an officer decides there, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from edge.app import open_box
from edge.arrival import Arrival
from edge.inspection import Decision
from edge.policy import builtin_text
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.web.server import bound
from tests.edge.web.conftest import GTIN
from tests.edge.web.people_box import accounts
from tests.edge.web.test_handheld_page import Yard, _empty, _page, _scan, paged, yard
from tests.edge.web.test_page import CHROMIUM, browser
from tests.edge.web.wedge import wedge

__all__ = ["browser", "paged", "yard"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the page is not tested in a browser")


@pytest.fixture
def staffed(browser: Browser, tmp_path: Path) -> Iterator[tuple[Page, Yard, dict[str, str]]]:
    """A handheld's page of a box with accounts, and their badges."""
    state = tmp_path / "state"
    badges = accounts(state)
    policy = tmp_path / "policy.toml"
    policy.write_text(builtin_text().replace("detain_by_two = false", "detain_by_two = true"), "utf-8")
    settings = Settings(state_dir=state, stations=("1", "yard"), workers=1, policy=policy)
    with open_box(settings, pictures=False) as box, bound(settings.model_copy(update={"port": 0})) as held:
        made = Yard(box.bench, settings, held)
        made.up()
        with _page(browser.new_context(viewport={"width": 390, "height": 844}), made) as page:
            yield page, made, badges
        made.kill()


def _inspected(page: Page, serial: str) -> str:
    """Scan a parcel of its own and wait for its verdict; its inspection."""
    _scan(page, serial)
    expect(page.locator("#verdict .subject")).to_contain_text(serial)
    return page.locator("#verdict").get_attribute("data-inspection") or ""


def _more(yard: Yard, inspection: str, serial: str) -> str:
    """The bench adds a code to the inspection; the outcome from then on."""
    code = RawCode(f"01{GTIN}21{serial}".encode(), "gun-1")
    return str(yard.bench.inspect(Arrival("1", codes=(code,), inspection=inspection)).verdict.outcome)


def test_a_verdict_that_changes_later_is_painted_on_the_handheld(paged: Page, yard: Yard) -> None:
    inspection = _inspected(paged, "N1")
    outcome = _more(yard, inspection, "N2")
    expect(paged.locator("#verdict .subject")).to_contain_text("N2")
    expect(paged.locator("#verdict")).to_have_attribute("data-outcome", outcome)
    expect(paged.locator("#sent li")).to_have_count(1)
    expect(paged.locator("#sent li")).to_contain_text("N2")


def test_what_was_missed_without_a_connection_is_painted_when_it_is_back(paged: Page, yard: Yard) -> None:
    inspection = _inspected(paged, "M1")
    yard.kill()
    expect(paged.locator("#link")).to_have_attribute("data-state", "lost")
    _more(yard, inspection, "M2")
    yard.up()
    expect(paged.locator("#verdict .subject")).to_contain_text("M2")
    expect(paged.locator("#link")).to_have_attribute("data-state", "live")


def test_news_of_a_parcel_that_was_not_sent_from_here_change_nothing(paged: Page, yard: Yard) -> None:
    _inspected(paged, "O1")
    code = RawCode(f"01{GTIN}21OTHER".encode(), "gun-1")
    yard.bench.inspect(Arrival("1", codes=(code,), joins=False))
    inspection = _inspected(paged, "O2")
    _more(yard, inspection, "O3")
    expect(paged.locator("#verdict .subject")).to_contain_text("O3")
    expect(paged.locator("#sent li")).to_have_count(2)
    expect(paged.locator("#sent")).not_to_contain_text("OTHER")


def test_an_older_answer_that_comes_late_is_never_painted_over_a_newer_one(paged: Page, yard: Yard) -> None:
    inspection = _inspected(paged, "L1")
    _more(yard, inspection, "L2")
    expect(paged.locator("#verdict .subject")).to_contain_text("L2")
    kept = paged.evaluate(
        """async (inspection) => {
          const queue = await import("/static/handheld/queue.js");
          const old = { inspection, number: 1, outcome: "CHECK", sentence: "old", subject: [], reasons: [] };
          return [await queue.renew(old), await queue.renew(old)].map((one) => one.number);
        }""",
        inspection,
    )
    assert kept == [2, 2]


def test_a_decision_of_the_bench_stands_on_the_handheld_too(paged: Page, yard: Yard) -> None:
    inspection = _inspected(paged, "D1")
    yard.bench.dispose(inspection, Decision.REFER)
    expect(paged.locator("#stands")).to_have_text("Refer")
    expect(paged.locator("#choices")).to_be_hidden()
    yard.bench.undo(inspection)
    expect(paged.locator("#choices")).to_be_visible()


def test_an_officer_signs_in_on_the_handheld_by_badge_and_decides_there(
    staffed: tuple[Page, Yard, dict[str, str]],
) -> None:
    page, yard, badges = staffed
    inspection = _inspected(page, "B1")
    page.locator("[data-decision=refer]").click()
    expect(page.locator("#notice")).to_contain_text("Nobody is signed in.")
    wedge(page, badges["4711"])
    expect(page.locator("#who")).to_contain_text("Sato")
    page.locator("[data-decision=refer]").click()
    expect(page.locator("#stands")).to_have_text("Refer · 4711")
    page.locator("#undo").click()
    expect(page.locator("#choices")).to_be_visible()
    rows = yard.bench.record(inspection).dispositions
    assert [(one.decision, one.officer) for _, one in rows] == [(Decision.REFER, "4711"), (None, "4711")]
    assert "signed_in" in {row.entry.kind for row in yard.bench.ledger.outbox(0, 100)}


def test_detain_wants_a_second_press_and_where_the_policy_asks_for_two_a_second_officer(
    staffed: tuple[Page, Yard, dict[str, str]],
) -> None:
    page, yard, badges = staffed
    wedge(page, badges["4711"])
    expect(page.locator("#who")).to_contain_text("Sato")
    inspection = _inspected(page, "E1")
    page.locator("#reason").fill("seal broken")
    page.locator("[data-decision=detain]").click()
    expect(page.locator("#armed")).to_be_visible()
    page.wait_for_timeout(700)
    assert yard.bench.record(inspection).disposition is None
    page.locator("[data-decision=detain]").click()
    expect(page.locator("#notice")).to_contain_text("A second officer has to agree")
    wedge(page, badges["4712"])
    expect(page.locator("#stands")).to_have_text("Detain · 4711")
    done = yard.bench.record(inspection).disposition
    assert done is not None
    assert (done.officer, done.confirmed_by, done.reason) == ("4711", "4712", "seal broken")
    expect(page.locator("#who")).to_contain_text("Sato")  # the second officer has agreed, not signed in


def test_without_a_connection_nothing_is_decided_and_the_page_says_where(paged: Page, yard: Yard) -> None:
    inspection = _inspected(paged, "W1")
    yard.kill()
    expect(paged.locator("#held")).to_have_text(
        "No connection: decide at the bench, or here when the connection is back."
    )
    expect(paged.locator("#choices")).to_be_hidden()
    assert yard.bench.record(inspection).disposition is None


def test_a_desk_card_that_is_scanned_on_a_handheld_decides_nothing_and_waits_nowhere(paged: Page, yard: Yard) -> None:
    inspection = _inspected(paged, "C1")
    wedge(paged, "SEKIXRBCDEFGHI")
    expect(paged.locator("#notice")).to_have_text("The desk card is for the bench. Decide by the buttons here.")
    _empty(paged)
    assert yard.bench.record(inspection).disposition is None


def test_a_badge_that_lies_in_the_queue_holds_nothing_up_and_is_kept_nowhere(
    staffed: tuple[Page, Yard, dict[str, str]],
) -> None:
    page, yard, badges = staffed
    page.evaluate(
        """async (text) => (await import("/static/handheld/queue.js")).put({ parcel: "b", station: "yard", text })""",
        badges["4711"],
    )
    _scan(page, "H1")
    _empty(page)
    expect(page.locator("#refused li")).to_have_count(0)
    assert yard.serials() == ["H1"]


def test_what_somebody_scanned_without_a_connection_is_not_of_whoever_signs_in_after_them(
    staffed: tuple[Page, Yard, dict[str, str]],
) -> None:
    page, yard, badges = staffed
    wedge(page, badges["4711"])
    expect(page.locator("#who")).to_contain_text("Sato")
    page.route("**/api/v1/inspections*", lambda route: route.abort())
    _scan(page, "Q1")
    expect(page.locator("#waiting")).to_have_attribute("data-count", "1")
    wedge(page, badges["4712"])
    expect(page.locator("#who")).to_contain_text("Tanaka")
    page.unroute("**/api/v1/inspections*")
    _scan(page, "Q2")
    _empty(page)
    rows = [row.entry for row in yard.bench.ledger.outbox(0, 1_000) if row.entry.kind == "assessed"]
    assert [row.origin.officer for row in rows] == ["not signed in", "4712"]
