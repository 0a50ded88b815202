"""Element strings: what scanners send and people type, judged by the AI rules."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.element_strings import (
    ElementString,
    format_element_strings,
    pairing_faults,
    parse_bracketed,
    parse_element_strings,
)
from edge.errors import CodeRefused

GS = "\x1d"
GTIN = "09521234543213"
SSCC = "106141411234567897"


def refusal(message: str) -> CodeRefused:
    with pytest.raises(CodeRefused) as refused:
        parse_element_strings(message)
    return refused.value


def test_a_message_is_read_into_its_elements() -> None:
    assert parse_element_strings(f"01{GTIN}1727110010AbC{GS}21x/y") == (
        ElementString("01", GTIN),
        ElementString("17", "271100"),
        ElementString("10", "AbC"),
        ElementString("21", "x/y"),
    )


@pytest.mark.parametrize("message", [f"{GS}01{GTIN}", f"01{GTIN}{GS}", f"01{GTIN}{GS}10A{GS}"])
def test_a_separator_in_front_and_spare_ones_are_tolerated(message: str) -> None:
    assert parse_element_strings(message)[0] == ElementString("01", GTIN)


@pytest.mark.parametrize(
    ("message", "code", "sentence"),
    [
        ("", "code_empty", "A GS1 message must hold at least one element, got ''."),
        ("891234", "code_unknown_ai", "A known AI must begin at character 1, got '891234'."),
        (
            "0109521234543214",
            "code_check_digit",
            "AI 01 GTIN must have a number with a valid check digit, got '09521234543214'.",
        ),
        ("010952123454321", "code_length", "AI 01 GTIN must have 14 characters, got 13 in '0952123454321'."),
        (f"01{GTIN}1", "code_unknown_ai", "A known AI must begin at character 17, got '1'."),
        ("0010614141123456789A", "code_character", "AI 00 SSCC must have digits 0-9, got '10614141123456789A'."),
        (
            "17271340",
            "code_content",
            "AI 17 USE BY or EXPIRY must have a date YYMMDD (day 00 means the end of the month), got '271340'.",
        ),
        (
            "10" + "A" * 21,
            "code_length",
            "AI 10 BATCH/LOT must have 1 to 20 characters, got 21 in 'AAAAAAAAAAAAAAAAAAAAA'.",
        ),
        ("21\u00e9", "code_character", "AI 21 SERIAL must have characters of GS1 set 82, got '\u00e9'."),
        ("8010ab", "code_character", "AI 8010 CPID must have characters of GS1 set 39, got 'ab'."),
        (
            "8030a=",
            "code_character",
            "AI 8030 DIGSIG must have characters of file-safe base 64 with whole padding, got 'a='.",
        ),
        ("422999", "code_content", "AI 422 ORIGIN must have an ISO 3166 numeric country, got '999'."),
        ("3910000123", "code_content", "AI 3910 AMOUNT must have an ISO 4217 numeric currency, got '000'."),
        (
            "70072611011",
            "code_length",
            "AI 7007 HARVEST DATE must have 6 to 12 (in whole parts) characters, got 7 in '2611011'.",
        ),
        (f"400A{GS}400B", "code_repeated", "AI 400 must have one value in a message, got 'A' and 'B'."),
        (GS.join(["99A"] * 65), "code_too_many", "A GS1 message must hold at most 64 elements, got more."),
    ],
)
def test_a_bad_message_is_told_exactly(message: str, code: str, sentence: str) -> None:
    refused = refusal(message)
    assert (refused.code, refused.message) == (code, sentence)


def test_day_00_is_legal_where_the_standard_says_so_and_only_there() -> None:
    assert parse_element_strings("17280200")[0].value == "280200"
    assert parse_element_strings("17280229")[0].value == "280229"
    assert refusal("17270229").code == "code_content"
    assert refusal("7006280200").message == "AI 7006 FIRST FREEZE DATE must have a date YYMMDD, got '280200'."


def test_a_check_character_pair_is_checked() -> None:
    assert parse_element_strings("80131987654Ad4X4bL5ttr2310c2K")[0].ai == "8013"
    assert refusal("80131987654Ad4X4bL5ttr2310c2L").code == "code_content"


def test_brackets_are_read_as_people_type_them() -> None:
    assert parse_bracketed(f"(01){GTIN}(21)A(B)1\\(10)") == (
        ElementString("01", GTIN),
        ElementString("21", "A(B)1(10)"),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("12345", "Bracketed element strings must begin with '(', got '12345'."),
        ("(89)1", "A known AI in brackets must come here, got '(89)1'."),
        ("(01", "A known AI in brackets must come here, got '(01'."),
        ("(10)(11)991225", "AI 10 BATCH/LOT must have 1 to 20 characters, got 0 in ''."),
    ],
)
def test_bad_brackets_are_told_exactly(text: str, sentence: str) -> None:
    with pytest.raises(CodeRefused) as refused:
        parse_bracketed(text)
    assert refused.value.message == sentence


@pytest.mark.parametrize(
    ("elements", "faults"),
    [
        ({"01": GTIN, "21": "A"}, ()),
        ({"00": SSCC, "02": GTIN, "37": "5"}, ()),
        ({"01": GTIN, "3925": "12599", "3105": "654321"}, ()),
        ({"21": "A"}, ("AI 21 SERIAL needs AI 01 or AI 03 or AI 8006 on the same item, got AI 21.",)),
        (
            {"01": GTIN, "02": GTIN, "37": "5", "00": SSCC},
            (
                "AI 01 GTIN may not go with AI 37, got both.",
                "AI 02 CONTENT may not go with AI 01, got both.",
            ),
        ),
        ({"02": GTIN}, ("AI 02 CONTENT needs AI 37 on the same item, got AI 02.",)),
        (
            {"255": "5412345000150", "3940": "1234", "3941": "1234"},
            (
                "AI 3940 PRCNT OFF may not go with AI 3941, got both.",
                "AI 3941 PRCNT OFF may not go with AI 3940, got both.",
            ),
        ),
        (
            {"253": "1234567890128", "8030": "ABC"},
            ("AI 8030 DIGSIG needs a serial number in AI 253, got '1234567890128'.",),
        ),
    ],
)
def test_pairings_and_exclusions_follow_the_dictionary(elements: dict[str, str], faults: tuple[str, ...]) -> None:
    assert pairing_faults(elements) == faults


set_82 = st.text(
    alphabet="!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz", min_size=1
)
messages = st.fixed_dictionaries(
    {"01": st.just(GTIN)},
    optional={
        "10": set_82.filter(lambda v: len(v) <= 20),
        "21": set_82.filter(lambda v: len(v) <= 20),
        "17": st.dates().map(lambda d: d.strftime("%y%m%d")).filter(lambda v: v[2:] != "0229"),
        "240": set_82.filter(lambda v: len(v) <= 30),
        "8200": set_82.filter(lambda v: len(v) <= 70),
    },
)


@given(messages)
def test_what_is_formatted_is_read_back_exactly(elements: dict[str, str]) -> None:
    assert {e.ai: e.value for e in parse_element_strings(format_element_strings(elements))} == elements


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("0123456789()\x1d")), max_size=80))
def test_no_text_makes_the_parsers_crash(text: str) -> None:
    for parse in (parse_element_strings, parse_bracketed):
        with suppress(CodeRefused):
            assert parse(text)


def test_a_code_of_50_kb_is_refused_at_once() -> None:
    for text in ("(" * 50_000, "(01)" * 12_500, "1" * 50_000, GS * 50_000, "(10)" + "(" * 50_000):
        for parse in (parse_element_strings, parse_bracketed):
            with pytest.raises(CodeRefused):
                parse(text)
