"""What a hologram shows: whether it is there, where it lies, and whether its colours change with the angle.

A hologram looks different from every side, so it is never compared as a picture. Asked is whether the place is as
colourful and as detailed as the registered one, where the colourful patch lies, and, from two captures on, whether its
colours changed more than the print around it: a printed copy of a hologram does not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from models.offset import SEARCH_MM, Offset, offset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.locate import Grey
    from models.measurements import Image, Rectangle

CELLS = 6  # a side, of the colours that are remembered
RING = 0.35  # of the sides, the print around the hologram that tells what light and camera change
LEAST_SEEN = 0.5  # share of the place that must be free of glare
SPREAD_MM = 1.2  # window in which colours are spread

Flags = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]


def absence(capture: Image, face: Image, usable: Grey, box: Rectangle) -> float | None:
    """How much of the registered colourfulness and detail a place lacks: 0 all there, 1 nothing; None when unusable.

    The better of the two shares counts: light may wash out colours or edges, a missing hologram lacks both.
    """
    x, y, w, h = box
    free = usable[y : y + h, x : x + w] > 0
    if float(free.mean()) < LEAST_SEEN:
        return None
    shown, known = capture[y : y + h, x : x + w], face[y : y + h, x : x + w]
    colour = _colourfulness(shown, free) / max(_colourfulness(known, free), 1e-3)
    edges = _edges(shown, free) / max(_edges(known, free), 1e-3)
    return float(np.clip(1 - max(colour, edges), 0, 1))


def _colourfulness(picture: Image, free: Flags) -> float:
    """Spread of the opponent colours (after Hasler and Suesstrunk, 2003), grey levels."""
    blue, green, red = (picture[:, :, c].astype(np.float32)[free] for c in range(3))
    return float(np.hypot((red - green).std(), ((red + green) / 2 - blue).std()))


def _edges(picture: Image, free: Flags) -> float:
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (0, 0), 1.5).astype(np.float32)
    across, down = np.gradient(grey)
    return float(np.hypot(across, down)[free].mean())


def place(capture: Image, face: Image, box: Rectangle, px_per_mm: tuple[float, float]) -> Offset | None:
    """Where the patch of spread colours lies that the registered face shows at `box`, whatever its colours are."""
    x, y, w, h = box
    margin_x, margin_y = round(0.3 * w), round(0.3 * h)
    left, top = max(0, x - margin_x), max(0, y - margin_y)
    right, bottom = min(face.shape[1], x + w + margin_x), min(face.shape[0], y + h + margin_y)
    reach_x, reach_y = round((SEARCH_MM + 2) * px_per_mm[0]), round((SEARCH_MM + 2) * px_per_mm[1])
    near_x, near_y = max(0, left - reach_x), max(0, top - reach_y)
    near = (slice(near_y, bottom + reach_y), slice(near_x, right + reach_x))
    window = max(3, round(SPREAD_MM * min(px_per_mm))) | 1
    shown, known = (_spread(side[near], window) for side in (capture, face))
    return offset(shown, known, (left - near_x, top - near_y, right - left, bottom - top), px_per_mm)


def _spread(picture: Image, window: int) -> Grey:
    """Local standard deviation of the opponent colours, 0..255."""
    blue, green, red = cv2.split(cv2.blur(picture, (3, 3)).astype(np.float32))
    total = np.zeros(picture.shape[:2], np.float32)
    for opponent in (red - green, (red + green) / 2 - blue):
        mean = cv2.blur(opponent, (window, window))
        total += np.maximum(cv2.blur(opponent * opponent, (window, window)) - mean * mean, 0)
    return np.asarray(np.clip(np.sqrt(total) * 3, 0, 255), np.uint8)


def colours(capture: Image, box: Rectangle) -> tuple[int, ...]:
    """Mean a and b (CIELAB, 0..255) of 6 x 6 cells of the place, then of 6 x 6 cells of it and the ring around it."""
    x, y, w, h = box
    ring_x, ring_y = round(RING * w), round(RING * h)
    left, top = max(0, x - ring_x), max(0, y - ring_y)
    wide = capture[top : y + h + ring_y, left : x + w + ring_x]
    return (*_cells(capture[y : y + h, x : x + w]), *_cells(wide))


def _cells(picture: Image) -> tuple[int, ...]:
    small = cv2.resize(picture, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return tuple(int(value) for value in cv2.cvtColor(small, cv2.COLOR_BGR2LAB)[:, :, 1:].ravel())


def change(shots: Sequence[tuple[int, ...]]) -> float | None:
    """How much more the hologram's colours differ between captures than those of the print around; None for one.

    CIELAB units: the mean distance of the place's cells, less that of the outer cells around it, over all pairs.
    """
    if len(shots) < 2:  # noqa: PLR2004 - a change needs two
        return None
    half = CELLS * CELLS * 2
    values = np.array(shots, np.float32)
    inner = values[:, :half].reshape(len(shots), CELLS, CELLS, 2)
    outer = values[:, half:].reshape(len(shots), CELLS, CELLS, 2)
    border = np.ones((CELLS, CELLS), bool)
    border[1:-1, 1:-1] = False
    apart = []
    for one in range(len(shots)):
        for other in range(one):
            changed = np.hypot(*np.moveaxis(inner[one] - inner[other], -1, 0))
            light = np.hypot(*np.moveaxis((outer[one] - outer[other])[border], -1, 0))
            apart.append(float(changed.mean()) - float(np.median(light)))
    return float(np.mean(apart))
