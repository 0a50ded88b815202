"""Signing in over HTTP: badge and PIN, roles, lockout, sessions and cookies, two officers, two who agree, hand-over."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest

from edge.card_acts import AGAIN_S, SETTLE_S
from edge.desk_card import code, secret_of
from edge.inspection import Decision
from edge.people.accounts import PeopleFile, changed, given_pin, removed
from edge.policy import builtin_text
from edge.storage.keys import derived, storage_key
from edge.storage.ledger_reader import verified
from tests.edge.web.people_box import PINS, PeopleBox, accounts, people_box
from tests.edge.web.serving import problem

TOKEN = "a-token-of-the-tests-0123456789"
API = "/api/v1"

Box = Callable[..., PeopleBox]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Box]:
    """`opened(setting=...)`: a box with accounts; the same state directory each time."""
    badges = accounts(tmp_path / "state")
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(people_box(tmp_path / "state", badges, **changes))


def _client(box: PeopleBox) -> httpx.Client:
    """A browser that has the bench's token where there is one."""
    return box.server.client(headers={"Authorization": f"Bearer {TOKEN}"} if box.settings.token else {})


def _sign_in(client: httpx.Client, **claim: object) -> httpx.Response:
    return client.post(f"{API}/session", json=claim)


def _decide(client: httpx.Client, inspection: object, decision: str = "refer", **more: object) -> httpx.Response:
    return client.put(f"{API}/inspections/{inspection}/disposition", json={"decision": decision, **more})


def test_a_badge_or_a_pin_signs_in_and_the_decision_carries_who_it_was(opened: Box) -> None:
    box = opened()
    with _client(box) as page:
        first = box.scan("A1")["inspection"]
        refused = _decide(page, first)
        assert problem(refused) == (401, "access_person")
        assert refused.json()["detail"] == "Expected somebody signed in at station 1, got nobody."
        answer = _sign_in(page, person="4711", pin=PINS["4711"])
        assert answer.json()["person"] == {
            "id": "4711",
            "name": "Sato",
            "role": "officer",
            "rights": ["ask", "decide", "hand_over", "inspect"],
        }
        assert _decide(page, first, officer="somebody else").json()["officer"] == "4711"
        assert _sign_in(page, badge=box.badges["4712"].lower()).json()["person"]["id"] == "4712"
        undone = page.post(f"{API}/inspections/{first}/undo", json={}).json()
        assert (undone["officer"], undone["decision"]) == ("4712", None)
    assert [one["person"] for one in box.bodies("signed_in")] == ["4711", "4712"]
    assert box.bodies("signed_out")[0]["why"] == "switched"
    assert box.bodies("taken_over") == [{"before": "4711", "after": "4712"}]


def test_without_accounts_the_bench_works_as_before_and_says_so(tmp_path: Path) -> None:
    with people_box(tmp_path) as box, _client(box) as page:
        told = page.get(f"{API}/session").json()
        assert (told["accounts"], told["needed"], told["person"]) == (False, False, None)
        assert "This box has no accounts" in page.get("/").text
        assert _decide(page, box.scan("A1")["inspection"], officer="Sato").json()["officer"] == "Sato"
        assert problem(_sign_in(page, person="4711", pin="482913")) == (401, "access_pin")


def test_the_setting_asks_for_a_sign_in_even_without_accounts_or_never(tmp_path: Path, opened: Box) -> None:
    with people_box(tmp_path / "bare", sign_in="required") as box, _client(box) as page:
        assert problem(_decide(page, box.scan("A1")["inspection"])) == (401, "access_person")
    offered = opened(sign_in="offered")
    with _client(offered) as page:
        assert _decide(page, offered.scan("A1")["inspection"], officer="Sato").json()["officer"] == "not signed in"


def test_a_gun_signs_in_at_its_station_by_the_badge_and_its_scans_carry_who_it_is(opened: Box) -> None:
    box = opened(token=TOKEN)
    with _client(box) as gun:
        code = {"codes": [{"text": f"{box.badges['4711']}\r"}]}
        told = gun.post(f"{API}/stations/2/scans", json=code)
        assert (told.status_code, told.json()["signed_in"]["id"], told.json()["station"]) == (200, "4711", "2")
        assert "set-cookie" not in told.headers
        assert gun.get(f"{API}/session", params={"station": "2"}).json()["person"]["id"] == "4711"
    here, there = box.scan("A1", "1"), box.scan("B1", "2")
    rows = {row.entry.inspection: row.entry.origin.officer for row in box.bench.recent(10, kinds=("assessed",))}
    assert (rows[str(here["inspection"])], rows[str(there["inspection"])]) == ("not signed in", "4711")
    with _client(box) as stranger:  # holds the bench's token, and is not at the box: has to say who decides
        assert problem(_decide(stranger, there["inspection"])) == (401, "access_person")


def test_a_badge_is_never_recorded_logged_or_taken_for_a_code(
    opened: Box, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    box = opened()
    badge = box.badges["4711"]
    with _client(box) as client:
        inspection = box.scan("A1")["inspection"]
        mixed = {"codes": [{"text": "RR473124829JP"}, {"text": badge}]}
        for path, body in (
            (f"{API}/stations/1/scans", mixed),
            (f"{API}/inspections/{inspection}/codes", {"codes": [{"text": badge}]}),
        ):
            answer = client.post(path, json=body)
            assert problem(answer) == (422, "code_badge")
            assert badge[4:] not in answer.text
        _sign_in(client, badge=badge)
        _sign_in(client, badge="SEKI" + "1" * 24)
        assert badge[4:] not in client.get("/").text
    digits = badge[4:].encode()
    assert not [path for path in (tmp_path / "state").rglob("*") if path.is_file() and digits in path.read_bytes()]
    assert badge[4:] not in caplog.text


def test_neither_a_wrong_pin_nor_what_was_typed_as_an_id_is_kept(opened: Box, tmp_path: Path) -> None:
    box = opened()
    with _client(box) as page:
        answer = _sign_in(page, person="830147", pin="649281")  # a PIN in the wrong field
        assert problem(answer) == (401, "access_pin")
        assert problem(_sign_in(page, person="4711", pin="9" * 65)) == (422, "request_field")
    refusal = box.bodies("sign_in_refused")[0]
    assert (refusal["by"], refusal["count"], refusal["pause_s"]) == ("pin", 1, 0)
    raw = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert b"830147" not in raw
    assert b"649281" not in raw


def test_each_role_may_what_the_table_says(opened: Box) -> None:
    box = opened()
    with _client(box) as page:
        inspection = box.scan("A1")["inspection"]
        _sign_in(page, badge=box.badges["7"])
        refused = _decide(page, inspection)
        assert problem(refused) == (403, "access_role")
        assert refused.json()["detail"] == "Expected the role officer or supervisor, got technician."
        for path in ("undo", "questions"):
            answer = page.post(f"{API}/inspections/{inspection}/{path}", json={"text": "?"} if path != "undo" else {})
            assert problem(answer) == (403, "access_role")
        assert problem(page.get(f"{API}/shift")) == (403, "access_role")
        assert box.scan("A2")["number"] == 2
        _sign_in(page, badge=box.badges["90"])
        assert _decide(page, inspection).status_code == 200


def test_wrong_pins_have_to_wait_longer_and_longer_also_after_a_restart(tmp_path: Path) -> None:
    badges = accounts(tmp_path / "other")
    with people_box(tmp_path / "other", badges, sign_in_tries=2) as box, _client(box) as page:
        assert "The next try" not in _sign_in(page, person="4711", pin="000001").json()["detail"]
        second = _sign_in(page, person="4711", pin="000002").json()["detail"]
        assert second.endswith("got a pair that does not belong together. The next try is taken in 30 s.")
        locked = _sign_in(page, person="4711", pin=PINS["4711"])
        assert problem(locked) == (429, "access_locked")
        assert _sign_in(page, person="4712", pin=PINS["4712"]).status_code == 200
        assert _sign_in(page, badge=badges["4711"]).status_code == 200  # a badge cannot be guessed
        assert [one["pause_s"] for one in box.bodies("sign_in_refused")] == [0, 30]
        for wrong in ("000003", "000004"):
            _sign_in(page, person="4711", pin=wrong)
    with people_box(tmp_path / "other", badges, sign_in_tries=2) as box, _client(box) as page:
        assert problem(_sign_in(page, person="4711", pin=PINS["4711"])) == (429, "access_locked")
        file = PeopleFile(tmp_path / "other")
        file.change(lambda known: changed(known, "4711", pin=given_pin("918273", file.secret())))
        assert _sign_in(page, person="4711", pin="918273").status_code == 200


def test_an_unknown_id_is_answered_and_locked_like_a_known_one(opened: Box) -> None:
    box = opened(sign_in_tries=2)
    with _client(box) as page:
        told = {
            name: [_sign_in(page, person=name, pin="100000").json() for _ in range(3)] for name in ("4711", "nobody")
        }
    assert told["4711"] == told["nobody"]
    assert [one["code"] for one in told["nobody"]] == ["access_pin", "access_pin", "access_locked"]


def test_tries_from_one_client_are_counted_over_all_accounts(opened: Box) -> None:
    box = opened(sign_in_tries=1)
    with _client(box) as page:
        codes = [_sign_in(page, person=f"id{place}", pin="100000").json()["code"] for place in range(5)]
        assert codes == ["access_pin"] * 4 + ["access_locked"]
        assert _sign_in(page, person="4711", pin=PINS["4711"]).json()["code"] == "access_locked"
        assert _sign_in(page, badge="SEKI" + "1" * 24).json()["code"] == "access_locked"
    assert len(box.bodies("sign_in_refused")) == 4


def test_a_cookie_is_new_with_each_sign_in_and_nobodys_after_the_sign_out(opened: Box) -> None:
    box = opened(token=TOKEN)
    inspection = box.scan("A1")["inspection"]
    with _client(box) as page:
        page.cookies.set("sekisho_person", "chosen-by-somebody-else")  # fixation
        answer = _sign_in(page, badge=box.badges["4711"])
        for word in ("HttpOnly", "SameSite=strict", "Max-Age=43200", "Path=/"):
            assert word in answer.headers["set-cookie"]
        first = answer.cookies["sekisho_person"]
        assert first != "chosen-by-somebody-else"
        second = _sign_in(page, badge=box.badges["4712"]).cookies["sekisho_person"]
        for token, status in ((first, 401), ("chosen-by-somebody-else", 401), (second, 200)):
            replay = box.server.client(
                headers={"Authorization": f"Bearer {TOKEN}", "Cookie": f"sekisho_person={token}"}
            )
            with replay:
                assert _decide(replay, inspection).status_code == status, token
        page.cookies.clear()
        page.cookies.set("sekisho_person", second)
        assert page.delete(f"{API}/session").status_code == 204
        page.cookies.clear()
        page.cookies.set("sekisho_person", second)
        assert problem(_decide(page, inspection)) == (401, "access_person")


def test_a_page_of_another_site_signs_nobody_in_or_out(opened: Box) -> None:
    box = opened()
    with _client(box) as page:
        foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
        answer = page.post(f"{API}/session", json={"badge": box.badges["4711"]}, headers=foreign)
        assert problem(answer) == (403, "access_origin")
        _sign_in(page, badge=box.badges["4711"])
        assert problem(page.delete(f"{API}/session", headers=foreign)) == (403, "access_origin")
        form = page.post(f"{API}/session", data={"badge": box.badges["4711"]})
        assert problem(form) == (422, "request_field")
        assert page.get(f"{API}/session").json()["person"]["id"] == "4711"


@pytest.mark.parametrize("token", [TOKEN, ""])
def test_who_signs_in_on_the_supervisors_page_decides_nothing_at_the_bench(opened: Box, token: str) -> None:
    box = opened(token=token)
    with _client(box) as page:
        inspection = box.scan("A1")["inspection"]
        own = _sign_in(page, badge=box.badges["90"], own=True).json()
        assert (own["person"]["id"], own["own"]) == ("90", True)
        assert problem(_decide(page, inspection)) == (401, "access_person")
        assert page.get(f"{API}/session").json()["person"] is None
        _sign_in(page, badge=box.badges["4711"])
        _sign_in(page, badge=box.badges["90"], own=True)
        assert "Mori" in page.get("/supervisor").text
        assert page.get(f"{API}/session").json()["person"]["id"] == "4711"
        assert _decide(page, inspection).json()["officer"] == "4711"
        before = page.cookies["sekisho_own"]
        assert page.delete(f"{API}/session", params={"own": True}).status_code == 204
        page.cookies.set("sekisho_own", before)
        assert "Expected" not in (shown := page.get("/supervisor", params={"lang": "en"}).text)
        assert "Your role may not do this" in shown
        assert page.get(f"{API}/session").json()["person"]["id"] == "4711"
    ended = [(one["person"], one["why"], one["station"]) for one in box.bodies("signed_out")]
    assert ended[-1] == ("90", "asked", "")


def test_a_session_ends_by_itself_and_the_parcel_stays_open(opened: Box) -> None:
    box = opened(session_idle_s=1.0)
    with _client(box) as page:
        _sign_in(page, badge=box.badges["4711"])
        inspection = box.scan("A1")["inspection"]
        desk = box.bench.desk
        clock = desk._clock
        desk._clock = lambda: clock() + 60.0
        told = page.get(f"{API}/session").json()
        assert (told["person"], told["timed_out"], told["left_s"]) == (None, True, 0)
        assert problem(_decide(page, inspection)) == (401, "access_person")
        assert "Signed out after a time without an act." in page.get("/").text
        assert box.bench.open_at("1") == inspection
        _sign_in(page, badge=box.badges["4711"])
        assert _decide(page, inspection).status_code == 200
    assert [one["why"] for one in box.bodies("signed_out")] == ["timed_out"]
    assert box.bodies("taken_over") == []


def test_asking_is_no_act_and_acting_keeps_a_session_alive(opened: Box) -> None:
    box = opened(session_idle_s=100.0)
    with _client(box) as page:
        _sign_in(page, badge=box.badges["4711"])
        desk, clock = box.bench.desk, box.bench.desk._clock
        desk._clock = lambda: clock() + 90.0
        assert page.get(f"{API}/session").json()["left_s"] <= 10
        box.scan("A1")
        assert page.get(f"{API}/session").json()["left_s"] >= 90


def test_two_officers_on_one_bench_are_told_apart(opened: Box) -> None:
    box = opened()
    with _client(box) as page:
        _sign_in(page, badge=box.badges["4711"])
        first = box.scan("A1")["inspection"]
        _sign_in(page, badge=box.badges["4712"])
        second = box.scan("B1")["inspection"]
        assert first != second  # within the join window, and another officer's
        _sign_in(page, badge=box.badges["4711"])
        assert box.scan("B1")["inspection"] == second  # the same item: worked on by another from here on
        assert box.scan("B2")["inspection"] == second
        assert _decide(page, second).json()["officer"] == "4711"
    assert box.bodies("taken_over") == [{"before": "4712", "after": "4711"}]


def test_an_account_that_is_removed_or_changed_is_signed_out_at_once(opened: Box, tmp_path: Path) -> None:
    box = opened()
    file = PeopleFile(tmp_path / "state")
    with _client(box) as page:
        _sign_in(page, badge=box.badges["4711"])
        file.change(lambda known: changed(known, "4711", badge=""))
        assert page.get(f"{API}/session").json()["person"] is None
        assert problem(_sign_in(page, badge=box.badges["4711"])) == (401, "access_badge")
        _sign_in(page, badge=box.badges["4712"])
        file.change(lambda known: removed(known, "4712"))
        assert page.get(f"{API}/session").json()["person"] is None
    assert [one["why"] for one in box.bodies("signed_out")] == ["account", "account"]
    assert [len(one["accounts"]) for one in box.bodies("people")] == [4, 4, 3]  # type: ignore[arg-type]
    file.path.write_bytes(b"altered")
    with _client(box) as page:
        told = page.get(f"{API}/session").json()
        assert (told["person"], told["accounts"], told["needed"]) == (None, True, True)
        assert problem(_sign_in(page, badge=box.badges["90"])) == (503, "people_damaged")
        assert problem(_decide(page, box.scan("C1")["inspection"])) == (503, "people_damaged")  # the scan is taken
        assert "people: " in page.get("/").text


def test_the_policy_may_want_two_to_detain(opened: Box, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(builtin_text().replace("detain_by_two = false", "detain_by_two = true"), "utf-8")
    box = opened(policy=policy)
    with _client(box) as page:
        inspection = box.scan("A1")["inspection"]
        _sign_in(page, badge=box.badges["4711"])
        alone = _decide(page, inspection, "detain", reason="r")
        assert problem(alone) == (409, "second_person_conflict")
        assert alone.json()["detail"] == "Expected a second officer who agrees to detain, got nobody."
        for second, expected in (
            ({"badge": box.badges["4711"]}, (409, "second_person_conflict")),
            ({"badge": box.badges["7"]}, (403, "access_role")),
            ({"person": "4712", "pin": "000000"}, (401, "access_pin")),
            ({}, (422, "request_claim")),
        ):
            assert problem(_decide(page, inspection, "detain", reason="r", second=second)) == expected
        done = _decide(page, inspection, "detain", reason="r", second={"person": "4712", "pin": PINS["4712"]}).json()
        assert (done["officer"], done["confirmed_by"]) == ("4711", "4712")
        assert page.get(f"{API}/session").json()["person"]["id"] == "4711"


def test_the_second_officers_badge_at_the_gun_agrees_and_signs_nobody_in(opened: Box, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(builtin_text().replace("detain_by_two = false", "detain_by_two = true"), "utf-8")
    box = opened(policy=policy)
    with _client(box) as page, box.server.client() as gun:

        def shown(person: str) -> httpx.Response:
            return gun.post(f"{API}/stations/1/scans", json={"codes": [{"text": box.badges[person]}]})

        _sign_in(page, badge=box.badges["4711"])
        inspection = box.scan("A1")["inspection"]
        assert problem(_decide(page, inspection, "detain", reason="r")) == (409, "second_person_conflict")
        own = shown("4711")
        assert problem(own) == (409, "second_person_conflict")
        assert own.json()["detail"] == "Expected a second officer who agrees to detain, got the same one."
        assert problem(shown("7")) == (403, "access_role")
        agreed = shown("4712").json()
        assert (agreed["signed_in"]["id"], agreed["confirmed"]) == ("4712", inspection)
        assert shown("4712").json() == agreed  # a gun that reads it twice
        assert page.get(f"{API}/session").json()["person"]["id"] == "4711"
        kept = page.get(f"{API}/inspections/{inspection}").json()
        assert (kept["decision"], kept["dispositions"][0]["confirmed_by"]) == ("detain", "4712")
        assert kept["dispositions"][0]["officer"] == "4711"

        page.post(f"{API}/stations/1/next", json={})
        other = str(box.scan("A2")["inspection"])
        assert problem(_decide(page, other, "detain", reason="r")) == (409, "second_person_conflict")
        box.bench.dispose(other, Decision.REFER, officer="4711")  # as by the desk card: decided, nothing waits
        assert shown("4711").json()["confirmed"] == ""
        box.bench.undo(other, officer="4711")
        page.post(f"{API}/stations/1/next", json={})  # gone on: nothing waits
        assert shown("90").json()["confirmed"] == ""
        assert page.get(f"{API}/session").json()["person"]["id"] == "90"
        assert page.get(f"{API}/inspections/{other}").json()["decision"] is None
    assert [one["why"] for one in box.bodies("signed_out")] == ["switched"]


def test_a_desk_card_detains_by_two_as_well(opened: Box, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(builtin_text().replace("detain_by_two = false", "detain_by_two = true"), "utf-8")
    box = opened(policy=policy)
    card = code("D", secret_of(derived(storage_key(box.settings.state_dir), "desk card")))
    with _client(box) as page:
        inspection = page.post(f"{API}/stations/1/scans", json={"codes": [{"text": "RR473124829JP"}]}).json()[
            "inspection"
        ]
        _sign_in(page, badge=box.badges["4711"])
        time.sleep(SETTLE_S)
        scan = partial(page.post, f"{API}/stations/1/scans", json={"codes": [{"text": card}]})
        assert scan().json()["done"] == "again"
        time.sleep(AGAIN_S)
        assert scan().json()["done"] == "page"  # which asks for the second officer
        assert page.get(f"{API}/inspections/{inspection}").json()["decision"] is None


def test_a_shift_is_handed_over_with_what_it_leaves(opened: Box) -> None:
    box = opened()
    with _client(box) as page:
        _sign_in(page, badge=box.badges["4711"])
        first, second = box.scan("A1")["inspection"], None
        _decide(page, first)
        page.post(f"{API}/inspections/{first}/questions", json={"text": "Is the seam as it should be?"})
        page.post(f"{API}/stations/1/next", json={})
        second = page.post(f"{API}/stations/1/scans", json={"codes": [{"text": "RR473124829JP"}]}).json()["inspection"]
        shift = page.get(f"{API}/shift").json()
        assert (shift["inspections"], shift["decisions"], shift["officers"]) == (2, {"refer": 1}, ["4711"])
        assert [(one["inspection"], one["parcel"]) for one in shift["undecided"]] == [(second, "RR473124829JP")]
        assert [one["inspection"] for one in shift["referrals"]] == [first]
        assert [one["inspection"] for one in shift["questions"]] == [first]
        assert shift["unsent"] > 0
        assert "RR473124829JP" in page.get("/shift").text
        own = page.post(f"{API}/shift/hand-over", json={"badge": box.badges["4711"]})
        assert problem(own) == (409, "hand_over_conflict")
        done = page.post(f"{API}/shift/hand-over", json={"badge": box.badges["4712"], "note": "scanner 2 is slow"})
        told = done.json()
        assert (told["before"], told["after"], told["note"]) == ("4711", "4712", "scanner 2 is slow")
        assert (told["undecided"], told["referrals"], told["questions"]) == ([second], [first], [first])
        assert page.get(f"{API}/session").json()["person"]["id"] == "4712"
        after = page.get(f"{API}/shift").json()
        assert (after["inspections"], after["since"]) == (0, told["sequence"])
        paper = page.get(f"/shift/{told['sequence']}").text
        assert "Tanaka" in paper
        assert "scanner 2 is slow" in paper
        listed = page.get(f"{API}/shift/hand-overs").json()["hand_overs"]
        assert [one["sequence"] for one in listed] == [told["sequence"]]
        alone = page.post(f"{API}/shift/hand-over", json={"alone": True}).json()
        assert (alone["before"], alone["after"]) == ("4712", "not signed in")
        assert page.get(f"{API}/session").json()["person"] is None
        assert problem(page.get(f"{API}/shift")) == (401, "access_person")
    row = box.bodies("handed_over")[0]
    assert "RR473124829JP" not in json.dumps(row)
    assert box.bodies("signed_out")[0]["why"] == "handed_over"


def test_what_a_shift_leaves_stays_in_every_hand_over_until_it_is_closed(opened: Box) -> None:
    box = opened()
    with _client(box) as page:

        def next_parcel(number: str) -> str:
            page.post(f"{API}/stations/1/next", json={})
            answer = page.post(f"{API}/stations/1/scans", json={"codes": [{"text": number}]})
            return str(answer.json()["inspection"])

        def over(person: str) -> tuple[list[str], list[str], list[str]]:
            told = page.post(f"{API}/shift/hand-over", json={"badge": box.badges[person]}).json()
            return told["undecided"], told["referrals"], told["questions"]

        _sign_in(page, badge=box.badges["4711"])
        first, second, third, taken_back = map(next_parcel, ("RR473124829JP", "RR473124830JP", "ABC12345", "ABC12346"))
        _decide(page, third)
        _decide(page, taken_back, "release")
        page.post(f"{API}/inspections/{first}/questions", json={"text": "Is the seam as it should be?"})
        assert over("4712") == ([first, second], [third], [first])
        assert over("4711") == ([first, second], [third], [first])
        shown = page.get(f"{API}/shift").json()
        assert [one["parcel"] for one in shown["undecided"]] == ["RR473124829JP", ""]
        assert (shown["inspections"], shown["decisions"]) == (0, {})
        _decide(page, first, "release")
        _decide(page, second)
        page.post(f"{API}/inspections/{third}/undo", json={})
        page.post(f"{API}/inspections/{taken_back}/undo", json={})
        fourth = next_parcel("ABC12347")
        assert over("4712") == ([third, taken_back, fourth], [second], [first])
        assert over("4711") == ([third, taken_back, fourth], [second], [first])


def test_whoever_comes_after_the_session_of_the_first_is_over_takes_the_shift_over(opened: Box) -> None:
    box = opened(token=TOKEN)
    with _client(box) as page:
        _sign_in(page, badge=box.badges["4711"])
        left = [box.scan("A1")["inspection"]]
        page.delete(f"{API}/session")
        assert problem(page.post(f"{API}/shift/hand-over", json={"alone": True})) == (401, "access_person")
        wrong = page.post(f"{API}/shift/hand-over", json={"badge": box.badges["7"]})
        assert problem(wrong) == (403, "access_role")
        told = page.post(f"{API}/shift/hand-over", json={"badge": box.badges["4712"]}).json()
        assert (told["before"], told["after"], told["undecided"]) == ("not signed in", "4712", left)
        page.delete(f"{API}/session")
        _sign_in(page, badge=box.badges["4711"])  # comes, signs in, then takes over
        told = page.post(f"{API}/shift/hand-over", json={"badge": box.badges["4711"]}).json()
        assert (told["before"], told["after"], told["undecided"]) == ("not signed in", "4711", left)
        again = page.post(f"{API}/shift/hand-over", json={"badge": box.badges["4711"]})
        assert again.json()["detail"] == "Expected another officer than 4711 to take over, got the same one."
    with _client(box) as elsewhere:  # somebody is signed in there: from elsewhere nobody closes that shift
        refused = elsewhere.post(f"{API}/shift/hand-over", json={"badge": box.badges["4712"]})
        assert problem(refused) == (401, "access_person")


def test_the_shift_of_another_station_is_a_supervisors_to_read(opened: Box) -> None:
    box = opened(token=TOKEN)
    with _client(box) as page:
        _sign_in(page, badge=box.badges["4711"], station="1")
        assert page.get(f"{API}/shift", params={"station": "1"}).status_code == 200
        assert problem(page.get(f"{API}/shift", params={"station": "2"})) == (403, "access_role")
        _sign_in(page, badge=box.badges["90"], own=True)
        assert page.get(f"{API}/shift", params={"station": "2"}).status_code == 200


def test_the_rows_of_people_verify_and_know_the_clock(opened: Box, tmp_path: Path) -> None:
    box = opened()
    with _client(box) as page:
        _sign_in(page, badge=box.badges["4711"])
        page.post(f"{API}/shift/hand-over", json={"badge": box.badges["4712"]})
        page.delete(f"{API}/session")
    rows = box.bench.ledger.outbox(0, 100)
    assert all(row.entry.at.trust for row in rows)
    assert box.kinds() == ["people", "signed_in", "handed_over", "signed_out", "signed_in", "signed_out"]
    assert verified(tmp_path / "state" / "ledger.db") == len(rows)
