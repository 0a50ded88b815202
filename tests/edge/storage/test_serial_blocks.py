"""Sets of hashes in blocks of a page: whatever goes in is found, and nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.storage.serial_blocks import BlockWriter, Hashes, holds, lower_bytes, stored, unpack, windows


def packed(values: list[int], bits: int, count: int | None = None) -> list[tuple[int, bytes]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, block BLOB)")
        writer = BlockWriter(connection, "t", bits, count or len(values))
        ascending = np.array(sorted(values), np.uint64)
        for piece in np.array_split(ascending, 3):
            writer.add(piece)
        writer.close()
        assert writer.count == len(values)
        assert [value for block in stored(connection, "t") for value in block.tolist()] == sorted(values)
        return list(connection.execute("SELECT id, block FROM t ORDER BY id"))


@given(st.lists(st.integers(0, 2**48 - 1), unique=True, min_size=1, max_size=60), st.integers(0, 2**48 - 1))
def test_what_was_packed_is_held_and_nothing_else(values: list[int], other: int) -> None:
    blocks = packed(values, 48, 10_000_000)
    for value in (*values, other, *(value ^ 1 << 24 for value in values), *(value ^ 1 for value in values)):
        below = [row for row in blocks if row[0] <= value]
        assert bool(below and holds(*below[-1], value)) is (value in values)


def test_blocks_of_many_hashes_fill_pages_and_never_overflow_one() -> None:
    values = np.unique(np.random.default_rng(1).integers(0, 2**48, 200_000, dtype=np.uint64)).tolist()
    blocks = packed(values, 48, 100_000_000)
    sizes = [len(block) for _first, block in blocks]
    assert max(sizes) <= 4_050
    assert min(sizes[:-1]) > 3_900
    assert [value for row in blocks for value in unpack(*row).tolist()] == values


def test_far_hashes_still_make_blocks_of_one_page() -> None:
    assert max(len(block) for _first, block in packed([0, 2**47, 2**48 - 1], 48)) <= 4_050
    assert max(len(block) for _first, block in packed([1, 2**59], 60, 10_000)) <= 4_050


@pytest.mark.parametrize(("bits", "count", "low"), [(48, 10**8, 3), (48, 10**6, 4), (48, 10, 5), (60, 10**6, 5)])
def test_the_packing_fits_the_size_of_the_set(bits: int, count: int, low: int) -> None:
    assert lower_bytes(bits, count) == low


@pytest.mark.parametrize("block", [b"", b"\0\x01", b"\0\x01\x03", b"\0\x02\x03abcdef\x01", b"\xff\xff\x03abc\x01"])
def test_a_damaged_block_is_told(block: bytes) -> None:
    with pytest.raises(ValueError, match="expected"):
        unpack(5, block)


def test_a_block_in_the_wrong_place_is_told() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, block BLOB)")
        ((first, block),) = packed([7, 9, 11], 48)
        connection.execute("INSERT INTO t VALUES (?, ?)", (first, block))
        connection.execute("INSERT INTO t VALUES (?, ?)", (first + 1, block))
        with pytest.raises(ValueError, match="expected ascending hashes after 11, got others"):
            list(stored(connection, "t"))


@given(st.lists(st.integers(0, 2**48 - 1), unique=True, max_size=40), st.sampled_from([1, 2, 8, 64]), st.integers(1, 7))
def test_windows_hold_every_hash_once(values: list[int], count: int, pieces: int) -> None:
    ascending = np.array(sorted(values), np.uint64)
    cut: list[Hashes] = list(windows(np.array_split(ascending, pieces), 48, count))
    assert len(cut) == count
    assert [value for window in cut for value in window.tolist()] == sorted(values)
    for number, window in enumerate(cut):
        assert all((number << 48) // count <= value < (number + 1 << 48) // count for value in window.tolist())
