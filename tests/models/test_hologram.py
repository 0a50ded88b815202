"""Holograms by what they show: there, moved, changing with the angle or not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models import hologram
from models.measurements import Image
from models.presence import absence

BOX = (200, 150, 80, 80)
PX_PER_MM = (5.0, 5.0)
ALL = np.full((400, 500), 255, np.uint8)


def sheet(turn: float = 0.0, shift: int = 0, *, there: bool = True) -> Image:
    """A grey sheet with a patch of the spectrum whose hues are turned by `turn` of the circle."""
    picture = np.full((400, 500, 3), 170, np.uint8)
    if there:
        x, y, w, h = BOX
        down, across = np.mgrid[0:h, 0:w]
        hue = (across * 5 + np.hypot(across - 40, down - 40) * 4 + turn * 256) % 256
        hsv = np.dstack([hue, np.full((h, w), 190), np.full((h, w), 220)]).astype(np.uint8)
        picture[y : y + h, x + shift : x + shift + w] = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL)
    return picture


def test_a_hologram_of_other_colours_is_there_and_flat_foil_is_not() -> None:
    assert absence(sheet(0.4), sheet(), ALL, BOX) == pytest.approx(0.0, abs=0.1)
    assert absence(sheet(there=False), sheet(), ALL, BOX) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("ground", [(15, 15, 15), (190, 190, 190)])
def test_another_print_in_its_place_is_none_however_detailed_it_is(ground: tuple[int, int, int]) -> None:
    x, y, w, h = BOX
    printed = sheet()
    printed[y : y + h, x : x + w] = ground
    ink = tuple(220 - one for one in ground)
    for row in range(4):
        cv2.putText(printed[y : y + h, x : x + w], "ORIGINAL", (2, 16 + 18 * row), 0, 0.45, ink, 1, cv2.LINE_AA)
    assert absence(printed, sheet(), ALL, BOX) == pytest.approx(1.0, abs=0.35)


@pytest.mark.parametrize("turn", [0.15, 0.5, 0.8])
def test_a_hologram_that_hardly_shows_its_colours_is_there_by_its_shape(turn: float) -> None:
    pale = np.asarray(cv2.GaussianBlur(sheet(turn), (0, 0), 1.0), np.float32)
    grey = pale.mean(axis=2, keepdims=True)
    dull = np.asarray(grey + 0.15 * (pale - grey), np.uint8)
    assert absence(dull, sheet(), ALL, BOX) == pytest.approx(0.0, abs=0.5)


def test_a_hologram_under_glare_is_not_judged() -> None:
    assert absence(sheet(), sheet(), np.zeros((400, 500), np.uint8), BOX) is None


def test_a_moved_hologram_is_found_whatever_its_colours() -> None:
    found = hologram.place(sheet(0.3, shift=20), sheet(), BOX, PX_PER_MM)
    assert found is not None
    assert found.across_mm == pytest.approx(4.0, abs=0.4)
    assert found.down_mm == pytest.approx(0.0, abs=0.3)


def test_colours_that_change_with_the_angle_are_told_from_a_printed_copy() -> None:
    living = [hologram.colours(sheet(turn), BOX) for turn in (0.0, 0.3)]
    copied = [hologram.colours(sheet(0.0), BOX), hologram.colours(sheet(0.0), BOX)]
    assert (hologram.change(living) or 0) > 0.5
    assert hologram.change(copied) == pytest.approx(0.0, abs=0.02)


def test_another_saturation_of_the_same_pattern_is_no_change() -> None:
    pale = np.asarray(sheet(0.0) // 2 + 60, np.uint8)
    assert hologram.change([hologram.colours(picture, BOX) for picture in (sheet(0.0), pale)]) == pytest.approx(
        0.0, abs=0.1
    )


def test_one_capture_tells_no_change() -> None:
    assert hologram.change([hologram.colours(sheet(), BOX)]) is None
