"""Where print runs in a rectified picture: lines of type, light on dark or dark on light, cut out level.

Type of 9 to 20 px makes dense edges; a closing as long as a letter joins them into one piece per line. Taller type is
found in the halved and quartered picture. No learnt detector: the place is known and small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.locate import Grey
    from models.measurements import Image, Rectangle

LEAST_TYPE_PX: Final = 7.0  # of a line's height, edges and all; below it nobody reads
MOST_TYPE_PX: Final = 21.0  # per level of the pyramid
LEVELS: Final = (1.0, 0.5, 0.25)
LEAST_ASPECT, MOST_ASPECT = 1.4, 28.0  # three digits; some 50 characters: what is longer repeats itself
LEAST_EDGE: Final = 20  # grey levels between ink and paper
JOIN: Final = 11  # pixels between letters of one line, at each level
MOST_COVERED: Final = 0.4  # share of a coarse line's box that finer lines may fill
LEAST_ALIKE, OFF_LEVEL, MOST_SPACE = 0.65, 0.35, 2.2  # of one line's pieces, in heights of type
FRAME_PX: Final = 30  # taller marks are no letters, at each level
PAD: Final = 0.22  # of a line's height, above and below, for the reader
MOST_SLANT: Final = 0.12
LEAST_FILLED: Final = 0.35  # share of a line's box that its joined letters fill


@dataclass(frozen=True, slots=True)
class Line:
    """A line of print in a view: its box before levelling, its type's height, and how it slants (down per right)."""

    box: Rectangle
    height: float
    slant: float


def find(view: Grey, ignore: Grey | None = None) -> tuple[Line, ...]:
    """Lines of print in a view (H x W), of every size once. `ignore` is 255 where nothing is looked for."""
    found: list[Line] = []
    for level in LEVELS:
        small = view if level == 1 else cv2.resize(view, None, fx=level, fy=level, interpolation=cv2.INTER_AREA)
        if min(small.shape) < 2 * LEAST_TYPE_PX:
            break
        edges = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        strong = float(np.percentile(edges, 98))
        marks = (edges > max(LEAST_EDGE, 0.3 * strong)).astype(np.uint8)
        if ignore is not None:
            marks[cv2.resize(ignore, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_NEAREST) > 0] = 0
        marks = np.asarray(cv2.morphologyEx(marks, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), np.uint8)
        marks[_frames(marks)] = 0
        joined = np.asarray(cv2.morphologyEx(marks, cv2.MORPH_CLOSE, np.ones((1, JOIN), np.uint8)), np.uint8)
        found = _with_coarser(found, _lines(joined, level))
    return tuple(_rejoined(found))


def _lines(joined: Grey, level: float) -> list[Line]:
    """The pieces that could be lines of type, in pixels of the view."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=4)
    found = []
    for index, (x, y, w, h, area) in enumerate(stats.tolist()):
        if not index or not (LEAST_TYPE_PX <= h <= MOST_TYPE_PX + MOST_SLANT * w) or w < LEAST_ASPECT * LEAST_TYPE_PX:
            continue
        height, slant = _levelled(labels[y : y + h, x : x + w] == index)
        fits = LEAST_TYPE_PX <= height <= MOST_TYPE_PX and LEAST_ASPECT <= w / height <= MOST_ASPECT
        if fits and area >= LEAST_FILLED * w * height:
            box = (round(x / level), round(y / level), round(w / level), round(h / level))
            found.append(Line(box, height / level, slant))
    return found


def _frames(marks: Grey) -> npt.NDArray[np.bool_]:
    """Edges of fields, boxes and pictures: connected marks too tall for a letter, which would join lines."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    tall = stats[:, cv2.CC_STAT_HEIGHT] > FRAME_PX
    tall[0] = False
    return np.asarray(tall[labels], np.bool_)


def _levelled(piece: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Height across its slant, and the slant itself: of the line through the middles of a piece's columns."""
    rows, columns = np.nonzero(piece)
    slant = 0.0
    if piece.shape[1] >= 3 * piece.shape[0] / 2:
        slant = float(np.clip(np.polyfit(columns, rows, 1)[0], -MOST_SLANT, MOST_SLANT))
    low, high = np.percentile(rows - slant * columns, [1, 99])
    return float(high - low + 1), slant


def _with_coarser(found: list[Line], coarser: list[Line]) -> list[Line]:
    """Both, without a coarse line that is several fine ones run together, and without strokes of a coarse one."""
    kept = list(found)
    for line in coarser:
        inside = [other for other in kept if _shared(line.box, other.box) > 0.5 * other.box[2] * other.box[3]]
        covered = sum(_shared(line.box, other.box) for other in inside)
        if covered <= MOST_COVERED * line.box[2] * line.box[3]:
            kept = [*(other for other in kept if other not in inside), line]
    return kept


def _rejoined(found: list[Line]) -> list[Line]:
    """With pieces of one line that a wide space parted put together, from left to right."""
    joined: list[Line] = []
    for line in sorted(found, key=lambda one: one.box[0]):
        before = next((other for other in joined if _continues(other, line)), None)
        if before is None:
            joined.append(line)
            continue
        left, top = min(before.box[0], line.box[0]), min(before.box[1], line.box[1])
        right = max(before.box[0] + before.box[2], line.box[0] + line.box[2])
        bottom = max(before.box[1] + before.box[3], line.box[1] + line.box[3])
        longer = max(before, line, key=lambda one: one.box[2])
        box = (left, top, right - left, bottom - top)
        joined[joined.index(before)] = Line(box, max(before.height, line.height), longer.slant)
    return joined


def _continues(before: Line, line: Line) -> bool:
    """Whether a line goes on where another one ends: as high, level with it, a few letters on."""
    (x, y, w, h), (a, b, c, d) = before.box, line.box
    slant = max(before, line, key=lambda one: one.box[2]).slant
    level = abs((b + d / 2) - (y + h / 2) - slant * ((a + c / 2) - (x + w / 2)))
    tall = max(before.height, line.height)
    alike = min(before.height, line.height) > LEAST_ALIKE * tall
    return alike and level < OFF_LEVEL * tall and -tall / 2 < a - (x + w) < MOST_SPACE * tall


def _shared(one: Rectangle, other: Rectangle) -> float:
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return float(max(0, across) * max(0, down))


def cut(view: Image, line: Line) -> Image:
    """The line's pixels (H x W x 3 BGR), levelled, with a little of what is around."""
    x, y, w, h = line.box
    pad = PAD * line.height + 1
    height, width = round(line.height + 2 * pad), round(w + 4 * pad)
    middle_y = y + h / 2
    place = np.array(
        [[1, 0, x - 2 * pad], [line.slant, 1, middle_y - height / 2 - line.slant * (w / 2 + 2 * pad)]], np.float64
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(view, place, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
