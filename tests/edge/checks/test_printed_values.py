"""What a printed line says of a code's elements: labels, dates, ambiguity, and what is no difference."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.captures import Box
from edge.checks.printed_values import Standing, folded, held
from edge.comparison import PrintedLine

CODE = {"serial": "7K2PQ04X9B31", "batch": "K26017", "expiry": "281128", "gtin": "09521104001300"}
BOX = Box(0, 0, 100, 20)


def line(text: str, again: str | None = "", doubtful: str = "") -> PrintedLine:
    """A line read surely in both looks, but for the characters in `doubtful`; `again` None: one look only."""
    sure = tuple(0.4 if letter in doubtful else 0.999 for letter in text)
    second = text if again == "" else again
    return PrintedLine(text, sure, BOX, 20.0, second, tuple(0.999 for _ in second or ""))


def standings(
    one: PrintedLine, expected: Mapping[str, str] = CODE, known: frozenset[str] = frozenset()
) -> dict[str, str]:
    return {found.element: found.standing.value for found in held(one, 0, expected, 0.9, known)}


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("SN 7K2PQ04X9B31", "serial"),
        ("SN7K2PQ04X9B31", "serial"),
        ("S/N: 7K2PQ04X9B31", "serial"),
        ("(21)7K2PQ04X9B31", "serial"),
        ("7K2PQ04X9B31", "serial"),
        ("製造番号 7K2PQ04X9B31", "serial"),
        ("シリアル番号：７Ｋ２ＰＱ０４Ｘ９Ｂ３１", "serial"),
        ("5N 7K2PQO4X9B3I", "serial"),
        ("7K2P Q04X 9B31", "serial"),
        ("LOT K26017", "batch"),
        ("L0T:K26017", "batch"),
        ("ロット番号 K26017", "batch"),
        ("Batch No. K26017", "batch"),
        ("GTIN 09521104001300", "gtin"),
        ("9 521104 001300", "gtin"),
        ("(01)09521104001300", "gtin"),
        ("EXP 2028-11", "expiry"),
        ("EXP 2028-11-28", "expiry"),
        ("EXP 11/2028", "expiry"),
        ("EXP 28.11.2028", "expiry"),
        ("EXP 11/28/2028", "expiry"),
        ("EXP 28 NOV 2028", "expiry"),
        ("EXPIRY DATE NOV 2028", "expiry"),
        ("USE BY 28NOV28", "expiry"),
        ("(17)281128", "expiry"),
        ("使用期限 2028年11月", "expiry"),
        ("使用期限:2028年11月28日", "expiry"),
        ("賞味期限 28.11.28", "expiry"),
        ("有効期限 2028/11", "expiry"),
    ],
)
def test_print_that_says_what_the_code_says_agrees(text: str, element: str) -> None:
    assert standings(line(text))[element] == "agrees"


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("SN 7K2PQ04X9B37", "serial"),
        ("SN7K2PQ04X9B37", "serial"),
        ("SN 9Z9ZZ77X5555", "serial"),
        ("7K2PQ84X9B37", "serial"),
        ("LOT K26016", "batch"),
        ("ロット K29017", "batch"),
        ("GTIN 09521104001317", "gtin"),
        ("EXP 2029-11", "expiry"),
        ("(17)291128", "expiry"),
        ("使用期限 2028年12月28日", "expiry"),
        ("EXP JAN 2029", "expiry"),
    ],
)
def test_print_that_surely_says_something_else_differs(text: str, element: str) -> None:
    assert standings(line(text))[element] == "differs"
    assert standings(line(text, again=None))[element] == "doubtful"


@pytest.mark.parametrize(
    "text",
    [
        "SN 7K2PQO4X9B3I",  # O and 0, I and 1
        "SN 7k2pq04x9b31",  # case
        "LOT K26O17",
        "EXP 2O28-11",
    ],
)
def test_what_a_reader_confuses_by_its_nature_makes_no_difference(text: str) -> None:
    assert set(standings(line(text)).values()) == {"agrees"}


@pytest.mark.parametrize(
    "text",
    [
        "SN 7K2PQ04X9B",  # cut
        "SN 7K2PQ04X9B311",
        "SNAPDRAGONS!",
        "GTIN 0952110/001300",  # a stroke in place of a digit
        "Stridari Sport S.p.A.",
        "高級抹茶 40 g",
        "LOTUS FLOWER",
        "MFG 2025-11",
        "使用推奨期限は本体に記載",
        "EXP see below",
        "",
    ],
)
def test_other_print_says_nothing(text: str) -> None:
    assert standings(line(text)) == {}


def test_a_character_that_is_not_sure_is_no_difference() -> None:
    assert standings(line("SN 7K2PQ04X9B37", doubtful="7")) == {"serial": "doubtful"}
    assert standings(line("EXP 2029-11", doubtful="9")) == {"expiry": "doubtful"}


def test_a_second_look_that_reads_otherwise_leaves_a_doubt() -> None:
    assert standings(line("SN 7K2PQ04X9B37", again="SN 7K2PQ04X9B31")) == {"serial": "doubtful"}
    assert standings(line("EXP 2029-11", again="EXP 2028-11")) == {"expiry": "doubtful"}


def test_a_number_that_breaks_its_check_digit_was_misread() -> None:
    assert standings(line("GTIN 09521104001317")) == {"gtin": "differs"}
    assert standings(line("GTIN 09521104001318")) == {"gtin": "doubtful"}


def test_a_neighbours_serial_is_no_difference() -> None:
    beside = line("SN 7K2PQ04X9C77")
    assert standings(beside) == {"serial": "differs"}
    assert standings(beside, known=frozenset({folded("7K2PQ04X9C77")})) == {}


def test_day_zero_means_the_month() -> None:
    assert standings(line("EXP 2028-11-30"), {"expiry": "281100"}) == {"expiry": "agrees"}


def test_two_elements_on_one_line_are_told_apart() -> None:
    found = standings(line("(01)09521104001300(10)K26018"))
    assert (found["gtin"], found["batch"]) == ("agrees", "differs")


def test_what_is_shown_is_what_was_read() -> None:
    (found,) = held(line("SN 7K2PQO4X9B37"), 3, CODE, 0.9, frozenset())
    assert (found.read, found.line) == ("7K2PQO4X9B37", 3)


@given(st.text(max_size=40))
def test_any_line_is_taken(text: str) -> None:
    for found in held(line(text), 0, CODE, 0.9, frozenset()):
        assert found.standing in Standing


@given(st.text("0123456789ABCDEFGHJKMNPRSTUVWXYZ", min_size=6, max_size=16))
def test_a_serial_printed_as_coded_always_agrees(serial: str) -> None:
    for text in (f"SN {serial}", f"(21){serial}", serial):
        assert standings(line(text), {"serial": serial})["serial"] == "agrees"
