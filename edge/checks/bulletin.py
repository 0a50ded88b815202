"""Which bulletins speak of the item in hand. A pattern that cannot be held against it is shown and never accuses.

A bulletin without a condition speaks of all its products: a note with what to look for. One with a condition
(edge/condition.py) is silent where that does not hold, a reason to look where it does, and a note where what it asks
for is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from edge.checks import Checked, Findings, Source
from edge.condition import Facts, Value, holds
from edge.consignment import Consignment, DeclaredLine
from edge.inspection import Case
from edge.lookup import Bulletin, Edition, ItemLookup
from edge.policy import Policy

_CODES = {True: "bulletin.matches", None: "bulletin.undecided"}


def check(found: ItemLookup, case: Case, made: Checked, policy: Policy) -> Checked:
    """The bulletins of one item, after everything else was checked: they may ask for what was found."""
    if not found.bulletins:
        return Checked()
    gtin = str(found.item.gtin)
    facts = Facts(_values(found, case), {finding.code for finding in made.findings if finding.item in {"", gtin}})
    findings = []
    for bulletin in found.bulletins:
        answer = holds(bulletin.condition, facts)
        if answer is not False:
            code = _CODES[answer] if bulletin.condition.strip() else "bulletin.applies"
            source = Source(bulletin.source, bulletin.valid_from)
            said = Findings(policy, gtin, source).make(code, number=bulletin.number, title=_original(bulletin))
            findings.append(said)
    return Checked(findings=tuple(findings), ran=("bulletin",))


def check_quarter(edition: Edition | None, today: date, policy: Policy) -> Checked:
    """Whether the quarterly bulletins are those of this quarter or the one before."""
    if edition is None or not edition.bulletin_quarter:
        return Checked()
    year, quarter = (int(part) for part in edition.bulletin_quarter.split("-Q"))
    behind = (today.year - year) * 4 + (today.month + 2) // 3 - quarter
    if behind < policy.freshness.bulletin_quarters:
        return Checked()
    finding = Findings(policy, source=Source(edition.name)).make("bulletin.old", quarter=edition.bulletin_quarter)
    return Checked(findings=(finding,))


def _original(bulletin: Bulletin) -> str:
    """A publisher's own words: in English where it gave them, else in the first language that it wrote."""
    return bulletin.title.get("en") or next(iter(bulletin.title.values()), "") or bulletin.number


def _values(found: ItemLookup, case: Case) -> Mapping[str, Value]:
    """What is known of the item and of the line that declares it, by the names of edge/condition.py."""
    item, consignment = found.item, case.lookup.consignment
    symbols = [symbol for symbol in case.seen.symbols if symbol.source in item.sources]
    values: dict[str, Value | None] = {
        "serial": item.serial,
        "batch": item.batch,
        "expiry": item.expiry,
        "symbology": symbols[0].format if symbols else None,
    }
    if consignment is not None:
        values |= _declared(consignment, _line(found, consignment))
    return {name: value for name, value in values.items() if value not in (None, "")}


def _declared(consignment: Consignment, line: DeclaredLine | None) -> dict[str, Value | None]:
    told: dict[str, Value | None] = {
        "document_type": consignment.document_type,
        "declared_category": consignment.category,
        "platform": consignment.platform,
        "consignor_country": consignment.consignor.country if consignment.consignor else None,
        "consignee_country": consignment.consignee.country if consignment.consignee else None,
    }
    if line is not None:
        told |= {
            "declared_description": line.description,
            "declared_brand": line.brand,
            "declared_origin": line.origin,
            "declared_hs": line.hs,
            "declared_currency": line.currency,
            "declared_quantity": _number(line.quantity),
            "declared_net_g": _number(line.net_g),
            "declared_unit_value": line.value_minor / line.quantity if line.value_minor and line.quantity else None,
        }
    return told


def _line(found: ItemLookup, consignment: Consignment) -> DeclaredLine | None:
    """The line that declares the item: the one with its GTIN, or the only one."""
    named = [line for line in consignment.lines if line.gtin and line.gtin.zfill(14) == str(found.item.gtin)]
    if len(named) == 1:
        return named[0]
    return consignment.lines[0] if len(consignment.lines) == 1 else None


def _number(value: int | None) -> float | None:
    return None if value is None else float(value)
