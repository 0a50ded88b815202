"""The syntax tests of single components, and the tables that they read."""

from __future__ import annotations

import pytest

from edge.application_identifiers import find, table
from edge.syntax_tests import SYNTAX_TESTS, check_pair, code_list

CASES = {
    "couponcode": (
        ["012345612345611110123", "0123456123456111101233261101", "01234561234561111012390001"],
        ["", "7", "01234561234561111012"],
    ),
    "couponposoffer": (["001234561234560123456"], ["201234561234560123456", "00123456123456012345", "A"]),
    "csum": (["09521234543213", "106141411234567897"], ["09521234543214"]),
    "csumalpha": (["1987654Ad4X4bL5ttr2310c2K", "22"], ["1987654Ad4X4bL5ttr2310c2L", "A"]),
    "gcppos1": (["1234", "0000A"], ["123", "12A4"]),
    "gcppos2": (["X1234"], ["X123", "X12A4"]),
    "hasnondigit": (["12A"], ["123"]),
    "hh": (["00", "23"], ["24"]),
    "hhmi": (["0000", "2359"], ["2400", "1260"]),
    "hyphen": (["-"], ["+"]),
    "iban": (
        ["GB82WEST12345698765432", "NO9386011117947"],
        ["GB83WEST12345698765432", "XX82WEST12345698765432", "GB82"],
    ),
    "importeridx": (["a", "-", "_"], ["=", " "]),
    "iso3166": (["392", "840"], ["999", "000"]),
    "iso3166999": (["999", "392"], ["000"]),
    "iso3166alpha2": (["JP"], ["XX", "jp"]),
    "iso4217": (["392", "978", "924"], ["000", "932"]),
    "iso5218": (["0", "1", "2", "9"], ["3"]),
    "latitude": (["0000000000", "1800000000"], ["1800000001"]),
    "longitude": (["3600000000"], ["3600000001"]),
    "mediatype": (["01", "80"], ["00", "79"]),
    "mi": (["59"], ["60"]),
    "nonzero": (["001"], ["000"]),
    "nozeroprefix": (["10"], ["01"]),
    "packagetype": (["BX", "APE", "8"], ["XX", "APEAT"]),
    "pcenc": (["a%20b", "%e3%81%82"], ["%2", "100%", "%zz"]),
    "pieceoftotal": (["0102", "0202"], ["0002", "0100", "0302"]),
    "posinseqslash": (["1/2", "10/10"], ["2/1", "0/1", "1/", "/1", "1-2"]),
    "ss": (["59"], ["60"]),
    "winding": (["9"], ["2"]),
    "yesno": (["0", "1"], ["2"]),
    "yymmd0": (["280229", "270200", "000229"], ["270229", "271301", "270001"]),
    "yymmdd": (["280229"], ["280200", "270229"]),
    "yyyymmdd": (["20280229", "19001231"], ["19000229", "20280200", "00000101"]),
    "zero": (["0"], ["1"]),
}


def test_every_syntax_test_has_cases() -> None:
    assert CASES.keys() == SYNTAX_TESTS.keys()


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (good, _) in CASES.items() for value in good])
def test_a_right_component_holds(name: str, value: str) -> None:
    assert SYNTAX_TESTS[name].holds(value)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (_, bad) in CASES.items() for value in bad])
def test_a_wrong_component_does_not_hold(name: str, value: str) -> None:
    assert not SYNTAX_TESTS[name].holds(value)


def test_the_check_character_pair_of_the_general_specifications_is_computed() -> None:
    assert check_pair("1987654Ad4X4bL5ttr2310c") == "2K"


def test_the_code_lists_are_whole() -> None:
    assert len(code_list("countries")) == len(code_list("countries_numeric")) == 249
    assert all(len(code) == 2 for code in code_list("countries"))
    assert all(len(code) == 3 and code.isdigit() for code in code_list("currencies_numeric"))


def test_the_table_holds_every_ai_and_its_pairings_name_known_ones() -> None:
    known = table()
    assert len(known) == 541
    for identifier in known.values():
        assert find(identifier.ai + "0") is identifier
        for pattern in [*identifier.excludes, *(p for groups in identifier.requires for g in groups for p in g)]:
            prefix = pattern.rstrip("n")
            assert any(len(ai) == len(pattern) and ai.startswith(prefix) for ai in known), pattern
        for order in identifier.qualifiers:
            assert all(ai in known for ai in order)


def test_no_ai_is_the_beginning_of_another() -> None:
    known = table()
    assert not [ai for ai in known if any(ai[:n] in known for n in range(2, len(ai)))]


@pytest.mark.parametrize(
    ("data", "ai"), [("01x", "01"), ("3105", "3105"), ("310", None), ("89", None), ("", None), ("\u0660\u0661", None)]
)
def test_an_ai_is_found_at_the_beginning_of_data(data: str, ai: str | None) -> None:
    found = find(data)
    assert (found.ai if found else None) == ai
