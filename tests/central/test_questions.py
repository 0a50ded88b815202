"""An officer asks, a right holder answers, both benches show it: nothing that was said before is changed by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.errors import RequestRefused
from edge.inspection import Outcome
from sync.central.clients import new_client
from sync.central.database import writing
from sync.central.knowledge.speakers import Role, Speaker, new_speaker
from sync.current import Scope
from sync.protocol import ANSWER, verified
from tests.central.knowing import SERIAL, Country, Port, country
from tests.edge.web.serving import serving as bench_served

FIRST, SECOND = "RR473124829JP", "EE123456785JP"
UNKNOWN = SERIAL.replace("21A1", "21Z9")


@pytest.fixture
def land(tmp_path: Path) -> Iterator[Country]:
    with country(tmp_path) as one:
        yield one


def speaker(land: Country, name: str, role: Role, *prefixes: str) -> httpx.Client:
    with writing(land.central.engine) as connection:
        token = new_speaker(connection, Speaker(name, role, Scope(prefixes=prefixes)))
    client = httpx.Client(base_url=land.url, headers={"Authorization": f"Bearer {token}"})
    return land.stack.enter_context(client)


def asked(naha: Port) -> str:
    inspection = naha.scan(UNKNOWN, FIRST).inspection
    naha.bench.ask(inspection, "  Is Z9 a\0 number of yours?  ", officer="O-7")
    naha.sync()
    return inspection


def told(port: Port, inspection: str) -> Any:
    with bench_served(port.bench, port.bench.settings) as server, server.client() as client:
        return client.get(f"/api/v1/inspections/{inspection}/told").json()


def page(port: Port, inspection: str, language: str = "en") -> str:
    with bench_served(port.bench, port.bench.settings) as server, server.client() as client:
        return client.get(f"/inspections/{inspection}", params={"lang": language}).text


def test_an_answer_is_shown_on_its_inspection_and_on_later_ones_of_the_product_until_its_last_day(
    land: Country,
) -> None:
    naha, narita = land.port("naha-1", "Naha"), land.port("narita-1", "Narita")
    inspection = asked(naha)
    before = naha.bench.record(inspection).assessments
    kumo = speaker(land, "Kumo KK", Role.RIGHT_HOLDER, "9521234")
    (question,) = kumo.get("/v1/questions").json()["questions"]
    assert (question["text"], question["gtins"], question["port"], question["picture"]) == (
        "Is Z9 a number of yours?",
        ["09521234543213"],
        "Naha",
        "",
    )
    key = {name: question[name] for name in ("device", "ledger", "seq")}
    text = "No. <b>Z</b> was never used."
    given = kumo.post("/v1/answers", json={**key, "text": text, "valid_to": "2026-12-31"}).json()
    signed = verified(given["document"].encode(), ANSWER, land.central.private.public_key())
    assert (signed["text"], signed["name"], signed["valid_to"]) == (text, "Kumo KK", "2026-12-31")
    assert kumo.get("/v1/questions").json()["questions"] == []
    land.clock.later(minutes=5)
    naha.sync()
    narita.sync()
    (answer,) = told(naha, inspection)["answers"]
    assert (answer["inspection"], answer["text"], answer["name"]) == (inspection, text, "Kumo KK")
    assert naha.bench.record(inspection).assessments == before
    later = narita.scan(SERIAL, SECOND)
    assert later.verdict.outcome is Outcome.NO_FINDING
    (other,) = told(narita, later.inspection)["answers"]
    assert (other["inspection"], other["text"]) == ("", text)
    shown = page(narita, later.inspection)
    assert "No. &lt;b&gt;Z&lt;/b&gt; was never used." in shown
    assert "to another question on this product" in shown
    assert "It changes no verdict." in shown
    assert "2026-12-31" in page(narita, later.inspection, "ja")
    land.clock.later(days=60)
    assert told(narita, later.inspection)["answers"] == []
    assert len(told(naha, inspection)["answers"]) == 1


def test_a_right_holder_sees_and_answers_only_what_is_about_its_own_products(land: Country) -> None:
    naha = land.port("naha-1", "Naha")
    asked(naha)
    other = speaker(land, "Nimbus", Role.RIGHT_HOLDER, "4512345")
    assert other.get("/v1/questions").json()["questions"] == []
    expert = speaker(land, "Customs laboratory", Role.EXPERT)
    (question,) = expert.get("/v1/questions").json()["questions"]
    key = {name: question[name] for name in ("device", "ledger", "seq")}
    refused = other.post("/v1/answers", json={**key, "text": "x", "valid_to": "2026-12-31"})
    assert (refused.status_code, refused.json()["code"]) == (403, "access_role")
    first = expert.post("/v1/answers", json={**key, "text": "Yes.", "valid_to": "2026-12-31"}).json()
    again = expert.post("/v1/answers", json={**key, "text": "Yes.", "valid_to": "2026-12-31"}).json()
    assert again == first
    conflict = expert.post("/v1/answers", json={**key, "text": "No.", "valid_to": "2026-12-31"})
    assert (conflict.status_code, conflict.json()["code"]) == (409, "answer_conflict")
    corrected = {**key, "text": "No.", "valid_to": "2026-12-31", "corrects": first["id"]}
    assert expert.post("/v1/answers", json=corrected).status_code == 200
    land.clock.later(minutes=5)
    naha.sync()
    (answer,) = naha.bench.shelves.knowledge.current().said["answers"]
    assert answer["text"] == "No."
    missing = expert.post("/v1/answers", json={**key, "seq": 1, "text": "x", "valid_to": "2026-12-31"})
    assert (missing.status_code, missing.json()["code"]) == (404, "question_not_found")


def test_what_an_examiner_decides_is_shown_with_the_precision_so_far(land: Country) -> None:
    naha = land.port("naha-1", "Naha")
    inspection = naha.scan(UNKNOWN, FIRST).inspection
    naha.sync()
    examiner = speaker(land, "Desk 4", Role.EXAMINER)
    decided = {"device": "naha-1", "inspection": inspection, "ending": "confirmed", "decided": "2026-11-21"}
    assert examiner.post("/v1/outcomes", json=decided).json()["role"] == "examiner"
    with writing(land.central.engine) as connection:
        token = new_client(connection, "statistics", nominal=False)
    headers = {"Authorization": f"Bearer {token}"}
    found = httpx.get(f"{land.url}/v1/precision", headers=headers).json()
    assert found["findings"]["serial.unknown"]["confirmed"] == 1
    refused = httpx.post(f"{land.url}/v1/outcomes", json=decided, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "access_token")
    naha.sync()
    shown = page(naha, inspection)
    assert "Infringement found" in shown
    assert "Confirmed so far: 1 / 1, 95 % 21–100 % (few cases)" in shown
    assert "侵害認定" in page(naha, inspection, "ja")
    body = told(naha, inspection)
    assert (body["outcomes"][0]["ending"], body["precision"]["serial.unknown"]["closed"]) == ("confirmed", 1)


def test_a_question_without_words_or_with_a_picture_that_is_none_of_the_goods_is_refused(land: Country) -> None:
    naha = land.port("naha-1", "Naha")
    inspection = naha.scan(SERIAL).inspection
    with pytest.raises(RequestRefused) as refused:
        naha.bench.ask(inspection, " \n ")
    assert refused.value.message == f"{inspection}: expected a question in words, got none."
    with pytest.raises(RequestRefused) as strange:
        naha.bench.ask(inspection, "What?", picture="0" * 64)
    assert strange.value.message == f"{inspection}: expected a kept picture of its goods, got {'0' * 64!r}."


def test_the_form_of_the_report_asks_without_a_script(land: Country) -> None:
    naha = land.port("naha-1", "Naha")
    inspection = naha.scan(SERIAL).inspection
    with bench_served(naha.bench, naha.bench.settings) as server, server.client() as client:
        form = {"text": "Is <this> yours?", "officer": "O-7", "picture": "", "lang": "ja"}
        answer = client.post(f"/inspections/{inspection}/questions", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/inspections/{inspection}?lang=ja")
        assert "Is &lt;this&gt; yours?" in client.get(answer.headers["location"]).text
        asked_by_api = client.post(f"/api/v1/inspections/{inspection}/questions", json={"text": "And this?"})
        assert asked_by_api.json()["officer"] == "not signed in"
        empty = client.post(f"/api/v1/inspections/{inspection}/questions", json={"text": "  "})
        assert empty.status_code == 422, json.dumps(empty.json())
    assert [one.text for one in naha.bench.record(inspection).questions] == ["Is <this> yours?", "And this?"]


def test_precision_of_all_ports_is_kept_from_a_token_of_one(land: Country) -> None:
    with writing(land.central.engine) as connection:
        token = new_client(connection, "naha", nominal=False, ports=("Naha",))
    answer = httpx.get(f"{land.url}/v1/precision", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "access_port")
    assert answer.json()["detail"] == ("Precision is counted over all ports: expected a token of all, got one of Naha.")
