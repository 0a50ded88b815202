"""Sets of hashes in blocks of one page of SQLite each: sorted, packed, found with one row read.

A block is an Elias-Fano code (P. Elias, J. ACM 21(2), 1974; R. Fano, 1971) of up to 1,349 ascending hashes: the lower
bytes of each as they are, the upper parts as a bitmap in which hash number i, whose upper part lies u above the block's
first, sets bit u + i. That costs 2 to 3 bits above the entropy of the set. A block is cut when it fills a page of 4,096
bytes, so no row overflows and no page stays half empty.

    row     id = the block's first hash; block = n (2 bytes, big endian), L (1 byte), n * L lower bytes (little endian
            each), bitmap (least significant bit first)

It knows no serial and no key: that is edge/storage/registry_schema.py.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Hashes: TypeAlias = NDArray[np.uint64]  # ascending, each once

_HEADER = 3
_BLOCK_BYTES = 4_050  # what a table leaf of 4,096 bytes holds without overflow: SQLite file format, section 1.6
_LOWEST = 3  # lower bytes: with fewer the bitmap of a few million hashes would outgrow them
_WINDOW = 200_000
NOTHING: Hashes = np.empty(0, np.uint64)


def lower_bytes(bits: int, count: int) -> int:
    """How many lower bytes of hashes of `bits` make the smallest blocks for a set of about `count`."""
    sizes = {low: 8 * low + 2.0 ** (bits - 8 * low) / max(1, count) for low in range(_LOWEST, (bits + 7) // 8)}
    return min(sizes, key=lambda low: sizes[low])


def _pack(hashes: Hashes, low: int) -> bytes:
    count = len(hashes)
    lows = hashes.astype("<u8").view(np.uint8).reshape(count, 8)[:, :low].tobytes()
    upper = (hashes >> np.uint64(8 * low)).astype(np.int64)
    places = upper - upper[0] + np.arange(count)
    bitmap = np.zeros(int(places[-1]) + 1, np.uint8)
    bitmap[places] = 1
    return count.to_bytes(2, "big") + bytes((low,)) + lows + np.packbits(bitmap, bitorder="little").tobytes()


def unpack(first: int, block: bytes) -> Hashes:
    """The hashes of a block whose row has the id `first`.

    Raises:
        ValueError: it is no such block.
    """
    count, low = int.from_bytes(block[:2], "big"), block[2] if len(block) > _HEADER else 0
    start = _HEADER + count * low
    if start >= len(block):
        raise ValueError(f"block {first}: expected more than {start} bytes, got {len(block)}.")
    ones = np.flatnonzero(np.unpackbits(np.frombuffer(block, np.uint8, offset=start), bitorder="little"))
    if not (1 <= low <= 7 and count and len(ones) == count):  # noqa: PLR2004 - bytes of a hash
        raise ValueError(f"block {first}: expected {count} packed hashes, got {len(ones)}.")
    wide = np.zeros((count, 8), np.uint8)
    wide[:, :low] = np.frombuffer(block, np.uint8, count * low, _HEADER).reshape(count, low)
    upper = ones - np.arange(count) + (first >> 8 * low)
    return wide.view("<u8").reshape(count).astype(np.uint64) | (upper.astype(np.uint64) << np.uint64(8 * low))


def holds(first: int, block: bytes, value: int) -> bool:
    """Whether a block holds `value`. Its lower bytes are searched as text; only a hit is looked up in the bitmap.

    Raises:
        ValueError: it is no such block.
    """
    if len(block) <= _HEADER or not block[2]:
        raise ValueError(f"block {first}: expected packed hashes, got {len(block)} bytes.")
    count, low = int.from_bytes(block[:2], "big"), block[2]
    end = _HEADER + count * low
    wanted = (value & ((1 << 8 * low) - 1)).to_bytes(low, "little")
    upper = (value >> 8 * low) - (first >> 8 * low)
    at = block.find(wanted, _HEADER, end)
    while at >= 0:
        index, odd = divmod(at - _HEADER, low)
        if not odd and _bit_is_number(block, end, upper + index, index):
            return True
        at = block.find(wanted, at + 1, end)
    return False


def _bit_is_number(block: bytes, start: int, place: int, index: int) -> bool:
    """Whether bit `place` of the bitmap is set and has `index` set bits before it."""
    whole, rest = divmod(place, 8)
    if start + whole >= len(block) or not block[start + whole] >> rest & 1:
        return False
    before = int.from_bytes(block[start : start + whole + 1], "little") & ((1 << place) - 1)
    return before.bit_count() == index


class BlockWriter:
    """Packs ascending hashes, handed over in pieces, into rows of one table."""

    def __init__(self, connection: sqlite3.Connection, table: str, bits: int, count: int) -> None:
        """Write into `table`; `count` is about how many hashes of `bits` will come and only chooses their packing."""
        self._insert = f"INSERT INTO {table} VALUES (?, ?)"  # noqa: S608 - a name of our own
        self._connection = connection
        self._low = lower_bytes(bits, count)
        self._longest = (_BLOCK_BYTES - _HEADER) // self._low
        self._pending = NOTHING
        self.count = 0

    def add(self, hashes: Hashes) -> None:
        """Take the next hashes, all above those before."""
        self.count += len(hashes)
        pending = np.concatenate((self._pending, hashes)) if len(self._pending) else hashes
        at, rows = 0, []
        while len(pending) - at >= self._longest:
            end = at + self._fits(pending[at : at + self._longest])
            rows.append((int(pending[at]), _pack(pending[at:end], self._low)))
            at = end
        self._connection.executemany(self._insert, rows)
        self._pending = pending[at:].copy()

    def close(self) -> None:
        """Write what is left."""
        while len(self._pending):
            end = self._fits(self._pending)
            self._connection.execute(self._insert, (int(self._pending[0]), _pack(self._pending[:end], self._low)))
            self._pending = self._pending[end:]

    def _fits(self, hashes: Hashes) -> int:
        """How many of the first of `hashes` fill one block."""
        upper = (hashes >> np.uint64(8 * self._low)).astype(np.int64)
        many = np.arange(1, len(hashes) + 1)
        sizes = _HEADER + many * self._low + (upper - upper[0] + many + 7) // 8
        return max(1, int(np.searchsorted(sizes, _BLOCK_BYTES, side="right")))


def stored(connection: sqlite3.Connection, table: str, schema: str = "main") -> Iterator[Hashes]:
    """The hashes of a table, block by block, ascending.

    Raises:
        ValueError: a block is damaged, or out of order.
        sqlite3.Error: the file cannot be read.
    """
    last = -1
    for first, block in connection.execute(f"SELECT id, block FROM {schema}.{table} ORDER BY id"):  # noqa: S608 - names of our own
        hashes = unpack(first, block)
        if int(hashes[0]) != first or first <= last or not bool((hashes[1:] > hashes[:-1]).all()):
            raise ValueError(f"block {first}: expected ascending hashes after {last}, got others.")
        last = int(hashes[-1])
        yield hashes


def window_count(count: int) -> int:
    """Into how many windows of equal width a set of about `count` hashes is cut, so that one fits well into memory."""
    return 1 << max(0, (count // _WINDOW).bit_length())


def windows(pieces: Iterable[Hashes], bits: int, count: int) -> Iterator[Hashes]:
    """Regroup ascending pieces of hashes of `bits` into `count` windows of equal width; `count` is a power of two."""
    held: list[Hashes] = []
    source = iter(pieces)
    over = False
    for number in range(count):
        until = (number + 1 << bits) // count
        while not over and (not held or int(held[-1][-1]) < until):
            piece = next(source, None)
            if piece is None:
                over = True
            elif len(piece):
                held.append(piece)
        joined = np.concatenate(held) if held else NOTHING
        cut = int(np.searchsorted(joined, np.uint64(until)))
        yield joined[:cut]
        held = [joined[cut:]] if cut < len(joined) else []
