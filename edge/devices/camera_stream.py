"""A camera through OpenCV: a video file, an HTTP MJPEG stream, or a V4L2 device.

Motion JPEG is passed on byte for byte, so that what is hashed is what the camera sent; any other encoding is decoded
and kept without loss as PNG. A live camera gives the newest picture and never a queued one; a file gives every picture.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import cv2

from edge.devices import v4l2
from edge.errors import DeviceError
from edge.ports import Frame

_JPEG_START = b"\xff\xd8\xff"
_CLOSE_PATIENCE_S = 2.0


class Reader(Protocol):
    """An opened source of pictures. Not for two threads at once."""

    def read(self) -> bytes | None:
        """The next picture, encoded, or None at the end or after a fault."""
        ...

    def close(self) -> None:
        """Let go of the source."""
        ...


class LiveCamera:
    """A camera that is read by a thread of its own, so that a slow inspection never sees a picture from before.

    It is opened at the first capture and again after a failure.
    """

    def __init__(self, name: str, opened: Callable[[float], Reader]) -> None:
        """Name the camera; nothing is opened yet. `opened` opens its source within so many seconds."""
        self.name = name
        self._opened = opened
        self._pump: _Pump | None = None

    def capture(self, timeout_s: float) -> Frame:
        """A picture that arrived after this call.

        Raises:
            DeviceError: `device_timeout`, no picture within `timeout_s`; `device_gone`, the camera cannot be opened or
                stopped.
        """
        until = time.monotonic() + timeout_s
        try:
            if self._pump is None:
                self._pump = _Pump(self._opened(timeout_s))
            picture = self._pump.fresh(until - time.monotonic())
        except DeviceError:
            self.close()
            raise
        if picture is None:
            raise DeviceError(
                "device_timeout",
                f"The camera {self.name!r} must give a picture within {timeout_s:g} s, got none.",
                hint="Check the cable and the light; the bench tries again by itself.",
            )
        return _frame(picture, self.name)

    def close(self) -> None:
        """Let go of the camera. Safe to call twice."""
        if self._pump is not None:
            self._pump.close()
            self._pump = None


class StreamCamera:
    """A camera at `address`, opened at the first capture and again after a failure."""

    def __init__(
        self, address: str, *, name: str = "", live: bool = True, controls: Mapping[str, int] | None = None
    ) -> None:
        """Name the camera; nothing is opened yet. `live` False: a file, of which every picture is given.

        `controls` are set when a V4L2 device is opened (edge/devices/v4l2.py): an exposure and focus that stay.
        """
        self.name = name or address.rsplit("/", 1)[-1] or address
        self._address = address
        self._controls = dict(controls or {})
        self._pump = LiveCamera(self.name, self._open) if live else None
        self._reader: _Reader | None = None

    def _open(self, timeout_s: float) -> _Reader:
        reader = _Reader(self._address, timeout_s)
        if self._controls:
            v4l2.set_controls(self._address, self._controls)
        return reader

    def capture(self, timeout_s: float) -> Frame:
        """The next picture of a file; of a live camera, one that arrived after this call.

        Raises:
            DeviceError: `device_timeout`, no picture within `timeout_s`; `device_gone`, the camera cannot be opened or
                stopped; `device_control`, it has no such control; `device_ended`, the file has ended.
        """
        if self._pump is not None:
            return self._pump.capture(timeout_s)
        if self._reader is None:
            self._reader = _Reader(self._address, timeout_s)
        picture = self._reader.read()
        if picture is None:
            raise DeviceError("device_ended", f"The camera {self.name!r} has ended.", hint="Nothing more comes.")
        return _frame(picture, self.name)

    def close(self) -> None:
        """Let go of the camera. Safe to call twice."""
        if self._pump is not None:
            self._pump.close()
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _frame(picture: bytes, name: str) -> Frame:
    media_type = "image/jpeg" if picture[:3] == _JPEG_START else "image/png"
    return Frame(picture, media_type, f"camera:{name}")


class _Reader:
    """One opened OpenCV source. Not for two threads at once."""

    def __init__(self, address: str, timeout_s: float) -> None:
        timeout_ms = max(1, int(timeout_s * 1000))
        self._source = _opened(address, timeout_ms, raw=True)
        self._first = self._raw_picture()
        self._raw = self._first is not None and self._first[:3] == _JPEG_START
        if not self._raw:
            self._source.release()
            self._first = None
            self._source = _opened(address, timeout_ms, raw=False)
        if not self._source.isOpened():
            raise DeviceError(
                "device_gone",
                f"The camera at {_bare(address)!r} must be a stream that OpenCV can open, got none.",
                hint="Check the address, the cable and that no other program holds the camera.",
            )

    def read(self) -> bytes | None:
        """The next picture, encoded, or None at the end or after a fault."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        if self._raw:
            return self._raw_picture()
        seen, image = self._source.read()
        if not seen:
            return None
        done, encoded = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        return encoded.tobytes() if done else None

    def _raw_picture(self) -> bytes | None:
        seen, packet = self._source.read()
        return packet.tobytes() if seen else None

    def close(self) -> None:
        self._source.release()


def _opened(address: str, timeout_ms: int, *, raw: bool) -> cv2.VideoCapture:
    """Open with FFmpeg (files, HTTP) or V4L2 (/dev/video*). `raw` asks for packets as they came instead of pixels."""
    if address.startswith("/dev/video"):
        motion_jpeg = [cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")]
        return cv2.VideoCapture(address, cv2.CAP_V4L2, [*motion_jpeg, cv2.CAP_PROP_CONVERT_RGB, 0 if raw else 1])
    wish = [cv2.CAP_PROP_FORMAT, -1] if raw else []
    wish += [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
    return cv2.VideoCapture(address, cv2.CAP_FFMPEG, wish)


class _Pump:
    """A thread that reads a live source and keeps only the newest picture."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._arrived = threading.Condition()
        self._count = 0
        self._newest: bytes | None = None
        self._ended = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def fresh(self, timeout_s: float) -> bytes | None:
        """A picture that arrives after this call, or None when none does within `timeout_s`."""
        with self._arrived:
            seen = self._count
            self._arrived.wait_for(lambda: self._count > seen or self._ended, max(0.0, timeout_s))
            if self._count > seen:
                return self._newest
            if self._ended:
                raise DeviceError(
                    "device_gone",
                    "The camera's stream must go on, got its end.",
                    hint="Check the cable and the camera; the bench tries again by itself.",
                )
            return None

    def _run(self) -> None:
        while not self._closing:
            picture = self._reader.read()
            with self._arrived:
                if picture is None:
                    self._ended = True
                else:
                    self._newest = picture
                    self._count += 1
                self._arrived.notify_all()
            if picture is None:
                break
        self._reader.close()

    def close(self) -> None:
        self._closing = True
        self._thread.join(_CLOSE_PATIENCE_S)


def _bare(address: str) -> str:
    """An address without the name and password that may stand in it."""
    return re.sub("//[^/@]*@", "//", address)
