"""Micro-print: legible, mush, and beyond what the capture shows."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.locate import View, resized
from models.measurements import Image
from models.microprint import Contrast, FinePrint, contrast, fine_print
from models.register import Registration, Warp

LINE = (60, 200, 480, 12)  # in face pixels; the registered picture has three to each
NATIVE, PX_PER_MM = 3.0, 6.0
SIZE = (600, 400)


def printed(blur: float = 0.0, words: str = "SAMPLE MAKER KOFU ") -> Image:
    """The registered picture: 1800 x 1200, large words and one line of tiny ones."""
    picture = np.full((1200, 1800, 3), 235, np.uint8)
    for row in range(8):
        cv2.putText(picture, "FINE PRINT ABOVE 0123456789 AND BELOW", (60, 60 + 140 * row), 0, 0.9, (40, 40, 40), 2, 16)
    x, y, w, h = (3 * side for side in LINE)
    band = np.full((h, w, 3), 235, np.uint8)
    cv2.putText(band, words * 8, (0, 28), 0, 0.9, (60, 20, 20), 2, cv2.LINE_AA)
    picture[y : y + h, x : x + w] = cv2.GaussianBlur(band, (0, 0), blur) if blur else band
    return picture


def captured(picture: Image, factor: float) -> tuple[Image, Registration]:
    """The picture as a frame of `factor` pixels to each of its own, and where the face lies in it."""
    frame = np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    scale = 1 / (NATIVE * factor)
    homography = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1.0]])
    whole = np.full(SIZE[::-1], 255, np.uint8)
    return frame, Registration(frame, whole, homography, Warp(np.zeros((10, 2)), SIZE), 0.0, 1.0, 1.0, 1.0)


def line() -> FinePrint:
    found = fine_print(printed(), LINE, NATIVE, PX_PER_MM)
    assert found is not None
    return found


def read(picture: Image, factor: float = 0.8) -> Contrast:
    frame, registration = captured(picture, factor)
    return contrast(
        View(frame), registration, line(), 1 / (PX_PER_MM * NATIVE * factor), np.full(SIZE[::-1], 255, np.uint8)
    )


def test_the_registered_print_has_its_full_contrast() -> None:
    found = read(printed())
    assert found.share == pytest.approx(1.0, abs=0.15)
    assert (found.likeness or 0) > 0.9


def test_mush_has_lost_its_contrast() -> None:
    assert (read(printed(blur=7.0)).share or 1) < 0.4


@pytest.mark.parametrize("words", ["QUALITY PRODUCT OF ", "SAMPLE GOODS OF ", "EXEMPT BAKER TOFU "])
@pytest.mark.parametrize("factor", [0.5, 0.8])
def test_other_words_keep_the_contrast_and_lose_the_likeness(words: str, factor: float) -> None:
    found = read(printed(words=words), factor)
    assert (found.share or 0) > 0.6
    assert (found.likeness or 1) < 0.4


@pytest.mark.parametrize("noise", [4.0, 14.0])
def test_the_registered_words_are_like_themselves_as_far_as_the_picture_resolves_them(noise: float) -> None:
    grain = np.random.default_rng(1).normal(0, noise, printed().shape)
    shown = np.asarray(np.clip(cv2.GaussianBlur(printed(), (0, 0), 2.0) + grain, 0, 255), np.uint8)
    assert read(shown, 1.0).likeness == pytest.approx(0.9, abs=0.11)


def test_a_capture_that_is_too_coarse_is_not_judged_and_says_what_it_takes() -> None:
    found = read(printed(blur=7.0), factor=0.12)
    assert (found.share, found.likeness) == (None, None)
    assert found.needed_mm_per_px < 1 / (PX_PER_MM * NATIVE * 0.12)


def test_a_plain_place_has_no_fine_print() -> None:
    assert fine_print(np.full((1200, 1800, 3), 235, np.uint8), LINE, NATIVE, PX_PER_MM) is None


def test_print_too_fine_for_a_halved_picture_is_read_from_the_whole_one() -> None:
    frame, registration = captured(printed(), 0.4)
    half, _ = resized(frame, 0.5)
    to_whole = np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]])
    halved = replace(registration, homography=registration.homography @ to_whole)
    usable, mm_per_px = np.full(SIZE[::-1], 255, np.uint8), 1 / (PX_PER_MM * NATIVE * 0.2)
    fine = line()
    assert mm_per_px > fine.needed_mm_per_px >= mm_per_px / 2
    assert contrast(View(half), halved, fine, mm_per_px, usable).share is None
    share = contrast(View(half, lambda: frame), halved, fine, mm_per_px, usable).share
    assert share == pytest.approx(read(printed(), 0.4).share, rel=0.02)
