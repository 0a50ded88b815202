"""What the codes of an inspection say, merged, and what of it was faulty or contradicts itself. Judges nothing."""

from __future__ import annotations

from dataclasses import dataclass

from edge.gs1 import Sscc, TradeItem
from edge.postal import ParcelNumber

SHARED = frozenset({"AWB", "ISO6346"})  # schemes of numbers that many parcels travel under


@dataclass(frozen=True, slots=True)
class InputFault:
    """A scanner fault or invalid data, told exactly. `repaired` is None when it could not be repaired."""

    # "capslock", "layout_jis_us", "layout_us_jis", "layout_us_de", "layout_de_us", "fullwidth", "separator_lost",
    # "separator_replaced", "prefix_cut"; these with "_ambiguous"; "number_ambiguous", "unattached_ambiguous",
    # "unattached", "pairing", "invalid"
    code: str
    raw: str
    repaired: str | None
    message: str  # value, expectation, what came
    source: str


@dataclass(frozen=True, slots=True)
class Identity:
    """All that the symbols of one inspection say, merged. Elements of one item may come from several symbols."""

    items: tuple[TradeItem, ...] = ()
    sscc: tuple[Sscc, ...] = ()
    parcel_numbers: tuple[ParcelNumber, ...] = ()  # S10, AWB, ISO 6346, carrier numbers
    unparsed: tuple[str, ...] = ()  # codes that follow no known grammar
    faults: tuple[InputFault, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()

    @property
    def item_keys(self) -> tuple[str, ...]:
        """Keys under which serialised items are remembered: `sgtin:<GTIN>:<serial>`."""
        return tuple(key for key in map(item_key, self.items) if key)

    @property
    def own_keys(self) -> tuple[str, ...]:
        """Of `parcel_keys` those that name this parcel alone, and no consolidation or container that it came in."""
        return tuple(key for key in self.parcel_keys if key.partition(":")[0] not in SHARED)

    @property
    def parcel_keys(self) -> tuple[str, ...]:
        """Keys under which the parcel is remembered: `<scheme>:<number>`."""
        numbers = tuple(f"{number.scheme}:{number.value}" for number in self.parcel_numbers)
        return numbers + tuple(f"SSCC:{sscc}" for sscc in self.sscc)


def bare_numbers(item: TradeItem) -> tuple[str, ...]:
    """An item that is a GTIN and nothing more, as it may be printed: a house waybill of digits alone looks so."""
    if item.serial is not None or item.batch is not None or item.expiry is not None or len(item.elements) > 1:
        return ()
    digits = str(item.gtin).lstrip("0")
    return tuple(digits.zfill(length) for length in (8, 12, 13, 14) if length >= len(digits))


def item_key(item: TradeItem) -> str:
    """The key of one serialised item; "" without a serial number."""
    return f"sgtin:{item.gtin}:{item.serial}" if item.serial is not None else ""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two symbols of one item that cannot both be true."""

    element: str  # what they disagree on: "gtin", "serial", "batch", "expiry", or "AI nnn"
    values: tuple[str, ...]
    sources: tuple[str, ...]
