"""A file of sightings: which serials and parcel numbers were seen at which port, on which day, by truncated keyed hash.

One line of JSON (schema, name of the key, count, day, places), filled with spaces to a multiple of eight bytes, then
four columns of `count` rows, sorted by hash: the low 32 of 48 bits, the high 16, the place as a number into `places`,
and the age: days before `day`, with the highest bit for an item that was seen together with a parcel number. Nine
bytes a sighting. The hash is the first 48 bits of HMAC-SHA256, so that n sightings answer for a key that was never seen
in n / 2^48 of the cases: 1 in a million for 270 million (90 days of 3 million).

Whoever finds a file without its key learns counts by port and day. Whoever has the key can ask for a number that he
knows or guesses: the numbers themselves are in no file.
"""

from __future__ import annotations

import hmac
import json
import mmap
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import isqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SCHEMA = 1
BITS = 48
MOST_PLACES = 65_536
OLDEST_DAYS = 127
ROW_BYTES = 9
_WITH_PARCEL = 0x80
_HEAD_STEP = 8


@dataclass(frozen=True, slots=True)
class SeenAt:
    """One row: where and when a key was seen. `with_parcel`: an item that was seen together with a parcel number."""

    place: str
    day: date
    with_parcel: bool


@dataclass(frozen=True, slots=True)
class Hashed:
    """A sighting on its way into a file."""

    hash: int  # 48 bits
    seen: SeenAt


def hashed(secret: bytes, key: str) -> int:
    """The hash of `key`, such as "sgtin:09521234543213:A7" or "S10:RR473124829JP"."""
    return int.from_bytes(hmac.digest(secret, key.encode("utf-8", "surrogatepass"), "sha256")[: BITS // 8], "big")


@dataclass(frozen=True, slots=True)
class Columns:
    """Sightings as columns of equal length: 48-bit hashes, numbers of places, ages in days with the highest bit."""

    hashes: NDArray[np.uint64]
    places: NDArray[np.uint16]
    ages: NDArray[np.uint8]


def written(rows: Iterable[Hashed], secret_name: str, day: date) -> bytes:
    """A file of `rows`, each once. `day` is the newest that a row may have; a row of a later one counts as of it.

    Raises:
        ValueError: more than 65,536 places.
    """
    kept = list(rows)
    places = sorted({row.seen.place for row in kept})
    if len(places) > MOST_PLACES:
        raise ValueError(f"Expected at most {MOST_PLACES} places in one file, got {len(places)}.")
    number = {place: index for index, place in enumerate(places)}
    columns = Columns(
        np.array([row.hash for row in kept], np.uint64),
        np.array([number[row.seen.place] for row in kept], np.uint16),
        np.array([_age(row.seen, day) for row in kept], np.uint8),
    )
    return file_of(columns, secret_name, day, places)


def _age(seen: SeenAt, day: date) -> int:
    return min(max(0, (day - seen.day).days), OLDEST_DAYS) | (_WITH_PARCEL if seen.with_parcel else 0)


def file_of(columns: Columns, secret_name: str, day: date, places: Sequence[str]) -> bytes:
    """A file of `columns`, each row once, whatever their order. See `written`."""
    order = np.lexsort((columns.ages, columns.places, columns.hashes))
    hashes, place, age = columns.hashes[order], columns.places[order], columns.ages[order]
    fresh = np.ones(len(hashes), bool)
    fresh[1:] = (hashes[1:] != hashes[:-1]) | (place[1:] != place[:-1]) | (age[1:] != age[:-1])
    hashes, place, age = hashes[fresh], place[fresh], age[fresh]
    head = {"schema": SCHEMA, "key": secret_name, "count": len(hashes), "day": day.isoformat(), "places": list(places)}
    line = json.dumps(head, sort_keys=True, separators=(",", ":")).encode()
    line += b" " * (-(len(line) + 1) % _HEAD_STEP) + b"\n"
    low, high = (hashes & np.uint64(0xFFFFFFFF)).astype("<u4"), (hashes >> np.uint64(32)).astype("<u2")
    return b"".join((line, low.tobytes(), high.tobytes(), place.astype("<u2").tobytes(), age.tobytes()))


def merged(files: Sequence[SightingFile]) -> bytes:
    """One file of all rows of `files`, the same on every machine: boxes make it themselves of what they hold.

    Raises:
        ValueError: they have different keys, none is given, or more than 65,536 places in all.
    """
    if len({file.key for file in files}) != 1:
        raise ValueError(f"Expected files of one key, got {len({file.key for file in files})}.")
    day = max(file.day for file in files)
    places = sorted({place for file in files for place in file.places})
    if len(places) > MOST_PLACES:
        raise ValueError(f"Expected at most {MOST_PLACES} places in one file, got {len(places)}.")
    parts = [file.columns(places, day) for file in files]
    whole = Columns(*(np.concatenate([getattr(one, name) for one in parts]) for name in Columns.__slots__))
    return file_of(whole, files[0].key, day, places)


class SightingFile:
    """One open file, mapped and not read: look-ups touch the pages that they need."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        """Look at the head of `data`.

        Raises:
            ValueError: it is no whole file of sightings of this schema.
        """
        try:
            end = data.find(b"\n") + 1
            head = json.loads(data[:end])
            if head["schema"] != SCHEMA:
                raise ValueError(f"schema {head['schema']!r}")  # noqa: TRY301 - told below with the rest
            self.key, self.count = str(head["key"]), int(head["count"])
            self.day, self.places = date.fromisoformat(head["day"]), tuple(map(str, head["places"]))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"Expected a file of sightings of schema {SCHEMA}, got {str(error)[:100]}.") from error
        if len(data) != end + ROW_BYTES * self.count or self.count < 0:
            raise ValueError(
                f"Expected {self.count} sightings in {end + ROW_BYTES * self.count} bytes, got {len(data)}."
            )
        whole, n = memoryview(data), self.count
        self._low = whole[end : end + 4 * n].cast("I")
        self._high = whole[end + 4 * n : end + 6 * n].cast("H")
        self._place = whole[end + 6 * n : end + 8 * n].cast("H")
        self._age = whole[end + 8 * n :]
        self._reach = 2 * isqrt(n) + 8  # four standard deviations of where an even hash stands
        self._run = n // 32_768 + 16  # twice the rows that share their high bits

    @classmethod
    def open(cls, path: Path) -> SightingFile:
        """Map the file at `path`.

        Raises:
            OSError: it cannot be read. ValueError: see `SightingFile`.
        """
        with path.open("rb") as file:
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def find(self, hash_: int) -> tuple[SeenAt, ...]:
        """Every row of one hash."""
        high, low = hash_ >> 32, hash_ & 0xFFFFFFFF
        first = self._first(high)
        last = bisect_right(self._high, high, first, min(self.count, first + self._run))
        if last == first + self._run:
            last = bisect_right(self._high, high, first)
        at = bisect_left(self._low, low, first, last)
        if at == last or self._low[at] != low:
            return ()
        until = bisect_right(self._low, low, at, last)
        return tuple(self._row(place) for place in range(at, until) if self._place[place] < len(self.places))

    def _first(self, high: int) -> int:
        """Where the rows of `high` begin. Hashes are even, so it is near its share; else all are searched."""
        middle = self.count * high >> 16
        low, top = max(0, middle - self._reach), min(self.count, middle + self._reach)
        found = bisect_left(self._high, high, low, top)
        if (found == low and low) or (found == top and top < self.count):
            return bisect_left(self._high, high)
        return found

    def _row(self, at: int) -> SeenAt:
        age = self._age[at]
        day = self.day - timedelta(days=age & ~_WITH_PARCEL)
        return SeenAt(self.places[self._place[at]], day, bool(age & _WITH_PARCEL))

    def columns(self, places: Sequence[str], day: date) -> Columns:
        """All rows, with places numbered as in `places` and ages counted from `day`, which is no earlier."""
        low, high = np.frombuffer(self._low, "<u4"), np.frombuffer(self._high, "<u2")
        number = np.array([places.index(place) for place in self.places], np.uint16)
        age = np.frombuffer(self._age, np.uint8)
        older = (age & ~np.uint8(_WITH_PARCEL)).astype(np.int64) + (day - self.day).days
        flag = age & np.uint8(_WITH_PARCEL)
        return Columns(
            (high.astype(np.uint64) << np.uint64(32)) | low.astype(np.uint64),
            number[np.frombuffer(self._place, "<u2")] if self.count else np.array([], np.uint16),
            np.minimum(older, OLDEST_DAYS).astype(np.uint8) | flag,
        )
