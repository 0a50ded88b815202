"""A shift of 40 parcels in a real browser against the real bench, by scanner and keyboard alone.

Every verdict occurs. A PIN is wrong, the line to the outside is gone, the bench is killed in the middle, the language
changes, decisions are confirmed and taken back, and another officer takes over. What the officers saw is what the
ledger holds. Nothing here touches the mouse: `Officer` has the keyboard and the scanner of wedge.py, no more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from edge.card_acts import AGAIN_S, SETTLE_S
from edge.inspection import NOT_SIGNED_IN, Outcome
from edge.messages import labels, sentence
from edge.storage.ledger_reader import LedgerReader
from provisioning.demo import symbols
from provisioning.demo.products import BY_KEY
from tests.edge.web.people_box import PINS
from tests.edge.web.test_page import CHROMIUM, PATIENCE_MS, browser
from tests.edge.web.wedge import wedge
from tests.stories.processes import BenchProcess, bench_process, sekisho, until
from tests.sync.publishing import Publishing
from tests.sync.web_server import serving

__all__ = ["browser"]

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is absent: the shift is not worked in a browser"),
    pytest.mark.timeout(2_700),  # a machine that has other things to do
]

PARCELS = 40
PHOTOGRAPHED = ("medicine", "logo-moved", "damaged-symbol")
TYPED_MS = 90  # between two keys of a person: no scanner is so slow
_STATE = """() => {
  const card = document.querySelector("#card [data-inspection]");
  const told = document.querySelector(".stands")?.textContent ?? "";
  return card ? { ...card.dataset, told, words: card.querySelector("h2").textContent } : null;
}"""


@dataclass
class Seen:
    """One parcel as it stood on the screen when the officer went on."""

    outcome: str
    assessment: int
    decision: str = ""
    officer: str = ""


@dataclass
class Officer:
    """Whoever stands at the bench: eyes on the page, hands on keyboard and scanner."""

    page: Page
    bench: BenchProcess
    name: str = NOT_SIGNED_IN
    language: str = "en"
    seen: dict[str, Seen] = field(default_factory=dict)

    def scan(self, text: str) -> None:
        wedge(self.page, text)

    def card(self, letter: str) -> None:
        self.scan(self.bench.card(letter))

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text, delay=TYPED_MS)

    def reach(self, selector: str) -> None:
        """Move the focus there, as the Tab key does."""
        wanted = self.page.locator(selector)
        expect(wanted).to_be_visible()
        for _ in range(80):
            self.press("Tab")
            if wanted.evaluate("one => one === document.activeElement"):
                return
        raise AssertionError(f"expected {selector} to be reached by Tab, got it nowhere")

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def state(self) -> dict[str, str] | None:
        return self.page.evaluate(_STATE)  # type: ignore[no-any-return]

    def waits(self, seconds: float) -> None:
        """As the bench asks for: no decision within the moment of a new verdict, no confirmation by one double read."""
        now = self.page.evaluate("performance.now()")
        self.page.wait_for_function("until => performance.now() > until", arg=now + 1000 * (seconds + 0.1))

    def sees_another(self, before: str) -> dict[str, str]:
        """The card of another parcel than `before`, with its words in the language of the page."""
        expect(self.find(f"#card [data-inspection]:not([data-inspection='{before}'])")).to_be_visible()
        state = self.state()
        assert state is not None
        assert state["words"] == sentence(f"verdict.{state['outcome']}", {}, self.language)
        self.seen[state["inspection"]] = Seen(state["outcome"], int(state["assessment"]))
        return state

    def inspects(self, text: str) -> dict[str, str]:
        """Scan a parcel and see its verdict."""
        before = self.state()
        self.scan(text)
        return self.sees_another(before["inspection"] if before else "")

    def decides(self, letter: str) -> None:
        """By the desk card, after a look."""
        decision = {"R": "release", "F": "refer", "D": "detain"}[letter]
        self.waits(SETTLE_S)
        self.card(letter)
        if letter == "D":
            expect(self.find("#armed")).to_have_text(labels(self.language)["armed_detain_card"])
            self.waits(AGAIN_S)
            self.card(letter)
        self.sees_decided(decision)

    def sees_decided(self, decision: str) -> None:
        expect(self.find(".stands b")).to_have_text(labels(self.language)[decision])
        expect(self.find(".stands")).to_contain_text(self.name)
        state = self.state()
        assert state is not None
        mine = self.seen[state["inspection"]]
        mine.decision, mine.officer, mine.assessment = decision, self.name, int(state["assessment"])

    def is_signed_in(self, name: str) -> None:
        expect(self.find("#person")).to_have_text(name)
        self.name = name


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BenchProcess]:
    folder = tmp_path_factory.mktemp("shift")
    with bench_process(folder, PHOTOGRAPHED, sign_in_tries="2") as running:
        yield running


@pytest.fixture
def officer(browser: object, bench: BenchProcess) -> Iterator[Officer]:
    """At the page of station 1; a fault in its script fails the test."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800})  # type: ignore[attr-defined]
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Refused to" in message.text else None)
    page.expose_function("pointed", lambda: faults.append("a pointer was used"))
    page.add_init_script('addEventListener("pointerdown", () => pointed(), true)')
    page.goto(f"{bench.url}/?station=1")
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    yield Officer(page, bench)
    context.close()
    assert faults == []


def _item(product: str, serial: str = "", batch: str = "") -> str:
    elements = {"01": BY_KEY[product].gtin} | ({"10": batch} if batch else {}) | ({"21": serial} if serial else {})
    return symbols.message(elements)


def known(number: int) -> str:
    """Earphones of the range that is registered."""
    return _item("earphones", f"SV26041{number:04}", "P2605")


def stolen(number: int) -> str:
    return _item("earphones", f"SV26031{number:04}", "P2603")


def unknown(number: int) -> str:
    return _item("medicine", f"9Z9ZZ04X{number:04}", "K26011")


def unregistered(number: int) -> str:
    """A lamp that nobody registered, told apart by its parcel's number."""
    return symbols.s10("RR", f"2026{number:04}", "SG")


EXPECTED = {
    known: Outcome.NO_FINDING,
    stolen: Outcome.STRONG_INDICATION,
    unknown: Outcome.CHECK,
    unregistered: Outcome.CANNOT_ASSESS,
}


def _works(officer: Officer, parcels: Sequence[tuple[object, int, str]]) -> None:
    """Parcel after parcel: scan, look, card."""
    for of, number, letter in parcels:
        state = officer.inspects(of(number))  # type: ignore[operator]
        assert state["outcome"] == EXPECTED[of]  # type: ignore[index]
        officer.decides(letter)


def _photographed(officer: Officer, name: str) -> str:
    """The bench camera takes a parcel; its outcome."""
    before = officer.state()
    officer.bench.photograph(name, officer.bench.folder / "taken" / f"{name}.jpg")
    return officer.sees_another(before["inspection"] if before else "")["outcome"]


def test_a_shift_of_forty_parcels(officer: Officer, bench: BenchProcess, tmp_path: Path) -> None:
    with ExitStack() as outside:
        publishing = Publishing(tmp_path / "publisher", now=datetime.now(UTC))
        publishing.found()
        publishing.add_policy()
        tree = ExitStack()
        source = outside.enter_context(tree).enter_context(serving(publishing.directory)).url
        assert sekisho(bench, "sync", "trust", str(publishing.root)).returncode == 0
        assert sekisho(bench, "sync", "pull", source).returncode == 0
        _signs_in(officer)
        _scans_twice_and_takes_back(officer)
        _works_without_a_network(officer, source, tree)
    _survives_a_kill(officer)
    _changes_the_language(officer)
    _hands_over(officer)
    _works(officer, [(known, 100 + n, "R") for n in range(PARCELS - len(officer.seen) - 1)])
    assert officer.inspects(stolen(99))["outcome"] == Outcome.STRONG_INDICATION
    officer.decides("D")
    _is_in_the_ledger(officer)


def _signs_in(officer: Officer) -> None:
    """A scan works without anybody; a decision does not. The PIN is wrong until it has to wait; the badge is not."""
    assert officer.inspects(known(1))["outcome"] == Outcome.NO_FINDING
    officer.waits(SETTLE_S)
    officer.card("R")
    expect(officer.find("#keypad")).to_be_visible()
    expect(officer.find("#notice")).to_have_text(labels("en")["problem_access_person"])
    assert officer.find(".stands").count() == 0
    officer.reach("#keypad [name=person]")
    wrong, waiting = labels("en")["problem_access_pin"], labels("en")["problem_access_locked"]
    told = [_tries_a_pin(officer) for _ in range(2)]
    assert told == [wrong, wrong]
    while told[-1] != waiting:  # a pause of 30 s may end while a loaded machine types; the next is twice as long
        told.append(_tries_a_pin(officer))
    officer.scan(officer.bench.badges["4711"])
    officer.is_signed_in("Sato")
    expect(officer.find("#keypad")).to_be_hidden()
    officer.decides("R")


def _tries_a_pin(officer: Officer) -> str:
    """A wrong one, typed; what is told of it."""
    officer.press("Control+a")
    officer.type("4711")
    officer.press("Enter")
    officer.type("000000")
    with officer.page.expect_response("**/api/v1/session"):
        officer.press("Enter")
    expect(officer.find("[data-refused]")).to_have_text(re.compile("."))
    officer.press("Shift+Tab")
    return officer.find("[data-refused]").text_content() or ""


def _scans_twice_and_takes_back(officer: Officer) -> None:
    outcomes = [_photographed(officer, "medicine")]
    officer.decides("R")
    state = officer.inspects(unknown(2))
    expect(officer.find("html")).to_have_attribute("data-sound", "CHECK")
    officer.scan(unknown(2))  # the earlier answer, silently
    expect(officer.find("html")).to_have_attribute("data-sound", "heard")
    officer.waits(SETTLE_S)
    expect(officer.find("html")).to_have_attribute("data-sound", "heard")
    assert officer.state() == state
    officer.press("e")  # by key, with Enter to confirm
    expect(officer.find("#armed")).to_have_text(labels("en")["armed_refer"])
    officer.waits(SETTLE_S)
    officer.press("Enter")
    officer.sees_decided("refer")
    officer.card("U")
    expect(officer.find("[data-decision=release]")).to_be_visible()
    officer.decides("D")
    outcomes.append(_photographed(officer, "logo-moved"))
    officer.decides("F")
    outcomes.append(_photographed(officer, "damaged-symbol"))
    officer.waits(SETTLE_S)
    officer.card("N")  # no decision
    expect(officer.find(".card.empty")).to_be_visible()
    assert outcomes[0] == Outcome.NO_FINDING
    assert outcomes[2] == Outcome.CANNOT_ASSESS
    _works(officer, [(known, 3, "R"), (stolen, 4, "D"), (unregistered, 5, "R"), (unknown, 6, "F")])


def _works_without_a_network(officer: Officer, source: str, tree: ExitStack) -> None:
    network = officer.find("#parts li").filter(has_text=labels("en")["part_network"])
    _works(officer, [(known, 7, "R")])
    expect(network).to_have_class("ok")
    unsent = _unsent(officer)
    tree.close()
    assert sekisho(officer.bench, "sync", "pull", source).returncode == 3
    _works(officer, [(known, 8, "R"), (unknown, 9, "F"), (stolen, 10, "D"), (unregistered, 11, "R")])
    expect(network).to_have_class("note")
    expect(officer.find("#around .status")).to_contain_text("unreachable; last reached")
    until(lambda: _unsent(officer) >= unsent + 8, "four assessments and four decisions kept for the central")


def _unsent(officer: Officer) -> int:
    found = re.search(r"(\d+) not sent", officer.find("#around .status").text_content() or "")
    assert found is not None
    return int(found[1])


def _survives_a_kill(officer: Officer) -> None:
    """What lies open stays; a scan into the dead box is told as not answered, and nothing of it is kept."""
    page = officer.page
    opened = officer.inspects(unknown(12))
    officer.bench.kill()
    expect(officer.find("#link")).to_have_attribute("data-state", "lost")
    expect(officer.find("body")).to_have_class("bench lost")
    officer.scan(known(13))
    expect(officer.find("html")).to_have_attribute("data-sound", "refused")
    expect(officer.find("#notice")).to_have_text(labels("en")["unanswered"])
    assert officer.state() == opened
    page.evaluate("window.same = 'page'")
    officer.bench.start()
    officer.bench.ready()
    expect(officer.find("#link")).to_have_attribute("data-state", "live")
    assert page.evaluate("window.same") == "page"  # it came back by itself
    expect(officer.find("#person")).to_have_text(labels("en")["nobody_signed_in"])  # a restart signs everybody out
    assert officer.state() == opened
    officer.scan(officer.bench.badges["4711"])
    officer.is_signed_in("Sato")
    officer.decides("F")
    _works(officer, [(known, 13, "R"), (known, 14, "R")])


def _changes_the_language(officer: Officer) -> None:
    """In the middle of a parcel, with a reason half written: neither is lost."""
    opened = officer.inspects(stolen(15))
    officer.reach("[data-reason]")
    officer.type("seal")
    officer.card("J")
    expect(officer.find("html")).to_have_attribute("lang", "ja")
    expect(officer.find("#link")).to_have_attribute("data-state", "live")
    officer.language = "ja"
    expect(officer.find("#card h2")).to_have_text(sentence("verdict.STRONG_INDICATION", {}, "ja"))
    state = officer.state()
    assert state is not None
    assert state["inspection"] == opened["inspection"]
    expect(officer.find("[data-reason]")).to_have_value("seal")
    officer.card("H")
    expect(officer.find("#help h2")).to_have_text(labels("ja")["keys"])
    officer.press("Escape")
    officer.decides("D")
    _works(officer, [(known, 16, "R"), (unknown, 17, "F"), (unregistered, 18, "F")])
    officer.card("E")
    expect(officer.find("html")).to_have_attribute("lang", "en")
    expect(officer.find("#link")).to_have_attribute("data-state", "live")
    officer.language = "en"


def _hands_over(officer: Officer) -> None:
    """By keyboard to the summary, and by the badge of whoever comes; a word goes along."""
    decided = Counter(one.decision for one in officer.seen.values() if one.decision)
    officer.press("m")
    officer.reach("#who a.button")
    officer.press("Enter")
    expect(officer.find("main")).to_contain_text("Inspections without a decision: 1")
    for name, count in decided.items():
        row = officer.page.get_by_role("row", name=f"{labels('en')[name]} {count}", exact=True)
        expect(row.first).to_be_visible()
    officer.reach("#hand-over textarea")
    officer.type("gun 2")
    officer.scan(officer.bench.badges["4712"])
    officer.page.wait_for_url(re.compile(r"/shift/[0-9]+"))
    expect(officer.find("main")).to_contain_text("Sato – Tanaka")
    expect(officer.find("main")).to_contain_text("gun 2")
    officer.reach("header nav a")
    officer.press("Enter")
    expect(officer.find("#link")).to_have_attribute("data-state", "live")
    officer.is_signed_in("Tanaka")
    assert PINS["4712"] not in officer.page.content()


def _is_in_the_ledger(officer: Officer) -> None:
    """Each parcel once, with the last verdict that was seen and who decided what; and the chain is whole."""
    bench = officer.bench
    officer.page.close()
    bench.process.stop()
    verified = sekisho(bench, "verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    reader = LedgerReader(bench.state / "ledger.db")
    rows = reader.outbox(0, 10_000)
    reader.close()
    assert verified.stdout == f"{len(rows)} rows, chain whole\n"
    held: dict[str, Seen] = {}
    for row in rows:
        if row.entry.kind == "assessed":
            told = row.entry.body["assessment"]
            held[row.entry.inspection] = Seen(told["verdict"]["outcome"], told["number"])
        elif row.entry.kind == "disposed":
            told = row.entry.body["disposition"]
            mine = held[row.entry.inspection]
            mine.decision = told["decision"] or ""
            mine.officer = {"4711": "Sato", "4712": "Tanaka"}[told["officer"]] if mine.decision else ""
    assert held == officer.seen
    assert len(held) == PARCELS
    assert {one.outcome for one in held.values()} == set(Outcome)
    assert {one.officer for one in held.values()} == {"", "Sato", "Tanaka"}
    kinds = Counter(row.entry.kind for row in rows)
    assert kinds["sign_in_refused"] >= 2
    assert kinds["handed_over"] == 1
