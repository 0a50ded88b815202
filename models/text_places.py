"""The places where print is to be read, made upright: around a decoded symbol, or a marked region of a face.

A matrix symbol is its own ruler: its sides give the directions, their length how far to look. A linear symbol gives
direction and width; how high its bars stand is measured. What stands around it need not stand as the symbol does, so a
place can be seen in each quarter turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from models import text_lines

if TYPE_CHECKING:
    from models.locate import Grey
    from models.measurements import Image, Rectangle, TextPlace
    from models.text_lines import Line

Matrix: TypeAlias = npt.NDArray[np.float64]
ACROSS, DOWN = 4.0, 1.9  # sides of a matrix symbol to look at, beyond it: left and right, above and below
LINEAR_ACROSS, LINEAR_DOWN = 0.25, 0.7  # widths of a linear symbol: beyond its ends, above and below its corners
LEAST_SIDE_PX: Final = 12.0
MOST_VIEW_PX: Final = 1400.0
BARS_KEEP: Final = 0.5  # share of the bars' edges that a row shows as long as it crosses them
QUIET: Final = 0.06  # of a symbol's side, around it, hidden with it


@dataclass(frozen=True, eq=False)
class View:
    """A place as an upright picture, and its lines, nearest to the symbol first."""

    image: Image
    matrix: Matrix  # 3 x 3: pixels of the view -> pixels of the picture
    lines: tuple[Line, ...]

    def box(self, line: Line) -> Rectangle:
        """The line's box in pixels of the picture."""
        x, y, w, h = line.box
        corners = np.array([[[x, y], [x + w, y], [x + w, y + h], [x, y + h]]], np.float64)
        found = cv2.perspectiveTransform(corners, self.matrix)[0]
        (left, top), (right, bottom) = np.floor(found.min(0)).astype(int), np.ceil(found.max(0)).astype(int)
        return int(left), int(top), int(right - left), int(bottom - top)

    @property
    def scale(self) -> float:
        """Pixels of the picture to a pixel of the view, in its middle."""
        height, width = self.image.shape[:2]
        ends = np.array([[[width / 2, height / 2], [width / 2 + 1, height / 2]]], np.float64)
        a, b = cv2.perspectiveTransform(ends, self.matrix)[0]
        return float(np.hypot(*(b - a)))


@dataclass(frozen=True, eq=False)
class Upright:
    """A place in the direction of its corners, before its print is looked for."""

    image: Image
    matrix: Matrix
    hidden: Grey  # 255 where the symbol is
    open_ended: bool  # whether print may go on beyond the edges

    def seen(self, quarters: int) -> View:
        """The place turned by so many quarters against the clock, with its lines."""
        image = np.ascontiguousarray(np.rot90(self.image, quarters))
        hidden = np.ascontiguousarray(np.rot90(self.hidden, quarters))
        found = text_lines.find(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8), hidden)
        lines = tuple(line for line in found if not (self.open_ended and _cut_off(line, image)))
        return View(image, self.matrix @ _turned_back(quarters, self.image), _nearest_first(lines, hidden))


def upright(picture: Image, place: TextPlace, *, on_its_side: bool = False) -> Upright | None:
    """The place in the picture; None where it is too small to hold print that could be read.

    `on_its_side`: print around a symbol runs across it, so that there is more to see above and below.
    """
    corners = np.array(place.corners, np.float64)
    right = (corners[1] - corners[0] + corners[2] - corners[3]) / 2
    down = (corners[3] - corners[0] + corners[2] - corners[1]) / 2
    if place.linear or float(np.hypot(*down)) < LEAST_SIDE_PX:  # as thin as the rows that were read
        down = np.array([-right[1], right[0]]) / max(1e-6, float(np.hypot(*right))) * max(1.0, float(np.hypot(*down)))
    width, height = float(np.hypot(*right)), float(np.hypot(*down))
    if width < LEAST_SIDE_PX or not (place.linear or height >= LEAST_SIDE_PX):
        return None
    beyond = (0.0, 0.0)
    if place.beside:
        across, down_by = (LINEAR_ACROSS, LINEAR_DOWN) if place.linear else (ACROSS, DOWN)
        if on_its_side and not place.linear:
            across, down_by = down_by, across
        side = width if place.linear else float(np.sqrt(width * height))  # a matrix may be rectangular
        beyond = (across * side, down_by * side)
    scale = min(1.0, MOST_VIEW_PX / (width + 2 * beyond[0]), MOST_VIEW_PX / (height + 2 * beyond[1]))
    u, v = right / width, down / height
    origin = corners.mean(0) - u * (width / 2 + beyond[0]) - v * (height / 2 + beyond[1])
    matrix = np.array([[*(u / scale), 0], [*(v / scale), 0], [*origin, 1]]).T
    size = (round((width + 2 * beyond[0]) * scale), round((height + 2 * beyond[1]) * scale))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    image = np.asarray(warped, np.uint8)
    symbol = tuple(round(side * scale) for side in (beyond[0], beyond[1], width, height))
    hidden = _hidden(image, symbol, linear=place.linear) if place.beside else _nothing(image)
    return Upright(image, matrix, hidden, place.beside)


def _cut_off(line: Line, image: Image) -> bool:
    (x, y, w, h), (height, width) = line.box, image.shape[:2]
    return min(x, y) <= 1 or x + w >= width - 1 or y + h >= height - 1


def _nothing(image: Image) -> Grey:
    return np.zeros(image.shape[:2], np.uint8)


def _hidden(image: Image, symbol: tuple[int, ...], *, linear: bool) -> Grey:
    x, y, w, h = symbol
    mask = _nothing(image)
    if linear:
        y, h = _bars(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8), symbol)
    pad = round(QUIET * w)
    mask[max(0, y - (2 if linear else pad)) : y + h + (2 if linear else pad), max(0, x - pad) : x + w + pad] = 255
    return mask


def _bars(grey: Grey, symbol: tuple[int, ...]) -> tuple[int, int]:
    """Top and height of the bars: the rows around the corners that cross as many edges."""
    x, y, w, h = symbol
    edges = np.abs(np.diff(grey[:, x : x + w].astype(np.int16), axis=1))
    crossed = (edges > max(text_lines.LEAST_EDGE, 0.3 * float(np.percentile(edges[y : y + h], 98)))).mean(1)
    crossing = crossed > BARS_KEEP * float(np.median(crossed[y : y + h]))
    # Bars are the same from row to row: what crosses as many edges, but others, is print.
    same = np.abs(np.diff(grey[:, x : x + w].astype(np.int16), axis=0)).mean(1) < 0.25 * edges[y : y + h].mean() + 2
    top, bottom = y, y + h
    while top > 0 and crossing[top - 1] and same[top - 1]:
        top -= 1
    while bottom < len(crossing) - 1 and crossing[bottom] and same[bottom]:
        bottom += 1
    return top, bottom - top


def _turned_back(quarters: int, image: Image) -> Matrix:
    """Pixels of the turned picture -> pixels of the picture."""
    height, width = image.shape[:2]
    ways = (
        [[1, 0, 0], [0, 1, 0]],
        [[0, -1, width - 1], [1, 0, 0]],
        [[-1, 0, width - 1], [0, -1, height - 1]],
        [[0, 1, 0], [-1, 0, height - 1]],
    )
    return np.array([*ways[quarters % 4], [0, 0, 1]], np.float64)


def _nearest_first(lines: tuple[Line, ...], hidden: Grey) -> tuple[Line, ...]:
    """By the gap between a line and the symbol; without a symbol from the top down."""
    rows, columns = np.flatnonzero(hidden.any(1)), np.flatnonzero(hidden.any(0))
    if not len(rows):
        return tuple(sorted(lines, key=lambda line: (line.box[1], line.box[0])))

    def gap(line: Line) -> float:
        x, y, w, h = line.box
        across = max(columns[0] - (x + w), x - columns[-1], 0)
        down = max(rows[0] - (y + h), y - rows[-1], 0)
        return float(np.hypot(across, down))

    return tuple(sorted(lines, key=gap))
