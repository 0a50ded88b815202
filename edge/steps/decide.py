"""Decide: one pure judgement of everything seen so far. It reads no clock, no file and no registry.

`assess` asks every check, orders what they found and says the most that may be said:

1. any finding of weight "strong" -> STRONG_INDICATION
2. any finding of weight "check"  -> CHECK
3. any finding of weight "limit"  -> CANNOT_ASSESS
4. none of the checks that count has run -> CANNOT_ASSESS (absence of evidence never passes)
5. else NO_FINDING
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from edge.checks import (
    Checked,
    Findings,
    batch,
    bulletin,
    codes,
    consignment,
    face,
    joined,
    product,
    registry,
    serial,
    sightings,
    supply,
    system,
    text,
    together,
)
from edge.checks import input as input_faults
from edge.identity import Identity
from edge.inspection import Case, Finding, Freshness, NotChecked, Verdict, Weight
from edge.lookup import ItemLookup, LookupResult, Product
from edge.policy import Policy
from edge.turning import outcome_of

_ORDER = (Weight.STRONG, Weight.CHECK, Weight.LIMIT, Weight.NOTE)


def assess(case: Case, policy: Policy) -> Verdict:
    """Judge one inspection by everything seen of it so far."""
    lookup = case.lookup
    answer = joined(
        (
            system.check(case.seen, policy),
            input_faults.check(case.seen, case.identity, policy),
            registry.check(case, policy),
            bulletin.check_quarter(lookup.edition, registry.judged_day(lookup.edition, case.now), policy),
            *(_of_item(found, case, policy) for found in lookup.items),
            codes.check(case.identity, policy),
            consignment.check(lookup, policy),
            consignment.check_number(lookup, case.identity, policy),
            supply.check(lookup, policy),
            consignment.check_watch_list(lookup, policy),
            sightings.check_parcel(lookup, case.identity, policy),
            _no_item(case),
            face.check_unread(lookup, case.seen, _names(lookup), policy),
        )
    )
    answer = joined((answer, *(bulletin.check(found, case, answer, policy) for found in lookup.items)))
    answer = joined((answer, registry.check_terms(answer, case, policy)))
    answer = joined((answer, together.check(answer, policy)))
    if not _counted(answer, policy) and not _limited(answer):
        nothing = Findings(policy).make("product.nothing_checked")
        answer = joined((answer, Checked(findings=(nothing,))))
    findings = _ordered(_each_once(answer.findings), policy)
    return Verdict(
        outcome=outcome_of(findings),
        findings=findings,
        not_checked=_still_missing(answer),
        checked=answer.ran,
        freshness=_freshness(case, policy),
    )


def _each_once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Several items of one product bring the same reason several times: it is one."""
    kept: dict[Hashable, Finding] = {}
    for one in findings:
        kept.setdefault((one.code, one.item, tuple(one.arguments.items()), one.evidence, one.box), one)
    return tuple(kept.values())


def _ordered(findings: Sequence[Finding], policy: Policy) -> tuple[Finding, ...]:
    """The heaviest first; of the notes those that a heavier one rests on; of one weight what is new before more of it.

    A listed sender may be four entries and a parcel ten serials: the first three reasons tell three things.
    """
    first, met = together.parts(findings, policy), Counter[str]()
    places = []
    for one in findings:
        places.append((_ORDER.index(one.weight), (one.code, one.item) not in first, met[one.code]))
        met[one.code] += 1
    return tuple(one for _, one in sorted(zip(places, findings, strict=True), key=lambda pair: pair[0]))


def _of_item(found: ItemLookup, case: Case, policy: Policy) -> Checked:
    edition = case.lookup.edition
    today = registry.judged_day(edition, case.now)
    return joined(
        (
            product.check(found, policy, today),
            serial.check(
                found,
                edition,
                policy,
                stale=registry.is_stale(edition, case.now, policy),
                repaired=_repaired(found, case.identity),
            ),
            batch.check(found, policy),
            face.check(found, face.of_item(found, case), policy),
            text.check(found, case.seen, case.identity, policy),
            face.check_other_product(found, case.seen, _names(case.lookup), policy),
            sightings.check_item(found, case, policy),
            product.check_recordations(found, case.lookup, policy, today),
        )
    )


def _repaired(found: ItemLookup, identity: Identity) -> bool:
    """Whether a scan that this item was read from had to be repaired."""
    mended = {fault.source for fault in identity.faults if fault.repaired is not None}
    return bool(mended & set(found.item.sources))


def _names(lookup: LookupResult) -> dict[str, Product]:
    known = {str(found.product.gtin): found.product for found in lookup.items if found.product is not None}
    return known | {str(named.gtin): named for named in lookup.recognised}


def _no_item(case: Case) -> Checked:
    """No code names an item: none was read, or what reads as a GTIN is the parcel's own number."""
    if case.lookup.items or (case.identity.items and case.lookup.edition is None):
        return Checked()
    return Checked(not_run=tuple(NotChecked(name, "reason.no_code") for name in ("serial", "face", "recordation")))


def _counted(answer: Checked, policy: Policy) -> bool:
    return any(name in policy.counting.checks for name in answer.ran)


def _limited(answer: Checked) -> bool:
    return any(finding.weight is not Weight.NOTE for finding in answer.findings)


def _still_missing(answer: Checked) -> tuple[NotChecked, ...]:
    """Checks that ran for no item, or that one item still lacks."""
    return tuple(missed for missed in answer.not_run if missed.item or missed.check not in answer.ran)


def _freshness(case: Case, policy: Policy) -> Freshness:
    edition = case.lookup.edition
    packs = sorted({comparison.pack for comparison in case.seen.comparisons if comparison.pack})
    return Freshness(
        edition=edition.name if edition else "",
        edition_number=edition.number if edition else None,
        edition_issued=edition.issued if edition else None,
        age_days=registry.age_days(edition, case.now),
        bulletin_quarter=edition.bulletin_quarter if edition else "",
        pack=", ".join(packs),
        policy=policy.title,
        supplements=edition.supplements if edition else (),
    )
