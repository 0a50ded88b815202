"""A handheld scanner on a serial line (USB CDC, RS-232, Bluetooth SPP), through pyserial.

A keyboard wedge is none: it loses the group separator and mixes keyboard layouts in; a serial line keeps every byte.
"""

from __future__ import annotations

import time
from collections import deque

import serial

from edge.devices.framing import MessageFramer
from edge.errors import DeviceError
from edge.ports import Scan


class SerialScanner:
    """A scanner at a serial address: a device path or any URL that pyserial knows (`socket://`, `rfc2217://`).

    The line is opened at the first read and again at the read after a failure, so that a scanner which is pulled out
    and put back goes on without a restart.
    """

    def __init__(self, address: str, *, name: str = "", baud: int = 115_200, max_bytes: int = 8_000) -> None:
        """Name the line; nothing is opened yet. `baud` in bits a second, `max_bytes` of one message."""
        self.name = name or address.rsplit("/", 1)[-1]
        self._address = address
        self._baud = baud
        self._max_bytes = max_bytes
        self._framer = MessageFramer(max_bytes)
        self._waiting: deque[bytes] = deque()
        self._line: serial.Serial | None = None

    def read(self, timeout_s: float) -> Scan | None:
        """The next scan, or None when nothing whole came within `timeout_s`.

        Raises:
            DeviceError: `device_gone`, the line cannot be opened or broke; a half message is dropped with it.
        """
        until = time.monotonic() + timeout_s
        while not self._waiting:
            left_s = until - time.monotonic()
            if left_s <= 0:
                return None
            self._waiting.extend(self._framer.feed(self._receive(left_s)))
        return Scan(self._waiting.popleft(), f"scanner:{self.name}")

    def _receive(self, left_s: float) -> bytes:
        try:
            if self._line is None:
                self._line = serial.serial_for_url(self._address, baudrate=self._baud, exclusive=None)
            self._line.timeout = left_s
            first = self._line.read(1)
            return bytes(first + self._line.read(self._line.in_waiting)) if first else b""
        except (serial.SerialException, OSError, ValueError) as error:
            self.close()
            raise DeviceError(
                "device_gone",
                f"The scanner at {self._address!r} must be a readable serial line, got: {error}.",
                hint="Check the cable and the address; the bench tries again by itself.",
            ) from error

    def close(self) -> None:
        """Let go of the line. Safe to call twice."""
        self._framer = MessageFramer(self._max_bytes)
        if self._line is not None:
            self._line.close()
            self._line = None
