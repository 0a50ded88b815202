"""Frames of open inspections: held in memory within a bound, and let go with their inspection."""

from __future__ import annotations

from edge.stations import Frames, OpenInspection, Stations


def test_the_oldest_frame_goes_first_when_there_is_no_room() -> None:
    frames = Frames(most_bytes=10)
    frames.hold("a", "1", b"xxxx")
    frames.hold("a", "2", b"xxxx")
    frames.hold("b", "3", b"xxxx")
    assert (frames.of("a"), frames.of("b")) == ({"2": b"xxxx"}, {"3": b"xxxx"})


def test_a_frame_that_is_larger_than_the_whole_bound_is_not_held() -> None:
    frames = Frames(most_bytes=3)
    frames.hold("a", "1", b"xxxx")
    assert frames.of("a") == {}


def test_a_frame_is_counted_once_and_forgotten_with_its_inspection() -> None:
    frames = Frames(most_bytes=8)
    for _ in range(3):
        frames.hold("a", "1", b"xxxx")
    frames.hold("b", "2", b"xxxx")
    frames.forget("a")
    frames.hold("b", "3", b"xxxx")
    assert set(frames.of("b")) == {"2", "3"}


def test_one_inspection_lies_open_at_a_station() -> None:
    stations = Stations()
    first, second = OpenInspection("i1", "1"), OpenInspection("i2", "1")
    assert stations.lay(first) is None
    assert stations.lay(first) is None
    assert stations.lay(second) is first
    assert (stations.at("1"), stations.find("i1"), stations.find("i2")) == (second, None, second)
    assert stations.clear("1") is second
    assert stations.clear("1") is None
