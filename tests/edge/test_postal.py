"""Numbers of parcels and transport documents: the vectors of their standards and of the carriers' guides."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import CodeRefused
from edge.postal import (
    ParcelNumber,
    parse_awb,
    parse_carrier_number,
    parse_container,
    parse_parcel_number,
    parse_s10,
    s10_check_digit,
    s10_service,
)


@pytest.mark.parametrize(
    ("serial", "expected"),
    [("47312482", "9"), ("12345678", "5"), ("00000000", "5"), ("28704377", "5"), ("00000008", "0")],
)
def test_the_s10_check_digit_follows_the_standard(serial: str, expected: str) -> None:
    assert s10_check_digit(serial) == expected


@pytest.mark.parametrize(
    ("text", "scheme", "value"),
    [
        ("RR 473 124 829 JP", "S10", "RR473124829JP"),
        ("EE473124829CN", "S10", "EE473124829CN"),
        ("020-12345675", "AWB", "02012345675"),
        ("02012345675", "AWB", "02012345675"),
        ("CSQU3054383", "ISO6346", "CSQU3054383"),
        ("CSQ U 305438 3", "ISO6346", "CSQU3054383"),
        ("1Z5R89390357567127", "carrier:ups", "1Z5R89390357567127"),
        ("1Z 999 AA1 0123456784", "carrier:ups", "1Z999AA10123456784"),
        ("K1506235620", "carrier:ups", "K1506235620"),
        ("986578788855", "carrier:fedex", "986578788855"),
        ("568283610012000", "carrier:fedex", "568283610012000"),
        ("9611020987654312345672", "carrier:fedex", "9611020987654312345672"),
        ("1001921334250001000300779017972697", "carrier:fedex", "1001921334250001000300779017972697"),
        ("9622001900000000000000776632517510", "carrier:fedex", "9622001900000000000000776632517510"),
        ("3318810025", "carrier:dhl/seino", "3318810025"),
        ("73891051146", "carrier:dhl/japanpost", "73891051146"),
        ("JJD0099999999", "carrier:dhl", "JJD0099999999"),
        ("09980000020034D", "carrier:dpd", "09980000020034D"),
        ("008182709980000020033350276C", "carrier:dpd", "008182709980000020033350276C"),
        ("9400 1112 0620 6406 2607 87", "carrier:usps", "9400111206206406260787"),
        ("420787459400111206206406260787", "carrier:usps", "420787459400111206206406260787"),
        ("7196 9010 7560 0307 7385", "carrier:usps", "71969010756003077385"),
        ("0073938000549297", "carrier:canadapost", "0073938000549297"),
        ("JJD0002257639032011", "carrier:yodel", "JJD0002257639032011"),
        ("TBA010000000000", "carrier:amazon", "TBA010000000000"),
        ("YT2229521272164446", "carrier:yunexpress", "YT2229521272164446"),
        ("SF1234567890123", "carrier:sf", "SF1234567890123"),
        ("LP00123456789012", "carrier:cainiao", "LP00123456789012"),
        ("1234-5678-9013", "carrier:japanpost/sagawa/yamato", "123456789013"),
        ("A123456789013A", "carrier:japanpost/sagawa/yamato", "123456789013"),
        ("d123456789013d", "carrier:japanpost/sagawa/yamato", "123456789013"),
    ],
)
def test_a_right_number_is_read(text: str, scheme: str, value: str) -> None:
    assert parse_parcel_number(text, source="typed") == ParcelNumber(scheme, value, "typed")


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ("RR473124820JP", "code_check_digit", "S10 RR473124820JP must have check digit 9, got 0."),
        ("RR473124829XX", "code_content", "S10 RR473124829XX must end in an ISO 3166 country, got XX."),
        ("020-12345676", "code_check_digit", "Air waybill 02012345676 must end in 5, got 6."),
        ("CSQU3054384", "code_check_digit", "Container CSQU3054384 must end in check digit 3, got 4."),
        ("1Z5R89390357567128", "code_check_digit", "UPS 1Z5R89390357567128 must end in check digit 7, got 8."),
        ("hello", "code_unknown_number", "A parcel number must follow a known rule, got 'hello'."),
        ("000000000000", "code_unknown_number", "A parcel number must follow a known rule, got '000000000000'."),
        (
            "01412345675",
            "code_ambiguous_number",
            ("Eleven digits must follow one rule, got 01412345675, which is an air waybill and a carrier's number."),
        ),
    ],
)
def test_a_wrong_number_is_told_exactly(text: str, code: str, sentence: str) -> None:
    with pytest.raises(CodeRefused) as refused:
        parse_parcel_number(text)
    assert (refused.value.code, refused.value.message) == (code, sentence)


def test_an_ambiguous_number_is_an_air_waybill_once_its_hyphen_is_typed() -> None:
    assert parse_parcel_number("014-12345675") == ParcelNumber("AWB", "01412345675")


@pytest.mark.parametrize(
    ("parse", "sentence"),
    [
        (parse_s10, "S10 must be 2 letters, 9 digits and 2 letters, got '?'."),
        (parse_awb, "An air waybill must have 11 digits, got '?'."),
        (parse_container, "A container number must be 3 letters, U, J or Z, and 7 digits, got '?'."),
        (parse_carrier_number, "A parcel number must follow a known rule, got '?'."),
    ],
)
def test_another_shape_is_told_with_the_shape_expected(parse: object, sentence: str) -> None:
    assert callable(parse)
    with pytest.raises(CodeRefused) as refused:
        parse("?")
    assert refused.value.message == sentence


@pytest.mark.parametrize(
    ("number", "service"), [("CP473124829JP", "parcel"), ("EE473124829JP", "EMS"), ("ZZ473124829JP", "other")]
)
def test_the_service_indicator_is_told(number: str, service: str) -> None:
    assert s10_service(number) == service


@given(st.text(alphabet="0123456789", min_size=8, max_size=8), st.integers(1, 9))
def test_one_wrong_digit_of_an_s10_is_always_noticed(serial: str, step: int) -> None:
    right = s10_check_digit(serial)
    wrong = str((int(right) + step) % 10)
    with pytest.raises(CodeRefused):
        parse_s10(f"RR{serial}{wrong}JP")


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("0123456789 -ABCDJZ")), max_size=120))
def test_no_text_makes_the_parsers_crash(text: str) -> None:
    for parse in (parse_s10, parse_awb, parse_container, parse_carrier_number, parse_parcel_number):
        with suppress(CodeRefused):
            assert parse(text).value


def test_a_code_of_50_kb_is_refused_at_once() -> None:
    for text in ("1" * 50_000, " " * 50_000, "1Z" * 25_000, "-1" * 25_000):
        with pytest.raises(CodeRefused):
            parse_parcel_number(text)
