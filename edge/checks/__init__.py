"""The checks: each a small pure function of what was seen and what the registry knows, each with its cause.

`Checked` is what every check answers. `edge/steps/decide.py` joins the answers into a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from edge.captures import Box, Evidence
from edge.inspection import Cause, Finding, NotChecked
from edge.messages import message
from edge.policy import Policy


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer of one check: what it found, whether it ran, and why not.

    `unasked` are codes, each with its item, of findings that a check which ran had nothing to make of: no origin was
    declared, no rule is registered. That they were not found says nothing.
    """

    findings: tuple[Finding, ...] = ()
    ran: tuple[str, ...] = ()
    not_run: tuple[NotChecked, ...] = ()
    unasked: tuple[tuple[str, str], ...] = ()


def joined(answers: Iterable[Checked]) -> Checked:
    """Several answers as one, in their order."""
    parts = tuple(answers)
    return Checked(
        findings=tuple(finding for part in parts for finding in part.findings),
        ran=tuple(dict.fromkeys(name for part in parts for name in part.ran)),
        not_run=tuple(dict.fromkeys(missed for part in parts for missed in part.not_run)),
        unasked=tuple(dict.fromkeys(one for part in parts for one in part.unasked)),
    )


@dataclass(frozen=True, slots=True)
class Source:
    """Who says so, and of what date."""

    name: str = ""
    dated: date | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """The pictures that show a finding, and the place in the capture."""

    evidence: tuple[Evidence, ...] = ()
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """Makes findings with the cause of their message and the weight of the policy."""

    policy: Policy
    item: str = ""
    source: Source = field(default_factory=Source)

    def make(self, code: str, proof: Proof | None = None, **arguments: str) -> Finding:
        """One finding. `arguments` fill the sentence of `code`."""
        shown = proof or Proof()
        return Finding(
            code=code,
            cause=Cause(message(code).cause),
            weight=self.policy.weights[code],
            arguments=_plain(arguments),
            item=self.item,
            evidence=shown.evidence,
            box=shown.box,
            source=self.source.name,
            dated=self.source.dated,
        )


def _plain(arguments: Mapping[str, str]) -> dict[str, str]:
    return {name: str(value) for name, value in arguments.items()}
