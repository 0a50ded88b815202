"""One serial at several ports within a few days."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from edge import policy as policies
from edge.checks.sightings import check_item
from edge.gs1 import Sscc
from edge.identity import Identity
from edge.inspection import Finding
from edge.lookup import SeenElsewhere, Sighting
from edge.postal import ParcelNumber
from tests.edge import drawn_cases as drawn

POLICY = policies.builtin()
TODAY = drawn.NOW.utc.date()


def _made(*seen: SeenElsewhere) -> list[Finding]:
    found = replace(drawn.FOUND, elsewhere=seen)
    made = check_item(found, drawn.case(found), POLICY).findings
    return [finding for finding in made if finding.code == "serial.velocity"]


def _codes(identity: Identity, sighting: Sighting) -> list[str]:
    found = replace(drawn.FOUND, sightings=(sighting,))
    return [one.code for one in check_item(found, replace(drawn.case(found), identity=identity), POLICY).findings]


def test_any_number_of_a_parcel_tells_that_it_is_the_same_and_the_number_of_a_consolidation_tells_nothing() -> None:
    before = Sighting("i1", "1", "Naha", drawn.NOW.utc - timedelta(days=1), "RR473124829JP", ("106141411234567897",))
    again = Identity(items=(drawn.ITEM,), sscc=(Sscc("106141411234567897"),))
    assert _codes(again, before) == []
    assert _codes(Identity(items=(drawn.ITEM,), parcel_numbers=(ParcelNumber("S10", "RR000000005JP"),)), before) == [
        "serial.seen_elsewhere"
    ]
    master = ParcelNumber("AWB", "13112345675")
    cloned = Identity(items=(drawn.ITEM,), parcel_numbers=(master, ParcelNumber("S10", "RR000000005JP")))
    assert _codes(cloned, replace(before, others=())) == ["serial.seen_elsewhere"]
    assert _codes(Identity(items=(drawn.ITEM,), parcel_numbers=(master,)), before) == ["serial.seen_before"]


def test_a_number_of_another_kind_is_another_label_of_perhaps_the_same_parcel() -> None:
    before = Sighting("i1", "1", "Naha", drawn.NOW.utc - timedelta(days=1), "RR473124829JP")
    carton = Identity(items=(drawn.ITEM,), sscc=(Sscc("106141411234567897"),))
    assert _codes(carton, before) == ["serial.seen_before"]
    assert _codes(carton, replace(before, others=("195012345000000011",))) == ["serial.seen_elsewhere"]
    assert _codes(carton, replace(before, parcel="ODD-1")) == ["serial.seen_before"]


def _at(place: str, days_ago: int = 1, *, same: bool | None = None, here: bool = False) -> SeenElsewhere:
    return SeenElsewhere(place, TODAY - timedelta(days=days_ago), here, same)


def test_a_third_port_within_two_days_wants_a_look_although_no_parcel_number_is_known() -> None:
    (told,) = _made(_at("Kobe"), _at("Naha", 2))
    assert dict(told.arguments) == {"serial": "AB123456", "count": "3", "days": "2", "places": "Kobe, Naha"}
    assert (told.source, told.dated) == ("Kobe", TODAY - timedelta(days=1))


def test_two_ports_the_same_port_twice_and_older_days_are_silent() -> None:
    assert _made(_at("Kobe")) == []
    assert _made(_at("Kobe"), _at("Kobe", 2)) == []
    assert _made(_at("Kobe"), _at("Naha", 3)) == []
    assert _made(_at("Kobe"), _at("Osaka", here=True)) == []


def test_one_parcel_on_its_way_through_the_ports_is_silent() -> None:
    assert _made(_at("Kobe", same=True), _at("Naha", same=True), _at("Moji", same=True)) == []
    assert len(_made(_at("Kobe", same=False), _at("Naha"), _at("Moji", same=True))) == 1
