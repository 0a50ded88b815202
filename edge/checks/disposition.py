"""May this disposition be recorded. Pure: the officer decides, and these rules only keep the record straight."""

from __future__ import annotations

from edge.errors import Conflict, NotFound
from edge.inspection import Decision, Disposition, InspectionRecord, Outcome, Verdict

_DEPARTS = {(Decision.RELEASE, Outcome.STRONG_INDICATION), (Decision.DETAIN, Outcome.NO_FINDING)}


def decided(
    kept: InspectionRecord, wanted: Disposition, assessment: int | None, *, by_two: bool = False
) -> Disposition:
    """The disposition to record, or the one that stands when `wanted` only repeats it.

    `assessment` is the number of the assessment that the officer saw. `by_two`: the policy wants a second officer to
    agree to DETAIN.

    Raises:
        Conflict: disposition_conflict: another one stands; disposition_outdated: there is a newer assessment than the
            officer saw; reason_conflict: it departs from the advice without a reason; second_person_conflict: nobody
            else has agreed.
    """
    standing, latest = kept.disposition, kept.assessments[-1]
    if standing is not None:
        if (standing.decision, standing.officer, standing.reason) == (wanted.decision, wanted.officer, wanted.reason):
            return standing
        raise Conflict(
            "disposition_conflict",
            f"Expected an inspection without a disposition, got one with {standing.decision}.",
            hint="Undo the disposition first.",
        )
    if assessment is not None and assessment != latest.number:
        raise Conflict(
            "disposition_outdated",
            f"Expected a decision on assessment {latest.number}, got one on {assessment}.",
            hint="Look at the newest assessment, then decide.",
        )
    if by_two and wanted.decision is Decision.DETAIN and wanted.confirmed_by in {"", wanted.officer}:
        came = "the same one" if wanted.confirmed_by else "nobody"
        raise Conflict(
            "second_person_conflict",
            f"Expected a second officer who agrees to detain, got {came}.",
            hint="Another officer scans the badge or types id and PIN; the policy asks for two.",
        )
    return explained(wanted, latest.verdict)


def undone(kept: InspectionRecord, wanted: Disposition) -> tuple[Disposition, int | None]:
    """The row that was undone before when `wanted` only repeats it, else `wanted` and the sequence that it undoes.

    Raises:
        NotFound: disposition_not_found: nothing stands.
    """
    standing = kept.disposition
    if standing is not None:
        return wanted, max(sequence for sequence, one in kept.dispositions if one == standing)
    last = kept.dispositions[-1][1] if kept.dispositions else None
    if last is not None and (last.officer, last.reason) == (wanted.officer, wanted.reason):
        return last, None
    raise NotFound(
        "disposition_not_found",
        f"Expected a disposition of {kept.inspection} to undo, got none.",
        hint="Was it undone already?",
    )


def explained(disposition: Disposition, verdict: Verdict) -> Disposition:
    """A disposition that may stand: one that departs from the advice needs the officer's reason.

    Departing is: releasing against STRONG_INDICATION, or detaining on NO_FINDING.

    Raises:
        Conflict: reason_conflict: the reason is missing.
    """
    if (disposition.decision, verdict.outcome) in _DEPARTS and not disposition.reason.strip():
        raise Conflict(
            "reason_conflict",
            f"Expected a reason to {disposition.decision} on {verdict.outcome}, got none.",
            hint="Say in a few words why; the decision stays yours.",
        )
    return disposition
