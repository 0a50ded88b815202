"""A second look at the highest places of a map of structure: would a small shift and blur explain what differs there?

The network judges every cell with what it can afford. At its few highest places one side is predicted from the other:
each grey pixel from 7 x 7 pixels around it (at half the face's resolution), with one set of weights for the whole
patch, found by least squares. So a shaken or doubled picture, a layer of film that slipped or another sharpness is
explained; a letter that is not there is not. How much of the patch stays unexplained, both ways, moves the place up or
down. What it is not: learnt, but for five numbers in the pack; and nothing that the network missed is found here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.measurements import Image, Tensor

REACH_CELLS = 8  # around a place nothing else is a place; what moves with it
FINER = 2  # cells of the maps are so much coarser than the half resolution that is looked at
PATCH = 20  # pixels of half resolution: 40 of the face
KERNEL = 7  # reaches 6 pixels of the face
LEAST_JUDGED = 0.3  # of a patch
NOISE = 0.5  # grey levels below which nothing is told

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SecondLook:
    """How far a place of the map of structure moves, in its own logits. The numbers are fitted on drawn faces.

    `weights` belong to logarithms: the unexplained share of the capture given the registered side, that of the
    registered side given the capture, and the contrast of both (capture, registered; grey levels). `usual` is their
    weighted sum at a usual place, which stays where it is.
    """

    places: int  # of a face that are looked at
    weights: tuple[float, float, float, float]
    usual: float

    def moved(self, facts: Floats) -> float:
        """By how much a place with these facts moves."""
        return float(np.dot(self.weights, facts)) - self.usual


def looked_again(look: SecondLook, structure: Tensor, usable: Flags, registered: Image, capture: Image) -> Tensor:
    """The map of structure (rows x columns, nan = not judged) with its highest places and what surrounds them moved.

    Args:
        look: the pack's numbers.
        structure: averaged over its window.
        usable: which cells are judged.
        registered: the face, H x W x 3 BGR uint8.
        capture: likewise, in the face's tone.
    """
    result, taken = structure.copy(), np.zeros(structure.shape, bool)
    cells = highest(structure, look.places)
    if cells:
        told = facts_of(cells, half(registered), half(capture), usable)
        for (row, column), facts in zip(cells, told, strict=True):
            if facts is None:
                continue
            around = (
                slice(max(0, row - REACH_CELLS), row + REACH_CELLS + 1),
                slice(max(0, column - REACH_CELLS), column + REACH_CELLS + 1),
            )
            result[around] += np.where(taken[around], 0.0, look.moved(facts)).astype(np.float32)
            taken[around] = True
    return result


def highest(structure: Tensor, most: int) -> list[tuple[int, int]]:
    """Row and column of the highest cells, more than REACH_CELLS apart, highest first."""
    left = np.where(np.isfinite(structure), structure, -np.inf)
    cells: list[tuple[int, int]] = []
    while len(cells) < most:
        row, column = (int(index) for index in np.unravel_index(int(left.argmax()), left.shape))
        if not np.isfinite(left[row, column]):
            break
        cells.append((row, column))
        top, side = max(0, row - REACH_CELLS), max(0, column - REACH_CELLS)
        left[top : row + REACH_CELLS + 1, side : column + REACH_CELLS + 1] = -np.inf
    return cells


def facts_of(
    cells: Sequence[tuple[int, int]], registered: Tensor, capture: Tensor, usable: Flags
) -> list[Floats | None]:
    """The four facts of each place (see `SecondLook`), None where too little of it is judged.

    `registered` and `capture` are grey at half the face's resolution (float32).
    """
    height, width = registered.shape
    judged = np.asarray(
        cv2.resize(usable.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST), np.float32
    )
    reach = PATCH // 2 + KERNEL // 2
    if min(height, width) < 2 * reach + 1:  # a spine, a strip: narrower than a patch
        return [None] * len(cells)
    found: list[Floats | None] = []
    for row, column in cells:
        y = int(np.clip(FINER * row + 1, reach, height - reach - 1))
        x = int(np.clip(FINER * column + 1, reach, width - reach - 1))
        mine, other, weight = (
            one[y - reach : y + reach, x - reach : x + reach] for one in (registered, capture, judged)
        )
        if float(weight.mean()) < LEAST_JUDGED:
            found.append(None)
            continue
        (left_c, all_c), (left_r, all_r) = unexplained(mine, other, weight), unexplained(other, mine, weight)
        told = np.log(np.array([left_c, left_r, all_c, all_r]) + NOISE)
        found.append(np.array([told[0] - told[2], told[1] - told[3], told[2], told[3]]))
    return found


def unexplained(given: Tensor, wanted: Tensor, weight: Tensor) -> tuple[float, float]:
    """How much of a patch another one does not explain, and its contrast: root mean squares in grey levels.

    Both sides lose a plane (uneven light) first; the kernel is found by ridge regression over the pixels that `weight`
    (0 or 1) lets be judged. All three are PATCH + KERNEL - 1 pixels a side.
    """
    margin, count = KERNEL // 2, KERNEL * KERNEL
    around = np.lib.stride_tricks.sliding_window_view(given.astype(np.float64), (KERNEL, KERNEL)).reshape(-1, count)
    middle = wanted[margin:-margin, margin:-margin].astype(np.float64).ravel()
    free = weight[margin:-margin, margin:-margin].astype(np.float64).ravel()
    down, across = np.mgrid[-1 : 1 : PATCH * 1j, -1 : 1 : PATCH * 1j]
    plane = np.column_stack([np.ones(middle.size), down.ravel(), across.ravel()])
    lit = plane * free[:, None]
    flat = np.linalg.solve(plane.T @ lit + 1e-3 * np.eye(3), lit.T @ np.column_stack([around, middle]))
    rest = np.column_stack([around, middle]) - plane @ flat
    around, middle = rest[:, :count], rest[:, count]
    total = float(free.sum()) + 1e-6
    square = (around * free[:, None]).T @ around
    ridge = 0.01 * float(np.trace(square)) / count + 2.0 * total
    kernel = np.linalg.solve(square + ridge * np.eye(count), around.T @ (free * middle))
    left = middle - around @ kernel
    return float(np.sqrt((free * left**2).sum() / total)), float(np.sqrt((free * middle**2).sum() / total))


def half(side: Image) -> Tensor:
    """Grey at half the resolution."""
    small = cv2.resize(side, (side.shape[1] // 2, side.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.float32)
