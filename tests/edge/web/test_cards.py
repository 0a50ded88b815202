"""The desk card over HTTP: what a scanner reads of it is carried out on what lies open at its station."""

from __future__ import annotations

import time
from functools import partial

import httpx
import pytest

from edge import parcels
from edge.bench import Bench
from edge.card_acts import CardActs
from edge.desk_card import Command, Order, code, secret_of
from edge.inspection import Disposition
from edge.stations import OpenInspection, Stations
from edge.steps.record import DISPOSED
from edge.storage.keys import derived, storage_key
from tests.edge.web.conftest import GTIN

SETTLED_S = 0.7


class Clock:
    """Stands still between the acts of a test, however slow the machine is."""

    def __init__(self) -> None:
        self.now_s = time.monotonic()

    def monotonic(self) -> float:
        return self.now_s

    def passes(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture(autouse=True)
def clock(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the desk card and of what lies open."""
    made = Clock()
    monkeypatch.setattr(parcels, "time", made)
    monkeypatch.setattr(bench._cards, "_clock", made.monotonic)
    return made


@pytest.fixture
def secret(bench: Bench) -> str:
    return secret_of(derived(storage_key(bench.settings.state_dir), "desk card"))


def _scanned(client: httpx.Client, station: str, text: str) -> httpx.Response:
    return client.post(f"/api/v1/stations/{station}/scans", json={"codes": [{"text": text}]})


def _open(client: httpx.Client, clock: Clock, station: str, serial: str) -> str:
    inspection = _scanned(client, station, f"01{GTIN}21{serial}").json()["inspection"]
    clock.passes(SETTLED_S)
    client.get("/pages/card", params={"station": station})  # what a page does with its news
    return str(inspection)


def test_a_barcode_of_the_card_refers_what_lies_open(
    client: httpx.Client, clock: Clock, station: str, secret: str
) -> None:
    inspection = _open(client, clock, station, "Q1")
    answer = _scanned(client, station, code("F", secret))
    assert answer.json() == {"command": "refer", "language": "", "done": "done", "inspection": inspection}
    kept = client.get(f"/api/v1/inspections/{inspection}").json()
    assert kept["decision"] == "refer"
    assert kept["assessments"] == 1  # the card is no code of the parcel
    assert _scanned(client, station, code("U", secret)).json()["done"] == "done"
    assert client.get(f"/api/v1/inspections/{inspection}").json()["decision"] is None


def test_a_detention_is_asked_for_twice_and_not_by_one_read_that_came_twice(
    client: httpx.Client, clock: Clock, bench: Bench, station: str, secret: str
) -> None:
    inspection = _open(client, clock, station, "Q2")
    card = code("D", secret)
    assert [_scanned(client, station, card).json()["done"] for _ in range(2)] == ["again", "again"]
    assert not [row for row in bench.recent(5, kinds=(DISPOSED,)) if row.entry.inspection == inspection]
    clock.passes(1.1)
    assert _scanned(client, station, card).json()["done"] == "done"
    assert client.get(f"/api/v1/inspections/{inspection}").json()["decision"] == "detain"


def test_what_was_scanned_in_between_has_to_be_confirmed_anew(
    client: httpx.Client, clock: Clock, station: str, secret: str
) -> None:
    _open(client, clock, station, "Q3")
    card = code("D", secret)
    assert _scanned(client, station, card).json()["done"] == "again"
    _open(client, clock, station, "Q4")
    clock.passes(0.5)
    assert _scanned(client, station, card).json()["done"] == "again"


def test_a_card_right_after_a_new_verdict_decides_nothing(client: httpx.Client, station: str, secret: str) -> None:
    inspection = _scanned(client, station, f"01{GTIN}21Q5").json()["inspection"]
    answer = _scanned(client, station, code("R", secret))
    assert (answer.status_code, answer.json()["code"]) == (409, "card_conflict")
    assert client.get(f"/api/v1/inspections/{inspection}").json()["decision"] is None


def test_a_card_without_a_parcel_and_the_card_of_another_box_are_refused(
    client: httpx.Client, clock: Clock, station: str, secret: str
) -> None:
    answer = _scanned(client, station, code("R", secret))
    assert answer.json()["detail"] == f"Expected an open parcel at station {station}, got none."
    _open(client, clock, station, "Q6")
    answer = _scanned(client, station, code("R", secret_of(b"other")))
    assert (answer.status_code, answer.json()["code"]) == (422, "request_card")


def test_next_goes_on_and_decides_nothing(
    client: httpx.Client, clock: Clock, bench: Bench, station: str, secret: str
) -> None:
    inspection = _open(client, clock, station, "Q7")
    assert _scanned(client, station, code("N", secret)).json()["done"] == "done"
    assert bench.open_at(station) == ""
    assert client.get(f"/api/v1/inspections/{inspection}").json()["decision"] is None


def test_a_language_is_for_the_page_to_change(client: httpx.Client, station: str, secret: str) -> None:
    answer = _scanned(client, station, code("J", secret)).json()
    assert (answer["command"], answer["language"], answer["done"]) == ("language", "ja", "page")


def test_what_stands_typed_goes_along_and_what_needs_a_reason_is_left_to_the_page(
    client: httpx.Client, clock: Clock, station: str, secret: str
) -> None:
    inspection = _open(client, clock, station, "R9")  # revoked: to release it departs from the advice
    card = {"codes": [{"text": code("R", secret)}]}
    scan = partial(client.post, f"/api/v1/stations/{station}/scans")
    answer = scan(json=card).json()
    assert (answer["command"], answer["done"], answer["inspection"]) == ("release", "page", inspection)
    assert client.get(f"/api/v1/inspections/{inspection}").json()["decision"] is None
    assert scan(json={**card, "reason": "returned to the sender"}).json()["done"] == "done"
    kept = client.get(f"/api/v1/inspections/{inspection}").json()
    assert (kept["decision"], kept["dispositions"][-1]["reason"]) == ("release", "returned to the sender")


def test_a_card_decides_on_what_the_page_shows_and_on_nothing_else(
    client: httpx.Client, clock: Clock, station: str, secret: str
) -> None:
    before = _open(client, clock, station, "R9")
    client.post(f"/api/v1/stations/{station}/next")
    inspection = str(_scanned(client, station, f"01{GTIN}21A7").json()["inspection"])
    clock.passes(SETTLED_S)
    scan = partial(client.post, f"/api/v1/stations/{station}/scans")
    card = {"codes": [{"text": code("F", secret)}]}
    for shown in ({"inspection": before, "assessment": 1}, {"inspection": inspection, "assessment": 2}, {}):
        answer = scan(json={**card, "shown": shown})
        assert (answer.status_code, answer.json()["code"]) == (409, "disposition_outdated")
    answer = scan(json=card)  # another gun: what a screen of the station was given last is the parcel before
    assert answer.json()["detail"] == (
        f"Expected a decision on assessment 1 of {inspection}, got one while the screen shows assessment 1 of {before}."
    )
    assert client.get(f"/api/v1/inspections/{inspection}").json()["decision"] is None
    shown = {"inspection": inspection, "assessment": 1}
    assert scan(json={**card, "shown": shown}).json()["done"] == "done"


def test_a_card_among_other_codes_is_refused_and_its_secret_is_not_kept(
    client: httpx.Client, bench: Bench, station: str, secret: str
) -> None:
    before, card = bench.ledger_state().rows, code("R", secret)
    document = {"codes": [{"text": f"01{GTIN}21Q8"}, {"text": card}]}
    answer = client.post(f"/api/v1/stations/{station}/scans", json=document)
    assert (answer.status_code, answer.json()["code"]) == (422, "code_card")
    assert card not in answer.text
    assert bench.ledger_state().rows == before


@pytest.mark.parametrize("spoilt", ["{card}{card}", "A{card}", "{cut}", "x {lower} y"])
def test_a_card_that_was_read_in_part_or_together_with_something_is_kept_nowhere(
    client: httpx.Client, bench: Bench, station: str, secret: str, spoilt: str
) -> None:
    before, card = bench.ledger_state().rows, code("R", secret)
    text = spoilt.format(card=card, cut=card[:-1], lower=card.lower())
    answer = _scanned(client, station, text)
    assert (answer.status_code, answer.json()["code"]) == (422, "code_card")
    assert text not in answer.text
    assert bench.ledger_state().rows == before


def test_only_a_decision_asks_who_is_there() -> None:
    class NobodyError(Exception):
        pass

    def nobody() -> str:
        raise NobodyError

    stations = Stations()
    stations.lay(OpenInspection("i", "1"))
    left: list[tuple[str, str, str]] = []

    def leave(station: str, officer: str, inspection: str) -> None:
        left.append((station, officer, inspection))

    def never(*_: object, **__: object) -> Disposition:
        raise AssertionError

    acts = CardActs(stations, never, never, leave)
    for command in (Command.HELP, Command.LANGUAGE):
        assert acts.carry_out(Order(command), "1", nobody, scanning="4711").done == "page"
    assert acts.carry_out(Order(Command.NEXT), "1", nobody, scanning="4711").done == "done"
    assert left == [("1", "4711", "i")]
    for command in (Command.RELEASE, Command.REFER, Command.DETAIN, Command.UNDO):
        with pytest.raises(NobodyError):
            acts.carry_out(Order(command), "1", nobody, scanning="4711")
