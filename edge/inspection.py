"""An inspection and its judgement: findings, verdicts, assessments, dispositions.

Frozen values without I/O. What a judgement rests on has its own rooms: consignment.py, captures.py, identity.py,
lookup.py, comparison.py; the verbs live in edge/steps/, the story in edge/flow.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from edge.captures import Box, Capture, DecodedSymbol, Evidence
from edge.comparison import FaceComparison, PrintReading, Recognition
from edge.consignment import Consignment
from edge.identity import Identity
from edge.lookup import LookupResult
from edge.moment import Moment, Taken


class Cause(StrEnum):
    """Why there is a doubt. Every finding has exactly one: a stale directory never looks like a suspect parcel."""

    INPUT = "input"  # damaged read, keyboard layout, lost separator
    UNREADABLE = "unreadable"  # the picture or symbol does not allow a reading
    NO_REFERENCE = "no_reference"  # the registry holds nothing to compare with
    STALE = "stale"  # the registry, a bulletin or a recordation is too old to rely on
    SYSTEM = "system"  # the box could not do its part
    MISMATCH = "mismatch"  # what is in hand departs from what is registered, declared or seen before


class Weight(StrEnum):
    """What a finding does to the verdict. The policy file gives each finding code its weight."""

    NOTE = "note"  # shown, changes nothing
    LIMIT = "limit"  # caps the best possible answer at CANNOT_ASSESS
    CHECK = "check"  # a person should look
    STRONG = "strong"  # a decisive discrepancy


class Outcome(StrEnum):
    """The system's verdict. A different vocabulary from the officer's disposition, on purpose."""

    NO_FINDING = "NO_FINDING"
    CHECK = "CHECK"
    STRONG_INDICATION = "STRONG_INDICATION"
    CANNOT_ASSESS = "CANNOT_ASSESS"


class Decision(StrEnum):
    """The officer's disposition of an inspection. Silence is none of these."""

    RELEASE = "release"
    REFER = "refer"
    DETAIN = "detain"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason. The sentence is a message id (= `code`) with arguments; catalogues turn it into words."""

    code: str
    cause: Cause
    weight: Weight
    arguments: Mapping[str, str] = field(default_factory=dict)
    item: str = ""  # GTIN of the item it speaks of, "" for the parcel
    evidence: tuple[Evidence, ...] = ()
    box: Box | None = None
    source: str = ""  # who says so: a recordation, an edition, the pack
    dated: date | None = None


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A check that did not run, and why."""

    check: str  # "serial", "face", "recordation", "consignment", "watch_list", "sightings"
    reason: str  # message id
    item: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """What a verdict rests on."""

    edition: str
    edition_number: int | None
    edition_issued: datetime | None
    age_days: int | None  # None when no edition is loaded or the clock is not to be trusted
    bulletin_quarter: str
    pack: str
    policy: str
    supplements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The advice of the bench. The officer decides."""

    outcome: Outcome
    findings: tuple[Finding, ...]  # most decisive first
    not_checked: tuple[NotChecked, ...]
    checked: tuple[str, ...]  # names of the checks that ran
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class SystemFault:
    """Something the box could not do during this inspection, answered as a finding with cause "system"."""

    code: str  # "decode_timeout", "decode_crashed", "model_missing", "registry_missing", ...
    detail: str
    capture: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything seen so far of one inspection: the whole input of judgement besides the registry's answer."""

    captures: tuple[Capture, ...] = ()
    symbols: tuple[DecodedSymbol, ...] = ()
    comparisons: tuple[FaceComparison, ...] = ()
    recognitions: tuple[Recognition, ...] = ()
    consignment: Consignment | None = None
    faults: tuple[SystemFault, ...] = ()
    prints: tuple[PrintReading, ...] = ()

    def with_more(self, more: Seen) -> Seen:
        """This and what came later, as one. A later consignment replaces an earlier one."""
        return replace(
            self,
            captures=self.captures + more.captures,
            symbols=self.symbols + more.symbols,
            comparisons=self.comparisons + more.comparisons,
            recognitions=self.recognitions + more.recognitions,
            consignment=more.consignment or self.consignment,
            faults=self.faults + more.faults,
            prints=self.prints + more.prints,
        )


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that one judgement rests on, besides the policy."""

    station: str
    seen: Seen
    identity: Identity
    lookup: LookupResult
    now: Moment


@dataclass(frozen=True, slots=True)
class Assessment:
    """One judgement of an inspection. Appended, never edited."""

    inspection: str  # UUIDv7
    number: int  # 1, 2, ... within the inspection
    seen: Seen
    identity: Identity
    verdict: Verdict
    at: Moment
    compute_ms: float
    stage_ms: Mapping[str, float] = field(default_factory=dict)
    taken: Taken | None = None  # of what came last, where its sender tells: it may have waited in a queue


@dataclass(frozen=True, slots=True)
class Disposition:
    """The officer's own row. `undoes` names the ledger sequence of the disposition that it takes back."""

    inspection: str
    decision: Decision | None  # None: this row only undoes
    officer: str
    reason: str
    at: Moment
    undoes: int | None = None
    confirmed_by: str = ""  # a second officer, where the policy wants two


@dataclass(frozen=True, slots=True)
class LateAssessment:
    """What a later edition says of an inspection that had been released: a row of its own, which edits nothing."""

    inspection: str
    assessment: int  # number of the assessment that was released on
    released: datetime  # UTC
    findings: tuple[Finding, ...]  # only what could not be said then
    outcome: Outcome  # what the bench would say now
    freshness: Freshness
    at: Moment


@dataclass(frozen=True, slots=True)
class Question:
    """What an officer asks a right holder or an expert about an inspection: a row of its own, answered by a central."""

    inspection: str
    text: str
    picture: str  # sha256 of a kept picture, "" for none
    gtins: tuple[str, ...]  # of the items in hand: who may answer, and where else the answer is shown
    officer: str
    at: Moment


class Observed(StrEnum):
    """What the officer says of a recorded distinguishing point."""

    SEEN = "seen"
    NOT_SEEN = "not_seen"
    CANNOT_SEE = "cannot_see"


@dataclass(frozen=True, slots=True)
class Observation:
    """The officer's own look at one distinguishing point: a row of its own. The last one of a point stands."""

    inspection: str
    recordation: str
    point: int
    source: str  # who recorded the point
    observed: Observed
    officer: str
    at: Moment


@dataclass(frozen=True, slots=True)
class InspectionRecord:
    """An inspection as the ledger holds it. State: "assessed", "disposed"."""

    inspection: str
    station: str
    assessments: tuple[Assessment, ...]
    dispositions: tuple[tuple[int, Disposition], ...]  # with their ledger sequence
    late: tuple[LateAssessment, ...] = ()
    questions: tuple[Question, ...] = ()
    observations: tuple[Observation, ...] = ()

    @property
    def disposition(self) -> Disposition | None:
        """The officer's decision that stands: the last one that was not undone."""
        undone = {d.undoes for _, d in self.dispositions if d.undoes is not None}
        standing = [d for seq, d in self.dispositions if d.decision is not None and seq not in undone]
        return standing[-1] if standing else None

    @property
    def state(self) -> str:
        """Open → assessed (again and again) → disposed."""
        return "disposed" if self.disposition else "assessed"


NOT_SIGNED_IN = "not signed in"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wrote a row: every row of the ledger carries it."""

    device: str
    station: str
    officer: str  # id of the account; NOT_SIGNED_IN when nobody is
    boot: str  # id of this boot of the bench
