"""The types of cells of a registry source, as docs/registry-sources.md names them: each takes a value or refuses it.

A reader gets the text of a CSV cell or a value of JSON, and returns what the build stores. Nothing is corrected.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from edge.condition import ConditionError, require_condition
from edge.messages import catalogue
from edge.serial_rule import require_rule

if TYPE_CHECKING:
    from collections.abc import Callable

Cell: TypeAlias = Any  # a given or a checked value: str, int, float, bool, a day as text, list, mapping

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SET_82 = re.compile(r"[!\"%-?A-Z_a-z]{1,20}")  # GS1 General Specifications, AI encodable character set 82
_DECIMAL = re.compile(r"[0-9]{1,6}(\.[0-9]{1,4})?")
_LONGEST_MM = 10_000  # ten metres: no package is larger
_LONGEST_RULE = 200
_MAX_INTEGER = 2**53 - 1  # canonical JSON (RFC 8785) carries no larger one


class CellRefused(ValueError):  # noqa: N818 - a refusal, not a fault
    """A value that a column does not take. The message says what was expected and what came."""


def refuse(value: object, expected: str, came: str) -> CellRefused:
    """A refusal that tells value, expectation and what came."""
    return CellRefused(f"{value!r}: expected {expected}, got {came}.")


def text(value: Cell) -> str:
    """Any text without control characters, kept exactly.

    Raises:
        CellRefused: it is no text, has control characters or spaces at its ends.
    """
    words = _scalar(value, "text")
    if _CONTROL.search(words):
        raise refuse(words, "text without control characters in UTF-8", "one with them")
    if words != words.strip():
        raise refuse(words, "text without spaces at its ends", "one with them")
    return words


def prose(value: Cell) -> str:
    """Sentences for a person: text that may have line breaks.

    Raises:
        CellRefused: it is no text or has other control characters.
    """
    words = _scalar(value, "text")
    if _CONTROL_BUT_LINES.search(words):
        raise refuse(words, "text without control characters in UTF-8", "one with them")
    return words


def _scalar(value: Cell, expected: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    raise refuse(value, expected, f"a {type(value).__name__}")


def gtin(value: Cell) -> str:
    """A GTIN-8, -12, -13 or -14, as 14 digits.

    Raises:
        CellRefused: wrong length, other characters or a wrong check digit.
    """
    return _gtin(_scalar(value, "a GTIN"))


@lru_cache(maxsize=1_024)  # tables of serials repeat one GTIN many times
def _gtin(digits: str) -> str:
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in {8, 12, 13, 14}:
        raise refuse(digits, "a GTIN of 8, 12, 13 or 14 digits", f"{len(digits)} characters")
    padded = digits.zfill(14)
    places = padded.encode()
    # GS1 General Specifications, 7.9: weights 3, 1, 3, ... from the left of 13 digits. Bytes are summed as they are and
    # 27 times the code of "0" is taken off, because tables of serials hold millions of GTINs.
    total = 3 * sum(places[0:13:2]) + sum(places[1:13:2]) - 27 * ord("0")
    check = -total % 10
    if int(padded[13]) != check:
        raise refuse(digits, f"the check digit {check}", padded[13])
    return padded


def integer(value: Cell) -> int:
    """Decimal digits, below 2^53.

    Raises:
        CellRefused: anything else.
    """
    digits = _scalar(value, "decimal digits")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(_MAX_INTEGER)):
        raise refuse(digits, "decimal digits below 2^53", f"{len(digits)} characters")
    number = int(digits)
    if number > _MAX_INTEGER:
        raise refuse(digits, "decimal digits below 2^53", "a larger number")
    return number


def millimetres(value: Cell) -> float:
    """A length in millimetres, 0 to 10,000.

    Raises:
        CellRefused: anything else.
    """
    digits = _scalar(value, "millimetres")
    if not _DECIMAL.fullmatch(digits):
        raise refuse(digits, "millimetres as a decimal number with a point", digits)
    length = float(digits)
    if length > _LONGEST_MM:
        raise refuse(digits, f"0 to {_LONGEST_MM} millimetres", digits)
    return length


def day(value: Cell) -> str:
    """A day as YYYY-MM-DD.

    Raises:
        CellRefused: another form or no such day.
    """
    words = _scalar(value, "a day as YYYY-MM-DD")
    try:
        parsed = date.fromisoformat(words)
    except ValueError:
        parsed = None
    if parsed is None or parsed.isoformat() != words:  # fromisoformat also takes weeks and days without hyphens
        raise refuse(words, "a day as YYYY-MM-DD", words)
    return words


def yes_no(value: Cell) -> bool:
    """`yes` or `no`.

    Raises:
        CellRefused: anything else.
    """
    words = _scalar(value, "yes or no")
    if words not in {"yes", "no"}:
        raise refuse(words, "yes or no", words)
    return words == "yes"


def list_of(read: Callable[[Any], Cell]) -> Callable[[Any], list[Cell]]:
    """A list whose every value `read` takes: separated by | in CSV, an array in JSON lines."""

    def read_list(value: Cell) -> list[Cell]:
        parts = value if isinstance(value, list) else _scalar(value, "a list").split("|")
        if "" in parts:
            raise refuse(value, "a list without empty values", "one with them")
        return [read(part) for part in parts]

    return read_list


def pattern(regex: str, expected: str) -> Callable[[Any], str]:
    """A text that matches `regex` whole."""
    compiled = re.compile(regex, re.ASCII)

    def read_pattern(value: Cell) -> str:
        words = _scalar(value, expected)
        if not compiled.fullmatch(words):
            raise refuse(words, expected, words)
        return words

    return read_pattern


def one_of(*names: str) -> Callable[[Any], str]:
    """One of `names`."""
    listed = ", ".join(names[:-1]) + " or " + names[-1]

    def read_name(value: Cell) -> str:
        words = _scalar(value, listed)
        if words not in names:
            raise refuse(words, listed, words)
        return words

    return read_name


def serial(value: Cell) -> str:
    """AI 21: 1 to 20 characters of GS1's character set 82, case kept.

    Raises:
        CellRefused: longer or other characters.
    """
    words = _scalar(value, "a serial")
    if not _SET_82.fullmatch(words):
        raise refuse(words, "1 to 20 characters of GS1 character set 82", f"{len(words)} characters")
    return words


def condition(value: Cell) -> str:
    """A bulletin's condition (edge/condition.py).

    Raises:
        CellRefused: it is none, or asks for a finding that no box makes.
    """
    words = text(value)
    try:
        asked = require_condition(words)
    except ConditionError as error:
        raise CellRefused(f"{words!r}: {error}.") from None
    unknown = sorted(code for code in asked if code not in catalogue() or not catalogue()[code].cause)
    if unknown:
        raise refuse(words, "the codes of docs/findings.md", unknown[0])
    return words


def regular_expression(value: Cell) -> str:
    """A regular expression of at most 200 characters.

    Raises:
        CellRefused: it does not compile or is longer.
    """
    words = text(value)
    if len(words) > _LONGEST_RULE:
        raise refuse(words, f"at most {_LONGEST_RULE} characters", str(len(words)))
    try:
        require_rule(words)
    except ValueError as error:
        raise refuse(words, "a regular expression of RE2", str(error)) from None
    return words


country = pattern("[A-Z]{2}", "an ISO 3166-1 alpha-2 country")
currency = pattern("[A-Z]{3}", "an ISO 4217 currency")
prefix = pattern("[0-9]{4,12}", "4 to 12 leading digits of a GTIN-13")
