"""The fleet page: what boxes told, counted once, shown to those who may see it, escaped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import urllib3
from sqlalchemy import select

from edge.errors import InputError
from edge.settings import Settings
from edge.storage.chain import Entry
from sync.box_status import status_of
from sync.central.alarms import raise_alarm
from sync.central.central import Central
from sync.central.clients import Client, new_client
from sync.central.database import reading, writing
from sync.central.fleet.counts import PAGE, follow
from sync.central.fleet.overview import Fleet, fleet, take_status
from sync.central.intake.ingest import ingest
from sync.central.routes.fleet import page_of
from sync.central.tables import fired, rule_days
from sync.errors import DocumentRefused
from sync.protocol import SCHEMA, STATUS, signed
from tests.central.serving import enrolled, serving
from tests.sync.boxes import DAY, NOW, Box, assessed

Boxes = Callable[..., Box]
ALL = Client("operator", nominal=False)
NAHA = Client("naha", nominal=False, ports=("Naha",))


def judged(number: int, *codes: str, scores: tuple[float | None, ...] = (), compared: bool = True) -> Entry:
    seen = {
        "captures": [{"sha256": "c"}] if scores else [],
        "comparisons": [{"capture": "c", "score": score, "pack": "drawn-2"} for score in scores],
    }
    verdict = {"outcome": "CHECK", "findings": [{"code": code} for code in codes]}
    stages = {"compare": 3.0} if compared else {}
    return assessed(number, body={"assessment": {"seen": seen, "verdict": verdict, "stage_ms": stages}})


def disposed(number: int, decision: str | None) -> Entry:
    return assessed(number, kind="disposed", key="", body={"disposition": {"decision": decision}}, personal={})


def bring(central: Central, box: Box, *rows: Entry | Any) -> None:
    after = box.ledger.head().seq
    own = [replace(row, origin=replace(row.origin, device=box.device)) for row in rows]
    box.ledger.append([replace(row, key=f"{row.key}-{after}-{place}") for place, row in enumerate(own)])
    while after < box.ledger.head().seq:
        after = ingest(central.engine, central.id, box.batch(after), DAY.isoformat()).seq


def shown(central: Central, client: Client = ALL) -> Fleet:
    follow(central.engine, central.now())
    return fleet(central, client)


def counts(central: Central, client: Client = ALL) -> dict[str, tuple[int, int, int]]:
    return {rule.code: (rule.count, rule.released, rule.held) for rule in shown(central, client).rules}


def test_a_rule_counts_inspections_by_what_the_officer_did_with_them(central: Central, box: Boxes) -> None:
    one = box()
    bring(
        central, one, judged(1, "face.differs", "serial.unknown"), judged(2, "face.differs"), judged(3, "face.differs")
    )
    bring(central, one, judged(4), disposed(1, "RELEASE"), disposed(2, "DETAIN"), disposed(4, "RELEASE"))
    told = {rule.code: rule for rule in shown(central).rules}
    assert {code: (rule.count, rule.released, rule.held, rule.open) for code, rule in told.items()} == {
        "face.differs": (3, 1, 1, 1),
        "serial.unknown": (1, 1, 0, 0),
    }
    assert told["face.differs"].share == 0.5
    assert told["face.differs"].low < 0.5 < told["face.differs"].high


def test_a_row_is_counted_once_however_often_the_page_is_asked_for(central: Central, box: Boxes) -> None:
    bring(central, box(), judged(1, "face.differs"), disposed(1, "RELEASE"))
    for _ in range(3):
        assert counts(central) == {"face.differs": (1, 1, 0)}


def test_a_later_assessment_and_a_decision_taken_back_take_their_counts_back(central: Central, box: Boxes) -> None:
    one = box()
    bring(central, one, judged(1, "face.differs"), disposed(1, "RELEASE"))
    assert counts(central) == {"face.differs": (1, 1, 0)}
    bring(central, one, disposed(1, None))
    assert counts(central) == {"face.differs": (1, 0, 0)}
    bring(central, one, judged(1, "serial.unknown"), disposed(1, "REFER"))
    assert counts(central) == {"serial.unknown": (1, 0, 1)}
    bring(central, one, judged(1))
    assert counts(central) == {}
    with reading(central.engine) as connection:
        assert sum(connection.execute(select(rule_days.c.count)).scalars()) == 0


def test_more_than_a_page_is_counted_exactly(central: Central, box: Boxes) -> None:
    bring(central, box(), *(judged(number, "face.differs") for number in range(PAGE + 30)))
    assert counts(central) == {"face.differs": (PAGE + 30, 0, 0)}


def test_rows_that_no_bench_writes_are_passed_over(central: Central, box: Boxes) -> None:
    odd: list[Any] = [
        {"assessment": 3}, {"assessment": {"verdict": {"findings": [3]}}}, {"disposition": []}, {},
        {"assessment": {"verdict": {"findings": [{"code": "a\0b"}]}, "seen": {"captures": [1]}, "stage_ms": {}}},
    ]  # fmt: skip
    one = box()
    bring(central, one, *(assessed(number, body=body, personal={}) for number, body in enumerate(odd)), judged(9, "x"))
    assert counts(central)["x"] == (1, 0, 0)
    assert shown(central).uncounted == 0


def test_findings_of_single_inspections_go_after_90_days_and_counts_stay(central: Central, box: Boxes) -> None:
    one = box()
    bring(central, one, judged(1, "old"))
    follow(central.engine, DAY)
    bring(central, one, judged(2))
    follow(central.engine, DAY + timedelta(days=91))
    with reading(central.engine) as connection:
        assert connection.execute(select(fired)).all() == []
        assert list(connection.execute(select(rule_days.c.count)).scalars()) == [1]


def test_scores_of_the_newest_capture_are_counted_when_it_was_compared(central: Central, box: Boxes) -> None:
    one = box()
    bring(central, one, *(judged(number, scores=(0.02, 0.6, None)) for number in range(100)))
    bring(central, one, judged(3, scores=(0.9,), compared=False))
    (drift,) = shown(central).drifts.values()
    assert (drift.count, drift.at_check, drift.moved) == (200, 0.5, True)
    assert "moved: look at light, cameras, goods" in page_of(shown(central))


def test_a_box_tells_its_status_with_its_push_and_the_page_shows_it(central: Central, box: Boxes) -> None:
    one = box(port="Naha")
    with serving(replace(central, now=lambda: DAY)) as url:
        link, _ = enrolled(replace(central, now=lambda: DAY), url, one)
        told = status_of(Settings(state_dir=one.folder, device="bench-1"), link.enrolment.recipient, NOW)
        link.close()
    assert (told["clock"], told["unsent"], told["edition"]) == ("synced", 0, "")
    assert told["pack"]
    assert 0 < told["disk_free"] <= told["disk_total"]
    told |= {
        "edition": "world",
        "edition_number": 12,
        "disk_free": 3,
        "disk_total": 100,
        "unsent": 40,
        "clock": "floor",
    }
    take_status(central, "bench-1", signed(told, one.private.sign, one.key), one.private.public_key())
    (shown_box,) = (seen for seen in shown(central).boxes if not seen.revoked)
    assert (shown_box.edition, shown_box.behind, shown_box.disk_low) == ("world 12", 40, True)
    assert (shown_box.silent, shown_box.contact) == (False, DAY.isoformat())
    html = page_of(shown(central))
    assert '<td data-name="Disk free" class="n"><span class="bad">3 %</span></td>' in html
    assert '<span class="look">floor</span>' in html


def test_a_status_that_another_key_signed_or_that_speaks_of_another_box_is_refused(
    central: Central, box: Boxes
) -> None:
    one, other = box(), box("bench-2")
    told = {"type": STATUS, "schema": SCHEMA, "device": "bench-1"}
    with pytest.raises(DocumentRefused):
        take_status(central, "bench-1", signed(told, other.private.sign, other.key), one.private.public_key())
    with pytest.raises(InputError, match=r"^Expected the status of bench-2, got one of 'bench-1'\.$"):
        take_status(central, "bench-2", signed(told, other.private.sign, other.key), other.private.public_key())


def test_whatever_a_box_says_is_escaped_and_what_is_no_text_is_left_out(central: Central, box: Boxes) -> None:
    one = box()
    evil = "<script>alert(1)</script>"
    told = {"type": STATUS, "schema": SCHEMA, "device": "bench-1", "edition": evil, "pack": [evil], "disk_free": "x"}
    take_status(central, "bench-1", signed(told, one.private.sign, one.key), one.private.public_key())
    bring(central, one, judged(1, evil))
    with writing(central.engine) as connection:
        raise_alarm(connection, "bench-1", "equivocation", "x", f'"{evil}', DAY.isoformat())
    html = page_of(shown(central))
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3


def test_a_client_of_one_port_sees_the_devices_alarms_and_rules_of_that_port(central: Central, box: Boxes) -> None:
    one, other = box(), box("bench-2", port="Naha")
    bring(central, one, judged(1, "narita.only"))
    bring(central, other, judged(1, "naha.too", scores=(0.1,)))
    with writing(central.engine) as connection:
        for device in ("bench-1", "bench-2", ""):
            raise_alarm(connection, device, "equivocation", device, f"of {device}", DAY.isoformat())
    told = shown(central, NAHA)
    assert [one.device for one in told.boxes] == ["bench-2"]
    assert [one["device"] for one in told.alarms] == ["bench-2"]
    assert counts(central, NAHA) == {"naha.too": (1, 0, 0)}
    assert "bench-1" not in page_of(told)
    assert len(shown(central).alarms) == 3


def test_the_page_needs_a_token_and_carries_no_script_cookie_or_form(central: Central, box: Boxes) -> None:
    bring(central, box(), judged(1, "face.differs"))
    with writing(central.engine) as connection:
        token = new_client(connection, "operator", nominal=False)
    with serving(central) as url:
        for headers in ({}, urllib3.util.make_headers(basic_auth="me:wrong"), {"Authorization": "Basic !!"}):
            answer = urllib3.request("GET", f"{url}/fleet", headers=headers)
            assert (answer.status, answer.headers["www-authenticate"]) == (
                401,
                'Basic realm="Sekisho central", charset="UTF-8"',
            )
            assert b"bench-1" not in answer.data
        answer = urllib3.request("GET", f"{url}/fleet", headers=urllib3.util.make_headers(basic_auth=f"me:{token}"))
        assert urllib3.request("GET", f"{url}/fleet", headers={"Authorization": f"Bearer {token}"}).status == 200
    assert answer.status == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    html = answer.data.decode()
    assert "face.differs" in html
    assert all(word not in html for word in ("<script", "<form", "http://", "https://", "onclick"))


def test_an_empty_central_has_a_page_too(central: Central) -> None:
    html = page_of(shown(central))
    assert all(words in html for words in ("None.", "No box is enrolled.", "No finding in this time."))


def test_a_status_is_taken_over_http_from_the_box_alone_and_the_counts_keep_up(central: Central, box: Boxes) -> None:
    one = box()
    bring(central, one, judged(1, "face.differs"))
    with serving(central) as url:
        link, _ = enrolled(central, url, one)
        document = signed({"type": STATUS, "schema": SCHEMA, "device": "bench-1"}, one.private.sign, one.key)
        assert urllib3.request("POST", f"{url}/v1/status", body=document).status == 401
        assert link.ask("POST", "/v1/status", document).status == 204
        link.close()
        until = time.monotonic() + 60
        while fleet(central, ALL).uncounted and time.monotonic() < until:
            time.sleep(0.02)
    assert [rule.code for rule in fleet(central, ALL).rules] == ["face.differs"]
    with reading(central.engine) as connection:
        rows = connection.exec_driver_sql("SELECT document FROM box_status").all()
    assert json.loads(rows[0][0])["signed"]["device"] == "bench-1"
