"""Where addresses stand in a picture of a parcel, so that no kept picture shows them. It reads no address.

A picture shows an address where a parcel's symbol was read (an S10, an SSCC, a courier's number), where small nets
are sure of one, or where they are half sure and bars that nobody read stand on a sheet of paper. Then all is hidden
that may be lines of one; around a parcel's symbol its paper too, flooded within the reach that a label has. Symbols are
not hidden: what goods are declared comes as data, not as a picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

from models import address_blocks, bars
from models.measurements import Hidden
from models.picture import reduced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.locate import Grey
    from models.measurements import Corners, Image, Symbol

CUES: Final = frozenset({"paper", "blocks", "bars"})
WORK_SIDE: Final = 800  # pixels of the picture in which labels are looked for
GS1: Final = frozenset({"]C1", "]d2", "]Q3", "]e0", "]J1"})
COURIER: Final = frozenset({"Code128", "Code39", "Code93", "Codabar", "ITF", "PDF417", "MaxiCode"})
TRADE: Final = frozenset({"EAN13", "EAN8", "UPCA", "UPCE", "DataBarOmni", "DataBarExp", "DataBarLtd"})
CARTON_DIGITS, SSCC_CHARS = 14, 20  # of an ITF-14, which is a trade item's; of an SSCC after its (00)
REACH: Final = 3.2  # lengths of its symbol that a label may reach from the symbol's middle
STEP: Final = 3  # grey levels that paper may change by from one pixel to the next, as light falls off
BESIDE_PX: Final = 9  # hidden around what looks like an address, in the small picture
AROUND_PX: Final = 6  # hidden around what was found, in the small picture
SYMBOL_AROUND: Final = 0.07  # of its sides, that stay visible around a symbol: its quiet zone


def is_transport(symbol: Symbol) -> bool:
    """Whether a symbol is a parcel's and not a product's: of a logistic unit, a post or a courier."""
    if symbol.identifier in GS1:
        return symbol.payload.startswith(b"00")
    plain_sscc = symbol.format == "Code128" and symbol.text.startswith("00") and len(symbol.text) == SSCC_CHARS
    carton = symbol.format == "ITF" and len(symbol.text) == CARTON_DIGITS
    return plain_sscc or (symbol.format in COURIER and not carton)


def is_product(symbol: Symbol) -> bool:
    """Whether a symbol is a trade item's: EAN/UPC, DataBar, GS1 element strings or a GS1 Digital Link."""
    return symbol.format in TRADE or (not is_transport(symbol) and (symbol.identifier in GS1 or "/01/" in symbol.text))


def find(image: Image, symbols: Sequence[Symbol], cues: frozenset[str] = CUES) -> Hidden:
    """What of a picture (H x W x 3 BGR) that shows these symbols is to be hidden. Fewer `cues` are for measuring.

    Raises:
        PackError: the net that sees address blocks cannot be used.
    """
    transport = [np.asarray(one.corners, np.float32) for one in symbols if one.corners and is_transport(one)]
    others = [np.asarray(one.corners, np.float32) for one in symbols if one.corners and not is_transport(one)]
    small = reduced(bars.halved(image, 2 * WORK_SIDE), WORK_SIDE)
    scale = image.shape[1] / small.shape[1]
    mask = np.zeros(small.shape[:2], np.uint8)
    if "blocks" in cues:
        net = address_blocks.builtin()
        chances = address_blocks.seen(small, net)
        sure = address_blocks.sureness(chances)
        if transport:
            shown = True
        elif any(map(is_product, symbols)):
            shown = sure >= net.beside_goods
        else:
            shown = sure >= net.likely or (
                "bars" in cues and sure >= net.beside_bars and bars.unread(image, small, others)
            )
        mask |= _blocks(chances, net.extent, small) if shown else 0
    for corners in transport if "paper" in cues else ():
        mask |= around(small, corners / scale)
    outlines = _outlines(mask, scale)
    return Hidden(outlines, tuple(_wider(one) for one in (*transport, *others))) if outlines else Hidden()


def everything(image: Image, symbols: Sequence[Symbol]) -> Hidden:
    """All of a picture but its symbols: for when nobody can say where an address is."""
    height, width = image.shape[:2]
    outline = ((0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height)))
    return Hidden((outline,), tuple(_wider(np.asarray(one.corners, np.float32)) for one in symbols if one.corners))


def _blocks(chances: npt.NDArray[np.float32], extent: float, small: Image) -> Grey:
    """255 wherever cells of a small picture may be lines of an address."""
    fine = cv2.resize(chances, small.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    beside = np.ones((2 * BESIDE_PX + 1, 2 * BESIDE_PX + 1), np.uint8)
    return np.asarray(cv2.dilate((fine >= extent) * np.uint8(255), beside), np.uint8)


def around(small: Image, symbol: npt.NDArray[np.float32]) -> Grey:
    """255 where the paper of a transport symbol's label is, in a small picture."""
    middle = symbol.mean(0)
    length = float(max(np.hypot(*(symbol[1] - symbol[0])), np.hypot(*(symbol[2] - symbol[1]))))
    window = np.zeros(small.shape[:2], np.uint8)
    cv2.circle(window, (round(float(middle[0])), round(float(middle[1]))), round(REACH * length), 255, -1)
    beside = np.ones((2 * AROUND_PX + 1, 2 * AROUND_PX + 1), np.uint8)
    return np.asarray(cv2.dilate(_paper(small, symbol, window), beside), np.uint8)


def _paper(small: Image, symbol: npt.NDArray[np.float32], window: Grey) -> Grey:
    """The sheet that a symbol is printed on: what can be reached from it without a step in brightness, print apart."""
    blank = bars.without_print(small)
    flooded = np.zeros((small.shape[0] + 2, small.shape[1] + 2), np.uint8)
    flooded[1:-1, 1:-1][window == 0] = 1
    inside = np.zeros(small.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, np.asarray(np.round(symbol), np.int32), 255)
    flags = 4 | (255 << 8) | cv2.FLOODFILL_MASK_ONLY
    tone = np.median(blank[inside > 0], axis=0) if inside.any() else np.zeros(3)
    for x, y in _seeds(symbol, small.shape):
        on_paper = bool(
            (np.abs(blank[y, x] - tone) <= bars.SAME_PAPER * tone).all()
        )  # the label may end beside its symbol
        if on_paper and flooded[y + 1, x + 1] == 0:
            cv2.floodFill(blank, flooded, (x, y), 0, (STEP,) * 3, (STEP,) * 3, flags)
    found = np.asarray(cv2.inRange(flooded[1:-1, 1:-1], np.array(255), np.array(255)), np.uint8) | inside
    outlines, _ = cv2.findContours(found, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    sheet = np.zeros_like(found)
    cv2.fillConvexPoly(sheet, cv2.convexHull(np.vstack(outlines)), 255)
    return np.asarray(sheet & window, np.uint8)


def _seeds(symbol: npt.NDArray[np.float32], shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Points on the symbol and just outside of it."""
    middle = symbol.mean(0)
    points = [
        middle + factor * (corner - middle)
        for corner in (*symbol, *((symbol + np.roll(symbol, 1, 0)) / 2))
        for factor in (0.6, 1.12)
    ]
    return [(int(x), int(y)) for x, y in points if 0 <= x < shape[1] and 0 <= y < shape[0]]


def _outlines(mask: Grey, scale: float) -> tuple[Corners, ...]:
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    simple = (cv2.approxPolyDP(one, 1.5, closed=True)[:, 0] for one in found)
    return tuple(tuple((float(x * scale), float(y * scale)) for x, y in one) for one in simple if len(one) > 2)  # noqa: PLR2004 - a polygon


def _wider(corners: npt.NDArray[np.float32]) -> Corners:
    """A symbol and a little around it."""
    middle = corners.mean(0)
    wider = middle + (corners - middle) * (1 + 2 * SYMBOL_AROUND)
    return tuple((float(x), float(y)) for x, y in wider)
