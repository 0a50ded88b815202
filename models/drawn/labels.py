"""Labels with a symbol and the print beside it, drawn and photographed: for the reading of print and its measurement.

A DataMatrix with lines beside or below it, or a GS1-128 with lines below; the print says what the code says, or one
character of its serial is another one. Where the symbol lies in the picture is known and need not be decoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp

from models.drawn import lines
from models.drawn.fields import f32
from models.measurements import Corners, TextPlace

if TYPE_CHECKING:
    from models.drawn.pool import Pool
    from models.measurements import Image

LATIN: Final = (
    {"serial": "SN {}", "batch": "LOT {}", "expiry": "EXP {}", "gtin": "GTIN {}"},
    {"serial": "(21){}", "batch": "(10){}", "expiry": "(17){}", "gtin": "(01){}"},
    {"serial": "S/N: {}", "batch": "BATCH {}", "expiry": "USE BY {}", "gtin": "{}"},
    {"serial": "{}", "batch": "LOT:{}", "expiry": "EXP: {}", "gtin": "{}"},
)
JAPANESE: Final = (
    {"serial": "製造番号 {}", "batch": "ロット {}", "expiry": "使用期限 {}", "gtin": "GTIN {}"},
    {"serial": "シリアル番号:{}", "batch": "ロット番号:{}", "expiry": "有効期限:{}", "gtin": "{}"},
)
MODULE: Final = 0.22  # of a matrix symbol, in heights of type
AROUND_PX: Final = 40


@dataclass(frozen=True, slots=True)
class DrawnLabel:
    """A photographed label: where its symbol lies, what its code says, and what is printed as its serial."""

    image: Image
    place: TextPlace
    expected: dict[str, str]
    printed_serial: str


def draw_label(
    rng: np.random.Generator, pool: Pool, type_px: float, ink: str, *, japanese: bool, tampered: bool
) -> DrawnLabel:
    """A label whose type is `type_px` high in the picture, in one of `lines.INKS`."""
    expected = {
        "gtin": "0952" + "".join(str(digit) for digit in rng.integers(0, 10, 10)),
        "serial": lines.mixed(rng, 8, 14),
        "batch": lines.mixed(rng, 4, 7),
        "expiry": f"{rng.integers(26, 32):02}{rng.integers(1, 13):02}{rng.integers(1, 29):02}",
    }
    printed = expected | ({"serial": altered(rng, expected["serial"])} if tampered else {})
    linear = bool(rng.random() < 0.3)
    page, box = _page(rng, pool, _said(rng, printed, japanese=japanese), ink, 2 * type_px, linear=linear)
    blur = float(rng.uniform(0.2, 0.2 + 0.03 * type_px))
    field, corners = _laid(rng, f32(page) / np.float32(255), box)
    field = f32(cv2.GaussianBlur(field, (0, 0), 2 * blur))
    field = f32(cv2.resize(field, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    glare = float(rng.uniform(0.2, 0.9)) if rng.random() < 0.25 else 0.0
    image = lines.exposed(rng, field, glare, noise=float(rng.uniform(1, 6)))
    place = TextPlace(tuple((float(x) / 2, float(y) / 2) for x, y in corners), beside=True, linear=linear)
    return DrawnLabel(image, place, expected, printed["serial"])


def altered(rng: np.random.Generator, value: str) -> str:
    """The value with one character changed to another of its sort."""
    place = int(rng.integers(len(value)))
    among = "0123456789" if value[place].isdigit() else lines.LETTERS
    others = [letter for letter in among if letter != value[place]]
    return value[:place] + others[int(rng.integers(len(others)))] + value[place + 1 :]


def _said(rng: np.random.Generator, printed: dict[str, str], *, japanese: bool) -> list[str]:
    forms = JAPANESE if japanese else LATIN
    form = forms[int(rng.integers(len(forms)))]
    year, month, day = printed["expiry"][:2], printed["expiry"][2:4], printed["expiry"][4:]
    dates = (f"20{year}-{month}-{day}", f"20{year}-{month}", f"{month}/20{year}", f"{day}.{month}.20{year}")
    date = dates[int(rng.integers(len(dates)))]
    if japanese and rng.random() < 0.4:
        date = f"20{year}年{int(month)}月{int(day)}日"
    if form["expiry"].startswith("("):
        date = printed["expiry"]
    said = printed | {"expiry": date}
    order = ("gtin", "serial", "batch", "expiry") if rng.random() < 0.5 else ("serial", "gtin", "expiry", "batch")
    return [form[element].format(said[element]) for element in order]


def _page(
    rng: np.random.Generator, pool: Pool, said: list[str], ink: str, type_px: float, *, linear: bool
) -> tuple[lines.Grey, tuple[float, float, float, float]]:
    """The label flat, grey, and its symbol's box (left, top, right, bottom)."""
    hand = int(rng.integers(1 << 30))  # one printer, one typeface
    rows = [_scaled(lines.printed(np.random.default_rng(hand), text, ink, pool), type_px) for text in said]
    step = round(float(rng.uniform(1.35, 1.7)) * max(row.shape[0] for row in rows))
    symbol = _symbol(rng, type_px, linear=linear)
    gap = round(float(rng.uniform(0.6, 1.2)) * type_px)
    beside = not linear and rng.random() < 0.7
    left, top = (symbol.shape[1] + gap, 0) if beside else (0, symbol.shape[0] + gap)
    width = max(symbol.shape[1], left + max(row.shape[1] for row in rows))
    height = max(symbol.shape[0], top + step * len(rows))
    around = round(2 * AROUND_PX + type_px)
    page = np.full((height + 2 * around, width + 2 * around), 255, np.uint8)
    page[around : around + symbol.shape[0], around : around + symbol.shape[1]] = symbol
    for place, row in enumerate(rows):
        y, x = around + top + step * place, around + left
        page[y : y + row.shape[0], x : x + row.shape[1]] = row
    return page, (around, around, around + symbol.shape[1], around + symbol.shape[0])


def _scaled(row: lines.Grey, type_px: float) -> lines.Grey:
    factor = type_px / row.shape[0]
    return np.asarray(cv2.resize(row, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def _symbol(rng: np.random.Generator, type_px: float, *, linear: bool) -> lines.Grey:
    kind = zxingcpp.BarcodeFormat.Code128 if linear else zxingcpp.BarcodeFormat.DataMatrix
    shape = {} if linear else {"force_square": bool(rng.random() < 0.75)}
    content = "".join(str(digit) for digit in rng.integers(0, 10, 24 if linear else 46))
    drawn = np.asarray(
        zxingcpp.create_barcode(content, kind, **shape).to_image(scale=1, add_quiet_zones=False), np.uint8
    )
    module = max(2, round(MODULE * type_px))
    if linear:
        height = round(float(rng.uniform(2.5, 5)) * type_px)
        size = (drawn.shape[1] * max(2, module // 2), height)
    else:
        size = (drawn.shape[1] * module, drawn.shape[0] * module)
    return np.asarray(cv2.resize(drawn[:1] if linear else drawn, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _laid(
    rng: np.random.Generator, page: npt.NDArray[np.float32], box: tuple[float, float, float, float]
) -> tuple[npt.NDArray[np.float32], Corners]:
    """The page under a hand-held camera: turned and tilted a little; the symbol's corners, told roughly."""
    height, width = page.shape
    outline = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = outline + rng.normal(0, 0.012 * width, outline.shape).astype(np.float32)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.normal(0, 3)), 1.0)
    moved = cv2.transform(moved[None], turn)[0]
    moved -= moved.min(0)
    size = tuple(int(side) + 1 for side in moved.max(0))
    matrix = cv2.getPerspectiveTransform(outline, np.asarray(moved, np.float32))
    laid = cv2.warpPerspective(
        page, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_CONSTANT, borderValue=1.0
    )
    left, top, right, bottom = box
    symbol = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float64)
    corners = cv2.perspectiveTransform(symbol, matrix)[0] + rng.normal(0, 1.0, (4, 2))
    return f32(laid), tuple((float(x), float(y)) for x, y in corners)
