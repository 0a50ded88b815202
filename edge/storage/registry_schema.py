"""The tables of a registry edition and the keys that both its builder and its readers compute.

Everything is keyed for one prepared query each; dates are ISO text, amounts minor units, lengths millimetres, words
per language JSON, lists of a product line one value a line, "" for an empty one. A GTIN is the integer of its 14
digits. Rows refer to each other by the keys of the source, so that an edition says the same whichever way it was
reached.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from hashlib import blake2b

from edge.names import latin

SCHEMA = 4
SOURCE_SCHEMA = 1  # of docs/registry-sources.md, which grows by optional columns only

DDL = """
CREATE TABLE edition (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- what products of one line share, kept once; its id is the file's own and no part of the content
CREATE TABLE product_lines (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, brand TEXT NOT NULL, right_holder TEXT NOT NULL,
    hs TEXT NOT NULL, origins TEXT NOT NULL, makers TEXT NOT NULL, importers TEXT NOT NULL, routes TEXT NOT NULL,
    currency TEXT NOT NULL,
    serialised INTEGER NOT NULL, critical INTEGER NOT NULL, serial_rule TEXT NOT NULL, programme_start TEXT,
    first_serialised_batch TEXT NOT NULL, words TEXT NOT NULL, source TEXT NOT NULL
);
CREATE TABLE products (
    gtin INTEGER PRIMARY KEY, name TEXT NOT NULL, line INTEGER NOT NULL, value_min_minor INTEGER,
    value_max_minor INTEGER, net_g INTEGER
);
CREATE TABLE recordations (
    number TEXT PRIMARY KEY, right_type TEXT NOT NULL, right_holder TEXT NOT NULL,
    valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, source TEXT NOT NULL, details TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE points (
    recordation TEXT NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL, severity TEXT NOT NULL, gtin INTEGER,
    picture TEXT NOT NULL, valid_to TEXT, source TEXT NOT NULL, sense TEXT NOT NULL, side TEXT NOT NULL, x_mm REAL,
    y_mm REAL, PRIMARY KEY (recordation, number)
) WITHOUT ROWID;
CREATE TABLE bulletins (
    number TEXT PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL, look TEXT NOT NULL, condition TEXT NOT NULL,
    picture TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, source TEXT NOT NULL
) WITHOUT ROWID;
-- which recordations ('r') and bulletins ('b') speak of which goods: see scope_keys
CREATE TABLE scopes (
    target TEXT NOT NULL, scope TEXT NOT NULL, number TEXT NOT NULL, PRIMARY KEY (target, scope, number)
) WITHOUT ROWID;
-- known serials as keyed hashes only, packed in blocks of a page: see serial_blocks
CREATE TABLE known_serials (id INTEGER PRIMARY KEY, block BLOB NOT NULL);
CREATE TABLE critical_serials (id INTEGER PRIMARY KEY, block BLOB NOT NULL);
CREATE TABLE serial_exceptions (
    gtin INTEGER NOT NULL, serial TEXT NOT NULL, status TEXT NOT NULL, dated TEXT, source TEXT NOT NULL,
    PRIMARY KEY (gtin, serial)
) WITHOUT ROWID;
CREATE TABLE serial_ranges (
    gtin INTEGER NOT NULL, length INTEGER NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL, status TEXT NOT NULL,
    prefix TEXT NOT NULL, dated TEXT, source TEXT NOT NULL, PRIMARY KEY (gtin, length, first, last, status)
) WITHOUT ROWID;
CREATE TABLE batches (
    gtin INTEGER NOT NULL, batch TEXT NOT NULL, expiry TEXT, status TEXT NOT NULL, dated TEXT, source TEXT NOT NULL,
    PRIMARY KEY (gtin, batch)
) WITHOUT ROWID;
CREATE TABLE watch_list (
    id INTEGER PRIMARY KEY, entry TEXT NOT NULL, listed TEXT NOT NULL, kind TEXT NOT NULL, country TEXT NOT NULL,
    reason TEXT NOT NULL, valid_from TEXT, valid_to TEXT, source TEXT NOT NULL, grams INTEGER NOT NULL DEFAULT 0,
    UNIQUE (entry, listed)
);
-- made from watch_list by index_watch_list; no part of the content
CREATE TABLE watch_grams (gram TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (gram, id)) WITHOUT ROWID;
CREATE TABLE watch_gram_counts (gram TEXT PRIMARY KEY, entries INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE faces (
    id INTEGER PRIMARY KEY, gtin INTEGER NOT NULL, version TEXT NOT NULL, side TEXT NOT NULL, picture TEXT NOT NULL,
    width_mm REAL NOT NULL, height_mm REAL NOT NULL, flat INTEGER NOT NULL, registered TEXT, source TEXT NOT NULL,
    UNIQUE (gtin, version, side)
);
CREATE TABLE regions (
    face INTEGER NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, x_mm REAL NOT NULL, y_mm REAL NOT NULL,
    w_mm REAL NOT NULL, h_mm REAL NOT NULL, text TEXT NOT NULL, PRIMARY KEY (face, number)
) WITHOUT ROWID;
CREATE TABLE pictures (sha256 TEXT PRIMARY KEY, media_type TEXT NOT NULL, data BLOB NOT NULL);
"""

LINE = (
    "brand", "right_holder", "hs", "origins", "makers", "importers", "routes", "currency", "serialised", "critical",
    "serial_rule", "programme_start", "first_serialised_batch", "words", "source",
)  # fmt: skip

PREFIX_LENGTHS = range(4, 13)
KNOWN_BITS = 48  # of a serial's hash that an edition keeps
CRITICAL_BITS = 60  # likewise, for products that their right holder marks critical


def serial_key(publisher: str, name: str) -> bytes:
    """The key of the serial hashes of all editions of one name.

    It stays the same from one edition to the next, because what changed between two must be told in hashes alone.
    """
    return blake2b(f"sekisho serials\0{publisher}\0{name}".encode(), digest_size=32).digest()


def keyed(key: bytes) -> blake2b:
    """The keyed BLAKE2b of 8 bytes that serials are hashed with, before it has seen one."""
    return blake2b(digest_size=8, key=key)


def serial_hash(empty: blake2b, gtin: str, serial: str, bits: int) -> int:
    """The first `bits` of the `keyed` hash of one serial of one product (GTIN of 14 digits).

    An unregistered serial passes as known with a probability of (serials of the edition) / 2^bits: 4 in 10^7 at
    100,000,000 serials and 48 bits, 9 in 10^11 at 60 bits.
    """
    state = empty.copy()
    state.update(f"{gtin}\x1d{serial}".encode())
    return int.from_bytes(state.digest(), "big") >> (64 - bits)


def line_digest(line: tuple[object, ...]) -> bytes:
    """What tells a product line from others: 16 bytes of BLAKE2b over its cells in the order of LINE, as JSON."""
    cells = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    return blake2b(cells.encode(), digest_size=16).digest()


def face_id(gtin: int, version: str, side: str) -> int:
    """The number of a registered face, 53 bits: the same in every edition that holds this face."""
    digest = blake2b(f"{gtin:014d}\0{version}\0{side}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 11


def brand_key(brand: str) -> str:
    """A brand as it is compared: NFKC, case folded."""
    return unicodedata.normalize("NFKC", brand).casefold()


def scope_keys(gtin: str, brand: str, lengths: Iterable[int] = PREFIX_LENGTHS) -> list[str]:
    """Every scope under which a recordation or bulletin can speak of this product (GTIN of 14 digits).

    `lengths`: of the prefixes that there are at all.
    """
    keys = [f"g{gtin}", *[f"p{gtin[1 : 1 + length]}" for length in lengths]]
    if brand:
        keys.append(f"b{brand_key(brand)}")
    return keys


def grams(name: str) -> set[str]:
    """The blocking keys of a name: padded trigrams of its words in Latin letters, without its legal form, and `whole`.

    They only choose which few rows are worth a real comparison (edge/names.py).
    """
    keys: set[str] = set()
    for word in latin(name).split():
        padded = f" {word} "
        keys.update(padded[at : at + 3] for at in range(len(padded) - 2))
    return keys | {whole(name)} if keys else keys


def whole(name: str) -> str:
    """The blocking key of a name in any order of its words, with or without spaces, in any script: its letters."""
    letters = "".join(sorted(latin(name).replace(" ", "")))
    return "=" + blake2b(letters.encode(), digest_size=6).hexdigest()
