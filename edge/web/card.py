"""What a card shows of one inspection: verdict and reasons, faces, and the points for the officer's own look."""

from __future__ import annotations

from typing import Any

from edge.captures import Box
from edge.comparison import FaceComparison
from edge.errors import LedgerError, RegistryError
from edge.inspection import InspectionRecord, Outcome, Verdict
from edge.lookup import LookupResult
from edge.messages import sentence
from edge.policy import Policy
from edge.turning import turning
from edge.web.answers import AssessmentOut, DispositionOut, LateOut
from edge.web.facts import FactsOut, face_of
from edge.web.tasks import Work
from edge.web.told import told_now

SHOWN_REASONS = 3


def card_of(work: Work, record: InspectionRecord, language: str) -> dict[str, Any]:
    """The values of card.html. What the registry cannot tell now is left out: the verdict does not wait for it."""
    latest = record.assessments[-1]
    shown = _most_suspicious(latest.seen.comparisons)
    try:
        lookup: LookupResult | None = work.bench.facts(record)
    except (RegistryError, LedgerError):
        lookup = None
    return {
        "id": record.inspection,
        "station": record.station,
        "assessment": AssessmentOut.of(latest, language),
        "shown_reasons": SHOWN_REASONS,
        "faces": {picture.role: picture.sha256 for picture in shown.pictures} if shown else {},
        "boxes": _boxes(shown),
        "turning": _turning(latest.verdict, work.bench.policy, language),
        "points": _points(lookup, record, shown, language) if lookup else [],
        "comparison": shown,
        "decision": DispositionOut.of(record.disposition) if record.disposition else None,
        "late": [LateOut.of(late, language) for late in record.late],
        "told": told_now(work, record),
        "dispositions": [DispositionOut.of(row, sequence) for sequence, row in record.dispositions],
    }


def _turning(verdict: Verdict, policy: Policy, language: str) -> list[str]:
    """What would change the verdict, in sentences."""
    found, said = turning(verdict, policy.counting.checks), []
    if found is not None:
        outcome = f"@verdict.{found.without}"
        one = {"outcome": outcome}
        code, arguments = (
            ("turning.one", one) if found.carried == 1 else ("turning.each", {"count": str(found.carried)} | one)
        )
        said.append(sentence(code, arguments, language))
    if verdict.not_checked and verdict.outcome is not Outcome.STRONG_INDICATION:
        said.append(sentence("turning.gaps", {}, language))
    return said


def _most_suspicious(comparisons: tuple[FaceComparison, ...]) -> FaceComparison | None:
    """The comparison that an officer should see first."""
    pictured = [comparison for comparison in comparisons if comparison.pictures]
    return max(pictured, key=lambda one: -1.0 if one.score is None else one.score, default=None)


def _points(
    lookup: LookupResult, record: InspectionRecord, shown: FaceComparison | None, language: str
) -> list[dict[str, Any]]:
    """The points with their marks and their places as shares of the face that is shown; None: not on it."""
    face = face_of(lookup, shown) if shown else None
    points = []
    for mark, point in enumerate(FactsOut.of(lookup, record, language).points, start=1):
        x = y = None
        if face is not None and point.side == face.side and point.x_mm is not None and point.y_mm is not None:
            x, y = point.x_mm / face.width_mm, point.y_mm / face.height_mm
        points.append({"mark": mark, "x": x, "y": y, **dict(point)})
    return points


def _boxes(shown: FaceComparison | None) -> list[Box]:
    """The differences that raise a doubt, in pixels of the registered face; what lies below is the noise of print."""
    if shown is None:
        return []
    return [one.face_box for one in shown.differences if one.score >= shown.threshold_check]
