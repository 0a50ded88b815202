"""What the API gives out: typed documents made from the nouns, with every sentence in the language asked for.

Whoever stores an answer keeps the code and the arguments of a finding: they say the same in every language.

Personal fields of a consignment are not among them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from edge.captures import Box, Capture, DecodedSymbol, Evidence
from edge.comparison import Difference, FaceComparison, Retake
from edge.display import lasted
from edge.inspection import (
    Assessment,
    Cause,
    Decision,
    Disposition,
    Finding,
    Freshness,
    InspectionRecord,
    LateAssessment,
    NotChecked,
    Outcome,
    Verdict,
    Weight,
)
from edge.messages import action, sentence
from edge.moment import ClockTrust

_WAITED_S = 60.0  # told from here on
_CLOCK_OFF_S = 120.0


class Outgoing(BaseModel):
    """A document that the bench answers."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class BoxOut(Outgoing):
    """A rectangle in pixels."""

    x: int
    y: int
    w: int
    h: int

    @classmethod
    def of(cls, box: Box | None) -> Self | None:
        """From the noun."""
        return None if box is None else cls.model_validate(box)


class EvidenceOut(Outgoing):
    """A kept file, to be fetched from /api/v1/evidence/{sha256}."""

    sha256: str
    media_type: str
    role: str
    capture: str
    box: BoxOut | None

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """From the noun."""
        return cls.model_validate(evidence)


class FindingOut(Outgoing):
    """One reason."""

    code: str = Field(description="Stable message id.")
    cause: Cause
    weight: Weight
    item: str = Field(description="GTIN of the item it speaks of; empty: the parcel.")
    sentence: str
    action: str = Field(description="What to do about it; empty: nothing.")
    arguments: dict[str, str]
    evidence: tuple[EvidenceOut, ...]
    box: BoxOut | None
    source: str
    dated: date | None

    @classmethod
    def of(cls, finding: Finding, language: str) -> Self:
        """From the noun."""
        arguments = dict(finding.arguments)
        return cls(
            code=finding.code,
            cause=finding.cause,
            weight=finding.weight,
            item=finding.item,
            sentence=sentence(finding.code, arguments, language),
            action=action(finding.code, language),
            arguments=arguments,
            evidence=tuple(EvidenceOut.of(one) for one in finding.evidence),
            box=BoxOut.of(finding.box),
            source=finding.source,
            dated=finding.dated,
        )


class NotCheckedOut(Outgoing):
    """A check that did not run, and why."""

    check: str
    reason: str
    item: str
    name: str = Field(description="The check in words.")
    sentence: str = Field(description="Why it did not run.")

    @classmethod
    def of(cls, one: NotChecked, language: str) -> Self:
        """From the noun."""
        return cls(
            check=one.check,
            reason=one.reason,
            item=one.item,
            name=sentence(f"check.{one.check}", {}, language),
            sentence=sentence(one.reason, {}, language),
        )


class FreshnessOut(Outgoing):
    """What the verdict rests on."""

    edition: str
    edition_number: int | None
    edition_issued: datetime | None
    age_days: int | None
    bulletin_quarter: str
    pack: str
    policy: str
    supplements: tuple[str, ...] = Field(description="Of publishers, beside the edition: name and number of each.")

    @classmethod
    def of(cls, freshness: Freshness) -> Self:
        """From the noun."""
        return cls.model_validate(freshness)


class VerdictOut(Outgoing):
    """The advice of the bench. The officer decides."""

    outcome: Outcome
    sentence: str
    findings: tuple[FindingOut, ...] = Field(description="Most decisive first.")
    not_checked: tuple[NotCheckedOut, ...]
    checked: tuple[str, ...]
    freshness: FreshnessOut

    @classmethod
    def of(cls, verdict: Verdict, language: str) -> Self:
        """From the noun."""
        return cls(
            outcome=verdict.outcome,
            sentence=sentence(f"verdict.{verdict.outcome}", {}, language),
            findings=tuple(FindingOut.of(finding, language) for finding in verdict.findings),
            not_checked=tuple(NotCheckedOut.of(one, language) for one in verdict.not_checked),
            checked=verdict.checked,
            freshness=FreshnessOut.of(verdict.freshness),
        )


class SymbolOut(Outgoing):
    """One code as it was read."""

    text: str
    payload_hex: str
    symbology: str
    format: str
    source: str
    box: BoxOut | None
    votes: int

    @classmethod
    def of(cls, symbol: DecodedSymbol) -> Self:
        """From the noun."""
        return cls(
            text=symbol.text,
            payload_hex=symbol.payload.hex(),
            symbology=symbol.symbology,
            format=symbol.format,
            source=symbol.source,
            box=BoxOut.of(symbol.box),
            votes=symbol.votes,
        )


class CaptureOut(Outgoing):
    """One picture that reached the bench; `kept` are the crops that stayed."""

    sha256: str
    width: int
    height: int
    source: str
    sharpness: float
    glare: float
    brightness: float
    mm_per_px: float | None = Field(
        description="In the plane that its camera was calibrated for; null: not calibrated."
    )
    calibration: str = Field(description="SHA-256 of the calibration that held for its camera; empty: none.")
    kept: tuple[EvidenceOut, ...]

    @classmethod
    def of(cls, capture: Capture) -> Self:
        """From the noun."""
        return cls(
            sha256=capture.sha256,
            width=capture.width,
            height=capture.height,
            source=capture.source,
            sharpness=capture.quality.sharpness,
            glare=capture.quality.glare,
            brightness=capture.quality.brightness,
            mm_per_px=capture.quality.mm_per_px,
            calibration=capture.calibration,
            kept=tuple(EvidenceOut.of(one) for one in capture.kept),
        )


class DifferenceOut(Outgoing):
    """A place where the faces depart."""

    kind: str
    score: float
    face_box: BoxOut
    capture_box: BoxOut | None
    region: str
    offset_mm: float | None

    @classmethod
    def of(cls, difference: Difference) -> Self:
        """From the noun."""
        return cls.model_validate(difference)


class ComparisonOut(Outgoing):
    """One capture against one registered face; `score` null: not comparable, `retake` says why."""

    gtin: str
    face_id: int
    capture: str
    aligned: bool
    score: float | None
    threshold_check: float
    threshold_strong: float
    differences: tuple[DifferenceOut, ...]
    retake: Retake | None
    pictures: tuple[EvidenceOut, ...] = Field(description="Roles: face, registered, heat.")
    pack: str

    @classmethod
    def of(cls, comparison: FaceComparison) -> Self:
        """From the noun."""
        return cls(
            gtin=comparison.gtin.value,
            face_id=comparison.face_id,
            capture=comparison.capture,
            aligned=comparison.aligned,
            score=comparison.score,
            threshold_check=comparison.threshold_check,
            threshold_strong=comparison.threshold_strong,
            differences=tuple(DifferenceOut.of(one) for one in comparison.differences),
            retake=comparison.retake,
            pictures=tuple(EvidenceOut.of(one) for one in comparison.pictures),
            pack=comparison.pack,
        )


class ItemOut(Outgoing):
    """One item as its codes describe it."""

    gtin: str
    serial: str | None
    batch: str | None
    expiry: date | None


class TakenOut(Outgoing):
    """When what came last was taken, by its sender's own clock. Nothing is judged by it."""

    at: datetime
    waited_s: float = Field(description="Until it was sent; negative: that clock was set back meanwhile.")
    waited: str = Field(description="The same for people, e.g. 14 min; empty: no wait worth telling.")
    clock_off_s: float = Field(description="The sender's clock less the box's.")
    clock_off: str = Field(
        description="The same for people; empty: not worth telling, or the box's own is not trusted."
    )

    @classmethod
    def of(cls, assessment: Assessment) -> Self | None:
        """From the noun, where the sender told."""
        when = assessment.taken
        if when is None:
            return None
        told = assessment.at.trust is not ClockTrust.UNTRUSTED and abs(when.clock_off_s) >= _CLOCK_OFF_S
        return cls(
            at=when.at,
            waited_s=when.waited_s,
            waited=lasted(when.waited_s) if when.waited_s >= _WAITED_S else "",
            clock_off_s=when.clock_off_s,
            clock_off=lasted(when.clock_off_s) if told else "",
        )


class AssessmentOut(Outgoing):
    """One judgement of an inspection; a later scan or capture adds another."""

    inspection: str
    number: int
    at: datetime
    clock: ClockTrust
    verdict: VerdictOut
    items: tuple[ItemOut, ...]
    sscc: tuple[str, ...]
    parcel_numbers: tuple[str, ...]
    unparsed: tuple[str, ...]
    symbols: tuple[SymbolOut, ...]
    captures: tuple[CaptureOut, ...]
    comparisons: tuple[ComparisonOut, ...]
    taken: TakenOut | None = Field(description="null: its sender tells nothing of it.")
    compute_ms: float
    stage_ms: dict[str, float]

    @classmethod
    def of(cls, assessment: Assessment, language: str) -> Self:
        """From the noun."""
        identity, seen = assessment.identity, assessment.seen
        return cls(
            inspection=assessment.inspection,
            number=assessment.number,
            at=assessment.at.utc,
            clock=assessment.at.trust,
            verdict=VerdictOut.of(assessment.verdict, language),
            items=tuple(
                ItemOut(gtin=item.gtin.value, serial=item.serial, batch=item.batch, expiry=item.expiry)
                for item in identity.items
            ),
            sscc=tuple(sscc.value for sscc in identity.sscc),
            parcel_numbers=tuple(str(number) for number in identity.parcel_numbers),
            unparsed=identity.unparsed,
            symbols=tuple(SymbolOut.of(symbol) for symbol in seen.symbols),
            captures=tuple(CaptureOut.of(capture) for capture in seen.captures),
            comparisons=tuple(ComparisonOut.of(comparison) for comparison in seen.comparisons),
            taken=TakenOut.of(assessment),
            compute_ms=round(assessment.compute_ms, 3),
            stage_ms={stage: round(spent, 3) for stage, spent in assessment.stage_ms.items()},
        )


class DispositionOut(Outgoing):
    """A row of the officer; `decision` null: it only takes an earlier one back."""

    sequence: int | None = Field(description="The row's place in the ledger, which an undo names; null just after.")
    decision: Decision | None
    officer: str
    confirmed_by: str = Field(description="A second officer who agreed, where the policy wants two; else empty.")
    reason: str
    at: datetime
    undoes: int | None

    @classmethod
    def of(cls, disposition: Disposition, sequence: int | None = None) -> Self:
        """From the noun."""
        return cls(
            sequence=sequence,
            decision=disposition.decision,
            officer=disposition.officer,
            confirmed_by=disposition.confirmed_by,
            reason=disposition.reason,
            at=disposition.at.utc,
            undoes=disposition.undoes,
        )


class LateOut(Outgoing):
    """What a later edition says of an inspection that had been released. It advises; the decision stands."""

    at: datetime
    released: datetime
    assessment: int = Field(description="Number of the assessment that was released on.")
    outcome: Outcome = Field(description="What the bench would say now.")
    sentence: str
    findings: tuple[FindingOut, ...] = Field(description="Only what could not be said then.")
    freshness: FreshnessOut

    @classmethod
    def of(cls, late: LateAssessment, language: str) -> Self:
        """From the noun."""
        return cls(
            at=late.at.utc,
            released=late.released,
            assessment=late.assessment,
            outcome=late.outcome,
            sentence=sentence("late.released", {"date": f"{late.released:%Y-%m-%d}"}, language),
            findings=tuple(FindingOut.of(finding, language) for finding in late.findings),
            freshness=FreshnessOut.of(late.freshness),
        )


class InspectionOut(Outgoing):
    """An inspection: its newest assessment and what the officer decided."""

    id: str
    station: str
    state: str
    assessments: int
    latest: AssessmentOut
    decision: Decision | None = Field(description="The officer's decision that stands.")
    dispositions: tuple[DispositionOut, ...]
    late: tuple[LateOut, ...] = Field(description="What later editions say of it, oldest first.")

    @classmethod
    def of(cls, record: InspectionRecord, language: str) -> Self:
        """From the record."""
        latest = record.assessments[-1]
        return cls(
            id=record.inspection,
            station=record.station,
            state=record.state,
            assessments=len(record.assessments),
            latest=AssessmentOut.of(latest, language),
            decision=record.disposition.decision if record.disposition else None,
            dispositions=tuple(DispositionOut.of(row, sequence) for sequence, row in record.dispositions),
            late=tuple(LateOut.of(late, language) for late in record.late),
        )


class SummaryOut(Outgoing):
    """An inspection in a list."""

    id: str
    station: str
    state: str
    at: datetime
    outcome: Outcome
    sentence: str
    items: tuple[str, ...] = Field(description="GTINs.")
    parcel_numbers: tuple[str, ...]
    first_reason: str | None
    decision: Decision | None
    late: tuple[LateOut, ...]

    @classmethod
    def of(cls, record: InspectionRecord, language: str) -> Self:
        """From the record."""
        latest = record.assessments[-1]
        verdict = latest.verdict
        first = verdict.findings[0] if verdict.findings else None
        return cls(
            id=record.inspection,
            station=record.station,
            state=record.state,
            at=latest.at.utc,
            outcome=verdict.outcome,
            sentence=sentence(f"verdict.{verdict.outcome}", {}, language),
            items=tuple(item.gtin.value for item in latest.identity.items),
            parcel_numbers=tuple(str(number) for number in latest.identity.parcel_numbers),
            first_reason=None if first is None else sentence(first.code, first.arguments, language),
            decision=record.disposition.decision if record.disposition else None,
            late=tuple(LateOut.of(late, language) for late in record.late),
        )


class InspectionsOut(Outgoing):
    """A page of a list, newest first."""

    inspections: tuple[SummaryOut, ...]
    before: int | None = Field(description="Ask with it for the page that follows; null: there is none.")
