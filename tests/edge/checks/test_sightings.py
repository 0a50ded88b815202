"""One serial at several ports within a few days."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from edge import policy as policies
from edge.checks.sightings import check_item
from edge.inspection import Finding
from edge.lookup import SeenElsewhere
from tests.edge import drawn_cases as drawn

POLICY = policies.builtin()
TODAY = drawn.NOW.utc.date()


def _made(*seen: SeenElsewhere) -> list[Finding]:
    found = replace(drawn.FOUND, elsewhere=seen)
    made = check_item(found, drawn.case(found), POLICY).findings
    return [finding for finding in made if finding.code == "serial.velocity"]


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
