"""Bring an aligned capture to the registered face's light, white balance and tone. No likeness is judged here.

One small robust regression a channel, on a coarse grid: the face's cell colours from the capture's (all three channels,
so that saturation and white balance go), their squares (tone), the place and the place times lightness (uneven light,
veils). Cauchy weights keep a changed print from moving it; a ridge keeps it near the identity. The training draws its
pairs through the same function, so that the net meets what it learnt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.measurements import Image

CELL_PX = 16
LEAST_CELLS = 60
BURNT_OUT = 0.96  # of full scale: what a camera clips tells no colour
WHITE = 0.98  # likewise in the registered face
MOSTLY_USABLE = 200  # of 255, of a cell
STRIP_PX = 32
_ROUNDS = 5

Floats = npt.NDArray[np.float32]


def matched(capture: Image, face: Image, usable: npt.NDArray[np.uint8] | None = None) -> Image:
    """The aligned capture (H x W x 3 BGR uint8) in the registered face's light and tone.

    `usable` (H x W, 255 = may be judged) leaves out glare and what lies outside the frame. With fewer than 60 usable
    cells of 16 px the capture comes back as it is.
    """
    height, width = face.shape[:2]
    columns, rows = max(4, width // CELL_PX), max(4, height // CELL_PX)
    shown, known = _cells(capture, columns, rows), _cells(face, columns, rows)
    free = (shown.max(1) < BURNT_OUT) & (known.max(1) < WHITE)
    if usable is not None:
        free &= cv2.resize(usable, (columns, rows), interpolation=cv2.INTER_AREA).ravel() > MOSTLY_USABLE
    if int(free.sum()) < LEAST_CELLS:
        return capture
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j].astype(np.float32)
    terms = _terms(shown, x.ravel(), y.ravel())
    coefficients = _fitted(terms[free], known[free])
    # Evaluated as a function of colour at full size: the place terms on the coarse grid, the colour terms per pixel.
    linear, square, place, lightness = np.split(coefficients, (3, 6, 11), axis=0)
    grid = _place(x.ravel(), y.ravel())
    offset = cv2.resize((grid @ place).reshape(rows, columns, 3), (width, height), interpolation=cv2.INTER_LINEAR)
    slope = cv2.resize((grid[:, 1:] @ lightness).reshape(rows, columns, 3), (width, height))
    straight, squared = (np.ascontiguousarray(one.T) for one in (linear, square))
    result = np.empty_like(capture)
    for top in range(0, height, STRIP_PX):  # small arrays are used again; new ones of a face's size cost the most here
        strip = slice(top, top + STRIP_PX)
        values = np.multiply(capture[strip], np.float32(1 / 255), dtype=np.float32)
        grey = cv2.transform(values, np.full((3, 3), 1 / 3, np.float32))  # in three channels alike
        out = cv2.add(cv2.transform(values, straight), cv2.transform(cv2.multiply(values, values), squared))
        out = cv2.add(cv2.add(out, offset[strip]), cv2.multiply(slope[strip], grey))
        result[strip] = cv2.multiply(out, np.array([255.0] * 4), dtype=cv2.CV_8U)  # rounds, stays in 0..255
    return result


def _cells(picture: Image, columns: int, rows: int) -> Floats:
    small = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small.reshape(-1, 3) / 255, np.float32)


def _place(x: Floats, y: Floats) -> Floats:
    """Constant, x, y, x squared, y squared (n x 5)."""
    return np.asarray(np.column_stack([np.ones_like(x), x, y, x * x, y * y]), np.float32)


def _terms(shown: Floats, x: Floats, y: Floats) -> Floats:
    place = _place(x, y)
    return np.column_stack([shown, shown * shown, place, place[:, 1:] * shown.mean(1)[:, None]]).astype(np.float32)


def _fitted(terms: Floats, known: Floats) -> Floats:
    """Coefficients (15 x 3) by iteratively reweighted least squares with a ridge towards the identity."""
    prior = np.zeros((terms.shape[1], 3), np.float32)
    prior[:3] = np.eye(3)
    ridge = np.diag(np.array([0.004] * 3 + [0.02] * 3 + [1e-4] + [0.003] * 4 + [0.003] * 4, np.float32)) * len(terms)
    weight = np.ones(len(terms), np.float32)
    coefficients = prior
    for _ in range(_ROUNDS):
        heavy = terms * weight[:, None]
        coefficients = prior + np.linalg.solve(terms.T @ heavy + ridge, heavy.T @ (known - terms @ prior))
        miss = np.abs(known - terms @ coefficients).max(1)
        scale = 1.5 * float(np.median(miss)) + 0.01
        weight = np.asarray(1 / (1 + (miss / scale) ** 2), np.float32)
    return np.asarray(coefficients, np.float32)
