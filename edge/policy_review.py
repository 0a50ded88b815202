"""A look at the policy: what each finding did in the last inspections, beside how often examiners confirmed it.

Precision comes from the centre (sync/central/knowledge/precision.py) and is of referred inspections only. Nothing
adapts by itself: a change is tried on what the ledger keeps and written to a file; a person stages and activates it.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.checks import together
from edge.errors import PolicyError
from edge.inspection import Decision, Finding, InspectionRecord, Weight
from edge.policy import Policy, parse
from edge.storage.chain import Json
from edge.turning import outcome_of

_CHANGE = re.compile(r"(?P<part>[a-z]+)\.(?P<name>[a-z_.]+)=(?P<value>.+)")
_HINT = "For instance weights.serial.rule=limit or consignment.words_similarity=75; see sekisho policy show."


@dataclass(slots=True)
class Worked:
    """What one finding code did: in how many inspections, and in how many of them it alone made the outcome."""

    code: str
    weight: Weight
    inspections: int = 0
    alone: int = 0
    decisions: Counter[str] = field(default_factory=Counter)  # what officers decided where it was found
    confirmed: int | None = None  # by examiners and courts; None: the centre has told nothing of it
    closed: int | None = None

    def to_json(self) -> Json:
        """As a document."""
        return {name: getattr(self, name) for name in self.__slots__} | {"decisions": dict(self.decisions)}


@dataclass(frozen=True, slots=True)
class Review:
    """The findings of the last inspections, those first that alone made most outcomes."""

    inspections: int
    unread: int  # written by another version
    findings: tuple[Worked, ...]

    def to_json(self) -> Json:
        """As a document."""
        findings = [one.to_json() for one in self.findings]
        return {"schema": 1, "inspections": self.inspections, "unread": self.unread, "findings": findings}


def reviewed(
    kept: Iterable[InspectionRecord | str], policy: Policy, precision: Mapping[str, Mapping[str, Any] | None]
) -> Review:
    """Count what the findings of `kept` did, as they were weighed on their day."""
    found: dict[str, Worked] = {}
    read = unread = 0
    for one in kept:
        if isinstance(one, str):
            unread += 1
            continue
        read += 1
        verdict, decision = one.assessments[-1].verdict, one.disposition.decision if one.disposition else None
        for code in {finding.code for finding in verdict.findings}:
            told = precision.get(code) or {}
            worked = found.setdefault(
                code,
                Worked(
                    code,
                    policy.weights.get(code, Weight.NOTE),
                    confirmed=_whole(told.get("confirmed")),
                    closed=_whole(told.get("closed")),
                ),
            )
            worked.inspections += 1
            worked.decisions[str(decision) if isinstance(decision, Decision) else "undecided"] += 1
            rest = _without(code, verdict.findings, policy)
            worked.alone += outcome_of(rest) is not outcome_of(verdict.findings)
    ordered = sorted(found.values(), key=lambda worked: (-worked.alone, -worked.inspections, worked.code))
    return Review(read, unread, tuple(ordered))


def _without(code: str, findings: Sequence[Finding], policy: Policy) -> list[Finding]:
    """What is left without a finding; what several notes said together falls with one that it needs."""
    rest = [finding for finding in findings if finding.code != code]
    fallen = _heard(findings, policy) - _heard(rest, policy)
    return [finding for finding in rest if finding.code != together.CODE or finding.item not in fallen]


def _heard(findings: Iterable[Finding], policy: Policy) -> frozenset[str]:
    """The items of which enough sources speak, as the policy in use counts them."""
    if policy.together is None:
        return frozenset()
    notes = ((finding.code, finding.item) for finding in findings if finding.weight is Weight.NOTE)
    return frozenset(together.speaking(notes, policy.together))


def altered(text: str, changes: Iterable[str], version: str) -> tuple[str, Policy]:
    """A policy's file with some values changed ("weights.serial.rule=limit"), its comments kept, and what it says.

    Raises:
        PolicyError: policy_value: a change is none, names nothing of the policy, or its value does not fit.
    """
    for change in changes:
        parts = _CHANGE.fullmatch(change.strip())
        if parts is None:
            raise PolicyError("policy_value", f"Expected PART.NAME=VALUE, got {change!r}.", hint=_HINT)
        text = _with(text, parts["part"], parts["name"], parts["value"].strip(), change)
    text = _with(text, "", "version", version, f"version={version}")
    return text, parse(text, origin="the changed policy")


def _with(text: str, part: str, name: str, value: str, change: str) -> str:
    """`text` with the value of one line of one table changed."""
    head = re.search(rf"^\[{part}\]$", text, re.MULTILINE) if part else None
    start = head.end() if head else 0
    end = re.compile(r"^\[", re.MULTILINE).search(text, start)
    stop = end.start() if end else len(text)
    line = re.compile(rf'^("?{re.escape(name)}"? *= *)("[^"\n]*"|[^#\n]*?)( *(?:#.*)?)$', re.MULTILINE)
    found = line.search(text, start, stop)
    if (part and head is None) or found is None:
        raise PolicyError("policy_value", f"Expected a value of the policy, got {change!r}.", hint=_HINT)
    quoted = f'"{value}"' if found[2].startswith('"') else value
    changed = f"{text[: found.start()]}{found[1]}{quoted}{found[3]}{text[found.end() :]}"
    try:
        tomllib.loads(changed)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError("policy_value", f"Expected a value in TOML, got {change!r}: {error}.", hint=_HINT) from error
    return changed


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
