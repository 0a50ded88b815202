"""Replay: what the bench would say of an inspection that it keeps, with another edition, policy or pack.

Judgement is a pure function of what was seen and what the registry knows (docs/decisions/006), so a kept row is enough.
It looks at no pixel and writes nothing. What a new edition would have compared besides is not known to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.comparison import FaceComparison
from edge.inspection import Assessment, Case, Finding, Seen, Verdict
from edge.moment import Moment
from edge.policy import Policy
from edge.steps import decide
from edge.steps.look_up import look_up
from edge.storage.ledger_reader import LedgerReader
from edge.storage.registry import Registry

_TELLING = (
    "number",
    "serial",
    "element",
    "entry",
    "product",
    "other",
    "declared",
    "date",
)  # arguments that tell findings apart


@dataclass(frozen=True, slots=True)
class Judge:
    """One edition and one policy, asked about the past. Errors: see `look_up`."""

    registry: Registry | None
    policy: Policy
    ledger: LedgerReader

    def verdict(self, assessment: Assessment, station: str, now: Moment, seen: Seen | None = None) -> Verdict:
        """What would be said at `now` of what `assessment` saw, or of `seen` instead.

        Sightings are those of today; the inspection itself is none of them.
        """
        seen = rebased(assessment.seen if seen is None else seen, self.registry)
        lookup = look_up(
            assessment.identity,
            seen.consignment,
            seen.recognitions,
            self.registry,
            self.ledger,
            inspection=assessment.inspection,
            policy=self.policy,
            now=now,
        )
        return decide.assess(Case(station, replace(seen, faults=()), assessment.identity, lookup, now), self.policy)


def rebased(seen: Seen, registry: Registry | None) -> Seen:
    """`seen` with every comparison under the id that its registered face has in `registry`.

    A comparison with a face that is not registered there says nothing any more.
    """
    kept = []
    for comparison in seen.comparisons if registry is not None else ():
        picture = registered_picture(comparison)
        if not picture:  # it was not found in the capture: it names no picture
            kept.append(comparison)
            continue
        for face in registry.faces(comparison.gtin) if registry is not None else ():
            if face.sha256 == picture:
                kept.append(replace(comparison, face_id=face.face_id))
                break
    return replace(seen, comparisons=tuple(kept))


def registered_picture(comparison: FaceComparison) -> str:
    """SHA-256 of the registered face that was compared with; "" when nothing was aligned."""
    return next((kept.sha256 for kept in comparison.pictures if kept.role == "registered"), "")


def likeness(finding: Finding) -> tuple[str, ...]:
    """What makes two findings the same one: code, item and the arguments that tell, not ages or similarities."""
    told = (finding.arguments.get(name, "") for name in _TELLING)
    return (finding.code, finding.item, *told)
