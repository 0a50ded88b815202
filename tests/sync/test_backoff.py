from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.backoff import Schedule

SCHEDULE = Schedule(interval_s=900, jitter=0.2, first_retry_s=30, longest_retry_s=3_600)


def test_after_a_success_boxes_spread_over_the_interval_and_a_fifth_of_it() -> None:
    assert [SCHEDULE.wait_s(0, chance) for chance in (0.0, 0.5, 1.0)] == [720, 900, 1_080]


def test_after_each_failure_the_wait_doubles_up_to_an_hour() -> None:
    assert [SCHEDULE.wait_s(failures, 1.0) for failures in (1, 2, 3, 8, 500)] == [30, 60, 120, 3_600, 3_600]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_wait_is_never_under_half_the_first_retry_nor_over_the_longest(failures: int, chance: float) -> None:
    assert 15 <= SCHEDULE.wait_s(failures, chance) <= 3_600
