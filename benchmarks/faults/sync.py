"""Everything that results meet on their way to a central, as trials: nothing lost, nothing twice, nothing changed."""

from __future__ import annotations

from benchmarks.faults import card, deceit, deletion, full, interrupted, month, postgres_killed, processes, relayed
from benchmarks.faults.trial import Trial

TRIALS: tuple[Trial, ...] = (
    *interrupted.TRIALS,
    *processes.TRIALS,
    *deletion.TRIALS,
    *full.TRIALS,
    *postgres_killed.TRIALS,
    *relayed.TRIALS,
    *deceit.TRIALS,
    *card.TRIALS,
    *month.TRIALS,
)
