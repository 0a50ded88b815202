"""A scanner that is a stream of lines: standard input, a pipe, or a file of codes."""

from __future__ import annotations

import os
import selectors
import time
from collections import deque
from typing import TYPE_CHECKING

from edge.devices.framing import MessageFramer
from edge.errors import DeviceError
from edge.ports import Scan

if TYPE_CHECKING:
    from pathlib import Path

_PIECE = 65_536


class StreamScanner:
    """Reads messages from a file descriptor, which it does not own unless it opened it."""

    def __init__(self, descriptor: int, *, name: str = "stdin", max_bytes: int = 8_000, owned: bool = False) -> None:
        """Read from `descriptor`; with `owned`, close it too. `max_bytes` of one message."""
        self.name = name
        self._descriptor: int | None = descriptor
        self._owned = owned
        self._framer = MessageFramer(max_bytes)
        self._waiting: deque[bytes] = deque()
        self._ended = False

    @classmethod
    def of_file(cls, path: Path, *, max_bytes: int = 8_000) -> StreamScanner:
        """A scanner that gives the lines of a file or a named pipe.

        Raises:
            DeviceError: `device_gone`, the file cannot be opened.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise DeviceError(
                "device_gone",
                f"The scanner at {str(path)!r} must be a readable file, got: {error.strerror}.",
                hint="Check the path and its permissions.",
            ) from error
        return cls(descriptor, name=path.name, max_bytes=max_bytes, owned=True)

    def read(self, timeout_s: float) -> Scan | None:
        """The next scan, or None when nothing whole came within `timeout_s`.

        A last line without a terminator is a scan too.

        Raises:
            DeviceError: `device_ended`, the stream has ended and everything in it was given.
        """
        until = time.monotonic() + timeout_s
        while not self._waiting:
            if self._ended or self._descriptor is None:
                raise DeviceError("device_ended", f"The scanner {self.name!r} has ended.", hint="Nothing more comes.")
            if not self._receive(self._descriptor, until - time.monotonic()):
                return None
        return Scan(self._waiting.popleft(), f"scanner:{self.name}")

    def _receive(self, descriptor: int, left_s: float) -> bool:
        """Take what is there within `left_s`; False when nothing came."""
        if left_s <= 0 or not _readable(descriptor, left_s):
            return False
        piece = os.read(descriptor, _PIECE)
        self._waiting.extend(self._framer.feed(piece))
        if not piece:
            self._ended = True
            if rest := self._framer.rest():
                self._waiting.append(rest)
        return True

    def close(self) -> None:
        """Let go of the stream. Safe to call twice."""
        if self._owned and self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None
        self._waiting.clear()


def _readable(descriptor: int, timeout_s: float) -> bool:
    with selectors.DefaultSelector() as selector:
        try:
            selector.register(descriptor, selectors.EVENT_READ)
        except PermissionError:  # epoll takes no regular files: they are always readable
            return True
        return bool(selector.select(timeout_s))
