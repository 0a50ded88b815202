"""A second officer is asked for at a station, for a short time."""

from __future__ import annotations

from edge.people.second import AGAIN_S, ASKED_S, Asked, Seconds

WANTED = Asked("one", "4711", "label differs", 1)


def test_what_waits_for_a_second_officer_waits_at_its_station_and_for_a_while() -> None:
    now = [0.0]
    seconds = Seconds(lambda: now[0])
    assert seconds.at("1") is None
    seconds.ask("1", WANTED)
    assert seconds.at("2") is None
    now[0] = ASKED_S
    assert seconds.at("1") == WANTED
    now[0] += 0.1
    assert seconds.at("1") is None


def test_what_was_agreed_waits_no_more_and_a_badge_read_twice_is_known() -> None:
    now = [0.0]
    seconds = Seconds(lambda: now[0])
    seconds.ask("1", WANTED)
    seconds.close("1", "another")
    assert seconds.at("1") == WANTED
    seconds.close("1", "one", "4712")
    assert seconds.at("1") is None
    assert (seconds.repeated("1", "4712"), seconds.repeated("1", "4711"), seconds.repeated("2", "4712")) == (
        "one",
        "",
        "",
    )
    now[0] = AGAIN_S + 0.1
    assert not seconds.repeated("1", "4712")
