"""Whether the scores that boxes see still look like those of the calibration set. Pure.

A pack's score is by construction a rarity among its calibration set of genuine captures (docs/decisions/046): half of
them score 0.05 or more, one in five 0.15, one in twenty 0.3, one in 150 0.5, which is check (one in 120 before
drawn-7). So the shares of these bins are known for every pack on that ladder. Method: population stability index, sum
of (seen - expected) * ln(seen / expected); above 0.25 is called moved (Siddiqi, "Credit Risk Scorecards", 2006), and
nothing is said below 200 scores. Goods that are not genuine move it too, and drawn calibration captures are harsher
than real ones: it asks somebody to look, it proves nothing.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

EDGES = (0.05, 0.15, 0.3, 0.5)
EXPECTED = (1 / 2, 1 / 2 - 1 / 5, 1 / 5 - 1 / 20, 1 / 20 - 1 / 150, 1 / 150)
MOVED = 0.25
LEAST = 200
_NONE_SEEN = 0.5  # counted in a bin where none was seen, so that its logarithm exists


@dataclass(frozen=True, slots=True)
class Drift:
    """How the scores of one pack lie. `psi` is None where too few were seen to say anything."""

    count: int
    at_check: float  # share at or above check
    psi: float | None

    @property
    def moved(self) -> bool:
        """Whether somebody should look."""
        return self.psi is not None and self.psi > MOVED


def bin_of(score: float) -> int:
    """The bin of a score (0..1)."""
    return bisect.bisect_right(EDGES, score)


def drift(counts: Sequence[int]) -> Drift:
    """Compare counts by bin with the calibration set.

    Raises:
        ValueError: other bins.
    """
    if len(counts) != len(EXPECTED):
        raise ValueError(f"Expected counts of {len(EXPECTED)} bins, got {len(counts)}.")
    total = sum(counts)
    if total < LEAST:
        return Drift(total, counts[-1] / total if total else 0.0, None)
    shares = [max(count, _NONE_SEEN) / total for count in counts]
    psi = sum((seen - told) * math.log(seen / told) for seen, told in zip(shares, EXPECTED, strict=True))
    return Drift(total, counts[-1] / total, psi)
