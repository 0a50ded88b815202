"""A stopwatch of stages, by a monotonic clock: the wall clock of a box may jump."""

from __future__ import annotations

import time


class Stopwatch:
    """Milliseconds of each stage since it was made."""

    def __init__(self) -> None:
        """Start now."""
        self._start = self._last = time.perf_counter()
        self.stages_ms: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """Add the time since the last lap to `stage`."""
        now = time.perf_counter()
        self.stages_ms[stage] = round(self.stages_ms.get(stage, 0.0) + (now - self._last) * 1000, 3)
        self._last = now

    @property
    def total_ms(self) -> float:
        """Milliseconds since the start."""
        return round((time.perf_counter() - self._start) * 1000, 3)
