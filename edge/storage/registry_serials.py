"""Known serials on their way into blocks: hashed, sorted on disk where they are many, each kept once.

Memory is bounded: a million hashes at most wait in it; then they are spread over files by their leading bits, and each
file is sorted alone.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge.storage import cells
from edge.storage.content import SERIALS
from edge.storage.registry_schema import CRITICAL_BITS, KNOWN_BITS, keyed, serial_hash
from edge.storage.serial_blocks import NOTHING, BlockWriter, Hashes
from edge.storage.serial_source import CleanSerials

_WAITING = 1_000_000
_FILES = 256
_HEADS_HELD = 100_000  # GTINs met last


class SerialSets:
    """The known serials of one build: those of critical products, with wider hashes, and the others."""

    def __init__(self, key: bytes, out: Path, stack: contextlib.ExitStack) -> None:
        """Hash with `key`; what does not fit into memory lies beside `out` until `stack` is closed."""
        self._empty = keyed(key)
        self._heads: dict[bytes, tuple[bytes, bool]] = {}  # GTIN as given: what is hashed before a serial, critical
        self._critical = False  # whether a critical product was met
        self._sorters = {bits: _Sorter(bits, out, stack) for bits in SERIALS.values()}

    def add(self, gtin: str, serial: str, bits: int) -> None:
        """Take one serial of a product (GTIN of 14 digits)."""
        self._sorters[bits].add(np.array([serial_hash(self._empty, gtin, serial, bits)], np.uint64))

    def add_clean(self, piece: CleanSerials, programme: Callable[[int], bool | None]) -> bool:
        """Take all serials of a piece, or none and say False when a row of it has to be refused.

        `programme` says whether a product is critical, or None when there is none.
        """
        if len(self._heads) > _HEADS_HELD:
            self._heads.clear()
        heads = self._heads
        for raw in {raw for raw, _serial in piece.pairs} - heads.keys():
            head = _head(raw, programme)
            if head is None:
                return False
            heads[raw] = head
            self._critical |= head[1]
        copy = self._empty.copy
        digests = []
        for raw, serial in piece.pairs:
            state = copy()
            state.update(heads[raw][0] + serial)
            digests.append(state.digest())
        hashes = np.frombuffer(b"".join(digests), ">u8").astype(np.uint64)
        wide = (
            np.array([heads[raw][1] for raw, _serial in piece.pairs]) if self._critical else np.zeros(len(hashes), bool)
        )
        self._sorters[KNOWN_BITS].add(hashes[~wide] >> np.uint64(64 - KNOWN_BITS))
        self._sorters[CRITICAL_BITS].add(hashes[wide] >> np.uint64(64 - CRITICAL_BITS))
        return True

    def write(self, connection: sqlite3.Connection, progress: Callable[[float], None]) -> int:
        """Write the blocks of both sets. Returns how many hashes they hold."""
        return sum(self._sorters[bits].write(connection, table, progress) for table, bits in SERIALS.items())


def _head(raw: bytes, programme: Callable[[int], bool | None]) -> tuple[bytes, bool] | None:
    try:
        gtin = cells.gtin(raw.decode())
    except cells.CellRefused:
        return None
    critical = programme(int(gtin))
    return None if critical is None else (gtin.encode() + b"\x1d", critical)


class _Sorter:
    def __init__(self, bits: int, out: Path, stack: contextlib.ExitStack) -> None:
        self._bits = bits
        self._out = out
        self._stack = stack
        self._folder: Path | None = None
        self._waiting: list[Hashes] = []
        self._many = 0
        self._count = 0

    def add(self, hashes: Hashes) -> None:
        if not len(hashes):
            return
        self._waiting.append(hashes)
        self._many += len(hashes)
        self._count += len(hashes)
        if self._many >= _WAITING:
            self._spread()

    def _spread(self) -> None:
        if self._folder is None:
            near = tempfile.TemporaryDirectory(prefix=f"{self._out.name}.", dir=self._out.parent)
            self._folder = Path(self._stack.enter_context(near))
        hashes = self._gathered()
        edges = np.arange(1, _FILES, dtype=np.uint64) << np.uint64(self._bits - 8)
        for number, part in enumerate(np.split(hashes, np.searchsorted(hashes, edges))):
            if len(part):
                with (self._folder / str(number)).open("ab") as file:
                    file.write(part.tobytes())

    def _gathered(self) -> Hashes:
        hashes = _distinct(np.concatenate(self._waiting)) if self._waiting else NOTHING
        self._waiting, self._many = [], 0
        return hashes

    def write(self, connection: sqlite3.Connection, table: str, progress: Callable[[float], None]) -> int:
        writer = BlockWriter(connection, table, self._bits, self._count)
        if self._folder is None:
            writer.add(self._gathered())
        else:
            self._spread()
            for number in range(_FILES):
                part = self._folder / str(number)
                if part.exists():
                    writer.add(_distinct(np.fromfile(part, np.uint64)))
                    part.unlink()
                progress((number + 1) / _FILES)
        writer.close()
        return writer.count


def _distinct(hashes: Hashes) -> Hashes:
    """Ascending, each once. numpy's `unique` hashes what is only to be sorted, ten times slower."""
    hashes.sort()
    return hashes[np.concatenate(([True], hashes[1:] != hashes[:-1]))] if len(hashes) else hashes
