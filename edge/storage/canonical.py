"""The canonical content hash of an edition: what is signed.

SHA-256 over the name and the SHA-256 of each table of content, in the fixed order of edge/storage/content.py, and then
of each set of serial hashes. A table's is over its rows in the order of their keys, each as a JSON array without spaces
and a line feed; a product's row ends with the digest of its line; a length is the bits of its number; a picture's row
is the SHA-256 of its bytes and their type; a set's is over its hashes, 8 bytes each, big endian, ascending. Pages, ids
of the file's own and the way by which an edition was reached are no part of it. What a file derives from its content is
none either, so `verify` derives it again.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from edge.storage.content import (
    CONTENT,
    CONTENT_SHA256,
    SERIALS,
    Content,
    bits,
    refuse_other_tables,
    refuse_wrong_index,
    refuse_wrong_lines,
    refuse_wrong_pictures,
)
from edge.storage.database import connect, one
from edge.storage.registry_file import damaged, refuse_unless_ours
from edge.storage.serial_blocks import stored

_ROWS = 5_000


def content_sha256(path: Path) -> str:
    """The canonical content hash of an edition, computed from its rows, in bounded memory. 64 hexadecimal digits.

    Raises:
        RegistryError: registry_missing, registry_wrong_file, registry_damaged, registry_newer_schema,
            registry_older_schema.
    """
    refuse_unless_ours(path)
    try:
        with closing(connect(path, immutable=True)) as connection:
            return of_connection(connection)
    except (sqlite3.Error, ValueError) as error:
        raise damaged(path, str(error)) from error


def of_connection(connection: sqlite3.Connection) -> str:
    """The same of an edition that is open.

    Raises:
        sqlite3.Error: it cannot be read.
        ValueError: a block of serials, a product line or a picture is damaged.
    """
    refuse_wrong_lines(connection)
    refuse_wrong_pictures(connection)
    connection.create_function("bits", 1, bits, deterministic=True)
    whole = hashlib.sha256()
    for content in CONTENT:
        whole.update(content.name.encode() + _rows(connection, content))
    for table in SERIALS:
        digest = hashlib.sha256()
        for hashes in stored(connection, table):
            digest.update(hashes.astype(">u8").tobytes())
        whole.update(table.encode() + digest.digest())
    return whole.hexdigest()


def _rows(connection: sqlite3.Connection, content: Content) -> bytes:
    digest = hashlib.sha256()
    cursor = connection.execute(content.select(content.canonical))
    while rows := cursor.fetchmany(_ROWS):
        digest.update("".join([f"{line}\n" for (line,) in rows]).encode())
    return digest.digest()


def verify(path: Path) -> str:
    """Read a whole edition and say its content hash, when it is the one that the edition says of itself.

    Also what is no content is looked at: that the pages and indices are whole, that the file has the tables of an
    edition and nothing else, and that watched names are found by what they are found by.

    Raises:
        RegistryError: as `content_sha256`; registry_damaged also when the hashes differ.
    """
    refuse_unless_ours(path)
    try:
        with closing(connect(path, immutable=True)) as connection:
            pages = one(connection, "PRAGMA integrity_check(1)")
            if pages != "ok":
                raise damaged(path, " ".join(str(pages).split()))
            refuse_other_tables(connection)
            computed = of_connection(connection)
            refuse_wrong_index(connection)
            said = one(connection, "SELECT value FROM edition WHERE name=?", (CONTENT_SHA256,))
    except (sqlite3.Error, ValueError) as error:
        raise damaged(path, str(error)) from error
    if said != computed:
        raise damaged(path, f"content {computed} where the edition says {said}")
    return computed
