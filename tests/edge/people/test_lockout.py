from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.people.lockout import FIRST_S, LONGEST_S, Lockout


def test_the_pause_grows_with_each_wrong_one_up_to_its_longest_and_ends_by_itself() -> None:
    tries, now_s = Lockout(5), 0.0
    pauses = []
    for _ in range(12):
        pauses.append(tries.wrong("a", now_s)[1])
        now_s += tries.wait_s("a", now_s)
    assert pauses == [0.0] * 4 + [FIRST_S * 2**n for n in range(5)] + [LONGEST_S] * 3
    assert tries.wait_s("a", now_s) == 0.0


def test_a_right_one_begins_anew_and_another_name_is_not_held_up() -> None:
    tries = Lockout(2)
    tries.wrong("a", 0.0)
    tries.wrong("a", 0.0)
    assert tries.wait_s("a", 10.0) == 20.0
    assert tries.wait_s("b", 10.0) == 0.0
    tries.right("a")
    assert tries.wait_s("a", 10.0) == 0.0
    assert tries.wrong("a", 10.0) == (1, 0.0)


def test_what_was_long_ago_is_forgotten_where_that_is_said() -> None:
    tries = Lockout(2, forget_s=100.0)
    tries.wrong("a", 0.0)
    assert tries.wrong("a", 101.0) == (1, 0.0)
    assert tries.wrong("a", 150.0) == (2, FIRST_S)


def test_a_count_of_before_a_restart_pauses_anew() -> None:
    tries = Lockout(2)
    assert tries.restore("a", 3, 5.0) == 2 * FIRST_S
    assert tries.wait_s("a", 5.0) == 2 * FIRST_S


@given(st.lists(st.floats(0, 2_000), max_size=40))
def test_whoever_waits_each_pause_out_gets_no_more_than_its_count_of_tries(rests: list[float]) -> None:
    tries, now_s, taken = Lockout(5), 0.0, 0
    for rest_s in rests:
        now_s += rest_s
        if tries.wait_s("a", now_s) == 0.0:
            tries.wrong("a", now_s)
            taken += 1
    assert taken <= 5 + now_s / FIRST_S
