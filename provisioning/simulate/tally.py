"""What became of the parcels of a simulated port, one row each, and what another policy or rate would have said.

Pure: rows in, numbers out. A verdict is recomputed from its findings' weights by the rules of edge/steps/decide.py, so
that a check can be thought away without a second run; a test holds the recomputed outcome against the given one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt
from typing import NamedTuple

from edge.checks import together
from edge.inspection import Outcome, Weight
from edge.policy import Policy
from provisioning.simulate.parcels import COUNTERFEIT, Parcel
from provisioning.simulate.port import Judged, worse

ALARM = frozenset({Outcome.CHECK, Outcome.STRONG_INDICATION})
NOTHING_CHECKED = "product.nothing_checked"
_Z = 1.96


class Said(NamedTuple):
    """One finding of a visit."""

    code: str
    weight: Weight
    item: str = ""  # GTIN; "": the parcel


@dataclass(frozen=True, slots=True)
class Row:
    """One parcel: the truth of it, and what the bench said at its visits."""

    truth: str
    kind: str
    face: str  # of its first package: "genuine", a grade, "other"
    registered: bool  # every product in it
    judgeable: bool  # every product in it is registered with serials or a face
    faced: bool  # its first product's face is registered
    serialised: bool
    tags: tuple[str, ...]
    rates: Mapping[str, bool]
    severity: str
    outcome: Outcome  # the gravest of all visits
    findings: tuple[tuple[Said, ...], ...]  # of each visit
    ran: tuple[tuple[str, ...], ...]  # of each visit: the checks that ran
    captures: int

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong with the goods: also parallel imports, sloppy declarations, scanner faults."""
        return self.truth != COUNTERFEIT

    @property
    def alarm(self) -> bool:
        """Whether the bench asked for a person's look."""
        return self.outcome in ALARM


def rows(judged: Iterable[Judged]) -> list[Row]:
    """One row for each parcel, by its number."""
    by_parcel: dict[int, list[Judged]] = {}
    for one in judged:
        by_parcel.setdefault(one.visit.parcel.number, []).append(one)
    return [_row(by_parcel[number][0].visit.parcel, by_parcel[number]) for number in sorted(by_parcel)]


def _row(parcel: Parcel, visits: Sequence[Judged]) -> Row:
    outcome = visits[0].verdict.outcome
    for one in visits[1:]:
        outcome = worse(outcome, one.verdict.outcome)
    goods = [package.shown for package in parcel.packages]
    return Row(
        truth=parcel.truth,
        kind=parcel.kind,
        face=parcel.packages[0].face,
        registered=all(good.registered for good in goods),
        judgeable=all(good.serialised or good.faced for good in goods),
        faced=parcel.good.faced,
        serialised=parcel.good.serialised,
        tags=parcel.tags,
        rates=parcel.rates,
        severity=parcel.severity,
        outcome=outcome,
        findings=tuple(
            tuple(Said(found.code, found.weight, found.item) for found in one.verdict.findings) for one in visits
        ),
        ran=tuple(one.verdict.checked for one in visits),
        captures=sum(one.captures for one in visits),
    )


def outcome_with(row: Row, policy: Policy, weights: Mapping[str, Weight], *, without: frozenset[str]) -> Outcome:
    """What would have been said with other weights, and `without` some findings and checks (by code or check name).

    What notes say together is said again of those that are left.
    """
    graves = [
        _outcome(
            {one.weight for one in _said(found, policy, weights, without)},
            counted=any(name in policy.counting.checks for name in ran if name not in without),
        )
        for found, ran in zip(row.findings, row.ran, strict=True)
    ]
    gravest = graves[0]
    for one in graves[1:]:
        gravest = worse(gravest, one)
    return gravest


def _said(found: Iterable[Said], policy: Policy, weights: Mapping[str, Weight], without: frozenset[str]) -> list[Said]:
    away = without | {NOTHING_CHECKED, together.CODE}
    rest = [one._replace(weight=weights.get(one.code, one.weight)) for one in found if one.code not in away]
    if policy.together is not None and together.CODE not in without:
        notes = ((one.code, one.item) for one in rest if one.weight is Weight.NOTE)
        weight = weights.get(together.CODE, policy.weights[together.CODE])
        rest += [Said(together.CODE, weight, item) for item in together.speaking(notes, policy.together)]
    return rest


def _outcome(weights: set[Weight], *, counted: bool) -> Outcome:
    for weight, outcome in (
        (Weight.STRONG, Outcome.STRONG_INDICATION),
        (Weight.CHECK, Outcome.CHECK),
        (Weight.LIMIT, Outcome.CANNOT_ASSESS),
    ):
        if weight in weights:
            return outcome
    return Outcome.NO_FINDING if counted else Outcome.CANNOT_ASSESS


def reweighed(some: Iterable[Row], policy: Policy, weights: Mapping[str, Weight]) -> list[Row]:
    """The same parcels under other weights."""
    return [
        replace(
            row,
            outcome=outcome_with(row, policy, weights, without=frozenset()),
            findings=tuple(tuple(_said(found, policy, weights, frozenset())) for found in row.findings),
        )
        for row in some
    ]


# --- Shares -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with Wilson's 95% interval (E. B. Wilson, JASA 22, 1927)."""

    hits: float
    total: float
    low: float = field(init=False)
    high: float = field(init=False)

    def __post_init__(self) -> None:
        """Fill in the interval."""
        low, high = _wilson(self.hits, self.total)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def value(self) -> float:
        """0 of nothing."""
        return self.hits / self.total if self.total else 0.0


def _wilson(hits: float, total: float) -> tuple[float, float]:
    if not total:
        return 0.0, 1.0
    share = hits / total
    middle = share + _Z**2 / (2 * total)
    half = _Z * sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2))
    scale = 1 + _Z**2 / total
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def share(some: Iterable[Row], asked: Callable[[Row], bool]) -> Share:
    """How many of the rows are as asked."""
    hits = total = 0
    for row in some:
        total += 1
        hits += asked(row)
    return Share(hits, total)


def weighted(some: Iterable[Row], asked: Callable[[Row], bool], name: str, old: float, new: float) -> Share:
    """As `share`, had the rate `name` been `new` in place of `old`: rows count by how much likelier they would be."""
    hits = total = 0.0
    for row in some:
        weight = _weight(row, name, old, new)
        total += weight
        hits += weight * asked(row)
    return Share(hits, total)


def _weight(row: Row, name: str, old: float, new: float) -> float:
    hit = row.rates.get(name)
    if hit is None:
        return 1.0
    return new / old if hit else (1 - new) / (1 - old)


# --- Checks thought away ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ablation:
    """What would be lost and saved without one finding or check."""

    name: str
    found: int  # counterfeits with it
    lost: int  # counterfeits that would no longer reach CHECK
    alarms: int  # clean parcels with it
    saved: int  # clean parcels that would no longer reach CHECK
    unassessed: int  # parcels, clean or not, that would become CANNOT_ASSESS instead of NO FINDING

    @property
    def adds_alarms_alone(self) -> bool:
        """Whether it costs alarms and brings no detection of its own."""
        return self.saved > 0 and self.lost == 0


CHECKS = {  # a whole check: what it finds, by the beginning of the code, and the name under which it counts as run
    "serial look-up": (
        ("serial.unknown", "serial.revoked", "serial.stolen", "serial.reported", "serial.rule"),
        "serial",
    ),
    "package face": (("face.",), "face"),
    "seen before": (("serial.seen_", "parcel.seen_"), "sightings"),
    "declared against found": (("consignment.",), "consignment"),
    "watch list": (("watch.",), "watch_list"),
    "codes against each other": (("codes.",), "codes"),
}


def ablations(some: Sequence[Row], policy: Policy) -> list[Ablation]:
    """Each finding that makes a person look, then each whole check, thought away."""
    grave = {Weight.CHECK, Weight.STRONG}
    codes = sorted({one.code for row in some for found in row.findings for one in found if one.weight in grave})
    found = [_ablation(some, policy, code, frozenset({code})) for code in codes]
    for name, (beginnings, ran) in CHECKS.items():
        mine = frozenset(code for code in policy.weights if code.startswith(beginnings)) | {ran}
        found.append(_ablation(some, policy, name, mine))
    return found


def _ablation(some: Sequence[Row], policy: Policy, name: str, without: frozenset[str]) -> Ablation:
    counts = {"found": 0, "lost": 0, "alarms": 0, "saved": 0, "unassessed": 0}
    for row in some:
        touched = any(one.code in without for found in row.findings for one in found)
        if not touched and not any(check in without for ran in row.ran for check in ran):
            continue
        after = outcome_with(row, policy, {}, without=without)
        silenced = row.alarm and after not in ALARM
        counts["unassessed"] += row.outcome is Outcome.NO_FINDING and after is Outcome.CANNOT_ASSESS
        counts["alarms" if row.clean else "found"] += touched
        counts["saved" if row.clean else "lost"] += silenced
    return Ablation(name, **counts)


@dataclass(frozen=True, slots=True)
class Raised:
    """What would be gained and added if a finding that is a note or a limit weighed CHECK."""

    code: str
    weight: Weight  # now
    gained: int  # counterfeits that would then reach CHECK
    added: int  # clean parcels that would then reach CHECK


def raised(some: Sequence[Row], policy: Policy) -> list[Raised]:
    """Each finding that was made and does not make a person look, as if it did; the most telling first."""
    light = {one.code for row in some for found in row.findings for one in found}
    light = {code for code in light if policy.weights[code] in (Weight.NOTE, Weight.LIMIT)} - {NOTHING_CHECKED}
    found = []
    for code in sorted(light):
        having = [
            row for row in some if not row.alarm and any(code == one.code for said in row.findings for one in said)
        ]
        changed = [
            row for row in having if outcome_with(row, policy, {code: Weight.CHECK}, without=frozenset()) in ALARM
        ]
        gained = sum(not row.clean for row in changed)
        found.append(Raised(code, policy.weights[code], gained, len(changed) - gained))
    return sorted(found, key=lambda one: -(one.gained / (1 + one.added)))
