"""What the next picture of a package face should show: notes that say what to do, never a doubt about the parcel.

A region that any capture shows well enough asks for nothing. A second angle is asked for where one capture leaves the
score between clearly alike and the check threshold, and where a doubt rests on few pictures: the evidence of
several captures adds up, and a light or a finger that made the doubt lies elsewhere in the next.
"""

from __future__ import annotations

from edge.checks import Findings, Proof, region
from edge.comparison import CaptureAdvice, FaceComparison
from edge.inspection import Finding

ENOUGH_CAPTURES = 3  # from here another angle adds little


def findings_of(comparison: FaceComparison, maker: Findings, *, doubted: bool = False) -> list[Finding]:
    """The advice of one comparison, which stands for all captures of its face; `doubted`: it tells a difference."""
    made = [_finding(one, comparison, maker) for one in comparison.advice]
    grey_from = maker.policy.face.second_angle_share * comparison.threshold_check
    grey = comparison.score is not None and grey_from <= comparison.score < comparison.threshold_check
    if (doubted or grey) and len(comparison.together) + 1 < ENOUGH_CAPTURES:
        limits, threshold = maker.policy.face, comparison.threshold_check
        telling = (one for one in comparison.differences if not region.of_words(one, threshold, limits))
        worst = max(telling, key=lambda d: d.score, default=None)
        place = worst.region.partition(":")[0] if worst is not None and worst.region else "marked"
        proof = Proof(comparison.pictures, worst.capture_box if worst is not None else None)
        made.append(maker.make("capture.second_angle", proof, where=f"@where.{place}"))
    return made


def _finding(one: CaptureAdvice, comparison: FaceComparison, maker: Findings) -> Finding:
    return maker.make(
        f"capture.{one.code}",
        Proof(comparison.pictures, one.box),
        region=f"@region.{one.region or 'face'}",
        where=f"@where.{one.region or 'marked'}",
        edge=f"@edge.{one.edge or 'left'}",
        needed=f"{one.needed or 0:.2g}",
        measured=f"{one.measured or 0:.2g}",
        share=f"{one.measured or 0:.0%}",
        degrees=f"{one.measured or 0:.0f}",
    )
