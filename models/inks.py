"""How far the inks of a print lie apart: each colour channel of a capture is laid onto the registered face by itself.

A reprint whose inks do not meet shows fringes at every edge. A camera shows fringes too, but its lens does so in
proportion to the distance from its middle: the linear part of a channel's shift is taken off. Method: one step of
least squares for a shift and a gain in every window (Lucas and Kanade, 1981) at half the face's resolution. Nothing is
learnt here: a network that told drawn misregistration in 98 of 100 pairs told it on photographs no better than chance
(docs/decisions/172). What it is not: an alignment; where the whole capture lies a pixel off, all channels do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.measurements import Image, Tensor

GREEN, OTHERS = 1, (0, 2)
FINER = 2  # half resolution: a cell of the maps is two pixels
STEP = 4  # cells between the windows that are looked at
BLOCK_PX = 4  # of half resolution
NEAR_PX = 21  # of half resolution: the light around a pixel is that wide
APART = 20.0  # grey levels: what differs by more is another picture and hardly counts
TEXTURE = 20.0  # squared slope (grey levels a pixel) of a window in which a shift shows in full
STILL = 0.5  # likewise, which a shift of nothing is worth
JUDGED = 0.5  # of a window
_ROUNDS, _WILD_PX = 6, 0.3

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


def apart(capture: Image, registered: Image, usable: Flags, window: int) -> Tensor:
    """By how many face pixels an ink lies apart from the others, cell by cell; nan where nothing can be judged.

    Args:
        capture: the aligned capture in the registered face's tone, H x W x 3 BGR uint8.
        registered: the face, likewise.
        usable: which cells are judged (rows x columns).
        window: cells a side over which a shift is measured.
    """
    rows, columns = usable.shape
    size = (columns * FINER, rows * FINER)
    weight = np.asarray(cv2.resize(usable.astype(np.float32), size, interpolation=cv2.INTER_NEAREST), np.float32)
    known, shown = (_smooth(side, size) for side in (registered, capture))
    side = window * FINER
    shifts, textures = _shifted(known, shown, weight, side)
    judged = _grid(weight, side) > JUDGED
    told = np.zeros(judged.shape, np.float32)
    for one in OTHERS:
        texture = np.minimum(textures[one], textures[GREEN])
        sure = np.where(judged, np.minimum(texture / TEXTURE, 1.0), 0.0).astype(np.float32)
        parted = _without_lens(shifts[one] - shifts[GREEN], sure)
        np.maximum(told, np.linalg.norm(parted, axis=2) * sure, out=told)
    told[~judged] = np.nan
    result = np.asarray(cv2.resize(told, (columns, rows), interpolation=cv2.INTER_NEAREST), np.float32)
    result[~usable] = np.nan
    return result


def _smooth(side: Image, size: tuple[int, int]) -> Floats:
    small = cv2.resize(side, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), np.float32)


def _grid(values: npt.NDArray[np.floating[Any]], side: int) -> Floats:
    """Means over windows of `side` pixels, one every STEP cells, from means over blocks."""
    height, width = values.shape[:2]
    whole = cv2.copyMakeBorder(values, 0, -height % BLOCK_PX, 0, -width % BLOCK_PX, cv2.BORDER_REFLECT)
    blocks = cv2.resize(whole, (whole.shape[1] // BLOCK_PX, whole.shape[0] // BLOCK_PX), interpolation=cv2.INTER_AREA)
    means = cv2.blur(blocks, (side // BLOCK_PX,) * 2, borderType=cv2.BORDER_REFLECT)
    return np.asarray(means[1 :: STEP * FINER // BLOCK_PX, 1 :: STEP * FINER // BLOCK_PX], np.float32)


def _near(values: npt.NDArray[np.floating[Any]], weight: Floats, share: Floats) -> Floats:
    """Values without their surroundings' mean, where `weight` counts."""
    mean = cv2.blur(values * weight, (NEAR_PX, NEAR_PX), borderType=cv2.BORDER_REFLECT) / share
    return np.asarray(values - mean, np.float32)


def _shifted(known: Floats, shown: Floats, weight: Floats, side: int) -> tuple[Floats, Floats]:
    """Each channel's shift in each window (3 x rows x columns x 2, face pixels), and how much texture tells it."""
    share = np.maximum(cv2.blur(weight, (NEAR_PX, NEAR_PX), borderType=cv2.BORDER_REFLECT), 0.05).astype(np.float32)
    weight, share = weight[:, :, None], share[:, :, None]
    between: Floats = np.asarray((known + shown) / 2, np.float32)
    left = _near(shown - known, weight, share)
    terms = (
        cv2.Sobel(between, cv2.CV_32F, 1, 0, ksize=3) / 8,
        cv2.Sobel(between, cv2.CV_32F, 0, 1, ksize=3) / 8,
        _near(between, weight, share),  # a gain
    )
    counts = weight / (1 + (left / APART) ** 2)
    heavy = [counts * one for one in terms]
    products = {(i, j): _grid(heavy[i] * terms[j], side) for i in range(3) for j in range(i, 3)}
    square = np.stack([np.stack([products[min(i, j), max(i, j)] for j in range(3)], -1) for i in range(3)], -2)
    right = np.stack([_grid(one * left, side) for one in heavy], -1)
    texture = square[..., 0, 0] + square[..., 1, 1]
    solved = np.linalg.solve(square + np.diag([STILL, STILL, 1.0]), right[..., None])[..., :2, 0]
    shifts, told = np.moveaxis(-FINER * solved, 2, 0), np.moveaxis(texture, 2, 0)
    return np.asarray(shifts, np.float32), np.asarray(told, np.float32)


def _without_lens(shifts: Floats, sure: Floats) -> Floats:
    """Shifts without what grows across the face as a lens makes it: a plane with Cauchy weights, its mean kept."""
    rows, columns = sure.shape
    down, across = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    plane = np.column_stack([np.ones(rows * columns), across.ravel(), down.ravel()])
    flat, weight = shifts.reshape(-1, 2), sure.ravel() + 1e-6
    slope = np.zeros((3, 2))
    for _ in range(_ROUNDS):
        heavy = (plane * weight[:, None]).T
        slope = np.linalg.solve(heavy @ plane + 1e-3 * np.eye(3), heavy @ flat)
        weight = sure.ravel() / (1 + (np.linalg.norm(flat - plane @ slope, axis=1) / _WILD_PX) ** 2) + 1e-6
    return np.asarray((flat - plane[:, 1:] @ slope[1:]).reshape(shifts.shape), np.float32)
