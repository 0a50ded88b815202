"""Seen before: the same parcel again is silent, the same serial in another parcel a signal, a reused number a note."""

from __future__ import annotations

from datetime import timedelta

from edge.checks import Checked, Findings, Source
from edge.inspection import Case, Identity, ItemLookup, LookupResult, Sighting
from edge.policy import Policy


def check_item(found: ItemLookup, case: Case, policy: Policy) -> Checked:
    """Earlier sightings of one serialised item."""
    if found.item.serial is None:
        return Checked()
    others = [s for s in found.sightings if not _same_parcel(s, case, policy)]
    if not others:
        return Checked(ran=("sightings",))
    latest = max(others, key=lambda sighting: sighting.seen)
    finding = Findings(policy, str(found.item.gtin), Source(latest.place or latest.station, latest.seen.date())).make(
        "serial.seen_elsewhere",
        serial=found.item.serial,
        date=latest.seen.date().isoformat(),
        place=latest.place or latest.station,
    )
    return Checked(findings=(finding,), ran=("sightings",))


def check_parcel(lookup: LookupResult, identity: Identity, policy: Policy) -> Checked:
    """Earlier inspections of the same parcel number inside the policy's window."""
    if not identity.parcel_numbers:
        return Checked()
    if not lookup.parcel_sightings:
        return Checked(ran=("sightings",))
    latest = max(lookup.parcel_sightings, key=lambda sighting: sighting.seen)
    finding = Findings(policy, source=Source(latest.station, latest.seen.date())).make(
        "parcel.seen_before", number=latest.parcel, date=latest.seen.date().isoformat()
    )
    return Checked(findings=(finding,), ran=("sightings",))


def _same_parcel(sighting: Sighting, case: Case, policy: Policy) -> bool:
    """One parcel scanned again: the same parcel number or, where none is known, the same station a moment ago."""
    mine = {key.partition(":")[2] for key in case.identity.parcel_keys}
    if sighting.parcel and mine:
        return sighting.parcel in mine
    recent = case.now.utc - sighting.seen <= timedelta(minutes=policy.inspection.rescan_window_min)
    return sighting.station == case.station and recent
