"""What a capture shows of each marked region of a registered face.

A reading is a set of measured numbers; what they mean is
judged elsewhere, by the policy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models import hologram, microprint, presence
from models.aligned import detail_kept
from models.offset import LEAST_CONTRAST, Offset, offset
from models.placed import PlacedRegion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.aligned import Aligned
    from models.locate import Grey, View
    from models.measurements import Image, Rectangle

LEAST_SEEN = 0.6  # share of a region that must be free for it to be read


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
    absence: float | None = None  # share of the registered colourfulness and detail that is missing
    colours: tuple[int, ...] = ()  # of a hologram and the print around it
    needed_mm_per_px: float | None = None  # the coarsest pixel that shows a micro-print
    contrast: float | None = None  # of a micro-print, share of the registered one
    print_likeness: float | None = None  # of a micro-print, share that the registered one explains

    @property
    def offset_mm(self) -> float | None:
        """Distance from the registered place."""
        return None if self.across_mm is None or self.down_mm is None else math.hypot(self.across_mm, self.down_mm)


CHECKED = ("logo", "label", "hologram", "microprint")
MOST_BEND_PX = 7.0  # a face that bulges more shifts its regions by itself (95% of real flat ones: 7.2 and less)


def readings(laid: Aligned, view: View) -> tuple[Reading, ...]:
    """A capture's readings of all regions that are checked by themselves."""
    free = np.asarray(cv2.erode(laid.registration.inside, np.ones((9, 9), np.uint8)), np.uint8)
    free[laid.capture_glare > 0] = 0  # the haze that `clear` leaves out may be a hologram's own
    asked = [(index, one) for index, one in enumerate(laid.prepared.regions) if one.region.kind in CHECKED]
    resolved = math.sqrt(detail_kept(laid)) if asked else 1.0
    return tuple(
        _reading(laid, view, index, free if place.region.kind == "hologram" else laid.clear, resolved)
        for index, place in asked
    )


def _reading(laid: Aligned, view: View, index: int, clear: Grey, resolved: float) -> Reading:
    prepared, place, mm_per_px = laid.prepared, laid.prepared.regions[index], laid.scale.mm_per_px
    x, y, w, h = place.box
    one = Reading(index, float((clear[y : y + h, x : x + w] > 0).mean()))
    if one.seen < LEAST_SEEN or mm_per_px is None:
        return one
    if place.region.kind != "microprint" and _shows_something(prepared.face, place.box):
        shaped = place.region.kind != "label"  # whose words differ from item to item
        lacks = presence.absence(laid.shown, prepared.face, clear, place.box, resolved=resolved, shaped=shaped)
        one = replace(one, absence=lacks)
    if place.region.kind == "hologram":
        one = replace(one, colours=hologram.colours(laid.shown, place.box))
    if place.region.kind == "microprint" and index in prepared.fine:
        seen = microprint.contrast(view, laid.registration, prepared.fine[index], mm_per_px, laid.clear)
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


def _shows_something(face: Image, box: Rectangle) -> bool:
    x, y, w, h = box
    return float(face[y : y + h, x : x + w].astype(np.float32).std(axis=(0, 1)).max()) >= LEAST_CONTRAST


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

    A place is the median of the captures that found one; what is there in one capture is there.
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
