"""Deltas: what turns one edition into the next, and the streaming merge that does it.

A delta holds the rows that go and the rows that come, by table and in the order of their keys; known serials as ranks
of the hashes that go and as the hashes that come. It is applied into a new file, which takes its place only when its
canonical content hash is the one that the delta, and whoever signed it, says. Whose signature counts is said in sync/.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from edge.errors import RegistryError
from edge.storage import delta_file
from edge.storage.canonical import of_connection, verify
from edge.storage.content import (
    CONTENT,
    CONTENT_SHA256,
    SERIALS,
    Content,
    ContentRow,
    ContentWriter,
    drop_unused_lines,
    index_watch_list,
)
from edge.storage.database import Kind, connect, is_disk_full, one
from edge.storage.delta_file import DeltaHeader, Section, SectionWriter, numbers, planes, read_header
from edge.storage.registry_file import damaged, full, refuse_unless_ours, written
from edge.storage.registry_schema import DDL, SCHEMA
from edge.storage.serial_blocks import NOTHING, BlockWriter, Hashes, stored, window_count, windows

__all__ = ["DeltaHeader", "DeltaReport", "apply", "diff", "read_header"]

_SECTION_ROWS = 2_000
_SECTION_BYTES = 16 << 20  # of pictures
_SECTION_PICTURES = 200
_SECTION_TEXT = 1 << 20  # characters
_SECTION_SERIALS = 50_000
_CACHE_KIB = 8_192
_HASHES_A_BLOCK = 1_250  # about: it only chooses how a table is cut into windows
_MOST_WINDOWS = 1 << 16  # enough for 13,000,000,000 hashes
_FEWER_WINDOWS = 4  # times fewer than this edition's blocks ask for: others may be packed otherwise
_MISFITS = (  # what a change that fits no edition ends with
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)


@dataclass(frozen=True, slots=True)
class DeltaReport:
    """A delta that was made."""

    out: Path
    header: DeltaHeader
    size: int
    seconds: float


# --- making a delta -------------------------------------------------


def diff(old: Path, new: Path, out: Path) -> DeltaReport:
    """Write the delta that turns edition `old` into edition `new`. Both are read once, in bounded memory.

    Raises:
        RegistryError: registry_*: one of them is no edition that can be read.
        OSError: `out` cannot be written.
    """
    started = time.monotonic()
    try:
        header = _written(old, new, out)
    except (sqlite3.Error, ValueError):
        for path in (old, new):
            verify(path)  # says which of them is damaged
        raise
    return DeltaReport(out, header, out.stat().st_size, time.monotonic() - started)


def _written(old: Path, new: Path, out: Path) -> DeltaHeader:
    with ExitStack() as stack:
        before, after = (stack.enter_context(_opened(path)) for path in (old, new))
        sections = stack.enter_context(tempfile.TemporaryFile(dir=out.parent))
        writer = SectionWriter(sections)
        changes: dict[str, int] = {}
        cut: dict[str, int] = {}
        counts: dict[str, int] = {}
        for content in CONTENT:
            changes[content.name] = _rows_changed(before, after, content, writer)
        for table in SERIALS:
            cut[table] = max(_windows_for(edition, table) for edition in (before, after))
            changes[table], counts[table] = _serials_changed(before, after, table, cut[table], writer)
        header = DeltaHeader(
            schema=delta_file.SCHEMA,
            from_sha256=_said(before, CONTENT_SHA256),
            to_sha256=_said(after, CONTENT_SHA256),
            number=int(_said(after, "number")),
            changes={table: many for table, many in changes.items() if many},
            windows=cut,
            counts=counts,
        )
        with written(out) as beside:
            delta_file.write(beside, header, sections)
    return header


def _windows_for(connection: sqlite3.Connection, table: str, schema: str = "main") -> int:
    """Into how many windows the hashes of a table are cut, by the number of its blocks."""
    blocks = int(one(connection, f"SELECT COUNT(*) FROM {schema}.{table}"))  # noqa: S608 - names of our own
    return window_count(blocks * _HASHES_A_BLOCK)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    refuse_unless_ours(path)
    with closing(connect(path, immutable=True)) as connection:
        yield connection


def _said(connection: sqlite3.Connection, name: str) -> str:
    return str(one(connection, "SELECT value FROM edition WHERE name=?", (name,)))


def _merged(
    before: sqlite3.Connection, after: sqlite3.Connection, content: Content
) -> Iterator[tuple[ContentRow | None, ContentRow | None]]:
    """The rows that differ, as (old, new) pairs in the order of their keys; None where there is no such row."""
    ours, theirs = (iter(one.execute(content.select())) for one in (before, after))
    keys = content.keys
    old, new = next(ours, None), next(theirs, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old[:keys] < new[:keys]):
            yield old, None
            old = next(ours, None)
        elif old is None or new[:keys] < old[:keys]:
            yield None, new
            new = next(theirs, None)
        else:
            if old != new:
                yield old, new
            old, new = next(ours, None), next(theirs, None)


def _rows_changed(
    before: sqlite3.Connection, after: sqlite3.Connection, content: Content, writer: SectionWriter
) -> int:
    gone: list[ContentRow] = []
    come: list[ContentRow] = []
    pictures = "data" in content.columns
    most = _SECTION_PICTURES if pictures else _SECTION_ROWS
    many = weight = text = 0
    for old, new in chain(_merged(before, after, content), [(None, None)]):
        if (
            (old is None and new is None)
            or len(gone) + len(come) >= most
            or weight >= _SECTION_BYTES
            or text >= _SECTION_TEXT
        ):
            _write_rows(content, gone, come, writer)
            many += len(gone) + len(come)
            gone, come, weight, text = [], [], 0, 0
        if new is not None:
            come.append(new)
            weight += len(new[-1]) if pictures else 0
            text += sum(len(cell) for cell in new if isinstance(cell, str))
        elif old is not None:
            gone.append(old[: content.keys])
    return many


def _write_rows(content: Content, gone: list[ContentRow], come: list[ContentRow], writer: SectionWriter) -> None:
    if not gone and not come:
        return
    named = list(content.columns)
    blobs = [row[-1] for row in come] if "data" in named else []
    columns = [list(column) for column in zip(*come, strict=True)][: len(named) - bool(blobs)]
    removed = [list(column) for column in zip(*gone, strict=True)]
    for table in (columns, removed):
        if table and isinstance(table[0][0], int):
            table[0] = [value - last for last, value in zip([0, *table[0]], table[0], strict=False)]
    writer.write({"table": content.name, "gone": removed, "come": columns}, blobs)


def _serials_changed(
    before: sqlite3.Connection, after: sqlite3.Connection, table: str, cut: int, writer: SectionWriter
) -> tuple[int, int]:
    """Write what changes in a set of hashes. Returns how many go and come, and how many there are then."""
    bits = SERIALS[table]
    rank = many = held = count = 0
    gone: list[Hashes] = []
    come: list[Hashes] = []
    covered = 0
    pairs = zip(windows(stored(before, table), bits, cut), windows(stored(after, table), bits, cut), strict=True)
    for number, (old, new) in enumerate(pairs, 1):
        gone.append(np.flatnonzero(~np.isin(old, new, assume_unique=True)).astype(np.uint64) + np.uint64(rank))
        come.append(np.setdiff1d(new, old, assume_unique=True))
        rank += len(old)
        count += len(new)
        held += len(gone[-1]) + len(come[-1])
        covered += 1
        if held and (held >= _SECTION_SERIALS or number == cut):
            ranks, hashes = np.concatenate(gone), np.concatenate(come)
            said = {"serials": table, "windows": covered, "gone": len(ranks), "come": len(hashes)}
            left, right = planes(ranks), planes(hashes)
            writer.write({**said, "planes": len(left)}, [*left, *right])
            many += held
            gone, come, held, covered = [], [], 0, 0
    return many, count


# --- applying a delta -----------------------------------------------


def apply(old: Path, delta: Path, out: Path, expected: str | None = None) -> Path:
    """Make the edition `out` from the edition `old` and a delta: a new file, or none at all.

    `expected` is the content hash that was signed. An older file `out` is replaced only when the new one is whole,
    durable and has that content.

    Raises:
        RegistryError: delta_missing, delta_damaged, delta_newer_schema, delta_wrong_base: `old` is another edition;
            registry_content: the result is not what was signed; registry_full: no room; registry_*: `old` cannot
            be read.
        OSError: `out` cannot be written for another reason.
    """
    header = read_header(delta)
    if expected is not None and expected != header.to_sha256:
        raise _other_content(delta, expected, header.to_sha256)
    try:
        with _opened(old) as connection:
            base = _said(connection, CONTENT_SHA256)
    except sqlite3.Error as error:
        raise damaged(old, str(error)) from error
    if base != header.from_sha256:
        raise RegistryError(
            "delta_wrong_base",
            f"{delta}: expected the edition of content {header.from_sha256} to start from, got {base}.",
            hint="Apply the deltas in their order, or take the whole edition.",
        )
    try:
        with written(out) as beside:
            _merge(old, delta, header, beside)
    except (sqlite3.Error, OSError) as error:
        if is_disk_full(error):
            raise full(out) from error
        if isinstance(error, OSError):
            raise
        raise damaged(old, str(error)) from error
    return out


def _other_content(delta: Path, expected: str, came: str) -> RegistryError:
    return RegistryError(
        "registry_content",
        f"{delta}: expected an edition of content {expected}, got {came}.",
        hint="The old edition stays in use. Fetch the delta again, or take the whole edition.",
    )


def _merge(old: Path, delta: Path, header: DeltaHeader, beside: Path) -> None:
    address = f"file:{quote(str(beside.absolute()))}"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        # The file is thrown away when anything fails, so no journal is kept while it is written.
        connection.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{_CACHE_KIB};")
        connection.executescript(DDL)
        connection.execute("ATTACH ? AS old", (f"file:{quote(str(old.absolute()))}?mode=ro&immutable=1",))
        connection.execute("BEGIN")
        try:
            merge = _Merge(connection, header, old)
            for section in delta_file.read_sections(delta):
                merge.take(section)
            merge.finish()
            content = of_connection(connection)
        except _MISFITS as error:
            raise delta_file.damaged(delta, f"a change that does not fit ({error!r})") from error
        if content != header.to_sha256:
            raise _other_content(delta, header.to_sha256, content)
        connection.execute("INSERT INTO edition VALUES (?, ?)", (CONTENT_SHA256, content))
        connection.execute("COMMIT")
        connection.execute("DETACH old")
        connection.executescript(f"PRAGMA application_id={Kind.REGISTRY.value}; PRAGMA user_version={SCHEMA};")


class _Merge:
    """One merge: the old edition's tables are copied as they are, then changed where the delta says so."""

    def __init__(self, connection: sqlite3.Connection, header: DeltaHeader, old: Path) -> None:
        self._connection = connection
        self._header = header
        self._contents = {content.name: content for content in CONTENT}
        self._writers = {name: ContentWriter(connection, content) for name, content in self._contents.items()}
        self._sets = {
            table: _SetMerge(connection, table, header, old)
            for table, bits in SERIALS.items()
            if table in header.changes
        }
        tables = [name for name in ("product_lines", *self._contents) if name != "edition"]
        unchanged = [table for table in SERIALS if table not in self._sets]
        for table in (*tables, *unchanged):
            connection.execute(f"INSERT INTO main.{table} SELECT * FROM old.{table}")  # noqa: S608 - names of our own
        connection.execute("INSERT INTO edition SELECT * FROM old.edition WHERE name<>?", (CONTENT_SHA256,))

    def take(self, section: Section) -> None:
        said, parts = section
        if "serials" in said:
            self._sets[said["serials"]].take(said, parts)
            return
        writer = self._writers[said["table"]]
        content = self._contents[said["table"]]
        for key in _rows(said["gone"], content.keys):
            writer.take(key)
        columns = [*said["come"], parts] if parts else said["come"]
        for row in _rows(columns, len(content.columns)):
            writer.take(row[: content.keys])
            writer.put(row)

    def finish(self) -> None:
        for merge in self._sets.values():
            merge.finish()
        if "products" in self._header.changes:
            drop_unused_lines(self._connection)
        index_watch_list(self._connection)  # also when no name changed: the base's is covered by no signature


def _rows(columns: Sequence[list[Any]], width: int) -> Iterator[ContentRow]:
    """The rows of written columns, the gaps of their first one undone.

    Raises:
        ValueError: they are not `width` columns of one length.
    """
    if not columns:
        return iter(())
    if len(columns) != width:
        raise ValueError(f"expected {width} columns, got {len(columns)}")
    first = columns[0]
    if first and isinstance(first[0], int):
        at, plain = 0, []
        for gap in first:
            at += gap
            plain.append(at)
        first = plain
    return zip(first, *columns[1:], strict=True)


def _of_base(connection: sqlite3.Connection, table: str, old: Path) -> Iterator[Hashes]:
    try:
        yield from stored(connection, table, "old")
    except (sqlite3.Error, ValueError) as error:
        raise damaged(old, str(error)) from error


class _SetMerge:
    """The merge of one set of hashes, window by window."""

    def __init__(self, connection: sqlite3.Connection, table: str, header: DeltaHeader, old: Path) -> None:
        self._bits = SERIALS[table]
        self._writer = BlockWriter(connection, table, self._bits, header.counts[table])
        self._cut = header.windows[table]
        least = max(1, _windows_for(connection, table, "old") // _FEWER_WINDOWS)  # fewer would not fit into memory
        if not least <= self._cut <= _MOST_WINDOWS or self._cut.bit_count() != 1:
            raise ValueError(f"expected a power of two from {least} to {_MOST_WINDOWS} windows, got {self._cut}")
        self._old = windows(_of_base(connection, table, old), self._bits, self._cut)
        self._number = 0
        self._rank = 0

    def take(self, said: dict[str, Any], parts: list[bytes]) -> None:
        gone = numbers(parts[: said["planes"]], said["gone"])
        come = numbers(parts[said["planes"] :], said["come"])
        for _window in range(said["windows"]):
            self._next(gone, come)

    def finish(self) -> None:
        while self._number < self._cut:
            self._next(NOTHING, NOTHING)
        self._writer.close()

    def _next(self, gone: Hashes, come: Hashes) -> None:
        old = next(self._old, None)
        if old is None:
            raise ValueError(f"more than {self._cut} windows of hashes")
        self._number += 1
        until = np.uint64((self._number << self._bits) // self._cut)
        first = np.uint64((self._number - 1 << self._bits) // self._cut)
        ranks = gone[
            np.searchsorted(gone, np.uint64(self._rank)) : np.searchsorted(gone, np.uint64(self._rank + len(old)))
        ]
        new = come[np.searchsorted(come, first) : np.searchsorted(come, until)]
        kept = np.delete(old, (ranks - np.uint64(self._rank)).astype(np.int64)) if len(ranks) else old
        self._rank += len(old)
        self._writer.add(np.insert(kept, np.searchsorted(kept, new), new) if len(new) else kept)
