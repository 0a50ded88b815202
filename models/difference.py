"""From maps of two aligned sides to scored places. Pure arithmetic on arrays: no picture, no network.

Structure and print quality are a network's logits, averaged over a window of usable cells. Colour is measured directly,
as the turn of each ink's hue over the whole face.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.locate import Grey
    from models.measurements import Image, Rectangle, Tensor
    from models.pack import Judgement

PEAK_SHARE = 0.5  # of the peak above the background, where a box ends
MOST_PLACES = 5
PEAK = 2  # what a peak's area is filled with, of cells 0 and 1
INKS = 12  # sectors of the hue
LEAST_INK_CELLS, AMPLE_INK_CELLS = 60, 400  # below the first an ink is not judged, from the second it counts in full
LEAST_CHROMA = 10.0  # below it a colour has hardly a hue
LEAST_LIGHT = 0.01  # of full scale, squared: so much is known of every gain
LEAST_WINDOW = 0.6  # usable share of a window that may be judged
UNSURE = -3.0  # logit of "unusable" from which a colour may not be judged: a hand's rim or a haze turns every hue


@dataclass(frozen=True, slots=True)
class Place:
    """A peak of a map: calibrated score and box in face pixels."""

    kind: str
    score: float
    box: Rectangle


def usable_cells(usable: Grey, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Cells (rows x columns) of which the picture pixels are usable, their neighbours included."""
    small = cv2.resize(usable, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.erode((small > 250).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)  # noqa: PLR2004 - whole


def colour_distance(capture: Image, registered: Image, usable: npt.NDArray[np.bool_], window: int) -> Tensor:
    """The map "colour" (rows x columns; nan where nothing can be judged): the turn of an ink's hue, CIELAB units.

    The registered face's cells are sorted into twelve inks by hue. Each cell tells the median turn of its ink over the
    whole face, less where the ink covers little: another ink turns wherever it is printed, a hand or a lamp only where
    it is. Only the part of a chroma difference that turns the hue counts, because cameras differ in saturation. Cells
    with hardly a colour tell 0. What the light does to an ink is known from the rest of the face: the turn counts
    as much as that tells (`_known`).
    """
    size = (usable.shape[1], usable.shape[0])
    weight = usable.astype(np.float32)
    share = _mean(weight, window)
    sides = [
        np.asarray(cv2.resize(side, size, interpolation=cv2.INTER_AREA), np.uint8) for side in (registered, capture)
    ]
    known, shown = (
        _mean((cv2.cvtColor(side, cv2.COLOR_BGR2LAB)[:, :, 1:] - 128.0) * weight[:, :, None], window)
        / np.maximum(share, LEAST_WINDOW)[:, :, None]
        for side in sides
    )
    judged = (share >= LEAST_WINDOW) & usable
    chroma = np.hypot(known[:, :, 0], known[:, :, 1])
    apart = shown - known
    across = (known[:, :, 0] * apart[:, :, 1] - known[:, :, 1] * apart[:, :, 0]) / np.maximum(chroma, LEAST_CHROMA)
    ink = np.floor((np.arctan2(known[:, :, 1], known[:, :, 0]) / (2 * np.pi) + 0.5) * INKS).astype(int) % INKS
    result = np.where(judged, 0.0, np.nan).astype(np.float32)
    every = slice(None, None, 2), slice(None, None, 2)  # second cell: enough to know the colours of a face
    light = (sides[0][every] / np.float32(255)) ** 2
    told = light[judged[every]]
    for one in range(INKS):
        cells = judged & (chroma > LEAST_CHROMA) & (ink == one)
        count = int(cells.sum())
        if count > LEAST_INK_CELLS:
            turn = abs(float(np.median(across[cells]))) * min(1.0, (count / AMPLE_INK_CELLS) ** 0.5)
            result[cells] = turn * _known(light[cells[every]], told.sum(axis=0), len(told))
    return result


def _known(ink: Tensor, total: Tensor, count: int) -> float:
    """How well the rest of a face tells what the light does to an ink (n x 3 squared channels of full scale), 0 to 1.

    `total` (3) is the sum of such squares of all `count` cells, the ink's among them. A light is a gain of each
    channel, and the error of one that least squares fitted is as large as the root of the mean square of what it was
    fitted on is small, against the value that it is asked for: a red ink alone on green says what it likes.
    """
    if len(ink) in (0, count):
        return 0.0
    shown = (total - ink.sum(axis=0)) / (count - len(ink))
    ratio = (shown + LEAST_LIGHT) / (ink.mean(axis=0) + LEAST_LIGHT)
    return min(1.0, math.sqrt(ratio.min()))


def windowed(values: Tensor, usable: npt.NDArray[np.bool_], window: int) -> Tensor:
    """A map averaged over a window of usable cells; nan where too few are usable."""
    weight = usable.astype(np.float32)
    share = _mean(weight, window)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = _mean(values * weight, window) / share
    result[(share < LEAST_WINDOW) | ~usable] = np.nan
    return np.asarray(result, np.float32)


def _mean(values: Tensor, window: int) -> Tensor:
    return np.asarray(cv2.blur(values, (window, window), borderType=cv2.BORDER_REPLICATE), np.float32)


def places(kind: str, values: Tensor, judgement: Judgement, cell_px: int) -> tuple[Place, ...]:
    """The highest peaks of a map in the unit of its judgement, best first; one at least if anything can be judged."""
    left = np.where(np.isfinite(values), values, -np.inf).astype(np.float32)
    found: list[Place] = []
    ground = float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0
    while len(found) < MOST_PLACES:
        free = left[np.isfinite(left)]
        if not free.size:
            break
        row, column = (int(index) for index in np.unravel_index(int(left.argmax()), left.shape))
        top, most = float(left[row, column]), min(judgement.top_cells, free.size)
        high = top if most == 1 else float(np.partition(free, -most)[-most:].mean())  # which is slow on equal values
        score = judgement.score(high)
        if found and score < found[0].score / 2:
            break
        area = (left >= ground + PEAK_SHARE * (top - ground)).astype(np.uint8)
        _, _, _, (x, y, w, h) = cv2.floodFill(area, None, (column, row), PEAK, flags=8)
        found.append(Place(kind, score, (x * cell_px, y * cell_px, w * cell_px, h * cell_px)))
        left[area == PEAK] = -np.inf
        reach = judgement.window_cells
        left[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = -np.inf
    return tuple(found)
