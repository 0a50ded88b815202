"""The two barcode engines, zxing-cpp and zbar, giving readings of one shape.

zxing-cpp is the first opinion and reads everything. zbar is the second, for the symbologies that it reads well: its
library may be absent, then there is one opinion. No judgement here: that is `models.votes`.

Never pass `is_pure=True` to zxing-cpp 3.1.1: its wheel then frees memory twice on some pictures.
"""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.measurements import Corners

Grey = npt.NDArray[np.uint8]
Placement = npt.NDArray[np.float64]  # 2x3: pixels of a view -> pixels of the picture


@dataclass(frozen=True, slots=True)
class Reading:
    """One engine's reading of one symbol in one view. `corners` are in pixels of the picture."""

    engine: str  # "zxing", "zbar"
    view: str
    format: str
    text: str
    payload: bytes
    identifier: str
    corners: Corners  # top left, top right, bottom right, bottom left of the symbol as it reads


# --- zxing-cpp --------------------------------------------------------------------------------------------------------

_SPELLING: Final = {
    "Code39Std": "Code39",
    "Code39Ext": "Code39",
    "QRCodeModel1": "QRCode",
    "QRCodeModel2": "QRCode",
    "AztecCode": "Aztec",
    "TelepenAlpha": "Telepen",
    "TelepenNumeric": "Telepen",
    "UPCA": "EAN13",
    "ISBN": "EAN13",
}


@functools.cache
def _formats(group: zxingcpp.BarcodeFormat) -> zxingcpp.BarcodeFormats:
    return zxingcpp.BarcodeFormats([group])


def read_zxing(
    grey: Grey, view: str, placement: Placement, *, histogram: bool, first: bool, linear: bool
) -> list[Reading]:
    """Every symbol that zxing-cpp reads in a grey view.

    `histogram` takes one threshold for a row (linear) or the whole view instead of a local average; `first` looks
    for light on dark too; `linear` looks for linear codes only.
    """
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(grey),
        binarizer=zxingcpp.Binarizer.GlobalHistogram if histogram else zxingcpp.Binarizer.LocalAverage,
        text_mode=zxingcpp.TextMode.Plain,
        try_invert=first,
        formats=_formats(zxingcpp.BarcodeFormat.AllLinear if linear else zxingcpp.BarcodeFormat.All),
    )
    return [
        Reading(
            "zxing",
            view,
            _SPELLING.get(barcode.format.name, barcode.format.name),
            barcode.text,
            bytes(barcode.bytes),
            barcode.symbology_identifier,
            _placed(
                [
                    (corner.x, corner.y)
                    for corner in (
                        barcode.position.top_left,
                        barcode.position.top_right,
                        barcode.position.bottom_right,
                        barcode.position.bottom_left,
                    )
                ],
                placement,
            ),
        )
        for barcode in found
    ]


# --- zbar -------------------------------------------------------------------------------------------------------------

_GREY_8_BIT: Final = 808466521  # the four characters "Y800"
_ENABLE, _EVERY_NTH_COLUMN, _EVERY_NTH_ROW = 0, 0x100, 0x101  # zbar's configuration names
_LINE_STEP: Final = 2  # half the lines: half the time, and as many linear codes read (234 against 233 on photographs)
_GS1: Final = 1  # bit of zbar's symbol modifiers
_MIN_LINES: Final = 2  # a linear code that one line alone shows is noise
_AMBIGUOUS_CODE39: Final = frozenset("$%/+")  # means itself, or shifts the next character: zbar does not say which


@dataclass(frozen=True, slots=True)
class _Kind:
    """A symbology of zbar in the words of zxing-cpp."""

    format: str
    identifier: str
    gs1_identifier: str = ""


# Left out: UPC-E (misread most), DataBar Expanded (garbles some compactions), add-ons alone, PDF417 (unfinished).
_KINDS: Final = {
    "EAN13": _Kind("EAN13", "]E0"),
    "EAN8": _Kind("EAN8", "]E4"),
    "I25": _Kind("ITF", "]I0"),
    "DATABAR": _Kind("DataBarOmni", "]e0"),
    "CODABAR": _Kind("Codabar", "]F0"),
    "CODE39": _Kind("Code39", "]A0"),
    "QRCODE": _Kind("QRCode", "]Q1", "]Q3"),
    "CODE93": _Kind("Code93", "]G0"),
    "CODE128": _Kind("Code128", "]C0", "]C1"),
}


@functools.cache
def _zbar() -> tuple[Any, Any] | None:
    """The functions of zbar and how to ask a symbol for its modifiers; None without the library."""
    try:
        from pyzbar import wrapper  # noqa: PLC0415 - importing it loads libzbar, which may be absent
    except (ImportError, OSError):
        return None
    modifiers = wrapper.zbar_function("zbar_symbol_get_modifiers", ctypes.c_uint, ctypes.POINTER(wrapper.zbar_symbol))
    return wrapper, modifiers


def zbar_available() -> bool:
    """Whether there is a second opinion: Debian's libzbar0 is installed."""
    return _zbar() is not None


def read_zbar(grey: Grey, view: str, placement: Placement) -> list[Reading]:
    """Every symbol that zbar reads in a grey view and that can be told exactly; none without the library.

    Called below `pyzbar.decode`, which loses every symbol of a picture when one of them has no location, and does not
    tell GS1-128 from Code 128.
    """
    library = _zbar()
    if library is None:
        return []
    zbar, modifiers = library
    scanner, image = zbar.zbar_image_scanner_create(), zbar.zbar_image_create()
    try:
        zbar.zbar_image_scanner_set_config(scanner, 0, _ENABLE, 0)
        zbar.zbar_image_scanner_set_config(scanner, 0, _EVERY_NTH_COLUMN, _LINE_STEP)
        zbar.zbar_image_scanner_set_config(scanner, 0, _EVERY_NTH_ROW, _LINE_STEP)
        for name in _KINDS:
            zbar.zbar_image_scanner_set_config(scanner, int(zbar.ZBarSymbol[name]), _ENABLE, 1)
        pixels = grey.tobytes()
        zbar.zbar_image_set_format(image, _GREY_8_BIT)
        zbar.zbar_image_set_size(image, grey.shape[1], grey.shape[0])
        zbar.zbar_image_set_data(image, ctypes.cast(ctypes.c_char_p(pixels), ctypes.c_void_p), len(pixels), None)
        zbar.zbar_scan_image(scanner, image)
        return [
            reading
            for symbol in _symbols(zbar, image)
            if (reading := _zbar_reading(zbar, symbol, modifiers(symbol), view, placement)) is not None
        ]
    finally:
        zbar.zbar_image_destroy(image)
        zbar.zbar_image_scanner_destroy(scanner)


def _symbols(zbar: Any, image: Any) -> Iterator[Any]:  # noqa: ANN401 - ctypes
    symbol = zbar.zbar_image_first_symbol(image)
    while symbol:
        yield symbol
        symbol = zbar.zbar_symbol_next(symbol)


def _zbar_reading(zbar: Any, symbol: Any, modifiers: int, view: str, placement: Placement) -> Reading | None:  # noqa: ANN401 - ctypes
    try:
        kind = _KINDS[zbar.ZBarSymbol(symbol.contents.type).name]
    except (KeyError, ValueError):
        return None
    payload = ctypes.string_at(zbar.zbar_symbol_get_data(symbol), zbar.zbar_symbol_get_data_length(symbol))
    corners = [
        (zbar.zbar_symbol_get_loc_x(symbol, n), zbar.zbar_symbol_get_loc_y(symbol, n))
        for n in range(zbar.zbar_symbol_get_loc_size(symbol))
    ]
    if not payload.isascii() or not corners:  # zbar re-encodes what is not ASCII: the payload is lost
        return None
    text = payload.decode("ascii")
    if kind.format != "QRCode" and zbar.zbar_symbol_get_quality(symbol) < _MIN_LINES:
        return None
    if kind.format == "Code39" and not _AMBIGUOUS_CODE39.isdisjoint(text):
        return None
    box = np.asarray(corners, np.float32)
    if kind.format != "QRCode":
        box = _along(np.asarray(cv2.boxPoints(cv2.minAreaRect(box)), np.float32))
    gs1 = bool(modifiers & _GS1) and bool(kind.gs1_identifier)
    identifier = kind.gs1_identifier if gs1 else kind.identifier
    return Reading("zbar", view, kind.format, text, payload, identifier, _placed(box, placement))


def _along(box: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The corners of a rectangle, from the left end of its long side. Which end starts the code stays open."""
    if np.hypot(*(box[1] - box[0])) < np.hypot(*(box[2] - box[1])):
        box = np.roll(box, -1, axis=0)
    return box if box[0, 0] <= box[1, 0] else np.roll(box, 2, axis=0)


def _placed(corners: Any, placement: Placement) -> Corners:  # noqa: ANN401 - any sequence of points
    points = np.asarray(corners, np.float64) @ placement[:, :2].T + placement[:, 2]
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in points)
