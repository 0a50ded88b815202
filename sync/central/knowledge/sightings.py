"""Sightings for boxes: which serials and parcel numbers were seen at which port on which day, as files of keyed hashes.

Files follow the feed: each holds the assessments between two cursors, so none is missed, none told twice, and a row
that comes late after a week offline lies in the file of its arrival, with the day on which it was seen. A file is cut
when somebody asks and a minute has passed; ten of a kind become one, and four of a large kind, which boxes that hold
them make themselves: each look-up asks every file, so there must be few.
After 90 days a file is dropped. The hash's key is the month's, derived from the central's own: it is told to enrolled
boxes only (sync/central/knowledge/document.py), and ends with the last file of its month.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import zstandard
from sqlalchemy import Connection, delete, insert, select, text, update

from edge.errors import NotFound
from edge.storage.keys import derived
from edge.storage.knowledge import OLD_DAYS
from edge.storage.sighting_file import Hashed, SeenAt, SightingFile, hashed, merged, written
from sync.central.bodies import parcel_keys
from sync.central.central import Central
from sync.central.database import reading, writing
from sync.central.onward.feed import RANGE, sequence, span_of
from sync.central.tables import sighting_files

EVERY_S = 60.0
FULL_ROWS = 100_000  # of the feed, in one file
FAN, LARGE_FAN, LARGE = 10, 4, 3  # so many become one; from the level LARGE on four
LEVELS = 6
MOST_BYTES = 72_000_000  # of a merged file: boxes merge in memory, some five times as much
KEPT_REPLACED_S = 86_400.0  # for boxes that are fetching one
LEVEL = 9  # of zstd

_LOCK = {"postgresql": text("SELECT last FROM sighting_head WHERE one=1 FOR UPDATE SKIP LOCKED")}
_LOCK_PLAIN = text("SELECT last FROM sighting_head WHERE one=1")
_ROWS = "SELECT e.device, e.ledger, e.seq, e.port, e.header, e.body{} AND e.kind='assessed'"
_NUMBERS = (
    "SELECT e.device, e.ledger, e.seq, e.name, e.value{} AND e.name IN ('identity.parcel_numbers', 'identity.sscc')"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as boxes are told of it."""

    sha256: str
    secret: str
    size: int
    packed: int
    parts: tuple[str, ...]


def secret_of(central: Central, month: str) -> bytes:
    """The key of the hashes of a month, such as "2026-11"."""
    return derived(central.private.private_bytes_raw(), f"sightings {month}")


def cut(central: Central, *, every_s: float = EVERY_S) -> int:
    """Put what is new in the feed into a file, merge, and drop what is old; how many rows of the feed were taken."""
    sequence(central.engine)
    now = central.now()
    with writing(central.engine) as connection:
        head = connection.execute(_LOCK.get(connection.dialect.name, _LOCK_PLAIN)).one_or_none()
        if head is None:  # somebody else cuts
            return 0
        last = int(connection.execute(text("SELECT last FROM feed_head WHERE one=1")).scalar_one())
        upto = min(last, int(head.last) + FULL_ROWS)
        if upto == head.last or (upto < head.last + FULL_ROWS and not _due(connection, now, every_s)):
            return 0
        _cut(central, connection, int(head.last), upto, now)
        _merge(connection, now)
        _drop(connection, now)
        connection.execute(text("UPDATE sighting_head SET last=:last WHERE one=1"), {"last": upto})
    return upto - int(head.last)


def _due(connection: Connection, now: datetime, every_s: float) -> bool:
    newest = connection.execute(select(sighting_files.c.made).order_by(sighting_files.c.last.desc()).limit(1)).scalar()
    return newest is None or datetime.fromisoformat(newest) + timedelta(seconds=every_s) <= now


def _cut(central: Central, connection: Connection, after: int, upto: int, now: datetime) -> None:
    month = f"{now:%Y-%m}"
    rows = list(_seen(connection, after, upto, secret_of(central, month)))
    if rows:
        span = {"secret": month, "level": 0, "first": after + 1, "last": upto}
        _keep(connection, written(rows, month, now.date()), span, (), now)


def _seen(connection: Connection, after: int, upto: int, secret: bytes) -> Iterator[Hashed]:
    span = {"after": after, "upto": upto, "range": RANGE}
    numbers: dict[tuple[str, str, int], list[str]] = {}
    for row in connection.execute(text(_NUMBERS.format(span_of(connection, "e", "personal"))), span):
        numbers.setdefault((row.device, row.ledger, row.seq), []).extend(parcel_keys(row.name, row.value))
    for row in connection.execute(text(_ROWS.format(span_of(connection, "e", "entries"))), span):
        try:
            day = datetime.fromisoformat(json.loads(row.header)["at"]).date()
            items = item_keys(json.loads(row.body))
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ):  # of a bench that nobody knows: it is in the feed all the same
            continue
        parcel = numbers.get((row.device, row.ledger, row.seq), [])
        place = row.port or row.device
        for key in items:
            yield Hashed(hashed(secret, key), SeenAt(place, day, bool(parcel)))
        for key in parcel:
            yield Hashed(hashed(secret, key), SeenAt(place, day, with_parcel=True))


def item_keys(body: Mapping[str, Any]) -> list[str]:
    """Keys of the serialised items of an assessment's row, as `edge.identity.item_key` makes them."""
    items = body["assessment"].get("identity", {}).get("items", ())
    return [f"sgtin:{item['gtin']['value']}:{item['serial']}" for item in items if item.get("serial") is not None]


def _keep(connection: Connection, data: bytes, span: Mapping[str, Any], parts: tuple[str, ...], now: datetime) -> None:
    sha256 = hashlib.sha256(data).hexdigest()
    told = {"sha256": sha256, "count": SightingFile(data).count, "size": len(data), "made": now.isoformat()}
    packed = zstandard.ZstdCompressor(level=LEVEL).compress(data)
    connection.execute(delete(sighting_files).where(sighting_files.c.sha256 == sha256))  # the same rows once more
    connection.execute(insert(sighting_files).values(**told, **span, parts=json.dumps(parts), packed=packed))


def _merge(connection: Connection, now: datetime) -> None:
    standing = sighting_files.c.replaced.is_(None)
    for level in range(LEVELS):
        fan = FAN if level < LARGE else LARGE_FAN
        found = connection.execute(
            select(sighting_files).where((sighting_files.c.level == level) & standing).order_by(sighting_files.c.first)
        ).all()
        for month in sorted({row.secret for row in found}):
            some = [row for row in found if row.secret == month][:fan]
            if len(some) < fan or sum(row.size for row in some) > MOST_BYTES:
                continue
            data = merged([SightingFile(zstandard.decompress(row.packed)) for row in some])
            span = {"secret": month, "level": level + 1, "first": some[0].first, "last": some[-1].last}
            names = tuple(row.sha256 for row in some)
            replaced = update(sighting_files).where(sighting_files.c.sha256.in_(names)).values(replaced=now.isoformat())
            connection.execute(replaced)
            _keep(connection, data, span, names, now)


def _drop(connection: Connection, now: datetime) -> None:
    old = (now - timedelta(days=OLD_DAYS)).isoformat()
    gone = (now - timedelta(seconds=KEPT_REPLACED_S)).isoformat()
    connection.execute(delete(sighting_files).where((sighting_files.c.made < old) | (sighting_files.c.replaced < gone)))


def listed(connection: Connection) -> list[Listed]:
    """The files that hold the last 90 days, oldest first."""
    columns = [sighting_files.c[name] for name in ("sha256", "secret", "size", "parts")]
    length = text("length(packed) AS packed_size")
    found = connection.execute(
        select(*columns, length).where(sighting_files.c.replaced.is_(None)).order_by(sighting_files.c.first)
    )
    return [Listed(row.sha256, row.secret, row.size, row.packed_size, tuple(json.loads(row.parts))) for row in found]


def packed_file(central: Central, sha256: str) -> bytes:
    """A file as it travels: zstd.

    Raises:
        NotFound: sighting_file_not_found.
    """
    with reading(central.engine) as connection:
        found = connection.execute(select(sighting_files.c.packed).where(sighting_files.c.sha256 == sha256)).scalar()
    if found is None:
        message = f"{sha256}: expected a file of sightings, got none."
        raise NotFound("sighting_file_not_found", message, hint="Ask for /v1/knowledge again: files are replaced.")
    return bytes(found)
