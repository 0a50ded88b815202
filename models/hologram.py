"""What a hologram shows: where it lies, and whether its colours change with the angle.

A hologram looks different from every side, so it is never compared as a picture. Asked is whether it is there
(`models.presence`), where the colourful patch lies, and, from two captures on, whether the pattern of its colours
changed: that of a printed copy does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.offset import SEARCH_MM, Offset, offset
from models.presence import spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.measurements import Image, Rectangle

CELLS = 6  # a side, of the colours that are remembered
LEAST_COLOUR = 12.0  # length of all cells' colours together; less is grey and has no pattern
SPREAD_MM = 1.2  # window in which colours are spread
LEAST_LIKENESS = 0.4  # correlation of two patches of spread colours: the print around a moved one is another


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
    shown, known = (spread(side[near], window) for side in (capture, face))
    where = (left - near_x, top - near_y, right - left, bottom - top)
    return offset(shown, known, where, px_per_mm, sizes=(1.0,), least=LEAST_LIKENESS)


def colours(capture: Image, box: Rectangle) -> tuple[int, ...]:
    """Mean a and b (CIELAB, 0..255) of 6 x 6 cells of the place."""
    x, y, w, h = box
    small = cv2.resize(capture[y : y + h, x : x + w], (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return tuple(int(value) for value in cv2.cvtColor(small, cv2.COLOR_BGR2LAB)[:, :, 1:].ravel())


def change(shots: Sequence[tuple[int, ...]]) -> float | None:
    """How much the pattern of colours changed between the two captures that differ most; None for one capture.

    One less the correlation of the cells' colours: 0 the same pattern, 1 another, 2 its opposite. Light, white balance
    and saturation shift and stretch all cells alike, which a correlation does not see.
    """
    if len(shots) < 2:  # noqa: PLR2004 - a change needs two
        return None
    values = np.array(shots, np.float64).reshape(len(shots), -1, 2)
    values -= values.mean(axis=1, keepdims=True)
    flat = values.reshape(len(shots), -1)
    lengths = np.linalg.norm(flat, axis=1)
    if float(lengths.min()) < LEAST_COLOUR:
        return None
    likeness = (flat @ flat.T) / np.outer(lengths, lengths)
    return float(1 - likeness.min())
