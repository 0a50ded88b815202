"""How fast results become durable and the registry answers, against raw peers measured in the same run.

    ./run bench storage [--products N --serials N | --registry FILE] [--rows N] [--dir DIR]

1. A durable append of one assessment-sized row: p50, p99, against the p99 of a raw fdatasync of as many bytes.
2. Commits of 64 rows: rows a second, against raw SQLite (WAL, synchronous=FULL, one table, no chain).
3. Eight threads that append single rows: what group commit gives without a waiting window.
4. A look-up of product + recordations + serial: p50, p99 in microseconds.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.drawn_registry import Drawn, draw
from edge.gs1 import Gtin
from edge.inspection import Origin
from edge.lookup import SerialStatus
from edge.moment import ClockTrust, Moment
from edge.storage.ledger import Entry, Ledger
from edge.storage.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_GROUP = 64
_BODY = {"assessment": {"findings": [{"code": f"code.{number}", "cause": "mismatch"} for number in range(20)]}, "n": 1}
_PERSONAL = {"consignor.name": "Bright Gadget Trading Ltd", "parcel": "RR473124829JP"}


def timed(work: Callable[[int], object], times: int) -> list[float]:
    """Seconds of each call of `work`."""
    taken = []
    for number in range(times):
        started = time.perf_counter()
        work(number)
        taken.append(time.perf_counter() - started)
    return taken


def at(taken: Sequence[float], share: float) -> float:
    """The quantile `share` of measured times, nearest rank."""
    ranked = sorted(taken)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def entry(number: int) -> Entry:
    moment = Moment(datetime(2026, 11, 21, tzinfo=UTC), ClockTrust.SYNCED)
    keys = (f"sgtin:09521234543213:{number}", f"S10:{number}")
    body = {**_BODY, "n": number}
    return Entry("assessed", f"i{number}", Origin("b", "1", "o", "boot"), moment, body, _PERSONAL, f"k{number}", keys)


def fdatasync(folder: Path, times: int, size: int) -> list[float]:
    """Raw appends of `size` bytes, each made durable."""
    with (folder / "raw").open("wb", buffering=0) as file:
        block = os.urandom(size)

        def write(_number: int) -> None:
            file.write(block)
            os.fdatasync(file.fileno())

        return timed(write, times)


def raw_sqlite(folder: Path, groups: int, body: bytes) -> list[float]:
    """Commits of 64 rows into one plain table: WAL, synchronous=FULL."""
    with closing(sqlite3.connect(folder / "raw.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE t (seq INTEGER PRIMARY KEY, body BLOB)")

        def commit(_number: int) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO t (body) VALUES (?)", [(body,)] * _GROUP)
            connection.execute("COMMIT")

        return timed(commit, groups)


def measure_appends(folder: Path, rows: int) -> None:
    groups = max(10, rows // _GROUP)
    with closing(Ledger.open(folder / "ledger.db", "b", reserve_bytes=1_000_000)) as ledger:
        size = len(str(entry(0).body).encode())
        single = timed(lambda number: ledger.append([entry(number)]), rows)
        raw = fdatasync(folder, rows, 4096)
        limit = at(raw, 0.99)
        print(f"durable append of one row of {size} bytes, {rows} times:")
        print(f"  p50 {at(single, 0.5) * 1e3:.2f} ms   p99 {at(single, 0.99) * 1e3:.2f} ms")
        print(f"  raw fdatasync of 4096 bytes: p50 {at(raw, 0.5) * 1e3:.2f} ms   p99 {limit * 1e3:.2f} ms")
        print(f"  ratio of p50: {at(single, 0.5) / at(raw, 0.5):.2f}   ratio of p99: {at(single, 0.99) / limit:.2f}")

        grouped = timed(
            lambda number: ledger.append([entry(rows + number * _GROUP + place) for place in range(_GROUP)]), groups
        )
        peer = raw_sqlite(folder, groups, str(entry(0).body).encode())
        mine, theirs = _GROUP / at(grouped, 0.5), _GROUP / at(peer, 0.5)
        print(f"commits of {_GROUP} rows, {groups} times, median:")
        print(f"  ledger {mine:,.0f} rows/s ({1 / at(grouped, 0.5):.0f} commits/s)")
        print(f"  raw SQLite WAL FULL {theirs:,.0f} rows/s   ratio {mine / theirs:.2f}")

        first = rows + groups * _GROUP
        started = time.perf_counter()
        threads = [
            threading.Thread(
                target=lambda start: [ledger.append([entry(start + number)]) for number in range(rows // 8)],
                args=(first + writer * rows,),
            )
            for writer in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken = time.perf_counter() - started
        print(f"8 threads, single rows: {rows // 8 * 8 / taken:,.0f} durable rows/s")
        started = time.perf_counter()
        verified = ledger.verify()
        print(f"chain verified: {verified / (time.perf_counter() - started):,.0f} rows/s")


def measure_lookups(path: Path, drawn: Drawn, times: int) -> None:
    registry = Registry.open(path)
    draws = random.Random(7)
    asked = []
    for _time in range(times):
        product, serial = drawn.serial(draws.randrange(drawn.serials))
        asked.append((Gtin(drawn.gtin(product)), serial if draws.random() < 0.5 else serial[::-1]))  # noqa: PLR2004

    known = 0

    def look_up(number: int) -> None:
        nonlocal known
        gtin, serial = asked[number]
        product = registry.product(gtin)
        if product is None:
            raise SystemExit(f"{gtin}: expected a drawn product, got none; give the seed and sizes of the edition.")
        registry.recordations(gtin, product.brand)
        known += registry.serial_status(product, serial, None) is SerialStatus.KNOWN

    taken = timed(look_up, times)
    warm = timed(look_up, times)
    print(f"look-up of product + recordations + serial, {drawn.products} products, {drawn.serials} serials:")
    print(f"  first pass   p50 {at(taken, 0.5) * 1e6:.0f} µs   p99 {at(taken, 0.99) * 1e6:.0f} µs")
    print(f"  second pass  p50 {at(warm, 0.5) * 1e6:.0f} µs   p99 {at(warm, 0.99) * 1e6:.0f} µs")
    print(f"  {known / 2 / times:.2f} of the serials known")
    names = timed(lambda number: registry.watch_candidates(f"Kami Toran {number} Trading"), min(times, 500))
    print(f"watch candidates among 5000 names: p50 {at(names, 0.5) * 1e6:.0f} µs   p99 {at(names, 0.99) * 1e6:.0f} µs")
    registry.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--serials", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--registry", type=Path, help="an edition drawn before with these sizes and seed")
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--lookups", type=int, default=5_000)
    parser.add_argument("--dir", type=Path, help="a folder on the disk to measure")
    arguments = parser.parse_args()
    drawn = Drawn(arguments.products, arguments.serials, arguments.seed)
    with tempfile.TemporaryDirectory(dir=arguments.dir) as name:
        folder = Path(name)
        measure_appends(folder, arguments.rows)
        path = arguments.registry
        if path is None:
            path = folder / "drawn.sqlite"
            report = draw(path, arguments.products, arguments.serials, arguments.seed, whole=True)
            rows = sum(report.counts.values())
            print(f"built {rows:,} rows in {report.seconds:.1f} s: {rows / report.seconds:,.0f} rows/s")
        print(f"edition of {path.stat().st_size / 1e6:.1f} MB")
        measure_lookups(path, drawn, arguments.lookups)


if __name__ == "__main__":
    main()
