"""Is the product registered, is a right in force for it today, does a bulletin speak of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from edge.checks import Checked, Findings, Source
from edge.inspection import NotChecked
from edge.lookup import ItemLookup
from edge.policy import Policy


def check(found: ItemLookup, policy: Policy, today: date) -> Checked:
    """Product, bulletins and expiry of one item. Not being registered says nothing against a parcel."""
    gtin = str(found.item.gtin)
    findings = Findings(policy, item=gtin)
    if found.product is None:
        code = "product.in_store" if found.item.gtin.in_store else "product.unregistered"
        return Checked(
            findings=(findings.make(code, gtin=gtin),), not_run=(NotChecked("recordation", "reason.no_product", gtin),)
        )
    made = [
        Findings(policy, gtin, Source(bulletin.source, bulletin.valid_from)).make(
            "bulletin.applies", number=bulletin.number, title=_original(bulletin.title) or bulletin.number
        )
        for bulletin in found.bulletins
    ]
    if found.item.expiry is not None and found.item.expiry < today:
        made.append(findings.make("goods.expired", date=found.item.expiry.isoformat()))
    return Checked(findings=tuple(made), ran=("product",))


def _original(title: Mapping[str, str]) -> str:
    """A publisher's own words: in English where it gave them, else in the first language that it wrote."""
    return title.get("en") or next(iter(title.values()), "")


def check_recordations(found: ItemLookup, policy: Policy, today: date) -> Checked:
    """Whether a recordation that names the product is in force on `today`."""
    gtin = str(found.item.gtin)
    if found.product is None:
        return Checked()
    if not found.recordations:
        return Checked(findings=(Findings(policy, gtin).make("recordation.none"),), ran=("recordation",))
    if any(recordation.in_force(today) for recordation in found.recordations):
        return Checked(ran=("recordation",))
    nearest = max(found.recordations, key=lambda recordation: recordation.valid_to)
    code, day = ("recordation.expired", nearest.valid_to)
    if today < nearest.valid_from:
        code, day = ("recordation.not_yet", nearest.valid_from)
    finding = Findings(policy, gtin, Source(nearest.source, day)).make(
        code, number=nearest.number, right_holder=nearest.right_holder, date=day.isoformat()
    )
    return Checked(findings=(finding,), ran=("recordation",))
