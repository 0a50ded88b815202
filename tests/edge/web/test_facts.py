from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest

from edge.bench import Bench
from edge.lookup import Bulletin, WatchHit
from edge.steps.record import OBSERVED
from edge.web.facts import WatchOut
from tests.edge.web.conftest import GTIN


@pytest.fixture
def inspection(client: httpx.Client, station: str) -> str:
    scan = {"codes": [{"text": f"01{GTIN}21A7"}]}
    return str(client.post(f"/api/v1/stations/{station}/scans", json=scan).json()["inspection"])


def _facts(client: httpx.Client, inspection: str, **asked: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/inspections/{inspection}/facts", params=asked)
    assert answer.status_code == 200
    return dict(answer.json())


def _observe(client: httpx.Client, inspection: str, **said: object) -> httpx.Response:
    document = {"recordation": "T-1", "point": 1, "observed": "seen", "officer": "K. Mori"} | said
    return client.put(f"/api/v1/inspections/{inspection}/observations", json=document)


def test_facts_are_products_rights_and_points_in_the_language_asked_for(client: httpx.Client, inspection: str) -> None:
    facts = _facts(client, inspection, lang="ja")
    assert facts["edition"] == "test-edition"
    (item,) = facts["items"]
    assert item["product"]["name"] == "Kumo soap 90 g"
    assert item["serial_status"] == "known"
    assert [right["number"] for right in item["recordations"]] == ["T-1"]
    seen, weighed = facts["points"]
    assert seen["text"] == {"language": "ja", "text": "くもの とがりは よつ。"}
    assert (seen["sense"], seen["x_mm"], seen["y_mm"], seen["observed"]) == ("look", 20.0, 30.5, None)
    assert weighed["text"] == {"language": "en", "text": "It weighs 90 g."}  # as written, never translated
    assert (weighed["sense"], weighed["x_mm"]) == ("weigh", None)


def test_an_observation_is_a_row_and_the_last_one_stands(client: httpx.Client, bench: Bench, inspection: str) -> None:
    assert _observe(client, inspection).json()["source"] == "Kumo K.K."
    assert _observe(client, inspection).json()["observed"] == "seen"  # sent twice, kept once
    assert _observe(client, inspection, observed="not_seen").status_code == 200
    assert _observe(client, inspection, point=2, observed="cannot_see").status_code == 200
    rows = [row for row in bench.recent(50, kinds=(OBSERVED,)) if row.entry.inspection == inspection]
    assert [row.entry.body["observation"]["observed"] for row in reversed(rows)] == ["seen", "not_seen", "cannot_see"]
    assert {row.entry.origin.officer for row in rows} == {"K. Mori"}
    points = _facts(client, inspection)["points"]
    assert [point["observed"] for point in points] == ["not_seen", "cannot_see"]


def test_an_observation_changes_no_verdict(client: httpx.Client, inspection: str) -> None:
    before = client.get(f"/api/v1/inspections/{inspection}").json()
    _observe(client, inspection, observed="not_seen")
    assert client.get(f"/api/v1/inspections/{inspection}").json() == before


def test_a_point_that_is_not_recorded_is_refused(client: httpx.Client, inspection: str) -> None:
    answer = _observe(client, inspection, point=7)
    assert answer.status_code == 422
    assert answer.json()["detail"] == (f"{inspection}: expected a distinguishing point of its items, got 'T-1' 7.")


def test_a_parcel_that_the_registry_does_not_know_has_no_points(client: httpx.Client, station: str) -> None:
    scan = {"codes": [{"text": "0104006381333931"}]}
    inspection = client.post(f"/api/v1/stations/{station}/scans", json=scan).json()["inspection"]
    facts = _facts(client, inspection)
    assert facts["points"] == []
    assert [item["product"] for item in facts["items"]] == [None]


def test_what_was_declared_is_told_without_persons(client: httpx.Client, station: str) -> None:
    declared = {
        "document": "EE473124829JP",
        "consignor": {"name": "Taro Yamada", "address": "1-2-3 Naha"},
        "lines": [{"description": "soap", "quantity": 2, "value_minor": 900, "currency": "JPY", "origin": "CN"}],
    }
    scan = {"codes": [{"text": f"01{GTIN}21A7"}], "consignment": declared}
    inspection = client.post(f"/api/v1/stations/{station}/scans", json=scan).json()["inspection"]
    answer = client.get(f"/api/v1/inspections/{inspection}/facts")
    assert answer.json()["declared"]["lines"][0]["description"] == "soap"
    assert "Yamada" not in answer.text
    assert "Naha" not in answer.json()["declared"]["document"]


def test_a_watch_hit_says_which_listed_words_matched_and_quotes_no_person() -> None:
    hit = WatchHit(
        "W-7", "consignor", "Bad Trader KK", "TRADER, Bad", 100.0, "seized before", "Customs", None, "order",
        (("bad", "bad"), ("trader", "trader")),
    )  # fmt: skip
    told = WatchOut.of(hit, "en").model_dump()
    assert (told["kind_name"], told["listed"], told["how"]) == (
        "consignor",
        "Bad Trader KK",
        "the same words in another order",
    )
    assert (told["words"], told["similarity"], "TRADER, Bad" in str(told)) == (("bad", "trader"), 100.0, False)
    assert told["declared"] == ("", "")


def test_words_that_are_nearly_listed_ones_are_shown_beside_them() -> None:
    hit = WatchHit(
        "W-7", "consignor", "Bright Gadgets", "BRIGHT GADGETTS", 95.0, "seized before", "Customs", None, "spelling",
        (("bright", "bright"), ("gadgetts", "gadgets")),
    )  # fmt: skip
    told = WatchOut.of(hit, "en")
    assert (told.words, told.declared) == (("bright", "gadgets"), ("", "gadgetts"))
    address = replace(hit, kind="address", how="more", words=(("flat b 12 nathan road", "12 nathan road"),))
    assert WatchOut.of(address, "en").declared == ("",)


@pytest.mark.parametrize(
    ("condition", "shown"), [("", 1), ('serial = "A7"', 1), ('serial = "B"', 0), ('batch = "L"', 1)]
)
def test_only_bulletins_that_speak_of_the_item_are_shown(
    client: httpx.Client, bench: Bench, inspection: str, monkeypatch: pytest.MonkeyPatch, *, condition: str, shown: int
) -> None:
    known = bench.facts(bench.record(inspection))
    warned = Bulletin("B-1", {"en": "t"}, {"en": "t"}, date(2026, 1, 1), date(2027, 1, 1), "Kumo", condition=condition)
    items = tuple(replace(one, bulletins=(warned,)) for one in known.items)
    monkeypatch.setattr(Bench, "facts", lambda *_: replace(known, items=items))
    (item,) = _facts(client, inspection)["items"]
    assert len(item["bulletins"]) == shown
