"""Drawn labels: the same seed draws the same, the symbol lies where it is told, one character is altered."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import symbols, text
from models.drawn import labels, lines
from models.drawn.pool import Pool

LETTERS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"


@pytest.fixture(scope="module")
def pool() -> Pool:
    drawn = Pool()
    if not drawn.fonts:
        pytest.skip("The system has no font to draw labels with.")
    return drawn


def test_the_same_seed_draws_the_same_label(pool: Pool) -> None:
    one, other = (
        labels.draw_label(np.random.default_rng(4), pool, 20, "laser", japanese=False, tampered=True) for _ in range(2)
    )
    assert np.array_equal(one.image, other.image)
    assert (one.expected, one.printed_serial, one.place) == (other.expected, other.printed_serial, other.place)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_symbol_lies_where_the_label_tells(pool: Pool, seed: int) -> None:
    drawn = labels.draw_label(np.random.default_rng(seed), pool, 24, "offset", japanese=False, tampered=False)
    found = symbols.read(drawn.image)
    assert len(found) == 1
    middle, told = (np.mean(corners, 0) for corners in (found[0].corners, drawn.place.corners))
    assert np.hypot(*(middle - told)) < 0.2 * np.ptp(np.array(drawn.place.corners)[:, 0])


@given(st.text(LETTERS, min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_an_altered_value_differs_in_one_character_of_its_sort(value: str, seed: int) -> None:
    other = labels.altered(np.random.default_rng(seed), value)
    apart = [(a, b) for a, b in zip(value, other, strict=True) if a != b]
    assert len(apart) == 1
    assert apart[0][0].isdigit() == apart[0][1].isdigit()


def test_dots_of_an_ink_jet_are_read() -> None:
    reader = text.builtin()
    rng = np.random.default_rng(3)
    page = lines.printed(rng, "LOT 4471", "inkjet", Pool(fonts=()))
    assert reader.read(lines.seen(rng, page, 28))[0].replace(" ", "") == "LOT4471"
    assert not lines.dotted("ロット 4471")
