"""The second look: which places are looked at, what a shift and a blur explain, and what becomes of the map."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from models import second_look
from models.second_look import KERNEL, PATCH, REACH_CELLS, SecondLook

ROWS, COLUMNS = 40, 30
SIDE = PATCH + KERNEL - 1
UNEXPLAINED_REGISTERED = SecondLook(2, (0.0, 1.0, 0.0, 0.0), 0.0)

Floats = npt.NDArray[np.float32]


def print_of(seed: int, side: int = SIDE + 20) -> npt.NDArray[np.uint8]:
    """Some print: soft blots of grey."""
    rng = np.random.default_rng(seed)
    return np.asarray(cv2.GaussianBlur(rng.integers(0, 256, (side, side)).astype(np.uint8), (0, 0), 1.5), np.uint8)


def cut(picture: npt.NDArray[np.uint8], down: int = 0, across: int = 0) -> Floats:
    return picture[10 + down : 10 + down + SIDE, 10 + across : 10 + across + SIDE].astype(np.float32)


def share(given: Floats, wanted: Floats) -> float:
    left, whole = second_look.unexplained(given, wanted, np.ones((SIDE, SIDE), np.float32))
    return left / whole


def test_the_highest_cells_are_places_and_no_other_place_lies_close_by() -> None:
    values = np.full((ROWS, COLUMNS), np.nan, np.float32)
    values[5:, :] = -4.0
    values[10, 8], values[10, 8 + REACH_CELLS], values[30, 20] = 3.0, 2.9, 2.0
    assert second_look.highest(values, 2) == [(10, 8), (30, 20)]
    assert second_look.highest(np.full((ROWS, COLUMNS), np.nan, np.float32), 2) == []


def test_a_shift_of_two_pixels_explains_a_patch() -> None:
    assert share(cut(print_of(1)), cut(print_of(1), 2, -2)) < 0.15


def test_a_blur_and_another_light_explain_a_patch() -> None:
    soft = cv2.GaussianBlur(print_of(1), (0, 0), 1.5)
    assert share(cut(print_of(1)), cut(np.asarray(soft // 2 + 60, np.uint8))) < 0.1


def test_another_print_explains_little_of_a_patch() -> None:
    assert share(cut(print_of(1)), cut(print_of(2))) > 0.6


def test_what_may_not_be_judged_does_not_count() -> None:
    hidden, free = cut(print_of(1)), np.ones((SIDE, SIDE), np.float32)
    hidden[:12], free[:12] = 255.0, 0.0
    left, whole = second_look.unexplained(cut(print_of(1)), hidden, free)
    assert left / whole < 0.1


def pair(*, changed: bool) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """A registered face and a capture of it (4 px a cell), shifted by 2 px, with one other patch where asked."""
    grey = cv2.resize(print_of(3, 120), (4 * COLUMNS + 8, 4 * ROWS + 8), interpolation=cv2.INTER_CUBIC)
    registered, capture = grey[4:-4, 4:-4].copy(), grey[2:-6, 4:-4].copy()
    if changed:
        capture[20:60, 12:52] = cv2.resize(print_of(4, 40), (40, 40))
    both = (np.asarray(cv2.cvtColor(side, cv2.COLOR_GRAY2BGR), np.uint8) for side in (registered, capture))
    first, second = both
    return first, second


def test_a_place_that_is_explained_falls_below_one_that_is_not_and_the_rest_of_the_map_stays() -> None:
    values = np.full((ROWS, COLUMNS), -4.0, np.float32)
    values[:, 0] = np.nan
    values[10, 8] = values[30, 20] = 3.0
    registered, capture = pair(changed=True)
    result = second_look.looked_again(UNEXPLAINED_REGISTERED, values, np.isfinite(values), registered, capture)
    assert result[30, 20] < result[10, 8] - 1.0
    assert result[10, 8] - 3.0 == pytest.approx(result[11, 9] + 4.0, abs=1e-5)  # what surrounds a place moves with it
    assert result[39, 2] == -4.0
    assert np.isnan(result[:, 0]).all()
    assert values[10, 8] == 3.0


def test_a_place_of_which_too_little_is_judged_stays() -> None:
    values = np.full((ROWS, COLUMNS), np.nan, np.float32)
    values[10, 8] = 3.0
    registered, capture = pair(changed=True)
    result = second_look.looked_again(UNEXPLAINED_REGISTERED, values, np.isfinite(values), registered, capture)
    assert result[10, 8] == 3.0


def test_a_face_narrower_than_a_patch_has_no_second_look() -> None:
    narrow = np.zeros((20, 384), np.float32)
    assert second_look.facts_of([(5, 40)], narrow, narrow, np.ones((10, 192), np.bool_)) == [None]
