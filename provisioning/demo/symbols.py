"""The demo's barcodes: GS1 messages and their symbols as modules. It prints; models/symbols.py reads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import zxingcpp

Modules = npt.NDArray[np.bool_]


def with_check_digit(digits: str) -> str:
    """`digits` and the GS1 check digit for them (GS1 General Specifications, 7.9: weights 3 and 1 from the right)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def s10(service: str, serial: str, country: str) -> str:
    """A UPU S10 number: 2 letters, 8 digits, check digit, country."""
    total = sum(int(digit) * weight for digit, weight in zip(serial, (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    check = 11 - total % 11
    return f"{service}{serial}{ {10: 0, 11: 5}.get(check, check) }{country}"


def bracketed(elements: Mapping[str, str]) -> str:
    """GS1 elements as people read them: "(01)09521234543213(21)A1"."""
    return "".join(f"({ai}){value}" for ai, value in elements.items())


def message(elements: Mapping[str, str], separator: str = "\x1d") -> str:
    """GS1 elements as a scanner sends them; a separator follows each variable one but the last."""
    fixed = {"00", "01", "02", "11", "13", "15", "17"}
    parts = [f"{ai}{value}{'' if ai in fixed else separator}" for ai, value in elements.items()]
    return "".join(parts).removesuffix(separator)


def _modules(code: zxingcpp.Barcode) -> Modules:
    return np.asarray(np.array(code.to_image(scale=1, add_quiet_zones=False)) < 128)  # noqa: PLR2004 - mid grey


def gs1_datamatrix(elements: Mapping[str, str]) -> Modules:
    """A GS1 DataMatrix."""
    return _modules(
        zxingcpp.create_barcode(bracketed(elements), zxingcpp.BarcodeFormat.DataMatrix, gs1=True, forceSquare=True)
    )


def gs1_128(elements: Mapping[str, str]) -> Modules:
    """A GS1-128 symbol: one row of modules."""
    return _modules(zxingcpp.create_barcode(bracketed(elements), zxingcpp.BarcodeFormat.Code128, gs1=True))[:1]


def code_128(text: str) -> Modules:
    """A Code 128 symbol: one row of modules."""
    return _modules(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128))[:1]


def ean_13(gtin: str) -> Modules:
    """An EAN-13 symbol of a GTIN of 13 digits, or of 14 that begin with 0: one row of modules."""
    return _modules(zxingcpp.create_barcode(gtin[-13:], zxingcpp.BarcodeFormat.EAN13))[:1]


def qr(text: str) -> Modules:
    """A QR code."""
    return _modules(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M"))
