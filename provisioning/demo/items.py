"""The single items of the demo: which serial, batch and expiry each one carries, and which serials are registered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from provisioning.demo.sheet import Marking

# product, name of the item: (serial, batch)
_ITEMS: dict[tuple[str, str], tuple[str, str]] = {
    ("serum", "sample"): ("MZ00400001", "A2607"),
    ("serum", "first"): ("MZ00418823", "A2611"),
    ("serum", "second"): ("MZ00418907", "A2611"),
    ("serum", "third"): ("MZ00419114", "A2612"),
    ("toner", "sample"): ("IK204800A", "L26B4"),
    ("toner", "first"): ("IK204871C", "L26B4"),
    ("toner", "revoked"): ("IK118204X", "L24K1"),
    ("medicine", "sample"): ("7K2PQ04X9B30", "K26017"),
    ("medicine", "first"): ("7K2PQ04X9B31", "K26017"),
    ("medicine", "second"): ("7K2PQ04X9C77", "K26018"),
    ("medicine", "third"): ("7K2PQ0AAB3F1", "K26018"),
    ("medicine", "unknown"): ("9Z9ZZ04X0000", "K26011"),
    ("watch", "sample"): ("T2047001", ""),
    ("watch", "first"): ("T2047718", ""),
    ("earphones", "sample"): ("SV260400001", "P2604"),
    ("earphones", "first"): ("SV260411873", "P2605"),
    ("earphones", "second"): ("SV260422001", "P2605"),
    ("earphones", "stolen"): ("SV260310077", "P2603"),
    ("earphones", "early"): ("SV251200417", "P2512"),
    ("brakes", "sample"): ("2409110001", "0924"),
    ("brakes", "first"): ("2409110034", "0924"),
    ("sneakers", "sample"): ("", "HP2604"),
    ("sneakers", "first"): ("", "HP2604"),
    ("matcha", "sample"): ("", "U2610"),
    ("matcha", "first"): ("", "U2611"),
}
_DATED = {"serum", "medicine", "matcha"}

REGISTERED_SERIALS: tuple[tuple[str, str, str], ...] = (
    *(
        (key, serial, "known")
        for (key, name), (serial, _) in _ITEMS.items()
        if serial and key != "earphones" and name in {"sample", "first", "second", "third"}
    ),
    ("toner", "IK118204X", "revoked"),
    ("brakes", "2409119999", "reported"),
)


def item(product: str, name: str, day: date) -> Marking:
    """The marking of one item; products without a packing line's marking get an empty one."""
    serial, batch = _ITEMS.get((product, name), ("", ""))
    expiry = date(day.year + 2, day.month, 28) if product in _DATED else None
    return Marking(serial, batch, expiry)


def serial_of(product: str, name: str) -> str:
    """The serial of one item."""
    return _ITEMS[product, name][0]


def relabelled(marking: Marking, **changes: str | bool) -> Marking:
    """A marking with something else on it."""
    return replace(marking, **changes)  # type: ignore[arg-type]
