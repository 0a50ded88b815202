"""Which bulletins speak of the item in hand. A pattern that cannot be held against it is shown and never accuses.

A bulletin without a condition speaks of all its products: a note with what to look for. One with a condition
(edge/condition.py) is silent where that does not hold, a reason to look where it does, and a note where what it asks
for is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from edge.captures import DecodedSymbol
from edge.checks import Checked, Findings, Source
from edge.checks.consignment import declared_line
from edge.condition import ConditionError, Facts, Value, holds
from edge.consignment import Consignment, DeclaredLine
from edge.gs1 import TradeItem
from edge.inspection import Case
from edge.lookup import Bulletin, Edition, ItemLookup, LookupResult
from edge.policy import Policy

_ALWAYS = frozenset({"input", "symbol", "system", "registry"})  # groups of findings that nothing is needed for
# What other boxes saw is known as far as a central has told: that it told nothing says nothing.
_ELSEWHERE = frozenset({"serial.seen_other_port", "serial.velocity", "parcel.seen_other_port"})
_CODES = {True: "bulletin.matches", None: "bulletin.undecided"}


def check(found: ItemLookup, case: Case, made: Checked, policy: Policy) -> Checked:
    """The bulletins of one item, after everything else was checked: they may ask for what was found."""
    if not found.bulletins:
        return Checked()
    gtin, findings = str(found.item.gtin), []
    for bulletin, answer in _speaking(found, case, made, policy):
        code = _CODES[answer] if bulletin.condition.strip() else "bulletin.applies"
        source = Source(bulletin.source, bulletin.valid_from)
        findings.append(Findings(policy, gtin, source).make(code, number=bulletin.number, title=_original(bulletin)))
    return Checked(findings=tuple(findings), ran=("bulletin",))


def that_apply(case: Case, made: Checked, policy: Policy) -> LookupResult:
    """What is known, of the bulletins those that `check` tells: the others speak of other items."""
    items = (
        replace(found, bulletins=tuple(bulletin for bulletin, _ in _speaking(found, case, made, policy)))
        for found in case.lookup.items
    )
    return replace(case.lookup, items=tuple(items))


def _speaking(found: ItemLookup, case: Case, made: Checked, policy: Policy) -> Iterator[tuple[Bulletin, bool | None]]:
    gtin = str(found.item.gtin)
    codes = {finding.code for finding in made.findings if finding.item in {"", gtin}}
    facts = Facts(_values(found, case, policy), codes, _unasked(made, gtin, case, policy))
    for bulletin in found.bulletins:
        answer = _speaks(bulletin, facts)
        if answer is not False:
            yield bulletin, answer


def _speaks(bulletin: Bulletin, facts: Facts) -> bool | None:
    """Whether a bulletin speaks of an item; None: not decided, as where its condition is of another version."""
    try:
        return holds(bulletin.condition, facts)
    except ConditionError:
        return None


def _unasked(made: Checked, gtin: str, case: Case, policy: Policy) -> frozenset[str]:
    """The codes of findings that could not be made of an item: their check did not run, or had nothing to compare."""
    missed = {one.check for one in made.not_run if one.item == gtin}
    ran = {name for name in made.ran if name not in missed}
    if case.seen.captures:
        ran.add("capture")
    missing = {code for code in policy.weights if not {_check_of(code)} & (ran | _ALWAYS)}
    return frozenset(missing | _ELSEWHERE | {code for code, item in made.unasked if item in {"", gtin}})


def _check_of(code: str) -> str:
    """The check that makes a finding."""
    group = code.partition(".")[0]
    if code.startswith(("serial.seen_", "serial.velocity")):
        return "sightings"
    return {"watch": "watch_list", "parcel": "sightings", "goods": "product"}.get(group, group)


def check_quarter(edition: Edition | None, today: date, policy: Policy) -> Checked:
    """Whether the quarterly bulletins are those of this quarter or the one before."""
    if edition is None or not edition.bulletin_quarter:
        return Checked()
    year, quarter = (int(part) for part in edition.bulletin_quarter.split("-Q"))
    behind = (today.year - year) * 4 + (today.month + 2) // 3 - quarter
    if behind < policy.freshness.bulletin_quarters:
        return Checked()
    source = Source(edition.name, edition.issued.date())
    finding = Findings(policy, source=source).make("bulletin.old", quarter=edition.bulletin_quarter)
    return Checked(findings=(finding,))


def _original(bulletin: Bulletin) -> str:
    """A publisher's own words: in English where it gave them, else in the first language that it wrote."""
    return bulletin.title.get("en") or next(iter(bulletin.title.values()), "") or bulletin.number


def _values(found: ItemLookup, case: Case, policy: Policy) -> Mapping[str, Value]:
    """What is known of the item and of the line that declares it, by the names of edge/condition.py."""
    item, consignment = found.item, case.lookup.consignment
    formats = {symbol.format for symbol in case.seen.symbols if _names(symbol, item)}
    values: dict[str, Value | None] = {
        "serial": item.serial,
        "batch": item.batch,
        "expiry": item.expiry,
        "symbology": next(iter(formats)) if len(formats) == 1 else None,  # of several none is the item's
    }
    if consignment is not None:
        values |= _declared(consignment, _line(found, consignment, policy))
    return {name: value for name, value in values.items() if value not in (None, "")}


def _names(symbol: DecodedSymbol, item: TradeItem) -> bool:
    """Whether a symbol is the one that names an item: a gun that reads it may have read the parcel's label, too."""
    return symbol.source in item.sources and str(item.gtin).lstrip("0") in symbol.text


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
            "declared_unit_value": _of_each(line.value_minor, line.quantity),
        }
    return told


def _line(found: ItemLookup, consignment: Consignment, policy: Policy) -> DeclaredLine | None:
    """The line that declares the item, as for the declaration's own check; None: it is not told which does."""
    if found.product is None or not consignment.lines:
        return None
    least = policy.consignment.words_similarity
    best = declared_line(found.product, consignment, least)
    return best.line if best.fit >= least else None


def _of_each(value_minor: int | None, quantity: int | None) -> float | None:
    return value_minor / quantity if value_minor is not None and quantity else None


def _number(value: int | None) -> float | None:
    return None if value is None else float(value)
