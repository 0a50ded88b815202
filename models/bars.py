"""Bars that nobody read: something striped, as linear symbols are, on a sheet of bright paper much larger than it.

They tell nothing alone: text, batteries' rows and holograms look striped too, and products have symbols. They are held
against what `models.address_blocks` says of the same picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.locate import Grey
    from models.measurements import Image

PRINT_PX: Final = 15  # strokes up to this thick are print on the paper, in the small picture
BARS_SIDES: Final = (2800, 1400)  # pixels at most of the pictures in which bars that nobody read are looked for
LEAST_HALVED_PX: Final = 16  # of the shorter side: a quarter of its half is what bars are looked for in
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


def unread(image: Image, small: Image, read: Sequence[npt.NDArray[np.float32]]) -> bool:
    """Whether a picture, or a `small` copy of it, shows bars on a sheet of paper that are none of the symbols read."""
    for side in BARS_SIDES:
        seen = halved(image, side)
        scale, smaller = image.shape[1] / seen.shape[1], seen.shape[1] / small.shape[1]
        if any(_on_a_sheet(small, bars / smaller) for bars in striped(seen, [one / scale for one in read])):
            return True
    return False


def halved(image: Image, side: int) -> Image:
    """The picture, halved as often as it takes to be no longer than `side`; quick, as no other scale is.

    What is so thin that it would vanish stays longer.
    """
    while max(image.shape[:2]) > side and min(image.shape[:2]) >= LEAST_HALVED_PX:
        size = (image.shape[1] // 2, image.shape[0] // 2)
        image = np.asarray(
            cv2.resize(image[: 2 * size[1], : 2 * size[0]], size, interpolation=cv2.INTER_AREA), np.uint8
        )
    return image


def striped(image: Image, read: Sequence[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
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
    blank = without_print(small)
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


def without_print(small: Image) -> Image:
    """What the paper looks like where print stands on it."""
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (PRINT_PX, PRINT_PX))
    return np.asarray(cv2.medianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel), 5), np.uint8)
