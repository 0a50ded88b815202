"""What wakes the sync service: its schedule, a network that came up, SIGUSR1, or a stop."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from types import FrameType, TracebackType
from typing import Literal, Self

Reason = Literal["schedule", "network", "asked", "stop"]

# linux/rtnetlink.h: multicast groups of addresses and routes, and the two messages that say "there is a way now"
_GROUPS = 0x10 | 0x40 | 0x100 | 0x400  # IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE
_NEW_ADDRESS, _NEW_ROUTE = 20, 24
_SETTLE_S = 2.0  # addresses and routes come one after the other


class Wake:
    """Waits, in the main thread of its process."""

    def __init__(self, settle_s: float = _SETTLE_S) -> None:
        """Wait `settle_s` after the first sign of a network for the rest of it."""
        self.stopped = False
        self._settle_s = settle_s
        self._asked = False
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._network: socket.socket | None = None
        with contextlib.suppress(OSError):  # a sandbox without netlink: then the schedule alone wakes
            self._network = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            self._network.bind((0, _GROUPS))
            self._network.setblocking(False)

    def __enter__(self) -> Self:
        self._before = {
            one: signal.signal(one, self._signalled) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)
        os.close(self._read)
        os.close(self._write)
        if self._network is not None:
            self._network.close()

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        self.stopped |= number != signal.SIGUSR1
        self._asked |= number == signal.SIGUSR1
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self._write, b"!")

    def sleep(self, seconds: float) -> None:
        """Sleep in the middle of work; a stop ends it."""
        until = time.monotonic() + seconds
        while not self.stopped and (left := until - time.monotonic()) > 0:
            self._readable(left, network=False)

    def wait(self, seconds: float) -> Reason:
        """Wait up to `seconds` for a reason to work."""
        until = time.monotonic() + seconds
        while True:
            if self.stopped:
                return "stop"
            if self._asked:
                self._asked = False
                return "asked"
            left = until - time.monotonic()
            if left <= 0:
                return "schedule"
            if self._readable(left, network=True):
                self.sleep(self._settle_s)
                while self._came_up():
                    pass
                return "stop" if self.stopped else "network"

    def _readable(self, seconds: float, *, network: bool) -> bool:
        """Whether the network came up within `seconds`; a signal ends it too."""
        asked: list[int | socket.socket] = [self._read]
        if network and self._network is not None:
            asked.append(self._network)
        ready, _, _ = select.select(asked, [], [], seconds)
        if self._read in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._read, 4_096)
        return self._network in ready and self._came_up()

    def _came_up(self) -> bool:
        """Read what the kernel says; True when it was of a new address or route."""
        assert self._network is not None  # noqa: S101 - the callers' condition
        try:
            said = self._network.recv(65_536)
        except BlockingIOError:
            return False
        except OSError:  # more came than was kept: something changed
            return True
        return int.from_bytes(said[4:6], sys.byteorder) in {_NEW_ADDRESS, _NEW_ROUTE}
