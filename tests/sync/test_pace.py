from __future__ import annotations

from sync.pace import Pace


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def test_a_megabyte_at_8000_bytes_a_second_takes_125_seconds() -> None:
    clock = Clock()
    pace = Pace(8_000, now=clock.now, sleep=clock.sleep)
    for _ in range(250):
        pace(4_000)
    assert clock.time - 100.0 == 125.0


def test_after_a_pause_only_a_quarter_of_a_second_is_made_up() -> None:
    clock = Clock()
    pace = Pace(8_000, now=clock.now, sleep=clock.sleep)
    clock.time += 3_600
    started = clock.time
    for _ in range(10):
        pace(8_000)
    assert clock.time - started == 9.75


def test_without_a_rate_nothing_waits() -> None:
    clock = Clock()
    Pace(0, now=clock.now, sleep=clock.sleep)(10**9)
    assert clock.time == 100.0
