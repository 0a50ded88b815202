"""What the registry says of a serial number. Known is never "a genuine item"; a stale registry accuses nobody."""

from __future__ import annotations

from edge.checks import Checked, Findings, Source
from edge.inspection import Finding, NotChecked
from edge.lookup import Edition, ItemLookup, Product, SerialStatus
from edge.policy import Policy
from edge.scanner_faults import meant_serials
from edge.serial_rule import fits

_NOT_RUN = {
    SerialStatus.NO_PROGRAMME: "reason.no_programme",
    SerialStatus.NOT_GIVEN: "reason.no_serial_read",
}
_BY_STATUS = {
    SerialStatus.REVOKED: "serial.revoked",
    SerialStatus.STOLEN: "serial.stolen",
    SerialStatus.REPORTED: "serial.reported",
}


def check(found: ItemLookup, edition: Edition | None, policy: Policy, *, stale: bool, repaired: bool) -> Checked:
    """The serial of one item against the registry's status and the product's own rule.

    A serial from a scan that had to be repaired may lack what the scanner never sent, and one that is registered as
    soon as a scanner's fault is thought away was misread: that it is unknown, or breaks the rule, is a matter of the
    input.
    """
    gtin, status, product = str(found.item.gtin), found.serial, found.product
    if product is None or status is None:
        return Checked(not_run=(NotChecked("serial", "reason.no_product", gtin),))
    findings = Findings(policy, gtin, Source(product.right_holder, edition.issued.date() if edition else None))
    if status in _NOT_RUN:
        missed = NotChecked("serial", _NOT_RUN[status], gtin)
        if status is SerialStatus.NOT_GIVEN:
            return Checked(
                findings=(Findings(policy, gtin).make("serial.not_read", product=product.name),), not_run=(missed,)
            )
        return Checked(findings=_of_rule_alone(found, product, findings, repaired=repaired), not_run=(missed,))
    repaired = repaired or found.misread
    if status is SerialStatus.BEFORE_PROGRAMME:
        start = product.programme_start.isoformat() if product.programme_start else product.first_serialised_batch
        note = findings.make("serial.before_programme", product=product.name, date=start)
        return Checked(findings=(note,), not_run=(NotChecked("serial", "reason.no_programme", gtin),))
    serial = found.item.serial or ""
    made = []
    if status in _BY_STATUS:
        made.append(findings.make(_BY_STATUS[status], serial=serial))
    elif status is SerialStatus.UNKNOWN:
        code = "serial.unknown_repaired" if repaired else "serial.unknown_stale" if stale else "serial.unknown"
        made.append(findings.make(code, serial=serial, product=product.name))
    if _breaks_rule(serial, product) and not repaired:
        made.append(findings.make("serial.rule", serial=serial, product=product.name))
    unasked = [] if product.serial_rule and not repaired else [("serial.rule", gtin)]
    if status is SerialStatus.UNKNOWN and (repaired or stale):  # whether it is registered cannot be said
        unasked.append(("serial.unknown", gtin))
    return Checked(findings=tuple(made), ran=("serial",), unasked=tuple(unasked))


def _of_rule_alone(found: ItemLookup, product: Product, findings: Findings, *, repaired: bool) -> tuple[Finding, ...]:
    """Without a register of serials: a serial that breaks the rule, also as a scanner's fault may have left it.

    To follow the rule is no check of the serial: whoever copies one follows it.
    """
    serial = found.item.serial or ""
    if not serial or repaired or any(not _breaks_rule(other, product) for other in (serial, *meant_serials(serial))):
        return ()
    return (findings.make("serial.rule", serial=serial, product=product.name),)


def _breaks_rule(serial: str, product: Product) -> bool:
    return bool(product.serial_rule) and not fits(product.serial_rule, serial)
