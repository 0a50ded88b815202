"""A camera of the Raspberry Pi's ribbon (CSI), through the system's own program `rpicam-vid`.

On a Pi 5 such a camera is no /dev/video device that gives pictures: libcamera drives sensor and image processor. Its
program writes motion JPEG to a pipe, which is cut into pictures here and passed on byte for byte. Focus, exposure and
white balance are locked by its own options. libcamera's Python binding is tied to Debian's Python and is not used.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Mapping

from edge.devices.camera_stream import LiveCamera
from edge.errors import DeviceError

PROGRAM = "rpicam-vid"
OPTIONS = {  # of an address such as csi:0?lens-position=4&shutter=8000
    "width", "height", "framerate", "quality", "lens-position", "autofocus-mode", "shutter", "gain", "awbgains",
    "brightness", "contrast", "saturation", "sharpness", "denoise", "hflip", "vflip", "roi",
}  # fmt: skip
_USUAL = {"width": "2304", "height": "1296", "framerate": "10", "quality": "93", "denoise": "off"}
_START, _END = b"\xff\xd8", b"\xff\xd9"
_PIECE = 1 << 16
MOST_BYTES = 30_000_000  # of one picture: what grows beyond is no motion JPEG
_PATIENCE_S = 2.0


def command_of(number: int, options: Mapping[str, str]) -> list[str]:
    """The command that gives the motion JPEG of camera `number`."""
    told = [f"--{name}={value}" for name, value in (_USUAL | dict(options)).items()]
    return [PROGRAM, f"--camera={number}", "--codec=mjpeg", "--timeout=0", "--nopreview", "--flush", *told, "-o", "-"]


class CsiCamera(LiveCamera):
    """Camera `number` of the ribbon connectors."""

    def __init__(
        self, number: int, options: Mapping[str, str] | None = None, *, name: str = "", command: list[str] | None = None
    ) -> None:
        """Name the camera; nothing is started yet."""
        self._command = command or command_of(number, options or {})
        super().__init__(name or f"csi{number}", lambda _: PipeReader(self._command))


class PipeReader:
    """Pictures from the motion JPEG that a command writes to its standard output. Not for two threads at once."""

    def __init__(self, command: list[str]) -> None:
        """Start the command.

        Raises:
            DeviceError: device_gone: there is no such program.
        """
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            raise DeviceError(
                "device_gone",
                f"A camera on the ribbon needs {command[0]}, got: {error.strerror}.",
                hint="Raspberry Pi OS: apt-get install rpicam-apps-lite.",
            ) from error
        self._pending = b""

    def read(self) -> bytes | None:
        """The next picture, or None when the command has ended or writes no motion JPEG."""
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        searched = 0
        while len(self._pending) <= MOST_BYTES:
            end = self._pending.find(_END, searched)
            if end >= 0:
                picture, self._pending = self._pending[: end + 2], self._pending[end + 2 :]
                return picture[max(0, picture.find(_START)) :]
            searched = max(0, len(self._pending) - 1)
            piece = os.read(self._process.stdout.fileno(), _PIECE)
            if not piece:
                return None
            self._pending += piece
        return None

    def close(self) -> None:
        """End the command. Safe to call twice."""
        self._process.terminate()
        until = time.monotonic() + _PATIENCE_S
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, until - time.monotonic()))
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
