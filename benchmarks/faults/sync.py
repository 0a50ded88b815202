"""Everything that results meet on their way to a central, as trials: nothing lost, nothing twice, nothing changed."""

from __future__ import annotations

from benchmarks.faults import full, interrupted, processes
from benchmarks.faults.trial import Trial

TRIALS: tuple[Trial, ...] = (*interrupted.TRIALS, *processes.TRIALS, *full.TRIALS)
