"""The calibration target as it is printed, in millimetres: what stands where. It reads no picture and prints none.

A ChArUco board gives scale and perspective, rulers prove the printing scale, grey and colour patches the light, slanted
squares the focus (the edge of ISO 12233), bare paper the evenness. The A4 target is the A5 one at 1.4 times its size,
with other markers, so that a picture tells which of them it shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import cv2
import numpy as np

Size = Literal["A4", "A5"]
Point = tuple[float, float]
Colour = tuple[int, int, int]  # red, green, blue, sRGB

SHEETS: Final[dict[Size, Point]] = {"A4": (210.0, 297.0), "A5": (148.0, 210.0)}
_SCALES: Final[dict[Size, float]] = {"A4": 1.4, "A5": 1.0}
_FIRST_MARKER: Final[dict[Size, int]] = {"A4": 40, "A5": 0}
COLUMNS, ROWS = 9, 7
_SQUARE_MM = 12.0
_CELLS = 8  # of a square: a marker is six of them
_BOARD: Final = (20.0, 22.0)
_SLANT_DEG = 5.0
_FOCUS_MM = 9.0
_PATCH: Final = (13.0, 12.0)

GREYS: Final = (245, 210, 175, 140, 105, 75, 45, 15)
COLOURS: Final[tuple[Colour, ...]] = (
    (175, 54, 60), (70, 148, 73), (56, 61, 150), (231, 199, 31), (187, 86, 149), (8, 133, 161), (214, 126, 44),
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170), (80, 91, 166),
    (193, 90, 99), (157, 188, 64),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled polygon."""

    corners: tuple[Point, ...]
    colour: Colour = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch of one colour: its inner part that is measured (left, top, width, height), sRGB as it is meant."""

    inner: tuple[float, float, float, float]
    colour: Colour


@dataclass(frozen=True, slots=True)
class Ruler:
    """A line with marks: where it begins, its length, whether it goes down."""

    start: Point
    length_mm: float
    down: bool


@dataclass(frozen=True, slots=True)
class Target:
    """One printed target."""

    size: Size
    scale: float
    shapes: tuple[Shape, ...]
    greys: tuple[Patch, ...]
    colours: tuple[Patch, ...]
    whites: tuple[tuple[float, float, float, float], ...]  # bare paper
    edges: tuple[tuple[Point, Point], ...]  # of the slanted squares, dark on the right when looking along
    rulers: tuple[Ruler, ...]

    @property
    def centre(self) -> Point:
        """Of the board."""
        x, y = _BOARD
        return (x + COLUMNS * _SQUARE_MM / 2) * self.scale, (y + ROWS * _SQUARE_MM / 2) * self.scale

    def board(self) -> cv2.aruco.CharucoBoard:
        """The board, as OpenCV knows it; lengths in millimetres."""
        side = _SQUARE_MM * self.scale
        ids = np.arange(COLUMNS * ROWS // 2) + _FIRST_MARKER[self.size]
        dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_100)
        return cv2.aruco.CharucoBoard((COLUMNS, ROWS), side, side * 6 / _CELLS, dictionary, ids)

    def corner_mm(self, number: int) -> Point:
        """The inner corner of the board with that number, on the sheet."""
        row, column = divmod(number, COLUMNS - 1)
        x, y = _BOARD
        return (x + (column + 1) * _SQUARE_MM) * self.scale, (y + (row + 1) * _SQUARE_MM) * self.scale


@cache
def target(size: Size) -> Target:
    """The target for a sheet of that size."""
    k = _SCALES[size]
    greys = tuple(_patch(k, 20 + 13.5 * i, 114, (grey, grey, grey)) for i, grey in enumerate(GREYS))
    colours = tuple(_patch(k, 20 + 13.5 * (i % 8), 127.5 + 13.5 * (i // 8), colour) for i, colour in enumerate(COLOURS))
    squares = [_slanted(k, x, y) for x in (12.5, 137.0) for y in (30.0, 104.0)]
    whites = [(x, y) for x in (12.5, 137.0) for y in (48.0, 66.0, 84.0, 122.0, 140.0, 158.0)]
    whites += [(x, 16.0) for x in (95.0, 120.0)] + [(x, 160.0) for x in (30.0, 52.0, 74.0, 96.0, 118.0)]
    rulers = (Ruler((24 * k, 172 * k), 100 * k, down=False), Ruler((131 * k, 40 * k), 50 * k, down=True))
    return Target(
        size=size,
        scale=k,
        shapes=(*_board_shapes(size), *(Shape(one) for one in squares), *map(_of_patch, (*greys, *colours))),
        greys=greys,
        colours=colours,
        whites=tuple(((x - 2) * k, (y - 2) * k, 4 * k, 4 * k) for x, y in whites),
        edges=tuple((square[i], square[(i + 1) % 4]) for square in squares for i in range(4)),
        rulers=rulers,
    )


def _patch(k: float, x: float, y: float, colour: Colour) -> Patch:
    """The measured part is the inner half."""
    width, height = _PATCH
    return Patch(((x + width / 4) * k, (y + height / 4) * k, width / 2 * k, height / 2 * k), colour)


def _of_patch(patch: Patch) -> Shape:
    x, y, width, height = patch.inner
    left, top = x - width / 2, y - height / 2
    right, bottom = left + 2 * width, top + 2 * height
    return Shape(((left, top), (right, top), (right, bottom), (left, bottom)), patch.colour)


def _slanted(k: float, x: float, y: float) -> tuple[Point, ...]:
    """A square around (x, y), turned by the slant, clockwise from its top left."""
    turn, half = math.radians(_SLANT_DEG), _FOCUS_MM / 2
    corners = ((-half, -half), (half, -half), (half, half), (-half, half))
    return tuple(
        ((x + a * math.cos(turn) - b * math.sin(turn)) * k, (y + a * math.sin(turn) + b * math.cos(turn)) * k)
        for a, b in corners
    )


def _board_shapes(size: Size) -> list[Shape]:
    """The board's black cells as rectangles: OpenCV draws it with a pixel a cell, runs of black are joined."""
    k = _SCALES[size]
    ids = np.arange(COLUMNS * ROWS // 2) + _FIRST_MARKER[size]
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_100)
    board = cv2.aruco.CharucoBoard((COLUMNS, ROWS), _CELLS, 6, dictionary, ids)
    black = board.generateImage((COLUMNS * _CELLS, ROWS * _CELLS), marginSize=0, borderBits=1) == 0
    cell, shapes = _SQUARE_MM / _CELLS * k, []
    (x0, y0), left = _BOARD, black.copy()
    for row, column in zip(*np.nonzero(black), strict=True):
        if not left[row, column]:
            continue
        width = int(np.argmin(np.append(left[row, column:], False)))
        height = 1
        while row + height < len(left) and left[row + height, column : column + width].all():
            height += 1
        left[row : row + height, column : column + width] = False
        x, y = x0 * k + column * cell, y0 * k + row * cell
        corners = ((x, y), (x + width * cell, y), (x + width * cell, y + height * cell), (x, y + height * cell))
        shapes.append(Shape(tuple((float(a), float(b)) for a, b in corners)))
    return shapes


def size_of(markers: set[int]) -> Size | None:
    """Which target the markers of a picture belong to; None when there are too few to tell."""
    counts = {size: len([one for one in markers if 0 <= one - first < COLUMNS * ROWS // 2])
              for size, first in _FIRST_MARKER.items()}  # fmt: skip
    best = max(counts, key=lambda size: counts[size])
    return best if counts[best] >= 4 else None  # noqa: PLR2004 - a board that is worth the search
