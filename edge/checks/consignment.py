"""Declared versus found, line by line. A declaration is a claim: compared, never corrected.

What cannot be compared accuses nobody: words in a script that the registry has none in, words that name no goods or are
listed nowhere, a value in another currency, a house number of several issuers. Each is named among what was not
checked, and goods are another's only where every line names other ones: one that cannot be read may be the item's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from babel.numbers import get_currency_precision
from rapidfuzz import fuzz

from edge import goods
from edge.checks import Checked, Findings, Source, joined
from edge.consignment import Consignment, DeclaredLine
from edge.errors import CodeRefused
from edge.gs1 import Gtin
from edge.identity import Identity
from edge.inspection import NotChecked
from edge.lookup import ItemLookup, LookupResult, Product
from edge.names import SPELLING, latin, normalised, scripts
from edge.policy import Policy

_CHAPTER, _HEADING = 2, 4  # digits of an HS chapter and heading
_FITS = 100.0
_S10, _SSCC = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}"), re.compile(r"[0-9]{18}")
_GIFT = frozenset({"gift", "gifts", "cadeau", "cadeaux", "贈物", "贈り物", "ギフト", "present"})


@dataclass(frozen=True, slots=True)
class Declared:
    """The line that a product is declared by, and how well it fits, 0..100."""

    line: DeclaredLine
    fit: float


def check(lookup: LookupResult, policy: Policy) -> Checked:
    """Every registered product that was met against the declared line that fits it best."""
    missed = not_comparable(lookup, "consignment")
    consignment = lookup.consignment
    if missed is not None or consignment is None:
        return Checked(not_run=(missed,) if missed else ())
    known: dict[Gtin, ItemLookup] = {}  # the first item of each product: of another one the same would be said
    for found in lookup.items:
        if found.product is not None:
            known.setdefault(found.item.gtin, found)
    if not known:
        return _of_package(consignment, lookup, policy)
    return joined(_of_item(found, consignment, lookup, policy) for found in known.values())


def _of_package(consignment: Consignment, lookup: LookupResult, policy: Policy) -> Checked:
    """No code names a registered product: the declaration against the one that the package looks like."""
    if not lookup.recognised:
        return Checked(not_run=(NotChecked("consignment", "reason.no_product_data"),))
    product, least = lookup.recognised[0], policy.consignment.words_similarity
    best = declared_line(product, consignment, least)
    findings = Findings(policy, source=Source(consignment.document_type or consignment.document))
    if best.fit >= least:
        return _answer(_of_line(best.line, product, consignment, policy), findings)
    missing = _unclear(product, consignment)
    if missing:
        return Checked(not_run=(NotChecked("consignment", missing),))
    told = findings.make("consignment.package", declared=best.line.description, product=product.name)
    return Checked(findings=(told,), ran=("consignment",))


def _unclear(product: Product, consignment: Consignment) -> str:
    """Why the lines, none of which fits, may yet declare a product; "" where every one clearly names other goods."""
    lines = (line for line in consignment.lines if not _names_other(line, product))
    return next(filter(None, (_not_telling(line, product) for line in lines)), "")


def not_comparable(lookup: LookupResult, name: str) -> NotChecked | None:
    """Why there is nothing declared to compare with; None when there is."""
    if lookup.consignment is not None and lookup.consignment.several:
        return NotChecked(name, "reason.consignment_several")
    if lookup.consignment is None or not lookup.consignment.lines:
        return NotChecked(name, "reason.no_consignment")
    return None


def check_number(lookup: LookupResult, identity: Identity, policy: Policy) -> Checked:
    """Whether the declaration that came with the codes bears a number of the parcel, where both have one of a kind.

    One that was found ahead was found by it. Kinds are compared with themselves: S10 with S10, SSCC with SSCC.
    """
    declared, nothing = lookup.consignment, Checked(unasked=(("consignment.number", ""),))
    if declared is None or declared.several:
        return nothing
    scanned = {number.value for number in identity.parcel_numbers} | {sscc.value for sscc in identity.sscc}
    read, told = {plain(one) for one in scanned}, [declared.document, *declared.numbers]
    if not read.isdisjoint(map(plain, told)):
        return Checked()
    for kind in (_S10, _SSCC):
        mine = sorted(one for one in read if kind.fullmatch(one))
        others = [one for one in told if kind.fullmatch(plain(one))]
        if mine and others:
            made = Findings(policy).make("consignment.number", declared=others[0], scanned=mine[0])
            return Checked(findings=(made,))
    return nothing


def plain(number: str) -> str:
    """A number as it is compared: letters and digits, upper case; an SSCC without its AI 00."""
    plain = "".join(letter for letter in number.upper() if letter.isalnum())
    return plain[2:] if _SSCC.fullmatch(plain[2:]) and plain.startswith("00") else plain


def check_watch_list(lookup: LookupResult, policy: Policy) -> Checked:
    """Hits of the watch list. Names stay out of the arguments: the entry's id is enough to find them.

    The same name written otherwise is one thing, nearly the same spelling another: many honest names are that near.
    Where several were declared and none can be chosen, the sender of any of them is told, and is a note.
    """
    declared = lookup.consignment
    if declared is None or not (lookup.watch_hits or declared.asked_senders):
        reason = "reason.consignment_several" if declared is not None and declared.several else "reason.no_consignment"
        return Checked(not_run=(NotChecked("watch_list", reason),))
    if lookup.edition is None:
        return Checked(not_run=(NotChecked("watch_list", "reason.no_registry"),))
    made = []
    for hit in lookup.watch_hits:
        since = hit.valid_from or lookup.edition.issued.date()
        findings = Findings(policy, source=Source(hit.source or lookup.edition.name, since))
        kind, entry = f"@kind.{hit.kind}", hit.entry
        if hit.among:
            how, senders = f"@how.{hit.how}", str(hit.among)
            made.append(findings.make("watch.one_of_several", senders=senders, kind=kind, entry=entry, how=how))
        elif hit.how == SPELLING:
            made.append(findings.make("watch.similar", kind=kind, entry=entry, similarity=f"{hit.similarity:.0f}"))
        else:
            made.append(findings.make("watch.listed", kind=kind, entry=entry, how=f"@how.{hit.how}"))
    return Checked(findings=tuple(made), ran=("watch_list",))


def declared_line(product: Product, consignment: Consignment, least: float) -> Declared:
    """The line that fits a product best; of those that fit alike, as two goods of one heading, the one that names it.

    One with another product's GTIN declares that. The consignment has lines. `least` is the policy's likeness of words,
    0..100.
    """
    fits = [(line, 0.0 if _names_other(line, product) else _fit(line, product, least)) for line in consignment.lines]
    own = f"{product.brand} {product.name}"
    best = max(fit for _, fit in fits)
    lines = [line for line, fit in fits if fit == best]
    line = max(lines, key=lambda one: _alike(f"{one.brand} {one.description}", own)) if lines[1:] else lines[0]
    return Declared(line, best)


def _of_item(found: ItemLookup, consignment: Consignment, lookup: LookupResult, policy: Policy) -> Checked:
    product = found.product
    if product is None:
        return Checked()
    gtin = str(found.item.gtin)
    findings = Findings(policy, gtin, Source(consignment.document_type or consignment.document))
    least = policy.consignment.words_similarity
    best = declared_line(product, consignment, least)
    if best.fit < least:
        missing = _unclear(product, consignment)
        if missing:
            return Checked(not_run=(NotChecked("consignment", missing, gtin),))
        other = next((line for line in consignment.lines if _names_other(line, product)), None)
        if other is not None and (_fit(other, product, least) >= least or _not_telling(other, product)):
            made = findings.make("consignment.gtin", declared=other.gtin, found=gtin)
        else:
            made = findings.make("consignment.goods", declared=best.line.description, product=product.name)
        unread = tuple(NotChecked(name, "reason.no_line", gtin) for name in ("declared_value", "declared_weight"))
        unasked = tuple((code, gtin) for code in _OF_LINE)
        return Checked(findings=(made,), ran=("consignment",), not_run=unread, unasked=unasked)
    held = (*_of_line(best.line, product, consignment, policy), _more(found, consignment, lookup, policy))
    missed = tuple(NotChecked(name, reason, gtin) for name, reason in _not_compared(best.line, product))
    no_number = () if best.line.gtin else (("consignment.gtin", gtin),)
    return joined((_answer(held, findings), Checked(not_run=missed, unasked=no_number)))


def _names_other(line: DeclaredLine, product: Product) -> bool:
    """Whether a line's GTIN is another product's. The number of a carton of several is the product's own."""
    declared = _gtin(line)
    return declared is not None and declared.value[1:-1] != product.gtin.value[1:-1]


def _gtin(line: DeclaredLine) -> Gtin | None:
    try:
        return Gtin.parse(line.gtin)
    except CodeRefused:
        return None


@dataclass(frozen=True, slots=True)
class _Held:
    """One thing that a line says, held against the product: does it depart? None: there is nothing to compare."""

    code: str
    departs: bool | None
    arguments: Mapping[str, str] = field(default_factory=dict)


def _of_line(line: DeclaredLine, product: Product, consignment: Consignment, policy: Policy) -> Iterator[_Held]:
    limits = policy.consignment
    bad = _gtin(line) is None if line.gtin else None
    yield _Held("consignment.gtin_invalid", bad, {"declared": line.gtin})
    other = _alike(line.brand, product.brand) < limits.words_similarity if line.brand else None
    yield _Held("consignment.brand", other, {"declared": line.brand, "brand": product.brand})
    origin, origins = line.origin.upper(), product.origins
    other = origin not in origins if origin and origins else None
    yield _Held("consignment.origin", other, {"declared": origin, "registered": ", ".join(origins)})
    chapter, registered = line.hs[:_CHAPTER], product.hs[:_CHAPTER]
    other = chapter != registered if chapter and registered else None
    yield _Held("consignment.hs", other, {"declared": chapter, "registered": registered})
    yield _value(line, product, limits.value_low_share)
    yield _weight(line, product, limits.weight_share)
    many = line.quantity > limits.personal_quantity if line.quantity is not None else None
    gift = _is_gift(consignment) if consignment.category else None
    both = False if many is False or gift is False else many and gift
    limit = str(limits.personal_quantity)
    yield _Held("consignment.quantity", both, {"quantity": str(line.quantity), "limit": limit})


# What is asked of the line that fits; where none does, none of it is.
_OF_LINE = tuple(
    f"consignment.{name}" for name in ("gtin_invalid", "brand", "origin", "hs", "value", "weight", "quantity", "more")
)


def _answer(held: Iterable[_Held], findings: Findings) -> Checked:
    told = tuple(held)
    return Checked(
        findings=tuple(findings.make(one.code, None, **one.arguments) for one in told if one.departs),
        ran=("consignment",),
        unasked=tuple((one.code, findings.item) for one in told if one.departs is None),
    )


def _is_gift(consignment: Consignment) -> bool:
    """Whether it is declared as a gift, in the words of CN22 and CN23 in English, French or Japanese."""
    return not _GIFT.isdisjoint(normalised(consignment.category).split())


def _not_compared(line: DeclaredLine, product: Product) -> Iterator[tuple[str, str]]:
    """What was declared and could not be compared, by check and reason."""
    if line.value_minor is not None and product.value_min_minor:
        if line.currency != product.currency:
            yield "declared_value", "reason.other_currency"
        elif not line.quantity:
            yield "declared_value", "reason.no_quantity"
    if line.net_g and product.net_g and not line.quantity:
        yield "declared_weight", "reason.no_quantity"


def _value(line: DeclaredLine, product: Product, low_share: float) -> _Held:
    code, usual = "consignment.value", product.value_min_minor
    if line.value_minor is None or not line.quantity or not usual or line.currency != product.currency:
        return _Held(code, None)
    each = line.value_minor / line.quantity
    said = {"declared": _amount(each, product.currency), "usual": _amount(usual, product.currency)}
    return _Held(code, each < usual * low_share, said)


def _amount(minor: float, currency: str) -> str:
    """An amount as people write it: 12.50 USD, 8000 JPY."""
    digits = get_currency_precision(currency)
    return f"{minor / 10**digits:.{digits}f} {currency}"


def _weight(line: DeclaredLine, product: Product, share: float) -> _Held:
    """Too light for so many pieces. Heavier says nothing: senders weigh what they pack goods in."""
    code = "consignment.weight"
    if not (line.net_g and line.quantity and product.net_g):
        return _Held(code, None)
    said = {"declared": str(line.net_g), "quantity": str(line.quantity), "each": str(product.net_g)}
    return _Held(code, line.net_g < product.net_g * line.quantity * share, said)


def _more(found: ItemLookup, consignment: Consignment, lookup: LookupResult, policy: Policy) -> _Held:
    """More different items of a product than are declared."""
    code, product = "consignment.more", found.product
    items = [one.item for one in lookup.items if one.item.gtin == found.item.gtin and one.item.serial is not None]
    if product is None or not items:
        return _Held(code, None)
    least = policy.consignment.words_similarity
    quantities = [line.quantity for line in consignment.lines if _fit(line, product, least) >= least]
    if None in quantities:
        return _Held(code, None)
    declared, count = sum(one for one in quantities if one is not None), len({item.serial for item in items})
    said = {"found": str(count), "product": product.name, "declared": str(declared)}
    return _Held(code, count > declared, said)


def _fit(line: DeclaredLine, product: Product, least: float) -> float:
    """0..100: how well a line names a product: by GTIN or HS heading, else by its name, brand or registered words."""
    if line.gtin and _gtin(line) is not None and not _names_other(line, product):
        return _FITS
    if len(line.hs) >= _HEADING and line.hs[:_HEADING] == product.hs[:_HEADING]:
        return _FITS
    return _words_fit(line.description, _registered(product), least)


@lru_cache(maxsize=4_096)
def _words_fit(description: str, registered: tuple[str, ...], least: float) -> float:
    if goods.says(description, registered, least):
        return _FITS
    return max((_alike(description, words) for words in registered), default=0.0)


def _registered(product: Product) -> tuple[str, ...]:
    return tuple(words for words in (product.name, product.brand, *product.words.values()) if words)


def _alike(declared: str, registered: str) -> float:
    """How alike words are, 0..100: as sets; written on without spaces, as a part of the other.

    In Latin letters, too, where the two stand in different scripts.
    """
    one, other = normalised(declared), normalised(registered)
    if not one or not other:
        return 0.0
    score = float(fuzz.token_set_ratio(one, other))
    parts = [word for word in other.split() if not word.isascii() and len(word) > 1]
    if any(part in one for part in parts) or (not one.isascii() and len(one) > 1 and one in other):
        return _FITS
    if scripts(one) != scripts(other):
        score = max(score, float(fuzz.token_set_ratio(latin(declared), latin(registered))))
    return score


def _not_telling(line: DeclaredLine, product: Product) -> str:
    """Why nothing follows from a line's words not being the product's; "" where it clearly names other goods.

    It does by words for goods of another kind, or by words that nobody listed with an HS number of another chapter.
    """
    if goods.is_vague(line.description):
        return "reason.vague_words"
    texts = _registered(product)
    mine = scripts(normalised(line.description))
    if not any(mine & scripts(normalised(words)) for words in texts):
        return "reason.other_script"
    declared, own = goods.kinds(line.description), goods.kinds_of(texts, product.hs)
    if declared:
        return "" if own and declared.isdisjoint(own) else "reason.other_words"
    other_chapter = line.hs and product.hs and line.hs[:_CHAPTER] != product.hs[:_CHAPTER]
    return "" if other_chapter and own.isdisjoint(goods.kinds_of((), line.hs)) else "reason.other_words"
