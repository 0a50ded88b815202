"""The syntax tests of the GS1 Barcode Syntax Dictionary: does one component of an element string hold what it should?

A test is a predicate with the words for what it expects. Pure; tests see one component, never a whole message (pairings
of application identifiers are judged in edge/element_strings.py). The names are the dictionary's own.

Source: GS1 General Specifications 3 (AI definitions), 7.9.5 (check character pair), 7.11 (character sets) and 7.12
(dates); ISO 13616 (IBAN).
"""

from __future__ import annotations

import re
import tomllib
from calendar import monthrange
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from edge.coupon_codes import is_coupon_code, is_positive_offer
from edge.gs1 import check_digit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CSET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
CSET_32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)
_COMPANY_PREFIX_MIN = 4
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SEQUENCE = re.compile(r"([1-9][0-9]*)/([1-9][0-9]*)")
_IBAN = re.compile(r"[A-Z]{2}[0-9A-Z]{9,32}")
_IMPORTER = re.compile(r"[-0-9A-Z_a-z]")
_LEADING_COMPANY_PREFIX = re.compile(r"[0-9]{4}")


@cache
def code_list(name: str) -> frozenset[str]:
    """A code list of edge/code_lists.toml, e.g. "countries"."""
    text = files("edge").joinpath("code_lists.toml").read_text("utf-8")
    return frozenset(tomllib.loads(text)[name].split())


def days_of_month(yy: int, month: int) -> int:
    """Days of a month of a two-digit year. Every fourth is a leap year: the window of years holds 2000, not 2100."""
    return monthrange(2000 + yy, month)[1]


def _is_day(yy: str, month: str, day: str, *, zero: bool) -> bool:
    if not "01" <= month <= "12":
        return False
    return (zero or day != "00") and int(day) <= days_of_month(int(yy), int(month))


def _is_yymmd0(value: str) -> bool:
    return _is_day(value[:2], value[2:4], value[4:], zero=True)


def _is_yymmdd(value: str) -> bool:
    return _is_day(value[:2], value[2:4], value[4:], zero=False)


def _is_yyyymmdd(value: str) -> bool:
    year, month, day = int(value[:4]), value[4:6], value[6:]
    return year > 0 and "01" <= month <= "12" and 1 <= int(day) <= monthrange(year, int(month))[1]


def _has_company_prefix(value: str) -> bool:
    return _LEADING_COMPANY_PREFIX.match(value) is not None


def _has_company_prefix_second(value: str) -> bool:
    return _LEADING_COMPANY_PREFIX.match(value, 1) is not None


def check_pair(value: str) -> str:
    """The check character pair that belongs after `value` (characters of set 82), as in a Global Model Number."""
    weights = zip(value, reversed(_PRIMES[: len(value)]), strict=True)
    total = sum(CSET_82.index(character) * prime for character, prime in weights) % 1021
    return CSET_32[total >> 5] + CSET_32[total & 31]


def _has_check_pair(value: str) -> bool:
    body = value[:-2]
    return len(value) > 1 and len(body) <= len(_PRIMES) and check_pair(body) == value[-2:]


def _is_iban(value: str) -> bool:
    if _IBAN.fullmatch(value) is None or value[:2] not in code_list("countries"):
        return False
    return int("".join(str(int(character, 36)) for character in value[4:] + value[:4])) % 97 == 1


def _is_piece_of_total(value: str) -> bool:
    half = len(value) // 2
    return 0 < int(value[:half]) <= int(value[half:])


def _is_position_in_sequence(value: str) -> bool:
    match = _SEQUENCE.fullmatch(value)
    return match is not None and int(match[1]) <= int(match[2])


def _is_listed(name: str) -> Callable[[str], bool]:
    return lambda value: value in code_list(name)


@dataclass(frozen=True, slots=True)
class SyntaxTest:
    """A predicate on the characters of one component, and what it expects in words."""

    holds: Callable[[str], bool]
    expectation: str


SYNTAX_TESTS: Mapping[str, SyntaxTest] = {
    "couponcode": SyntaxTest(is_coupon_code, "a North American coupon code"),
    "couponposoffer": SyntaxTest(is_positive_offer, "a North American positive offer file coupon code"),
    "csum": SyntaxTest(lambda value: check_digit(value[:-1]) == value[-1], "a number with a valid check digit"),
    "csumalpha": SyntaxTest(_has_check_pair, "text with a valid check character pair"),
    "gcppos1": SyntaxTest(_has_company_prefix, "a value beginning with a GS1 Company Prefix (four digits or more)"),
    "gcppos2": SyntaxTest(_has_company_prefix_second, "a value with a GS1 Company Prefix after its first digit"),
    "hasnondigit": SyntaxTest(lambda value: not value.isdigit(), "text with at least one character that is no digit"),
    "hh": SyntaxTest(lambda value: value <= "23", "an hour 00 to 23"),
    "hhmi": SyntaxTest(lambda value: value[:2] <= "23" and value[2:] <= "59", "a time HHMM, 0000 to 2359"),
    "hyphen": SyntaxTest(lambda value: not value.strip("-"), "a hyphen for below zero"),
    "iban": SyntaxTest(_is_iban, "an IBAN with a valid checksum"),
    "importeridx": SyntaxTest(lambda value: _IMPORTER.fullmatch(value) is not None, "an importer index character"),
    "iso3166": SyntaxTest(_is_listed("countries_numeric"), "an ISO 3166 numeric country"),
    "iso3166999": SyntaxTest(
        lambda value: value == "999" or value in code_list("countries_numeric"), "an ISO 3166 numeric country or 999"
    ),
    "iso3166alpha2": SyntaxTest(_is_listed("countries"), "an ISO 3166 two-letter country"),
    "iso4217": SyntaxTest(_is_listed("currencies_numeric"), "an ISO 4217 numeric currency"),
    "iso5218": SyntaxTest(lambda value: value in "0129", "a sex of ISO 5218 (0, 1, 2 or 9)"),
    "latitude": SyntaxTest(lambda value: value <= "1800000000", "a latitude, at most 1800000000"),
    "longitude": SyntaxTest(lambda value: value <= "3600000000", "a longitude, at most 3600000000"),
    "mediatype": SyntaxTest(_is_listed("media_types"), "an AIDC media type"),
    "mi": SyntaxTest(lambda value: value <= "59", "minutes 00 to 59"),
    "nonzero": SyntaxTest(lambda value: value.strip("0") != "", "a number that is not zero"),
    "nozeroprefix": SyntaxTest(lambda value: value[0] != "0", "a number without leading zeros"),
    "packagetype": SyntaxTest(_is_listed("package_types"), "a package type of UN/ECE Recommendation 21"),
    "pcenc": SyntaxTest(lambda value: _PERCENT.search(value) is None, "text with whole percent sequences"),
    "pieceoftotal": SyntaxTest(_is_piece_of_total, "a piece number and a total, neither zero, piece not over total"),
    "posinseqslash": SyntaxTest(_is_position_in_sequence, "a position/end such as 1/2"),
    "ss": SyntaxTest(lambda value: value <= "59", "seconds 00 to 59"),
    "winding": SyntaxTest(lambda value: value in "019", "a winding direction (0, 1 or 9)"),
    "yesno": SyntaxTest(lambda value: value in "01", "0 for no or 1 for yes"),
    "yymmd0": SyntaxTest(_is_yymmd0, "a date YYMMDD (day 00 means the end of the month)"),
    "yymmdd": SyntaxTest(_is_yymmdd, "a date YYMMDD"),
    "yyyymmdd": SyntaxTest(_is_yyyymmdd, "a date YYYYMMDD"),
    "zero": SyntaxTest(lambda value: value.strip("0") == "", "zero"),
}
