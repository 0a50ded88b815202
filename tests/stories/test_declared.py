"""The story of a declaration: it comes ahead of its parcel, is found by any of the parcel's codes, and is compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge.app import open_box
from edge.arrival import Arrival
from edge.inspection import Assessment
from edge.manifests.importing import taken_in
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.storage.consignments import Consignments
from edge.storage.shelves import Shelves
from tests.edge.storage.editions import GTIN, edition
from tests.stories.conftest import NOON

NUMBER = "RR473124829JP"
WATCH = """entry,kind,name,reason
W-1,consignor,深圳東方貿易有限公司,seized before
W-2,listing,example-market/L-9,seized before
W-3,address,Kumo Hall,seized before
"""
PRODUCTS = f"""gtin,name,brand,right_holder,serialised,words_en
{GTIN},Kumo 2,Kumo,Kumo KK,yes,earphones
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A box with an edition, a watch list and one declared consignment."""
    settings = Settings(state_dir=tmp_path / "state", workers=1, reserve_bytes=0)
    shelf = Shelves.of(settings).editions
    shelf.activate(shelf.stage(edition(tmp_path, 1, products=PRODUCTS, watch_list=WATCH)))
    declared = {
        "document": NUMBER,
        "numbers": ["106141411234567897"],
        "consignor": {"name": "Shenzhen Dongfang Maoyi Co., Ltd."},
        "consignee": {"name": "Hanako Yamada"},
        "platform": "Example-Market",
        "listing": "l-9",
        "lines": [{"description": "bath towel", "quantity": 1}],
    }
    (tmp_path / "m.json").write_text(json.dumps([declared]))
    cache = Consignments(settings.state_dir)
    with open_box(settings, pictures=False, now=lambda: NOON) as box:
        assert taken_in(tmp_path / "m.json", cache, box.bench.now()).taken == 1
    return settings


def inspected(settings: Settings, *codes: str) -> Assessment:
    with open_box(settings, pictures=False, now=lambda: NOON) as box:
        raw = tuple(RawCode(code.encode(), "scanner") for code in codes)
        return box.bench.inspect(Arrival(station="1", codes=raw, joins=False))


@pytest.mark.parametrize("code", [NUMBER, "]C100106141411234567897"])
def test_a_declaration_is_found_by_any_code_of_the_parcel_and_compared(settings: Settings, code: str) -> None:
    found = inspected(settings, f"]d201{GTIN}21A1", code)
    told = {finding.code: finding.arguments for finding in found.verdict.findings}
    assert told["consignment.goods"]["declared"] == "bath towel"
    hits = [one.arguments for one in found.verdict.findings if one.code == "watch.listed"]
    assert sorted((hit["kind"], hit["entry"], hit["how"]) for hit in hits) == [
        ("@kind.consignor", "W-1", "@how.script"),
        ("@kind.listing", "W-2", "@how.same"),
    ]
    assert found.seen.consignment is not None


def watched(settings: Settings, *codes: str) -> list[tuple[str, str, str]]:
    found = inspected(settings, *codes)
    return sorted(
        (one.code, one.arguments["kind"].partition(".")[2], one.arguments["entry"])
        for one in found.verdict.findings
        if one.code.startswith("watch.")
    )


def declare(settings: Settings, *documents: Mapping[str, Any]) -> None:
    path = settings.state_dir.parent / "more.json"
    path.write_text(json.dumps(documents))
    with open_box(settings, pictures=False, now=lambda: NOON) as box:
        assert taken_in(path, box.bench.shelves.consignments, box.bench.now()).refused == 0


def test_the_sender_of_one_of_several_declarations_is_told_as_one_of_them(settings: Settings) -> None:
    declare(
        settings,
        {"document": NUMBER, "issuer": "Japan Post", "lines": [{"description": "pot"}]},
        {"document": NUMBER, "issuer": "Umi", "consignor": {"name": "Umi Ltd"}, "lines": [{"description": "hat"}]},
    )
    assert watched(settings, NUMBER) == [
        ("watch.one_of_several", "consignor", "W-1"),
        ("watch.one_of_several", "listing", "W-2"),
    ]


def test_what_all_of_several_declarations_name_as_their_sender_is_told_as_the_sender(settings: Settings) -> None:
    sender = {"name": "深圳東方貿易有限公司"}
    both: list[dict[str, Any]] = [
        {"document": "H-1", "issuer": one, "consignor": sender, "lines": []} for one in ("Umi", "Yama")
    ]
    declare(settings, *both)
    assert watched(settings, "H-1") == [("watch.listed", "consignor", "W-1")]


def test_an_offer_is_asked_for_where_no_consignor_is_declared_and_though_its_order_has_the_same_id(
    settings: Settings,
) -> None:
    told = {"platform": "example-market", "listing": "L-9", "order": "L-9"}
    declare(settings, {"document": "H-2", "lines": [{"description": "pot"}], **told})
    assert watched(settings, "H-2") == [("watch.listed", "listing", "W-2")]


def test_a_name_that_is_also_the_address_is_asked_for_as_both(settings: Settings) -> None:
    sender = {"name": "Kumo Hall", "address": "Kumo Hall"}
    declare(settings, {"document": "H-3", "consignor": sender, "lines": [{"description": "pot"}]})
    assert watched(settings, "H-3") == [("watch.listed", "address", "W-3")]


def test_a_crowd_under_a_number_is_told_as_several_and_of_none_of_them_is_asked(settings: Settings) -> None:
    crowd: list[dict[str, Any]] = [
        {"document": f"X-{n}", "numbers": ["M-1"], "consignor": {"name": f"Umi {n}"}} for n in range(9)
    ]
    declare(settings, *({**one, "lines": [{"description": "pot"}]} for one in crowd))
    found = inspected(settings, "M-1")
    assert found.seen.consignment is not None
    assert (found.seen.consignment.several, found.seen.consignment.senders) == (9, ())
    assert ("watch_list", "reason.consignment_several") in [
        (one.check, one.reason) for one in found.verdict.not_checked
    ]


def test_a_house_waybill_that_finds_its_declaration_is_no_code_of_no_known_form(settings: Settings) -> None:
    declare(settings, {"document": "HUB-4711/26", "lines": [{"description": "pot"}]})
    told = [one.code for one in inspected(settings, "hub 4711/26").verdict.findings]
    assert [code for code in told if code.startswith(("symbol.", "input."))] == []
    other = inspected(settings, "hub 4711/26", "hub 4712/26").verdict.findings
    assert [one.arguments for one in other if one.code == "symbol.unparsed"] == [{"text": "hub 4712/26"}]


HOUSE = "1234567890128"  # reads as a GTIN-13


def test_a_house_number_of_digits_alone_finds_its_declaration_and_is_no_item(settings: Settings) -> None:
    alone = inspected(settings, HOUSE)
    assert "product.unregistered" in [one.code for one in alone.verdict.findings]
    declare(settings, {"document": HOUSE, "issuer": "Umi", "lines": [{"description": "pot"}]})
    found = inspected(settings, HOUSE, f"]d201{GTIN}21A1")
    assert found.seen.consignment is not None
    assert found.seen.consignment.lines[0].description == "pot"
    assert "product.unregistered" not in [one.code for one in found.verdict.findings]
    by_itself = inspected(settings, HOUSE).verdict
    assert "product.unregistered" not in [one.code for one in by_itself.findings]
    assert ("serial", "reason.no_code") in [(one.check, one.reason) for one in by_itself.not_checked]


def test_a_parcel_that_nobody_declared_is_inspected_as_before(settings: Settings) -> None:
    found = inspected(settings, f"]d201{GTIN}21A1", "RR000000005JP")
    assert found.seen.consignment is None
    assert ("consignment", "reason.no_consignment") in [(one.check, one.reason) for one in found.verdict.not_checked]


RIGHTS = f"""number,right_type,right_holder,valid_from,valid_to,gtins,offices
R-1,trademark,Kumo KK,2025-01-01,2029-01-01,{GTIN},Naha
"""


@pytest.mark.parametrize(("place", "told"), [("Naha, bench 2", []), ("Osaka", ["recordation.other_office"]), ("", [])])
def test_a_recordation_for_other_offices_is_told_where_the_box_stands(
    tmp_path: Path, place: str, told: list[str]
) -> None:
    settings = Settings(state_dir=tmp_path / "state", workers=1, reserve_bytes=0, place=place)
    shelf = Shelves.of(settings).editions
    shelf.activate(shelf.stage(edition(tmp_path, 1, products=PRODUCTS, recordations=RIGHTS)))
    found = inspected(settings, f"]d201{GTIN}21A1").verdict.findings
    assert [one.code for one in found if one.code.startswith("recordation.")] == told


def test_declarations_that_cannot_be_read_are_a_fault_of_the_box_and_stop_no_inspection(settings: Settings) -> None:
    (segment,) = Consignments(settings.state_dir).segments()
    segment.path.write_bytes(b"x" * 9_000)
    found = inspected(settings, f"]d201{GTIN}21A1", NUMBER)
    assert [one.code for one in found.verdict.findings if one.code.startswith("system.")] == ["system.consignments"]
    assert found.verdict.outcome == "NO_FINDING"


def test_no_name_of_a_declaration_stands_in_the_hash_chain(settings: Settings) -> None:
    inspected(settings, f"]d201{GTIN}21A1", NUMBER)
    data = b"".join(path.read_bytes() for path in settings.state_dir.glob("ledger.db*"))
    assert [word for word in ("Hanako", "Dongfang", "bath towel", "L-9") if word.encode() in data] == []
