"""Micro-print: whether its lines stand out as they do on the registered face, as far as the capture can resolve them.

Both sides are sampled at one pitch along the face. The registered line of print has a frequency of its own (the
energy-weighted median of its spectrum across). A capture whose pixels are coarser than 2.5 of them to a period cannot
show it and is not judged. One that can is judged by the share of the registered contrast in that band, over the same
share of other fine print on the face: what lens, focus and hand took away was taken from both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from models.register import maps_of

if TYPE_CHECKING:
    from models.locate import Grey, View
    from models.measurements import Image, Rectangle
    from models.register import Registration

PIXELS_A_PERIOD = 2.5
BAND = (0.6, 1.6)  # of the registered frequency
WINDOWS = 6  # pieces of other fine print that tell what the capture could resolve
LEAST_RESOLVED = 0.2  # share of their contrast below which the capture is too soft to judge
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
    likeness: float | None = None  # band-wise correlation with the registered line


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
    resolved = _resolved(shown, known, fine.line)
    if resolved is None or resolved < LEAST_RESOLVED:
        return unknown
    own = _energy(_cut(shown, fine.line)) / max(_energy(_cut(known, fine.line)), 1e-6)
    return Contrast(fine.needed_mm_per_px, own / resolved, _likeness(shown, known, fine))


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


def _resolved(shown: Floats, known: Floats, line: Rectangle) -> float | None:
    """The share of contrast that the capture kept of other fine print around the line; None where there is none."""
    x, y, w, h = line
    free = np.ones(known.shape, np.float32)
    free[max(0, y - h // 2) : y + h + h // 2, max(0, x - h) : x + w + h] = 0
    side = max(8, h)
    power_known, power_shown = (cv2.boxFilter(v * v * free, -1, (side, side), normalize=False) for v in (known, shown))
    share = cv2.boxFilter(free, -1, (side, side), normalize=False)
    power_known[share < 0.9 * side * side] = 0
    pieces = []
    for _ in range(WINDOWS):
        row, column = (int(v) for v in np.unravel_index(int(power_known.argmax()), power_known.shape))
        if power_known[row, column] < 4.0 * side * side:  # two grey levels
            break
        pieces.append(float(np.sqrt(power_shown[row, column] / power_known[row, column])))
        power_known[max(0, row - side) : row + side + 1, max(0, column - side) : column + side + 1] = 0
    return float(np.median(pieces)) if pieces else None


def _likeness(shown: Floats, known: Floats, fine: FinePrint) -> float:
    """The correlation of the line with its registered picture, at the best of small shifts, piece by piece."""
    x, y, w, h = fine.line
    slip = max(2, round(SLIP_MM / fine.mm_per_px))
    pieces = max(1, round(w / (8 * h)))
    best = []
    for piece in range(pieces):
        left, right = x + w * piece // pieces, x + w * (piece + 1) // pieces
        template = known[y : y + h, left:right]
        window = shown[max(0, y - slip) : y + h + slip, max(0, left - slip) : right + slip]
        if float(template.std()) < 0.5 or window.shape[0] < h or window.shape[1] < right - left:  # noqa: PLR2004
            continue
        best.append(float(cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED).max()))
    return float(np.median(best)) if best else 0.0
