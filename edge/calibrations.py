"""Calibrations of the box's cameras: what was measured with the printed target, kept under the hash of its content.

A record is named by the SHA-256 of its canonical JSON, and a capture that it holds for carries that name into the
ledger: whoever reads the row later knows by which measurement a millimetre was a millimetre. It holds for pictures of
the same camera in the same size until its time is over; nothing is scaled or guessed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from edge.captures import Capture
from edge.errors import BoxError, LedgerError
from edge.storage.chain import canonical
from edge.storage.database import made_folder, write_durably
from edge.storage.documents import from_json, to_json

FOLDER, CURRENT = "calibrations", "current.json"
CAMERA = "camera:"  # before the name, in the source of a capture


@dataclass(frozen=True, slots=True)
class CalibrationRecord:
    """One calibration of one camera. Lengths in millimetres and pixels, colours BGR, linear."""

    camera: str
    identity: str  # driver, card and bus where the camera tells them
    width: int
    height: int
    at: datetime  # UTC
    valid_days: int
    target: str  # "A4", "A5"
    ruler: float  # measured over nominal length of the printed ruler
    mm_per_px: float  # at the picture's middle, in the plane of the target
    mm_per_px_least: float
    mm_per_px_most: float
    distortion_px: float  # at the picture's corner
    residual_px: float
    focus_px: float  # 10-90 % width of the worst edge
    evenness: float  # darkest over brightest paper, linear
    white: float  # level of the brightest paper, 0..255
    gains: tuple[float, float, float]
    matrix: tuple[float, ...]
    delta_e: tuple[float, float, float]  # CIE 1976: as it came, neutral, corrected
    light: bool  # even, unclipped, held and corrected: colours may be judged
    pictures: tuple[str, ...]  # SHA-256 of what was measured

    @property
    def name(self) -> str:
        """The SHA-256 of the canonical record."""
        return hashlib.sha256(canonical(to_json(self))).hexdigest()

    @property
    def until(self) -> datetime:
        """When its time is over."""
        return self.at + timedelta(days=self.valid_days)


def keep(state_dir: Path, record: CalibrationRecord) -> str:
    """Keep a record for good, and use it for its camera from now on; its name.

    Raises:
        OSError: it cannot be written.
    """
    folder = made_folder(state_dir / FOLDER)
    write_durably(folder / f"{record.name}.json", canonical(to_json(record)))
    write_durably(folder / CURRENT, (json.dumps(_current(state_dir) | {record.camera: record.name}) + "\n").encode())
    return record.name


def kept(state_dir: Path, name: str) -> CalibrationRecord:
    """The record of that name.

    Raises:
        BoxError: box_calibration: it is missing, altered or of another program.
    """
    path = state_dir / FOLDER / f"{name}.json"
    hint = "Calibrate the camera again: sekisho calibrate measure."
    try:
        data = path.read_bytes()
        record = from_json(CalibrationRecord, json.loads(data))
    except (OSError, ValueError, LedgerError) as error:
        message = f"{path}: expected a calibration, got {type(error).__name__}: {error}."
        raise BoxError("box_calibration", message, hint=hint) from error
    came = hashlib.sha256(data).hexdigest()
    if came != name:
        raise BoxError("box_calibration", f"{path}: expected SHA-256 {name}, got {came}.", hint=hint)
    return record


def in_use(state_dir: Path) -> dict[str, str]:
    """The names of the records in use, by camera.

    Raises:
        PermissionError: this user may not know it.
    """
    return dict(sorted(_current(state_dir).items()))


def doubts(
    record: CalibrationRecord, now: datetime, size: tuple[int, int] | None, identity: str = ""
) -> tuple[str, ...]:
    """Why a record does not hold any more, in words; none: it holds. `size`: of the camera's pictures now."""
    found = []
    if now >= record.until:
        found.append(f"older than {record.valid_days} days")
    if now < record.at:
        found.append("from after this box's clock")
    if size is not None and size != (record.width, record.height):
        found.append(f"made at {record.width} x {record.height} px, pictures have {size[0]} x {size[1]} px now")
    if identity and record.identity and identity != record.identity:
        found.append(f"made with another camera ({record.identity}; now {identity})")
    return tuple(found)


def applied(capture: Capture, state_dir: Path, now: datetime) -> Capture:
    """The capture with the calibration that holds for it, if there is one."""
    if not capture.source.startswith(CAMERA) or not capture.width:
        return capture
    try:
        name = _current(state_dir).get(capture.source.removeprefix(CAMERA))
    except PermissionError:  # told by the doctor
        return capture
    if name is None:
        return capture
    try:
        record = kept(state_dir, name)
    except BoxError:  # told by the doctor; a picture without a scale is a picture
        return capture
    if doubts(record, now, (capture.width, capture.height)):
        return capture
    quality = replace(capture.quality, mm_per_px=record.mm_per_px, calibrated_light=record.light)
    return replace(capture, quality=quality, calibration=name)


def _current(state_dir: Path) -> dict[str, str]:
    try:
        told = json.loads((state_dir / FOLDER / CURRENT).read_text("utf-8"))
        return {str(camera): str(name) for camera, name in told.items()}
    except PermissionError:  # whoever may not read it is not told that there is none
        raise
    except (OSError, ValueError, AttributeError):
        return {}
