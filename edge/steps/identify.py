"""Identify: what the codes of one inspection say, merged. Pure: no clock, no registry, no pixels.

1. Every symbol is read by itself; one that is not valid is repaired when exactly one repair is possible.
2. Symbols that say the same are one. Symbols with a GTIN are items, kept apart by GTIN and serial number.
3. Elements without a GTIN (a label that carries only batch and serial) join the one item that they can belong to.
4. Elements that the whole item then still breaks rules with (AI pairings) are faults of the input.

What contradicts is reported with all values and never settled here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from edge.element_strings import CHECKED_KEYS, pairing_faults
from edge.errors import CodeRefused
from edge.gs1 import Gtin, Sscc, TradeItem
from edge.inspection import Contradiction, DecodedSymbol, Identity, InputFault
from edge.postal import ParcelNumber
from edge.readings import GS1_IDENTIFIERS, Reading, read, split_identifier
from edge.scanner_faults import doubt, repair
from edge.syntax_tests import days_of_month

_ITEM_KEYS = ("01", "03", "8006", "02", "8026")  # AIs whose first 14 digits are the GTIN of an item, best first
_NAMES = {"21": "serial", "10": "batch", "17": "expiry"}
_KEPT_CHARACTERS = 200  # of a raw code, in messages
# GS1 reads two-digit years from 49 years back to 50 on. There is no clock here: 2026 stands for now, which
# is wrong only for dates before 1977 and after 2076.
_CENTURY = 2000
_OLD_CENTURY_FROM = 77


@dataclass(slots=True)
class _Item:
    """An item while its symbols are gathered."""

    gtin: str
    elements: dict[str, str] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)  # AI -> source that gave it
    sources: list[str] = field(default_factory=list)

    def agrees(self, elements: dict[str, str]) -> bool:
        return all(self.elements.get(ai, value) == value for ai, value in elements.items())


@dataclass(frozen=True, slots=True)
class _Said:
    """What one symbol says, once read or repaired."""

    elements: dict[str, str]
    source: str
    two_dimensional: bool

    @property
    def gtin(self) -> str | None:
        return next((self.elements[ai][:14] for ai in _ITEM_KEYS if ai in self.elements), None)


def identify(symbols: Sequence[DecodedSymbol]) -> Identity:
    """What `symbols` say together. Never raises for what a code holds: faults are part of the answer."""
    said: list[_Said] = []
    numbers: dict[tuple[str, str], ParcelNumber] = {}
    unparsed: dict[str, None] = {}
    faults: list[InputFault] = []
    for symbol in _distinct(symbols):
        reading, found = _reading(symbol)
        faults += found
        if reading is None or (reading.foreign and found):
            continue
        if reading.number is not None:
            number = ParcelNumber(reading.number.scheme, reading.number.value, symbol.source)
            numbers.setdefault((number.scheme, number.value), number)
        elif reading.elements:
            elements = {element.ai: element.value for element in reading.elements}
            said.append(_Said(elements, symbol.source, two_dimensional=_carries_elements(symbol)))
        else:
            unparsed[symbol.text] = None
    items, contradictions, unattached = _merged(said)
    shared = _shared(said)
    return Identity(
        items=tuple(_trade_item(item) for item in items),
        sscc=tuple(dict.fromkeys(Sscc(s.elements["00"]) for s in said if "00" in s.elements)),
        parcel_numbers=tuple(numbers.values()),
        unparsed=tuple(unparsed),
        faults=(*faults, *unattached, *_pairings(items, shared)),
        contradictions=(*contradictions, *_contradicting_gtins(said)),
    )


# --- One symbol -----------------------------------------------------------------------------------------------------


def _distinct(symbols: Iterable[DecodedSymbol]) -> Iterable[DecodedSymbol]:
    """The symbols without repetitions of the same text from the same kind of source."""
    return {(s.text, s.symbology, s.format, s.source): s for s in symbols}.values()


def _carries_elements(symbol: DecodedSymbol) -> bool:
    return symbol.symbology in GS1_IDENTIFIERS or split_identifier(symbol.text)[0] in GS1_IDENTIFIERS


def _reading(symbol: DecodedSymbol) -> tuple[Reading | None, list[InputFault]]:
    """The reading of one symbol, None when there is none, and the faults that were met."""
    refused: CodeRefused | None = None
    try:
        reading = read(symbol.text, symbol.symbology, symbol.format)
    except CodeRefused as error:
        refused = error
    else:
        if not reading.foreign:
            return _doubted(symbol, reading)
    repaired = repair(symbol.text, symbol.symbology, symbol.format)
    if repaired is not None and repaired.ambiguous:
        return repaired.reading, [_ambiguous(symbol, repaired.codes[0])]
    if repaired is not None:
        return repaired.reading, [
            InputFault(code, symbol.text, repaired.text, _repaired_message(symbol.text, repaired.text), symbol.source)
            for code in repaired.codes
        ]
    if refused is None:
        return Reading(), []
    code = "number_ambiguous" if refused.code == "code_ambiguous_number" else "invalid"
    return None, [InputFault(code, symbol.text, None, refused.message, symbol.source)]


def _doubted(symbol: DecodedSymbol, reading: Reading) -> tuple[Reading, list[InputFault]]:
    """A valid reading; when a fault may hide in it, only its checked keys are believed."""
    code = doubt(symbol.text) if len(reading.elements) > 1 else None
    if code is None:
        return reading, []
    keys = tuple(element for element in reading.elements if element.ai in CHECKED_KEYS)
    return Reading(keys, checked=reading.checked), [_ambiguous(symbol, code)]


def _ambiguous(symbol: DecodedSymbol, code: str) -> InputFault:
    message = f"A damaged code must have one reading to be repaired, got several for {_shown(symbol.text)}."
    return InputFault(f"{code}_ambiguous", symbol.text, None, message, symbol.source)


def _repaired_message(raw: str, repaired: str) -> str:
    return f"A code must arrive as it was printed, got {_shown(raw)}, read as {_shown(repaired)}."


def _shown(text: str) -> str:
    return repr(text if len(text) <= _KEPT_CHARACTERS else text[:_KEPT_CHARACTERS] + "…")


# --- All symbols ----------------------------------------------------------------------------------------------------


def _merged(said: list[_Said]) -> tuple[list[_Item], list[Contradiction], list[InputFault]]:
    """Items with all that belongs to them, what contradicts, and elements that belong to no single item."""
    contradictions: dict[tuple[str, str], Contradiction] = {}
    items: list[_Item] = []
    keyed = [s for s in said if s.gtin is not None]
    # Serial numbers first, then batches, then the rest: what names an item best founds it.
    for one in sorted(keyed, key=lambda s: ("21" not in s.elements, "10" not in s.elements, len(s.elements) == 1)):
        _add(_home(items, one) or _founded(items, one), one, contradictions)
    faults = []
    for one in said:
        if one.gtin is None and not _belongs_to_parcel(one):
            homes = _orphan_homes(items, one)
            if len(homes) == 1:
                _add(homes[0], one, contradictions)
            else:
                faults.append(_unattached(one, len(items)))
    return items, list(contradictions.values()), faults


def _home(items: list[_Item], one: _Said) -> _Item | None:
    """The item that a symbol with a GTIN speaks of, None when it speaks of a new one."""
    same = [item for item in items if item.gtin == one.gtin]
    serial, batch = one.elements.get("21"), one.elements.get("10")
    if serial is not None:
        return next((item for item in same if item.elements.get("21") == serial), None)
    if batch is not None:
        same = [item for item in same if item.elements.get("10", batch) == batch]
        exact = [item for item in same if "10" in item.elements]
        return exact[0] if exact else (same[0] if len(same) == 1 else None)
    if len(same) > 1:
        return next((item for item in same if item.agrees(one.elements)), None)
    return same[0] if same else None


def _founded(items: list[_Item], one: _Said) -> _Item:
    gtin = one.gtin
    assert gtin is not None  # noqa: S101 - callers ask for symbols with a GTIN only
    items.append(_Item(gtin))
    return items[-1]


def _orphan_homes(items: list[_Item], one: _Said) -> list[_Item]:
    """The items that elements without a GTIN may belong to: the agreeing ones, of the same picture where that helps."""
    if len(items) == 1:
        return items
    agreeing = [item for item in items if item.agrees(one.elements)]
    saying = [item for item in agreeing if all(ai in item.elements for ai in one.elements)]
    near = [item for item in agreeing if one.source.startswith("capture:") and one.source in item.sources]
    return saying[:1] or (near if len(near) == 1 else agreeing)


def _add(item: _Item, one: _Said, contradictions: dict[tuple[str, str], Contradiction]) -> None:
    for ai, value in one.elements.items():
        known = item.elements.setdefault(ai, value)
        if known == value:
            item.origin.setdefault(ai, one.source)
            continue
        seen = contradictions.get((item.gtin, ai))
        values, sources = (seen.values, seen.sources) if seen else ((known,), (item.origin[ai],))
        contradictions[item.gtin, ai] = Contradiction(
            _NAMES.get(ai, f"AI {ai}"), tuple(dict.fromkeys((*values, value))), (*sources, one.source)
        )
    if one.source not in item.sources:
        item.sources.append(one.source)


def _belongs_to_parcel(one: _Said) -> bool:
    """Whether the elements speak of a logistic unit, a place, an asset or a person, not of a trade item."""
    return any(ai in CHECKED_KEYS or ai[:2] in {"40", "41", "42", "43"} for ai in one.elements)


def _unattached(one: _Said, items: int) -> InputFault:
    listed = ", ".join(f"({ai}){value}" for ai, value in one.elements.items())
    return InputFault(
        "unattached_ambiguous" if items else "unattached",
        listed,
        None,
        f"Elements without a product number must be scanned with one item, got {listed} with {items or 'no'} items.",
        one.source,
    )


def _shared(said: list[_Said]) -> dict[str, str]:
    """Elements of the logistic unit: they may meet what an item's elements require."""
    unit = next((one.elements["00"] for one in said if "00" in one.elements), None)
    return {} if unit is None else {"00": unit}


def _pairings(items: list[_Item], shared: dict[str, str]) -> list[InputFault]:
    return [
        InputFault("pairing", item.gtin, None, message, ", ".join(item.sources))
        for item in items
        for message in pairing_faults(shared | item.elements)
    ]


def _contradicting_gtins(said: list[_Said]) -> list[Contradiction]:
    """A picture whose EAN says one product and whose element strings say another, each said nowhere else.

    Two products lying side by side in one picture look the same: the contradiction asks for a look, no more.
    """
    found = []
    for source in dict.fromkeys(one.source for one in said if one.source.startswith("capture:")):
        here = [one for one in said if one.source == source and one.gtin is not None]
        linear = {one.gtin: one for one in here if one.elements.keys() == {"01"} and not one.two_dimensional}
        carrying = {one.gtin: one for one in here if one.elements.keys() != {"01"} or one.two_dimensional}
        if len(linear) == 1 and len(carrying) == 1 and linear.keys() != carrying.keys():
            values = (*linear, *carrying)
            if not _same_unit(*(str(v) for v in values)) and not any(
                one.gtin in values and one.source != source for one in said
            ):
                found.append(Contradiction("gtin", tuple(str(v) for v in values), (source, source)))
    return found


def _same_unit(one: str, other: str) -> bool:
    """Whether two GTINs differ in the indicator only: a unit and the carton it came in."""
    return one[1:13] == other[1:13]


# --- The item -------------------------------------------------------------------------------------------------------


def _trade_item(item: _Item) -> TradeItem:
    elements = item.elements
    expiry = elements.get("17") or elements.get("7003", "")[:6]
    return TradeItem(
        gtin=Gtin(item.gtin),
        serial=elements.get("21"),
        batch=elements.get("10"),
        expiry=_date(expiry) if expiry else None,
        elements=dict(elements),
        sources=tuple(item.sources),
    )


def _date(yymmdd: str) -> date:
    """The day of a valid YYMMDD; day 00 is the last of the month (GS1 General Specifications 3.4.7)."""
    yy, month, day = int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])
    year = yy + (_CENTURY if yy < _OLD_CENTURY_FROM else _CENTURY - 100)
    return date(year, month, day or days_of_month(yy, month))
