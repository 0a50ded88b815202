"""GTIN, SSCC and GLN: what is refused, and with which words."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import CodeRefused
from edge.gs1 import Gln, Gtin, Sscc, check_digit

if TYPE_CHECKING:
    from collections.abc import Callable

digits = st.text(alphabet="0123456789", min_size=7, max_size=17)


@pytest.mark.parametrize(
    ("body", "expected"),
    [("0952123454321", "3"), ("10614141123456789", "7"), ("9638507", "4"), ("490123456789", "4"), ("", "0")],
)
def test_the_check_digit_follows_the_general_specifications(body: str, expected: str) -> None:
    assert check_digit(body) == expected


@pytest.mark.parametrize("text", ["96385074", "012345678905", "4901234567894", "09521234543213"])
def test_a_gtin_of_any_length_is_padded_to_14_digits(text: str) -> None:
    gtin = Gtin.parse(text)
    assert gtin.value == text.zfill(14)
    assert gtin.shortest == (text if text[0] != "0" or len(text) == 12 else text.lstrip("0").zfill(13))


def test_a_wrong_check_digit_is_told_with_the_right_one() -> None:
    with pytest.raises(CodeRefused) as refused:
        Gtin.parse("4901234567890")
    assert refused.value.code == "code_check_digit"
    assert refused.value.message == "GTIN 4901234567890 must end in check digit 4, got 0."


def test_a_wrong_length_is_told_with_the_lengths_that_a_gtin_has() -> None:
    with pytest.raises(CodeRefused) as refused:
        Gtin.parse("123")
    assert refused.value.message == "GTIN must have 8 or 12 or 13 or 14 digits, got 3 in '123'."


@pytest.mark.parametrize(
    "text",
    [
        "490123456789A",
        "\uff14\uff19\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff14",
        "49012345678 4",
        "",
    ],
)
def test_what_is_not_ascii_digits_is_no_gtin(text: str) -> None:
    with pytest.raises(CodeRefused) as refused:
        Gtin.parse(text)
    assert refused.value.message == f"GTIN must be digits 0-9, got {text!r}."


def test_holding_a_gtin_proves_its_validity() -> None:
    with pytest.raises(CodeRefused):
        Gtin("09521234543214")
    with pytest.raises(CodeRefused):
        Gtin("9521234543213")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2001234567893", True),
        ("0212345678903", True),
        ("0412345678901", True),
        ("4901234567894", False),
        ("96385074", False),
        ("20123451", True),
    ],
)
def test_in_store_numbers_are_recognised(text: str, *, expected: bool) -> None:
    assert Gtin.parse(text[:-1] + check_digit(text[:-1])).in_store is expected


@pytest.mark.parametrize(
    ("upc_e", "upc_a"),
    [("04252614", "042100005264"), ("01234565", "012345000065"), ("01234531", "012300000451"[:11])],
)
def test_a_upc_e_gets_its_zeros_back(upc_e: str, upc_a: str) -> None:
    full = upc_a[:11] + check_digit(upc_a[:11])
    assert Gtin.from_upc_e(upc_e[:7] + full[-1]).value == full.zfill(14)


def test_a_upc_e_with_another_number_system_is_refused() -> None:
    with pytest.raises(CodeRefused) as refused:
        Gtin.from_upc_e("24252614")
    assert refused.value.message == "UPC-E must have 8 digits beginning with 0 or 1, got '24252614'."


def test_an_sscc_may_carry_its_application_identifier() -> None:
    assert Sscc.parse("00106141411234567897") == Sscc.parse("106141411234567897")


def test_an_sscc_of_another_length_is_refused() -> None:
    with pytest.raises(CodeRefused) as refused:
        Sscc.parse("10614141123456789")
    assert refused.value.message == "SSCC must have 18 digits, got 17 in '10614141123456789'."


def test_a_gln_has_13_digits() -> None:
    assert str(Gln.parse("4012345000009")) == "4012345000009"
    with pytest.raises(CodeRefused):
        Gln.parse("4012345000008")


@given(digits)
def test_exactly_one_digit_checks(body: str) -> None:
    right = check_digit(body)
    valid = [
        d
        for d in "0123456789"
        if (3 * sum(map(int, body[::-1][::2])) + sum(map(int, body[::-1][1::2])) + int(d)) % 10 == 0
    ]
    assert valid == [right]


@pytest.mark.parametrize("parse", [Gtin.parse, Gtin.from_upc_e, Sscc.parse, Gln.parse])
@given(text=st.text(max_size=60))
def test_no_text_makes_a_key_parser_crash(parse: Callable[[str], object], text: str) -> None:
    with suppress(CodeRefused):
        parse(text)
