"""The figures of a simulated port: against their limits, by cause and code, by kind of counterfeit, at other rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.inspection import Outcome, Weight
from edge.messages import message
from edge.policy import Policy
from provisioning.simulate import tally
from provisioning.simulate.parcels import COUNTERFEIT, PARALLEL
from provisioning.simulate.run import MISREAD, Trials
from provisioning.simulate.scenario import Scenario
from provisioning.simulate.tally import Row, Share, share

OUTCOMES = (Outcome.NO_FINDING, Outcome.CANNOT_ASSESS, Outcome.CHECK, Outcome.STRONG_INDICATION)
PERFECT = "genuine"  # the package of a counterfeit that is a perfect copy
_GRAVE = frozenset({Weight.CHECK, Weight.STRONG})


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure against its limit."""

    name: str
    share: Share
    limit: float
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the measured share itself keeps the limit; the interval says how sure that is."""
        return self.share.value >= self.limit if self.at_least else self.share.value <= self.limit

    @property
    def ratio(self) -> float:
        """Measured over limit."""
        return self.share.value / self.limit if self.limit else 0.0


def populations(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The groups that shares are told of."""
    clean = [row for row in rows if row.clean]
    return {
        "clean parcels": clean,
        "clean, every product registered": [row for row in clean if row.registered],
        "clean, every product with serials or a registered face": [row for row in clean if row.judgeable],
        "clean, parallel imports": [row for row in clean if row.truth == PARALLEL],
        "clean, sloppy declaration": [row for row in clean if row.rates.get("sloppy")],
        "clean, scanner fault": [row for row in clean if row.rates.get("input_fault")],
        "counterfeits": [row for row in rows if not row.clean],
    }


def against_limits(rows: Sequence[Row], scenario: Scenario) -> list[Figure]:
    """The issue's figures. The first three are told of three populations, the widest first."""
    limits, found, groups = scenario.limits, [], populations(rows)
    for group in list(groups)[:3]:
        for name, outcome, limit in (
            ("STRONG INDICATION", Outcome.STRONG_INDICATION, limits.strong),
            ("CHECK", Outcome.CHECK, limits.check),
            ("CANNOT ASSESS", Outcome.CANNOT_ASSESS, limits.cannot_assess),
        ):
            found.append(Figure(f"{group}: {name}", share(groups[group], _is(outcome)), limit))
    fakes = [row for row in rows if not row.clean]
    for words, wanted, limit in (
        ("with", True, limits.detected_with_face),
        ("without", False, limits.detected_without_face),
    ):
        some = [row for row in fakes if row.faced is wanted]
        name = f"counterfeits {words} a registered face: at least CHECK"
        found.append(Figure(name, share(some, lambda row: row.alarm), limit, at_least=True))
    return found


def bounds(rows: Sequence[Row]) -> dict[str, Share]:
    """What no better judgement could change at these rates.

    Of counterfeits: how many would be found if every picture told every package that differs, beside what is found now.
    Of clean parcels: in how many no check that counts can run, as nobody registered serials or a face.
    """
    clean, fakes = [row for row in rows if row.clean], [row for row in rows if not row.clean]

    def seen_through(row: Row) -> bool:
        return row.alarm or (row.faced and bool(row.severity) and row.face != PERFECT)

    faced = [row for row in fakes if row.faced]
    return {
        "counterfeits with a registered face, if pictures told everything": share(faced, seen_through),
        "the same, not found now and shown in no picture or a perfect copy": share(
            faced, lambda row: not seen_through(row)
        ),
        "clean parcels that nothing registered can assess": share(clean, lambda row: not row.judgeable),
        "clean parcels that cannot be assessed for it": share(
            [row for row in clean if row.outcome is Outcome.CANNOT_ASSESS], lambda row: not row.judgeable
        ),
    }


def _is(outcome: Outcome) -> Callable[[Row], bool]:
    return lambda row: row.outcome is outcome


def outcomes(rows: Sequence[Row]) -> dict[str, dict[str, Share]]:
    """Each outcome's share of each population."""
    return {
        name: {str(outcome): share(some, _is(outcome)) for outcome in OUTCOMES}
        for name, some in populations(rows).items()
    }


def alarms(rows: Sequence[Row]) -> list[tuple[str, str, float, float]]:
    """Per 1,000 clean parcels, by finding code: (code, cause, parcels with it, parcels with it alone)."""
    clean = [row for row in rows if row.clean]
    having, alone = Counter[str](), Counter[str]()
    for row in clean:
        codes = grave_codes(row)
        having.update(codes)
        if len(codes) == 1:
            alone.update(codes)
    scale = 1000 / max(1, len(clean))
    return [(code, message(code).cause, count * scale, alone[code] * scale) for code, count in having.most_common()]


def limits_met(rows: Sequence[Row]) -> list[tuple[str, str, float]]:
    """Per 1,000 clean parcels that cannot be assessed, what limits the answer: (code, cause, parcels with it)."""
    having = Counter[str]()
    clean = [row for row in rows if row.clean]
    for row in clean:
        if row.outcome is Outcome.CANNOT_ASSESS:
            having.update({one.code for found in row.findings for one in found if one.weight is Weight.LIMIT})
    scale = 1000 / max(1, len(clean))
    return [(code, message(code).cause, count * scale) for code, count in having.most_common()]


def grave_codes(row: Row) -> set[str]:
    """The codes that make a person look."""
    return {one.code for found in row.findings for one in found if one.weight in _GRAVE}


def detection(rows: Sequence[Row]) -> dict[str, Share]:
    """At least CHECK, by what the counterfeit is."""
    fakes = [row for row in rows if row.truth == COUNTERFEIT]
    groups: dict[str, Callable[[Row], bool]] = {
        "all": lambda _row: True,
        "serials and a registered face": lambda row: row.serialised and row.faced,
        "a registered face alone": lambda row: row.faced and not row.serialised,
        "serials alone": lambda row: row.serialised and not row.faced,
        "neither": lambda row: not row.serialised and not row.faced,
        "declared to the box": lambda row: "misdeclared" in row.rates,
        "not declared to the box": lambda row: "misdeclared" not in row.rates,
    }
    for kind in sorted({row.kind for row in fakes}):
        groups[f"code: {kind}"] = lambda row, kind=kind: row.kind == kind  # type: ignore[misc]
    for face in sorted({row.face for row in fakes}):
        name = {"genuine": "perfect copy", "other": "of another product"}.get(face, face)
        groups[f"registered face, package: {name}"] = lambda row, face=face: row.faced and row.face == face  # type: ignore[misc]
    return {name: share([row for row in fakes if asked(row)], lambda row: row.alarm) for name, asked in groups.items()}


def seconds(rows: Sequence[Row], scenario: Scenario) -> dict[str, float]:
    """Officer seconds for a parcel by the stated time model, on average, and parcels in an officer's hour."""
    table = scenario.seconds
    of_outcome = {
        Outcome.NO_FINDING: table["no_finding"],
        Outcome.CANNOT_ASSESS: table["cannot_assess"],
        Outcome.CHECK: table["check"],
        Outcome.STRONG_INDICATION: table["strong"],
    }

    def spent(row: Row) -> float:
        visits = len(row.findings)
        pictures = min(row.captures, visits) * table["picture"] + max(0, row.captures - visits) * table["retake"]
        code = table["unreadable"] if "unreadable" in row.tags else 0.0
        return visits * table["scan"] + pictures + code + of_outcome[row.outcome]

    clean = [spent(row) for row in rows if row.clean]
    every = [spent(row) for row in rows]
    alarmed = [spent(row) for row in rows if row.clean and row.alarm]
    mean = sum(every) / max(1, len(every))
    return {
        "a parcel": mean,
        "a clean parcel": sum(clean) / max(1, len(clean)),
        "false alarms, of all time": sum(alarmed) / max(1e-9, sum(every)),
        "parcels in an hour": 3600 / mean if mean else 0.0,
    }


def sensitivity(rows: Sequence[Row], scenario: Scenario) -> list[dict[str, Any]]:
    """The same rows weighted as another rate would have drawn them: one entry for each rate and value."""
    clean = [row for row in rows if row.clean and row.registered]
    fakes = [row for row in rows if not row.clean]
    found = []
    for name, rate in scenario.rates.items():
        known = sum(name in row.rates for row in rows)
        for new in (rate.value, *rate.vary) if known and 0 < rate.value < 1 else ():
            table = {"rate": name, "basis": rate.basis, "value": new, "used": new == rate.value}
            for column, some, asked in (
                ("check", clean, _is(Outcome.CHECK)),
                ("strong", clean, _is(Outcome.STRONG_INDICATION)),
                ("cannot_assess", clean, _is(Outcome.CANNOT_ASSESS)),
                ("with_face", [row for row in fakes if row.faced], lambda row: row.alarm),
                ("without_face", [row for row in fakes if not row.faced], lambda row: row.alarm),
            ):
                table[column] = tally.weighted(some, asked, name, rate.value, new).value
            alarmed = [row for row in rows if row.alarm]
            table["precision"] = tally.weighted(alarmed, lambda row: not row.clean, name, rate.value, new).value
            found.append(table)
    return found


def document(rows: Sequence[Row], scenario: Scenario, policy: Policy, about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything, as JSON."""
    return {
        "about": dict(about),
        "limits": [
            {"name": one.name, "limit": one.limit, "kept": one.kept, "ratio": round(one.ratio, 3), **_shown(one.share)}
            for one in against_limits(rows, scenario)
        ],
        "outcomes": {
            name: {outcome: _shown(one) for outcome, one in table.items()} for name, table in outcomes(rows).items()
        },
        "bounds": {name: _shown(one) for name, one in bounds(rows).items()},
        "alarms_per_1000": [
            {"code": code, "cause": cause, "parcels": round(count, 3), "alone": round(alone, 3)}
            for code, cause, count, alone in alarms(rows)
        ],
        "cannot_assess_per_1000": [
            {"code": code, "cause": cause, "parcels": round(count, 3)} for code, cause, count in limits_met(rows)
        ],
        "detection": {name: _shown(one) for name, one in detection(rows).items()},
        "ablation": [
            {
                "name": one.name,
                "found": one.found,
                "lost": one.lost,
                "alarms": one.alarms,
                "saved": one.saved,
                "unassessed": one.unassessed,
                "adds_alarms_alone": one.adds_alarms_alone,
            }
            for one in tally.ablations(rows, policy)
        ],
        "raised": [
            {"code": one.code, "weight": str(one.weight), "gained": one.gained, "added": one.added}
            for one in tally.raised(rows, policy)
        ],
        "officer_seconds": {name: round(value, 3) for name, value in seconds(rows, scenario).items()},
        "sensitivity": [
            {name: round(value, 5) if isinstance(value, float) else value for name, value in row.items()}
            for row in sensitivity(rows, scenario)
        ],
    }


def of_trials(trials: Sequence[Trials], scenario: Scenario) -> list[dict[str, Any]]:
    """The trials of input faults, fault by fault, and those that the limit speaks of together."""
    named = [one for one in trials if one.fault not in MISREAD]
    found = [_trial(one.fault, [one]) for one in trials]
    if named:
        together = _trial("all but truncated", named)
        together |= {"limit": scenario.limits.input_check, "kept": together["share"] <= scenario.limits.input_check}
        found.append(together)
    return found


def _trial(name: str, some: Sequence[Trials]) -> dict[str, Any]:
    count, checks = sum(one.count for one in some), sum(one.checks for one in some)
    return {
        "fault": name,
        "count": count,
        "changed": sum(one.changed for one in some),
        "checks": checks,
        "limited": sum(one.limited for one in some),
        "examples": [example for one in some for example in one.examples],
        **_shown(Share(checks, count)),
    }


def _shown(one: Share) -> dict[str, float]:
    return {
        "share": round(one.value, 5),
        "low": round(one.low, 5),
        "high": round(one.high, 5),
        "hits": one.hits,
        "of": one.total,
    }
