"""Is the product registered, and is a right in force for it today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from edge.checks import Checked, Findings, Source
from edge.inspection import Finding, NotChecked
from edge.lookup import ItemLookup, LookupResult, Recordation, SerialStatus
from edge.names import has_words, normalised
from edge.policy import Policy


def check(found: ItemLookup, policy: Policy, today: date) -> Checked:
    """Product and expiry of one item. Not being registered says nothing against a parcel."""
    gtin = str(found.item.gtin)
    findings = Findings(policy, item=gtin)
    if found.product is None:
        code = "product.in_store" if found.item.gtin.in_store else "product.unregistered"
        return Checked(
            findings=(findings.make(code, gtin=gtin),), not_run=(NotChecked("recordation", "reason.no_product", gtin),)
        )
    made = []
    if found.serial is SerialStatus.NO_PROGRAMME and not found.faces:
        made.append(findings.make("product.nothing_registered", product=found.product.name))
    if found.item.expiry is not None and found.item.expiry < today:
        made.append(findings.make("goods.expired", date=found.item.expiry.isoformat()))
    unasked = () if found.item.expiry is not None else (("goods.expired", gtin),)
    return Checked(findings=tuple(made), ran=("product",), unasked=unasked)


def check_recordations(found: ItemLookup, lookup: LookupResult, policy: Policy, today: date) -> Checked:
    """Whether a recordation that names the product is in force on `today`, and for the office where the box stands."""
    gtin = str(found.item.gtin)
    if found.product is None:
        return Checked()
    if not found.recordations:
        return Checked(findings=(Findings(policy, gtin).make("recordation.none"),), ran=("recordation",))
    standing = [recordation for recordation in found.recordations if recordation.in_force(today)]
    if standing:
        made = tuple(_of_standing(standing, gtin, lookup, policy))
        told = lookup.consignment is not None and lookup.consignment.is_small is not None
        nowhere = () if lookup.office else (("recordation.other_office", gtin),)
        unasked = nowhere if told else (*nowhere, ("recordation.small", gtin))
        return Checked(findings=made, ran=("recordation",), unasked=unasked)
    nearest = max(found.recordations, key=lambda recordation: recordation.valid_to)
    code, day = ("recordation.expired", nearest.valid_to)
    if today < nearest.valid_from:
        code, day = ("recordation.not_yet", nearest.valid_from)
    finding = Findings(policy, gtin, Source(nearest.source, day)).make(
        code, number=nearest.number, right_holder=nearest.right_holder, date=day.isoformat()
    )
    return Checked(findings=(finding,), ran=("recordation",))


def _of_standing(standing: list[Recordation], gtin: str, lookup: LookupResult, policy: Policy) -> Iterator[Finding]:
    """What is to be said of recordations in force: filed for other offices, or opted in for small consignments."""
    here = [one for one in standing if not (one.offices and lookup.office) or _is_filed(one, lookup.office)]
    if not here:
        one = standing[0]
        findings = Findings(policy, gtin, Source(one.source or one.right_holder, one.valid_from))
        yield findings.make("recordation.other_office", number=one.number, offices=", ".join(one.offices))
    opted = next((one for one in here if one.small_consignment), None)
    if opted is not None and lookup.consignment is not None and lookup.consignment.is_small:
        findings = Findings(policy, gtin, Source(opted.source or opted.right_holder, opted.valid_from))
        yield findings.make("recordation.small", number=opted.number, right_holder=opted.right_holder)


def _is_filed(recordation: Recordation, office: str) -> bool:
    """Whether it was filed for the office: by its name, or where one is a part of the other.

    "Naha" for "Naha, bench 2", "Naha Customs" for "Naha", 那覇 for 那覇税関.
    """
    here = normalised(office)
    return any(has_words(here, name) or has_words(name, here) for name in map(normalised, recordation.offices))
