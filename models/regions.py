"""Marked regions of a registered face: masks, a hologram's presence, how far a logo has moved.

Regions come in millimetres from the face's top left corner. A hologram looks different from every side, so it is never
compared as a picture: asked is only whether the place is as colourful and as detailed as the registered one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.locate import Grey
    from models.measurements import Image, MarkedRegion, Rectangle

SEARCH_MM = 8.0
LEAST_LIKENESS = 0.6  # correlation from which a patch counts as found elsewhere
BETTER_BY = 0.1  # by how much the other place must be likelier than the registered one
LEAST_SIDE_PX = 8


@dataclass(frozen=True, slots=True)
class PlacedRegion:
    """A marked region in face pixels, clipped to the face."""

    region: MarkedRegion
    box: Rectangle

    @property
    def name(self) -> str:
        """What a finding calls it: the kind, and the registered words if there are any."""
        return f"{self.region.kind}: {self.region.text}" if self.region.text else self.region.kind


def placed(
    regions: Sequence[MarkedRegion], px_per_mm: tuple[float, float] | None, size: tuple[int, int]
) -> tuple[PlacedRegion, ...]:
    """Regions in face pixels; none when the face's size in millimetres is unknown. `size` is (width, height)."""
    if px_per_mm is None:
        return ()
    found = []
    for region in regions:
        left, top = max(0, round(region.x_mm * px_per_mm[0])), max(0, round(region.y_mm * px_per_mm[1]))
        right = min(size[0], round((region.x_mm + region.w_mm) * px_per_mm[0]))
        bottom = min(size[1], round((region.y_mm + region.h_mm) * px_per_mm[1]))
        if right - left >= LEAST_SIDE_PX and bottom - top >= LEAST_SIDE_PX:
            found.append(PlacedRegion(region, (left, top, right - left, bottom - top)))
    return tuple(found)


def wanted_mask(regions: Sequence[PlacedRegion], size: tuple[int, int]) -> Grey:
    """255 where the face may be compared as a picture: inside marked artwork, outside "ignore" and holograms."""
    width, height = size
    artwork = [place for place in regions if place.region.kind == "artwork"]
    mask = np.full((height, width), 0 if artwork else 255, np.uint8)
    for place in artwork:
        x, y, w, h = place.box
        mask[y : y + h, x : x + w] = 255
    for place in regions:
        if place.region.kind in ("ignore", "hologram"):
            x, y, w, h = place.box
            mask[y : y + h, x : x + w] = 0
    return mask


def region_of(box: Rectangle, regions: Sequence[PlacedRegion]) -> PlacedRegion | None:
    """The marked region that holds the middle of a box, the smallest one of several."""
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
    holding = [
        place
        for place in regions
        if place.region.kind not in ("artwork", "ignore")
        and place.box[0] <= x <= place.box[0] + place.box[2]
        and place.box[1] <= y <= place.box[1] + place.box[3]
    ]
    return min(holding, key=lambda place: place.box[2] * place.box[3], default=None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one capture shows of one marked region. `None`: it cannot be told."""

    index: int  # of the region among the face's placed regions
    absence: float | None = None  # share of a hologram's registered colourfulness and detail that is missing


def readings(
    capture: Image, face: Image, inside: Grey, glare: Grey, regions: Sequence[PlacedRegion]
) -> tuple[Reading, ...]:
    """A capture's readings of the regions that are checked by themselves.

    Args:
        capture: the aligned capture in the registered face's light.
        face: the registered face.
        inside: 255 where the capture shows the face.
        glare: 255 where the capture is burnt out.
        regions: the face's placed regions.
    """
    everywhere = np.asarray(cv2.erode(inside, np.ones((9, 9), np.uint8)), np.uint8)
    everywhere[glare > 0] = 0
    return tuple(
        Reading(index, hologram_absence(capture, face, everywhere, place.box))
        for index, place in enumerate(regions)
        if place.region.kind == "hologram"
    )


def hologram_absence(capture: Image, face: Image, usable: Grey, box: Rectangle) -> float | None:
    """How much of the registered colourfulness and detail a place lacks: 0 all there, 1 nothing; None when unusable.

    The better of the two shares counts: light may wash out colours or edges, a missing hologram lacks both.
    """
    x, y, w, h = box
    free = usable[y : y + h, x : x + w] > 0
    if float(free.mean()) < 0.5:  # noqa: PLR2004 - half of the place
        return None
    shown, known = capture[y : y + h, x : x + w], face[y : y + h, x : x + w]
    colour = _colourfulness(shown, free) / max(_colourfulness(known, free), 1e-3)
    edges = _edges(shown, free) / max(_edges(known, free), 1e-3)
    return float(np.clip(1 - max(colour, edges), 0, 1))


def _colourfulness(picture: Image, free: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    """Spread of the opponent colours (after Hasler and Suesstrunk, 2003), grey levels."""
    blue, green, red = (picture[:, :, c].astype(np.float32)[free] for c in range(3))
    return float(np.hypot((red - green).std(), ((red + green) / 2 - blue).std()))


def _edges(picture: Image, free: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (0, 0), 1.5).astype(np.float32)
    across, down = np.gradient(grey)
    return float(np.hypot(across, down)[free].mean())


def moved_mm(
    capture: Image, face: Image, box: Rectangle, px_per_mm: tuple[float, float]
) -> tuple[float, Rectangle] | None:
    """How far the content of a region has moved, and where it lies now; None when it is in place or not found."""
    x, y, w, h = box
    reach_x, reach_y = round(SEARCH_MM * px_per_mm[0]), round(SEARCH_MM * px_per_mm[1])
    left, top = max(0, x - reach_x), max(0, y - reach_y)
    window = cv2.cvtColor(capture[top : y + h + reach_y, left : x + w + reach_x], cv2.COLOR_BGR2GRAY)
    patch = cv2.cvtColor(face[y : y + h, x : x + w], cv2.COLOR_BGR2GRAY)
    if window.shape[0] < h or window.shape[1] < w or float(patch.std()) < 1:
        return None
    answer = cv2.matchTemplate(window, patch, cv2.TM_CCOEFF_NORMED)
    _, best, _, (found_x, found_y) = cv2.minMaxLoc(answer)
    near = answer[max(0, y - top - 2) : y - top + 3, max(0, x - left - 2) : x - left + 3]
    if best < LEAST_LIKENESS or best < float(near.max()) + BETTER_BY:
        return None
    across, down = (left + found_x - x) / px_per_mm[0], (top + found_y - y) / px_per_mm[1]
    return float(np.hypot(across, down)), (left + found_x, top + found_y, w, h)
