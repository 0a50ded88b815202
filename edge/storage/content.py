"""What an edition says, apart from how its file holds it: its tables as rows in the order of their keys.

Two editions with the same rows have the same content, whether they were built from sources or reached by deltas. The
hash of the content is in edge/storage/canonical.py, what changes between two in edge/storage/delta.py.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from edge.storage.registry_schema import CRITICAL_BITS, DDL, KNOWN_BITS, LINE, grams, line_digest

ContentRow: TypeAlias = tuple[Any, ...]

CONTENT_SHA256 = "content_sha256"  # the row of table `edition` that is about the content and no part of it
_LINES_HELD = 20_000
_NAMES_HELD = 50


@dataclass(frozen=True, slots=True)
class Content:
    """One table of an edition's content. `columns` begin with the `key` ones."""

    name: str
    keys: int
    columns: tuple[str, ...]
    source: str = ""  # what stands behind FROM, when it is more than the table
    where: str = ""

    def select(self, columns: str = "", schema: str = "main") -> str:
        """The rows in the order of their keys."""
        source = (self.source or "{schema}." + self.name).format(schema=schema)
        where = f" WHERE {self.where}" if self.where else ""
        keys = ", ".join(self.columns[: self.keys])
        return f"SELECT {columns or ', '.join(self.columns)} FROM {source}{where} ORDER BY {keys}"  # noqa: S608 - names of our own

    @property
    def canonical(self) -> str:
        """A row as a JSON array, which is what the content hash is over. A product's ends with its line's digest.

        A length is the bits of its IEEE 754 number: how SQLite writes out a fraction differs between its versions. The
        bytes of a picture are left out: its key is their SHA-256, see `refuse_wrong_pictures`.
        """
        columns = (*self.columns[: -len(LINE)], "digest") if self.name == "products" else self.columns
        return f"json_array({', '.join(_canonical(column) for column in columns if column != 'data')})"


def _canonical(column: str) -> str:
    if column.endswith("_mm"):
        return f"bits({column})"
    return f"hex({column})" if column == "digest" else column


def bits(number: float | None) -> str | None:
    """A number as the 16 hexadecimal digits of its IEEE 754 double, big endian: exactly, and each its own."""
    return None if number is None else struct.pack(">d", number).hex()


CONTENT: Final = (
    Content("edition", 1, ("name", "value"), where=f"name <> '{CONTENT_SHA256}'"),
    Content(
        "products",
        1,
        ("gtin", "name", "value_min_minor", "value_max_minor", "net_g", *LINE),
        source="{schema}.products CROSS JOIN {schema}.product_lines ON product_lines.id=line",
    ),
    Content("recordations", 1, ("number", "right_type", "right_holder", "valid_from", "valid_to", "source", "details")),
    Content(
        "points",
        2,
        (
            *("recordation", "number", "text", "severity", "gtin", "picture", "valid_to", "source"),
            *("sense", "side", "x_mm", "y_mm"),
        ),
    ),
    Content(
        "bulletins",
        1,
        ("number", "title", "text", "look", "condition", "picture", "valid_from", "valid_to", "source"),
    ),
    Content("scopes", 3, ("target", "scope", "number")),
    Content("serial_exceptions", 2, ("gtin", "serial", "status", "dated", "source")),
    Content("serial_ranges", 5, ("gtin", "length", "first", "last", "status", "prefix", "dated", "source")),
    Content("batches", 2, ("gtin", "batch", "expiry", "status", "dated", "source")),
    Content("watch_list", 2, ("entry", "listed", "kind", "country", "reason", "valid_from", "valid_to", "source")),
    Content("pictures", 1, ("sha256", "media_type", "data")),
    Content(
        "faces",
        1,
        ("id", "gtin", "version", "side", "picture", "width_mm", "height_mm", "flat", "registered", "source"),
    ),
    Content("regions", 2, ("face", "number", "kind", "x_mm", "y_mm", "w_mm", "h_mm", "text")),
)
SERIALS: Final = {"known_serials": KNOWN_BITS, "critical_serials": CRITICAL_BITS}  # tables of blocks, bits of a hash


class ContentWriter:
    """Puts rows of content into the tables of a new edition and takes them out again."""

    def __init__(self, connection: sqlite3.Connection, content: Content) -> None:
        """Write the rows of one table of content."""
        self._connection = connection
        self._content = content
        columns = content.columns
        keys = " AND ".join(f"{name}=?" for name in columns[: content.keys])
        self._delete = f"DELETE FROM {content.name} WHERE {keys}"  # noqa: S608 - names of our own
        if content.name == "products":
            columns = (*columns[:5], "line")
        places = ", ".join("?" * len(columns))
        self._insert = f"INSERT OR IGNORE INTO {content.name} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - names of our own
        self._lines: dict[bytes, int] = {}

    def put(self, row: ContentRow) -> bool:
        """Add a row; False, and nothing is changed, when one with its key is there."""
        if self._content.name == "products":
            row = (*row[:5], self._line(row[5:]))
        return self._connection.execute(self._insert, row).rowcount == 1

    def take(self, key: ContentRow) -> bool:
        """Remove the row with this key; False when there is none."""
        return self._connection.execute(self._delete, key).rowcount == 1

    def _line(self, line: ContentRow) -> int:
        """The id of a product line, made when it is new."""
        digest = line_digest(line)
        found = self._lines.get(digest)
        if found is None:
            if len(self._lines) >= _LINES_HELD:
                self._lines.clear()
            known = self._connection.execute("SELECT id FROM product_lines WHERE digest=?", (digest,)).fetchone()
            found = self._lines[digest] = known[0] if known else self._new_line(digest, line)
        return found

    def _new_line(self, digest: bytes, line: ContentRow) -> int:
        places = ", ".join("?" * (1 + len(line)))
        insert = f"INSERT INTO product_lines (digest, {', '.join(LINE)}) VALUES ({places})"  # noqa: S608 - names of our own
        return int(self._connection.execute(insert, (digest, *line)).lastrowid or 0)


def refuse_wrong_lines(connection: sqlite3.Connection) -> None:
    """Check that every product line has the digest of what it says.

    Raises:
        ValueError: one has another.
        sqlite3.Error: the file cannot be read.
    """
    for identity, digest, *line in connection.execute(f"SELECT id, digest, {', '.join(LINE)} FROM product_lines"):  # noqa: S608 - names of our own
        if line_digest(tuple(line)) != digest:
            raise ValueError(f"product line {identity}: expected the digest of what it says, got another")


def refuse_wrong_pictures(connection: sqlite3.Connection) -> None:
    """Check that every picture stands under the SHA-256 of its bytes.

    Raises:
        ValueError: one does not.
        sqlite3.Error: the file cannot be read.
    """
    for sha256, data in connection.execute("SELECT sha256, data FROM pictures"):
        if not isinstance(data, bytes) or hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError(f"picture {sha256}: expected the bytes of this SHA-256, got others")


def drop_unused_lines(connection: sqlite3.Connection) -> None:
    """Remove the product lines that no product belongs to any more."""
    connection.execute("DELETE FROM product_lines WHERE id NOT IN (SELECT line FROM products)")


def index_watch_list(connection: sqlite3.Connection) -> None:
    """Make the tables through which similar names are found, from the listed names."""
    connection.execute("DELETE FROM watch_grams")
    connection.execute("DELETE FROM watch_gram_counts")
    listed = connection.execute("SELECT id, listed FROM watch_list ORDER BY entry, listed")
    while rows := listed.fetchmany(_NAMES_HELD):
        keys = [(identity, sorted(grams(name))) for identity, name in rows]
        told = [(identity, json.dumps(found)) for identity, found in keys]  # one insert a name: half the time
        connection.executemany("INSERT INTO watch_grams SELECT value, ?1 FROM json_each(?2)", told)
        sizes = [(len(found), identity) for identity, found in keys]
        connection.executemany("UPDATE watch_list SET grams=? WHERE id=?", sizes)
    connection.execute("INSERT INTO watch_gram_counts SELECT gram, COUNT(*) FROM watch_grams GROUP BY gram")


def refuse_wrong_index(connection: sqlite3.Connection) -> None:
    """Check that the tables of `index_watch_list` are what it makes of the listed names. In bounded memory.

    Raises:
        ValueError: they are not.
        sqlite3.Error: the file cannot be read.
    """
    held = "SELECT COUNT(*) FROM watch_grams WHERE id=? AND gram IN (SELECT value FROM json_each(?))"
    total = 0
    for identity, name, said in connection.execute("SELECT id, listed, grams FROM watch_list"):
        keys = grams(name)
        (found,) = connection.execute(held, (identity, json.dumps(sorted(keys)))).fetchone()
        if not len(keys) == said == found:
            raise ValueError(f"watch list, {name!r}: expected {len(keys)} keys to find it by, got {found} of {said}")
        total += found
    (indexed,) = connection.execute("SELECT COUNT(*) FROM watch_grams").fetchone()
    if indexed != total:
        raise ValueError(f"watch list: expected {total} keys of its names, got {indexed}")
    counted, said = (
        "SELECT gram, COUNT(*) FROM watch_grams GROUP BY gram",
        "SELECT gram, entries FROM watch_gram_counts",
    )
    for these, those in ((counted, said), (said, counted)):
        other = connection.execute(f"{these} EXCEPT {those}").fetchone()
        if other is not None:
            raise ValueError(f"watch list: expected each key with how many names have it, got {other[0]!r} otherwise")


def refuse_other_tables(connection: sqlite3.Connection) -> None:
    """Check that the file has the tables of an edition and nothing else: no other index, trigger or view.

    Raises:
        ValueError: it has another, or one of them is missing or made otherwise.
        sqlite3.Error: the file cannot be read.
    """
    made = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.executescript(DDL)
        expected = set(empty.execute(made))
    came = set(connection.execute(made))
    for kind, name, *_rest in sorted(came ^ expected, key=str):
        raise ValueError(f"{kind} {name}: expected the tables of an edition and nothing else, got a difference")
