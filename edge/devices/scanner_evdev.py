"""A keyboard-wedge scanner read at its event device and grabbed, so that what it types reaches no console and no page.

There is no focus to lose and no keyboard layout of a machine in between. Linux's own interface (linux/input.h): 24-byte
events on a 64-bit system, EVIOCGRAB to have the device alone. Standard library only.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import struct
import time
from collections import deque
from collections.abc import Callable

from edge.devices.framing import MessageFramer
from edge.devices.keyboard import Keyboard
from edge.errors import DeviceError
from edge.ports import Scan

EVENT = struct.Struct("@llHHi")  # seconds, microseconds, type, code, value
EVIOCGRAB = 0x40044590  # _IOW('E', 0x90, int)
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
RELEASED, PRESSED = 0, 1  # 2 is a repeat of the kernel's, which no scanner means
_EVENTS_AT_ONCE = 64

Ioctl = Callable[[int, int, int], int]


class EvdevScanner:
    """A scanner at an event device such as /dev/input/by-id/usb-...-event-kbd.

    It is opened and grabbed at the first read, and again at the read after a failure, so that a scanner which is pulled
    out and put back goes on without a restart. A name under by-id stays the same wherever it is plugged in.
    """

    def __init__(self, path: str, *, name: str = "", max_bytes: int = 8_000, ioctl: Ioctl = fcntl.ioctl) -> None:
        """Name the device; nothing is opened yet. `max_bytes` of one message."""
        self.name = name or path.rsplit("/", 1)[-1]
        self._path = path
        self._max_bytes = max_bytes
        self._ioctl = ioctl
        self._device: int | None = None
        self._waiting: deque[bytes] = deque()
        self._start_over()

    def _start_over(self) -> None:
        self._framer = MessageFramer(self._max_bytes)
        self._keyboard = Keyboard()
        self._torn = False  # events were lost: what comes up to the next terminator is no whole message
        self._left = b""

    def read(self, timeout_s: float) -> Scan | None:
        """The next scan, or None when nothing whole came within `timeout_s`.

        Raises:
            DeviceError: `device_gone`, the device cannot be opened or was pulled out; `device_taken`, another program
                has grabbed it. A half message is dropped with it.
        """
        until = time.monotonic() + timeout_s
        while not self._waiting:
            left_s = until - time.monotonic()
            if left_s <= 0:
                return None
            self._receive(left_s)
        return Scan(self._waiting.popleft(), f"scanner:{self.name}")

    def _receive(self, left_s: float) -> None:
        device = self._opened()
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(device, selectors.EVENT_READ)
                if not selector.select(left_s):
                    return
            piece = os.read(device, EVENT.size * _EVENTS_AT_ONCE)
            if not piece:
                raise OSError("its end")  # noqa: TRY301 - told as any other loss of the device
        except OSError as error:
            self.close()
            raise DeviceError(
                "device_gone",
                f"The scanner at {self._path!r} must give its keys, got: {error}.",
                hint="Check the cable; the bench tries again by itself.",
            ) from error
        self._take(piece)

    def _take(self, piece: bytes) -> None:
        events = self._left + piece
        whole = len(events) // EVENT.size * EVENT.size
        self._left = events[whole:]
        for _, _, kind, code, value in EVENT.iter_unpack(events[:whole]):
            if (kind, code) == (EV_SYN, SYN_DROPPED):
                self._start_over()
                self._torn = True
            elif kind == EV_KEY and value in (PRESSED, RELEASED):
                typed = self._keyboard.press(code) if value == PRESSED else self._keyboard.release(code)
                messages = self._framer.feed(typed)
                if self._torn and typed in (b"\r", b"\n"):
                    self._torn = False
                    continue
                self._waiting.extend(messages)

    def _opened(self) -> int:
        if self._device is not None:
            return self._device
        try:
            device = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise DeviceError(
                "device_gone",
                f"The scanner at {self._path!r} must be an event device that can be opened, got: {error.strerror}.",
                hint="Check the cable, and that the account is in the group input.",
            ) from error
        try:
            self._ioctl(device, EVIOCGRAB, 1)
        except OSError as error:
            os.close(device)
            raise DeviceError(
                "device_taken",
                f"The scanner at {self._path!r} must be grabbed by this program alone, got: {error.strerror}.",
                hint="End the other program that reads it; the bench tries again by itself.",
            ) from error
        self._device = device
        return device

    def close(self) -> None:
        """Let go of the device; the kernel ends the grab with it. Safe to call twice."""
        self._start_over()
        if self._device is not None:
            os.close(self._device)
            self._device = None
