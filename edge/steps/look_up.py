"""Look up: everything the registry and the ledger know about what was identified. It judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TypeAlias

from edge.checks.registry import judged_day
from edge.comparison import Recognition
from edge.consignment import Consignment, Sender
from edge.gs1 import TradeItem
from edge.identity import Identity, bare_numbers, item_key
from edge.lookup import ItemLookup, LookupResult, Product, SeenElsewhere, SerialStatus, Sighting, WatchHit
from edge.moment import ClockTrust, Moment
from edge.names import Likeness, addresses, identifiers, likeness
from edge.policy import Policy
from edge.scanner_faults import meant_serials
from edge.storage.consignment_segment import number_key
from edge.storage.knowledge import OLD_DAYS, Knowledge, judged, utc_day
from edge.storage.ledger_reader import LedgerReader
from edge.storage.registry import Registry, WatchEntry


def look_up(
    identity: Identity,
    consignment: Consignment | None,
    recognitions: Sequence[Recognition],
    registry: Registry | None,
    ledger: LedgerReader,
    *,
    inspection: str,
    policy: Policy,
    now: Moment,
    knowledge: Knowledge | None = None,
    office: str = "",
) -> LookupResult:
    """The registry's answer for one inspection; sightings leave the inspection itself out.

    `knowledge` is what a central told of other boxes; None: it is not asked. `office` is where the box stands.

    Raises:
        RegistryError: the edition cannot be read.
        LedgerError: the ledger cannot be read.
    """
    since = now.utc - timedelta(days=policy.inspection.sighting_window_days)

    def seen(*keys: str) -> tuple[Sighting, ...]:
        known = [key for key in keys if key]
        return tuple(s for s in ledger.sightings(known, since) if s.inspection != inspection) if known else ()

    elsewhere = _elsewhere(identity, ledger, knowledge, now)
    before = seen(*identity.own_keys)
    passed = tuple(one for key in identity.own_keys for one in elsewhere.get(key, ()))
    if registry is None:
        return LookupResult(None, consignment=consignment, parcel_sightings=before, parcel_elsewhere=passed)
    hits = _watch_hits(consignment, registry, policy, now)
    day = judged_day(registry.edition, now)
    return LookupResult(
        edition=registry.edition,
        items=tuple(
            replace(_item(item, registry, seen(item_key(item)), now), elsewhere=elsewhere.get(item_key(item), ()))
            for item in identity.items
            if not _is_parcels(item, consignment, registry)
        ),
        watch_hits=tuple(hit for hit in hits if hit.valid_to is None or day <= hit.valid_to),
        consignment=consignment,
        parcel_sightings=before,
        parcel_elsewhere=passed,
        lapsed=any(hit.valid_to is not None and hit.valid_to < day for hit in hits) or _over(identity, registry, now),
        office=office,
        recognised=tuple(p for p in (registry.product(match.gtin) for match in recognitions) if p is not None),
    )


def _is_parcels(item: TradeItem, consignment: Consignment | None, registry: Registry) -> bool:
    """Whether what reads as the GTIN of no registered product is the declared number of the parcel."""
    if consignment is None or consignment.several or registry.product(item.gtin) is not None:
        return False
    return not {*map(number_key, (consignment.document, *consignment.numbers))}.isdisjoint(bare_numbers(item))


def _elsewhere(
    identity: Identity, ledger: LedgerReader, knowledge: Knowledge | None, now: Moment
) -> dict[str, tuple[SeenElsewhere, ...]]:
    """What other boxes saw of the items and of the parcel; the rows of this box, which come back too, left out."""
    keys = (*identity.item_keys, *identity.own_keys)
    told = knowledge.seen_elsewhere(keys, utc_day(now.utc)) if knowledge is not None and keys else {}
    rows = {key: found for key, found in told.items() if found}
    if knowledge is None or not rows:
        return {}
    place, parcel = knowledge.current().place, {key: told.get(key, ()) for key in identity.own_keys}
    since = now.utc - timedelta(days=OLD_DAYS + 1)
    mine = {key: frozenset(utc_day(one.seen) for one in ledger.sightings([key], since)) for key in rows}
    return {key: judged(found, parcel, place=place, mine=mine[key]) for key, found in rows.items()}


def _item(item: TradeItem, registry: Registry, sightings: tuple[Sighting, ...], now: Moment) -> ItemLookup:
    product = registry.product(item.gtin)
    if product is None:
        return ItemLookup(item, None, sightings=sightings)
    status = registry.serial_status(product, item.serial, item.batch)
    return ItemLookup(
        item=item,
        product=product,
        recordations=registry.recordations(item.gtin, product.brand),
        serial=status,
        misread=status is SerialStatus.UNKNOWN and _misread(item, product, registry),
        batch=registry.batch(item.gtin, item.batch) if item.batch else None,
        bulletins=registry.bulletins(item.gtin, judged_day(registry.edition, now), product.brand),
        faces=registry.faces(item.gtin),
        sightings=sightings,
    )


def _misread(item: TradeItem, product: Product, registry: Registry) -> bool:
    """Whether a valid reading hides a fault: caps lock, or a separator that was lost behind the serial."""
    issued = (SerialStatus.KNOWN, SerialStatus.IN_RANGE)
    return any(registry.serial_status(product, other) in issued for other in meant_serials(item.serial or ""))


def _watch_hits(
    consignment: Consignment | None, registry: Registry, policy: Policy, now: Moment
) -> tuple[WatchHit, ...]:
    """What was declared of the sender and of the offer against the list, each entry once; the most alike first.

    Those, too, that are over since the edition was issued: whoever asks tells them apart.
    """
    senders = consignment.asked_senders if consignment is not None else ()
    among = len(senders) if len(senders) > 1 else 0
    day, least = judged_day(registry.edition, now), policy.consignment.watch_similarity
    hits: dict[tuple[str, str, bool], WatchHit] = {}
    for sender in senders:
        for (words, compare), kinds in _asked(sender).items():
            for entry in registry.watch_candidates(words, kinds):
                over = entry.valid_to is not None and entry.valid_to < day  # takes the place of none that stands
                found, before = compare(words, entry.listed), hits.get((entry.entry, entry.kind, over))
                better = before is None or found.score > before.similarity
                if better and found.score >= least and _valid(entry, day, registry):
                    hits[entry.entry, entry.kind, over] = WatchHit(
                        entry.entry, entry.kind, entry.listed, words, found.score, entry.reason, entry.source,
                        entry.valid_to, found.how, found.words, among,
                        entry.valid_from,
                    )  # fmt: skip
    return tuple(sorted(hits.values(), key=lambda hit: (-hit.similarity, hit.kind, hit.entry)))


_Compare: TypeAlias = Callable[[str, str], Likeness]


def _asked(sender: Sender) -> dict[tuple[str, _Compare], tuple[str, ...]]:
    """What is asked, how it is compared, and in which kinds of entries. Ids mean nothing without a platform.

    Where no seller is named it stands as the consignor. The same words may be asked for as several things.
    """
    asked: dict[tuple[str, _Compare], tuple[str, ...]] = {}

    def ask(words: str, compare: _Compare, *kinds: str) -> None:
        if words:
            asked[words, compare] = tuple(dict.fromkeys((*asked.get((words, compare), ()), *kinds)))

    for kind, told in (("seller", sender.seller), ("listing", sender.listing), ("order", sender.order)):
        ask(f"{sender.platform}/{told}" if sender.platform and told else "", identifiers, kind)
    ask(sender.seller, likeness, "seller")
    if sender.consignor is not None:
        ask(sender.consignor.address, addresses, "address")
        ask(sender.consignor.name, likeness, "consignor", "seller")
    return asked


def _valid(entry: WatchEntry, day: date, registry: Registry) -> bool:
    """Whether an entry has begun by `day` and was not over when the edition was issued."""
    issued = registry.edition.issued.date()
    return (entry.valid_from is None or entry.valid_from <= day) and (
        entry.valid_to is None or issued <= entry.valid_to
    )


def _over(identity: Identity, registry: Registry, now: Moment) -> bool:
    """Whether the box's own clock alone says that a bulletin on one of the items is over."""
    if now.trust is not ClockTrust.FLOOR:
        return False
    day, issued = judged_day(registry.edition, now), registry.edition.issued.date()
    known = (registry.product(item.gtin) for item in identity.items)
    return any(
        bulletin.valid_to < day
        for product in known
        if product is not None
        for bulletin in registry.bulletins(product.gtin, issued, product.brand)
    )
