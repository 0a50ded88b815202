"""Declared versus found: what differs is told, what cannot be compared is named and accuses nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from edge import policy as policies
from edge.checks import consignment, product, supply
from edge.consignment import Consignment, DeclaredLine, Party
from edge.gs1 import Gtin, Sscc
from edge.identity import Identity
from edge.inspection import NotChecked
from edge.lookup import LookupResult, WatchHit
from edge.messages import sentence
from edge.postal import ParcelNumber
from tests.edge import drawn_cases as drawn

POLICY = policies.builtin()
DAY = drawn.NOW.utc.date()
CREAM = replace(
    drawn.PRODUCT,
    words={"en": "face cream cosmetics", "ja": "化粧品 クリーム"},
    net_g=50,
    makers=("Aoi Chitose Works",),
    importers=("Aoi Trading KK",),
    routes=("JP-SG", "JP-JP"),
)
LINE = DeclaredLine("Aoi face cream", quantity=2)


def looked_up(line: DeclaredLine | None = LINE, *, serials: int = 1, **changes: Any) -> LookupResult:
    declared = Consignment("RR473124829JP", "CN23", Party("A. Sender"), lines=(line,) if line else ())
    items = tuple(
        replace(drawn.FOUND, product=CREAM, item=replace(drawn.ITEM, serial=f"AB00000{number}"))
        for number in range(serials)
    )
    return LookupResult(drawn.EDITION, items, consignment=replace(declared, **changes))


def codes(line: DeclaredLine, **changes: Any) -> list[str]:
    return [finding.code for finding in consignment.check(looked_up(line, **changes), POLICY).findings]


def missed(line: DeclaredLine | None, **changes: Any) -> list[tuple[str, str]]:
    return [(one.check, one.reason) for one in consignment.check(looked_up(line, **changes), POLICY).not_run]


@pytest.mark.parametrize(
    "line",
    [
        DeclaredLine("COSMETICS (cream) x2"),
        DeclaredLine("女性用化粧品2点"),
        DeclaredLine("ﾌｪｲｽｸﾘｰﾑ"),
        DeclaredLine("アオイ"),
        DeclaredLine("ของใช้", gtin="9521234543213"),
        DeclaredLine("beauty article", hs="330410"),
        DeclaredLine("Skincare, aoi", hs="330499"),
    ],
)
def test_goods_that_are_named_in_any_of_the_registered_words_are_the_declared_ones(line: DeclaredLine) -> None:
    assert codes(line) == []


@pytest.mark.parametrize("words", ["USB cable", "イヤホン", "phone case 3 pcs"])
def test_other_goods_want_a_look(words: str) -> None:
    checked = consignment.check(looked_up(DeclaredLine(words)), POLICY)
    assert [(one.code, one.arguments) for one in checked.findings] == [
        ("consignment.goods", {"declared": words, "product": CREAM.name})
    ]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Gift", "reason.vague_words"),
        ("SAMPLE 2", "reason.vague_words"),
        ("商品", "reason.vague_words"),
        ("ครีม", "reason.other_script"),
        ("화장품", "reason.other_script"),
    ],
)
def test_words_that_cannot_be_compared_accuse_nobody(words: str, reason: str) -> None:
    assert (codes(DeclaredLine(words)), missed(DeclaredLine(words))) == ([], [("consignment", reason)])


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("returned item, not for resale", "reason.vague_words"),
        ("Gift for mother", "reason.vague_words"),
        ("warranty repair RMA", "reason.vague_words"),
        ("ointment", "reason.other_words"),  # of both kinds
        ("gel", "reason.other_words"),
        ("soin visage", "reason.other_words"),
    ],
)
def test_what_an_honest_sender_writes_accuses_nobody_under_a_wrong_hs_number_either(words: str, reason: str) -> None:
    line = DeclaredLine(words, hs="392690")
    assert (codes(line), missed(line)) == ([], [("consignment", reason)])


@pytest.mark.parametrize("words", ["Aoi face cream", "zxq", "gift"])
def test_a_line_with_another_products_number_is_told_by_it(words: str) -> None:
    checked = consignment.check(looked_up(DeclaredLine(words, gtin="4006381333931")), POLICY)
    assert [(one.code, one.weight, one.arguments) for one in checked.findings] == [
        ("consignment.gtin", "note", {"declared": "4006381333931", "found": str(CREAM.gtin)})
    ]
    mine = DeclaredLine("Aoi face cream", gtin=str(CREAM.gtin))
    other = DeclaredLine(words, gtin="4006381333931")
    assert consignment.check(looked_up(lines=(other, mine)), POLICY).findings == ()
    assert codes(DeclaredLine("USB cable", gtin="4006381333931")) == ["consignment.goods"]
    unclear = consignment.check(looked_up(lines=(other, DeclaredLine("gift"))), POLICY)
    assert unclear.not_run == (NotChecked("consignment", "reason.vague_words", str(CREAM.gtin)),)


def test_the_number_of_a_carton_is_the_products_and_one_with_a_wrong_check_digit_is_none() -> None:
    carton = DeclaredLine("zxq", gtin=str(Gtin.parse("19521234543210")), origin="XX")
    assert codes(carton) == ["consignment.origin"]  # it is compared
    assert codes(replace(LINE, gtin="4006381333932")) == ["consignment.gtin_invalid"]
    assert codes(replace(LINE, gtin="x")) == ["consignment.gtin_invalid"]


def numbered(*numbers: str, sscc: str = "", **changes: Any) -> list[str]:
    identity = Identity(
        parcel_numbers=tuple(ParcelNumber("S10" if number.isalnum() else "AWB", number) for number in numbers),
        sscc=(Sscc(sscc),) if sscc else (),
    )
    return [one.code for one in consignment.check_number(looked_up(**changes), identity, POLICY).findings]


def test_a_declaration_of_another_parcel_is_told() -> None:
    identity = Identity(parcel_numbers=(ParcelNumber("S10", "EE473124829JP"),))
    (told,) = consignment.check_number(looked_up(document="RR000000000CN"), identity, POLICY).findings
    assert (told.code, told.weight, told.arguments) == (
        "consignment.number",
        "note",
        {"declared": "RR000000000CN", "scanned": "EE473124829JP"},
    )
    sscc = "106141411234567897"
    assert numbered(sscc=sscc, document="HX-1", numbers=("00106141411234567880",)) == ["consignment.number"]


def test_numbers_of_different_kinds_and_one_in_common_say_nothing() -> None:
    sscc = "106141411234567897"
    assert numbered("EE473124829JP", document="ee 473 124 829 jp") == []
    assert numbered("EE473124829JP", sscc=sscc, document="RR473124829JP", numbers=(f"00{sscc}",)) == []
    assert numbered("EE473124829JP", document="HX-77") == []
    assert numbered("131-12345675", document="RR473124829JP") == []
    assert numbered(document="RR473124829JP") == []
    assert numbered("EE473124829JP", document="RR473124829JP", several=2) == []


def test_several_declarations_under_one_number_are_not_compared() -> None:
    several = looked_up(None, several=2)
    assert consignment.check(several, POLICY).not_run == (NotChecked("consignment", "reason.consignment_several"),)
    assert supply.check(several, POLICY).not_run == (NotChecked("supply", "reason.consignment_several"),)


def test_of_two_goods_of_one_heading_each_is_held_against_its_own_line() -> None:
    other = DeclaredLine("Kumo hand cream", brand="Kumo", hs="330499", origin="FR", maker="Kumo Lyon")
    mine = DeclaredLine("Aoi face cream", brand="Aoi", hs="330499", origin="JP")
    for lines in ((other, mine), (mine, other)):
        assert consignment.check(looked_up(lines=lines), POLICY).findings == ()


def test_more_items_than_are_declared_want_a_look_and_are_told_once() -> None:
    assert codes(LINE, serials=2) == []
    checked = consignment.check(looked_up(serials=3), POLICY)
    assert [(one.code, one.arguments) for one in checked.findings] == [
        ("consignment.more", {"found": "3", "product": CREAM.name, "declared": "2"})
    ]
    assert codes(replace(LINE, quantity=None), serials=3) == []


@pytest.mark.parametrize(("net_g", "found"), [(49, ["consignment.weight"]), (50, []), (100, []), (900, []), (None, [])])
def test_a_weight_is_told_when_so_many_pieces_cannot_be_so_light(net_g: int | None, found: list[str]) -> None:
    assert codes(replace(LINE, net_g=net_g)) == found


def test_a_value_in_another_currency_and_what_has_no_quantity_is_named_as_not_compared() -> None:
    dollars = replace(LINE, value_minor=100, currency="USD")
    assert (codes(dollars), missed(dollars)) == ([], [("declared_value", "reason.other_currency")])
    uncounted = replace(LINE, quantity=None, value_minor=100, currency="JPY", net_g=1)
    assert missed(uncounted) == [
        ("declared_value", "reason.no_quantity"),
        ("declared_weight", "reason.no_quantity"),
    ]
    assert codes(replace(LINE, value_minor=100, currency="JPY")) == ["consignment.value"]


@pytest.mark.parametrize(
    ("currency", "declared", "usual"), [("JPY", "50 JPY", "300000 JPY"), ("USD", "0.50 USD", "3000.00 USD")]
)
def test_amounts_are_told_as_people_write_them(currency: str, declared: str, usual: str) -> None:
    lookup = looked_up(replace(LINE, value_minor=100, currency=currency))
    items = tuple(replace(one, product=replace(CREAM, currency=currency)) for one in lookup.items)
    (told,) = consignment.check(replace(lookup, items=items), POLICY).findings
    assert told.arguments == {"declared": declared, "usual": usual}


@pytest.mark.parametrize("category", ["gift", "Gift", "GIFT", "Cadeau", "ギフト"])
def test_many_pieces_of_a_gift_are_pointed_out_however_it_is_written(category: str) -> None:
    many = replace(LINE, quantity=9)
    assert codes(many, category=category) == ["consignment.quantity"]
    assert codes(many, category="sale of goods") == []


def supplied(line: DeclaredLine, **changes: Any) -> list[str]:
    return [finding.code for finding in supply.check(looked_up(line, **changes), POLICY).findings]


def test_a_route_or_importer_outside_the_right_holders_is_an_advice_and_another_maker_wants_a_look() -> None:
    ours = replace(LINE, maker="AOI CHITOSE WORKS CO., LTD.")
    assert supplied(ours, dispatch="JP", destination="JP", consignee=Party("Aoi Trading K.K.")) == []
    assert supplied(ours, dispatch="CN", destination="JP") == ["supply.route"]
    assert supplied(replace(ours, quantity=40), consignee=Party("Umi Shoten", country="JP"), dispatch="JP") == [
        "supply.importer"
    ]
    other = supply.check(looked_up(replace(LINE, maker="Umi Factory")), POLICY).findings
    assert [(one.code, one.weight, one.arguments) for one in other] == [
        ("supply.maker", "check", {"declared": "Umi Factory", "registered": "Aoi Chitose Works"})
    ]


@pytest.mark.parametrize(
    "maker", ["Aoi Chitose Works Factory 2", "Aoi Chitose", "葵千歳工場", "AOI CHITOSE WORKS (JAPAN)"]
)
def test_a_maker_with_more_words_or_in_another_script_is_no_other_maker(maker: str) -> None:
    assert supplied(replace(LINE, maker=maker)) == []


def test_a_maker_in_another_script_is_named_as_not_compared() -> None:
    other = supply.check(looked_up(replace(LINE, maker="葵千歳工場")), POLICY)
    assert [(one.check, one.reason) for one in other.not_run] == [("supply", "reason.other_script")]


def test_another_importer_is_told_where_neither_maker_nor_route_is_declared() -> None:
    assert supplied(replace(LINE, quantity=40), consignee=Party("Umi Shoten")) == ["supply.importer"]


def test_a_person_who_receives_a_few_is_no_importer() -> None:
    assert supplied(LINE, consignee=Party("Hanako", country="JP"), dispatch="JP") == []


def test_without_maker_and_route_the_supply_is_named_as_not_checked() -> None:
    assert supply.check(looked_up(), POLICY).not_run == (NotChecked("supply", "reason.not_declared"),)
    bare = replace(looked_up(), items=(drawn.FOUND,))
    assert supply.check(bare, POLICY).not_run == ()


def test_where_no_line_fits_the_product_neither_value_nor_weight_nor_its_supply_was_checked() -> None:
    towel = DeclaredLine("bath towel", quantity=1, value_minor=100, currency="JPY", maker="Umi Factory")
    told = consignment.check(looked_up(towel, dispatch="CN", destination="JP"), POLICY)
    assert [one.code for one in told.findings] == ["consignment.goods"]
    assert [(one.check, one.reason) for one in told.not_run] == [
        ("declared_value", "reason.no_line"),
        ("declared_weight", "reason.no_line"),
    ]
    route = supply.check(looked_up(towel, dispatch="CN", destination="JP"), POLICY)
    assert (route.ran, route.not_run) == ((), (NotChecked("supply", "reason.no_line"),))


def test_a_route_that_is_declared_where_makers_are_registered_alone_was_not_compared() -> None:
    lookup = looked_up(dispatch="CN", destination="JP")
    items = tuple(replace(one, product=replace(CREAM, routes=(), importers=())) for one in lookup.items)
    told = supply.check(replace(lookup, items=items), POLICY)
    gtin = str(CREAM.gtin)
    assert (told.ran, told.not_run) == ((), (NotChecked("supply", "reason.no_product_data", gtin),))


def test_how_many_pieces_of_a_gift_are_too_many_is_said_to_be_the_policys() -> None:
    (told,) = consignment.check(looked_up(replace(LINE, quantity=9), category="gift"), POLICY).findings
    assert sentence(told.code, told.arguments, "en") == "9 pieces are declared as a gift, more than the policy's 3."


def rights(office: str = "", **changes: Any) -> list[str]:
    right = replace(drawn.RECORDATION, offices=("Naha", "Tokyo Air"), small_consignment=True)
    found = replace(drawn.FOUND, recordations=(right,))
    lookup = replace(looked_up(**changes), office=office)
    return [one.code for one in product.check_recordations(found, lookup, POLICY, DAY).findings]


def test_a_recordation_for_other_offices_is_told_and_an_unknown_office_is_none() -> None:
    large = {"gross_g": 5000, "line": replace(LINE, quantity=9)}
    assert rights("naha, bench 2", **large) == []
    assert rights("", **large) == []
    assert rights("Osaka", **large) == ["recordation.other_office"]


@pytest.mark.parametrize(
    ("filed", "here"), [("Naha Customs", "Naha"), ("那覇", "那覇税関 第2"), ("那覇税関", "那覇"), ("Naha", "NAHA / 2")]
)
def test_an_office_is_the_same_where_one_name_is_a_part_of_the_other(filed: str, here: str) -> None:
    right = replace(drawn.RECORDATION, offices=(filed, "Osaka"))
    lookup = replace(looked_up(), office=here)
    found = replace(drawn.FOUND, recordations=(right,))
    assert product.check_recordations(found, lookup, POLICY, DAY).findings == ()


def test_a_small_consignment_is_told_where_the_right_holder_opted_in() -> None:
    assert rights("Naha") == ["recordation.small"]
    assert rights("Naha", gross_g=1500, line=replace(LINE, quantity=9)) == ["recordation.small"]
    assert rights("Osaka") == ["recordation.other_office"]


def test_an_offer_on_the_list_is_told_where_no_sender_is_declared() -> None:
    hit = WatchHit("W-2", "listing", "example-market/L-991", "example-market/L-991", 100.0, "seized", "Customs")
    offered = looked_up(consignor=None, platform="example-market", listing="L-991")
    checked = consignment.check_watch_list(replace(offered, watch_hits=(hit,)), POLICY)
    assert ([one.code for one in checked.findings], checked.ran) == (["watch.listed"], ("watch_list",))
    assert consignment.check_watch_list(offered, POLICY).ran == ("watch_list",)


def test_without_a_sender_or_with_several_declarations_the_watch_list_was_not_asked() -> None:
    for lookup, reason in (
        (looked_up(consignor=None, listing="L-991"), "reason.no_consignment"),
        (looked_up(None, consignor=None, several=2), "reason.consignment_several"),
    ):
        assert consignment.check_watch_list(lookup, POLICY).not_run == (NotChecked("watch_list", reason),)


def test_a_watch_hit_says_how_it_is_alike_and_no_name() -> None:
    hit = WatchHit(
        "W-7", "consignor", "Bad Trader", "BAD TRADER LTD", 100.0, "seized", "Customs", None, "same", (("bad", "bad"),)
    )
    (finding,) = consignment.check_watch_list(replace(looked_up(), watch_hits=(hit,)), POLICY).findings
    assert finding.arguments == {
        "kind": "@kind.consignor",
        "entry": "W-7",
        "how": "@how.same",
    }
    near = replace(hit, how="spelling", similarity=93.4)
    (finding,) = consignment.check_watch_list(replace(looked_up(), watch_hits=(near,)), POLICY).findings
    assert (finding.code, finding.weight) == ("watch.similar", "note")
    assert finding.arguments == {"kind": "@kind.consignor", "entry": "W-7", "similarity": "93"}


def test_who_says_so_and_since_when_stands_with_a_finding_and_no_day_that_is_to_come() -> None:
    issued = drawn.EDITION.issued.date()
    hit = WatchHit("W-7", "consignor", "Bad", "BAD", 100.0, "seized", "Customs", date(2027, 3, 31))
    hits = (hit, replace(hit, entry="W-8", valid_from=date(2026, 2, 1)), replace(hit, entry="W-9", source=""))
    told = consignment.check_watch_list(replace(looked_up(), watch_hits=hits), POLICY).findings
    assert [(one.source, one.dated) for one in told] == [
        ("Customs", issued),
        ("Customs", date(2026, 2, 1)),
        (drawn.EDITION.name, issued),
    ]
    (other,) = supply.check(looked_up(replace(LINE, maker="Umi Factory")), POLICY).findings
    assert (other.source, other.dated) == ("Aoi Cosmetics", issued)
    right = replace(drawn.RECORDATION, offices=("Naha",))
    elsewhere = replace(looked_up(), office="Osaka")
    found = replace(drawn.FOUND, recordations=(right,))
    (filed,) = product.check_recordations(found, elsewhere, POLICY, DAY).findings
    assert (filed.source, filed.dated) == (right.source, right.valid_from)
