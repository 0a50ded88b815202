"""Do the symbols of one item agree with each other."""

from __future__ import annotations

from edge.checks import Checked, Findings
from edge.identity import Identity
from edge.policy import Policy


def check(identity: Identity, policy: Policy) -> Checked:
    """Every contradiction that identification met."""
    if not identity.items:
        return Checked()
    findings = Findings(policy)
    made = [
        findings.make("codes.contradict", element=f"@element.{c.element}", values=" / ".join(c.values))
        for c in identity.contradictions
    ]
    return Checked(findings=tuple(made), ran=("codes",))
