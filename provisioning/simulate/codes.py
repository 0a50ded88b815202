"""What scanners of a simulated port send: codes as printed, with or without identifier, and what faults do to them."""

from __future__ import annotations

import random
from collections.abc import Mapping

from edge.keyboard_layouts import MEANT, arrived
from edge.scanner_faults import FULL_WIDTH, REPLACEMENTS

_FIXED = frozenset({"00", "01", "02", "11", "13", "15", "17"})
_SEPARATOR = "\x1d"
_MOST_CUT = 6  # characters
_WIDE = {narrow: wide for wide, narrow in FULL_WIDTH.items() if wide > 0xFF00}  # noqa: PLR2004 - the full-width block


def matrix(elements: Mapping[str, str], *, sent: bool) -> bytes:
    """A GS1 DataMatrix."""
    parts = [f"{ai}{value}{'' if ai in _FIXED else _SEPARATOR}" for ai, value in elements.items()]
    return (("]d2" if sent else "") + "".join(parts).removesuffix(_SEPARATOR)).encode()


def link(elements: Mapping[str, str], *, sent: bool) -> bytes:
    """A GS1 Digital Link in a QR code."""
    path = "".join(f"/{ai}/{elements[ai]}" for ai in ("01", "10", "21") if ai in elements)
    query = f"?17={elements['17']}" if "17" in elements else ""
    return (("]Q1" if sent else "") + f"https://id.example.com{path}{query}").encode()


def retail(gtin: str, *, sent: bool) -> bytes:
    """An EAN-13 of a GTIN of 14 digits that begins with 0."""
    return (("]E0" if sent else "") + gtin[1:]).encode()


def code_128(text: str, *, sent: bool) -> bytes:
    """A Code 128, such as of an S10 number."""
    return (("]C0" if sent else "") + text).encode()


def logistic(sscc: str, *, sent: bool) -> bytes:
    """A GS1-128 with an SSCC."""
    return (("]C1" if sent else "") + "00" + sscc).encode()


def faulty(payload: bytes, fault: str, draws: random.Random) -> bytes:
    """The payload as it arrives under a fault: a name of the scenario's table of faults.

    Raises:
        ValueError: there is no such fault.
    """
    text = payload.decode()
    match fault:
        case "capslock":
            return text.swapcase().encode()
        case "layout":
            return arrived(text, draws.choice(sorted(MEANT))).encode()
        case "separator_lost":
            return text.replace(_SEPARATOR, "").encode()
        case "separator_replaced":
            return text.replace(_SEPARATOR, draws.choice(REPLACEMENTS)).encode()
        case "truncated":
            return text[: -draws.randint(1, _MOST_CUT)].encode()
        case "full_width":
            return text.translate(_WIDE).encode()
    raise ValueError(f"Expected a fault of the scenario, got {fault!r}.")
