"""Calibration records: named by their content, kept with the captures that they hold for, doubted when they do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge import calibrations
from edge.calibrations import CalibrationRecord
from edge.captures import Capture, Quality
from edge.errors import BoxError
from edge.storage.documents import from_json, to_json

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
RECORD = CalibrationRecord(
    camera="video0", identity="uvcvideo Bench usb-1.2", width=2304, height=1296, at=AT, valid_days=180, target="A5",
    ruler=0.97, mm_per_px=0.1614, mm_per_px_least=0.16, mm_per_px_most=0.163, distortion_px=12.5, residual_px=0.04,
    focus_px=2.2, evenness=0.8, white=230.0, gains=(1.2, 1.0, 0.9), matrix=(1.0, 0.0, 0.0) * 3,
    delta_e=(9.0, 5.0, 1.0), light=True, pictures=("a" * 64,),
)  # fmt: skip
CAPTURE = Capture("c" * 64, 2304, 1296, "camera:video0", Quality(400.0, 0.01, 120.0))


def test_a_capture_of_the_camera_carries_the_calibration_that_holds_for_it(tmp_path: Path) -> None:
    name = calibrations.keep(tmp_path, RECORD)
    found = calibrations.applied(CAPTURE, tmp_path, AT + timedelta(days=1))
    assert (found.calibration, found.quality.mm_per_px, found.quality.calibrated_light) == (name, 0.1614, True)
    assert calibrations.kept(tmp_path, name) == RECORD
    assert from_json(Capture, to_json(found)) == found


@pytest.mark.parametrize(
    "capture",
    [
        replace(CAPTURE, source="camera:video1"),
        replace(CAPTURE, source="upload"),
        replace(CAPTURE, width=1920, height=1080),
        replace(CAPTURE, width=0, height=0),
    ],
    ids=["another camera", "no camera", "another size", "unread"],
)
def test_another_capture_carries_none(tmp_path: Path, capture: Capture) -> None:
    calibrations.keep(tmp_path, RECORD)
    assert calibrations.applied(capture, tmp_path, AT) == capture


def test_a_record_whose_time_is_over_is_not_applied_and_says_why(tmp_path: Path) -> None:
    calibrations.keep(tmp_path, RECORD)
    late = AT + timedelta(days=180)
    assert calibrations.applied(CAPTURE, tmp_path, late) == CAPTURE
    assert calibrations.doubts(RECORD, late, (1920, 1080), "uvcvideo Other usb-1.2") == (
        "older than 180 days",
        "made at 2304 x 1296 px, pictures have 1920 x 1080 px now",
        "made with another camera (uvcvideo Bench usb-1.2; now uvcvideo Other usb-1.2)",
    )
    assert calibrations.doubts(RECORD, AT - timedelta(days=1), None) == ("from after this box's clock",)


def test_an_older_record_stays_when_a_newer_is_used(tmp_path: Path) -> None:
    first = calibrations.keep(tmp_path, RECORD)
    newer = calibrations.keep(tmp_path, replace(RECORD, mm_per_px=0.2))
    assert calibrations.in_use(tmp_path) == {"video0": newer}
    assert calibrations.kept(tmp_path, first) == RECORD


def test_an_altered_record_is_refused_and_applied_to_nothing(tmp_path: Path) -> None:
    name = calibrations.keep(tmp_path, RECORD)
    path = tmp_path / "calibrations" / f"{name}.json"
    path.write_bytes(path.read_bytes().replace(b"0.1614", b"0.1714"))
    with pytest.raises(BoxError) as caught:
        calibrations.kept(tmp_path, name)
    assert caught.value.message.startswith(f"{path}: expected SHA-256 {name}, got ")
    assert calibrations.applied(CAPTURE, tmp_path, AT) == CAPTURE


def test_a_missing_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(BoxError) as caught:
        calibrations.kept(tmp_path, "0" * 64)
    assert caught.value.hint == "Calibrate the camera again: sekisho calibrate measure."
