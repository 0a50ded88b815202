"""The floor and the clock, judged without any I/O."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.clock import BUILT
from sync.errors import TrustError
from sync.trust import Floor, parse_floor, reference, signed_time

TIMES = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
VERSIONS = st.integers(0, 2**40)
FLOORS = st.builds(
    Floor,
    root_sha256=st.just("0" * 64),
    root=VERSIONS,
    timestamp=VERSIONS,
    timestamp_keys=st.lists(st.text("0123456789abcdef", max_size=8), max_size=2).map(tuple),
    issued=st.none() | TIMES,
    snapshot=VERSIONS,
    snapshot_keys=st.just(("k",)),
    roles=st.dictionaries(st.text("abc-", max_size=5), VERSIONS, max_size=4),
)


@given(FLOORS)
def test_a_floor_is_read_as_it_was_written(floor: Floor) -> None:
    assert parse_floor(floor.to_bytes()) == floor


@given(FLOORS, st.integers(0, 10_000), st.integers(1, 255))
def test_a_damaged_floor_is_told_and_never_taken_as_lower(floor: Floor, at: int, change: int) -> None:
    data = bytearray(floor.to_bytes())
    data[at % len(data)] ^= change
    with pytest.raises(TrustError) as refused:
        parse_floor(bytes(data))
    assert refused.value.code == "trust_floor"


@given(st.binary(max_size=200))
def test_what_is_no_floor_is_refused(data: bytes) -> None:
    with pytest.raises(TrustError):
        parse_floor(data)


@given(FLOORS, TIMES)
def test_the_time_by_which_is_judged_is_never_before_what_is_proven(floor: Floor, system: datetime) -> None:
    judged = reference(system, floor)
    assert judged.time >= max(BUILT, floor.issued or BUILT)
    assert judged.system == (judged.time == system)


def test_a_version_below_the_floor_is_refused() -> None:
    floor = Floor("0" * 64, root=2, timestamp=7, snapshot=5, roles={"targets": 3})
    for role, version in (("root", 2), ("timestamp", 8), ("snapshot", 5), ("targets", 3), ("history-0a", 1)):
        floor.require(role, version)
    with pytest.raises(TrustError) as refused:
        floor.require("targets", 2)
    assert refused.value.message == "targets: expected version 3 or newer, which this box has seen, got 2."


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-21T12:00:00", None, 7])
def test_what_is_no_time_with_a_zone_is_none(text: object) -> None:
    assert signed_time(text) is None
