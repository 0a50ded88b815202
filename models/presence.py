"""Whether a registered region is there at all: how much of its colours and its detail a place shows, and where.

A hologram looks different from every side, a label reads something else on every item, so nothing is compared as a
picture. The detail that is asked for is less where the whole capture is softer than the registered picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.locate import Grey
    from models.measurements import Image, Rectangle

LEAST_SEEN = 0.5  # share of the place that must be free of glare
SHAPED = 0.25  # correlation of the pattern of edges or colours from which on the shape is the registered one
SLIP_PX = 3  # by how much a capture may lie off after registration, face pixels
EDGE_LEVEL = 4.0  # slope, grey levels: what lies below hardly counts as an edge
SHAPE_PX = 7  # window in which colours are spread, for the shape
LEAST_COLOUR = (
    6.0  # spread of the opponent colours, grey levels: what shows less is grey, and noise would be its colours
)
LEAST_RESOLVED = 0.25  # of the registered detail: below it a soft capture is asked for no less

Flags = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]


def absence(
    capture: Image, face: Image, usable: Grey, box: Rectangle, *, resolved: float = 1.0, shaped: bool = True
) -> float | None:
    """How much of the registered colourfulness and detail a place lacks: 0 all there, 1 nothing; None when unusable.

    The better of the two shares counts: light may wash out colours or edges, a missing hologram lacks both. And it
    counts as far as it lies where the registered one does: another print is as detailed, and shares no shape.

    Args:
        capture: the aligned capture in the registered face's light, H x W x 3 BGR uint8.
        face: the registered face, likewise.
        usable: 255 where the capture may be judged.
        box: the region.
        resolved: share of the whole face's registered detail that the capture shows.
        shaped: whether the region shows the same on every item; where it does not, only its detail is asked for.
    """
    x, y, w, h = box
    free = usable[y : y + h, x : x + w] > 0
    if float(free.mean()) < LEAST_SEEN:
        return None
    shown, known = capture[y : y + h, x : x + w], face[y : y + h, x : x + w]
    coloured = _colourfulness(known, free)
    colour = _colourfulness(shown, free) / coloured if shaped and coloured > LEAST_COLOUR else 0.0
    asked = max(LEAST_RESOLVED, min(1.0, resolved))
    edges = _edges(shown, free) / max(asked * _edges(known, free), 1e-3)
    shape = 1.0 if not shaped else np.clip(_shape_likeness(capture, face, box) / SHAPED, 0, 1)
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
        (spread(capture[near], SHAPE_PX).astype(np.float32), spread(face[near], SHAPE_PX).astype(np.float32)),
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


def spread(picture: Image, window: int) -> Grey:
    """Local standard deviation of the opponent colours, 0..255."""
    blue, green, red = cv2.split(cv2.blur(picture, (3, 3)).astype(np.float32))
    total = np.zeros(picture.shape[:2], np.float32)
    for opponent in (red - green, (red + green) / 2 - blue):
        mean = cv2.blur(opponent, (window, window))
        total += np.maximum(cv2.blur(opponent * opponent, (window, window)) - mean * mean, 0)
    return np.asarray(np.clip(np.sqrt(total) * 3, 0, 255), np.uint8)
