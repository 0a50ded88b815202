"""Where the content of a registered region lies in an aligned capture: local registration by place and size.

Normalised cross-correlation over a few sizes, coarse then fine. A region counts as moved only where another place is
clearly likelier than the registered one, and clearly likelier than the registered face itself is there: a smooth or a
repeated print lies everywhere a little. It measures; what a millimetre means stands in the policy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.register import top_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.locate import Grey
    from models.measurements import Rectangle

SEARCH_MM = 8.0
SIZES = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.25)
COARSE_PX = 48  # long side of the region at which it is looked for
LEAST_LIKENESS = 0.6  # correlation from which a patch counts as found
BETTER_BY = (
    0.1  # by how much another place must be likelier than the registered one: a label reads something else there,
)
BETTER_SHARE = 0.5  # or, where less is left, by which share of what is left to full likeness,
LEAST_LEFT = 0.02  # of which a place where everything agrees leaves so much
SLIP_PX = 0.6  # reach around a known place
LEAST_CONTRAST = 4.0  # grey levels (standard deviation) of a region that can be told from its surroundings
LEAST_PX = 4  # side of a patch that says something
FINE_PX = 3  # reach of the fine search
SIZE_STEP = 0.025  # of the fine search


@dataclass(frozen=True, slots=True)
class Offset:
    """Where a region lies. In its place: zero offset and size 1, but for what the fine search says."""

    across_mm: float
    down_mm: float
    size: float  # over the registered size
    likeness: float  # correlation there, -1..1
    gain: float  # by how much that place is likelier than the registered one, and than the face itself; 0 in its place


def offset(
    capture: Grey,
    face: Grey,
    box: Rectangle,
    px_per_mm: tuple[float, float],
    *,
    sizes: Sequence[float] = SIZES,
    least: float = LEAST_LIKENESS,
) -> Offset | None:
    """The region `box` (face pixels) of `face`, looked for in `capture`; None where it is plain or not found.

    Args:
        capture: the aligned capture, height x width uint8; any quantity that both sides show alike.
        face: the same of the registered face.
        box: the region.
        px_per_mm: face pixels per millimetre, across and down.
        sizes: the sizes to look for, over the registered one.
        least: correlation from which it counts as found.
    """
    _, _, w, h = box
    search = _Search(capture, face, box)
    if float(search.patch.std()) < LEAST_CONTRAST:
        return None
    factor = min(1.0, COARSE_PX / max(w, h))
    reach = (SEARCH_MM * px_per_mm[0] + 0.13 * w, SEARCH_MM * px_per_mm[1] + 0.13 * h)
    coarse = [one for size in sizes if (one := search.around(_Found(0.0, size), reach, factor)) is not None]
    home = search.around(_Found(0.0), (SLIP_PX, SLIP_PX), 1.0)
    best = max(coarse, key=lambda one: one.likeness, default=home)
    if best is None:
        return None
    step = FINE_PX + 1 / factor
    near = (1.0,) if len(sizes) == 1 else (1.0, best.size - SIZE_STEP, best.size, best.size + SIZE_STEP)
    fine = [one for size in near if (one := search.around(replace(best, size=size), (step, step), 1.0)) is not None]
    found = max(fine, key=lambda one: one.likeness, default=None)
    if found is None or found.likeness < least:
        return None
    itself = _Search(face, face, box).around(found, (SLIP_PX, SLIP_PX), 1.0)
    there = -1.0 if itself is None else itself.likeness * found.likeness  # as far as the print is the same at all
    known = max(-1.0 if home is None else home.likeness, there)
    if home is not None and found.likeness - known < min(BETTER_BY, BETTER_SHARE * max(LEAST_LEFT, 1 - known)):
        return Offset(home.across / px_per_mm[0], home.down / px_per_mm[1], 1.0, home.likeness, 0.0)
    return Offset(
        found.across / px_per_mm[0], found.down / px_per_mm[1], found.size, found.likeness, found.likeness - known
    )


@dataclass(frozen=True, slots=True)
class _Found:
    likeness: float
    size: float = 1.0
    across: float = 0.0  # of the patch's middle from its registered middle, face pixels
    down: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    capture: Grey
    face: Grey
    box: Rectangle

    @property
    def patch(self) -> Grey:
        x, y, w, h = self.box
        return self.face[y : y + h, x : x + w]

    def around(self, near: _Found, reach: tuple[float, float], factor: float) -> _Found | None:
        """The likeliest place within `reach` (face pixels) of `near`, at its size, in pictures shrunk by `factor`."""
        x, y, w, h = self.box
        half = (w * near.size / 2 + reach[0], h * near.size / 2 + reach[1])
        middle = (x + w / 2 + near.across, y + h / 2 + near.down)
        left, top = (max(0, round(m - a)) for m, a in zip(middle, half, strict=True))
        right = min(self.capture.shape[1], round(middle[0] + half[0]))
        bottom = min(self.capture.shape[0], round(middle[1] + half[1]))
        if right - left < w * near.size or bottom - top < h * near.size:
            return None
        template = _resized(self.patch, w * near.size * factor, h * near.size * factor)
        window = _resized(self.capture[top:bottom, left:right], (right - left) * factor, (bottom - top) * factor)
        rows, columns = template.shape
        if min(rows, columns) < LEAST_PX or window.shape[0] < rows or window.shape[1] < columns:
            return None
        answer = np.asarray(cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED), np.float32)
        _, peak, _, (column, row) = cv2.minMaxLoc(answer)
        if not np.isfinite(peak):
            return None
        across = (column + top_of(answer[row], column) + columns / 2) * (right - left) / window.shape[1]
        down = (row + top_of(answer[:, column], row) + rows / 2) * (bottom - top) / window.shape[0]
        return _Found(float(peak), near.size, left + across - (x + w / 2), top + down - (y + h / 2))


def _resized(picture: Grey, width: float, height: float) -> Grey:
    size = (max(1, round(width)), max(1, round(height)))
    if size == (picture.shape[1], picture.shape[0]):
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
