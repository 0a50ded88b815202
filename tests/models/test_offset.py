"""Where a region lies: known shifts and sizes of drawn patches."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.locate import Grey
from models.offset import Offset, offset

PX_PER_MM = (5.0, 5.0)
BOX = (200, 150, 90, 60)


def drawn(shift: tuple[int, int] = (0, 0), size: float = 1.0) -> Grey:
    """A plain sheet with a patch of strokes at BOX, or elsewhere."""
    rng = np.random.default_rng(4)
    patch = np.full((60, 90), 220, np.uint8)
    for _ in range(9):
        a, b = (tuple(int(v) for v in rng.integers((4, 4), (86, 56))) for _ in range(2))
        cv2.line(patch, a, b, int(rng.integers(0, 120)), 4, cv2.LINE_AA)
    patch = np.asarray(cv2.resize(patch, None, fx=size, fy=size, interpolation=cv2.INTER_AREA), np.uint8)
    sheet = np.full((400, 500), 220, np.uint8)
    h, w = patch.shape
    x, y = BOX[0] + shift[0] + (90 - w) // 2, BOX[1] + shift[1] + (60 - h) // 2
    sheet[y : y + h, x : x + w] = patch
    return sheet


def test_a_patch_in_its_place_has_no_offset() -> None:
    found = offset(drawn(), drawn(), BOX, PX_PER_MM)
    assert found is not None
    assert (found.across_mm, found.down_mm) == pytest.approx((0, 0), abs=0.05)
    assert (found.size, found.gain) == (1.0, 0.0)


@pytest.mark.parametrize("shift", [(4, 0), (-20, 10), (30, -25)])
def test_a_moved_patch_is_found_to_a_tenth_of_a_millimetre(shift: tuple[int, int]) -> None:
    found = offset(drawn(shift), drawn(), BOX, PX_PER_MM)
    assert found is not None
    assert (found.across_mm, found.down_mm) == pytest.approx((shift[0] / 5, shift[1] / 5), abs=0.1)
    assert found.size == 1.0


@pytest.mark.parametrize("size", [0.88, 1.12])
def test_a_patch_of_another_size_is_told(size: float) -> None:
    found = offset(drawn(size=size), drawn(), BOX, PX_PER_MM)
    assert found is not None
    assert found.size == pytest.approx(size, abs=0.04)
    assert found.gain > 0


def test_a_moved_label_is_found_though_it_reads_something_else() -> None:
    def label(words: str, at: int) -> Grey:
        sheet = np.full((400, 500), 150, np.uint8)
        sheet[150:210, 200 + at : 290 + at] = 245
        for row in range(3):
            cv2.putText(sheet, words[5 * row :][:5], (204 + at, 166 + 19 * row), 0, 0.55, 30, 1, cv2.LINE_AA)
        return sheet

    found = offset(label("MADE 5Q8RT29.11", 6), label("MADE LOT1730.04", 0), BOX, PX_PER_MM)
    assert found is not None
    assert found.across_mm == pytest.approx(1.2, abs=0.15)


def test_a_plain_region_and_one_that_is_gone_have_no_offset() -> None:
    assert offset(drawn(), drawn(), (20, 20, 60, 40), PX_PER_MM) is None
    assert offset(np.full((400, 500), 220, np.uint8), drawn(), BOX, PX_PER_MM) is None


def stripes(period: int, at: int = 0) -> Grey:
    """A sheet of soft stripes across, the same every `period` pixels."""
    wave = 150 + 60 * np.sin(2 * np.pi * (np.arange(400) - at) / period)
    return np.repeat(wave[:, None], 500, axis=1).astype(np.uint8)


def test_a_repeated_print_that_a_lamp_washes_out_in_its_place_has_not_moved() -> None:
    x, y, w, h = BOX
    shown = stripes(30)
    shown[y : y + h, x : x + w] = np.clip(shown[y : y + h, x : x + w] * 0.2 + np.linspace(60, 190, w), 0, 255)
    assert moved(offset(shown, stripes(30), BOX, PX_PER_MM)) == 0


def test_a_smooth_print_that_slips_by_little_has_not_moved() -> None:
    rng = np.random.default_rng(2)
    noise = np.asarray(cv2.GaussianBlur(stripes(130, 5) + rng.normal(0, 15, (400, 500)), (0, 0), 1.5), np.uint8)
    assert moved(offset(noise, stripes(130), BOX, PX_PER_MM)) == 0


def moved(found: Offset | None) -> float:
    """How far a region lies off, whole millimetres."""
    return 0.0 if found is None else round(float(np.hypot(found.across_mm, found.down_mm)))
