from __future__ import annotations

import base64
import json

import httpx

from edge.releases import version
from tests.edge.web.conftest import GTIN
from tests.edge.web.serving import problem

ELEMENTS = f"01{GTIN}21A7"


def _scan(client: httpx.Client, station: str, text: str, **headers: str) -> httpx.Response:
    document = {"codes": [{"text": text, "symbology": "]d2"}]}
    return client.post(f"/api/v1/stations/{station}/scans", json=document, headers=headers)


def test_a_scan_is_answered_with_a_verdict_and_its_reasons(client: httpx.Client, station: str) -> None:
    answer = _scan(client, station, ELEMENTS)
    assert answer.status_code == 200
    body = answer.json()
    assert body["items"] == [{"gtin": GTIN, "serial": "A7", "batch": None, "expiry": None}]
    assert answer.headers["location"] == f"/api/v1/inspections/{body['inspection']}"
    assert body["verdict"]["sentence"]
    assert body["verdict"]["freshness"]["edition"] == "test-edition"
    for finding in body["verdict"]["findings"]:
        assert finding["sentence"]
        assert finding["cause"]


def test_the_bytes_of_a_code_may_come_in_base64(client: httpx.Client, station: str) -> None:
    document = {"station": station, "codes": [{"payload": base64.b64encode(ELEMENTS.encode()).decode()}]}
    body = client.post("/api/v1/inspections", json=document).json()
    assert bytes.fromhex(body["symbols"][0]["payload_hex"]) == ELEMENTS.encode()


def test_the_same_key_and_content_is_answered_as_before_and_adds_nothing(client: httpx.Client, station: str) -> None:
    first = _scan(client, station, ELEMENTS, **{"Idempotency-Key": "key-of-" + station})
    client.post(f"/api/v1/stations/{station}/next")
    again = _scan(client, station, ELEMENTS, **{"Idempotency-Key": "key-of-" + station})
    assert again.status_code == 200
    assert again.json() == first.json()
    record = client.get(first.headers["location"]).json()
    assert record["assessments"] == 1


def test_the_same_key_with_other_content_is_a_conflict(client: httpx.Client, station: str) -> None:
    _scan(client, station, ELEMENTS, **{"Idempotency-Key": "taken"})
    answer = _scan(client, station, f"01{GTIN}21B8", **{"Idempotency-Key": "taken"})
    assert answer.status_code == 409
    assert problem(answer)[0] == 409


def test_codes_and_captures_add_assessments_to_the_same_inspection(
    client: httpx.Client, station: str, jpeg: bytes
) -> None:
    inspection = _scan(client, station, ELEMENTS).json()["inspection"]
    more = client.post(f"/api/v1/inspections/{inspection}/codes", json={"codes": [{"text": "LX473124829JP"}]})
    assert more.json()["number"] == 2
    shown = client.post(f"/api/v1/inspections/{inspection}/captures", files={"capture": ("a.jpg", jpeg, "image/jpeg")})
    assert shown.status_code == 200
    assert shown.json()["number"] == 3
    assert [(one["width"], one["height"]) for one in shown.json()["captures"]] == [(320, 240)]
    record = client.get(f"/api/v1/inspections/{inspection}").json()
    assert record["assessments"] == 3
    assert record["station"] == station
    assert record["state"] == "assessed"


def test_a_multipart_request_holds_the_document_and_the_pictures(
    client: httpx.Client, station: str, jpeg: bytes
) -> None:
    document = {
        "station": station,
        "codes": [{"text": ELEMENTS, "symbology": "]d2"}],
        "consignment": {
            "document": "LX473124829JP",
            "consignor": {"name": "Somebody", "country": "CN"},
            "lines": [{"description": "soap", "quantity": 3, "value_minor": 1200, "currency": "JPY"}],
        },
    }
    files: dict[str, tuple[str | None, bytes | str, str]] = {
        "inspection": (None, json.dumps(document), "application/json"),
        "capture": ("a.jpg", jpeg, "image/jpeg"),
    }
    body = client.post("/api/v1/inspections", files=files).json()
    assert len(body["captures"]) == 1
    assert body["items"][0]["gtin"] == GTIN
    assert "Somebody" not in json.dumps(body)


def test_a_decision_is_recorded_refused_twice_and_taken_back(client: httpx.Client, station: str) -> None:
    inspection = _scan(client, station, ELEMENTS).json()["inspection"]
    address = f"/api/v1/inspections/{inspection}"
    done = client.put(f"{address}/disposition", json={"decision": "detain", "officer": "Sato", "reason": "print"})
    assert done.json()["decision"] == "detain"
    assert client.get(address).json()["decision"] == "detain"
    assert problem(client.put(f"{address}/disposition", json={"decision": "release"})) == (409, "disposition_conflict")
    assert problem(client.post(f"{address}/codes", json={"codes": [{"text": "x1"}]})) == (409, "inspection_conflict")
    undone = client.post(f"{address}/undo", json={"officer": "Sato"})
    assert undone.json()["undoes"] is not None
    record = client.get(address).json()
    assert record["decision"] is None
    assert [row["decision"] for row in record["dispositions"]] == ["detain", None]
    assert problem(client.post(f"{address}/undo", json={})) == (404, "disposition_not_found")


def test_the_list_names_each_inspection_once_newest_first_over_all_its_pages(
    client: httpx.Client, station: str
) -> None:
    made = []
    for number in range(5):
        made.append(_scan(client, station, f"01{GTIN}21P{number}").json()["inspection"])
        client.post(f"/api/v1/inspections/{made[-1]}/codes", json={"codes": [{"text": f"extra {number}"}]})
        client.post(f"/api/v1/stations/{station}/next")
    listed: list[str] = []
    before = None
    while len(listed) < 5:
        page = client.get("/api/v1/inspections", params={"limit": 2, **({"before": before} if before else {})}).json()
        listed += [one["id"] for one in page["inspections"]]
        before = page["before"]
    assert listed[:5] == made[::-1]


def test_next_opens_room_for_another_inspection(client: httpx.Client, station: str) -> None:
    first = _scan(client, station, ELEMENTS).json()["inspection"]
    joined = _scan(client, station, f"01{GTIN}21C9").json()["inspection"]
    client.post(f"/api/v1/stations/{station}/next")
    other = _scan(client, station, ELEMENTS).json()["inspection"]
    assert joined == first
    assert other != first


def test_a_repeated_next_leaves_the_parcel_that_follows(client: httpx.Client, station: str) -> None:
    first = _scan(client, station, ELEMENTS).json()["inspection"]
    assert client.post(f"/api/v1/stations/{station}/next", json={"inspection": first}).status_code == 204
    other = _scan(client, station, f"01{GTIN}21N1").json()["inspection"]
    assert client.post(f"/api/v1/stations/{station}/next", json={"inspection": first}).status_code == 204
    assert _scan(client, station, f"01{GTIN}21N2").json()["inspection"] == other
    assert problem(client.post(f"/api/v1/stations/{station}/next", json={"inspection": "x"})) == (422, "request_field")


def test_a_decision_on_an_assessment_that_is_outdated_is_refused(client: httpx.Client, station: str) -> None:
    address = f"/api/v1/inspections/{_scan(client, station, ELEMENTS).json()['inspection']}"
    assert client.post(f"{address}/codes", json={"codes": [{"text": "more"}]}).json()["number"] == 2
    seen = {"decision": "refer", "officer": "Sato", "assessment": 1}
    assert problem(client.put(f"{address}/disposition", json=seen)) == (409, "disposition_outdated")
    assert client.get(address).json()["decision"] is None
    now = {**seen, "assessment": 2}
    told = [client.put(f"{address}/disposition", json=now).json() for _ in range(2)]
    assert told[0]["decision"] == "refer"
    assert len(client.get(address).json()["dispositions"]) == 1


def test_what_is_not_there_is_told_as_such(client: httpx.Client) -> None:
    nowhere = "01234567-89ab-7def-8123-456789abcdef"
    assert problem(client.get(f"/api/v1/inspections/{nowhere}")) == (404, "inspection_not_found")
    assert problem(client.get(f"/api/v1/evidence/{'0' * 64}")) == (404, "evidence_not_found")
    assert problem(client.get("/api/v1/nothing")) == (404, "route_not_found")
    assert problem(client.delete("/api/v1/inspections")) == (405, "request_method")
    unknown = client.post("/api/v1/stations/none/scans", json={"codes": [{"text": "x"}]})
    assert problem(unknown) == (422, "request_unknown_station")


def test_health_status_and_metrics_answer(client: httpx.Client, station: str) -> None:
    _scan(client, station, ELEMENTS)
    assert client.get("/api/v1/health/live").json() == {"status": "ok"}
    assert client.get("/api/v1/health/ready").json() == {"status": "ok"}
    rehearsed = client.get("/api/v1/health/rehearsed?quiet_s=0").json()
    assert (rehearsed["version"], rehearsed["gtins"], rehearsed["open"]) == (version(), ["09521234543213"], [])
    status = client.get("/api/v1/status").json()
    assert status["ready"]
    assert {part["name"] for part in status["parts"]} >= {"registry", "ledger", "workers"}
    metrics = client.get("/api/v1/metrics").text
    assert 'sekisho_http_requests_total{method="POST",route="scan",status="200"}' in metrics
    assert "sekisho_assessments_total{" in metrics
    assert GTIN not in metrics


def test_what_was_kept_is_served_as_a_picture_that_can_run_nothing(
    client: httpx.Client, station: str, labelled: bytes
) -> None:
    answer = client.post(
        f"/api/v1/stations/{station}/scans", files={"capture": ("a.png", labelled, "image/png")}
    ).json()
    kept = answer["captures"][0]["kept"][0]
    picture = client.get(f"/api/v1/evidence/{kept['sha256']}")
    assert picture.headers["content-type"] == "image/png"
    assert "sandbox" in picture.headers["content-security-policy"]
    assert picture.content.startswith(b"\x89PNG")


def test_the_report_picture_needs_nothing_else(client: httpx.Client, station: str) -> None:
    inspection = _scan(client, station, ELEMENTS).json()["inspection"]
    picture = client.get(f"/api/v1/inspections/{inspection}/report.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.lstrip().startswith("<svg")
    assert "sandbox" in picture.headers["content-security-policy"]
    assert client.get(f"/inspections/{inspection}").status_code == 200
