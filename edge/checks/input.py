"""What the codes' way into the box did to them: scanner faults and invalid data. Never a doubt about the parcel."""

from __future__ import annotations

from edge.checks import Checked, Findings
from edge.checks.consignment import plain
from edge.identity import Identity, InputFault
from edge.inspection import Finding, Seen
from edge.policy import Policy

_SHOWN = 60  # characters of a foreign code that a sentence shows


def check(seen: Seen, identity: Identity, policy: Policy) -> Checked:
    """Repairs are notes; damage that could not be repaired, and no readable symbol at all, limit the answer.

    A code of no known form that is the declaration's own number, as a house waybill's, was read and understood.
    """
    findings, declared = Findings(policy), seen.consignment
    known = set(map(plain, (declared.document, *declared.numbers))) if declared is not None else set[str]()
    unparsed = [text for text in identity.unparsed if plain(text) not in known]
    identified = bool(
        identity.items or identity.sscc or identity.parcel_numbers or len(unparsed) < len(identity.unparsed)
    )
    found = [_of_fault(fault, findings, identified=identified) for fault in identity.faults]
    found += [findings.make("symbol.unparsed", text=_short(text)) for text in unparsed]
    looked = bool(seen.captures or seen.symbols)
    if looked and not identified and not found and not seen.faults:
        found.append(findings.make("symbol.unreadable"))
    return Checked(findings=tuple(found))


def _of_fault(fault: InputFault, findings: Findings, *, identified: bool) -> Finding:
    if fault.repaired is not None:
        return findings.make("input.repaired", fault=f"@fault.{fault.code}", repaired=_short(fault.repaired))
    if "ambiguous" in fault.code:
        return findings.make("input.ambiguous", fault=f"@fault.{fault.code}")
    return findings.make("input.invalid_other" if identified else "input.invalid", message=_short(fault.message, 200))


def _short(text: str, limit: int = _SHOWN) -> str:
    shown = "".join(c if c.isprintable() else "·" for c in text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
