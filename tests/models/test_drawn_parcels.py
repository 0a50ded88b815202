"""Drawn parcels: labels and letters of every kind, and the truth of where their addresses stand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.drawn.layouts import KINDS
from models.drawn.parcels import FINISHES, draw_parcel
from models.drawn.pool import Pool
from models.drawn.sheet import SCRIPTS
from tests.models.wide import needs_wide_fonts

POOL = Pool()


@needs_wide_fonts
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_shows_ink_where_its_address_lines_are_said_to_be(kind: str) -> None:
    parcel = draw_parcel(np.random.default_rng(1), POOL, kind, px_per_mm=4)
    height, width = parcel.surface.shape[:2]
    assert len(parcel.address) >= 3
    for line in parcel.address:
        place = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(place, np.asarray(np.round(line), np.int32), 255)
        pixels = cv2.cvtColor(parcel.surface, cv2.COLOR_BGR2GRAY)[place > 0]
        assert np.ptp(pixels) > 25


@needs_wide_fonts
@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_is_written(script: str) -> None:
    parcel = draw_parcel(np.random.default_rng(2), POOL, "courier", script, px_per_mm=4)
    assert (parcel.kind, parcel.script) == ("courier", script)


@needs_wide_fonts
def test_the_same_generator_state_draws_the_same_parcel() -> None:
    one, other = (draw_parcel(np.random.default_rng(3), POOL, px_per_mm=4) for _ in range(2))
    assert (one.surface == other.surface).all()
    assert one.address == other.address


def test_labels_come_in_every_finish() -> None:
    drawn = {draw_parcel(np.random.default_rng(seed), POOL, "slip", "latin", 4).finish for seed in range(50)}
    assert drawn == set(FINISHES)


def test_without_a_font_of_the_script_it_is_told_which_is_missing() -> None:
    latin = Pool(fonts=tuple(font for font in POOL.fonts if "DejaVuSans" in font.name))
    assert not latin.has_wide_fonts
    with pytest.raises(FileNotFoundError, match=r"japanese script .* \(Debian: fonts-noto-cjk\), found none"):
        draw_parcel(np.random.default_rng(2), latin, "courier", "japanese", px_per_mm=4)
