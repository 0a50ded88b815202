"""From measured pictures of the target to one record, and what is to be said of it. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import datetime

from edge.calibrations import CalibrationRecord
from edge.errors import RequestRefused
from edge.examination import Sign, State
from models.calibration import Calibration

MOST_SPREAD = 0.005  # of the scale, between pictures: the limit that is promised for it
MOST_RESIDUAL_PX = 0.5
MOST_PERSPECTIVE = 0.06
SHARP_PX = 3.0
EVEN = 0.6
DARK, CLIPPED = 150.0, 252.0
MOST_DELTA_E = 6.0


def joined(
    measured: Sequence[tuple[str, Calibration]],
    *,
    camera: str,
    identity: str,
    held: bool,
    ruler: float,
    at: datetime,
    valid_days: int,
) -> CalibrationRecord:
    """One record of pictures (SHA-256 and measurement) of one camera: the middle of what they say.

    `held`: focus, exposure and white balance do not move by themselves.

    Raises:
        RequestRefused: calibrate_pictures: they differ in size or target, or in their scale by more than 0.5 %.
    """
    all_of = [one for _, one in measured]
    sizes = {(one.width, one.height, one.size) for one in all_of}
    scales = sorted(one.mm_per_px for one in all_of)
    if len(sizes) > 1 or scales[-1] - scales[0] > MOST_SPREAD * scales[0]:
        shown = "; ".join(f"{one.size} {one.width} x {one.height} px at {one.mm_per_px:.4f} mm" for one in all_of)
        raise RequestRefused(
            "calibrate_pictures",
            f"Pictures of one target by one camera that does not move are expected, got {shown}.",
            hint="Fix the camera; take all pictures without moving it.",
        )
    middle = all_of[scales.index(statistics.median_low(scales))] if len(all_of) == 1 else _nearest(all_of)
    evenness, white = min(one.evenness for one in all_of), max(one.white for one in all_of)
    light = held and evenness >= EVEN and DARK <= white < CLIPPED and middle.delta_e[2] <= MOST_DELTA_E
    return CalibrationRecord(
        camera=camera,
        identity=identity,
        width=middle.width,
        height=middle.height,
        at=at,
        valid_days=valid_days,
        target=middle.size,
        ruler=ruler,
        mm_per_px=statistics.median(scales),
        mm_per_px_least=middle.mm_per_px_least,
        mm_per_px_most=middle.mm_per_px_most,
        distortion_px=middle.distortion_px,
        residual_px=max(one.residual_px for one in all_of),
        focus_px=max((width for one in all_of for width in one.focus_px), default=99.0),
        evenness=evenness,
        white=white,
        gains=middle.gains,
        matrix=middle.matrix,
        delta_e=middle.delta_e,
        light=light,
        pictures=tuple(sha256 for sha256, _ in measured),
    )


def _nearest(all_of: Sequence[Calibration]) -> Calibration:
    """The picture whose scale is nearest to the middle one."""
    middle = statistics.median(one.mm_per_px for one in all_of)
    return min(all_of, key=lambda one: abs(one.mm_per_px - middle))


def signs(record: CalibrationRecord) -> tuple[Sign, ...]:
    """What a record says of its camera, each with what to do."""
    slope = record.mm_per_px_most / record.mm_per_px_least - 1
    before, neutral, after = record.delta_e
    return (
        _sign(
            "scale",
            record.residual_px <= MOST_RESIDUAL_PX,
            f"{record.mm_per_px:.4f} mm per pixel, corners off by {record.residual_px:.2f} px",
            f"corners within {MOST_RESIDUAL_PX} px",
            "Is the sheet flat? Lay glass on it, or glue it to a board.",
        ),
        _sign(
            "perspective",
            slope <= MOST_PERSPECTIVE,
            f"scale changes by {slope:.1%} over the board; the lens moves corners by {record.distortion_px:+.1f} px",
            f"{MOST_PERSPECTIVE:.0%} or less",
            "Look straight down: turn the camera until the sheet's edges are parallel.",
        ),
        _sign(
            "focus",
            record.focus_px <= SHARP_PX,
            f"edges are {record.focus_px:.1f} px wide",
            f"{SHARP_PX:g} px or less everywhere",
            "Focus on the sheet, then hold the focus; clean the lens.",
        ),
        _sign(
            "light",
            record.evenness >= EVEN and DARK <= record.white < CLIPPED,
            f"darkest paper {record.evenness:.0%} of the brightest, which has level {record.white:.0f}",
            f"{EVEN:.0%} or more, level {DARK:.0f} to {CLIPPED:.0f}",
            "Two lamps from two sides; less exposure where paper is burnt out.",
        ),
        _sign(
            "colour",
            record.light,
            f"mean distance {before:.1f}, neutral {neutral:.1f}, corrected {after:.1f} (CIE 1976)",
            f"{MOST_DELTA_E:g} or less corrected, in even light, with focus, exposure and white balance held",
            "Colours are not judged by this light. Hold the camera's automatics; an office printer's colours are not "
            "known: measure the patches, and give them with --colours.",
        ),
    )


def _sign(part: str, good: bool, value: str, expected: str, todo: str) -> Sign:  # noqa: FBT001 - a row of a table
    return Sign(part, State.GOOD if good else State.LOOK, value, expected, "" if good else todo)
