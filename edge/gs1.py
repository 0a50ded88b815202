"""GS1 keys and element strings: parse or raise, into frozen types whose possession proves validity.

It is not a scanner driver (faults of scanners are repaired in edge/steps/identify.py) and asks no registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, order=True)
class Gtin:
    """A Global Trade Item Number, kept as 14 digits."""

    value: str

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, order=True)
class Sscc:
    """A Serial Shipping Container Code, 18 digits."""

    value: str

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class TradeItem:
    """One item as its codes describe it. Serial and batch are case-sensitive and kept exactly."""

    gtin: Gtin
    serial: str | None = None
    batch: str | None = None
    expiry: date | None = None
    elements: Mapping[str, str] = field(default_factory=dict)  # every AI of the item, e.g. {"01": ..., "21": ...}
    sources: tuple[str, ...] = ()  # sources of the symbols that were merged
