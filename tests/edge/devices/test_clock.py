"""The clock: believed only from its floor on, and never set by anything unsigned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.devices.clock import BACK, BUILT, SyncFloor, newest, system_clock
from edge.moment import ClockTrust
from sync.state import Box
from sync.trust import Floor

ISSUED = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reads", "trust"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), ClockTrust.UNTRUSTED),  # a board without a battery
        (datetime(2026, 11, 19, tzinfo=UTC), ClockTrust.UNTRUSTED),  # after the build, before the newest edition
        (datetime(2026, 11, 21, tzinfo=UTC), ClockTrust.FLOOR),
        (datetime(2036, 11, 21, tzinfo=UTC), ClockTrust.FLOOR),  # ten years ahead cannot be told from the truth
    ],
)
def test_a_clock_is_believed_from_the_newest_signed_time_on(reads: datetime, trust: ClockTrust, tmp_path: Path) -> None:
    now = system_clock(lambda: ISSUED, read=lambda: reads, synchronized=tmp_path / "absent")
    assert now() == now()
    assert (now().utc, now().trust) == (reads, trust)


def test_without_a_registry_the_build_is_the_floor(tmp_path: Path) -> None:
    before = system_clock(lambda: None, read=lambda: datetime(2026, 10, 31, tzinfo=UTC), synchronized=tmp_path / "x")
    assert before().trust is ClockTrust.UNTRUSTED
    assert system_clock(lambda: None, read=lambda: BUILT, synchronized=tmp_path / "x")().trust is ClockTrust.FLOOR


def test_a_disciplined_clock_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "synchronized").touch()
    now = system_clock(
        lambda: ISSUED, read=lambda: datetime(2026, 11, 21, tzinfo=UTC), synchronized=tmp_path / "synchronized"
    )
    assert now().trust is ClockTrust.SYNCED


def test_a_clock_that_steps_back_is_distrusted_until_it_has_caught_up_or_is_disciplined(tmp_path: Path) -> None:
    reads, service = [ISSUED + timedelta(days=9)], tmp_path / "synchronized"
    now = system_clock(lambda: ISSUED, read=lambda: reads[-1], synchronized=service)
    assert now().trust is ClockTrust.FLOOR
    reads.append(reads[0] - BACK)  # what hands and time services do
    assert now().trust is ClockTrust.FLOOR
    reads.append(reads[0] - timedelta(hours=1))
    assert (now().utc, now().trust) == (reads[-1], ClockTrust.UNTRUSTED)
    reads.append(reads[0])
    assert now().trust is ClockTrust.FLOOR
    reads.append(reads[0] - timedelta(days=1))
    service.touch()
    assert now().trust is ClockTrust.SYNCED
    service.unlink()
    assert now().trust is ClockTrust.FLOOR  # what the service said counts from then on


def test_what_sync_has_verified_is_a_floor_of_the_bench(tmp_path: Path) -> None:
    state = Box(tmp_path)
    floor = SyncFloor(tmp_path)
    assert floor.issued() is None
    (tmp_path / "sync").mkdir(exist_ok=True)
    state.raise_floor(Floor("0" * 64))
    assert floor.issued() is None
    state.raise_floor(Floor("0" * 64, issued=ISSUED))
    assert floor.issued() == ISSUED
    clock = system_clock(lambda: newest(None, floor.issued()), lambda: ISSUED - timedelta(days=1), tmp_path / "x")
    assert clock().trust is ClockTrust.UNTRUSTED
    state.raise_floor(Floor("0" * 64, issued=ISSUED + timedelta(days=2)))
    assert floor.issued() == ISSUED + timedelta(days=2)
    path = tmp_path / "sync" / "floor.json"
    path.write_bytes(path.read_bytes().replace(b"2026-11-22", b"2036-11-22"))
    assert SyncFloor(tmp_path).issued() is None  # altered: sync refuses it, too
    for damage in (b"", b"[]", b"{}", b"\xff"):
        path.write_bytes(damage)
        assert SyncFloor(tmp_path).issued() is None
