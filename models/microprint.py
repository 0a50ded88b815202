"""Micro-print: whether its lines stand out as they do on the registered face, as far as the capture can resolve them.

Both sides are sampled at one pitch along the face. The registered line of print has a frequency of its own (the
energy-weighted median of its spectrum across). A capture whose pixels are coarser than 2.5 of them to a period cannot
show it and is not judged. One that can is judged by the share of the registered contrast in that band, over the same
share of other fine print on the face: what lens, focus and hand took away was taken from both. Whether it is the same
line is told likewise: by the share of it that the registered line explains, over the same of other fine print. Other
words of the same type have the same frequency and contrast, and share half of their strokes' places.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from models.register import maps_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from models.locate import Grey, View
    from models.measurements import Image, Rectangle
    from models.register import Registration

PIXELS_A_PERIOD = 2.5
BAND = (0.6, 1.6)  # of the registered frequency
WINDOWS = 6  # pieces of other fine print that tell what the capture could resolve
LEAST_RESOLVED = 0.2  # share of their contrast below which the capture is too soft to judge
PIECE = 8  # heights of the line, of which a piece is looked for by itself
SLIP_MM = 0.8  # by how much the capture may lie off after registration

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FinePrint:
    """A registered line of micro-print, made ready once: the picture around it and its frequency."""

    picture: Grey  # the registered surroundings at their own pixels
    box: Rectangle  # the surroundings, in face pixels
    line: Rectangle  # the line itself, in pixels of `picture`
    mm_per_px: float  # of `picture`, across
    frequency: float  # periods per millimetre

    @property
    def needed_mm_per_px(self) -> float:
        """The coarsest capture pixel that still shows the frequency."""
        return 1 / (PIXELS_A_PERIOD * self.frequency)


@dataclass(frozen=True, slots=True)
class Contrast:
    """What one capture shows of a line of micro-print. `share` None: the capture cannot tell."""

    needed_mm_per_px: float
    share: float | None = None  # of the registered contrast, over what the capture resolves elsewhere
    likeness: float | None = None  # share of it that the registered line explains, over the same elsewhere; 1 at most


def fine_print(registered: Image, box: Rectangle, native: float, px_per_mm: float) -> FinePrint | None:
    """The line of micro-print at `box` (face pixels) of a registered picture; None where it shows no fine lines.

    Args:
        registered: the registered picture at its own size.
        box: the region in face pixels.
        native: registered picture pixels to a face pixel.
        px_per_mm: face pixels per millimetre, across.
    """
    x, y, w, h = box
    around = max(2 * h, round(6 * px_per_mm))
    left, top = max(0, x - around), max(0, y - around)
    right = min(round(registered.shape[1] / native), x + w + around)
    bottom = min(round(registered.shape[0] / native), y + h + around)
    rows, columns = (slice(round(a * native), round(b * native)) for a, b in ((top, bottom), (left, right)))
    grey = np.asarray(cv2.cvtColor(registered[rows, columns], cv2.COLOR_BGR2GRAY), np.uint8)
    inner = tuple(round(side * native) for side in (x - left, y - top, w, h))
    line = (inner[0], inner[1], inner[2], inner[3])
    mm_per_px = 1 / (px_per_mm * native)
    frequency = _frequency(_cut(grey, line), mm_per_px, h / px_per_mm)
    if frequency is None:
        return None
    return FinePrint(grey, (left, top, right - left, bottom - top), line, mm_per_px, frequency)


def contrast(view: View, registration: Registration, fine: FinePrint, mm_per_px: float, usable: Grey) -> Contrast:
    """A line of micro-print as a capture shows it, at twice its sides where that is needed and can be had.

    Args:
        view: the capture.
        registration: where the face lies in it.
        fine: the registered line.
        mm_per_px: of the capture, the coarser direction.
        usable: 255 where the capture may be judged, face pixels.
    """
    unknown = Contrast(fine.needed_mm_per_px)
    x, y, w, h = fine.box
    finer = view.finer if mm_per_px > fine.needed_mm_per_px >= mm_per_px / 2 else None
    if (mm_per_px > fine.needed_mm_per_px and finer is None) or float((usable[y : y + h, x : x + w] > 0).mean()) < 0.6:  # noqa: PLR2004
        return unknown
    rows, columns = fine.picture.shape
    maps = maps_of(registration.homography, registration.warp, (x, y), w / columns, (columns, rows))
    if finer is not None:  # a pixel's centre is at its half
        maps = maps[0] * 2 + 0.5, maps[1] * 2 + 0.5
    drawn = cv2.remap(view.image if finer is None else finer(), *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    shown = _band(np.asarray(cv2.cvtColor(drawn, cv2.COLOR_BGR2GRAY), np.float32), fine)
    known = _band(fine.picture.astype(np.float32), fine)
    side = max(8, fine.line[3])
    resolved = _median(_kept(shown, known, place) for place in _fine_places(known, fine.line, (side, side)))
    if resolved is None or resolved < LEAST_RESOLVED:
        return unknown
    return Contrast(fine.needed_mm_per_px, _kept(shown, known, fine.line) / resolved, _likeness(shown, known, fine))


def _cut(picture: npt.NDArray[np.generic], box: Rectangle) -> npt.NDArray[np.generic]:
    x, y, w, h = box
    return picture[y : y + h, x : x + w]


def _frequency(line: npt.NDArray[np.generic], mm_per_px: float, height_mm: float) -> float | None:
    values = line.astype(np.float32)
    if values.shape[1] < 16 or values.shape[0] < 2 or float(values.std()) < 2:  # noqa: PLR2004 - nothing to see
        return None
    spectrum = np.abs(np.fft.rfft(values - values.mean(axis=1, keepdims=True), axis=1)) ** 2
    energy = spectrum.sum(axis=0)
    periods = np.fft.rfftfreq(values.shape[1], mm_per_px)
    energy[periods < 1 / height_mm] = 0  # words and shading are coarser than letters are high
    total = float(energy.sum())
    if total <= 0:
        return None
    return float(periods[int(np.searchsorted(np.cumsum(energy), total / 2))])


def _band(picture: Floats, fine: FinePrint) -> Floats:
    """The picture's part around the registered frequency: a difference of Gaussians."""
    period_px = 1 / (fine.frequency * fine.mm_per_px)
    inner = cv2.GaussianBlur(picture, (0, 0), max(0.3, period_px / BAND[1] * 0.25))
    return np.asarray(inner - cv2.GaussianBlur(picture, (0, 0), period_px / BAND[0] * 0.4), np.float32)


def _energy(values: npt.NDArray[np.generic]) -> float:
    return float(np.sqrt(np.mean(np.square(values.astype(np.float32)))))


def _kept(shown: Floats, known: Floats, place: Rectangle) -> float:
    """The share of its contrast that a place has kept."""
    return _energy(_cut(shown, place)) / max(_energy(_cut(known, place)), 1e-6)


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return float(np.median(found)) if found else None


def _fine_places(known: Floats, line: Rectangle, size: tuple[int, int]) -> Iterator[Rectangle]:
    """Places of a size (width, height) with most fine print, beside the line and each other."""
    x, y, w, h = line
    width, height = size
    rows, columns = known.shape
    if rows < height or columns < width:
        return
    free = np.ones(known.shape, np.float32)
    free[max(0, y - h // 2) : y + h + h // 2, max(0, x - h) : x + w + h] = 0
    inside = (slice(0, rows - height + 1), slice(0, columns - width + 1))
    power, share = (
        np.ascontiguousarray(cv2.boxFilter(one, -1, size, anchor=(0, 0), normalize=False)[inside])
        for one in (known * known * free, free)
    )
    power[share < 0.9 * width * height] = 0
    for _ in range(WINDOWS):
        row, column = (int(v) for v in np.unravel_index(int(power.argmax()), power.shape))
        if power[row, column] < 4.0 * width * height:  # two grey levels
            return
        yield column, row, width, height
        power[max(0, row - height) : row + height + 1, max(0, column - width) : column + width + 1] = 0


def _likeness(shown: Floats, known: Floats, fine: FinePrint) -> float:
    """The share of the line that its registered picture explains, piece by piece, over the same of other fine print."""
    x, y, w, h = fine.line
    slip = max(2, round(SLIP_MM / fine.mm_per_px))
    count = max(1, round(w / (PIECE * h)))
    ends = [x + w * piece // count for piece in range(count + 1)]
    pieces = [(left, y, right - left, h) for left, right in itertools.pairwise(ends)]
    elsewhere = _fine_places(known, fine.line, (ends[1] - x, h))
    own = _median(one for place in pieces if (one := _explained(shown, known, place, slip)) is not None)
    other = _median(one for place in elsewhere if (one := _explained(shown, known, place, slip)) is not None)
    return min(1.0, (own or 0.0) / (other or 1.0))


def _explained(shown: Floats, known: Floats, place: Rectangle, slip: int) -> float | None:
    """The squared correlation of a place with the registered one, at the best of small shifts; None: it is plain."""
    x, y, w, h = place
    template = np.ascontiguousarray(known[y : y + h, x : x + w])
    window = shown[max(0, y - slip) : y + h + slip, max(0, x - slip) : x + w + slip]
    if float(template.std()) < 0.5 or window.shape[0] < h or window.shape[1] < w:  # noqa: PLR2004
        return None
    return max(0.0, float(cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED).max())) ** 2
