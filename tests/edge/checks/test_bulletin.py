"""Which bulletins speak of the item in hand, and how old the newest are."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from edge import policy as policies
from edge.captures import DecodedSymbol
from edge.checks import Checked
from edge.checks.bulletin import check, check_quarter
from edge.consignment import Consignment, DeclaredLine, Party
from edge.inspection import Cause, Finding, NotChecked, Seen, Weight
from edge.lookup import Bulletin, ItemLookup, SerialStatus
from edge.steps.decide import assess
from tests.edge import drawn_cases as drawn

POLICY = policies.builtin()
BULLETIN = Bulletin("B-1", {"en": "Flat hologram"}, {}, date(2026, 1, 1), date(2027, 1, 1), "Kumo K.K.")


def _said(condition: str, consignment: Consignment | None = None, made: Checked | None = None) -> list[str]:
    found = replace(drawn.FOUND, bulletins=(replace(BULLETIN, condition=condition),))
    case = drawn.case(found)
    case = replace(case, lookup=replace(case.lookup, consignment=consignment))
    return [finding.code for finding in check(found, case, made or Checked(), POLICY).findings]


def _declared(*lines: DeclaredLine) -> Consignment:
    return Consignment("RR473124829JP", consignor=Party("Bright Gadget Ltd", country="HK"), lines=lines)


def test_without_a_condition_it_speaks_of_every_item() -> None:
    assert _said("") == ["bulletin.applies"]


def test_a_condition_that_holds_wants_a_look_and_one_that_does_not_is_silent() -> None:
    serial = drawn.FOUND.item.serial
    assert _said(f'serial = "{serial}"') == ["bulletin.matches"]
    assert _said(f'serial != "{serial}"') == []


def test_what_is_not_known_accuses_nobody() -> None:
    assert _said('declared_origin = "CN"') == ["bulletin.undecided"]
    assert _said('declared_origin = "CN"', _declared(DeclaredLine("face cream", origin="CN"))) == ["bulletin.matches"]
    assert _said('declared_origin = "CN"', _declared(DeclaredLine("face cream", origin="JP"))) == []
    two = _declared(DeclaredLine("toys", origin="CN"), DeclaredLine("tea", origin="CN"))
    assert _said('declared_origin = "CN"', two) == ["bulletin.undecided"]  # which line is it?
    mine = replace(two, lines=(replace(two.lines[0], gtin=str(drawn.FOUND.item.gtin)), two.lines[1]))
    assert _said('declared_origin = "CN" and consignor_country = "HK"', mine) == ["bulletin.matches"]


def test_a_line_with_another_products_number_or_of_other_goods_declares_no_item_in_hand() -> None:
    for line in (DeclaredLine("face cream", gtin="4006381333931", origin="CN"), DeclaredLine("toys", origin="CN")):
        assert _said('declared_origin = "CN"', _declared(line)) == ["bulletin.undecided"]


def test_a_value_of_nothing_is_a_value() -> None:
    free = _declared(DeclaredLine("face cream", quantity=2, value_minor=0))
    assert _said("declared_unit_value < 500", free) == ["bulletin.matches"]


def test_what_a_check_that_did_not_run_did_not_find_is_not_known() -> None:
    assert _said('not found("face.differs")') == ["bulletin.undecided"]
    assert _said('not found("capture.blurred")') == ["bulletin.undecided"]
    gtin = str(drawn.FOUND.item.gtin)
    assert _said('not found("face.differs")', made=Checked(ran=("face",))) == ["bulletin.matches"]
    lacks = Checked(ran=("face",), not_run=(NotChecked("face", "reason.no_capture", gtin),))
    assert _said('not found("face.differs")', made=lacks) == ["bulletin.undecided"]
    assert _said('not found("input.repaired")') == ["bulletin.matches"]


def test_a_condition_of_another_version_of_the_language_is_not_decided() -> None:
    assert _said("colour = red") == ["bulletin.undecided"]


def test_it_may_ask_for_what_was_found_on_the_item_and_on_no_other() -> None:
    mine = Finding("text.differs", Cause.MISMATCH, Weight.CHECK, item=str(drawn.FOUND.item.gtin))
    assert _said('found("text.differs")', made=Checked((mine,))) == ["bulletin.matches"]
    other = Checked((replace(mine, item="04912345678904"),), ran=("text",))
    assert _said('found("text.differs")', made=other) == []
    assert _said('found("text.differs")', made=Checked(ran=("text",))) == []


def test_the_verdict_holds_it_with_the_words_of_its_publisher() -> None:
    verdict = assess(
        drawn.case(replace(drawn.FOUND, bulletins=(replace(BULLETIN, condition="known(serial)"),))), POLICY
    )
    told = next(finding for finding in verdict.findings if finding.code == "bulletin.matches")
    assert (dict(told.arguments), told.source, told.dated, told.weight) == (
        {"number": "B-1", "title": "Flat hologram"},
        "Kumo K.K.",
        date(2026, 1, 1),
        Weight.CHECK,
    )


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ({"ja": "平らなホログラム", "en": "Flat hologram"}, "Flat hologram"),
        ({"ja": "平らなホログラム"}, "平らなホログラム"),
        ({}, "B-1"),
    ],
)
def test_a_bulletin_keeps_the_title_that_its_publisher_wrote(title: dict[str, str], shown: str) -> None:
    found = replace(drawn.FOUND, bulletins=(replace(BULLETIN, title=title),))
    made = check(found, drawn.case(found), Checked(), POLICY).findings
    assert [dict(finding.arguments)["title"] for finding in made] == [shown]


@pytest.mark.parametrize(
    ("quarter", "today", "old"),
    [
        ("2026-Q4", date(2026, 12, 31), False),
        ("2026-Q4", date(2027, 3, 31), False),
        ("2026-Q4", date(2027, 4, 1), True),
        ("2026-Q1", date(2026, 7, 1), True),
        ("", date(2030, 1, 1), False),
    ],
)
def test_bulletins_of_two_quarters_ago_are_pointed_out(quarter: str, today: date, *, old: bool) -> None:
    edition = drawn.case(drawn.FOUND).lookup.edition
    assert edition is not None
    made = check_quarter(replace(edition, bulletin_quarter=quarter), today, POLICY).findings
    assert [(finding.code, dict(finding.arguments)) for finding in made] == (
        [("bulletin.old", {"quarter": quarter})] if old else []
    )
    assert check_quarter(None, today, POLICY) == Checked()


CREAM = DeclaredLine(
    "face cream", quantity=1, brand="Aoi", origin="JP", hs="330499", value_minor=300_000, currency="JPY"
)


def _assessed(
    condition: str, *lines: DeclaredLine, of: ItemLookup = drawn.FOUND, seen: Seen | None = None
) -> list[str]:
    """What the whole judgement says by bulletins and the findings that they ask for."""
    found = replace(of, bulletins=(replace(BULLETIN, condition=condition),))
    case = drawn.case(found, seen, consignment=_declared(*lines))
    return [one.code for one in assess(case, POLICY).findings if one.code.startswith("bulletin.")]


@pytest.mark.parametrize(
    ("code", "bare"),
    [
        ("origin", replace(CREAM, origin="")),
        ("brand", replace(CREAM, brand="")),
        ("hs", replace(CREAM, hs="")),
        ("value", replace(CREAM, value_minor=None)),
        ("value", replace(CREAM, currency="USD")),
        ("value", replace(CREAM, quantity=None)),
        ("gtin_invalid", CREAM),
        ("weight", CREAM),
        ("quantity", replace(CREAM, quantity=9)),  # declared as what?
        ("origin", DeclaredLine("bath towel", origin="JP", hs="630260")),  # no line of the product
    ],
)
def test_what_was_not_found_because_nothing_was_declared_of_it_is_not_known(code: str, bare: DeclaredLine) -> None:
    condition = f'not found("consignment.{code}")'
    assert _assessed(condition, bare) == ["bulletin.undecided"]
    assert _assessed(f'serial = "x" and {condition}', bare) == []


def test_what_was_compared_and_agrees_is_known_not_to_be_found() -> None:
    whole = replace(CREAM, gtin=str(drawn.FOUND.item.gtin), quantity=2)
    for code in ("origin", "brand", "hs", "value", "gtin_invalid", "gtin", "quantity", "goods", "more"):
        assert _assessed(f'found("consignment.{code}")', whole) == [], code
    assert _assessed('found("consignment.origin")', replace(whole, origin="CN")) == ["bulletin.matches"]


def test_a_serial_of_a_product_without_a_rule_and_one_that_cannot_be_looked_up_are_not_known_to_be_in_order() -> None:
    bare = replace(drawn.FOUND, product=replace(drawn.PRODUCT, serial_rule=""))
    assert _assessed('found("serial.rule")', CREAM, of=bare) == ["bulletin.undecided"]
    misread = replace(drawn.FOUND, serial=SerialStatus.UNKNOWN, misread=True)
    assert _assessed('found("serial.unknown")', CREAM, of=misread) == ["bulletin.undecided"]
    assert _assessed('found("serial.unknown")', CREAM) == _assessed('found("serial.rule")', CREAM) == []


def test_regions_that_are_not_marked_and_days_that_are_not_told_are_not_known_to_be_in_order() -> None:
    seen = drawn.pictured()
    for code in ("face.microprint", "face.hologram", "face.region_moved", "goods.expired", "recordation.other_office"):
        assert _assessed(f'found("{code}")', CREAM, seen=seen) == ["bulletin.undecided"], code
    assert _assessed('found("face.structure")', CREAM, seen=seen) == []
    expiring = replace(drawn.FOUND, item=replace(drawn.ITEM, expiry=date(2027, 1, 1)))
    assert _assessed('found("goods.expired")', CREAM, of=expiring) == []


def test_that_no_other_port_has_told_of_an_item_is_not_that_none_has_seen_it() -> None:
    assert _assessed('not found("serial.seen_other_port") and not found("serial.velocity")', CREAM) == [
        "bulletin.undecided"
    ]


def test_what_is_registered_of_another_product_and_a_parcel_without_a_number_say_nothing_of_the_item() -> None:
    assert _assessed('found("parcel.seen_before")', CREAM) == ["bulletin.undecided"]
    made_by = replace(drawn.PRODUCT, gtin=drawn.OTHER_GTIN, makers=("Umi",))
    other = replace(drawn.FOUND, item=replace(drawn.ITEM, gtin=drawn.OTHER_GTIN), product=made_by)
    bulletin = replace(BULLETIN, condition='found("supply.maker")')
    case = drawn.case(replace(drawn.FOUND, bulletins=(bulletin,)), consignment=_declared(replace(CREAM, maker="Umi")))
    case = replace(case, lookup=replace(case.lookup, items=(*case.lookup.items, other)))
    assert [one.code for one in assess(case, POLICY).findings if one.code.startswith("bulletin.")] == [
        "bulletin.undecided"
    ]


def test_which_symbol_of_several_was_scanned_first_says_nothing() -> None:
    own = str(drawn.ITEM.gtin)
    label, carton, retail = (
        DecodedSymbol(text, text.encode(), identifier, name, "scanner:1")
        for text, identifier, name in (
            ("RR473124829JP", "]A0", "Code39"),
            (f"01{own}21AB123456", "]d2", "DataMatrix"),
            (own[1:], "]E0", "EAN-13"),
        )
    )

    def told(*symbols: DecodedSymbol) -> list[str]:
        return _assessed('symbology = "EAN-13"', CREAM, seen=Seen(symbols=symbols))

    assert told(label, carton, retail) == told(retail, carton, label) == ["bulletin.undecided"]
    assert (told(label, retail), told(label, carton)) == (["bulletin.matches"], [])
