"""Draw a registry edition of any size, seeded: so that look-ups are measured at the size that a nation has.

    ./run bench drawn_registry --products 1000000 --serials 10000000 --out drawn.sqlite [--whole]

With --whole every row goes through the tables of docs/registry-sources.md, so that the build is measured.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge.storage.canonical import of_connection
from edge.storage.content import CONTENT, CONTENT_SHA256, ContentWriter
from edge.storage.registry_build import BuildReport, build
from edge.storage.registry_serials import SerialSets
from edge.storage.serial_source import CleanSerials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SERIAL_CHARACTERS = 12
_SERIALISED_EVERY = 10  # one product in ten has a serial programme
_BUILT = 1_000  # rows that go through the tables when the edition is filled in afterwards
_STOLEN_EVERY = 100_000
_PREFIXES = 2_000  # right holders
_KINDS = 5  # of goods that each of them has
_WATCHED = 5_000
_PIECE = 100_000
_SYLLABLES = [
    "ka",
    "mi",
    "to",
    "ra",
    "ne",
    "so",
    "yu",
    "ha",
    "ri",
    "mo",
    "bel",
    "tan",
    "gor",
    "lis",
    "ver",
    "pol",
    "dan",
    "mar",
]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a drawn edition of `products` products and `serials` serials holds: each is computed, none is stored."""

    products: int
    serials: int
    seed: int

    def gtin(self, number: int) -> str:
        """The GTIN of product `number`, 14 digits: 0952, the number, the check digit."""
        body = f"0952{number:09d}"
        total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(body))
        return f"{body}{-total % 10}"

    def kind(self, number: int) -> int:
        """Which of the five kinds of goods of its right holder product `number` is."""
        return number // _PREFIXES % _KINDS

    @property
    def serialised(self) -> int:
        """How many products have a serial programme: numbers 0, 10, 20, ..."""
        return -(-self.products // _SERIALISED_EVERY)

    def serial(self, number: int) -> tuple[int, str]:
        """Serial `number` of the edition, as (number of its product, serial)."""
        product = number % self.serialised * _SERIALISED_EVERY
        drawn = (number * 6364136223846793005 + self.seed * 1442695040888963407 + 1) % 2**64
        return product, f"{drawn:016X}"[:_SERIAL_CHARACTERS]


def draw(
    out: Path,
    products: int,
    serials: int,
    seed: int = 1,
    *,
    whole: bool = False,
    beside: Callable[[Path], None] = lambda _: None,
) -> BuildReport:
    """Draw the edition `out`. `beside` may add tables of its own to the source directory.

    `whole` writes every row as a table and builds it, which measures the build. Otherwise a small edition is built
    and its products and serials are then filled in, which is faster; the recordations are those of the small one.
    """
    drawn = Drawn(products, serials, seed)
    built = drawn if whole else Drawn(min(products, _BUILT), min(serials, _BUILT), seed)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        source = Path(folder)
        write_source(source, built)
        beside(source)
        report = build(source, out)
    if not whole:
        _fill(out, drawn)
    return replace(report, size=out.stat().st_size, counts={**report.counts, "products": products, "serials": serials})


def _fill(path: Path, drawn: Drawn) -> None:
    with ExitStack() as stack:
        connection = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536; BEGIN")
        products = next(content for content in CONTENT if content.name == "products")
        writer = ContentWriter(connection, products)
        for number in range(drawn.products):
            holder = number % _PREFIXES
            words = f'{{"en":"thing article {drawn.kind(number)}"}}'
            row = (
                f"Brand {holder}",
                f"Holder {holder} KK",
                "851830",
                "JP\nVN",
                f"Maker {holder}",
                "",
                "",
                "JPY",
            )
            programme = (int(number % _SERIALISED_EVERY == 0), 0, "", None, "", words, "")
            writer.put((int(drawn.gtin(number)), f"Product {number}", 1000, 9000, None, *row, *programme))
        ((key,),) = connection.execute("SELECT value FROM edition WHERE name='serial_key'").fetchall()
        sets = SerialSets(bytes.fromhex(key), path, stack)
        gtins = [drawn.gtin(number * _SERIALISED_EVERY).encode() for number in range(drawn.serialised)]
        for start in range(0, drawn.serials, _PIECE):
            numbers = range(start, min(start + _PIECE, drawn.serials))
            pairs = [
                (gtins[product // _SERIALISED_EVERY], serial.encode()) for product, serial in map(drawn.serial, numbers)
            ]
            sets.add_clean(CleanSerials("drawn", start, pairs), lambda _gtin: False)
        connection.execute("DELETE FROM known_serials")
        sets.write(connection, lambda _share: None)
        counts = json.dumps({"products": drawn.products, "serials": drawn.serials})
        connection.execute("UPDATE edition SET value=? WHERE name='counts'", (counts,))
        content = of_connection(connection)
        connection.execute("UPDATE edition SET value=? WHERE name=?", (content, CONTENT_SHA256))
        connection.execute("COMMIT")


def write_source(source: Path, drawn: Drawn) -> None:
    (source / "edition.toml").write_text(
        f'schema = 1\nname = "drawn-{drawn.seed}"\nnumber = 1\nissued = 2026-11-20T00:00:00Z\n'
        'publisher = "Drawn"\nbulletin_quarter = "2026-Q4"\n'
    )
    _lines(source / "products.csv", _products(drawn))
    _lines(source / "serials.csv", _serials(drawn))
    _lines(source / "recordations.csv", _recordations(drawn))
    _lines(source / "watch_list.csv", _watch_list(drawn))


def _lines(path: Path, lines: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def _products(drawn: Drawn) -> Iterator[str]:
    yield "gtin,name,brand,right_holder,hs,origins,makers,value_min_minor,value_max_minor,currency,serialised,words_en"
    for number in range(drawn.products):
        holder = number % _PREFIXES
        serialised = "yes" if number % _SERIALISED_EVERY == 0 else "no"
        yield (
            f"{drawn.gtin(number)},Product {number},Brand {holder},Holder {holder} KK,851830,JP|VN,Maker {holder},"
            f"1000,9000,JPY,{serialised},thing article {drawn.kind(number)}"
        )


def _serials(drawn: Drawn) -> Iterator[str]:
    yield "gtin,serial,status"
    gtins = [drawn.gtin(number * _SERIALISED_EVERY) for number in range(drawn.serialised)]
    for number in range(drawn.serials):
        product, serial = drawn.serial(number)
        yield f"{gtins[product // _SERIALISED_EVERY]},{serial},{'stolen' if number % _STOLEN_EVERY == 0 else ''}"


def _recordations(drawn: Drawn) -> Iterator[str]:
    yield "number,right_type,right_holder,valid_from,valid_to,brands"
    for holder in range(min(_PREFIXES, drawn.products)):
        yield f"R{holder},trademark,Holder {holder} KK,2024-01-01,2027-12-31,Brand {holder}"


def _watch_list(drawn: Drawn) -> Iterator[str]:
    yield "entry,kind,name,reason"
    draws = random.Random(drawn.seed)
    for number in range(_WATCHED):
        words = ["".join(draws.choices(_SYLLABLES, k=draws.randint(2, 3))).title() for _word in range(2)]
        yield f"W{number},consignor,{' '.join(words)} Trading Ltd,drawn"


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw a registry edition of any size.")
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--serials", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--whole", action="store_true", help="build every row from tables")
    arguments = parser.parse_args()
    started = time.monotonic()
    report = draw(arguments.out, arguments.products, arguments.serials, arguments.seed, whole=arguments.whole)
    rows = sum(report.counts.values())
    print(f"{report.out}: {report.counts['products']} products, {report.counts['serials']} serials")
    print(f"{report.size / 1e6:.1f} MB, {report.size / max(1, rows):.1f} bytes a row, {report.refused} refused")
    print(f"drawn and built in {time.monotonic() - started:.1f} s, of which the build {report.seconds:.1f} s")
    if arguments.whole:
        print(f"build: {rows / report.seconds:,.0f} rows a second")


if __name__ == "__main__":
    main()
