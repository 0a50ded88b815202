"""A registry edition, read: products, recordations, serials, watch list, bulletins, faces. One prepared query each.

An edition is immutable, so it is read without locks and from as many threads as ask. It judges nothing: whether a
recordation is in force or a name is similar enough is said in edge/steps/. It is not the shelf on which editions are
replaced: that is edge/storage/shelf.py.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from edge.errors import NotFound, RegistryError
from edge.gs1 import Gtin
from edge.lookup import (
    Batch,
    Bulletin,
    DistinguishingPoint,
    Edition,
    Product,
    Recordation,
    Region,
    RegisteredFace,
    SerialStatus,
)
from edge.names import latin
from edge.storage.database import Readers, is_damage
from edge.storage.registry_file import damaged, refuse_unless_ours
from edge.storage.registry_schema import CRITICAL_BITS, KNOWN_BITS, grams, keyed, scope_keys, serial_hash, whole
from edge.storage.serial_blocks import holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Cell: TypeAlias = Any  # what a column of SQLite holds

_BATCH = re.compile(r"(\D*)(\d+)(\D*)", re.ASCII)
_RIGHTS_HELD = 500  # recordations, decoded
_WATCH_ROWS = 2_000  # of the blocking index that one name may touch: about a millisecond
_WATCH_MOST = 3_000  # likewise, for the first few groups
_SEVERAL = 4
_LONG = 6  # letters of a word in which one slip leaves it alike (edge/names.py, WORD)
_SHARED_GRAMS = 0.3  # of the shorter name; below it no fuzzy comparison calls two names similar (blocking only)


@dataclass(frozen=True, slots=True)
class WatchEntry:
    """One listed name that may resemble the one asked for. Whether it does is the caller's to measure."""

    entry: str
    kind: str
    listed: str
    country: str
    reason: str
    source: str
    valid_from: date | None
    valid_to: date | None


class Serials(Protocol):
    """The set of known serials of an edition, however it is packed."""

    def holds(self, gtin: Gtin, serial: str) -> bool:
        """Whether this serial of this product is registered. Errors: see `Registry`."""
        ...


class _PackedSerials:
    """Keyed hashes in packed blocks; wider hashes for products that their right holder marks critical."""

    def __init__(self, readers: Readers, key: bytes, *, critical: bool) -> None:
        self._readers = readers
        self._empty = keyed(key)
        self._critical = critical  # whether there is such a product at all

    def holds(self, gtin: Gtin, serial: str) -> bool:
        connection = self._readers.get()
        block, bits = _KNOWN_BLOCK, KNOWN_BITS
        if self._critical and connection.execute(_CRITICAL, (int(gtin.value),)).fetchone() == (1,):
            block, bits = _CRITICAL_BLOCK, CRITICAL_BITS
        value = serial_hash(self._empty, gtin.value, serial, bits)
        found = connection.execute(block, (value,)).fetchone()
        return found is not None and holds(found[0], found[1], value)


class Registry:
    """One open edition. Every method can be called from any thread and raises RegistryError("registry_damaged")."""

    def __init__(self, path: Path, readers: Readers, said: dict[str, str]) -> None:
        """Take an edition that `open` has recognised; `said` are the rows of its table `edition`."""
        self.path = path
        self.edition = Edition(
            name=said["name"],
            number=int(said["number"]),
            issued=datetime.fromisoformat(said["issued"]).astimezone(UTC),
            publisher=said["publisher"],
            bulletin_quarter=said["bulletin_quarter"],
        )
        self.content_sha256 = said["content_sha256"]
        self.counts: dict[str, int] = json.loads(said["counts"])
        self._readers = readers
        self._prefixes = tuple(length for (length,) in readers.get().execute(_PREFIXES))
        self._rights: dict[str, tuple[Recordation, dict[int, list[int]]]] = {}
        critical = readers.get().execute("SELECT 1 FROM critical_serials LIMIT 1").fetchone() is not None
        self._serials: Serials = _PackedSerials(readers, bytes.fromhex(said["serial_key"]), critical=critical)

    @classmethod
    def open(cls, path: Path) -> Registry:
        """Open an edition read-only.

        Raises:
            RegistryError: registry_missing, registry_wrong_file, registry_damaged, registry_newer_schema.
        """
        refuse_unless_ours(path)
        readers = Readers(path, immutable=True)
        try:
            said = dict(readers.get().execute("SELECT name, value FROM edition").fetchall())
            return cls(path, readers, said)
        except (sqlite3.Error, KeyError, ValueError) as error:
            readers.close()
            raise damaged(path, str(error)) from error

    def close(self) -> None:
        """Close the edition for every thread. Safe to call twice."""
        self._readers.close()

    def _all(self, sql: str, arguments: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._readers.get().execute(sql, arguments).fetchall()
        except sqlite3.Error as error:
            if is_damage(error):
                raise damaged(self.path, str(error)) from error
            message = f"{self.path.name}: expected an answer, got: {error}."
            raise RegistryError("registry_unreadable", message, hint="Restart the bench; see its status.") from error

    # --- products and rights --------------------------------------------------

    def product(self, gtin: Gtin) -> Product | None:
        """The registered product, or None."""
        found = self._all(_PRODUCT, (int(gtin.value),))
        return _product(gtin, found[0]) if found else None

    def recordations(self, gtin: Gtin, brand: str = "") -> tuple[Recordation, ...]:
        """All recordations that cover the product, in force or not, by number.

        `brand` also finds those of a brand; `Product.brand` of the same edition is what to pass.
        """
        keys = scope_keys(gtin.value, brand, self._prefixes)
        return tuple(self._right(number, int(gtin.value)) for (number,) in self._all(_numbers(len(keys)), keys))

    def _right(self, number: str, gtin: int) -> Recordation:
        """A recordation with the points that hold for this product. What was asked for is held: it cannot change."""
        held = self._rights.get(number)
        if held is None:
            if len(self._rights) >= _RIGHTS_HELD:
                self._rights.clear()
            held = self._rights[number] = self._recordation(number)
        right, of_one = held
        if not of_one:
            return right
        others = {place for product, places in of_one.items() if product != gtin for place in places}
        return replace(right, points=tuple(point for place, point in enumerate(right.points) if place not in others))

    def _recordation(self, number: str) -> tuple[Recordation, dict[int, list[int]]]:
        """One recordation with all its points, and the places of those that hold for one product only, by product."""
        ((right_type, right_holder, valid_from, valid_to, source, told),) = self._all(_RECORDATION, (number,))
        details = json.loads(told)
        points = self._all(_POINTS, (number,))
        of_one: dict[int, list[int]] = {}
        for place, point in enumerate(points):
            if point[6] is not None:
                of_one.setdefault(point[6], []).append(place)
        right = Recordation(
            number=number,
            right_type=right_type,
            right_holder=right_holder,
            valid_from=date.fromisoformat(valid_from),
            valid_to=date.fromisoformat(valid_to),
            source=source,
            offices=tuple(details.get("offices", ())),
            small_consignment=bool(details.get("small_consignment")),
            points=tuple(
                DistinguishingPoint(
                    number=point[0],
                    text=json.loads(point[1]),
                    severity=point[2],
                    source=point[3],
                    valid_to=_day(point[4]),
                    picture=point[5],
                    sense=point[7],
                    side=point[8],
                    x_mm=point[9],
                    y_mm=point[10],
                )
                for point in points
            ),
        )
        return right, of_one

    def bulletins(self, gtin: Gtin, day: date, brand: str = "") -> tuple[Bulletin, ...]:
        """The bulletins that speak of the product and are valid on `day`, by number."""
        keys = json.dumps(scope_keys(gtin.value, brand, self._prefixes))
        return tuple(
            Bulletin(
                number=row[0],
                title=json.loads(row[1]),
                text=json.loads(row[2]),
                valid_from=date.fromisoformat(row[3]),
                valid_to=date.fromisoformat(row[4]),
                source=row[5],
                look=json.loads(row[6]) if row[6] else {},
                condition=row[7],
                picture=row[8],
            )
            for row in self._all(_BULLETINS, (keys, day.isoformat(), day.isoformat()))
        )

    # --- serials --------------------------------------------------

    def serial_status(self, product: Product, serial: str | None, batch: str | None = None) -> SerialStatus:
        """What the registry says of a serial of `product`.

        1. A serial reported, stolen or revoked says so, whatever else is registered; then such a range.
        2. A product without a serial programme: NO_PROGRAMME.
        3. Registered alone: KNOWN; in a range: IN_RANGE.
        4. A batch older than the first serialised one: BEFORE_PROGRAMME.
        5. No serial read: NOT_GIVEN; otherwise UNKNOWN.
        """
        gtin = int(product.gtin.value)
        in_range = False
        if serial is not None:
            listed = [SerialStatus(status) for status in self._listed(gtin, serial)]
            if listed and listed[0] is not SerialStatus.IN_RANGE:
                return listed[0]
            in_range = bool(listed)
        if not product.serialised:
            return SerialStatus.NO_PROGRAMME
        if serial is not None and self._holds(product.gtin, serial):
            return SerialStatus.KNOWN
        if in_range:
            return SerialStatus.IN_RANGE
        if batch is not None and is_older_batch(batch, product.first_serialised_batch):
            return SerialStatus.BEFORE_PROGRAMME
        return SerialStatus.NOT_GIVEN if serial is None else SerialStatus.UNKNOWN

    def batch(self, gtin: Gtin, batch: str) -> Batch | None:
        """What the right holder registered of a batch (AI 10), or None. A registered batch is no proof of the item."""
        found = self._all(f"{_BATCH_OF} AND batch=?", (int(gtin.value), batch))
        if not found:
            return None
        name, expiry, status, dated, source = found[0]
        return Batch(name, _day(expiry), status, _day(dated), source)

    def _holds(self, gtin: Gtin, serial: str) -> bool:
        try:
            return self._serials.holds(gtin, serial)
        except (sqlite3.Error, ValueError) as error:
            raise damaged(self.path, str(error)) from error

    def _listed(self, gtin: int, serial: str) -> list[str]:
        """The statuses of the serial itself and of the ranges around it: the strongest first, "in_range" last."""
        return [
            status
            for _order, status, prefix in self._all(_LISTED, (gtin, serial, gtin, len(serial), serial, serial))
            if serial.startswith(prefix) and (serial == prefix or _is_digits(serial[len(prefix) :]))
        ]

    # --- watch list --------------------------------------------------

    def watch_candidates(self, name: str, kinds: Sequence[str] = (), limit: int = 25) -> tuple[WatchEntry, ...]:
        """The listed names of the same letters as `name`, then those that share most groups of them; `limit` of each.

        `kinds`: "consignor", "address", "seller", "listing", "order"; empty means all. Expired entries are among them.
        """
        keys = grams(name)
        if not keys:
            return ()
        kinds_told = (json.dumps(list(kinds)), len(kinds))
        rows = self._all(_WATCH_WHOLE, (whole(name), *kinds_told, limit))
        slips = any(len(word) >= _LONG for word in latin(name).split())
        telling = self._telling(keys - {whole(name)}) if slips else []
        least = 1 if len(telling) < _SEVERAL else 2  # one in common is a chance, and there are many of them
        arguments = (json.dumps(telling), *kinds_told, _SHARED_GRAMS, len(telling), limit, least)
        rows = list(dict.fromkeys((*rows, *self._all(_WATCH, arguments))))
        return tuple(
            WatchEntry(row[0], row[1], row[2], row[3], row[4], row[5], _day(row[6]), _day(row[7])) for row in rows
        )

    def _telling(self, keys: set[str]) -> list[str]:
        """The rarest of the groups that are listed at all, as many as keep the rows to count few.

        "Trading" and "Ltd" are in half of a long list: counting them costs most and tells least.
        """
        telling: list[str] = []
        rows = 0
        for gram, entries in self._all(_GRAM_COUNTS, (json.dumps(sorted(keys)),)):
            rows += entries
            if rows > (_WATCH_ROWS if len(telling) >= _SEVERAL else _WATCH_MOST) and telling:
                break
            telling.append(gram)
        return telling

    # --- faces --------------------------------------------------

    def faces(self, gtin: Gtin) -> tuple[RegisteredFace, ...]:
        """The registered faces of the product: those registered last first, and of one version the front first."""
        return tuple(self._face(row) for row in self._all(f"{_FACES} WHERE gtin=? {_NEWEST}", (int(gtin.value),)))

    def gallery(self) -> Iterator[RegisteredFace]:
        """Every registered face of the edition, by GTIN, version and side."""
        for row in self._all(f"{_FACES} ORDER BY gtin, version, side"):
            yield self._face(row)

    def gallery_pictures(self) -> tuple[tuple[int, str], ...]:
        """Id and picture's SHA-256 of every flat registered face, by GTIN, version and side."""
        rows = self._all("SELECT id, picture FROM faces WHERE flat=1 ORDER BY gtin, version, side")
        return tuple((face_id, sha256) for face_id, sha256 in rows)

    def face(self, face_id: int) -> RegisteredFace:
        """One registered face.

        Raises:
            NotFound: face_not_found.
        """
        for row in self._all(f"{_FACES} WHERE id=?", (face_id,)):
            return self._face(row)
        raise NotFound("face_not_found", f"{face_id}: expected a face of edition {self.edition.name}, got none.")

    def _face(self, row: Cell) -> RegisteredFace:
        return RegisteredFace(
            face_id=row[0],
            gtin=Gtin(f"{row[1]:014d}"),
            version=row[2],
            side=row[3],
            sha256=row[4],
            width_mm=row[5],
            height_mm=row[6],
            regions=tuple(Region(*region) for region in self._all(_REGIONS, (row[0],))),
            flat=bool(row[7]),
            source=row[9],
            registered=_day(row[8]),
        )

    def face_picture(self, sha256: str) -> bytes:
        """The bytes of a picture of the edition, as they were given to the build.

        Raises:
            NotFound: picture_not_found.
        """
        for (data,) in self._all("SELECT data FROM pictures WHERE sha256=?", (sha256,)):
            return bytes(data)
        raise NotFound("picture_not_found", f"{sha256}: expected a picture of edition {self.edition.name}, got none.")

    # --- whole --------------------------------------------------

    def gtins(self, limit: int = 1_000, after: str = "") -> tuple[Gtin, ...]:
        """GTINs of registered products in ascending order, after `after`."""
        found = self._all("SELECT gtin FROM products WHERE gtin>? ORDER BY gtin LIMIT ?", (int(after or 0), limit))
        return tuple(Gtin(f"{row[0]:014d}") for row in found)

    def show(self, gtin: Gtin) -> dict[str, Any]:
        """All that the edition says of a product, JSON-safe, for a technician's eyes.

        Raises:
            NotFound: product_not_found.
        """
        found = self._all(_PRODUCT, (int(gtin.value),))
        if not found:
            message = f"{gtin}: expected a product of edition {self.edition.name}, got none."
            raise NotFound("product_not_found", message, hint="An unregistered product is no fault of a parcel.")
        product = _product(gtin, found[0])
        keys = scope_keys(gtin.value, product.brand)
        ranges = self._all("SELECT first, last, status FROM serial_ranges WHERE gtin=?", (int(gtin.value),))
        exceptions = self._all("SELECT serial, status FROM serial_exceptions WHERE gtin=?", (int(gtin.value),))
        rights = [self._all(_SHOWN_RIGHT, row)[0] for row in self._all(_numbers(len(keys)), keys)]
        return {
            "edition": self.edition.name,
            "product": dict(
                zip(_PRODUCT_NAMES, [_shown(*cell) for cell in zip(_PRODUCT_NAMES, found[0], strict=True)], strict=True)
            )
            | {"gtin": gtin.value},
            "recordations": [dict(zip(_RIGHT_NAMES, row, strict=False)) | json.loads(row[-1]) for row in rights],
            "bulletins": [row[0] for row in self._all(_BULLETINS, (json.dumps(keys), "9999-12-31", "0000-01-01"))],
            "serial_ranges": [dict(zip(("first", "last", "status"), row, strict=True)) for row in ranges],
            "serial_exceptions": [dict(zip(("serial", "status"), row, strict=True)) for row in exceptions],
            "batches": [
                dict(zip(("batch", "expiry", "status", "dated", "source"), row, strict=True))
                for row in self._all(f"{_BATCH_OF} ORDER BY batch", (int(gtin.value),))
            ],
            "faces": [
                {"version": face.version, "side": face.side, "sha256": face.sha256, "regions": len(face.regions)}
                for face in self.faces(gtin)
            ],
        }


def is_older_batch(batch: str, first: str) -> bool:
    """Whether `batch` comes before `first` in the same numbering: same letters around digits of the same length.

    Batches of another pattern cannot be ordered, which is never "older".
    """
    mine, theirs = _BATCH.fullmatch(batch), _BATCH.fullmatch(first)
    if mine is None or theirs is None:
        return False
    same = (mine[1], len(mine[2]), mine[3]) == (theirs[1], len(theirs[2]), theirs[3])
    return same and mine[2] < theirs[2]


_PRODUCT_NAMES = (
    "name", "brand", "right_holder", "hs", "origins", "makers", "importers", "routes", "value_min_minor",
    "value_max_minor", "currency", "net_g", "serialised", "serial_rule", "programme_start", "first_serialised_batch",
    "words", "source", "critical",
)  # fmt: skip
_PRODUCT = f"SELECT {', '.join(_PRODUCT_NAMES)} FROM products CROSS JOIN product_lines ON id=line WHERE gtin=?"  # noqa: S608 - names of our own
_CRITICAL = "SELECT critical FROM products CROSS JOIN product_lines ON id=line WHERE gtin=?"
_KNOWN_BLOCK = "SELECT id, block FROM known_serials WHERE id<=? ORDER BY id DESC LIMIT 1"
_CRITICAL_BLOCK = "SELECT id, block FROM critical_serials WHERE id<=? ORDER BY id DESC LIMIT 1"
_BATCH_OF = "SELECT batch, expiry, status, dated, source FROM batches WHERE gtin=?"
_RIGHT_NAMES = ("number", "right_type", "right_holder", "valid_from", "valid_to", "source")
_PREFIXES = """
SELECT DISTINCT length(scope) - 1 FROM scopes WHERE target IN ('r', 'b') AND scope >= 'p' AND scope < 'q' ORDER BY 1
"""
_RECORDATION = "SELECT right_type, right_holder, valid_from, valid_to, source, details FROM recordations WHERE number=?"
_SHOWN_RIGHT = f"SELECT {', '.join(_RIGHT_NAMES)}, details FROM recordations WHERE number=?"  # noqa: S608 - names of our own
_POINTS = """
SELECT number, text, severity, source, valid_to, picture, gtin, sense, side, x_mm, y_mm
FROM points WHERE recordation=? ORDER BY number
"""
_BULLETINS = """
SELECT DISTINCT b.number, b.title, b.text, b.valid_from, b.valid_to, b.source, b.look, b.condition, b.picture
FROM json_each(?) AS k CROSS JOIN scopes AS s ON s.target='b' AND s.scope=k.value
CROSS JOIN bulletins AS b ON b.number=s.number
WHERE b.valid_from<=? AND b.valid_to>=? ORDER BY b.number
"""
_LISTED = """
SELECT 0, status, serial FROM serial_exceptions WHERE gtin=? AND serial=?
UNION ALL
SELECT 1 + (status='in_range'), status, prefix FROM serial_ranges WHERE gtin=? AND length=? AND first<=? AND last>=?
ORDER BY 1, 2
"""
_GRAM_COUNTS = """
SELECT g.gram, g.entries FROM json_each(?) AS k CROSS JOIN watch_gram_counts AS g ON g.gram=k.value
ORDER BY g.entries, g.gram
"""
_WATCH_WHOLE = """
SELECT w.entry, w.kind, w.listed, w.country, w.reason, w.source, w.valid_from, w.valid_to
FROM watch_grams AS g CROSS JOIN watch_list AS w ON w.id=g.id
WHERE g.gram=?1 AND (?3=0 OR w.kind IN (SELECT value FROM json_each(?2))) ORDER BY w.entry, w.listed LIMIT ?4
"""
_WATCH = """
SELECT w.entry, w.kind, w.listed, w.country, w.reason, w.source, w.valid_from, w.valid_to
FROM (SELECT g.id AS id, COUNT(*) AS shared FROM json_each(?1) AS k CROSS JOIN watch_grams AS g ON g.gram=k.value
      GROUP BY g.id HAVING COUNT(*) >= ?7) AS c CROSS JOIN watch_list AS w ON w.id=c.id
WHERE (?3=0 OR w.kind IN (SELECT value FROM json_each(?2))) AND c.shared >= ?4 * MIN(w.grams, ?5)
ORDER BY c.shared * 1.0 / (w.grams + ?5 - c.shared) DESC, w.entry, w.listed LIMIT ?6
"""
_FACES = "SELECT id, gtin, version, side, picture, width_mm, height_mm, flat, registered, source FROM faces"
_NEWEST = "ORDER BY registered DESC, version DESC, side='front' DESC, side"
_REGIONS = "SELECT kind, x_mm, y_mm, w_mm, h_mm, text FROM regions WHERE face=? ORDER BY number"


def _product(gtin: Gtin, row: Cell) -> Product:
    return Product(
        gtin=gtin,
        name=row[0],
        brand=row[1],
        right_holder=row[2],
        hs=row[3],
        origins=_list(row[4]),
        makers=_list(row[5]),
        importers=_list(row[6]),
        routes=_list(row[7]),
        value_min_minor=row[8],
        value_max_minor=row[9],
        currency=row[10],
        net_g=row[11],
        serialised=bool(row[12]),
        serial_rule=row[13],
        programme_start=_day(row[14]),
        first_serialised_batch=row[15],
        words=json.loads(row[16]) if row[16] else {},
        source=row[17],
    )


def _list(words: str) -> tuple[str, ...]:
    return tuple(words.split("\n")) if words else ()


def _shown(name: str, cell: Cell) -> Cell:
    if name in {"origins", "makers", "importers", "routes"}:
        return list(_list(cell))
    return (json.loads(cell) if cell else {}) if name == "words" else cell


@cache
def _numbers(keys: int) -> str:
    """The query for the recordations of so many scopes."""
    places = ", ".join("?" * keys)
    return f"SELECT DISTINCT number FROM scopes WHERE target='r' AND scope IN ({places}) ORDER BY number"  # noqa: S608 - places only


def _day(words: str | None) -> date | None:
    return date.fromisoformat(words) if words else None


def _is_digits(words: str) -> bool:
    return words.isascii() and words.isdigit()
