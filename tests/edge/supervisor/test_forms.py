"""Drafts of forms: what stands in them, what stays empty, and what they never say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from edge.consignment import Consignment, DeclaredLine, Party
from edge.errors import NotFound
from edge.gs1 import Gtin, TradeItem
from edge.identity import Identity
from edge.inspection import (
    Assessment,
    Cause,
    Decision,
    Disposition,
    Finding,
    Freshness,
    InspectionRecord,
    Outcome,
    Seen,
    Verdict,
    Weight,
)
from edge.lettering import fonts_for
from edge.lookup import ItemLookup, LookupResult, Product, Recordation
from edge.moment import ClockTrust, Moment
from edge.postal import ParcelNumber
from edge.supervisor.forms import (
    FIELDS,
    NAMES,
    NOT_KNOWN,
    NOTICE,
    STATUS,
    TITLES,
    WITHHELD,
    Draft,
    Form,
    draft_of,
    drafted_of,
    form_of,
    forms_of,
    is_small,
)
from edge.web.draft_sheet import pdf

AT = Moment(datetime(2026, 11, 21, 16, 30, tzinfo=UTC), ClockTrust.SYNCED)  # the 22nd in Tokyo
GTIN = Gtin("09521234543213")
DECLARED = Consignment(
    "RR473124829JP",
    consignor=Party("Umi Trading", "1 Pier", "CN"),
    consignee=Party("Hanako Yamada", "Naha", "JP"),
    lines=(DeclaredLine("soap", quantity=3, origin="CN"),),
    gross_g=2500,
)
# As tests/edge/test_messages.py has them for the catalogues: what the software never claims.
NEVER = re.compile(
    r"\b(genuine|authentic|fakes?|counterfeits?|infring\w*|cleared|illegal|fraud\w*|suspect\w*)\b"
    r"|偽物|模倣品|偽造|真正|本物|正規品|侵害|違法|疑義|通関済",
    re.IGNORECASE,
)


def record() -> InspectionRecord:
    findings = (
        Finding("serial.revoked", Cause.MISMATCH, Weight.STRONG, {"serial": "R9"}, GTIN.value),
        Finding("recordation.none", Cause.NO_REFERENCE, Weight.NOTE, {}, GTIN.value),
    )
    verdict = Verdict(Outcome.STRONG_INDICATION, findings, (), (), Freshness("e", 1, None, 1, "", "p", "d"))
    identity = Identity(items=(TradeItem(GTIN),), parcel_numbers=(ParcelNumber("S10", "RR473124829JP"),))
    assessed = Assessment("i1", 1, Seen(consignment=DECLARED), identity, verdict, AT, 1.0)
    return InspectionRecord(
        "i1",
        "1",
        (assessed,),
        ((2, Disposition("i1", Decision.REFER, "4711", "The invoice names another maker.", AT)),),
    )


def lookup() -> LookupResult:
    day = AT.utc.date()
    rights = (
        Recordation("T-1", "trademark", "Kumo K.K.", day, day.replace(year=2027)),
        Recordation("T-0", "design", "Old K.K.", day.replace(year=2020), day.replace(year=2021)),
    )
    return LookupResult(None, (ItemLookup(TradeItem(GTIN), Product(GTIN, "Kumo soap", "Kumo", "Kumo K.K."), rights),))


def made(form: Form, *, named: bool = True, zone: str = "Asia/Tokyo") -> Draft:
    return draft_of(form, record(), lookup(), AT.utc, office="Naha", zone=ZoneInfo(zone), named=named)


def values(draft: Draft) -> dict[str, str]:
    return {field.name: field.value for field in draft.fields}


def test_what_the_bench_knows_stands_in_the_fields_that_the_form_asks_for() -> None:
    found = values(made(Form.C5804))
    assert tuple(found) == FIELDS[Form.C5804]
    assert found["goods"] == "Kumo soap (09521234543213)\ndeclared: soap"
    assert found["quantity"] == "3 x soap"
    assert found["postal_item"] == "RR473124829JP"
    assert found["discovered"] == "2026-11-22"  # the day there
    assert found["addressee"] == "Hanako Yamada, Naha, JP"
    assert found["finder"] == "4711"
    first, last = found["reasons"].split("\n")
    assert "R9" in first
    assert last == "The invoice names another maker."


def test_what_the_bench_does_not_know_stays_empty_and_is_named() -> None:
    empty = {field.name: field.why for field in made(Form.EU608).fields if not field.value}
    assert empty == dict.fromkeys(
        ("perishable", "declaration", "transport_document", "notified", "term_end", "storage_place"), NOT_KNOWN[0]
    )


@pytest.mark.parametrize("form", list(Form))
def test_no_name_stands_in_a_draft_where_no_supervisor_is_signed_in(form: Form) -> None:
    draft = made(form, named=False)
    told = repr(draft)
    for personal in ("Hanako", "Umi Trading", "RR473124829JP", "'4711'"):
        assert personal not in told
    assert WITHHELD[1 if draft.language == "ja" else 0] in told


def test_only_a_recordation_in_force_is_named() -> None:
    found = values(made(Form.C5810))
    assert (found["right_holder"], found["recordation"]) == ("Kumo K.K.", "T-1 (trademark)")


@pytest.mark.parametrize(
    ("units", "gross_g", "small"),
    [(3, 9000, True), (4, 1999, True), (4, 2000, False), (4, None, None), (None, 2000, None), (None, 10, True)],
)
def test_a_small_consignment_has_three_units_or_fewer_or_is_lighter_than_two_kilograms(
    units: int | None,
    gross_g: int | None,
    small: bool | None,  # noqa: FBT001 - an expected value
) -> None:
    declared = replace(DECLARED, lines=(DeclaredLine("soap", quantity=units),), gross_g=gross_g)
    assert is_small(declared) is small
    assert is_small(None) is None


def test_the_row_of_making_one_names_fields_and_holds_no_value() -> None:
    noun = drafted_of(made(Form.C5808), "90")
    assert noun.filled == (
        *("office", "goods", "quantity", "postal_item", "discovered", "addressee"),
        *("reasons", "finder"),
    )
    assert "Hanako" not in repr(noun)


@pytest.mark.parametrize("form", list(Form))
def test_no_text_of_a_draft_claims_more_than_the_bench_knows(form: Form) -> None:
    draft = made(form)
    own = [
        *NOTICE,
        *STATUS.values(),
        *NOT_KNOWN,
        *WITHHELD,
        TITLES[form],
        *(part for pair in NAMES.values() for part in pair),
    ]
    for text in (*own, *(field.value for field in draft.fields)):
        assert not NEVER.search(text), text
    assert STATUS["en"] == "DRAFT: NOT SENT"


def test_a_country_has_its_own_forms_and_an_unknown_one_has_all() -> None:
    assert forms_of("JP") == (Form.C5804, Form.C5808, Form.C5810)
    assert forms_of("DE") == (Form.EU608,)
    assert forms_of("") == tuple(Form)


def test_a_form_that_nobody_knows_is_refused() -> None:
    with pytest.raises(NotFound, match=r"^Expected a form, one of c5804, c5808, c5810, eu608, got 'c9999'\.$"):
        form_of("c9999")


@pytest.mark.parametrize("form", list(Form))
def test_the_sheet_is_a_pdf_that_embeds_only_the_letters_it_shows_and_is_the_same_twice(form: Form) -> None:
    paper = pdf(made(form))
    assert paper.startswith(b"%PDF-")
    assert len(paper) < 80_000
    assert b"/FontFile" in paper
    assert paper == pdf(made(form))


def test_a_letter_brings_the_font_that_has_it() -> None:
    assert fonts_for("soap ổ") == ()
    assert all(name.startswith("ja") for name in fonts_for("石鹸"))
    assert fonts_for("石鹸")
    assert "thai-regular" in fonts_for("สบู่")
    assert any(name.startswith("ko") for name in fonts_for("비누"))
