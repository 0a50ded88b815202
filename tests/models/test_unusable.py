"""What grows from an area that the network calls unusable, and what stays to be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from models import unusable

if TYPE_CHECKING:
    from models.measurements import Image, Tensor

SKIN = (120, 150, 205)  # BGR


def _quiet() -> tuple[Tensor, Image, Image]:
    """Logits of a face in which nothing is doubted (24 x 32 cells), and two grey sides of it (96 x 128)."""
    side = np.full((96, 128, 3), 90, np.uint8)
    return np.full((24, 32), -6.0, np.float32), side, side.copy()


def test_nothing_grows_where_the_network_calls_nothing_unusable() -> None:
    logits, face, capture = _quiet()
    logits[4:9, 4:9] = -0.5
    capture[16:60, 16:60] = SKIN
    capture[70:90, 70:90] = 255
    assert not unusable.completed(logits, face, capture).any()


def test_doubtful_cells_that_touch_unusable_ones_go_with_them_and_others_are_judged() -> None:
    logits, face, capture = _quiet()
    logits[4, 4], logits[4, 5] = 2.0, -2.5  # the second is hardly doubted
    logits[5:8, 5] = -1.5  # touches it by a corner
    logits[15:18, 15] = -1.5
    expected = np.zeros((24, 32), np.bool_)
    expected[4, 4] = expected[5:8, 5] = True
    np.testing.assert_array_equal(unusable.completed(logits, face, capture), expected)


@pytest.mark.parametrize("burnt", ["registered", "capture"])
def test_a_burnt_patch_of_either_side_goes_with_the_area_that_it_touches(burnt: str) -> None:
    logits, face, capture = _quiet()
    logits[4:6, 4:6] = 2.0
    side = face if burnt == "registered" else capture
    side[24:40, 16:24] = 250  # rows 6 to 9, columns 4 and 5
    side[72:80, 72:80] = 250
    expected = np.zeros((24, 32), np.bool_)
    expected[4:10, 4:6] = True
    np.testing.assert_array_equal(unusable.completed(logits, face, capture), expected)


def test_what_is_a_cell_thin_takes_no_burnt_patch_with_it() -> None:
    logits, face, capture = _quiet()
    logits[4, 4:9] = 2.0
    capture[20:40, 16:24] = 250
    assert int(unusable.completed(logits, face, capture).sum()) == 5


def test_a_finger_is_followed_to_its_tip_in_its_own_colour() -> None:
    logits, face, capture = _quiet()
    logits[0:6, 8:12] = 2.0  # 6 of its 14 rows
    capture[0:56, 32:48] = SKIN
    capture[80:92, 100:120] = SKIN  # of its colour, and does not touch it
    expected = np.zeros((24, 32), np.bool_)
    expected[:14, 8:12] = True
    np.testing.assert_array_equal(unusable.completed(logits, face, capture), expected)


def test_what_has_the_fingers_colour_on_the_registered_face_too_is_judged() -> None:
    logits, face, capture = _quiet()
    logits[0:6, 8:12] = 2.0
    capture[0:56, 32:48] = SKIN
    face[24:56, 32:48] = SKIN
    assert int(unusable.completed(logits, face, capture).sum()) == 6 * 4


def test_paper_that_is_white_on_both_sides_is_judged_whatever_the_network_says() -> None:
    logits, face, capture = _quiet()
    face[:48], capture[:48] = 235, 240
    logits[:14] = 2.0
    capture[0:12, 0:20] = 90  # printed
    expected = np.zeros((24, 32), np.bool_)
    expected[:3, :5] = expected[12:14] = True
    np.testing.assert_array_equal(unusable.completed(logits, face, capture), expected)
