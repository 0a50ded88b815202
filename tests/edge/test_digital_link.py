"""GS1 Digital Link URIs: read where they stand, never followed."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.digital_link import looks_like_uri, parse_digital_link
from edge.element_strings import ElementString
from edge.errors import CodeRefused

GTIN = "09521234543213"


def test_any_host_and_any_path_in_front_of_the_key_will_do() -> None:
    link = parse_digital_link(f"HTTPS://shop.example:8443/a/00/b/01/{GTIN}/22/2A/10/Ab%2Fc/21/x?17=271100&lang=ja#top")
    assert link.host == "shop.example:8443"
    assert link.key == "01"
    assert link.elements == (
        ElementString("01", GTIN),
        ElementString("22", "2A"),
        ElementString("10", "Ab/c"),
        ElementString("21", "x"),
        ElementString("17", "271100"),
    )


def test_a_short_gtin_in_the_path_is_padded() -> None:
    assert parse_digital_link("https://a/01/4901234567894").elements == (ElementString("01", "04901234567894"),)


@pytest.mark.parametrize(
    ("uri", "code", "sentence"),
    [
        ("https://a", "code_not_digital_link", "A Digital Link must have a GS1 key in its path, got 'https://a'."),
        (
            "https://example.com/shoes/red",
            "code_not_digital_link",
            "A Digital Link must have a GS1 key in its path, got 'https://example.com/shoes/red'.",
        ),
        (
            f"https://a/01/{GTIN}/landing",
            "code_uri",
            f"The path of a Digital Link must end with its key and qualifiers, got 'https://a/01/{GTIN}/landing'.",
        ),
        ("ftp://a/01/1", "code_uri", "A Digital Link must begin with http(s)://host/, got 'ftp://a/01/1'."),
        ("https://$a/01/1", "code_uri", "A Digital Link must begin with http(s)://host/, got 'https://$a/01/1'."),
        (
            f"https://a/01/{GTIN}<b",
            "code_uri",
            f"A URI must have characters of RFC 3986, got '<' in 'https://a/01/{GTIN}<b'.",
        ),
        (
            "https://a/01/09521234543214",
            "code_check_digit",
            "AI 01 GTIN must have a number with a valid check digit, got '09521234543214'.",
        ),
        (
            f"https://a/01/{GTIN}/21/A/10/B",
            "code_uri",
            "AI 01 GTIN may be followed by 22/10/21 or 235 in this order, got 21/10.",
        ),
        (f"https://a/01/{GTIN}/10/", "code_length", "AI 10 BATCH/LOT must have 1 to 20 characters, got 0 in ''."),
        (
            f"https://a/01/{GTIN}?10=B",
            "code_uri",
            "AI 10 BATCH/LOT must stand in the path of a Digital Link, got it in the query.",
        ),
        (
            f"https://a/01/{GTIN}?99=A&99=A",
            "code_uri",
            "AI 99 INTERNAL must stand once in a Digital Link, got it again in the query.",
        ),
        (f"https://a/01/{GTIN}?999=A", "code_unknown_ai", "A numeric query parameter must be a known AI, got '999'."),
        (
            f"https://a/01/{GTIN}?98=A+B",
            "code_character",
            "AI 98 INTERNAL must have characters of GS1 set 82, got 'A B'.",
        ),
    ],
)
def test_a_bad_link_is_told_exactly(uri: str, code: str, sentence: str) -> None:
    with pytest.raises(CodeRefused) as refused:
        parse_digital_link(uri)
    assert (refused.value.code, refused.value.message) == (code, sentence)


@pytest.mark.parametrize(
    ("text", "expected"), [("http://a", True), ("HTTPS://A", True), ("01", False), ("httpx://", False)]
)
def test_a_web_address_is_recognised(text: str, *, expected: bool) -> None:
    assert looks_like_uri(text) is expected


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("0123456789/?&=%")), max_size=120))
def test_no_text_makes_the_parser_crash(text: str) -> None:
    for uri in (text, "https://a/" + text, f"https://a/01/{GTIN}?" + text):
        with suppress(CodeRefused):
            assert parse_digital_link(uri).elements


def test_a_link_of_50_kb_is_refused_at_once() -> None:
    for tail in ("/" * 50_000, "01/" * 16_000, "?" + "9" * 50_000, f"01/{GTIN}?" + "99=A&" * 10_000):
        with suppress(CodeRefused):
            parse_digital_link("https://a/" + tail)
