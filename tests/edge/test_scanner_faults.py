"""Scanner faults: what is repaired, what is ambiguous, and that nothing valid is ever touched."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.captures import DecodedSymbol
from edge.element_strings import format_element_strings
from edge.gs1 import check_digit
from edge.identity import Identity
from edge.keyboard_layouts import MEANT, arrived
from edge.scanner_faults import meant_serials
from edge.steps.identify import identify

GS = "\x1d"
GTIN = "09521234543213"
LONG = "ABCDEFGHIJKLMN"


def said(text: str, identifier: str = "") -> Identity:
    return identify([DecodedSymbol(text, text.encode(errors="replace"), identifier, "", "scanner:1")])


@pytest.mark.parametrize(
    ("came", "code", "read"),
    [
        (f"]D201{GTIN}21aBc", "capslock", f"]d201{GTIN}21AbC"),
        (f"]c101{GTIN}21aBc", "capslock", f"]C101{GTIN}21AbC"),
        (f"]E001{GTIN}21aBc", "capslock", f"]e001{GTIN}21AbC"),
        ("rr473124829jp", "capslock", "RR473124829JP"),
        ("1z5r89390357567127", "capslock", "1Z5R89390357567127"),
        (f"\\d201{GTIN}21A@B", "layout_jis_us", f']d201{GTIN}21A"B'),
        (f"*01({GTIN}*21(AB", "layout_jis_us", f"(01){GTIN}(21)AB"),
        (f"https'//x.example/01/{GTIN}/21/A", "layout_jis_us", f"https://x.example/01/{GTIN}/21/A"),
        (f"[C101{GTIN}21A=B", "layout_us_jis", f"]C101{GTIN}21A_B"),
        (f"https+//x.example/01/{GTIN}", "layout_us_jis", f"https://x.example/01/{GTIN}"),
        (f"+d201{GTIN}21xz-", "layout_us_de", f"]d201{GTIN}21xy/"),
        (f"https>&&x.ezample&01&{GTIN}", "layout_de_us", f"https://x.eyample/01/{GTIN}"),
        (f"d201{GTIN}21a", "prefix_cut", f"]d201{GTIN}21a"),
        (f"\uff3dd2\uff10\uff11{GTIN}", "fullwidth", f"]d201{GTIN}"),
        (f"]d201{GTIN}21{LONG}1727013110B", "separator_lost", f"]d201{GTIN}21{LONG}{GS}1727013110B"),
        *[
            (f"]d201{GTIN}21A{token}10b", "separator_replaced", f"]d201{GTIN}21A{GS}10b")
            for token in ("{GS}", "\u241d", "~", "^", "|", " ", "\x1e", "\\x1d", "[GS]", "#", "@", "~d029")
        ],
        (f"]d201{GTIN}21A<GS>10{LONG}", "separator_replaced", f"]d201{GTIN}21A{GS}10{LONG}"),
    ],
)
def test_a_known_fault_is_undone_and_the_raw_code_kept(came: str, code: str, read: str) -> None:
    identity = said(came)
    (fault,) = identity.faults
    assert (fault.code, fault.raw, fault.repaired) == (code, came, read)
    assert fault.message.startswith(f"A code must arrive as it was printed, got {came!r}, read as {read!r}.")
    straight = said(read)
    assert not straight.faults
    assert (identity.items, identity.parcel_numbers) == (straight.items, straight.parcel_numbers)


def test_a_repaired_layout_says_which_keys_typed_nothing() -> None:
    (fault,) = said(f"\\d201{GTIN}21AB").faults
    assert fault.message == (
        f"A code must arrive as it was printed, got '\\\\d201{GTIN}21AB', read as ']d201{GTIN}21AB'. "
        "Keys that type nothing there would be missing: _ \\ |"
    )


def test_two_faults_at_once_are_both_told() -> None:
    identity = said(f"d201{GTIN}21aB 10x")
    assert [fault.code for fault in identity.faults] == ["prefix_cut", "separator_replaced"]
    assert {fault.repaired for fault in identity.faults} == {f"]d201{GTIN}21aB{GS}10x"}
    assert (identity.items[0].serial, identity.items[0].batch) == ("aB", "x")


@pytest.mark.parametrize(
    ("came", "code"),
    [
        (f"01{GTIN}21ABCDEFGHIJ1727013110LOT", "separator_lost_ambiguous"),
        (f"01{GTIN}21A<GS>10B", "separator_replaced_ambiguous"),
        (f"HTTPS://X.EXAMPLE/01/{GTIN}/21/abc", "capslock_ambiguous"),
    ],
)
def test_what_can_be_read_in_two_ways_is_not_repaired_and_only_its_key_is_believed(came: str, code: str) -> None:
    identity = said(came)
    (fault,) = identity.faults
    assert (fault.code, fault.repaired) == (code, None)
    assert fault.message == f"A damaged code must have one reading to be repaired, got several for {came!r}."
    (item,) = identity.items
    assert item.elements == {"01": GTIN}


@pytest.mark.parametrize(
    "came",
    [
        f"]d201{GTIN}21abc",  # small letters alone are no evidence of caps lock
        f"01{GTIN}21zy",
        f"HTTPS://X.EXAMPLE/01/{GTIN}/21/ABC",
        f"]d201{GTIN}21A:B",
        "LZ473124829CN",
    ],
)
def test_what_is_valid_as_it_came_is_never_touched(came: str) -> None:
    identity = said(came)
    assert identity.faults == ()
    assert identity.items or identity.parcel_numbers


@pytest.mark.parametrize(
    "text", ["d221ABC", "+A123BJC5D6E71G", "lot 5", "a~b", "C1 rack 7", "[INFO] 42", "hello@example.com"]
)
def test_foreign_codes_are_not_repaired_into_something(text: str) -> None:
    assert said(text) == Identity(unparsed=(text,))


def test_every_layout_table_undoes_what_it_says_arrives() -> None:
    for fault, meant in MEANT.items():
        for came, character in meant.items():
            assert arrived(character, fault) == chr(came)


# --- Nothing valid becomes something else ---------------------------------------------------------------------------

SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
values = st.text(alphabet=SET_82, min_size=1, max_size=20)
gtins = st.integers(10**12, 10**13 - 1).map(lambda n: f"{n}{check_digit(str(n))}")
codes = st.fixed_dictionaries(
    {"01": gtins}, optional={"21": values, "10": values, "17": st.just("270131"), "240": values}
)


def ambiguous(text: str) -> bool:
    return any(spelling in text for spelling in ("<GS>", "%1D", "(GS)"))


@given(codes, st.sampled_from(["]d2", "]C1", "]Q3", ""]))
def test_a_valid_code_is_read_as_it_is(elements: dict[str, str], identifier: str) -> None:
    assume(identifier or len(elements) > 1)
    message = format_element_strings(elements)
    assume(not ambiguous(message))
    identity = said(identifier + message)
    assert not [fault for fault in identity.faults if fault.repaired]
    assert identity.items[0].elements == elements


@given(codes, st.sampled_from(["layout_jis_us", "layout_us_jis", "layout_us_de"]))
def test_a_repaired_layout_gives_the_meant_code_or_none(elements: dict[str, str], layout: str) -> None:
    meant = "]d2" + format_element_strings(elements)
    came = arrived(meant, layout)
    assume(len(came) == len(meant))  # keys that type nothing cannot be brought back
    identity = said(came)
    for item in identity.items:
        assert all(elements[ai] == value for ai, value in item.elements.items())


@given(codes)
def test_caps_lock_is_undone_only_by_the_evidence_of_the_identifier(elements: dict[str, str]) -> None:
    message = format_element_strings(elements)
    assume(not ambiguous(message) and not ambiguous(message.swapcase()))
    assert said("]d2" + message).items[0].elements == elements
    assert said(("]d2" + message).swapcase()).items[0].elements == elements


@given(codes)
def test_lost_separators_are_put_back_rightly_or_not_at_all(elements: dict[str, str]) -> None:
    message = format_element_strings(elements)
    came = "]d2" + message.replace(GS, "")
    identity = said(came)
    if any(fault.code == "separator_lost" for fault in identity.faults):
        assert identity.items[0].elements == elements


@given(st.text(max_size=80))
def test_any_text_is_answered(text: str) -> None:
    said(text)


@pytest.mark.parametrize(
    ("serial", "meant"),
    [
        ("sp123", ["SP123"]),
        ("SP12310L2601", ["sp12310l2601", "SP123"]),  # (21)SP123(10)L2601 without its separator
        ("123", []),
        ("", []),
    ],
)
def test_a_valid_serial_may_have_been_another_one(serial: str, meant: list[str]) -> None:
    assert list(meant_serials(serial)) == meant


@given(st.text(max_size=20))
def test_what_a_serial_may_have_been_is_never_itself(serial: str) -> None:
    assert serial not in set(meant_serials(serial))
