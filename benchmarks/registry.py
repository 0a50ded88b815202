"""The registry at national scale: bytes, look-ups, pages read cold, memory, against a naive file of the same run.

    ./run bench registry [--products N] [--serials N] [--registry FILE] [--lookups N] [--dir DIR]

1. An edition is drawn (benchmarks/drawn_registry.py); --registry takes one drawn before with the same sizes, seed 1.
2. Bytes a serial and bytes a product, by the pages of their tables; a product against the naive file: text key, every
   column in its own row, a row for each product's recordation.
3. Look-ups of product, recordations and serial, warm: wall and CPU. Beside them a plain loop as long as the median
   look-up says what the machine itself adds to the slowest hundredth.
4. Pages that a look-up reads, counted by SQLite: within the page cache that a thread of the bench has, and with an
   empty one of which only the schema is read.
5. Resident memory of a process that looks up, above that of one with a tiny edition.
6. The canonical content hash of the whole edition: seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

import apsw

from benchmarks.drawn_registry import Drawn, draw
from benchmarks.limits import Limits
from benchmarks.storage import at
from edge.gs1 import Gtin
from edge.lookup import SerialStatus
from edge.storage import registry as reading
from edge.storage.canonical import content_sha256
from edge.storage.content import CONTENT
from edge.storage.database import READER_CACHE_KIB
from edge.storage.registry import Registry
from edge.storage.registry_schema import KNOWN_BITS, keyed, scope_keys, serial_hash

_BYTES_A_SERIAL = 4.1
_LIMIT_AT_100M = 2.86  # bytes a serial that no set of 100,000,000 such hashes is below
_OF_NAIVE = 0.5
_LOOKUP_S = 50e-6
_COLD_PAGES = 4.0
_EXTRA_MB = 16.0
_NAIVE_MOST = 200_000  # products of the naive file: its bytes a product do not depend on how many there are
_COLD = 500
_BUSY = 1.3
_STATED_FROM = 2_000_000  # serials: below, a set of 48-bit hashes needs as much whatever holds it
_MEMORY = """
import sys
from pathlib import Path
from benchmarks.registry import Asked, look_up
from edge.storage.registry import Registry
registry = Registry.open(Path(sys.argv[1]))
for gtin, serial in Asked(*map(int, sys.argv[2:5])):
    look_up(registry, gtin, serial)
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmRSS"].split()[0]) / 1e3)
"""


Questions: TypeAlias = list[tuple[str, Sequence[int | str]]]


class Asked:
    """Look-ups to make: every other one of a serial that is registered."""

    def __init__(self, products: int, serials: int, times: int) -> None:
        self._drawn = Drawn(products, serials, 1)
        self._times = times

    def __iter__(self) -> Iterator[tuple[Gtin, str]]:
        draws = random.Random(7)
        for number in range(self._times):
            product, serial = self._drawn.serial(draws.randrange(self._drawn.serials))
            yield Gtin(self._drawn.gtin(product)), serial if number % 2 else serial[::-1]


def look_up(registry: Registry, gtin: Gtin, serial: str) -> SerialStatus:
    product = registry.product(gtin)
    if product is None:
        raise SystemExit(f"{gtin}: expected a drawn product, got none; give the sizes of the edition.")
    registry.recordations(gtin, product.brand)
    return registry.serial_status(product, serial)


def naive(edition: Path, out: Path, most: int) -> float:
    """Bytes a product of a naive file: text keys, no shared rows, each product's recordations beside it."""
    columns = next(content for content in CONTENT if content.name == "products").columns
    with closing(sqlite3.connect(edition)) as source, closing(sqlite3.connect(out, isolation_level=None)) as target:
        target.execute("PRAGMA journal_mode=OFF")
        target.execute("BEGIN")
        target.execute(f"CREATE TABLE products ({columns[0]} TEXT PRIMARY KEY, {', '.join(columns[1:])})")
        target.execute("CREATE TABLE product_recordations (gtin TEXT, number TEXT, PRIMARY KEY (gtin, number))")
        insert = f"INSERT INTO products VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - names of our own
        rights: dict[str, list[str]] = {}
        products = next(content for content in CONTENT if content.name == "products").select()
        for row in source.execute(f"{products} LIMIT {most}"):
            gtin = f"{row[0]:014d}"
            target.execute(insert, (gtin, *row[1:]))
            brand = row[columns.index("brand")]
            if brand not in rights:
                keys = [key for key in scope_keys(gtin, brand) if key.startswith("b")]
                found = source.execute("SELECT number FROM scopes WHERE target='r' AND scope=?", keys)
                rights[brand] = [number for (number,) in found]
            target.executemany("INSERT INTO product_recordations VALUES (?, ?)", [(gtin, n) for n in rights[brand]])
        target.execute("COMMIT")
    return out.stat().st_size / most


def bytes_of(path: Path, *tables: str) -> int:
    """Bytes of the pages of tables with their indexes."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    named = "SELECT name FROM sqlite_schema WHERE tbl_name IN (SELECT value FROM json_each(?))"
    sizes = f"SELECT SUM(pgsize) FROM dbstat WHERE aggregate=TRUE AND name IN ({named})"  # noqa: S608 - a query of our own
    ((size,),) = connection.execute(sizes, (json.dumps(tables),))
    connection.close()
    return int(size)


class Pages:
    """Counts the pages that questions read from the file."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        self._connection.execute(f"PRAGMA cache_size=-{READER_CACHE_KIB}")
        self._connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchall()
        self._read = self._misses()

    def _misses(self) -> int:
        return self._connection.status(apsw.SQLITE_DBSTATUS_CACHE_MISS)[0]

    def of(self, questions: Questions) -> int:
        for sql, arguments in questions:
            self._connection.execute(sql, tuple(arguments)).fetchall()
        before, self._read = self._read, self._misses()
        return self._read - before

    def close(self) -> None:
        self._connection.close()


def measure_bytes(path: Path, products: int, folder: Path, limits: Limits) -> None:
    with closing(sqlite3.connect(path)) as connection:
        serials = sum(
            int.from_bytes(block, "big")
            for (block,) in connection.execute("SELECT substr(block, 1, 2) FROM known_serials")
        )
    size = bytes_of(path, "known_serials") / max(1, serials)
    limit = (KNOWN_BITS - _log2(serials) + 1.44) / 8
    print(f"{path.name}: {path.stat().st_size / 1e6:,.1f} MB, {products:,} products, {serials:,} known serials")
    allowed = _BYTES_A_SERIAL if serials >= _STATED_FROM else limit + _BYTES_A_SERIAL - _LIMIT_AT_100M
    print(f"  {size:.3f} bytes a serial, {limits.judged('bytes a serial', size, allowed, 'bytes')}")
    print(
        f'  at the same error no set of hashes is below {limit:.2f}; a false "known" has {serials / 2**KNOWN_BITS:.1e}'
    )
    mine = bytes_of(path, "products", "product_lines", "recordations", "scopes") / products
    most = min(products, _NAIVE_MOST)
    peer = naive(path, folder / "naive.sqlite", most)
    print(f"  {mine:.1f} bytes a product with its rights, naive text-key file {peer:.1f} (of {most:,} products)")
    print(f"    {limits.judged('bytes a product', mine, _OF_NAIVE * peer, 'bytes: half of the naive file')}")


def _log2(number: int) -> int | float:
    return max(1, number).bit_length() - 1 + (number / (1 << max(1, number).bit_length() - 1) - 1)


def timed(work: Callable[[Gtin, str], object], asked: Asked) -> tuple[list[float], list[float]]:
    """Wall and CPU seconds of each."""
    wall, cpu = [], []
    for gtin, serial in asked:
        began, spent = time.perf_counter(), time.thread_time()
        work(gtin, serial)
        wall.append(time.perf_counter() - began)
        cpu.append(time.thread_time() - spent)
    return wall, cpu


def measure_lookups(path: Path, asked: Asked, limits: Limits) -> None:
    with closing(Registry.open(path)) as registry:
        known = sum(look_up(registry, gtin, serial) is SerialStatus.KNOWN for gtin, serial in asked)
        wall, cpu = timed(lambda gtin, serial: look_up(registry, gtin, serial), asked)
    rounds = _rounds_of(at(cpu, 0.5))
    noise, loop = timed(lambda _gtin, _serial: sum(range(rounds)), asked)
    print(f"look-up of product + recordations + serial, warm, {len(wall):,} times, {known / len(wall):.2f} known:")
    print(f"  wall p50 {at(wall, 0.5) * 1e6:.0f} µs  p99 {at(wall, 0.99) * 1e6:.0f} µs")
    print(f"  CPU  p50 {at(cpu, 0.5) * 1e6:.0f} µs  p99 {at(cpu, 0.99) * 1e6:.0f} µs")
    print(
        f"  a plain loop of that length: wall p99 {at(noise, 0.99) * 1e6:.0f} µs  CPU p99 {at(loop, 0.99) * 1e6:.0f} µs"
    )
    if at(noise, 0.99) > _BUSY * at(noise, 0.5):
        print(
            "  p99 is not judged: this machine is too busy, the plain loop has a p99 of more than 1.3 times its median"
        )
    else:
        print(f"  {limits.judged('look-up p99', at(wall, 0.99) * 1e6, _LOOKUP_S * 1e6, 'µs')}")


def _rounds_of(seconds: float) -> int:
    rounds = 1_000
    began = time.thread_time()
    for _time in range(200):
        sum(range(rounds))
    return max(1, int(rounds * seconds / ((time.thread_time() - began) / 200)))


def measure_cold(path: Path, asked: Asked, limits: Limits) -> None:
    with closing(sqlite3.connect(path)) as connection:
        ((key,),) = connection.execute("SELECT value FROM edition WHERE name='serial_key'").fetchall()
    empty = keyed(bytes.fromhex(key))
    used = {name: Pages(path) for name in (*_PARTS, "all")}
    warm: dict[str, list[int]] = {name: [] for name in used}
    fresh: dict[str, list[int]] = {name: [] for name in used}
    with closing(Registry.open(path)) as registry:
        for gtin, serial in asked:
            parts = _questions(registry, empty, gtin, serial)
            for name, questions in (*parts.items(), ("all", [one for part in parts.values() for one in part])):
                warm[name].append(used[name].of(questions))
                if len(fresh[name]) < _COLD:
                    with closing(Pages(path)) as pages:
                        fresh[name].append(pages.of(questions))
    for told, counts in ((f"a page cache of {READER_CACHE_KIB} KiB in use", warm), ("an empty page cache", fresh)):
        means = ", ".join(
            f"{name} {sum(one[len(one) // 2 :]) / (len(one) - len(one) // 2):.2f}" for name, one in counts.items()
        )
        print(f"pages read a look-up, with {told}: {means}")
    last = warm["serial"][len(warm["serial"]) // 2 :]
    print(f"  of a serial: {limits.judged('pages', sum(last) / len(last), _COLD_PAGES, 'pages')}")


_PARTS = ("product", "recordations", "serial")


def _questions(registry: Registry, empty: blake2b, gtin: Gtin, serial: str) -> dict[str, Questions]:
    """The statements of one look-up, as edge/storage/registry.py makes them."""
    product = registry.product(gtin)
    brand = product.brand if product else ""
    keys = scope_keys(gtin.value, brand, registry._prefixes)  # noqa: SLF001 - what it asks is measured here
    number = int(gtin.value)
    value = serial_hash(empty, gtin.value, serial, KNOWN_BITS)
    rights: Questions = [(reading._RECORDATION, (one.number,)) for one in registry.recordations(gtin, brand)]  # noqa: SLF001
    return {
        "product": [(reading._PRODUCT, (number,))],  # noqa: SLF001
        "recordations": [(reading._numbers(len(keys)), keys), *rights],  # noqa: SLF001
        "serial": [
            (reading._LISTED, (number, serial, number, len(serial), serial, serial)),  # noqa: SLF001
            (reading._KNOWN_BLOCK, (value,)),  # noqa: SLF001
        ],
    }


def measure_memory(path: Path, tiny: Path, sizes: tuple[int, int, int], limits: Limits) -> None:
    large, small = (
        float(subprocess.run([sys.executable, "-c", _MEMORY, *map(str, words)], check=True, capture_output=True).stdout)
        for words in ((path, *sizes), (tiny, 10, 10, sizes[2]))
    )
    print(f"resident memory after {sizes[2]:,} look-ups {large:.1f} MB, with a tiny edition {small:.1f} MB")
    print(f"  {limits.judged('extra memory', max(0.0, large - small), _EXTRA_MB, 'MB')}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=200_000)
    parser.add_argument("--serials", type=int, default=3_000_000)
    parser.add_argument("--registry", type=Path, help="an edition drawn before with these sizes and seed 1")
    parser.add_argument("--lookups", type=int, default=5_000)
    parser.add_argument("--dir", type=Path, help="a folder on the disk to measure")
    chosen = parser.parse_args()
    limits = Limits()
    with tempfile.TemporaryDirectory(dir=chosen.dir) as name:
        folder = Path(name)
        path = chosen.registry or folder / "drawn.sqlite"
        if chosen.registry is None:
            report = draw(path, chosen.products, chosen.serials)
            print(f"drawn in {report.seconds:.0f} s")
        draw(folder / "tiny.sqlite", 10, 10)
        asked = Asked(chosen.products, chosen.serials, chosen.lookups)
        measure_bytes(path, chosen.products, folder, limits)
        measure_lookups(path, asked, limits)
        measure_cold(path, asked, limits)
        measure_memory(path, folder / "tiny.sqlite", (chosen.products, chosen.serials, chosen.lookups), limits)
        began = time.process_time()
        content_sha256(path)
        print(f"canonical content hash: {time.process_time() - began:.1f} s of CPU")
    limits.end()


if __name__ == "__main__":
    main()
