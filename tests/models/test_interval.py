from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models import interval


def side(seed: int, rows: int = 12, columns: int = 9, channels: int = 4) -> interval.Features:
    return np.random.default_rng(seed).integers(0, 256, (rows, columns, channels)).astype(np.uint8)


def test_a_side_moved_by_one_cell_lies_within_the_range() -> None:
    features = side(1)
    moved = np.roll(features, 1, axis=1)
    assert interval.outside(features, moved)[:, :-1].max() == 0
    assert interval.outside(features, np.roll(features, 2, axis=1)).max() > 0


def test_what_lies_outside_is_told_by_how_far_above_or_below() -> None:
    known = np.full((5, 5, 2), 100, np.uint8)
    shown = known.copy()
    shown[2, 2] = 160
    shown[0, 0] = 30
    apart = interval.outside(shown, known)[:, :, 0]
    assert apart[2, 2] == 60
    assert apart[0, 0] == 70
    assert apart[4, 4] == 0


@given(seed=st.integers(0, 10_000))
def test_the_distance_is_that_of_every_neighbour_counted_out(seed: int) -> None:
    mine, other = side(seed, 5, 4, 2), side(seed + 1, 5, 4, 2)
    expected = np.zeros(mine.shape, int)
    for row, column in np.ndindex(mine.shape[:2]):
        around = other[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].reshape(-1, 2).astype(int)
        here = mine[row, column].astype(int)
        expected[row, column] = np.maximum(here - around.max(0), 0) + np.maximum(around.min(0) - here, 0)
    assert np.array_equal(interval.outside(mine, other), expected)


def test_five_planes_a_channel_stand_in_their_order() -> None:
    known, shown = side(3), side(4)
    planes = np.split(interval.between(known, shown), 5, axis=2)
    assert np.array_equal(planes[0], interval.outside(known, shown))
    assert np.array_equal(planes[1], interval.outside(shown, known))
    assert np.array_equal(planes[2], np.abs(known.astype(int) - shown))
    assert np.array_equal(planes[3], known)
    assert np.array_equal(planes[4], shown)
