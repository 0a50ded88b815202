"""When to try again: on a schedule with jitter, and later and later while it fails. Pure: no clock, no own chance.

Method: exponential backoff with equal jitter (M. Brooker, "Exponential Backoff And Jitter", 2015): boxes that lost one
network together do not come back together.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often to try."""

    interval_s: float = 900.0  # after a success
    jitter: float = 0.2  # share of the interval by which it may come earlier or later
    first_retry_s: float = 30.0
    longest_retry_s: float = 3_600.0

    def wait_s(self, failures: int, chance: float) -> float:
        """Seconds until the next try after `failures` failures in a row; `chance` in 0..1 is drawn by the caller."""
        if failures == 0:
            return self.interval_s * (1 + self.jitter * (2 * chance - 1))
        doublings = min(failures - 1, 32)
        longest = min(self.longest_retry_s, self.first_retry_s * 2.0**doublings)
        return longest * (0.5 + 0.5 * chance)
