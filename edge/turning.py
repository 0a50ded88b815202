"""What would change a verdict: which of its reasons carry it, and what is left when they fall. Pure.

A reason carries the verdict when it has the weight that decided the outcome. What is left is judged by the same order
of weights (`outcome_of`); absence of evidence never passes: where nothing that counts has run, nothing can be assessed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from edge.inspection import Finding, Outcome, Verdict, Weight

_DECIDES = {
    Weight.STRONG: Outcome.STRONG_INDICATION,
    Weight.CHECK: Outcome.CHECK,
    Weight.LIMIT: Outcome.CANNOT_ASSESS,
}


@dataclass(frozen=True, slots=True)
class Turning:
    """What carries a verdict: reasons 1 to `carried`, each enough alone; without all of them it would be `without`."""

    carried: int
    without: Outcome


def outcome_of(findings: Iterable[Finding]) -> Outcome:
    """The outcome that the heaviest finding decides."""
    weights = {finding.weight for finding in findings}
    return next((outcome for weight, outcome in _DECIDES.items() if weight in weights), Outcome.NO_FINDING)


def turning(verdict: Verdict, counting: Collection[str]) -> Turning | None:
    """What would change `verdict`; None where no reason carries it, or it would stay as it is without them.

    `counting` are the policy's checks that count.
    """
    heaviest = verdict.findings[0].weight if verdict.findings else Weight.NOTE
    if heaviest is Weight.NOTE:
        return None
    rest = [finding for finding in verdict.findings if finding.weight is not heaviest]
    without = outcome_of(rest)
    if without is Outcome.NO_FINDING and not any(name in counting for name in verdict.checked):
        without = Outcome.CANNOT_ASSESS
    return Turning(len(verdict.findings) - len(rest), without) if without is not verdict.outcome else None
