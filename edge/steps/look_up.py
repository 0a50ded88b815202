"""Look up: everything the registry and the ledger know about what was identified. It judges nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import timedelta

from rapidfuzz import fuzz

from edge.gs1 import TradeItem
from edge.inspection import (
    Consignment,
    Identity,
    ItemLookup,
    LookupResult,
    Moment,
    Product,
    Recognition,
    SerialStatus,
    Sighting,
    WatchHit,
    item_key,
)
from edge.policy import Policy
from edge.storage.ledger import Ledger
from edge.storage.registry import Registry


def look_up(
    identity: Identity,
    consignment: Consignment | None,
    recognitions: Sequence[Recognition],
    registry: Registry | None,
    ledger: Ledger,
    *,
    inspection: str,
    policy: Policy,
    now: Moment,
) -> LookupResult:
    """The registry's answer for one inspection; sightings leave the inspection itself out.

    Raises:
        RegistryError: the edition cannot be read.
        LedgerError: the ledger cannot be read.
    """
    since = now.utc - timedelta(days=policy.inspection.sighting_window_days)

    def seen(*keys: str) -> tuple[Sighting, ...]:
        known = [key for key in keys if key]
        return tuple(s for s in ledger.sightings(known, since) if s.inspection != inspection) if known else ()

    if registry is None:
        return LookupResult(None, consignment=consignment, parcel_sightings=seen(*identity.parcel_keys))
    return LookupResult(
        edition=registry.edition,
        items=tuple(_item(item, registry, seen(item_key(item)), now) for item in identity.items),
        watch_hits=_watch_hits(consignment, registry, policy, now),
        consignment=consignment,
        parcel_sightings=seen(*identity.parcel_keys),
        recognised=tuple(p for p in (registry.product(match.gtin) for match in recognitions) if p is not None),
    )


def _item(item: TradeItem, registry: Registry, sightings: tuple[Sighting, ...], now: Moment) -> ItemLookup:
    product = registry.product(item.gtin)
    if product is None:
        return ItemLookup(item, None, sightings=sightings)
    return ItemLookup(
        item=item,
        product=product,
        recordations=registry.recordations(item.gtin),
        serial=_serial(item, product, registry),
        bulletins=registry.bulletins(item.gtin, now.utc.date()),
        faces=registry.faces(item.gtin),
        sightings=sightings,
    )


def _serial(item: TradeItem, product: Product, registry: Registry) -> SerialStatus:
    if item.serial is None:
        return SerialStatus.NOT_GIVEN if product.serialised else SerialStatus.NO_PROGRAMME
    return registry.serial_status(product, item.serial, item.batch)


def _watch_hits(
    consignment: Consignment | None, registry: Registry, policy: Policy, now: Moment
) -> tuple[WatchHit, ...]:
    """Names of the consignor against the list: normalised, words sorted, similarity by rapidfuzz, 0..100."""
    if consignment is None or consignment.consignor is None:
        return ()
    hits = []
    for kind, name in (("consignor", consignment.consignor.name), ("address", consignment.consignor.address)):
        for entry in registry.watch_candidates(name) if name else ():
            likeness = fuzz.token_sort_ratio(_fold(name), _fold(entry.name))
            over = entry.valid_to is not None and entry.valid_to < now.utc.date()
            if entry.kind == kind and likeness >= policy.consignment.watch_similarity and not over:
                hits.append(
                    WatchHit(entry.entry, kind, entry.name, name, likeness, entry.reason, entry.source, entry.valid_to)
                )
    return tuple(sorted(hits, key=lambda hit: -hit.similarity))


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split())
