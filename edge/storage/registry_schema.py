"""The tables of a registry edition and the keys that both its builder and its readers compute.

Everything is keyed for one prepared query each; dates are ISO text, amounts minor units, lengths millimetres, lists and
words per language JSON. A GTIN is the integer of its 14 digits.
"""

from __future__ import annotations

import unicodedata
from hashlib import blake2b

SCHEMA = 1

DDL = """
CREATE TABLE edition (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE products (
    gtin INTEGER PRIMARY KEY, name TEXT NOT NULL, brand TEXT NOT NULL, right_holder TEXT NOT NULL, hs TEXT NOT NULL,
    origins TEXT NOT NULL, makers TEXT NOT NULL, importers TEXT NOT NULL, routes TEXT NOT NULL,
    value_min_minor INTEGER, value_max_minor INTEGER, currency TEXT NOT NULL, net_g INTEGER,
    serialised INTEGER NOT NULL, serial_rule TEXT NOT NULL, programme_start TEXT, first_serialised_batch TEXT NOT NULL,
    words TEXT NOT NULL, source TEXT NOT NULL
);
CREATE TABLE recordations (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, right_type TEXT NOT NULL, right_holder TEXT NOT NULL,
    valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, source TEXT NOT NULL, details TEXT NOT NULL
);
CREATE TABLE points (
    recordation INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL, severity TEXT NOT NULL, gtin INTEGER,
    picture TEXT NOT NULL, valid_to TEXT, source TEXT NOT NULL, PRIMARY KEY (recordation, number)
) WITHOUT ROWID;
CREATE TABLE bulletins (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL,
    valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, source TEXT NOT NULL
);
-- which recordations ('r') and bulletins ('b') speak of which goods: see scope_keys
CREATE TABLE scopes (
    target TEXT NOT NULL, scope TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (target, scope, id)
) WITHOUT ROWID;
-- known serials as keyed hashes only: one column, so that packed blocks can take its place
CREATE TABLE serials (hash INTEGER PRIMARY KEY);
CREATE TABLE serial_exceptions (
    gtin INTEGER NOT NULL, serial TEXT NOT NULL, status TEXT NOT NULL, dated TEXT, source TEXT NOT NULL,
    PRIMARY KEY (gtin, serial)
) WITHOUT ROWID;
CREATE TABLE serial_ranges (
    id INTEGER PRIMARY KEY, gtin INTEGER NOT NULL, length INTEGER NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
    prefix TEXT NOT NULL, status TEXT NOT NULL, dated TEXT, source TEXT NOT NULL
);
CREATE INDEX serial_ranges_by_gtin ON serial_ranges (gtin, length, first);
CREATE TABLE watch_list (
    id INTEGER PRIMARY KEY, entry TEXT NOT NULL, kind TEXT NOT NULL, listed TEXT NOT NULL, country TEXT NOT NULL,
    reason TEXT NOT NULL, valid_from TEXT, valid_to TEXT, source TEXT NOT NULL, grams INTEGER NOT NULL
);
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

_PREFIX_LENGTHS = range(4, 13)


def serial_key(publisher: str, name: str, number: int) -> bytes:
    """The key of an edition's serial hashes. It differs for every edition, so that hashes of two cannot be joined."""
    return blake2b(f"sekisho serials\0{publisher}\0{name}\0{number}".encode(), digest_size=32).digest()


def serial_hash(key: bytes, gtin: str, serial: str) -> int:
    """The signed 8-byte keyed hash of one serial of one product (GTIN of 14 digits).

    Two different serials of 10,000,000 collide with a probability of about 3 in 10^6; an unregistered serial passes as
    known with 5 in 10^13.
    """
    digest = blake2b(f"{gtin}\x1d{serial}".encode(), digest_size=8, key=key).digest()
    return int.from_bytes(digest, "big", signed=True)


def brand_key(brand: str) -> str:
    """A brand as it is compared: NFKC, case folded."""
    return unicodedata.normalize("NFKC", brand).casefold()


def scope_keys(gtin: str, brand: str) -> list[str]:
    """Every scope under which a recordation or bulletin can speak of this product (GTIN of 14 digits)."""
    keys = [f"g{gtin}", *(f"p{gtin[1 : 1 + length]}" for length in _PREFIX_LENGTHS)]
    if brand:
        keys.append(f"b{brand_key(brand)}")
    return keys


def normalised(name: str) -> str:
    """A name as it is compared: NFKC, case folded, accents and punctuation gone, single spaces between its words."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    letters = (
        letter if letter.isalnum() or "\u3099" <= letter <= "\u309a" else " "  # (han)dakuten change the letter
        for letter in folded
        if not unicodedata.combining(letter) or "\u3099" <= letter <= "\u309a"
    )
    return unicodedata.normalize("NFC", " ".join("".join(letters).split()))


def grams(name: str) -> set[str]:
    """The blocking keys of a name: padded trigrams of words in ASCII, single letters and pairs of the others.

    They only choose which few rows are worth a real comparison.
    """
    keys: set[str] = set()
    for word in normalised(name).split():
        if word.isascii():
            padded = f" {word} "
            keys.update(padded[at : at + 3] for at in range(len(padded) - 2))
        else:
            keys.update(word[at : at + 2] for at in range(max(1, len(word) - 1)))
    return keys
