"""Small cells: what is published never gives them back, whoever adds and subtracts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.central.privacy.suppression import TOTAL, Cell, bounds, determined, lines_of, suppressed, with_margins

THRESHOLD = 5


@st.composite
def tables(draw: st.DrawFn) -> dict[Cell, int]:
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    cells = list(itertools.product(*([f"{name}" for name in range(size)] for size in sizes)))
    small_or_large = st.one_of(st.integers(0, 7), st.integers(0, 60))
    return dict(zip(cells, draw(st.lists(small_or_large, min_size=len(cells), max_size=len(cells))), strict=True))


def freedom(hidden: list[Cell], counts: dict[Cell, int]) -> np.ndarray:
    """By how much each hidden cell may move while everything published stays: its part in the null space.

    It is another way than the one that suppresses: singular values instead of elimination, every sum over every subset
    of the table's margins instead of one line at a time.
    """
    inner = [cell for cell in counts if TOTAL not in cell]
    shown = [cell for cell in counts if cell not in hidden]
    rows = [[all(v in {TOTAL, w} for v, w in zip(cell, one, strict=True)) for one in inner] for cell in shown]
    matrix = np.array(rows, float).reshape(len(rows), len(inner))
    _, values, basis = np.linalg.svd(matrix, full_matrices=True)
    null = basis[int((values > 1e-9).sum()) :]
    members = np.array([[all(v in {TOTAL, w} for v, w in zip(c, one, strict=True)) for one in inner] for c in hidden])
    return np.abs(null @ members.T.astype(float)).max(axis=0, initial=0.0) if hidden else np.zeros(0)


@settings(max_examples=150, deadline=None)
@given(tables())
def test_no_suppressed_cell_can_be_derived_from_what_is_published(table: dict[Cell, int]) -> None:
    counts = with_margins(table)
    hidden = sorted(suppressed(counts, THRESHOLD))
    assert {cell for cell, count in counts.items() if 0 < count < THRESHOLD} <= set(hidden)
    assert (freedom(hidden, counts) > 1e-9).all()


@settings(max_examples=150, deadline=None)
@given(tables())
def test_no_suppressed_cell_can_be_told_within_a_range_narrower_than_the_threshold(table: dict[Cell, int]) -> None:
    counts = with_margins(table)
    hidden = set(suppressed(counts, THRESHOLD))
    for low, high in bounds(counts, hidden, tuple(lines_of(counts))).values():
        assert high - low >= THRESHOLD


@settings(max_examples=100, deadline=None)
@given(tables(), st.data())
def test_elimination_finds_just_what_the_null_space_says_is_fixed(table: dict[Cell, int], data: st.DataObject) -> None:
    counts = with_margins(table)
    hidden = sorted(data.draw(st.sets(st.sampled_from(sorted(counts)))))
    fixed = {cell for cell, free in zip(hidden, freedom(hidden, counts), strict=True) if free <= 1e-9}
    assert determined(hidden, tuple(lines_of(counts))) == fixed


def test_margins_are_the_sums_of_their_cells() -> None:
    counts = with_margins({("a", "x"): 3, ("b", "y"): 4})
    assert counts["a", TOTAL] == 3
    assert counts[TOTAL, TOTAL] == 7
    assert counts["a", "y"] == 0
    assert len(counts) == 9


def test_a_single_small_cell_takes_a_second_one_of_its_row_and_column_with_it() -> None:
    table: dict[Cell, int] = {(row, column): 20 for row in "abc" for column in "xyz"}
    table["a", "x"] = 2
    hidden = suppressed(with_margins(table), THRESHOLD)
    assert ("a", "x") in hidden
    inner = [cell for cell in hidden if TOTAL not in cell]
    assert len(inner) == 4  # a rectangle: two in each of its rows and columns
    assert len(hidden) == 4


def test_a_table_of_large_counts_is_published_whole() -> None:
    assert suppressed(with_margins({("a",): 9, ("b",): 0, ("c",): 12}), THRESHOLD) == frozenset()


@pytest.mark.parametrize("table", [{("a",): 1}, {("a",): 1, ("b",): 0}, {("a", "x"): 4}])
def test_where_nothing_is_left_to_hide_behind_all_that_counts_is_suppressed(table: dict[Cell, int]) -> None:
    counts = with_margins(table)
    assert {cell for cell, count in counts.items() if count} <= suppressed(counts, THRESHOLD)
