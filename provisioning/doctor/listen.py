"""What a scanner sends, for the doctor: from the scanner that is set or, without one, from what is typed here."""

from __future__ import annotations

import os
import selectors
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from edge.devices.addresses import scanner_at
from edge.errors import BoxError, DeviceError
from edge.settings import Settings

STDIN = 0
PATIENCE_S = 45.0
_SILENCE_S = 0.7  # behind the last key: a scanner types within it


def arrived(settings: Settings, patience_s: float = PATIENCE_S) -> tuple[str, bool]:
    """What one scan sent, and whether its end was cut off by the reader; "" when nothing came.

    Raises:
        BoxError: box_scanner: the scanner cannot be read here.
    """
    if settings.scanner in ("", "-"):
        return _typed(STDIN, patience_s).decode("utf-8", "replace"), False
    scanner = scanner_at(settings.scanner, max_bytes=settings.max_code_chars)
    try:
        scan = scanner.read(patience_s)
    except DeviceError as error:
        hint = "While the bench holds the scanner: systemctl stop sekisho-devices, try again, then start it."
        raise BoxError("box_scanner", error.message, hint=hint) from error
    finally:
        scanner.close()
    return (scan.payload.decode("utf-8", "replace"), True) if scan else ("", True)


def _typed(descriptor: int, patience_s: float) -> bytes:
    """All that comes at a terminal or pipe until it is silent, byte for byte."""
    came, until = b"", time.monotonic() + patience_s
    with _raw(descriptor), selectors.DefaultSelector() as selector:
        try:
            selector.register(descriptor, selectors.EVENT_READ)
        except PermissionError:  # a regular file is always readable
            return os.read(descriptor, 1 << 16)
        while time.monotonic() < until and selector.select(max(0.0, until - time.monotonic())):
            piece = os.read(descriptor, 1 << 12)
            if not piece:
                break
            came += piece
            until = time.monotonic() + _SILENCE_S
    return came


@contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """A terminal without line editing, so that every byte of a scanner comes as it is."""
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
