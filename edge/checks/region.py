"""The marked regions of a package face, each judged by its own readings: out of place, another size, not there, mush.

The thresholds are the policy's, in millimetres and shares. A region that could not be read says nothing here: what
would help is advice (edge/checks/advice.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge.captures import Evidence
from edge.checks import Findings, Proof
from edge.comparison import Difference, FaceComparison, RegionReading
from edge.inspection import Finding
from edge.policy import FacePolicy

_PRINTED = frozenset({"logo", "label"})  # a hologram is missing by its own finding, by all captures of a side
_OF_WORDS = frozenset({"structure", "print"})  # kinds of difference that other words on a label make


def of_words(difference: Difference, threshold: float, limits: FacePolicy) -> bool:
    """Whether a difference is no more than other words on a marked label make; `threshold` is the pack's for check."""
    on_label = difference.kind in _OF_WORDS and difference.region.partition(":")[0] == "label"
    return on_label and difference.score < threshold * limits.label_share


def codes_of(reading: RegionReading, limits: FacePolicy) -> tuple[str, ...]:
    """The finding codes that one region's readings bring."""
    return tuple(_codes(reading, limits))


def _codes(reading: RegionReading, limits: FacePolicy) -> Iterator[str]:
    elsewhere = reading.gain != 0  # a place that is no likelier than the registered one is no other place
    if elsewhere and reading.size is not None and abs(reading.size - 1) >= limits.region_size_share:
        yield "face.region_size"
    elif elsewhere and (reading.offset_mm or 0.0) >= limits.region_moved_mm:
        yield "face.region_moved"
    elif reading.kind in _PRINTED and (reading.absence or 0.0) >= limits.region_missing_share:
        yield "face.region_missing"
    if reading.change is not None and reading.change < limits.hologram_change:
        yield "face.hologram_static"
    if reading.contrast is not None and (
        reading.contrast < limits.microprint_contrast or (reading.likeness or 0.0) < limits.microprint_likeness
    ):
        yield "face.microprint"


def unasked(comparisons: Iterable[FaceComparison]) -> tuple[str, ...]:
    """The codes of what no capture could tell of any marked region: none of the kind is registered, or none is seen."""
    readings = [reading for comparison in comparisons for reading in comparison.regions]
    told = {
        "face.region_size": any(one.size is not None for one in readings),
        "face.region_moved": any(one.offset_mm is not None for one in readings),
        "face.region_missing": any(one.absence is not None and one.kind in _PRINTED for one in readings),
        "face.hologram": any(one.kind == "hologram" for one in readings),
        "face.hologram_static": any(one.change is not None for one in readings),
        "face.microprint": any(one.contrast is not None for one in readings),
    }
    return tuple(code for code, asked in told.items() if not asked)


def findings_of(comparison: FaceComparison, maker: Findings) -> list[Finding]:
    """A finding for each region that departs, with its own picture first."""
    return [
        maker.make(
            code,
            Proof(_proof(reading, comparison.pictures), reading.capture_box),
            region=f"@region.{reading.kind}",
            where=f"@where.{reading.kind}",
            offset_mm=f"{reading.offset_mm or 0:.1f}",
            size=f"{reading.size or 1:.2f}",
        )
        for reading in comparison.regions
        for code in codes_of(reading, maker.policy.face)
    ]


def _proof(reading: RegionReading, pictures: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    return (reading.picture, *pictures) if reading.picture is not None else pictures
