"""What a hologram shows: whether it is there, where it lies, and whether its colours change with the angle.

A hologram looks different from every side, so it is never compared as a picture. Asked is whether the place is as
colourful and as detailed as the registered one, and at the same spots (its relief stays where it is, whatever light
falls on it); where the colourful patch lies; and, from two captures on, whether the pattern of its colours changed:
that of a printed copy does not.
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
LEAST_COLOUR = 12.0  # length of all cells' colours together; less is grey and has no pattern
LEAST_SEEN = 0.5  # share of the place that must be free of glare
SPREAD_MM = 1.2  # window in which colours are spread
SHAPED = 0.25  # correlation of the pattern of edges or colours from which on the shape is the registered one
SLIP_PX = 3  # by how much a capture may lie off after registration, face pixels
EDGE_LEVEL = 4.0  # slope, grey levels: what lies below hardly counts as an edge
SHAPE_PX = 7  # window in which colours are spread, for the shape
LEAST_LIKENESS = 0.4  # correlation of two patches of spread colours: the print around a moved one is another

Flags = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]


def absence(capture: Image, face: Image, usable: Grey, box: Rectangle) -> float | None:
    """How much of the registered colourfulness and detail a place lacks: 0 all there, 1 nothing; None when unusable.

    The better of the two shares counts: light may wash out colours or edges, a missing hologram lacks both. And it
    counts as far as it lies where the registered one does: another print is as detailed, and shares no shape.
    """
    x, y, w, h = box
    free = usable[y : y + h, x : x + w] > 0
    if float(free.mean()) < LEAST_SEEN:
        return None
    shown, known = capture[y : y + h, x : x + w], face[y : y + h, x : x + w]
    colour = _colourfulness(shown, free) / max(_colourfulness(known, free), 1e-3)
    edges = _edges(shown, free) / max(_edges(known, free), 1e-3)
    shape = np.clip(_shape_likeness(capture, face, box) / SHAPED, 0, 1)
    return float(1 - min(1.0, max(colour, edges)) * shape)


def _shape_likeness(capture: Image, face: Image, box: Rectangle) -> float:
    """The correlation of where a place has edges, or of where it has colours: the better one, at the best small shift.

    By how strong they are, not by what they show: that changes with the angle.
    """
    x, y, w, h = box
    left, top = max(0, x - 2 * SHAPE_PX), max(0, y - 2 * SHAPE_PX)
    near = (slice(top, y + h + 2 * SHAPE_PX), slice(left, x + w + 2 * SHAPE_PX))
    found = [-1.0]
    for shown, known in (
        (_steepness(capture[near]), _steepness(face[near])),
        (_spread(capture[near], SHAPE_PX).astype(np.float32), _spread(face[near], SHAPE_PX).astype(np.float32)),
    ):
        template = known[y - top : y - top + h, x - left : x - left + w]
        window = shown[
            max(0, y - top - SLIP_PX) : y - top + h + SLIP_PX, max(0, x - left - SLIP_PX) : x - left + w + SLIP_PX
        ]
        if float(template.std()) > 0:
            found.append(float(cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED).max()))
    return max(found)


def _steepness(picture: Image) -> Singles:
    """The logarithm of the slope around each pixel: a faint line is an edge beside a strong one."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (0, 0), 1.2).astype(np.float32)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    slope = cv2.GaussianBlur(cv2.magnitude(across, down), (0, 0), 1.0)
    return np.asarray(np.log1p(slope / EDGE_LEVEL), np.float32)


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
    where = (left - near_x, top - near_y, right - left, bottom - top)
    return offset(shown, known, where, px_per_mm, sizes=(1.0,), least=LEAST_LIKENESS)


def _spread(picture: Image, window: int) -> Grey:
    """Local standard deviation of the opponent colours, 0..255."""
    blue, green, red = cv2.split(cv2.blur(picture, (3, 3)).astype(np.float32))
    total = np.zeros(picture.shape[:2], np.float32)
    for opponent in (red - green, (red + green) / 2 - blue):
        mean = cv2.blur(opponent, (window, window))
        total += np.maximum(cv2.blur(opponent * opponent, (window, window)) - mean * mean, 0)
    return np.asarray(np.clip(np.sqrt(total) * 3, 0, 255), np.uint8)


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
