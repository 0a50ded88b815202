"""How fast bytes may come and go: a token bucket, so that a thin line stays usable for others."""

from __future__ import annotations

import time
from collections.abc import Callable

_BURST_S = 0.25  # of the rate that may pass at once


class Pace:
    """Called with every block's size; sleeps as long as the rate asks for. 0 is no limit."""

    def __init__(
        self,
        bytes_per_s: int,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Keep to `bytes_per_s`; `sleep` may be an event's wait, so that a stop does not wait for it."""
        self.bytes_per_s = bytes_per_s
        self._now = now
        self._sleep = sleep
        self._free_at = now()

    def __call__(self, count: int) -> None:
        """Account for `count` bytes that passed."""
        if not self.bytes_per_s:
            return
        now = self._now()
        self._free_at = max(self._free_at, now - _BURST_S) + count / self.bytes_per_s
        if self._free_at > now:
            self._sleep(self._free_at - now)
