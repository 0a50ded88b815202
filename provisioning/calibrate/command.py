"""`sekisho calibrate`: print the target, measure its pictures, show what is in use."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from edge import calibrations
from edge.app import require_state_dir
from edge.devices import v4l2
from edge.devices.addresses import camera_at
from edge.errors import DeviceError, RequestRefused
from edge.examination import Kept
from edge.settings import Settings
from edge.storage.documents import to_json
from edge.storage.regular import OddFileError, regular
from edge.terminal import clear_errors, require_writable, settings_from_environment
from models.calibration import Calibration, measured
from models.calibration_target import COLOURS, SHEETS, Colour, Size, target
from models.errors import ModelsError
from models.picture import parse
from provisioning.calibrate.record import joined, signs
from provisioning.calibrate.sheet import sheet
from provisioning.doctor.command import show as show_signs

calibrate_app = typer.Typer(no_args_is_help=True, help="Calibrate the bench camera with a printed target.")
_SHOTS = 3
_PATIENCE_S = 10.0
_MOST_BYTES = 64_000_000  # of a picture of the target
_HELD_CSI = {"awbgains", "shutter", "lens-position"}


@calibrate_app.command("target")
@clear_errors
def print_target(
    out: Annotated[Path, typer.Option(help="The PDF to write.")],
    size: Annotated[str, typer.Option(help="A4 or A5.")] = "A5",
) -> None:
    """Write the target to a PDF, to be printed without scaling."""
    if size not in SHEETS:
        raise RequestRefused("calibrate_size", f"--size: expected {' or '.join(SHEETS)}, got {size!r}.")
    require_writable(out)
    which: Size = "A4" if size == "A4" else "A5"
    out.write_bytes(sheet(which).pdf())
    ruler = target(which).rulers[0].length_mm
    sys.stdout.write(f"{out}: print it without scaling; its long ruler must measure {ruler:g} mm\n")


@calibrate_app.command("measure")
@clear_errors
def measure(  # noqa: PLR0917 - typer reads the options from the signature
    pictures: Annotated[list[Path] | None, typer.Argument(help="Pictures of the target; else the camera's.")] = None,
    camera: Annotated[str, typer.Option(help="The camera's name, as captures tell it; else of SEKISHO_CAMERA.")] = "",
    ruler_mm: Annotated[float | None, typer.Option(help="What the printed long ruler measures.")] = None,
    colours: Annotated[Path | None, typer.Option(help="Measured patches: 16 lines R,G,B, sRGB 0..255.")] = None,
    held: Annotated[bool, typer.Option(help="Focus, exposure and white balance of the camera are fixed.")] = False,  # noqa: FBT002 - typer
    valid_days: Annotated[int, typer.Option(min=1, max=3650, help="For how long the record holds.")] = 180,
    state_dir: Annotated[Path | None, typer.Option(help="Where the box keeps its state.")] = None,
) -> None:
    """Measure pictures of the target, and use what they say for this camera from now on."""
    settings = settings_from_environment(state_dir=state_dir)
    require_state_dir(settings)
    name = camera or _name(settings)
    data = [_read(path) for path in pictures] if pictures else _taken(settings)
    state = _state(settings)
    fixed = held or (state is not None and not state.loose()) or _held_csi(settings.camera)
    done = [_measured(one, ruler_mm, _colours(colours)) for one in data]
    record = joined(
        [(hashlib.sha256(one).hexdigest(), each) for one, each in zip(data, done, strict=True)],
        camera=name,
        identity=state.identity if state is not None else "",
        held=fixed,
        ruler=_ratio(done[0].size, ruler_mm),
        at=datetime.now(UTC).replace(microsecond=0),
        valid_days=valid_days,
    )
    kept = calibrations.keep(settings.state_dir, record)
    show_signs([Kept(sign, record.at) for sign in signs(record)], record.at)
    sys.stdout.write(f"camera {name}: calibration {kept[:12]}, holds until {record.until:%Y-%m-%d}\n")


@calibrate_app.command("show")
@clear_errors
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print the records as JSON.")] = False,  # noqa: FBT002 - typer
    state_dir: Annotated[Path | None, typer.Option(help="Where the box keeps its state.")] = None,
) -> None:
    """Show the calibrations in use and whether they still hold."""
    settings = settings_from_environment(state_dir=state_dir)
    used = calibrations.in_use(settings.state_dir)
    records = {camera: calibrations.kept(settings.state_dir, name) for camera, name in used.items()}
    if as_json:
        told = {camera: {"id": used[camera], "record": to_json(record)} for camera, record in records.items()}
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        return
    for camera, record in records.items():
        stale = calibrations.doubts(record, datetime.now(UTC), None)
        state = f"does not hold: {', '.join(stale)}" if stale else f"holds until {record.until:%Y-%m-%d}"
        sys.stdout.write(
            f"camera {camera}: calibration {used[camera][:12]} of {record.at:%Y-%m-%d}, {state}; "
            f"{record.mm_per_px:.4f} mm per pixel at {record.width} x {record.height} px\n"
        )
    if not records:
        sys.stdout.write("no camera is calibrated: sekisho calibrate target, then sekisho calibrate measure\n")


def _name(settings: Settings) -> str:
    if not settings.camera:
        raise RequestRefused(
            "calibrate_camera",
            "Pictures of a named camera are expected, got neither --camera nor SEKISHO_CAMERA.",
            hint="Name it as captures tell it: what follows camera: in their source, such as video0.",
        )
    return camera_at(settings.camera).name


def _taken(settings: Settings) -> list[bytes]:
    """Pictures of the bench camera.

    Raises:
        RequestRefused: calibrate_camera: none is set. DeviceError: it gives none.
    """
    _name(settings)
    camera = camera_at(settings.camera)
    try:
        return [camera.capture(_PATIENCE_S).data for _ in range(_SHOTS)]
    finally:
        camera.close()


def _state(settings: Settings) -> v4l2.CameraState | None:
    path = settings.camera.partition("?")[0]
    if not path.startswith("/dev/video"):
        return None
    try:
        return v4l2.state_of(path)
    except DeviceError:
        return None


def _held_csi(address: str) -> bool:
    return address.startswith("csi:") and all(f"{option}=" in address for option in _HELD_CSI)


def _measured(data: bytes, ruler_mm: float | None, colours: tuple[Colour, ...] | None) -> Calibration:
    try:
        picture = parse(data)
        first = measured(picture, 1.0, colours)
        ratio = _ratio(first.size, ruler_mm)
        return first if ratio == 1.0 else measured(picture, ratio, colours)
    except ModelsError as refused:
        raise RequestRefused(refused.code, refused.message, hint=refused.hint) from refused


def _ratio(size: Size, ruler_mm: float | None) -> float:
    """Measured over nominal length of the long ruler.

    Raises:
        RequestRefused: calibrate_ruler: no printer is that wrong.
    """
    nominal = target(size).rulers[0].length_mm
    ratio = 1.0 if ruler_mm is None else ruler_mm / nominal
    if not 0.9 <= ratio <= 1.1:  # noqa: PLR2004 - a tenth
        message = f"--ruler-mm: expected about {nominal:g} mm, got {ruler_mm:g}."
        raise RequestRefused("calibrate_ruler", message, hint="Measure the long ruler from its 0 to its last mark.")
    return ratio


def _colours(path: Path | None) -> tuple[Colour, ...] | None:
    if path is None:
        return None
    try:
        rows = [tuple(int(cell) for cell in row) for row in csv.reader(_read(path).decode("utf-8").splitlines())]
    except ValueError:
        rows = []
    if len(rows) != len(COLOURS) or any(len(row) != 3 or not all(0 <= v <= 255 for v in row) for row in rows):  # noqa: PLR2004 - sRGB
        message = f"{path}: expected {len(COLOURS)} lines R,G,B of 0..255, got {len(rows)} that can be read."
        raise RequestRefused(
            "calibrate_colours", message, hint="In the order of the sheet, row by row, without the greys."
        )
    return tuple((row[0], row[1], row[2]) for row in rows)


def _read(path: Path) -> bytes:
    try:
        return regular(path.resolve(), _MOST_BYTES)
    except OddFileError as error:
        message = f"{path}: expected a regular file of {_MOST_BYTES} bytes or fewer, got {error.came}."
        raise RequestRefused("request_no_file", message) from error
    except OSError as error:
        raise RequestRefused("request_no_file", f"{path}: expected a file, got {error.strerror}.") from error
