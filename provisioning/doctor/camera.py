"""The camera of the bench: pictures a second, how sharp and how bright, and whether focus and exposure hold still."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from edge.calibrations import CalibrationRecord, doubts
from edge.devices import v4l2
from edge.devices.addresses import camera_at
from edge.errors import DeviceError
from edge.examination import Sign, State
from models.errors import ModelsError
from models.picture import measure, parse

PATIENCE_S = 6.0
FRAMES = 8
LEAST_RATE = 2.0  # pictures a second: a scan takes one within half a second
LEAST_PX = 1_200  # long side
DARK, BRIGHT = 45.0, 225.0  # mean grey level of a lit desk
MOST_GLARE = 0.1
LEAST_SHARP = 15.0  # variance of the Laplacian at 1024 px; a desk with a printed package on it has 60 and more


@dataclass(frozen=True, slots=True)
class Looked:
    """What a camera gave: pictures within seconds, of the last its size and quality; its own word where it has one."""

    name: str
    frames: int
    seconds: float
    width: int = 0
    height: int = 0
    sharpness: float = 0.0
    glare: float = 0.0
    brightness: float = 0.0
    state: v4l2.CameraState | None = None
    problem: str = ""


def read(address: str) -> Looked | None:
    """Take some pictures at `address`; None when no camera is set."""
    if not address:
        return None
    path = address.partition("?")[0]
    state, problem, frames, data = None, "", 0, b""
    camera = camera_at(address)
    start = time.monotonic()
    try:
        camera.capture(PATIENCE_S)  # the first one opens it
        start = time.monotonic()
        while frames < FRAMES and time.monotonic() - start < PATIENCE_S:
            data = camera.capture(PATIENCE_S).data
            frames += 1
    except DeviceError as error:
        problem = "" if frames and error.code == "device_ended" else f"{error.message} {error.hint}"
    finally:
        spent = time.monotonic() - start
        camera.close()
    if path.startswith("/dev/video"):
        try:
            state = v4l2.state_of(path)
        except DeviceError as error:
            problem = problem or error.message
    if not data:
        return Looked(camera.name, frames, spent, state=state, problem=problem or "No picture came.")
    try:
        image = parse(data)
    except ModelsError as error:
        return Looked(camera.name, frames, spent, state=state, problem=error.message)
    quality = measure(image)
    height, width = image.shape[:2]
    told = (quality.sharpness, quality.glare, quality.brightness)
    return Looked(camera.name, frames, spent, width, height, *told, state=state, problem=problem)


def judged(looked: Looked | None) -> tuple[Sign, ...]:
    """The signs "camera" and "camera picture"; none of the second when there is no picture."""
    expected = f"{LEAST_RATE:g} pictures a second or more, {LEAST_PX} px or more on the long side"
    if looked is None:
        todo = "Set SEKISHO_CAMERA, unless officers photograph with a handheld."
        return (Sign("camera", State.UNKNOWN, "none is set", expected, todo),)
    if looked.problem or not looked.width:
        todo = "Check cable and address. While the bench holds the camera: systemctl stop sekisho-devices, try again."
        return (Sign("camera", State.BROKEN, f"{looked.name}: {looked.problem}", expected, todo),)
    rate = looked.frames / looked.seconds if looked.seconds else float("inf")
    value = f"{looked.name}: {looked.width} x {looked.height} px, {min(rate, 999):.1f} pictures a second"
    small = max(looked.width, looked.height) < LEAST_PX
    if small or rate < LEAST_RATE:
        todo = "Set a larger picture, and MJPEG." if small else "Give it more light, and a USB 3 plug of its own."
        return Sign("camera", State.LOOK, value, expected, todo), _picture(looked)
    return Sign("camera", State.GOOD, value, expected), _picture(looked)


def calibrated(
    records: Mapping[str, CalibrationRecord], address: str, looked: Looked | None, now: datetime
) -> tuple[Sign, ...]:
    """The sign "calibration" of the camera that is set; none without a camera. `looked` None: it was not asked now."""
    if not address:
        return ()
    part, expected = "calibration", "of this camera, in this size, not over its time"
    name = camera_at(address).name
    todo = "Print the target (`sekisho calibrate target`), then: `sekisho calibrate measure`."
    record = records.get(name)
    if record is None:
        return (Sign(part, State.LOOK, f"{name}: none", expected, todo),)
    size = (looked.width, looked.height) if looked is not None and looked.width else None
    identity = looked.state.identity if looked is not None and looked.state is not None else ""
    stale = doubts(record, now, size, identity)
    value = f"{name}: {record.mm_per_px:.4f} mm per pixel, until {record.until:%Y-%m-%d}"
    value += ", colours may be judged" if record.light else ", colours are not judged by it"
    if stale:
        return (Sign(part, State.LOOK, f"{value}; {', '.join(stale)}", expected, todo),)
    return (Sign(part, State.GOOD, value, expected),)


def _picture(looked: Looked) -> Sign:
    part = "camera picture"
    expected = f"sharpness {LEAST_SHARP:g} or more, brightness {DARK:g} to {BRIGHT:g}, focus and exposure held"
    value = f"sharpness {looked.sharpness:.0f}, brightness {looked.brightness:.0f}, glare {looked.glare:.1%}"
    todos = []
    if looked.sharpness < LEAST_SHARP:
        todos.append("Lay a printed package on the desk and focus; nothing printed in view also reads as unsharp.")
    if not DARK <= looked.brightness <= BRIGHT:
        todos.append("Too dark: add light." if looked.brightness < DARK else "Too bright: less light or exposure.")
    if looked.glare > MOST_GLARE:
        todos.append("Move the lamp: it mirrors in the picture.")
    if looked.state is not None and (loose := looked.state.loose()):
        value += f", by itself: {', '.join(loose)}"
        held = "&".join(f"{name}={one}" for name, one in v4l2.locked(looked.state).items())
        todos.append(f"Hold it: SEKISHO_CAMERA=/dev/video...?{held}")
    if todos:
        return Sign(part, State.LOOK, value, expected, " ".join(todos))
    if looked.state is None:
        return Sign(part, State.GOOD, f"{value}; whether focus and exposure are held it does not tell", expected)
    return Sign(part, State.GOOD, value, expected)
