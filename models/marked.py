"""The marked regions of a face that is being enrolled, tried with the photographs of the sample that it was made of.

A region that the bench cannot read in the registered picture itself is never checked, and nobody would be told. So the
photographs go as captures through the very steps that compare a parcel with the face (`models.faces`), and what these
read of each region is told.

What it is not: a judgement. From where on a number speaks stands in the policy; what is asked of the registered picture
itself stands here, since no capture mends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.faces import compare_together
from models.measurements import FaceReference
from models.offset import LEAST_CONTRAST
from models.placed import LEAST_LONG_PX, LEAST_SIDE_PX
from models.prepared import prepare
from models.regions import CHECKED, LEAST_SEEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from models.measurements import FaceMeasurement, Image, MarkedRegion, RegionMeasurement
    from models.microprint import FinePrint
    from models.pack import Pack
    from models.placed import PlacedRegion
    from models.prepared import PreparedFace

# Of a marked line of micro-print, for its letters to be told from mush. Demo prints at 10 pixels a millimetre show 2.3
# to 3.9 periods to their height, at 6 pixels a line 1.8 to 2.1, at 4 pixels 1.4 to 1.6, blurred by 2 pixels 1.2 to 1.6.
LEAST_PERIODS: Final = 1.7


@dataclass(frozen=True, slots=True)
class MarkedTrial:
    """What the registered picture and the photographs show of one marked region."""

    region: MarkedRegion
    faults: tuple[str, ...]  # why it could not be checked: value, expectation, what came
    reading: RegionMeasurement | None  # None: it is too small, or of a kind that is not read by itself


@dataclass(frozen=True, slots=True)
class FaceTrial:
    """What the bench makes of the face and of the photographs that it was made of."""

    regions: tuple[MarkedTrial, ...]
    measured: FaceMeasurement  # the photographs together, against the face


def tried(
    picture: bytes,
    size_mm: tuple[float, float],
    marked: Sequence[MarkedRegion],
    photographs: Sequence[Image],
    pack: Pack,
) -> FaceTrial:
    """The registered picture (encoded) with its marked regions, compared with the photographs (uint8 BGR, one or more).

    Raises:
        PictureRefused: the picture cannot be decoded.
    """
    prepared = prepare(FaceReference("enrolled", picture, *size_mm, tuple(marked)), pack)
    measured = compare_together(photographs, prepared, pack)
    read = [place.region for place in prepared.regions if place.region.kind in CHECKED]
    readings = dict(zip(read, measured.regions, strict=bool(measured.regions)))
    places = {place.region: index for index, place in enumerate(prepared.regions)}
    trials = []
    for region in marked:
        reading, index = readings.get(region), places.get(region)
        faults = [_too_small(prepared, region)] if index is None else _faults(prepared, index, reading, measured)
        trials.append(MarkedTrial(region, tuple(faults), reading))
    return FaceTrial(tuple(trials), measured)


def _too_small(prepared: PreparedFace, region: MarkedRegion) -> str:
    across, down = prepared.px_per_mm or (1.0, 1.0)
    least, most = LEAST_SIDE_PX / min(across, down), LEAST_LONG_PX / min(across, down)
    return (
        f"expected at least {least:.1f} x {most:.1f} mm on a face of this size, got {region.w_mm:g} x {region.h_mm:g} "
        f"mm, {region.w_mm * across:.0f} x {region.h_mm * down:.0f} of the pixels that are compared"
    )


def _faults(
    prepared: PreparedFace, index: int, reading: RegionMeasurement | None, measured: FaceMeasurement
) -> Iterable[str]:
    place = prepared.regions[index]
    if place.region.kind not in CHECKED:
        return ()
    faults = tuple(_faults_of_print(prepared, place))
    if faults or place.region.kind != "microprint":
        return faults
    unread = reading is not None and reading.contrast is None and reading.seen >= LEAST_SEEN
    return _faults_of_lines(place.region, prepared.fine.get(index), measured.mm_per_px if unread else None)


def _faults_of_print(prepared: PreparedFace, place: PlacedRegion) -> Iterator[str]:
    x, y, w, h = place.box
    burnt = float((prepared.glare[y : y + h, x : x + w] > 0).mean())
    levels = float(prepared.face[y : y + h, x : x + w].astype(np.float32).std(axis=(0, 1)).max())
    if burnt > 1 - LEAST_SEEN:
        yield f"expected at most {1 - LEAST_SEEN:.0%} of it burnt out in the registered picture, got {burnt:.0%}"
    elif levels < LEAST_CONTRAST:
        yield f"expected print, whose grey levels spread by at least {LEAST_CONTRAST:g}, got {levels:.1f}: it is plain"


def _faults_of_lines(region: MarkedRegion, fine: FinePrint | None, unread_mm_per_px: float | None) -> Iterator[str]:
    """`unread_mm_per_px`: of a photograph in which the line was free and was not read."""
    if fine is None:
        yield "expected fine lines in the registered picture, got none"
    elif fine.frequency * region.h_mm < LEAST_PERIODS or fine.needed_mm_per_px < fine.mm_per_px:
        yield (
            f"expected letters that the photographs resolve, {LEAST_PERIODS:g} periods or more to the line's height, "
            f"got {fine.frequency * region.h_mm:.1f} at {fine.mm_per_px:.2f} mm per pixel"
        )
    elif unread_mm_per_px is not None and unread_mm_per_px <= fine.needed_mm_per_px:
        yield "expected other fine print around it, which tells what a capture resolves, got none that any could show"
