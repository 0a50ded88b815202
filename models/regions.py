"""Marked regions of a registered face: where they lie, what they mask, and what a capture shows of each.

Regions come in millimetres from the face's top left corner. A reading is a set of measured numbers; what they mean is
judged elsewhere, by the policy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models import hologram, microprint
from models.offset import Offset, offset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.aligned import Aligned
    from models.locate import Grey
    from models.measurements import Image, MarkedRegion, Rectangle

LEAST_SIDE_PX = 3  # of a line of micro-print; what is smaller than 8 both ways says nothing
LEAST_SEEN = 0.6  # share of a region that must be free for it to be read


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
        if min(right - left, bottom - top) >= LEAST_SIDE_PX and max(right - left, bottom - top) >= 8:  # noqa: PLR2004
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
    """What one capture shows of one marked region. `None`: this capture cannot tell, or the region is none of the kind.

    Millimetres are from the registered place, right and down.
    """

    index: int  # of the region among the face's placed regions
    seen: float  # share of the region that is neither hidden nor burnt out
    across_mm: float | None = None
    down_mm: float | None = None
    size: float | None = None  # over the registered size
    likeness: float | None = None  # correlation at that place
    gain: float | None = None  # by how much that place is likelier than the registered one
    absence: float | None = None  # share of a hologram's registered colourfulness and detail that is missing
    colours: tuple[int, ...] = ()  # of a hologram and the print around it
    needed_mm_per_px: float | None = None  # the coarsest pixel that shows a micro-print
    contrast: float | None = None  # of a micro-print, share of the registered one
    print_likeness: float | None = None  # of a micro-print with the registered one

    @property
    def offset_mm(self) -> float | None:
        """Distance from the registered place."""
        return None if self.across_mm is None or self.down_mm is None else math.hypot(self.across_mm, self.down_mm)


CHECKED = ("logo", "label", "hologram", "microprint")
MOST_BEND_PX = 7.0  # a face that bulges more shifts its regions by itself (95% of real flat ones: 7.2 and less)


def readings(laid: Aligned, frame: Image) -> tuple[Reading, ...]:
    """A capture's readings of all regions that are checked by themselves. `frame` is the capture at its own size."""
    free = np.asarray(cv2.erode(laid.registration.inside, np.ones((9, 9), np.uint8)), np.uint8)
    free[laid.capture_glare > 0] = 0  # the haze that `clear` leaves out may be a hologram's own
    return tuple(
        _reading(laid, frame, index, free if place.region.kind == "hologram" else laid.clear)
        for index, place in enumerate(laid.prepared.regions)
        if place.region.kind in CHECKED
    )


def _reading(laid: Aligned, frame: Image, index: int, clear: Grey) -> Reading:
    prepared, place, mm_per_px = laid.prepared, laid.prepared.regions[index], laid.scale.mm_per_px
    x, y, w, h = place.box
    one = Reading(index, float((clear[y : y + h, x : x + w] > 0).mean()))
    if one.seen < LEAST_SEEN or mm_per_px is None:
        return one
    if place.region.kind == "hologram":
        lacks = hologram.absence(laid.shown, prepared.face, clear, place.box)
        one = replace(one, absence=lacks, colours=hologram.colours(laid.shown, place.box))
    if place.region.kind == "microprint" and index in prepared.fine:
        seen = microprint.contrast(frame, laid.registration, prepared.fine[index], mm_per_px, laid.clear)
        return replace(one, needed_mm_per_px=seen.needed_mm_per_px, contrast=seen.share, print_likeness=seen.likeness)
    found = _place_of(laid, place) if laid.scale.bend_px <= MOST_BEND_PX else None
    if found is None:
        return one
    return replace(
        one,
        across_mm=found.across_mm,
        down_mm=found.down_mm,
        size=found.size,
        likeness=found.likeness,
        gain=found.gain,
    )


def _place_of(laid: Aligned, place: PlacedRegion) -> Offset | None:
    prepared = laid.prepared
    if prepared.px_per_mm is None or place.region.kind == "microprint":
        return None
    if place.region.kind == "hologram":
        return hologram.place(laid.shown, prepared.face, place.box, prepared.px_per_mm)
    shown = np.asarray(cv2.cvtColor(laid.shown, cv2.COLOR_BGR2GRAY), np.uint8)
    return offset(shown, prepared.grey, place.box, prepared.px_per_mm)


def joined(shots: Sequence[Reading]) -> Reading:
    """The readings of one region by several captures, as one.

    A place is the median of the captures that found one; what is there in one capture is there (hologram, micro-print).
    """
    places = [one for one in shots if one.gain is not None]
    absences = [one.absence for one in shots if one.absence is not None]
    prints = [one for one in shots if one.contrast is not None]
    sharpest = max(prints, key=lambda one: one.contrast or 0.0, default=None)

    def middle(name: str) -> float | None:
        return float(median(getattr(one, name) for one in places)) if places else None

    return Reading(
        index=shots[-1].index,
        seen=max(one.seen for one in shots),
        across_mm=middle("across_mm"),
        down_mm=middle("down_mm"),
        size=middle("size"),
        likeness=middle("likeness"),
        gain=middle("gain"),
        absence=min(absences, default=None),
        colours=shots[-1].colours,
        needed_mm_per_px=next((one.needed_mm_per_px for one in shots if one.needed_mm_per_px), None),
        contrast=sharpest.contrast if sharpest else None,
        print_likeness=max((one.print_likeness or 0.0 for one in prints), default=None),
    )
