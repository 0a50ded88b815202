"""GS1 element strings: AI and value, AI and value, as scanners send them or people type them.

`parse_element_strings` reads what a scanner sends (separator 0x1D = FNC1), `parse_bracketed` what is printed for eyes,
"(01)09521234543213(21)ABC". Both answer only with messages whose every value is valid. Whether the elements of one item
go together is `pairing_faults`: it is asked when the elements of all symbols of the item are known.

Source: GS1 General Specifications 7.8 (processing of data) and 4.14 (AI relationships).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.application_identifiers import ApplicationIdentifier, Group, find, table
from edge.errors import CodeRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

SEPARATOR = "\x1d"
MAX_ELEMENTS = 64
# AIs whose value is a GS1 key with a check digit: what holds one is hardly anything else by chance.
CHECKED_KEYS = frozenset(["00", "01", "02", "03", "8003", "8006", "8017", "8018", "8026", "253", "255", "402", "414"])
_SHOWN = 40  # characters of a bad message that an error quotes
_SERIAL_IN_KEY = {"253": 13, "255": 13, "8003": 14}  # AI -> length of its value without a serial part


@dataclass(frozen=True, slots=True)
class ElementString:
    """One AI and its value, valid for that AI and kept exactly."""

    ai: str
    value: str


def parse_element_strings(data: str) -> tuple[ElementString, ...]:
    """The elements of a scanned message, in its order. One separator in front and spare ones after elements are fine.

    Raises:
        CodeRefused: code_empty, code_unknown_ai, code_length, code_character, code_check_digit, code_content,
            code_too_many or code_repeated.
    """
    start = 1 if data.startswith(SEPARATOR) else 0
    end_of_data = len(data)
    if start == end_of_data:
        raise CodeRefused("code_empty", f"A GS1 message must hold at least one element, got {data!r}.")
    elements: list[ElementString] = []
    while start < end_of_data:
        identifier = find(data, start)
        if identifier is None:
            raise _no_identifier(data, start)
        start += len(identifier.ai)
        end = data.find(SEPARATOR, start, start + identifier.maximum + 1)
        if end < 0:
            end = min(end_of_data, start + identifier.maximum)
            if not identifier.predefined and end < end_of_data:
                end += 1  # too long by at least one: told as such below
        value = data[start:end]
        identifier.require(value)
        elements.append(ElementString(identifier.ai, value))
        if len(elements) > MAX_ELEMENTS:
            raise CodeRefused("code_too_many", f"A GS1 message must hold at most {MAX_ELEMENTS} elements, got more.")
        start = end + 1 if data.startswith(SEPARATOR, end) else end
    _require_no_contradiction(elements)
    return tuple(elements)


def parse_bracketed(text: str) -> tuple[ElementString, ...]:
    r"""The elements of text with AIs in brackets. A bracket in a value is fine when no AI stands in it, or as "\(".

    Raises:
        CodeRefused: as `parse_element_strings`, and code_brackets.
    """
    if not text.startswith("("):
        raise CodeRefused("code_brackets", f"Bracketed element strings must begin with '(', got {text[:_SHOWN]!r}.")
    elements: list[ElementString] = []
    start = 0
    while start < len(text):
        identifier = _bracketed_identifier(text, start)
        if identifier is None:
            raise CodeRefused(
                "code_unknown_ai", f"A known AI in brackets must come here, got {text[start : start + _SHOWN]!r}."
            )
        value_start = start + len(identifier.ai) + 2
        start = _next_bracketed(text, value_start)
        value = text[value_start:start].replace("\\(", "(")
        identifier.require(value)
        elements.append(ElementString(identifier.ai, value))
        if len(elements) > MAX_ELEMENTS:
            raise CodeRefused("code_too_many", f"A GS1 message must hold at most {MAX_ELEMENTS} elements, got more.")
    _require_no_contradiction(elements)
    return tuple(elements)


def leading_keys(data: str) -> tuple[ElementString, ...]:
    """The checked keys among the elements of predefined length with which `data` begins, however it goes on."""
    keys: list[ElementString] = []
    start = 0
    while (identifier := find(data, start)) is not None and identifier.predefined:
        value = data[start + len(identifier.ai) :][: identifier.maximum]
        try:
            identifier.require(value)
        except CodeRefused:
            break
        if identifier.ai in CHECKED_KEYS:
            keys.append(ElementString(identifier.ai, value))
        start += len(identifier.ai) + identifier.maximum
    return tuple(keys)


def format_element_strings(elements: Mapping[str, str]) -> str:
    """The message that a scanner sends for `elements`: separators after values of variable length, none at the end."""
    known = table()
    message = "".join(
        ai + value + ("" if ai in known and known[ai].predefined else SEPARATOR) for ai, value in elements.items()
    )
    return message.removesuffix(SEPARATOR)


def pairing_faults(elements: Mapping[str, str]) -> tuple[str, ...]:
    """What is wrong with these elements of one item together, as sentences; empty when nothing is.

    `elements` holds the elements of every symbol on the item (and of its logistic unit), AI to value.
    """
    faults = []
    known = table()
    for ai in elements:
        identifier = known[ai]
        faults += [
            f"{identifier} may not go with AI {other}, got both."
            for pattern in identifier.excludes
            for other in _matching(pattern, elements)
            if other != ai
        ]
        for groups in identifier.requires:
            if not any(all(any(o != ai for o in _matching(p, elements)) for p in group) for group in groups):
                faults.append(f"{identifier} needs {_spell(groups)} on the same item, got {_spell_present(elements)}.")
    if "8030" in elements:
        faults += [
            f"AI 8030 DIGSIG needs a serial number in AI {ai}, got {elements[ai]!r}."
            for ai, bare in _SERIAL_IN_KEY.items()
            if len(elements.get(ai, "")) == bare
        ]
    return tuple(faults)


def _bracketed_identifier(text: str, start: int) -> ApplicationIdentifier | None:
    """The AI in "(...)" at `start`. Two to four digits; anything else in brackets belongs to a value."""
    end = text.find(")", start + 3, start + 6)
    if end < 0 or text[start] != "(":
        return None
    return table().get(text[start + 1 : end])


def _next_bracketed(text: str, start: int) -> int:
    """Where the next "(AI)" begins at or after `start`, or the end."""
    at = text.find("(", start)
    while at >= 0:
        if text[at - 1] != "\\" and _bracketed_identifier(text, at) is not None:
            return at
        at = text.find("(", at + 1)
    return len(text)


def _no_identifier(data: str, start: int) -> CodeRefused:
    return CodeRefused(
        "code_unknown_ai",
        f"A known AI must begin at character {start + 1}, got {data[start : start + _SHOWN]!r}.",
        hint="Set the scanner to send the symbology identifier and the group separator (0x1D).",
    )


def _require_no_contradiction(elements: list[ElementString]) -> None:
    seen: dict[str, str] = {}
    for element in elements:
        if seen.setdefault(element.ai, element.value) != element.value:
            raise CodeRefused(
                "code_repeated",
                f"AI {element.ai} must have one value in a message, got {seen[element.ai]!r} and {element.value!r}.",
            )


def _matching(pattern: str, elements: Mapping[str, str]) -> list[str]:
    """The AIs of `elements` that `pattern` names, e.g. "31nn"."""
    if pattern.isdigit():
        return [pattern] if pattern in elements else []
    prefix = pattern.rstrip("n")
    return [ai for ai in elements if len(ai) == len(pattern) and ai.startswith(prefix)]


def _spell(groups: tuple[Group, ...]) -> str:
    return " or ".join(" with ".join(f"AI {pattern}" for pattern in group) for group in groups)


def _spell_present(elements: Mapping[str, str]) -> str:
    return ", ".join(f"AI {ai}" for ai in elements)
