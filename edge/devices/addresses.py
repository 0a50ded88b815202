"""The device addresses of the settings, turned into adapters. Nothing is opened here."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from edge.devices.camera_replay import ReplayCamera
from edge.devices.scanner_evdev import EvdevScanner
from edge.devices.scanner_serial import SerialScanner
from edge.devices.scanner_stdin import StreamScanner
from edge.errors import SettingsError

if TYPE_CHECKING:
    from edge.ports import Camera, Scanner

_CSI = re.compile(r"csi:([0-9])")


def camera_at(address: str) -> Camera:
    """The camera that `address` names: http(s)://..., /dev/video*, csi:0, a directory of pictures, or a video file.

    What stands behind a "?" holds a camera's controls: /dev/video0?auto_focus=0&focus=30, csi:0?lens-position=4.

    Raises:
        SettingsError: `settings_camera`, nothing of the kind is there.
    """
    from edge.devices.camera_stream import StreamCamera  # noqa: PLC0415 - OpenCV only where there is a camera

    if address.startswith(("http://", "https://")):
        return StreamCamera(address)
    path, _, options = address.partition("?")
    if path.startswith("/dev/video"):
        return StreamCamera(path, controls=_v4l2_controls(address, options))
    if ribbon := _CSI.fullmatch(path):
        from edge.devices import camera_csi  # noqa: PLC0415 - likewise

        return camera_csi.CsiCamera(int(ribbon[1]), _csi_options(address, options))
    directory = Path(address)
    if directory.is_dir():
        return ReplayCamera.of_directory(directory)
    if directory.is_file():
        return StreamCamera(address, live=False)
    raise SettingsError(
        "settings_camera",
        f"The camera must be an http(s) address, a /dev/video device, csi:0, a directory or a file, got {address!r}.",
        hint="Correct SEKISHO_CAMERA.",
    )


def _v4l2_controls(address: str, options: str) -> dict[str, int]:
    from edge.devices.v4l2 import IDS  # noqa: PLC0415 - only where there is such a camera

    pairs = parse_qsl(options, keep_blank_values=True)
    if all(name in IDS and re.fullmatch(r"-?[0-9]{1,9}", value) for name, value in pairs):
        return {name: int(value) for name, value in pairs}
    raise SettingsError(
        "settings_camera",
        f"The controls of a camera must be numbers of {', '.join(IDS)}, got {address!r}.",
        hint="Correct SEKISHO_CAMERA; `sekisho doctor` says what to set.",
    )


def _csi_options(address: str, options: str) -> dict[str, str]:
    from edge.devices.camera_csi import OPTIONS  # noqa: PLC0415 - only where there is such a camera

    pairs = parse_qsl(options, keep_blank_values=True)
    if all(name in OPTIONS and re.fullmatch(r"[A-Za-z0-9.,_-]{0,40}", value) for name, value in pairs):
        return dict(pairs)
    raise SettingsError(
        "settings_camera",
        f"The options of a camera on the ribbon must be of {', '.join(sorted(OPTIONS))}, got {address!r}.",
        hint="Correct SEKISHO_CAMERA; they are those of rpicam-vid.",
    )


def scanner_at(address: str, *, max_bytes: int = 8_000) -> Scanner:
    """The scanner that `address` names.

    "-" is standard input, /dev/input/* a keyboard scanner that is grabbed, anything else a serial line of pyserial.

    Raises:
        SettingsError: `settings_scanner`, the address is empty.
    """
    if not address:
        raise SettingsError(
            "settings_scanner",
            "The scanner must be -, an event device of /dev/input or a serial address such as /dev/ttyACM0, got ''.",
            hint="Correct SEKISHO_SCANNER.",
        )
    if address == "-":
        return StreamScanner(sys.stdin.fileno(), max_bytes=max_bytes)
    if address.startswith("/dev/input/"):
        return EvdevScanner(address, max_bytes=max_bytes)
    return SerialScanner(address, max_bytes=max_bytes)
