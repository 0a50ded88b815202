from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.badge import DIGITS, PREFIX, badge_in, new_badge

BADGE = PREFIX + "0123456789" * 2 + "0123"


def test_no_two_badges_are_the_same_and_each_is_read_again() -> None:
    made = {new_badge() for _ in range(50)}
    assert len(made) == 50
    assert all(badge_in(one.encode()) == one and len(one) == len(PREFIX) + DIGITS for one in made)


@pytest.mark.parametrize(
    "payload",
    [
        *(BADGE.encode(), BADGE.lower().encode(), f"]C0{BADGE}\r\n".encode(), f" {BADGE}\t".encode()),
        *(f"{BADGE}{BADGE}".encode(), f"RR473124829JP{BADGE}".encode(), f"{BADGE}0109521234543213".encode()),
    ],
)
def test_a_badge_is_found_however_a_scanner_sends_it(payload: bytes) -> None:
    assert badge_in(payload) == BADGE


def test_a_badge_that_was_read_in_part_is_no_code_of_a_parcel() -> None:
    assert badge_in(b"SEKI0123") == "SEKI0123"


@pytest.mark.parametrize("payload", [b"", b"SEKI", b"SEKI12", b"sekisho", b"SEKI-0123", b"0109521234543213", b"\xff"])
def test_what_only_begins_alike_is_none(payload: bytes) -> None:
    assert badge_in(payload) is None


@given(st.binary(max_size=80))
def test_any_bytes_are_a_badge_or_not(payload: bytes) -> None:
    found = badge_in(payload)
    assert found is None or (found.startswith(PREFIX) and found[len(PREFIX) :].isdigit())


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_a_whole_badge_is_found_within_anything(before: bytes, after: bytes) -> None:
    assert badge_in(before + BADGE.encode() + after) is not None
