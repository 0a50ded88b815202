"""Whether more scores that boxes see lie high than a pack's calibration set allows. Pure.

A pack's score is by construction at most a rarity among its calibration set of genuine captures (docs/decisions/046):
no more than half of them score 0.05, one in five 0.15, one in twenty 0.3, and one in 150 0.5, which is check (one in
120 before drawn-7). Most score less, since colour and print speak late. So these shares bound the bins of every pack on
that ladder, from above. Method: the terms of the population stability index (seen - allowed) * ln(seen / allowed) of
the bins above the lowest in which more lie than the ladder allows; a sum above 0.25 is called moved (Siddiqi, "Credit
Risk Scorecards", 2006), and nothing is said below 200 scores. Goods that are not genuine move it too: it asks somebody
to look, it proves nothing.
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
    bins = zip((count / total for count in counts[1:]), EXPECTED[1:], strict=True)
    psi = sum((seen - allowed) * math.log(seen / allowed) for seen, allowed in bins if seen > allowed)
    return Drift(total, counts[-1] / total, psi)
