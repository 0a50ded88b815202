"""The supply route: declared maker, route and importer against the right holder's own. Mostly an advice, no alarm.

Goods outside the right holder's routes may be parallel imports, which are no counterfeits. The exporter is compared as
the start of the route only: of a parcel it is whoever sold it.
"""

from __future__ import annotations

from edge.checks import Checked, Findings, Source, joined
from edge.checks.consignment import declared_line, not_comparable
from edge.consignment import Consignment, DeclaredLine
from edge.inspection import NotChecked
from edge.lookup import LookupResult, Product
from edge.names import best_of, essential, has_words, scripts
from edge.policy import Policy

NAME = "supply"
_CODES = ("supply.maker", "supply.route", "supply.importer")


def check(lookup: LookupResult, policy: Policy) -> Checked:
    """Every registered item that has authorised makers, importers or routes."""
    known = [found.product for found in lookup.items if found.product is not None]
    products = {product.gtin: product for product in known if product.makers or product.importers or product.routes}
    if not products:
        return Checked()
    missed, consignment = not_comparable(lookup, NAME), lookup.consignment
    if missed is not None or consignment is None:
        return Checked(not_run=(missed,) if missed else ())
    least = policy.consignment.words_similarity
    best = {gtin: declared_line(product, consignment, least) for gtin, product in products.items()}
    if all(one.fit < least for one in best.values()):
        return Checked(not_run=(NotChecked(NAME, "reason.no_line"),))
    answer = joined(
        _of_product(product, best[gtin].line, consignment, Findings(policy, str(gtin), _source(product, lookup)))
        if best[gtin].fit >= least
        else Checked(not_run=(NotChecked(NAME, "reason.no_line", str(gtin)),))
        for gtin, product in products.items()
    )
    if not answer.findings and not _says_something(consignment):
        return Checked(not_run=(NotChecked(NAME, "reason.not_declared"),))
    others = {str(product.gtin) for product in known if product.gtin not in products}
    return joined((answer, Checked(unasked=tuple((code, gtin) for gtin in sorted(others) for code in _CODES))))


def _says_something(consignment: Consignment) -> bool:
    return bool(consignment.route or any(line.maker for line in consignment.lines))


def _source(product: Product, lookup: LookupResult) -> Source:
    """Who says which makers, routes and importers are the right holder's, and since which edition."""
    return Source(product.source or product.right_holder, lookup.edition.issued.date() if lookup.edition else None)


def _of_product(product: Product, line: DeclaredLine, consignment: Consignment, findings: Findings) -> Checked:
    policy = findings.policy
    route, importer = consignment.route, consignment.consignee.name if consignment.consignee else ""
    trade = line.quantity is not None and line.quantity > policy.consignment.personal_quantity
    own, importers = (*product.makers, product.right_holder), (*product.importers, product.right_holder)
    maker = _is_other(line.maker, own, policy) if line.maker and product.makers else None
    departs = {
        "supply.maker": maker,
        "supply.route": route not in product.routes if route and product.routes else None,
        "supply.importer": _is_other(importer, importers, policy) if importer and trade and product.importers else None,
    }
    said = {
        "supply.maker": {"declared": line.maker, "registered": ", ".join(product.makers)},
        "supply.route": {"declared": route, "registered": ", ".join(product.routes)},
        "supply.importer": {"registered": ", ".join(product.importers)},
    }
    unread = maker is None and line.maker and product.makers
    if not unread and set(departs.values()) == {None}:  # what is declared is not what is registered of it
        unasked = tuple((code, findings.item) for code in _CODES)
        return Checked(not_run=(NotChecked(NAME, "reason.no_product_data", findings.item),), unasked=unasked)
    return Checked(
        findings=tuple(findings.make(code, None, **said[code]) for code, other in departs.items() if other),
        ran=(NAME,),
        not_run=(NotChecked(NAME, "reason.other_script", findings.item),) if unread else (),
        unasked=tuple((code, findings.item) for code, other in departs.items() if other is None),
    )


def _is_other(declared: str, registered: tuple[str, ...], policy: Policy) -> bool | None:
    """Whether a name is none of the registered ones, with more words or fewer; None: they are in another script."""
    if best_of(declared, registered).score >= policy.consignment.words_similarity:
        return False
    mine = essential(declared)
    if any(has_words(mine, name) or has_words(name, mine) for name in map(essential, registered)):
        return False
    return True if any(scripts(mine) & scripts(essential(name)) for name in registered) else None
