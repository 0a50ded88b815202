"""Seen before: the same parcel again is silent, the same serial in another parcel a signal, anything else a note.

"Another parcel" is said only where numbers of one kind are known of both and none is the same: a postal parcel may have
a courier's label, too, and the other one was read. A master air waybill or a container's number names neither. What
other boxes saw comes from a central as hashes by port and day (edge/storage/sighting_file.py): the same parcel on its
way through several ports is silent there too, and a serial at another port is never decisive. A right holder may number
twice, sold goods are returned and sent again, and one hash in a million is another's.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache

from edge.checks import Checked, Findings, Source, joined
from edge.errors import CodeRefused
from edge.identity import Identity
from edge.inspection import Case, Finding
from edge.lookup import ItemLookup, LookupResult, Sighting
from edge.policy import Policy
from edge.postal import parse_parcel_number

_SSCC = re.compile(r"[0-9]{18}", re.ASCII)


def check_item(found: ItemLookup, case: Case, policy: Policy) -> Checked:
    """Earlier sightings of one serialised item, by this box and by others."""
    if found.item.serial is None:
        return Checked()
    return joined((_by_this_box(found, case, policy), _elsewhere(found, policy), _velocity(found, case, policy)))


def _velocity(found: ItemLookup, case: Case, policy: Policy) -> Checked:
    """One serial at more ports within a few days than one parcel comes by. A parcel on its way is silent."""
    days, least = policy.inspection.velocity_days, policy.inspection.velocity_places
    since = (case.now.utc - timedelta(days=days)).date()
    recent = [one for one in found.elsewhere if one.same_parcel is not True and not one.here and one.day >= since]
    places = sorted({one.place for one in recent})
    if len(places) + 1 < least:  # and this port
        return Checked()
    latest = max(recent, key=lambda one: one.day)
    findings = Findings(policy, str(found.item.gtin), Source(latest.place, latest.day))
    serial, count = found.item.serial or "", str(len(places) + 1)
    told = findings.make("serial.velocity", serial=serial, count=count, days=str(days), places=", ".join(places))
    return Checked(findings=(told,))


def _elsewhere(found: ItemLookup, policy: Policy) -> Checked:
    """Sightings by other boxes: at another port, by another bench of this one, or where no parcel number tells."""
    serial = found.item.serial or ""
    another = [one for one in found.elsewhere if one.same_parcel is False]
    for code, rows in (
        ("serial.seen_other_port", [one for one in another if not one.here]),
        ("serial.seen_elsewhere", [one for one in another if one.here]),
        ("serial.seen_before", [one for one in found.elsewhere if one.same_parcel is None and not one.here]),
    ):
        if rows:
            latest = max(rows, key=lambda one: one.day)
            findings = Findings(policy, str(found.item.gtin), Source(latest.place, latest.day))
            date = latest.day.isoformat()
            return Checked(findings=(findings.make(code, serial=serial, date=date, place=latest.place),))
    return Checked()


def _by_this_box(found: ItemLookup, case: Case, policy: Policy) -> Checked:
    mine = _numbers(case.identity)
    apart = [s for s in found.sightings if mine.isdisjoint(s.numbers)]
    others = [s for s in apart if not _kinds(mine).isdisjoint(_kinds(s.numbers))]
    unclear = [s for s in apart if s not in others and not _a_moment_ago(s, case, policy)]
    for code, sightings in (("serial.seen_elsewhere", others), ("serial.seen_before", unclear)):
        if sightings:
            latest = max(sightings, key=lambda sighting: sighting.seen)
            place = latest.place or latest.station
            findings = Findings(policy, str(found.item.gtin), Source(place, latest.seen.date()))
            date = latest.seen.date().isoformat()
            finding = findings.make(code, serial=found.item.serial or "", date=date, place=place)
            return Checked(findings=(finding,), ran=("sightings",))
    return Checked(ran=("sightings",))


def check_parcel(lookup: LookupResult, identity: Identity, policy: Policy) -> Checked:
    """Earlier inspections of the same parcel number inside the policy's window."""
    if not identity.own_keys:
        return Checked(unasked=(("parcel.seen_before", ""),))
    other = max((one for one in lookup.parcel_elsewhere if not one.here), key=lambda one: one.day, default=None)
    passed: tuple[Finding, ...] = ()
    if other is not None:
        findings = Findings(policy, source=Source(other.place, other.day))
        passed = (findings.make("parcel.seen_other_port", place=other.place, date=other.day.isoformat()),)
    if not lookup.parcel_sightings:
        return Checked(findings=passed, ran=("sightings",))
    latest = max(lookup.parcel_sightings, key=lambda sighting: sighting.seen)
    finding = Findings(policy, source=Source(latest.station, latest.seen.date())).make(
        "parcel.seen_before", number=latest.parcel, date=latest.seen.date().isoformat()
    )
    return Checked(findings=(finding, *passed), ran=("sightings",))


def _numbers(identity: Identity) -> frozenset[str]:
    return frozenset(key.partition(":")[2] for key in identity.own_keys)


@lru_cache(maxsize=1_024)
def _kinds(numbers: frozenset[str]) -> frozenset[str]:
    """The schemes that some numbers follow; of one without a known form nothing is told."""
    return frozenset(filter(None, map(_kind, numbers)))


def _kind(number: str) -> str:
    if _SSCC.fullmatch(number):
        return "SSCC"
    try:
        return parse_parcel_number(number).scheme
    except CodeRefused:
        return ""


def _a_moment_ago(sighting: Sighting, case: Case, policy: Policy) -> bool:
    """The same item scanned again at the same station, where no parcel number tells the parcels apart."""
    recent = case.now.utc - sighting.seen <= timedelta(minutes=policy.inspection.rescan_window_min)
    return sighting.station == case.station and recent
