"""Where addresses stand in a picture of a parcel, so that no kept picture shows them. It reads no address.

A transport label is told by its symbol: an S10, an SSCC, a courier's number; where none was read, by bars that nobody
read on a sheet of bright paper. The paper is flooded from there, within the reach that a label has around its symbol,
and print beside it counts as well unless a product's symbol is nearer. All of that is hidden, but for the symbols: what
goods are declared comes as data, not as a picture. Recall goes before everything on a label; goods must not be touched.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

from models.measurements import Hidden
from models.picture import reduced
from models.symbols import piece_of, png

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.locate import Grey
    from models.measurements import Corners, FaceMeasurement, Image, Rectangle, RegionMeasurement, Symbol

CUES: Final = frozenset({"paper", "print", "bars"})
WORK_SIDE: Final = 800  # pixels of the picture in which labels are looked for
GS1: Final = frozenset({"]C1", "]d2", "]Q3", "]e0", "]J1"})
COURIER: Final = frozenset({"Code128", "Code39", "Code93", "Codabar", "ITF", "PDF417", "MaxiCode"})
TRADE: Final = frozenset({"EAN13", "EAN8", "UPCA", "UPCE", "DataBarOmni", "DataBarExp", "DataBarLtd"})
CARTON_DIGITS, SSCC_CHARS = 14, 20  # of an ITF-14, which is a trade item's; of an SSCC after its (00)
REACH: Final = 3.2  # lengths of its symbol that a label may reach from the symbol's middle
PRINT_PX: Final = 15  # strokes up to this thick are print on the paper, in the small picture
STEP: Final = 3  # grey levels that paper may change by from one pixel to the next, as light falls off
LEAST_EDGE: Final = 24  # grey levels of print against its ground
BARS_SIDES: Final = (2800, 1400)  # pixels at most of the pictures in which bars that nobody read are looked for
COHERENT: Final = 0.72  # of directions in a patch, from which on it may be bars: print is below, 1 is lines alone
WAYS: Final = (0.0, np.pi / 2, np.pi, -np.pi / 2)  # twice the angles in which bars are looked for, each alone
SAME_WAY: Final = 0.5  # cosine of twice what they may depart from that
LEAST_PATCH: Final = 6  # pixels of a quarter of that picture
LEAST_HEIGHT_PX: Final = 20  # of bars
LEAST_CONTRAST: Final = 9.0  # of bars: root mean square of the gradient, grey levels to a pixel
LEAST_BARS: Final = 18  # dark ones across: EAN-13 has 30, the S10 and SSCC of a label 37 or more, when all are seen
ROWS: Final = (-0.24, -0.12, 0.0, 0.12, 0.24)  # heights of bars from their middle at which they are crossed
ALIKE: Final = 0.7  # correlation of the first and the last of those rows
SLANT_PX: Final = 8  # by which those rows may be shifted against each other
FILLED: Final = 0.5  # share of its box that a striped patch fills
SAME_PAPER: Final = 0.2  # share by which the sheet around bars may be brighter or darker than right behind them
LEAST_SHEETS: Final = 6.0  # areas of its bars that the paper of a label has at least
LEAST_WHITE, MOST_COLOUR = 0.5, 0.4  # paper: brightness over the picture's brightest, spread of its channels over it
AROUND_PX: Final = 6  # hidden around what was found, in the small picture
COVER: Final = (96, 96, 96)  # what hidden places look like
LABEL_SIDE, LABEL_QUALITY, FACE_QUALITY = 1600, 82, 88
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
    """What of a picture (H x W x 3 BGR) that shows these symbols is to be hidden. Fewer `cues` are for measuring."""
    transport = [np.asarray(one.corners, np.float32) for one in symbols if one.corners and is_transport(one)]
    others = [np.asarray(one.corners, np.float32) for one in symbols if one.corners and not is_transport(one)]
    small = reduced(halved(image, 2 * WORK_SIDE), WORK_SIDE)
    scale = image.shape[1] / small.shape[1]
    if not transport and "bars" in cues and not any(map(is_product, symbols)):
        transport = _unread(image, small, others)
    mask = np.zeros(small.shape[:2], np.uint8)
    for corners in transport:
        mask |= around(small, corners / scale, [one / scale for one in others], cues)
    outlines = _outlines(mask, scale)
    return Hidden(outlines, tuple(_wider(one) for one in (*transport, *others))) if outlines else Hidden()


def _unread(image: Image, small: Image, read: Sequence[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
    """The longest bars on a sheet of paper that nobody read, of the finest picture that shows some."""
    for side in BARS_SIDES:
        seen = halved(image, side)
        scale, smaller = image.shape[1] / seen.shape[1], seen.shape[1] / small.shape[1]
        for bars in unread_bars(seen, [one / scale for one in read]):
            if _on_a_sheet(small, bars / smaller):
                return [bars * scale]
    return []


def halved(image: Image, side: int) -> Image:
    """The picture, halved as often as it takes to be no longer than `side`; quick, as no other scale is."""
    while max(image.shape[:2]) > side:
        size = (image.shape[1] // 2, image.shape[0] // 2)
        image = np.asarray(
            cv2.resize(image[: 2 * size[1], : 2 * size[0]], size, interpolation=cv2.INTER_AREA), np.uint8
        )
    return image


def unread_bars(image: Image, read: Sequence[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
    """Corners of what looks like a linear symbol and is none of those that were read, the longest first."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *order, scale=0.25) for order in ((1, 0), (0, 1)))
    size = (grey.shape[1] // 4, grey.shape[0] // 4)
    xx, yy, xy = (
        cv2.blur(cv2.resize(one, size, interpolation=cv2.INTER_AREA), (5, 5))
        for one in (across * across, down * down, across * down)
    )
    energy = xx + yy
    coherence = np.sqrt((xx - yy) ** 2 + 4 * xy * xy) / np.maximum(energy, 1e-6)
    striped = (coherence > COHERENT) & (energy > LEAST_CONTRAST**2)
    twice = np.arctan2(2 * xy, xx - yy)  # twice the angle of the gradient
    found = []
    for outline in (one for way in WAYS for one in _patches(striped & (np.cos(twice - way) > SAME_WAY))):
        box = cv2.minAreaRect(outline)
        corners = np.asarray(cv2.boxPoints(box), np.float32) * 4
        long, short = max(box[1]) * 4, min(box[1]) * 4
        if (
            short < LEAST_HEIGHT_PX
            or cv2.contourArea(outline) * 16 < FILLED * long * short
            or _bars_across(grey, corners) < LEAST_BARS
        ):
            continue
        if not any(
            cv2.pointPolygonTest(cv2.convexHull(other), tuple(map(float, corners.mean(0))), measureDist=False) >= 0
            for other in read
        ):
            found.append((long, corners))
    return [corners for _, corners in sorted(found, key=lambda one: -one[0])]


def _patches(striped: npt.NDArray[np.bool_]) -> Sequence[npt.NDArray[np.int32]]:
    opened = cv2.morphologyEx(striped * np.uint8(255), cv2.MORPH_OPEN, np.ones((LEAST_PATCH, LEAST_PATCH), np.uint8))
    return cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]  # type: ignore[return-value]


def _bars_across(grey: Grey, corners: npt.NDArray[np.float32]) -> int:
    """Dark bars that a line across the middle of a box crosses, the way that crosses more."""
    a, b, c, d = corners
    counts = []
    for start, end, off in ((a + d, b + c, d - a), (a + b, d + c, b - a)):
        steps = int(np.hypot(*((end - start) / 2)))
        if steps < LEAST_BARS * 2:
            continue
        t = np.linspace(0.03, 0.97, steps, dtype=np.float32)[:, None]
        lines = [(start * (1 - t) + end * t) / 2 + off * shift for shift in ROWS]
        map_x, map_y = np.stack([line[:, 0] for line in lines]), np.stack([line[:, 1] for line in lines])
        rows = cv2.remap(grey, np.asarray(map_x, np.float32), np.asarray(map_y, np.float32), cv2.INTER_LINEAR).astype(
            np.float32
        )
        rows -= cv2.blur(rows, (25, 1))
        if _likeness(rows[0], rows[-1]) < ALIKE:
            continue
        level = rows[len(rows) // 2]
        signs = np.sign(np.where(np.abs(level) > 0.2 * level.std() + 1, level, 0))
        signs = signs[signs != 0]
        counts.append(int((np.diff(signs) < 0).sum()))
    return max(counts, default=0)


def _likeness(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Correlation of two rows; the box may be a little out of the bars' direction."""
    inner = one[SLANT_PX:-SLANT_PX]
    return float(cv2.matchTemplate(other[None], inner[None], cv2.TM_CCOEFF_NORMED).max()) if len(inner) else 0.0


def _on_a_sheet(small: Image, bars: npt.NDArray[np.float32]) -> bool:
    """Whether bars stand on a sheet of bright, uncoloured paper that is much larger than they are."""
    blank = _without_print(small)
    inside = np.zeros(small.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, np.asarray(np.round(bars), np.int32), 255)
    if not inside.any():
        return False
    tone = np.median(blank[inside > 0], axis=0)
    brightest = float(np.percentile(small[::4, ::4].max(2), 99))
    if tone.min() < LEAST_WHITE * brightest or np.ptp(tone) > MOST_COLOUR * float(tone.max()):
        return False
    alike = np.asarray(cv2.inRange(blank, tone * (1 - SAME_PAPER), tone * (1 + SAME_PAPER)), np.uint8) | inside
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(alike, np.uint8), connectivity=4)
    middle = bars.mean(0).astype(int)
    area = stats[labels[middle[1], middle[0]], cv2.CC_STAT_AREA]
    return bool(area >= LEAST_SHEETS * max(cv2.contourArea(np.asarray(bars, np.float32)), 1.0))


def around(
    small: Image, symbol: npt.NDArray[np.float32], others: Sequence[npt.NDArray[np.float32]], cues: frozenset[str]
) -> Grey:
    """255 where the label of a transport symbol is, in a small picture."""
    height, width = small.shape[:2]
    middle = symbol.mean(0)
    length = float(max(np.hypot(*(symbol[1] - symbol[0])), np.hypot(*(symbol[2] - symbol[1]))))
    reach = REACH * length
    window = np.zeros((height, width), np.uint8)
    cv2.circle(window, (round(float(middle[0])), round(float(middle[1]))), round(reach), 255, -1)
    paper = _paper(small, symbol, window) if "paper" in cues else np.zeros_like(window)
    near = _print(small) & window if "print" in cues else np.zeros_like(window)
    for other in others:  # what is nearer to a product's symbol is a product's
        y, x = np.mgrid[0:height, 0:width]
        nearer = np.hypot(x - other.mean(0)[0], y - other.mean(0)[1]) < np.hypot(x - middle[0], y - middle[1])
        near[nearer] = 0
    mask = paper | near
    return np.asarray(cv2.dilate(mask, np.ones((2 * AROUND_PX + 1, 2 * AROUND_PX + 1), np.uint8)), np.uint8)


def _paper(small: Image, symbol: npt.NDArray[np.float32], window: Grey) -> Grey:
    """The sheet that a symbol is printed on: what can be reached from it without a step in brightness, print apart."""
    blank = _without_print(small)
    flooded = np.zeros((small.shape[0] + 2, small.shape[1] + 2), np.uint8)
    flooded[1:-1, 1:-1][window == 0] = 1
    inside = np.zeros(small.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, np.asarray(np.round(symbol), np.int32), 255)
    flags = 4 | (255 << 8) | cv2.FLOODFILL_MASK_ONLY
    tone = np.median(blank[inside > 0], axis=0) if inside.any() else np.zeros(3)
    for x, y in _seeds(symbol, small.shape):
        on_paper = bool((np.abs(blank[y, x] - tone) <= SAME_PAPER * tone).all())  # the label may end beside its symbol
        if on_paper and flooded[y + 1, x + 1] == 0:
            cv2.floodFill(blank, flooded, (x, y), 0, (STEP,) * 3, (STEP,) * 3, flags)
    found = np.asarray(cv2.inRange(flooded[1:-1, 1:-1], np.array(255), np.array(255)), np.uint8) | inside
    outlines, _ = cv2.findContours(found, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    sheet = np.zeros_like(found)
    cv2.fillConvexPoly(sheet, cv2.convexHull(np.vstack(outlines)), 255)
    return np.asarray(sheet & window, np.uint8)


def _without_print(small: Image) -> Image:
    """What the paper looks like where print stands on it."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (PRINT_PX, PRINT_PX))
    return np.asarray(cv2.medianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel), 5), np.uint8)


def _seeds(symbol: npt.NDArray[np.float32], shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Points on the symbol and just outside of it."""
    middle = symbol.mean(0)
    points = [
        middle + factor * (corner - middle)
        for corner in (*symbol, *((symbol + np.roll(symbol, 1, 0)) / 2))
        for factor in (0.6, 1.12)
    ]
    return [(int(x), int(y)) for x, y in points if 0 <= x < shape[1] and 0 <= y < shape[0]]


def _print(small: Image) -> Grey:
    """Print and writing: dense edges that no long straight line makes."""
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    edges = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    marks = np.asarray((edges > LEAST_EDGE) * np.uint8(255), np.uint8)
    joined = cv2.morphologyEx(marks, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    return np.asarray(cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)), np.uint8)


def _outlines(mask: Grey, scale: float) -> tuple[Corners, ...]:
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    simple = (cv2.approxPolyDP(one, 1.5, closed=True)[:, 0] for one in found)
    return tuple(tuple((float(x * scale), float(y * scale)) for x, y in one) for one in simple if len(one) > 2)  # noqa: PLR2004 - a polygon


def _wider(corners: npt.NDArray[np.float32]) -> Corners:
    """A symbol and a little around it."""
    middle = corners.mean(0)
    wider = middle + (corners - middle) * (1 + 2 * SYMBOL_AROUND)
    return tuple((float(x), float(y)) for x, y in wider)


def mask_of(hidden: Hidden, shape: tuple[int, int], corner: tuple[int, int] = (0, 0)) -> Grey:
    """255 where a piece (height, width) of a picture, whose top left corner (x, y) is told, is to be hidden."""
    mask = np.zeros(shape, np.uint8)
    for one in hidden.outlines:
        cv2.fillPoly(mask, [np.asarray(np.round(np.subtract(one, corner)), np.int32)], 255)
    for one in hidden.symbols:
        cv2.fillConvexPoly(mask, np.asarray(np.round(np.subtract(one, corner)), np.int32), 0)
    return mask


# --- Hiding it --------------------------------------------------------------------------------------------------------


def spread(hidden: Hidden, factor: float) -> Hidden:
    """The same in a picture that is so many times as large."""
    outlines, symbols = (
        tuple(tuple((x * factor, y * factor) for x, y in one) for one in some)
        for some in (hidden.outlines, hidden.symbols)
    )
    return Hidden(outlines, symbols)


def cut(image: Image, hidden: Hidden) -> bytes:
    """JPEG of what is hidden, as it is: the one picture that shows it. Whoever has it seals it."""
    points = np.vstack([np.asarray(one) for one in hidden.outlines])
    left, top = (max(0, int(value)) for value in points.min(0))
    right, bottom = (int(value) + 1 for value in points.max(0))
    piece = reduced(image[top:bottom, left:right], LABEL_SIDE)
    return cv2.imencode(".jpg", piece, [cv2.IMWRITE_JPEG_QUALITY, LABEL_QUALITY])[1].tobytes()


def covered_symbol(image: Image, symbol: Symbol, hidden: Hidden) -> Symbol:
    """The symbol with what is hidden around it covered in its crop."""
    piece, corner = piece_of(image, symbol.corners)
    mask = mask_of(hidden, (piece.shape[0], piece.shape[1]), corner)
    if not piece.size or not mask.any():
        return symbol
    piece = piece.copy()
    piece[mask > 0] = COVER
    return replace(symbol, crop=png(piece))


def covered_face(measured: FaceMeasurement, hidden: Hidden, registered: tuple[int, int]) -> FaceMeasurement:
    """A measurement whose pictures show nothing of it. `registered` is the registered picture's size (w, h)."""
    outlines = [np.asarray(one, np.float64)[None] for one in hidden.outlines]
    if not measured.face_picture or len(measured.homography) != 9:  # noqa: PLR2004 - a 3 x 3 matrix
        return replace(measured, face_picture=b"", heat_picture=b"", regions=_without_pictures(measured, hidden))
    matrix = np.reshape(measured.homography, (3, 3))
    on_face = [cv2.perspectiveTransform(one, matrix)[0] for one in outlines]
    return replace(
        measured,
        face_picture=_covered(measured.face_picture, on_face, registered),
        heat_picture=_covered(measured.heat_picture, on_face, registered),
        regions=_without_pictures(measured, hidden),
    )


def shows(hidden: Hidden, corners: Corners) -> bool:
    """Whether a place of the picture meets what is hidden."""
    place = np.asarray(corners, np.float32)
    left, top = np.floor(place.min(0)).astype(int)
    width, height = (np.ceil(place.max(0)).astype(int) - (left, top)) + 1
    mask = mask_of(Hidden(hidden.outlines), (int(height), int(width)), (int(left), int(top)))
    return bool(mask.any())


def _without_pictures(measured: FaceMeasurement, hidden: Hidden) -> tuple[RegionMeasurement, ...]:
    """The regions; one whose picture would show what is hidden has none."""
    return tuple(
        replace(one, picture=b"") if one.picture and shows(hidden, around_box(one.capture_box)) else one
        for one in measured.regions
    )


def around_box(box: Rectangle) -> Corners:
    """The corners of a box and of what its picture shows around it."""
    x, y, w, h = box
    across, down = w // 2 + 8, h // 2 + 8
    left, top, right, bottom = x - across, y - down, x + w + across, y + h + down
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _covered(encoded: bytes, outlines: Sequence[npt.NDArray[np.float64]], registered: tuple[int, int]) -> bytes:
    """A picture of the face with outlines (in pixels of the registered picture) covered."""
    if not encoded:
        return encoded
    picture = np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    scale = (picture.shape[1] / registered[0], picture.shape[0] / registered[1])
    drawn = [np.asarray(np.clip(np.round(one * scale), -20_000, 20_000), np.int32) for one in outlines]
    mask = np.zeros(picture.shape[:2], np.uint8)
    for one in drawn:
        cv2.fillPoly(mask, [one], 255)
    if not mask.any():
        return encoded
    picture[mask > 0] = COVER
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, FACE_QUALITY])[1].tobytes()
