"""Handhelds over HTTP: pairing by a code that is good once, a cookie of its own, the list, and revocation."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from edge.handhelds.kept import FILE, HandheldsFile
from tests.edge.web.conftest import GTIN
from tests.edge.web.people_box import PINS, PeopleBox, accounts, people_box
from tests.edge.web.serving import problem

TOKEN = "a-token-of-the-bench"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[PeopleBox]:
    with people_box(tmp_path / "state", token=TOKEN) as opened:
        yield opened


def _code(box: PeopleBox, headers: dict[str, str] | None = None, name: str = "yard 3") -> str:
    """The token in the code that the page shows."""
    with box.server.client(headers=headers or BEARER) as page:
        shown = page.post("/handhelds", data={"name": name, "station": "2"})
    found = re.search(r"/handheld#pair=([\w-]+)<", shown.text)
    assert found, shown.text
    assert "<svg" in shown.text
    return found[1]


@pytest.mark.parametrize(("host", "told"), [("127.0.0.1:8080", True), ("bench-1.port.example", False)])
def test_a_code_that_leads_to_the_box_itself_is_pointed_out(box: PeopleBox, host: str, *, told: bool) -> None:
    with box.server.client(headers=BEARER | {"Host": host}) as page:
        shown = page.post("/handhelds", data={"name": "yard 3", "station": "2"})
    assert f"http://{host}/handheld#pair=" in shown.text
    assert ("no handheld reaches that" in shown.text) is told


@contextmanager
def _paired(box: PeopleBox) -> Iterator[httpx.Client]:
    with box.server.client() as handheld:
        answer = handheld.post("/api/v1/handhelds/pair", json={"token": _code(box)})
        assert answer.status_code == 200, answer.text
        yield handheld


def _scan(handheld: httpx.Client, serial: str) -> httpx.Response:
    document = {"station": "2", "joins": False, "codes": [{"text": f"01{GTIN}21{serial}", "source": "typed"}]}
    return handheld.post("/api/v1/inspections", json=document)


def test_a_pairing_code_makes_a_handheld_known_by_a_cookie_that_no_script_reads(box: PeopleBox) -> None:
    with box.server.client() as stranger:
        assert problem(_scan(stranger, "A1")) == (401, "access_token")
        assert stranger.get("/handheld").status_code == 200
    with box.server.client() as handheld:
        answer = handheld.post("/api/v1/handhelds/pair", json={"token": _code(box)})
        assert answer.json()["name"] == "yard 3"
        assert "secret" not in answer.text
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "SameSite=strict" in answer.headers["set-cookie"]
        assert handheld.get("/api/v1/handhelds/mine").json()["station"] == "2"
        assert _scan(handheld, "A1").status_code == 200
    kept = next(iter(HandheldsFile(box.settings.state_dir).read().values()))
    assert handheld.cookies["sekisho_handheld"].split(".")[1] not in (box.settings.state_dir / FILE).read_text()
    assert box.bodies("handheld_paired") == [{"handheld": kept.id, "station": "2"}]


def test_what_a_handheld_sends_names_it_whatever_the_document_says(box: PeopleBox) -> None:
    with _paired(box) as handheld:
        mine = handheld.get("/api/v1/handhelds/mine").json()["handheld"]["id"]
        inspection = _scan(handheld, "B1").json()["inspection"]
    symbols = box.bench.record(inspection).assessments[-1].seen.symbols
    assert {symbol.source for symbol in symbols} == {f"handheld:{mine}"}


def test_a_pairing_code_is_good_once(box: PeopleBox) -> None:
    token = _code(box)
    with box.server.client() as first, box.server.client() as second:
        assert first.post("/api/v1/handhelds/pair", json={"token": token}).status_code == 200
        again = second.post("/api/v1/handhelds/pair", json={"token": token})
    assert problem(again) == (401, "access_pairing")
    assert again.json()["detail"] == (
        "Expected a pairing code that was not used and is at most five minutes old, got another."
    )


def test_guessing_pairing_codes_has_to_wait(box: PeopleBox) -> None:
    with box.server.client() as guesser:
        codes = [problem(guesser.post("/api/v1/handhelds/pair", json={"token": f"guess-{n}"}))[1] for n in range(8)]
        late = guesser.post("/api/v1/handhelds/pair", json={"token": _code(box)})
    assert codes[0] == "access_pairing"
    assert codes[-1] == "access_locked"
    assert problem(late) == (429, "access_locked")


def test_a_revoked_handheld_is_a_stranger_from_the_next_request_on(box: PeopleBox) -> None:
    with _paired(box) as handheld, box.server.client(headers=BEARER) as page:
        name = page.get("/api/v1/handhelds").json()[0]["id"]
        assert name in page.get("/handhelds").text
        assert page.post(f"/handhelds/{name}/revoke").status_code == 303
        assert problem(_scan(handheld, "C1")) == (401, "access_token")
        assert problem(page.delete(f"/api/v1/handhelds/{name}")) == (404, "handheld_not_found")
    assert box.bodies("handheld_revoked") == [{"handheld": name}]


def test_the_command_line_revokes_a_handheld_of_a_serving_bench_and_the_bench_writes_the_row(box: PeopleBox) -> None:
    with _paired(box) as handheld:
        name = handheld.get("/api/v1/handhelds/mine").json()["handheld"]["id"]
        command = [sys.executable, "-m", "sekisho", "handhelds"]
        state = ["--state-dir", str(box.settings.state_dir)]
        listed = subprocess.run([*command, "list", *state], check=True, capture_output=True, text=True)
        assert name in listed.stdout
        subprocess.run([*command, "revoke", name, *state], check=True, capture_output=True)
        assert problem(_scan(handheld, "D1")) == (401, "access_token")
    assert box.bodies("handheld_revoked") == [{"handheld": name}]


def test_a_handheld_pairs_no_other(box: PeopleBox) -> None:
    with _paired(box) as handheld:
        assert problem(handheld.post("/handhelds", data={"name": "mine too"})) == (403, "access_role")
        assert problem(handheld.get("/api/v1/handhelds")) == (403, "access_role")


def test_on_a_box_with_accounts_a_supervisor_pairs_and_an_officer_does_not(tmp_path: Path) -> None:
    badges = accounts(tmp_path / "state")
    with people_box(tmp_path / "state", badges, token=TOKEN) as box, box.server.client(headers=BEARER) as desk:
        assert problem(desk.post("/handhelds", data={"name": "yard 3"})) == (401, "access_person")
        desk.post("/api/v1/session", json={"person": "4711", "pin": PINS["4711"], "own": True})
        assert problem(desk.post("/handhelds", data={"name": "yard 3"})) == (403, "access_role")
        desk.post("/api/v1/session", json={"badge": badges["90"], "own": True})
        shown = desk.post("/handhelds", data={"name": "yard 3", "station": "2"})
        found = re.search(r"pair=([\w-]+)<", shown.text)
        assert found
        with box.server.client() as handheld:
            assert handheld.post("/api/v1/handhelds/pair", json={"token": found[1]}).status_code == 200
            assert _scan(handheld, "E1").status_code == 200
            session = handheld.post("/api/v1/session", json={"badge": badges["4711"], "own": True}).json()
            assert session["person"]["name"] == "Sato"
            inspection = _scan(handheld, "E2").json()["inspection"]
        rows = [row for row in box.bench.ledger.outbox(0, 1_000) if row.entry.inspection == inspection]
    assert rows[0].entry.origin.officer == "4711"


def test_the_page_of_handhelds_leads_back_to_the_bench_that_opened_it(box: PeopleBox) -> None:
    back = 'href="/?station=2&amp;lang=en"'
    with _paired(box) as handheld, box.server.client(headers=BEARER) as page:
        name = handheld.get("/api/v1/handhelds/mine").json()["handheld"]["id"]
        assert "/handhelds?here=2&amp;" in page.get("/?station=2&lang=en").text
        assert back in page.get("/handhelds?here=2&lang=en").text
        assert back in page.post("/handhelds?lang=en", data={"name": "yard 4", "station": "1", "here": "2"}).text
        revoked = page.post(f"/handhelds/{name}/revoke", data={"here": "2"})
        assert (revoked.status_code, revoked.headers["location"]) == (303, "/handhelds?here=2")
        assert 'href="/?station=1&amp;' in page.get("/handhelds").text  # opened by its address


def test_the_page_may_compile_webassembly_and_others_may_not(box: PeopleBox) -> None:
    with box.server.client(headers=BEARER) as page:
        assert "'wasm-unsafe-eval'" in page.get("/handheld").headers["content-security-policy"]
        assert "wasm" not in page.get("/").headers["content-security-policy"]


def test_a_name_that_cannot_be_shown_is_refused(box: PeopleBox) -> None:
    with box.server.client(headers=BEARER) as page:
        refused = page.post("/handhelds", data={"name": "a\tb"})
    assert problem(refused) == (422, "request_handheld")
    assert refused.json()["detail"] == "Expected a name of 1 to 40 printable characters, got 'a\\tb'."


def test_who_signs_in_on_a_handheld_is_signed_in_there_alone_and_decides_there(tmp_path: Path) -> None:
    badges = accounts(tmp_path / "state")
    with people_box(tmp_path / "state", badges, token=TOKEN) as box, box.server.client(headers=BEARER) as desk:
        desk.post("/api/v1/session", json={"badge": badges["90"], "own": True})
        code = _code(box, {**BEARER, "Cookie": f"sekisho_own={desk.cookies['sekisho_own']}"})
        with box.server.client() as handheld:
            handheld.post("/api/v1/handhelds/pair", json={"token": code})
            handheld.post("/api/v1/session", json={"badge": badges["4711"], "own": False, "station": "2"})
            assert handheld.get("/api/v1/session?station=2").json()["person"]["name"] == "Sato"
            assert box.bench.desk.at("2").person is None
            address = f"/api/v1/inspections/{_scan(handheld, 'S1').json()['inspection']}/disposition"
            assert handheld.put(address, json={"decision": "refer", "assessment": 1}).json()["officer"] == "4711"
            assert handheld.delete("/api/v1/session").status_code == 204
            assert problem(handheld.put(address, json={"decision": "detain"})) == (401, "access_person")


def test_who_is_signed_in_at_the_station_of_a_handheld_is_not_signed_in_on_it(tmp_path: Path) -> None:
    badges = accounts(tmp_path / "state")
    with people_box(tmp_path / "state", badges, token=TOKEN) as box, box.server.client(headers=BEARER) as desk:
        desk.post("/api/v1/session", json={"badge": badges["90"], "own": True})
        code = _code(box, {**BEARER, "Cookie": f"sekisho_own={desk.cookies['sekisho_own']}"})
        desk.post("/api/v1/session", json={"badge": badges["4712"], "station": "2"})
        assert box.bench.desk.at("2").person is not None
        with box.server.client() as handheld:
            handheld.post("/api/v1/handhelds/pair", json={"token": code})
            assert handheld.get("/api/v1/session?station=2").json()["person"] is None
            inspection = _scan(handheld, "S2").json()["inspection"]
            address = f"/api/v1/inspections/{inspection}/disposition"
            assert problem(handheld.put(address, json={"decision": "release"})) == (401, "access_person")
            more = {"codes": [{"text": "RR473124829JP"}]}
            assert handheld.post(f"/api/v1/inspections/{inspection}/codes", json=more).json()["number"] == 2
        box.scan("S3", "2")  # by the station's gun
        rows = [row.entry for row in box.bench.ledger.outbox(0, 1_000) if row.entry.kind == "assessed"]
    assert [row.origin.officer for row in rows] == ["not signed in", "not signed in", "4712"]


def test_what_waited_in_a_queue_is_of_who_was_signed_in_when_it_was_taken_or_of_nobody(tmp_path: Path) -> None:
    badges = accounts(tmp_path / "state")
    with people_box(tmp_path / "state", badges, token=TOKEN) as box, box.server.client(headers=BEARER) as desk:
        desk.post("/api/v1/session", json={"badge": badges["90"], "own": True})
        code = _code(box, {**BEARER, "Cookie": f"sekisho_own={desk.cookies['sekisho_own']}"})
        with box.server.client() as handheld:
            handheld.post("/api/v1/handhelds/pair", json={"token": code})
            handheld.post("/api/v1/session", json={"badge": badges["4712"], "own": True})
            clock = {"at": "2026-11-22T08:00:00Z", "sent": "2026-11-22T09:00:00Z"}
            for serial, taken in {"T1": {"by": "4711"}, "T2": {"by": ""}, "T3": {"by": "4712"}, "T4": {}}.items():
                codes = [{"text": f"01{GTIN}21{serial}", "source": "handheld"}]
                document = {"station": "2", "joins": False, "codes": codes, "taken": {**clock, **taken}}
                assert handheld.post("/api/v1/inspections", json=document).status_code == 200
        rows = [row.entry for row in box.bench.ledger.outbox(0, 1_000) if row.entry.kind == "assessed"]
    assert [row.origin.officer for row in rows] == ["not signed in", "not signed in", "4712", "4712"]


def test_a_desk_card_that_a_handheld_sends_is_refused_also_when_it_waited_in_a_queue(box: PeopleBox) -> None:
    with _paired(box) as handheld:
        inspection = _scan(handheld, "K1").json()["inspection"]
        document = {"station": "2", "joins": False, "codes": [{"text": "SEKIXRBCDEFGHI"}]}
        refused = handheld.post("/api/v1/inspections", json=document)
    assert problem(refused) == (422, "request_card")
    assert refused.json()["detail"] == "Expected a barcode of the desk card at the bench, got it from a handheld."
    assert box.bench.record(inspection).disposition is None
