"""Declared versus found. A declaration is a claim: compared line by line, never silently corrected."""

from __future__ import annotations

import unicodedata

from rapidfuzz import fuzz

from edge.checks import Checked, Findings, Source
from edge.consignment import Consignment, DeclaredLine
from edge.inspection import Finding, NotChecked
from edge.lookup import ItemLookup, LookupResult, Product
from edge.policy import Policy

_CHAPTER = 2  # digits of an HS chapter


def check(lookup: LookupResult, policy: Policy) -> Checked:
    """Every registered item against the declared line that fits it best."""
    consignment = lookup.consignment
    if consignment is None or not consignment.lines:
        return Checked(not_run=(NotChecked("consignment", "reason.no_consignment"),))
    known = [found for found in lookup.items if found.product is not None]
    if not known:
        return Checked(not_run=(NotChecked("consignment", "reason.no_product_data"),))
    made = [finding for found in known for finding in _of_item(found, consignment, policy)]
    return Checked(findings=tuple(made), ran=("consignment",))


def check_watch_list(lookup: LookupResult, policy: Policy) -> Checked:
    """Hits of the watch list. Names stay out of the arguments: the entry's id is enough to find them."""
    if lookup.consignment is None or lookup.consignment.consignor is None:
        return Checked(not_run=(NotChecked("watch_list", "reason.no_consignment"),))
    if lookup.edition is None:
        return Checked(not_run=(NotChecked("watch_list", "reason.no_registry"),))
    made = [
        Findings(policy, source=Source(hit.source, hit.valid_to)).make(
            "watch.listed", kind=f"@kind.{hit.kind}", entry=hit.entry, similarity=f"{hit.similarity:.0f}"
        )
        for hit in lookup.watch_hits
    ]
    return Checked(findings=tuple(made), ran=("watch_list",))


def _of_item(found: ItemLookup, consignment: Consignment, policy: Policy) -> list[Finding]:
    product = found.product
    if product is None:
        return []
    findings = Findings(policy, str(found.item.gtin), Source(consignment.document_type or consignment.document))
    line, likeness = max(((line, _likeness(line, product)) for line in consignment.lines), key=lambda pair: pair[1])
    if likeness < policy.consignment.words_similarity:
        return [findings.make("consignment.goods", declared=line.description, product=product.name)]
    return _of_line(line, product, consignment, findings, policy)


def _of_line(
    line: DeclaredLine, product: Product, consignment: Consignment, findings: Findings, policy: Policy
) -> list[Finding]:
    made = []
    limits = policy.consignment
    if line.brand and _likeness_of(line.brand, product.brand) < limits.words_similarity:
        made.append(findings.make("consignment.brand", declared=line.brand, brand=product.brand))
    if line.origin and product.origins and line.origin.upper() not in product.origins:
        registered = ", ".join(product.origins)
        made.append(findings.make("consignment.origin", declared=line.origin.upper(), registered=registered))
    if line.hs and product.hs and line.hs[:_CHAPTER] != product.hs[:_CHAPTER]:
        made.append(findings.make("consignment.hs", declared=line.hs[:_CHAPTER], registered=product.hs[:_CHAPTER]))
    made += _of_value(line, product, findings, limits.value_low_share)
    if line.quantity is not None and line.quantity > limits.personal_quantity and consignment.category == "gift":
        made.append(findings.make("consignment.quantity", quantity=str(line.quantity)))
    return made


def _of_value(line: DeclaredLine, product: Product, findings: Findings, low_share: float) -> list[Finding]:
    if line.value_minor is None or not line.quantity or not product.value_min_minor:
        return []
    if line.currency != product.currency:
        return []
    each = line.value_minor / line.quantity
    if each >= product.value_min_minor * low_share:
        return []
    usual = f"{product.value_min_minor} {product.currency} (minor units)"
    return [findings.make("consignment.value", declared=f"{each:.0f}", usual=usual)]


def _likeness(line: DeclaredLine, product: Product) -> float:
    """0..100: how well a declared line names the product, by GTIN, name, brand or registered words."""
    if line.gtin and line.gtin.zfill(14) == str(product.gtin):
        return 100.0
    registered = [product.name, product.brand, *product.words.values()]
    return max(_likeness_of(line.description, words) for words in registered if words) if line.description else 0.0


def _likeness_of(declared: str, registered: str) -> float:
    """Token-set similarity of NFKC-folded words (rapidfuzz), 0..100."""
    return float(fuzz.token_set_ratio(_fold(declared), _fold(registered)))


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split())
