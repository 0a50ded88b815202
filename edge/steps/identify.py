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

from edge.captures import DecodedSymbol
from edge.element_strings import CHECKED_KEYS, pairing_faults
from edge.errors import CodeRefused
from edge.gs1 import Gtin, Sscc, TradeItem
from edge.identity import Contradiction, Identity, InputFault
from edge.keyboard_layouts import SILENT
from edge.postal import ParcelNumber
from edge.readings import GS1_IDENTIFIERS, Reading, read, split_identifier
from edge.scanner_faults import doubt, repair
from edge.syntax_tests import days_of_month

_ITEM_KEYS = ("01", "03", "8006", "02", "8026")  # AIs whose first 14 digits are the GTIN of an item, best first
_OWN_KEYS = frozenset(["01", "03", "8006"])
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
    order: int  # of the first symbol that tells of it
    of_content: bool = False  # told by the label of a box (AI 02), not by the item itself
    elements: dict[str, str] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)  # AI -> source that gave it
    sources: list[str] = field(default_factory=list)

    def agrees(self, elements: dict[str, str]) -> bool:
        """Whether no element has another value here."""
        return all(self.elements.get(ai, value) == value for ai, value in elements.items())


@dataclass(frozen=True, slots=True)
class _Said:
    """What one symbol says, once read or repaired."""

    elements: dict[str, str]
    source: str
    two_dimensional: bool
    order: int  # of arrival

    @property
    def gtin(self) -> str | None:
        return next((self.elements[ai][:14] for ai in _ITEM_KEYS if ai in self.elements), None)

    @property
    def of_content(self) -> bool:
        return not self.elements.keys() & _OWN_KEYS

    @property
    def from_picture(self) -> bool:
        return self.source.startswith("capture:")


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
            said.append(_Said(elements, symbol.source, _carries_elements(symbol), len(said)))
        else:
            unparsed[symbol.text] = None
    items, contradictions, unattached = _merged(said)
    return Identity(
        items=tuple(_trade_item(item) for item in items),
        sscc=tuple(dict.fromkeys(Sscc(s.elements["00"]) for s in said if "00" in s.elements)),
        parcel_numbers=tuple(numbers.values()),
        unparsed=tuple(unparsed),
        faults=(*faults, *unattached, *_pairings(items, said)),
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
        return repaired.reading, [_repaired(symbol, repaired.text, code) for code in repaired.codes]
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


def _repaired(symbol: DecodedSymbol, text: str, code: str) -> InputFault:
    silent = SILENT.get(code, "")
    lost = f" Keys that type nothing there would be missing: {' '.join(silent)}" if silent else ""
    message = f"A code must arrive as it was printed, got {_shown(symbol.text)}, read as {_shown(text)}.{lost}"
    return InputFault(code, symbol.text, text, message, symbol.source)


def _shown(text: str) -> str:
    return repr(text if len(text) <= _KEPT_CHARACTERS else text[:_KEPT_CHARACTERS] + "…")


# --- All symbols ----------------------------------------------------------------------------------------------------


def _merged(said: list[_Said]) -> tuple[list[_Item], list[Contradiction], list[InputFault]]:
    """Items with all that belongs to them, what contradicts, and elements that belong to no single item."""
    contradictions: dict[tuple[str, str], Contradiction] = {}
    items: list[_Item] = []
    faults: list[InputFault] = []
    for one in sorted((one for one in said if one.gtin is not None), key=_founders_first):
        homes = _homes(items, one)
        if one.of_content and any(not item.of_content and item.gtin == one.gtin for item in items):
            continue  # the label of a box tells of what is in hand already
        if not homes:
            homes = [_Item(str(one.gtin), one.order, one.of_content)]
            items += homes
        if len(homes) == 1:
            _add(homes[0], one, contradictions)
        elif one.elements.keys() != {"01"}:
            faults.append(_unattached(one, len(homes)))
    for one in sorted((o for o in said if o.gtin is None and not _belongs_to_parcel(o)), key=_founders_first):
        homes = items if len(items) == 1 else _nearest(items, one)
        if len(homes) == 1:
            _add(homes[0], one, contradictions)
        else:
            faults.append(_unattached(one, len(items)))
    return sorted(items, key=lambda item: item.order), list(contradictions.values()), faults


def _founders_first(one: _Said) -> tuple[object, ...]:
    """Serial numbers first, then batches, labels of boxes last: what names an item best founds it, whenever it came."""
    unnamed = "21" not in one.elements, "10" not in one.elements
    return (one.of_content, *unnamed, -len(one.elements), sorted(one.elements.items()), one.source)


def _homes(items: list[_Item], one: _Said) -> list[_Item]:
    """The items that a symbol with a GTIN may speak of; none when it speaks of a new one."""
    same = [item for item in items if item.gtin == one.gtin and item.of_content == one.of_content]
    serial, batch = one.elements.get("21"), one.elements.get("10")
    if serial is not None:
        return [item for item in same if item.elements.get("21") == serial]
    if batch is not None and all(item.elements.get("10", batch) != batch for item in same):
        return [item for item in same if one.source in item.sources and one.from_picture]  # else another unit's batch
    return _nearest(same, one) or same


def _nearest(items: list[_Item], one: _Said) -> list[_Item]:
    """Of the items that do not disagree: one that says the same already, else those of the same picture, else all."""
    agreeing = [item for item in items if item.agrees(one.elements)]
    saying = [item for item in agreeing if one.elements.keys() <= item.elements.keys()]
    near = [item for item in agreeing if one.from_picture and one.source in item.sources]
    if len(saying) == 1 or (saying and one.gtin is None):
        return saying[:1]
    return near if len(near) == 1 else agreeing


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
    item.order = min(item.order, one.order)
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


def _pairings(items: list[_Item], said: list[_Said]) -> list[InputFault]:
    """Elements that may not stand together, item by item and label by label.

    What an element requires may stand on the label of the logistic unit, so its SSCC counts everywhere.
    """
    unit = next((one.elements["00"] for one in said if "00" in one.elements), None)
    shared = {} if unit is None else {"00": unit}
    groups = [(item.gtin, ", ".join(item.sources), item.elements) for item in items]
    groups += [
        (", ".join(f"({ai}){value}" for ai, value in one.elements.items()), one.source, one.elements)
        for one in said
        if one.gtin is None and _belongs_to_parcel(one)
    ]
    return [
        InputFault("pairing", raw, None, message, sources)
        for raw, sources, elements in groups
        for message in pairing_faults(shared | elements)
    ]


def _contradicting_gtins(said: list[_Said]) -> list[Contradiction]:
    """A picture whose EAN says one product and whose element strings say another, each said nowhere else.

    Two products lying side by side in one picture look the same: the contradiction asks for a look, no more.
    """
    found = []
    for source in dict.fromkeys(one.source for one in said if one.from_picture):
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
