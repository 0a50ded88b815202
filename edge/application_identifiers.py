"""The application identifiers (AI) of GS1: which there are, and what the value of each may be.

The table is edge/gs1_application_identifiers.toml. It is read at the first use, not at import. Nothing here knows how
elements are strung together: see edge/element_strings.py and edge/digital_link.py.

Source: GS1 General Specifications 3; GS1 Digital Link Standard: URI Syntax 4.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from edge.errors import CodeRefused
from edge.syntax_tests import SYNTAX_TESTS, SyntaxTest

if TYPE_CHECKING:
    from collections.abc import Mapping

# Elements whose AI begins so have a length that every reader knows: no separator follows them (section 7.8.5).
PREDEFINED_LENGTH_PREFIXES = frozenset(
    ["00", "01", "02", "03", "04", *(str(n) for n in range(11, 21)), *(str(n) for n in range(31, 37)), "41"]
)
CHARACTER_SETS: Mapping[str, tuple[str, str]] = {
    "N": (r"[0-9]+", "digits 0-9"),
    "X": (r"[!\"%-/0-9:-?A-Z_a-z]+", "characters of GS1 set 82"),
    "Y": (r"[#\-/0-9A-Z]+", "characters of GS1 set 39"),
    "Z": (r"[-0-9A-Z_a-z]+|(?=(?:.{3})+$)[-0-9A-Z_a-z]+={1,2}", "characters of file-safe base 64 with whole padding"),
}
_PART = re.compile(r"(\[?)([NXYZ])(\.\.)?([0-9]+)\]?((?: [a-z0-9]+)*)")
_SHOWN = 40  # characters of a bad value that a message quotes

Group = tuple[str, ...]  # patterns of AIs that must all be present; "31nn" is any AI of four digits beginning with 31


@dataclass(frozen=True, slots=True)
class Part:
    """One component of a value: how many characters of which set, and the syntax tests that it must pass."""

    kind: str
    minimum: int
    maximum: int
    optional: bool
    pattern: re.Pattern[str]
    tests: tuple[SyntaxTest, ...]


@dataclass(frozen=True, slots=True)
class ApplicationIdentifier:
    """One AI: its title, the parts of its value and the company that it keeps."""

    ai: str
    title: str
    parts: tuple[Part, ...]
    minimum: int  # characters of the value
    maximum: int
    predefined: bool  # its length is known to every reader, so that no separator follows
    requires: tuple[tuple[Group, ...], ...]  # every entry needs one of its groups
    excludes: tuple[str, ...]
    key: bool  # a primary key of GS1 Digital Link
    qualifiers: tuple[Group, ...]  # orders of qualifiers that may follow it in a Digital Link path
    attribute: bool  # may be a data attribute of a Digital Link

    def __str__(self) -> str:
        return f"AI {self.ai} {self.title}"

    def require(self, value: str) -> None:
        """Refuse a value that this AI may not have.

        Raises:
            CodeRefused: code_length, code_character, code_check_digit or code_content.
        """
        if not self.minimum <= len(value) <= self.maximum:
            raise CodeRefused("code_length", self._length_message(value))
        start = 0
        for part in self.parts:
            piece = value[start : start + part.maximum]
            if not piece and part.optional:
                continue
            if len(piece) < part.minimum:
                raise CodeRefused("code_length", self._length_message(value))
            if part.pattern.fullmatch(piece) is None:
                expected = CHARACTER_SETS[part.kind][1]
                raise CodeRefused("code_character", f"{self} must have {expected}, got {piece[:_SHOWN]!r}.")
            for test in part.tests:
                if not test.holds(piece):
                    code = "code_check_digit" if test is SYNTAX_TESTS["csum"] else "code_content"
                    raise CodeRefused(code, f"{self} must have {test.expectation}, got {piece[:_SHOWN]!r}.")
            start += len(piece)

    def _length_message(self, value: str) -> str:
        lengths = str(self.maximum) if self.minimum == self.maximum else f"{self.minimum} to {self.maximum}"
        if any(part.optional for part in self.parts[:-1]) or (self.parts[-1].optional and self.parts[-1].minimum > 1):
            lengths += " (in whole parts)"
        return f"{self} must have {lengths} characters, got {len(value)} in {value[:_SHOWN]!r}."


def _part(text: str) -> Part:
    match = _PART.fullmatch(text)
    if match is None:
        raise ValueError(f"A part must read like 'N6', 'X..20' or '[N2] mi', got {text!r}.")
    optional, kind, variable, length, tests = match.groups()
    minimum = 1 if variable else int(length)
    return Part(
        kind=kind,
        minimum=minimum,
        maximum=int(length),
        optional=bool(optional),
        pattern=re.compile(CHARACTER_SETS[kind][0]),
        tests=tuple(SYNTAX_TESTS[name] for name in tests.split()),
    )


def _identifier(ai: str, row: Mapping[str, Any]) -> ApplicationIdentifier:
    parts = tuple(_part(text) for text in row["parts"])
    return ApplicationIdentifier(
        ai=ai,
        title=row["title"],
        parts=parts,
        minimum=sum(part.minimum for part in parts if not part.optional),
        maximum=sum(part.maximum for part in parts),
        predefined=ai[:2] in PREDEFINED_LENGTH_PREFIXES,
        requires=tuple(tuple(tuple(g.split("+")) for g in entry.split(",")) for entry in row.get("requires", ())),
        excludes=tuple(row.get("excludes", ())),
        key="qualifiers" in row,
        qualifiers=tuple(tuple(order) for order in row.get("qualifiers", ())),
        attribute=row.get("attribute", True),
    )


@cache
def table() -> Mapping[str, ApplicationIdentifier]:
    """Every AI by its digits."""
    rows = tomllib.loads(files("edge").joinpath("gs1_application_identifiers.toml").read_text("utf-8"))["identifiers"]
    found = {}
    for span, row in rows.items():
        first, _, last = span.partition("-")
        for number in range(int(first), int(last or first) + 1):
            ai = str(number).zfill(len(first))
            found[ai] = _identifier(ai, row)
    return found


@cache
def lengths() -> Mapping[str, int]:
    """How many digits an AI has, by its first two."""
    return {ai[:2]: len(ai) for ai in table()}


def find(data: str, start: int = 0) -> ApplicationIdentifier | None:
    """The AI with which `data` goes on at `start`, or None when there is no such AI."""
    length = lengths().get(data[start : start + 2])
    return None if length is None else table().get(data[start : start + length])
