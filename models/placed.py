"""Where the marked regions of a registered face lie in its picture, and which part of it they leave to be compared.

Regions come in millimetres from the face's top left corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.locate import Grey
    from models.measurements import MarkedRegion, Rectangle

LEAST_SIDE_PX, LEAST_LONG_PX = 3, 8  # of a line of micro-print; what is smaller than 8 both ways says nothing


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
        if min(right - left, bottom - top) >= LEAST_SIDE_PX and max(right - left, bottom - top) >= LEAST_LONG_PX:
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
