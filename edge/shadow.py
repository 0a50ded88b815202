"""Shadow: what would a staged edition, policy or pack have said of the last inspections? Nothing is used or changed.

Each inspection is judged twice from its kept row, both times as of now: once by what is in use and once with the
candidate, so that what differs is the candidate's doing alone and not the passing of time. Where nothing could be
replayed it says so and claims nothing. What is found out is noted beside the candidate, for whoever activates it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TypeAlias

from edge.errors import LedgerError
from edge.inspection import Decision, InspectionRecord, Outcome, Verdict
from edge.policy import ActivationPolicy
from edge.replay import likeness
from edge.steps import record
from edge.storage.chain import Json
from edge.storage.ledger_reader import LedgerReader

SHOWN = 20  # inspections named for each finding code
_ROWS = 100
_FLAGS = (Outcome.CHECK, Outcome.STRONG_INDICATION)

Replayed: TypeAlias = tuple[Verdict, Verdict] | str  # in use, candidate; or why it could not be replayed
Progress: TypeAlias = Callable[[int], None]


@dataclass(slots=True)
class Change:
    """How often a candidate adds or takes away one finding, and in which inspections (the newest of them)."""

    added: int = 0
    gone: int = 0
    inspections: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Question:
    """What is tried, against what, when, and over how many inspections at most."""

    kind: str  # "edition", "policy", "pack"
    candidate: str  # file of the shelf
    title: str
    against: tuple[str, ...]  # files in use; none when what is in use is built in
    at: datetime
    most: int


@dataclass(slots=True)
class ShadowReport:
    """What would change."""

    question: Question
    replayed: int = 0
    changed: int = 0  # another outcome
    released: int = 0  # of those flagged
    flagged: list[str] = field(default_factory=list)  # CHECK or STRONG INDICATION, and neither before
    eased: list[str] = field(default_factory=list)  # the other way round
    outcomes: Counter[str] = field(default_factory=Counter)  # "NO_FINDING > CHECK" -> inspections
    findings: dict[str, Change] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)  # why -> inspections that could not be replayed

    @property
    def share(self) -> float | None:
        """The share of changed outcomes; None when nothing was replayed."""
        return self.changed / self.replayed if self.replayed else None

    @property
    def sentence(self) -> str:
        """What a technician is told."""
        if not self.replayed:
            return "nothing could be replayed, so nothing can be said of it"
        return f"would have flagged {len(self.flagged):,} of {self.replayed:,}; {self.released:,} already released"

    def to_json(self) -> Json:
        """As a document."""
        return {
            "schema": 1,
            **asdict(self.question),
            "at": self.question.at.isoformat(),
            "against": list(self.question.against),
            "sentence": self.sentence,
            "replayed": self.replayed,
            "changed": self.changed,
            "share": self.share,
            "flagged": self.flagged,
            "released": self.released,
            "eased": self.eased,
            "outcomes": dict(self.outcomes),
            "findings": {code: asdict(change) for code, change in sorted(self.findings.items())},
            "left_out": dict(self.left_out),
        }


def shadow(
    question: Question,
    kept: Iterable[InspectionRecord | str],
    replay: Callable[[InspectionRecord], Replayed],
    progress: Progress = lambda _: None,
) -> ShadowReport:
    """Judge every one of `kept` twice. A text among them is why one could not be read."""
    report = ShadowReport(question)
    for number, one in enumerate(kept, 1):
        answer = one if isinstance(one, str) else replay(one)
        if isinstance(one, str) or isinstance(answer, str):
            report.left_out[str(answer)] += 1
        else:
            _count(report, one, *answer)
        progress(number)
    return report


def _count(report: ShadowReport, kept: InspectionRecord, before: Verdict, after: Verdict) -> None:
    report.replayed += 1
    if before.outcome is not after.outcome:
        report.changed += 1
        report.outcomes[f"{before.outcome} > {after.outcome}"] += 1
    if after.outcome in _FLAGS and before.outcome not in _FLAGS:
        report.flagged.append(kept.inspection)
        standing = kept.disposition
        report.released += standing is not None and standing.decision is Decision.RELEASE
    if before.outcome in _FLAGS and after.outcome not in _FLAGS:
        report.eased.append(kept.inspection)
    first, second = (Counter(likeness(one) for one in verdict.findings) for verdict in (before, after))
    for found, name in ((second - first, "added"), (first - second, "gone")):
        for code, times in Counter(key[0] for key in found.elements()).items():
            change = report.findings.setdefault(code, Change())
            setattr(change, name, getattr(change, name) + times)
            if len(change.inspections) < SHOWN and kept.inspection not in change.inspections:
                change.inspections.append(kept.inspection)


def last_inspections(ledger: LedgerReader, most: int) -> Iterator[InspectionRecord | str]:
    """The newest inspections, newest first, each once; a text for one that cannot be read any more.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    met: set[str] = set()
    before: int | None = None
    while rows := ledger.recent(_ROWS, before, kinds=(record.ASSESSED,)):
        for row in rows:
            before = row.seq
            if row.entry.inspection in met:
                continue
            met.add(row.entry.inspection)
            try:
                yield record.inspection(row.entry.inspection, ledger)
            except LedgerError as error:
                if error.code != "document_unreadable":
                    raise
                yield "it was written by another version"
            if len(met) == most:
                return


def may_be_used(note: Mapping[str, Json], against: tuple[str, ...], policy: ActivationPolicy) -> tuple[bool, str]:
    """Whether a candidate with this shadow report may be used without a person, by the policy in use, and why (not)."""
    if not policy.auto:
        return False, "the policy leaves it to a person"
    if tuple(note["against"]) != against:
        return False, "what is in use has changed since it was tried"
    if note["replayed"] < policy.least:
        return False, f"only {note['replayed']:,} inspections could be replayed, of {policy.least:,} that are asked for"
    if note["share"] > policy.bound:
        return False, f"it changes {note['share']:.2%} of the outcomes, more than {policy.bound:.2%}"
    return True, f"it changes {note['share']:.2%} of the outcomes, at most {policy.bound:.2%}"
