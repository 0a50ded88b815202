"""Sightings of a nation on one box: bytes a sighting, look-ups warm and cold, merging, hits that are another's.

    ./run bench sightings [--files N] [--sightings N] [--lookups N] [--dir DIR]

As many files as 90 days of 3 million a day leave behind at most (32 of 4,000 minutes, the others smaller), each with as
many drawn sightings as is asked for. A look-up is all that one inspection asks: a serial, an S10 number, an SSCC; its
limit is 1 ms. Cold: the pages of every file are dropped before each look-up.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import zstandard

from benchmarks.limits import Limits
from benchmarks.storage import at
from edge.storage.knowledge import FOLDER, Knowledge, keep
from edge.storage.sighting_file import BITS, Columns, SightingFile, file_of, merged

_LOOKUP_S = 1e-3
_DAY = date(2026, 11, 21)
_PLACES = tuple(f"Port {number}" for number in range(40))
_MONTHS = ("2026-08", "2026-09", "2026-10", "2026-11")
_COLD = 30


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=62)
    parser.add_argument("--sightings", type=int, default=300_000, help="In each file.")
    parser.add_argument("--lookups", type=int, default=2_000)
    parser.add_argument("--dir", type=Path)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=given.dir) as room:
        measure(Path(room), given.files, given.sightings, given.lookups)


def measure(room: Path, files: int, sightings: int, lookups: int) -> None:
    """All figures of one run."""
    limits, folder = Limits(), room / FOLDER
    folder.mkdir()
    rng = np.random.default_rng(1)
    keys = {month: hashlib.sha256(month.encode()).hexdigest() for month in _MONTHS}
    listed, packed = [], 0
    for number in range(files):
        month = _MONTHS[number * len(_MONTHS) // files]
        data = file_of(_drawn(rng, sightings), month, _DAY - timedelta(days=89 - number * 89 // files), _PLACES)
        if number == 0:
            packed = len(zstandard.ZstdCompressor(level=9).compress(data))
        name = hashlib.sha256(data).hexdigest()
        (folder / name).write_bytes(data)
        listed.append({"sha256": name})
    keep(folder, {"port": "Port 1", "keys": keys, "files": listed})
    on_disk = sum(path.stat().st_size for path in folder.iterdir()) / (files * sightings)
    print(
        f"{files} files of {sightings:,} sightings: {on_disk:.2f} B a sighting on the box, "
        f"{packed / sightings:.2f} B on the line (zstd)"
    )
    knowledge = Knowledge(room)
    knowledge.current()
    warm, hits = [], 0
    for number in range(lookups):
        asked = (f"sgtin:09521234543213:{number}", f"S10:RR{number:09}JP", f"SSCC:{number:018}")
        begun = time.perf_counter()
        found = knowledge.seen_elsewhere(asked, _DAY)
        warm.append(time.perf_counter() - begun)
        hits += sum(bool(rows) for rows in found.values())
    expected = 3 * lookups * files * sightings / 2**BITS
    print(
        f"look-up of three keys, warm: p50 {at(warm, 0.5) * 1e6:.0f} us, p99 {at(warm, 0.99) * 1e6:.0f} us; "
        + limits.judged("look-up", at(warm, 0.5) * 1e3, _LOOKUP_S * 1e3, "ms")
    )
    print(f"hits that are another's: {hits} of {3 * lookups} keys, expected {expected:.1e}")
    del knowledge
    cold = [_cold(room, number) for number in range(_COLD)]
    print(f"cold, one key (pages dropped before): median {statistics.median(cold) * 1e3:.1f} ms")
    print(f"merging ten files: {_merging(folder, listed) * 1e3:.0f} ms")
    limits.end()


def _drawn(rng: np.random.Generator, count: int) -> Columns:
    return Columns(
        rng.integers(0, 2**BITS, count, np.uint64),
        rng.integers(0, len(_PLACES), count).astype(np.uint16),
        rng.choice(np.array([0, 0x80, 0x81], np.uint8), count),
    )


def _cold(room: Path, number: int) -> float:
    knowledge = Knowledge(room)  # anew: pages that are mapped are not dropped
    for path in (room / FOLDER).iterdir():
        handle = os.open(path, os.O_RDONLY)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)
    knowledge.current()
    begun = time.perf_counter()
    knowledge.seen_elsewhere((f"sgtin:09521234543213:cold{number}",), _DAY)
    return time.perf_counter() - begun


def _merging(folder: Path, listed: list[dict[str, str]]) -> float:
    ten = [SightingFile.open(folder / file["sha256"]) for file in listed[:10]]
    begun = time.perf_counter()
    merged(ten)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
