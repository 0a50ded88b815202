"""Identify: what the codes of one inspection say together."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.captures import DecodedSymbol
from edge.gs1 import Gtin, Sscc, check_digit
from edge.identity import Contradiction, Identity, InputFault
from edge.postal import ParcelNumber
from edge.steps.identify import identify

GS = "\x1d"
GTIN = "09521234543213"
OTHER = "04901234567894"
CARTON = "19521234543210"
SSCC = "106141411234567897"
EAN = GTIN[1:]


def symbol(text: str, identifier: str = "", kind: str = "", source: str = "scanner:1") -> DecodedSymbol:
    payload = text.encode(errors="replace")
    return DecodedSymbol(text=text, payload=payload, symbology=identifier, format=kind, source=source)


def said(*symbols: DecodedSymbol) -> Identity:
    return identify(symbols)


def test_nothing_read_is_nothing_said() -> None:
    assert identify(()) == Identity()


def test_a_datamatrix_says_gtin_serial_batch_and_expiry() -> None:
    identity = said(symbol(f"01{GTIN}1727020010AbC{GS}21x-1", "]d2", "DataMatrix"))
    (item,) = identity.items
    assert (item.gtin, item.serial, item.batch, item.expiry) == (Gtin(GTIN), "x-1", "AbC", date(2027, 2, 28))
    assert item.elements == {"01": GTIN, "17": "270200", "10": "AbC", "21": "x-1"}
    assert item.sources == ("scanner:1",)
    assert identity.faults == ()


@pytest.mark.parametrize(
    "text", [f"]d201{GTIN}21aB", f"(01){GTIN}(21)aB", f"https://x.example/01/{GTIN}/21/aB", f"01{GTIN}21aB"]
)
def test_every_spelling_of_an_item_says_the_same(text: str) -> None:
    (item,) = said(symbol(text)).items
    assert (item.gtin.value, item.serial) == (GTIN, "aB")


def test_the_symbology_identifier_decides_what_bare_digits_are() -> None:
    assert said(symbol("96385074")).items[0].gtin.value == "00000096385074"
    assert said(symbol("96385074", "]E4")).items[0].gtin.value == "00000096385074"
    (fault,) = said(symbol("96385074", "]C1")).faults
    assert fault.code == "unattached"
    assert fault.raw == "(96)385074"


@pytest.mark.parametrize(
    ("text", "kind", "gtin"),
    [
        (EAN, "EAN13", GTIN),
        (EAN, "", GTIN),
        ("4 901234 567894", "", OTHER),
        ("012345678905", "UPC-A", "00012345678905"),
        ("04252614", "UPC-E", "00042100005264"),
        ("96385074", "EAN-8", "00000096385074"),
        (EAN + "12", "EAN13", GTIN),
        (GTIN, "ITF", GTIN),
    ],
)
def test_every_ean_and_upc_names_a_gtin(text: str, kind: str, gtin: str) -> None:
    assert said(symbol(text, kind=kind)).items[0].gtin.value == gtin


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("RR473124829JP", "Code128", ParcelNumber("S10", "RR473124829JP", "scanner:1")),
        ("020-12345675", "", ParcelNumber("AWB", "02012345675", "scanner:1")),
        ("CSQU3054383", "", ParcelNumber("ISO6346", "CSQU3054383", "scanner:1")),
        ("1Z5R89390357567127", "Code128", ParcelNumber("carrier:ups", "1Z5R89390357567127", "scanner:1")),
        ("A123456789013A", "Codabar", ParcelNumber("carrier:japanpost/sagawa/yamato", "123456789013", "scanner:1")),
    ],
)
def test_parcel_numbers_are_told_with_their_scheme(text: str, kind: str, number: ParcelNumber) -> None:
    assert said(symbol(text, kind=kind)).parcel_numbers == (number,)


def test_twelve_digits_are_a_product_unless_the_symbology_is_one_that_carriers_use() -> None:
    both = next(f"{n}{n % 7}" for n in range(10**10, 10**10 + 500) if check_digit(str(n)) == str(n % 7))
    assert said(symbol(both)).items[0].gtin.value == both.zfill(14)
    assert said(symbol(both, kind="Codabar")).parcel_numbers[0].value == both


@pytest.mark.parametrize("kind", ["Code128", "DataMatrix", "QRCode"])
def test_eight_digits_of_a_symbology_that_is_no_ean_are_foreign(kind: str) -> None:
    assert said(symbol("96385074", kind=kind)) == Identity(unparsed=("96385074",))
    assert said(symbol("4901234567890", kind=kind)) == Identity(unparsed=("4901234567890",))


def test_zeros_name_nothing() -> None:
    assert said(symbol("0000000000000")) == Identity(unparsed=("0000000000000",))


def test_an_sscc_and_its_content_are_told_apart() -> None:
    identity = said(symbol(f"00{SSCC}02{GTIN}3724", "]C1"))
    assert identity.sscc == (Sscc(SSCC),)
    assert identity.items[0].gtin.value == GTIN
    assert identity.faults == ()


# --- Several symbols ------------------------------------------------------------------------------------------------


def test_elements_of_one_item_are_merged_over_its_symbols() -> None:
    identity = said(
        symbol(EAN, "]E0", source="a"), symbol(f"21S1{GS}10B", "]C1", source="b"), symbol("17270131", "]C1", source="c")
    )
    (item,) = identity.items
    assert (item.serial, item.batch, item.expiry) == ("S1", "B", date(2027, 1, 31))
    assert item.sources == ("a", "b", "c")
    assert identity.faults == ()


def test_a_composite_symbol_is_one_item() -> None:
    (item,) = said(symbol(f"]E0{EAN}|]e017270131{GS}21A")).items
    assert (item.gtin.value, item.serial, item.expiry) == (GTIN, "A", date(2027, 1, 31))


def test_the_order_of_symbols_does_not_matter() -> None:
    one, two = symbol(f"21S1{GS}10B", "]C1"), symbol(EAN, "]E0")
    assert said(one, two).items[0].serial == said(two, one).items[0].serial == "S1"


def test_items_are_kept_apart_by_gtin_and_serial() -> None:
    identity = said(symbol(f"01{GTIN}21A", "]d2"), symbol(f"01{GTIN}21a", "]d2"), symbol(f"01{OTHER}21A", "]d2"))
    assert [(i.gtin.value, i.serial) for i in identity.items] == [(GTIN, "A"), (GTIN, "a"), (OTHER, "A")]
    assert identity.contradictions == ()


def test_the_ean_of_a_serialised_item_founds_no_second_item() -> None:
    identity = said(symbol(EAN, "]E0"), symbol(f"01{GTIN}21A", "]d2"), symbol(f"01{GTIN}21B", "]d2"))
    assert [i.serial for i in identity.items] == ["A", "B"]


def test_one_item_with_two_expiries_contradicts_itself() -> None:
    identity = said(
        symbol(f"01{GTIN}17270131{GS}21A", "]d2", source="a"),
        symbol(f"https://x.example/01/{GTIN}/21/A?17=280131", source="b"),
    )
    assert len(identity.items) == 1
    assert identity.contradictions == (Contradiction("expiry", ("270131", "280131"), ("a", "b")),)


def test_a_label_that_departs_from_the_item_contradicts_it() -> None:
    identity = said(symbol(f"01{GTIN}21A", "]d2", source="a"), symbol("21B", "]C1", source="b"))
    assert identity.contradictions == (Contradiction("serial", ("A", "B"), ("a", "b")),)


def test_an_ean_beside_another_products_datamatrix_contradicts_in_one_picture_only() -> None:
    ean, matrix = symbol(OTHER[1:], "]E0", source="capture:1"), symbol(f"01{GTIN}21A", "]d2", source="capture:1")
    assert said(ean, matrix).contradictions == (Contradiction("gtin", (OTHER, GTIN), ("capture:1", "capture:1")),)
    assert said(ean, symbol(f"01{GTIN}21A", "]d2", source="capture:2")).contradictions == ()
    assert said(ean, matrix, symbol(OTHER[1:], "]E0", source="capture:2")).contradictions == ()


def test_a_carton_and_its_unit_do_not_contradict() -> None:
    identity = said(symbol(EAN, "]E0", source="capture:1"), symbol(f"01{CARTON}21A", "]d2", source="capture:1"))
    assert identity.contradictions == ()


def test_elements_that_two_items_could_own_are_attached_to_none() -> None:
    identity = said(symbol(f"01{GTIN}21A", "]d2"), symbol(f"01{OTHER}21B", "]d2"), symbol("17270131", "]C1"))
    assert [item.expiry for item in identity.items] == [None, None]
    (fault,) = identity.faults
    assert fault == InputFault(
        "unattached_ambiguous",
        "(17)270131",
        None,
        "Elements without a product number must be scanned with one item, got (17)270131 with 2 items.",
        "scanner:1",
    )


def test_elements_of_one_picture_belong_to_the_item_of_that_picture() -> None:
    identity = said(
        symbol(f"01{GTIN}21A", "]d2", source="capture:1"),
        symbol(f"01{OTHER}21B", "]d2", source="capture:2"),
        symbol("17270131", "]C1", source="capture:2"),
    )
    assert [item.expiry for item in identity.items] == [None, date(2027, 1, 31)]


def test_the_label_of_a_box_adds_nothing_to_the_item_in_hand() -> None:
    identity = said(symbol(f"00{SSCC}02{GTIN}3724", "]C1"), symbol(EAN, "]E0"), symbol(f"01{GTIN}21A", "]d2"))
    (item,) = identity.items
    assert item.elements == {"01": GTIN, "21": "A"}
    assert identity.sscc == (Sscc(SSCC),)
    assert identity.faults == ()


def test_the_sscc_of_the_box_meets_what_another_label_requires() -> None:
    assert said(symbol(f"00{SSCC}", "]C1"), symbol("403R1", "]C1")).faults == ()
    (fault,) = said(symbol("403R1", "]C1")).faults
    assert (fault.code, fault.raw) == ("pairing", "(403)R1")
    assert fault.message == "AI 403 ROUTE needs AI 00 on the same item, got AI 403."


def test_an_expiry_that_several_units_could_own_is_attached_to_none() -> None:
    identity = said(symbol(f"01{GTIN}21A", "]d2"), symbol(f"01{GTIN}21B", "]d2"), symbol(f"01{GTIN}17270131", "]d2"))
    assert [item.expiry for item in identity.items] == [None, None]
    assert [fault.code for fault in identity.faults] == ["unattached_ambiguous"]


def test_a_batch_of_another_scan_is_another_unit_and_in_one_picture_a_contradiction() -> None:
    one, other = f"01{GTIN}10A", f"01{GTIN}10B"
    scanned = said(symbol(one, "]d2"), symbol(other, "]d2"))
    assert [item.batch for item in scanned.items] == ["A", "B"]
    pictured = said(symbol(one, "]d2", source="capture:1"), symbol(other, "]d2", source="capture:1"))
    assert pictured.contradictions == (Contradiction("batch", ("A", "B"), ("capture:1", "capture:1")),)


def test_a_broken_pairing_is_told_once_all_symbols_are_known() -> None:
    faults = said(symbol(f"01{GTIN}3724", "]C1")).faults
    assert {(fault.code, fault.source) for fault in faults} == {("pairing", "scanner:1")}
    assert [fault.message for fault in faults] == [
        "AI 01 GTIN may not go with AI 37, got both.",
        "AI 37 COUNT needs AI 00 on the same item, got AI 01, AI 37.",
        "AI 37 COUNT needs AI 02 or AI 8026 on the same item, got AI 01, AI 37.",
    ]


def test_a_repeated_scan_adds_nothing() -> None:
    one = symbol(f"01{GTIN}21A", "]d2")
    assert said(one, one) == said(one)


drawn_symbols = st.builds(
    lambda gtin, parts, source: symbol(gtin + "".join(parts), "]d2", source=source),
    st.sampled_from(["", f"01{GTIN}", f"01{OTHER}", f"00{SSCC}02{GTIN}3724"]),
    st.sampled_from(
        [[], ["17270131"], ["17280131"], ["21A"], ["21B"], ["10X"], ["17270131", "21A"], ["17270131", "10X"]]
    ),
    st.sampled_from(["capture:1", "capture:2", "scanner:1"]),
).filter(lambda drawn: drawn.text != "")


@given(st.lists(drawn_symbols, max_size=5), st.randoms(use_true_random=False))
def test_items_do_not_depend_on_the_order_in_which_symbols_came(symbols: list[DecodedSymbol], rng: Random) -> None:
    shuffled = list(symbols)
    rng.shuffle(shuffled)

    def named(identity: Identity) -> set[tuple[str, str | None]]:
        return {(item.gtin.value, item.serial) for item in identity.items}

    one, other = identify(symbols), identify(shuffled)
    assert bool(one.contradictions) == bool(other.contradictions)
    if not one.contradictions:  # of contradicting values the first stays the item's
        assert named(one) == named(other)


@given(st.lists(drawn_symbols, max_size=5))
def test_every_element_of_an_item_was_on_one_of_its_symbols(symbols: list[DecodedSymbol]) -> None:
    for item in identify(symbols).items:
        for ai, value in item.elements.items():
            assert any(f"{ai}{value}" in s.text for s in symbols if s.source in item.sources)


# --- What is not valid ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "identifier", "message"),
    [
        ("4901234567890", "", "GTIN 4901234567890 must end in check digit 4, got 0."),
        (
            f"01{GTIN}17271340",
            "]d2",
            ("AI 17 USE BY or EXPIRY must have a date YYMMDD (day 00 means the end of the month), got '271340'."),
        ),
        (f"]E0{EAN}7", "", f"An EAN or UPC must have 8, 12 or 13 digits, got '{EAN}7'."),
        ("RR473124820JP", "", "S10 RR473124820JP must have check digit 9, got 0."),
        (
            "https://id.example/AQnYUc1gmiE",
            "",
            (
                "A Digital Link must be uncompressed to be read here, got 'https://id.example/AQnYUc1gmiE', "
                "which holds a compressed key."
            ),
        ),
    ],
)
def test_invalid_data_is_told_exactly(text: str, identifier: str, message: str) -> None:
    identity = said(symbol(text, identifier))
    assert identity.faults == (InputFault("invalid", text, None, message, "scanner:1"),)
    assert identity.items == ()


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "RELEASE",
        "https://example.com/shoes",
        "https://example.com/ELaSWShWyTFQvXJkp9vCgFA",
        "0001285112001000040801",
        "12345",
        "関所",
        "WIFI:S:x;;",
    ],
)
def test_a_foreign_code_is_kept_as_it_is_and_is_no_fault(text: str) -> None:
    assert said(symbol(text)) == Identity(unparsed=(text,))


def test_a_number_of_two_schemes_is_told_as_ambiguous() -> None:
    (fault,) = said(symbol("01412345675")).faults
    assert fault.code == "number_ambiguous"


@given(
    st.lists(
        st.text(alphabet=st.one_of(st.characters(), st.sampled_from("]d2C1E001()\x1d0123456789")), max_size=60),
        max_size=6,
    )
)
def test_no_codes_make_identify_crash(texts: list[str]) -> None:
    identity = identify([symbol(text, source=f"capture:{n % 2}") for n, text in enumerate(texts)])
    assert len(identity.unparsed) <= len(texts)


@pytest.mark.parametrize(
    "unit", ["0", "(", "(01)", "]d2", GS, "01" + GTIN, "21A", " ", "\u3000", "a", "http://a/", "%1D", "\x00", "~"]
)
def test_a_code_of_50_kb_is_answered(unit: str) -> None:
    text = unit * (50_000 // len(unit))
    for identifier in ("", "]d2", "]E0"):
        identify([symbol(text, identifier)])
