"""The marked regions that a technician brings for a face: read from a file, and judged by what a trial of them showed.

A fault is what no capture could ever mend: the face is not registered with it. A warning is what these photographs did
not show or what the bench would say of the sample itself: the face may be registered all the same.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from edge.checks.region import codes_of
from edge.comparison import RegionReading
from edge.errors import RequestRefused
from edge.policy import FacePolicy
from edge.steps.compare import region_of
from models.marked import FaceTrial, MarkedTrial
from models.measurements import MarkedRegion, RegionMeasurement
from models.regions import LEAST_SEEN

KINDS: Final = ("logo", "hologram", "microprint", "label", "artwork", "ignore")
_MEASURES: Final = ("x_mm", "y_mm", "w_mm", "h_mm")
_HINT: Final = "Each [[regions]] has kind, x_mm, y_mm, w_mm, h_mm and perhaps text; see docs/technician.md."


def read_regions(path: Path, width_mm: float, height_mm: float) -> tuple[MarkedRegion, ...]:
    """The marked regions of a TOML file, each within the face.

    Raises:
        OSError: the file cannot be read.
        RequestRefused: enrol_regions, with everything that is wrong.
    """
    try:
        rows = tomllib.loads(path.read_bytes().decode())["regions"]
    except (UnicodeDecodeError, ValueError) as error:
        raise RequestRefused("enrol_regions", f"{path}: expected TOML, got: {error}.", hint=_HINT) from error
    except KeyError as error:
        raise RequestRefused("enrol_regions", f"{path}: expected [[regions]], got none.", hint=_HINT) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RequestRefused("enrol_regions", f"{path}: expected [[regions]], got {rows!r}.", hint=_HINT)
    wrong = [f"{_named(number, row)}: {fault}" for number, row in enumerate(rows, 1) for fault in _faults(row)]
    if not wrong:
        marked = tuple(MarkedRegion(**row) for row in rows)
        wrong = [
            f"{_named(number, row)}: expected a place within the face of {width_mm:g} x {height_mm:g} mm, got "
            f"{one.x_mm:g} to {one.x_mm + one.w_mm:g} mm across and {one.y_mm:g} to {one.y_mm + one.h_mm:g} mm down"
            for number, (row, one) in enumerate(zip(rows, marked, strict=True), 1)
            if not _within(one, width_mm, height_mm)
        ]
    if wrong:
        raise RequestRefused("enrol_regions", f"{path}: {'; '.join(wrong)}.", hint=_HINT)
    return marked


def row_of(region: MarkedRegion) -> dict[str, Any]:
    """A region as a registry source has it (docs/registry-sources.md)."""
    return {name: value for name, value in asdict(region).items() if value != ""}


def require_checkable(trial: FaceTrial, path: Path) -> None:
    """A face is not registered with a region that could never be checked.

    Raises:
        RequestRefused: enrol_unchecked, with every such region.
    """
    wrong = [
        f"{_named(number, row_of(one.region))}: {fault}"
        for number, one in enumerate(trial.regions, 1)
        for fault in one.faults
    ]
    if wrong:
        raise RequestRefused(
            "enrol_unchecked",
            f"{path}: expected regions that can be checked on this face, got {'; '.join(wrong)}.",
            hint="Mend its place and size, photograph the sample from nearer, or take that region out.",
        )


def told(trial: FaceTrial, shots: int, limits: FacePolicy) -> Iterator[str]:
    """For each region a line that says what is checked of it, and one for each warning."""
    for number, one in enumerate(trial.regions, 1):
        name = _named(number, row_of(one.region))
        yield f"{name}: {_checks(one, limits)}"
        for warning in _warnings(one, shots, limits):
            yield f"{name}: warning: {warning}"
    measured = trial.measured
    if measured.score is not None and measured.score >= measured.threshold_check:
        yield (
            f"warning: expected that the sample's own photographs raise nothing, got a difference of "
            f"{measured.score:.2f}, where CHECK begins at {measured.threshold_check:.2f}: look for light or creases"
        )


def _checks(one: MarkedTrial, limits: FacePolicy) -> str:
    if one.region.kind == "ignore":
        return "not compared"
    if one.region.kind == "artwork":
        return "compared; what lies outside of all artwork is not"
    checks = () if one.reading is None else _read(one.reading, limits)
    return f"checked are {', '.join(checks) or 'nothing'}"


def _read(reading: RegionMeasurement, limits: FacePolicy) -> Iterator[str]:
    if reading.gain is not None:
        yield "place"
    if reading.gain is not None and reading.kind != "hologram":
        yield "size"
    if reading.absence is not None:
        yield "presence"
    if (reading.change or 0.0) >= limits.hologram_change:
        yield "change of colours"
    if reading.contrast is not None:
        yield f"contrast, in captures of at most {reading.needed_mm_per_px or 0:.2f} mm per pixel"


def _warnings(one: MarkedTrial, shots: int, limits: FacePolicy) -> Iterator[str]:
    reading = None if one.reading is None else region_of(one.reading)
    if reading is None:
        return
    if reading.seen < LEAST_SEEN:
        yield f"expected a photograph that shows {LEAST_SEEN:.0%} of it free of glare and hands, got {reading.seen:.0%}"
        return
    if reading.kind == "hologram":
        yield from _of_hologram(reading, shots, limits)
    elif reading.kind == "microprint" and reading.contrast is None:
        yield f"expected a sharp photograph of at most {reading.needed_mm_per_px or 0:.2f} mm per pixel, got none"
    elif reading.kind != "microprint" and reading.gain is None:
        yield "expected to find its print again in the photographs, got no place: its place and size are not checked"
    for code in codes_of(reading, limits):
        if code != "face.hologram_static":
            yield f"expected that the sample's own photographs raise nothing, got {code} ({_values(reading)})"


def _of_hologram(reading: RegionReading, shots: int, limits: FacePolicy) -> Iterator[str]:
    if shots == 1:
        yield "expected two photographs or more, each from another side, to see its colours change; got one"
    elif reading.change is None:
        yield "expected colours that change with the side, got hardly any colour: a printed mark is a logo"
    elif reading.change < limits.hologram_change:
        yield (
            f"expected colours that change by {limits.hologram_change:.2f} between photographs from different sides, "
            f"got {max(0.0, reading.change):.2f}: a printed mark is a logo"
        )


def _values(reading: RegionReading) -> str:
    values: Mapping[str, float | None] = {
        "mm off": reading.offset_mm,
        "of its size": reading.size,
        "of its contrast": reading.contrast,
        "alike": reading.likeness,
    }
    return ", ".join(f"{value:.2f} {name}" for name, value in values.items() if value is not None)


def _named(number: int, row: Mapping[str, Any]) -> str:
    return f"region {number} ({row.get('kind', 'no kind')})"


def _faults(row: Mapping[str, Any]) -> Iterator[str]:
    if unknown := sorted(row.keys() - {"kind", "text", *_MEASURES}):
        yield f"expected kind, {', '.join(_MEASURES)} and text, got {', '.join(unknown)} too"
    if row.get("kind") not in KINDS:
        yield f"expected one of {', '.join(KINDS)} as its kind, got {row.get('kind', 'none')!r}"
    if not isinstance(row.get("text", ""), str):
        yield f"expected words as its text, got {row['text']!r}"
    for name in _MEASURES:
        if not _is_number(row.get(name)):
            yield f"expected millimetres as {name}, got {row.get(name, 'none')!r}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _within(one: MarkedRegion, width_mm: float, height_mm: float) -> bool:
    ends = one.x_mm + one.w_mm <= width_mm and one.y_mm + one.h_mm <= height_mm
    return min(one.x_mm, one.y_mm) >= 0 and min(one.w_mm, one.h_mm) > 0 and ends
