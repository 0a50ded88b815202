"""What the box could not do. A fault of the box or of a picture, never a doubt about the parcel."""

from __future__ import annotations

from dataclasses import replace

from edge.checks import Checked, Findings
from edge.inspection import Seen, SystemFault
from edge.policy import Policy

_CODES = {
    "picture": "capture.refused",
    "decode": "system.decode",
    "compare": "system.compare",
    "recognise": "system.recognise",
    "text": "system.text",
    "registry": "system.registry",
    "evidence": "system.evidence",
    "consignments": "system.consignments",
}
TRIES = 2  # comparisons of one capture that may fail before it is left alone


def check(seen: Seen, policy: Policy) -> Checked:
    """Every fault that still stands, once for each part and capture."""
    findings = Findings(policy)
    standing = {(part_of(fault), fault.capture): fault for fault in settled(seen, of_this_turn=True).faults}
    codes = _CODES | ({"picture": "capture.refused_other"} if seen.captures else {})
    return Checked(
        findings=tuple(findings.make(codes[part], detail=fault.detail) for (part, _), fault in standing.items())
    )


def settled(seen: Seen, *, of_this_turn: bool = False) -> Seen:
    """`seen` without the faults whose work was done since; registry and declarations are asked anew at each turn."""
    compared = {comparison.capture for comparison in seen.comparisons}

    def stands(fault: SystemFault) -> bool:
        part = part_of(fault)
        if part == "compare":
            return fault.capture not in compared
        if part == "picture":
            return of_this_turn or not seen.captures
        return part not in {"registry", "consignments"} or of_this_turn

    return replace(seen, faults=tuple(fault for fault in seen.faults if stands(fault)))


def gave_up(seen: Seen, capture: str) -> bool:
    """Whether comparing a capture has failed so often that it is not tried again."""
    return sum(part_of(fault) == "compare" and fault.capture == capture for fault in seen.faults) >= TRIES


def part_of(fault: SystemFault) -> str:
    """The part of the bench that a fault's code begins with."""
    return fault.code.partition("_")[0]
