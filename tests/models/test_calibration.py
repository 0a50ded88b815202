"""A calibration against drawn pictures whose scale, lens and light are known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from models.calibration import Calibration, measured
from models.calibration_target import COLUMNS, ROWS, SHEETS, size_of, target
from models.drawn.bench_camera import BenchCamera, Shot, photograph
from models.errors import PictureRefused

HONEST = BenchCamera(width=1600, height=1100, px_per_mm=5.0)
AWRY = BenchCamera(
    width=1600, height=1100, px_per_mm=4.4, tilt_deg=(4, -3), turn_deg=95, k1=0.04, printed=0.97, defocus_px=1.4,
    gradient=0.4, gains=(0.75, 1.0, 1.15), crosstalk=0.08, noise=2.0,
)  # fmt: skip


@cache
def shot_of(camera: BenchCamera) -> Shot:
    return photograph("A5", camera, np.random.default_rng(20261122))


@cache
def found_by(camera: BenchCamera) -> Calibration:
    return measured(shot_of(camera).image)


@pytest.mark.parametrize("camera", [HONEST, AWRY], ids=["straight down", "awry"])
def test_the_scale_is_found_within_half_a_per_cent(camera: BenchCamera) -> None:
    shot, found = shot_of(camera), measured(shot_of(camera).image, camera.printed)
    assert found.mm_per_px == pytest.approx(shot.mm_per_px, rel=0.005)
    assert (found.size, found.width, found.height) == ("A5", 1600, 1100)
    assert found.residual_px < 0.3
    assert found.distortion_px == pytest.approx(camera.k1 * np.hypot(1600, 1100) / 2, abs=15)


def test_a_printer_that_scales_is_found_out_by_the_ruler() -> None:
    assert found_by(AWRY).mm_per_px == pytest.approx(shot_of(AWRY).mm_per_px / 0.97, rel=0.005)


def test_the_light_is_measured_and_its_correction_brings_colours_near() -> None:
    clean, dirty = (found_by(camera) for camera in (HONEST, AWRY))
    assert clean.evenness > 0.97
    assert dirty.evenness < 0.9
    assert clean.gains == pytest.approx((1, 1, 1), abs=0.03)
    assert dirty.gains == pytest.approx((1 / 0.75, 1, 1 / 1.15), rel=0.15)
    assert max(clean.delta_e) < 3
    before, neutral, after = dirty.delta_e
    assert before > neutral > after
    assert after < 3
    assert len(dirty.matrix) == 9


def test_a_soft_lens_shows_in_every_edge() -> None:
    sharp, soft = (found_by(camera) for camera in (HONEST, AWRY))
    assert len(sharp.focus_px) == 4
    assert max(sharp.focus_px) < 3.5
    assert min(soft.focus_px) > 1.3 * max(sharp.focus_px)


def test_the_a4_target_is_told_from_the_a5_one() -> None:
    camera = BenchCamera(width=1600, height=1100, px_per_mm=3.5)
    shot = photograph("A4", camera, np.random.default_rng(1))
    found = measured(shot.image)
    assert found.size == "A4"
    assert found.mm_per_px == pytest.approx(shot.mm_per_px, rel=0.005)
    assert size_of({40, 41, 42}) is None
    assert target("A4").rulers[0].length_mm == pytest.approx(140)


def test_a_picture_without_a_target_or_with_half_of_one_is_refused() -> None:
    with pytest.raises(PictureRefused) as none:
        measured(np.full((300, 400, 3), 200, np.uint8))
    assert none.value.message == "A picture of the calibration target is expected, got none."
    half = photograph(
        "A5", BenchCamera(width=1600, height=1100, px_per_mm=5.0, shift_px=(0, -560)), np.random.default_rng(1)
    ).image
    with pytest.raises(PictureRefused) as caught:
        measured(half)
    assert caught.value.message.startswith("A picture shows at least 29 of the board's 48 corners, got ")


def test_all_that_is_printed_lies_on_the_sheet_and_nothing_covers_bare_paper() -> None:
    for size, (width, height) in SHEETS.items():
        drawn = target(size)
        boxes = [(*np.min(shape.corners, 0), *np.max(shape.corners, 0)) for shape in drawn.shapes]
        assert all(x0 >= 4 and y0 >= 4 and x1 <= width - 4 and y1 <= height - 4 for x0, y0, x1, y1 in boxes)
        for x, y, w, h in drawn.whites:
            assert not [b for b in boxes if b[0] < x + w and x < b[2] and b[1] < y + h and y < b[3]], (size, x, y)
        assert drawn.corner_mm((COLUMNS - 1) * (ROWS - 1) - 1) == pytest.approx((116 * drawn.scale, 94 * drawn.scale))
