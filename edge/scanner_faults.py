"""Faults that scanners and keyboards do to a code on its way, and the one reading that undoes them.

A text that is valid as it came is never touched. A text that is not is taken through every known fault backwards; what
comes out counts only when a check digit or a GS1 key proves it, and only when all ways that need the fewest steps say
the same. Otherwise nothing is repaired and the fault is called ambiguous.

Not here: what the reading means (edge/steps/identify.py) and which texts are valid (edge/readings.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from edge.application_identifiers import find, table
from edge.element_strings import (
    CHECKED_KEYS,
    SEPARATOR,
    ElementString,
    leading_keys,
    pairing_faults,
    parse_element_strings,
)
from edge.errors import CodeRefused
from edge.keyboard_layouts import MEANT
from edge.readings import BARE_KEY, GS1_IDENTIFIERS, TERMINATORS, Reading, read, split_identifier

MAX_REPAIRED = 400  # characters: no label holds more, and longer texts are not worth the search
MAX_STEPS = 2
_FEWEST_DIGITS = 7  # that any number with a check digit has
_MAX_SPLITS = 2_000  # steps of the search for lost separators

# What stands where 0x1D should: its names, symbols for it, other controls, spellings of editors.
REPLACEMENTS = (
    "\u241d", "\x1e", "\x1c", "\x1b", "\x1f", "\xe8", "{GS}", "<GS>", "[GS]", "(GS)", "\\x1d", "\\x1D", "\\u001d",
    "%1D", "~d029", "\\F", "^]", "\\029", " ", "~", "^", "|", "#", "@", "$", "`", "{", "}", "\\", "[", "]", "\xa6",
)  # fmt: skip
_LEGAL_AS_DATA = ("<GS>", "%1D", "(GS)")  # these could be data: with them, two readings are possible
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xFFE5: 0x5C, 0x2019: 0x27}
_CAPS_PREFIX = re.compile(r"\](?:[Dqcjafgikl][0-9A-Za-z]|E0)")
_CAPS_LINK = re.compile(r"HTTPS?://[^a-z/]+/.*[a-z]", re.DOTALL)
_NEVER_DATA = re.compile(r"[^\x1d!\"%-/0-9:-?A-Z_a-z]")  # neither GS1 set 82 nor a separator
_BEGINNING = re.compile(r"\([0-9]|https?://", re.IGNORECASE)
_CUT_PREFIX = re.compile(r"(?:C1|d2|Q3|e0|J1|E0|E4)[0-9]")
_EAN_LENGTH = 18  # the most digits behind ]E0, an add-on included: more is DataBar with inverted case


@dataclass(frozen=True, slots=True)
class Repair:
    """The outcome of undoing faults: which were undone, the text that came out and what it says.

    When more than one reading is possible none is chosen: `ambiguous`, and `reading` holds what all of them share.
    """

    codes: tuple[str, ...]
    text: str
    reading: Reading | None
    ambiguous: bool = False


def repair(text: str, identifier: str = "", symbol_format: str = "") -> Repair | None:
    """Undo scanner faults of a text that is not valid as it came. None: no known fault explains it."""
    text = text.strip(TERMINATORS)
    if len(text) > MAX_REPAIRED or sum(map(str.isdigit, text)) < _FEWEST_DIGITS:
        return None
    ways = [Repair((), text, None)]
    for _ in range(MAX_STEPS):
        ways = [
            Repair((*way.codes, code), undone, None)
            for way in ways
            for code, undone in _undone(way.text)
            if code not in way.codes
        ]
        found = [Repair(w.codes, w.text, r) for w in ways if (r := _proven(w, identifier, symbol_format)) is not None]
        if found:
            return _only(found)
    return _with_separators(text, identifier)


def doubt(text: str) -> str | None:
    """The fault that a valid text may still have met, so that what it says besides its keys is in doubt.

    A spelling of the separator that could be data ("<GS>"), or a web address in capitals that goes on in small letters.
    """
    if any(spelling in text for spelling in _LEGAL_AS_DATA):
        return "separator_replaced"
    if _CAPS_LINK.match(split_identifier(text.strip(TERMINATORS))[1]):
        return "capslock"
    return None


def meant_serials(serial: str) -> Iterator[str]:
    """What else a serial of a valid message may have been: no grammar tells, only whoever knows the serials.

    With caps lock every letter has the other case; where the separator behind it was lost it holds what followed.
    """
    if serial.swapcase() != serial:
        yield serial.swapcase()
    for end in range(1, len(serial) - 1):
        try:
            parse_element_strings(serial[end:])
        except CodeRefused:
            continue
        yield serial[:end]


def _undone(text: str) -> Iterator[tuple[str, str]]:
    """Each fault that may have happened, with the text before it."""
    full_width = text.translate(FULL_WIDTH)
    if full_width != text:
        yield "fullwidth", full_width
    if _caps_lock(text):
        yield "capslock", text.swapcase()
    if _displaced(text):
        for code, meant in MEANT.items():
            undone = text.translate(meant)
            if any(a != b and not (a.isascii() and a.isalnum()) for a, b in zip(text, undone, strict=True)):
                yield code, undone  # y and z alone are no evidence
    if _CUT_PREFIX.match(text):
        yield "prefix_cut", "]" + text
    inner, rest = split_identifier(text)
    for spelling in REPLACEMENTS:
        if spelling in rest:
            yield "separator_replaced", inner + rest.replace(spelling, SEPARATOR)


def _displaced(text: str) -> bool:
    """Whether keys of another layout are plausible: a character that no code has, or a beginning that none has."""
    identifier, rest = split_identifier(text)
    return _NEVER_DATA.search(rest) is not None or not (identifier or rest[:1].isdigit() or _BEGINNING.match(rest))


def _caps_lock(text: str) -> bool:
    """Whether the whole text evidences inverted case: its identifier does, or it is all small letters and digits."""
    if _CAPS_PREFIX.match(text):
        return not (text.startswith("]E0") and len(text) <= _EAN_LENGTH + 3)
    return text.islower() and text.isascii()


def _proven(way: Repair, identifier: str, symbol_format: str) -> Reading | None:
    """The reading of a repaired text when a check proves it, else None."""
    try:
        reading = read(way.text, identifier, symbol_format)
    except CodeRefused:
        return None
    if not reading.checked:
        return None
    small_letters = "capslock" in way.codes and not split_identifier(way.text)[0]
    if small_letters and reading.number is None:  # an element's case cannot be known from small letters alone
        return None
    if "separator_replaced" in way.codes and (reading.number is not None or len(reading.elements) == 1):
        return None  # a separator separates something
    return reading


def _only(found: list[Repair]) -> Repair:
    first = found[0]
    if all(_said(other) == _said(first) for other in found[1:]):
        return first
    return _undecided(first.codes[0], first.text)


def _undecided(code: str, text: str) -> Repair:
    """A fault that cannot be undone for sure: only keys that stand in front, whole and checked, are believed."""
    keys = leading_keys(split_identifier(text)[1])
    return Repair((code,), text, Reading(keys, checked=bool(keys)), ambiguous=True)


def _said(way: Repair) -> object:
    reading = way.reading
    return None if reading is None else (frozenset(reading.elements), reading.number)


def _with_separators(text: str, identifier: str) -> Repair | None:
    """The text with its lost separators put back, when there is exactly one way to do so under all AI rules."""
    inner, rest = split_identifier(text)
    if (inner or identifier) not in GS1_IDENTIFIERS and not BARE_KEY.match(rest):
        return None
    search = _Splits(rest)
    search.explore(0, ())
    if len(search.found) == 1 and not search.exhausted:
        elements = search.found[0]
        known = table()
        joined = "".join(e.ai + e.value + ("" if known[e.ai].predefined else SEPARATOR) for e in elements)
        repaired = inner + joined.removesuffix(SEPARATOR)
        return Repair(("separator_lost",), repaired, Reading(elements, checked=True))
    if search.found or search.exhausted:
        return _undecided("separator_lost", text)
    return None


class _Splits:
    """The readings of a message whose separators may be missing; stops at two, or when it has looked long enough."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[tuple[ElementString, ...]] = []
        self.steps = 0

    @property
    def exhausted(self) -> bool:
        return self.steps > _MAX_SPLITS

    def explore(self, start: int, elements: tuple[ElementString, ...]) -> None:
        """Go on from `start`; `elements` have been read before it."""
        if start == len(self.text):
            self._complete(elements)
            return
        identifier = find(self.text, start)
        if identifier is None or any(identifier.ai == element.ai for element in elements):
            return
        start += len(identifier.ai)
        stop = self.text.find(SEPARATOR, start)
        last = min(start + identifier.maximum, len(self.text) if stop < 0 else stop)
        for end in range(last, start + identifier.minimum - 1, -1):
            self.steps += 1
            if self.exhausted or len(self.found) > 1:
                return
            value = self.text[start:end]
            try:
                identifier.require(value)
            except CodeRefused:
                continue
            self.explore(end + 1 if end == stop else end, (*elements, ElementString(identifier.ai, value)))

    def _complete(self, elements: tuple[ElementString, ...]) -> None:
        checked = any(element.ai in CHECKED_KEYS for element in elements)
        if checked and not pairing_faults({element.ai: element.value for element in elements}):
            self.found.append(elements)
