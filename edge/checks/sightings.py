"""Seen before: the same parcel again is silent, the same serial in another parcel a signal, anything else a note.

"Another parcel" is said only where both parcel numbers are known and differ.
"""

from __future__ import annotations

from datetime import timedelta

from edge.checks import Checked, Findings, Source
from edge.inspection import Case, Identity, ItemLookup, LookupResult, Sighting
from edge.policy import Policy


def check_item(found: ItemLookup, case: Case, policy: Policy) -> Checked:
    """Earlier sightings of one serialised item."""
    if found.item.serial is None:
        return Checked()
    mine = _numbers(case.identity)
    others = [s for s in found.sightings if s.parcel and mine and s.parcel not in mine]
    unclear = [s for s in found.sightings if not (s.parcel and mine) and not _a_moment_ago(s, case, policy)]
    for code, sightings in (("serial.seen_elsewhere", others), ("serial.seen_before", unclear)):
        if sightings:
            latest = max(sightings, key=lambda sighting: sighting.seen)
            place = latest.place or latest.station
            findings = Findings(policy, str(found.item.gtin), Source(place, latest.seen.date()))
            date = latest.seen.date().isoformat()
            finding = findings.make(code, serial=found.item.serial, date=date, place=place)
            return Checked(findings=(finding,), ran=("sightings",))
    return Checked(ran=("sightings",))


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


def _numbers(identity: Identity) -> set[str]:
    return {key.partition(":")[2] for key in identity.parcel_keys}


def _a_moment_ago(sighting: Sighting, case: Case, policy: Policy) -> bool:
    """The same item scanned again at the same station, where no parcel number tells the parcels apart."""
    recent = case.now.utc - sighting.seen <= timedelta(minutes=policy.inspection.rescan_window_min)
    return sighting.station == case.station and recent
