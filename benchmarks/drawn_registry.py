"""Draw a registry edition of any size, seeded: so that look-ups are measured at the size that a nation has.

It writes the tables of docs/registry-sources.md and builds them like any other source, so the build is measured too:

    ./run bench drawn_registry --products 1000000 --serials 10000000 --out /tmp/drawn.sqlite
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge.storage.registry_build import BuildReport, build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SERIAL_CHARACTERS = 12
_SERIALISED_EVERY = 10  # one product in ten has a serial programme
_STOLEN_EVERY = 100_000
_PREFIXES = 2_000  # right holders
_WATCHED = 5_000
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
    out: Path, products: int, serials: int, seed: int = 1, beside: Callable[[Path], None] = lambda _: None
) -> BuildReport:
    """Build the edition `out`. Needs about 30 bytes of disk a serial and 200 a product beside it while it works.

    `beside` may add tables of its own to the source directory.
    """
    drawn = Drawn(products, serials, seed)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        source = Path(folder)
        _write(source, drawn)
        beside(source)
        return build(source, out)


def _write(source: Path, drawn: Drawn) -> None:
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
            f"1000,9000,JPY,{serialised},thing article {number % 97}"
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
    arguments = parser.parse_args()
    started = time.monotonic()
    report = draw(arguments.out, arguments.products, arguments.serials, arguments.seed)
    rows = sum(report.counts.values())
    print(f"{report.out}: {report.counts['products']} products, {report.counts['serials']} serials")
    print(f"{report.size / 1e6:.1f} MB, {report.size / max(1, rows):.1f} bytes a row, {report.refused} refused")
    print(f"drawn and built in {time.monotonic() - started:.1f} s, of which the build {report.seconds:.1f} s")
    print(f"build: {rows / report.seconds:,.0f} rows a second")


if __name__ == "__main__":
    main()
