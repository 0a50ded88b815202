"""The supply route: declared maker, route and importer against the right holder's own. Mostly an advice, no alarm.

Goods outside the right holder's routes may be parallel imports, which are no counterfeits. The exporter is compared as
the start of the route only: of a parcel it is whoever sold it.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge.checks import Checked, Findings, Source
from edge.checks.consignment import declared_line, not_comparable
from edge.consignment import Consignment, DeclaredLine
from edge.inspection import Finding, NotChecked
from edge.lookup import LookupResult, Product
from edge.names import best_of, essential, has_words, scripts
from edge.policy import Policy

NAME = "supply"


def check(lookup: LookupResult, policy: Policy) -> Checked:
    """Every registered item that has authorised makers, importers or routes."""
    known = [found.product for found in lookup.items if found.product is not None]
    products = {product.gtin: product for product in known if product.makers or product.importers or product.routes}
    if not products:
        return Checked()
    missed, consignment = not_comparable(lookup, NAME), lookup.consignment
    if missed is not None or consignment is None:
        return Checked(not_run=(missed,) if missed else ())
    made: list[Finding] = []
    unread: list[NotChecked] = []
    for product in products.values():
        best = declared_line(product, consignment, policy.consignment.words_similarity)
        if best.fit >= policy.consignment.words_similarity:
            made += _of_product(product, best.line, consignment, policy)
            if best.line.maker and _is_other(best.line.maker, product.makers, policy) is None:
                unread.append(NotChecked(NAME, "reason.other_script", str(product.gtin)))
    if not made and not _says_something(consignment):
        return Checked(not_run=(NotChecked(NAME, "reason.not_declared"),))
    return Checked(findings=tuple(made), ran=(NAME,), not_run=tuple(unread))


def _says_something(consignment: Consignment) -> bool:
    return bool(consignment.route or any(line.maker for line in consignment.lines))


def _of_product(product: Product, line: DeclaredLine, consignment: Consignment, policy: Policy) -> Iterator[Finding]:
    findings = Findings(policy, str(product.gtin), Source(product.source))
    if line.maker and product.makers and _is_other(line.maker, (*product.makers, product.right_holder), policy):
        yield findings.make("supply.maker", declared=line.maker, registered=", ".join(product.makers))
    route = consignment.route
    if route and product.routes and route not in product.routes:
        yield findings.make("supply.route", declared=route, registered=", ".join(product.routes))
    importer = consignment.consignee.name if consignment.consignee else ""
    trade = line.quantity is not None and line.quantity > policy.consignment.personal_quantity
    own = (*product.importers, product.right_holder)
    if importer and trade and product.importers and _is_other(importer, own, policy):
        yield findings.make("supply.importer", registered=", ".join(product.importers))


def _is_other(declared: str, registered: tuple[str, ...], policy: Policy) -> bool | None:
    """Whether a name is none of the registered ones, with more words or fewer; None: they are in another script."""
    if best_of(declared, registered).score >= policy.consignment.words_similarity:
        return False
    mine = essential(declared)
    if any(has_words(mine, name) or has_words(name, mine) for name in map(essential, registered)):
        return False
    return True if any(scripts(mine) & scripts(essential(name)) for name in registered) else None
