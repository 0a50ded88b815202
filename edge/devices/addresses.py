"""The device addresses of the settings, turned into adapters. Nothing is opened here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.devices.camera_replay import ReplayCamera
from edge.devices.scanner_serial import SerialScanner
from edge.devices.scanner_stdin import StreamScanner
from edge.errors import SettingsError

if TYPE_CHECKING:
    from edge.ports import Camera, Scanner


def camera_at(address: str) -> Camera:
    """The camera that `address` names: http(s)://..., /dev/video*, a directory of pictures, or a video file.

    Raises:
        SettingsError: `settings_camera`, nothing of the kind is there.
    """
    from edge.devices.camera_stream import StreamCamera  # noqa: PLC0415 - OpenCV only where there is a camera

    if address.startswith(("http://", "https://", "/dev/video")):
        return StreamCamera(address)
    path = Path(address)
    if path.is_dir():
        return ReplayCamera.of_directory(path)
    if path.is_file():
        return StreamCamera(address, live=False)
    raise SettingsError(
        "settings_camera",
        f"The camera must be an http(s) address, a /dev/video device, a directory or a file, got {address!r}.",
        hint="Correct SEKISHO_CAMERA.",
    )


def scanner_at(address: str, *, max_bytes: int = 8_000) -> Scanner:
    """The scanner that `address` names: "-" is standard input, anything else a serial line of pyserial.

    Raises:
        SettingsError: `settings_scanner`, the address is empty.
    """
    if not address:
        raise SettingsError(
            "settings_scanner",
            "The scanner must be - or a serial address such as /dev/ttyACM0, got ''.",
            hint="Correct SEKISHO_SCANNER.",
        )
    if address == "-":
        return StreamScanner(sys.stdin.fileno(), max_bytes=max_bytes)
    return SerialScanner(address, max_bytes=max_bytes)
