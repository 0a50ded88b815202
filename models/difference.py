"""From features or maps of two aligned sides to scored places. Pure arithmetic on arrays: no picture, no network.

The encoder's distance: features without their local mean, squared distance of the nearest of the shifted neighbours,
averaged over a window and divided by the local texture (geometric mean with the face's own), because a blurred or
shifted edge departs more than a plain area. The peak is told in units of the face's own background, so that what the
whole capture shares (blur, noise, paper) cancels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.locate import Grey
    from models.measurements import Image, Rectangle
    from models.pack import Distance, Judgement, Tensor

PEAK_SHARE = 0.5  # of the peak above the background, where a box ends
MOST_PLACES = 5
SURROUNDING_CELLS = 61
DARK = 40  # brightest channel of a capture, below which its colours are noise
CLIPPED = 250  # brightest channel from which a colour is cut off
LEAST_CHROMA = 8.0  # below it a colour has hardly a hue
LEAST_WINDOW = 0.6  # usable share of a window that may be judged
UNUSABLE = 0.0  # logit of a network from which a cell may not be judged
UNSURE = -3.0  # logit from which its colour may not: a hand's rim or a haze turns every hue


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


def centred(features: Tensor, cells: int) -> Tensor:
    """Features (rows x columns x channels) without their local mean."""
    return np.asarray(features - cv2.blur(features, (cells, cells), borderType=cv2.BORDER_REPLICATE), np.float32)


def feature_distance(
    capture: Tensor, registered: Tensor, usable: npt.NDArray[np.bool_], distance: Distance, window: int
) -> Tensor:
    """The map "any" (rows x columns, 0 or more; nan where no window can be judged).

    Args:
        capture: centred features, rows x columns x channels.
        registered: the same of the registered face.
        usable: rows x columns.
        distance: the pack's numbers.
        window: side of the averaging window, cells.
    """
    energy_r = np.einsum("ijk,ijk->ij", registered, registered)
    energy_c = np.einsum("ijk,ijk->ij", capture, capture)
    nearest = np.full(energy_r.shape, np.inf, np.float32)
    reach = distance.shift_cells
    rows, columns = energy_r.shape
    padded = np.pad(capture, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    padded_energy = np.pad(energy_c, reach, mode="edge")
    for y in range(2 * reach + 1):
        for x in range(2 * reach + 1):
            shifted = padded[y : y + rows, x : x + columns]
            product = np.einsum("ijk,ijk->ij", registered, shifted)
            squared = energy_r + padded_energy[y : y + rows, x : x + columns] - 2 * product
            np.minimum(nearest, cv2.blur(squared, (3, 3), borderType=cv2.BORDER_REPLICATE), out=nearest)
    weight = usable.astype(np.float32)
    share = _mean(weight, window)
    energy = energy_r + energy_c
    overall = float(energy[usable].mean()) / 2 + 1e-6 if usable.any() else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = _mean(nearest * weight, window) / share
        texture = _mean(energy * weight, window) / share
        result = np.maximum(apart, 0) / np.sqrt((texture + distance.texture_floor * overall) * overall)
    result[(share < LEAST_WINDOW) | ~usable] = np.nan
    return np.asarray(result, np.float32)


def colour_cells(seen: Image, shown: Image, usable: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Usable cells in which a capture shows colour: not too dark as it came, not clipped once lit."""
    size = (usable.shape[1], usable.shape[0])
    dark, lit = (cv2.resize(side, size, interpolation=cv2.INTER_AREA).max(axis=2) for side in (seen, shown))
    return np.asarray(usable & (dark >= DARK) & (lit < CLIPPED))


def colour_distance(capture: Image, registered: Image, usable: npt.NDArray[np.bool_], window: int) -> Tensor:
    """The map "colour" (rows x columns; nan where no window can be judged): hue apart, CIELAB units.

    Only the part of a chroma difference that turns the hue counts: cameras differ in saturation. It is taken against a
    wide surrounding, because the light's colour, which no single picture tells, shifts all of it alike.
    """
    size = (usable.shape[1], usable.shape[0])
    shown, known = (
        cv2.cvtColor(cv2.resize(side, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2LAB)[:, :, 1:].astype(
            np.float32
        )
        - 128
        for side in (capture, registered)
    )
    weight = usable.astype(np.float32)
    share, surrounding = _mean(weight, window), _mean(weight, SURROUNDING_CELLS)
    apart = (shown - known) * weight[:, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        local = _mean(apart, window) / share[:, :, None]
        local = local - _mean(apart, SURROUNDING_CELLS) / surrounding[:, :, None]
        hue = _mean(known * weight[:, :, None], window) / share[:, :, None]
        across = hue[:, :, 0] * local[:, :, 1] - hue[:, :, 1] * local[:, :, 0]
        result = np.abs(across) / np.maximum(np.hypot(hue[:, :, 0], hue[:, :, 1]), LEAST_CHROMA)
    result[(share < LEAST_WINDOW) | ~usable] = np.nan
    return np.asarray(result, np.float32)


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


def in_background(values: Tensor, judgement: Judgement) -> Tensor:
    """The map in the unit of its judgement: as it is, or over the median of its usable cells."""
    if judgement.background == "none" or not np.isfinite(values).any():
        return values
    return np.asarray(values / (float(np.nanmedian(values)) + 1e-3), np.float32)


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
        score = judgement.score(float(np.partition(free, -most)[-most:].mean()))
        if found and score < found[0].score / 2:
            break
        area = (left >= ground + PEAK_SHARE * (top - ground)).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(area, connectivity=8)
        label = labels[row, column]
        x, y, w, h = (int(value) for value in stats[label][:4])
        found.append(Place(kind, score, (x * cell_px, y * cell_px, w * cell_px, h * cell_px)))
        left[labels == label] = -np.inf
        reach = judgement.window_cells
        left[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = -np.inf
    return tuple(found)
