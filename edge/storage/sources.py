"""The tables of a registry source as docs/registry-sources.md describes them: read, checked cell by cell.

A row is either good or refused with its number; nothing is corrected. It writes no database: that is
edge/storage/registry_build.py.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

from edge.errors import SourceError
from edge.storage.cells import Cell, CellRefused, prose, refuse
from edge.storage.database import is_disk_full
from edge.storage.parquet_rows import parquet_rows

Row: TypeAlias = dict[str, Cell]
Raw: TypeAlias = Mapping[str, Any] | str  # the given cells of a row; a text says why there are none

_EVERY = 1_000  # rows between two looks at how far the file is read

_LANGUAGE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused row, told exactly."""

    file: str
    row: int
    column: str
    value: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}, row {self.row}"
        return f"{where}, {self.column}: {self.message}" if self.column else f"{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how its cells are read, and what stands there when nothing is given."""

    read: Callable[[Any], Cell]
    required: bool = False
    default: Cell = ""
    languages: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the source."""

    name: str
    columns: Mapping[str, Column]
    rule: Callable[[Row], None] = field(default=lambda _row: None)  # what concerns several cells of a row


@dataclass(slots=True)
class Position:
    """How far the reading of a table has come, in bytes of its files."""

    total: int = 0
    before: int = 0  # in the files that are done
    here: int = 0

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return (self.before + self.here) / self.total if self.total else 0.0


def rows(
    source: Path, table: Table, refused: Callable[[Refusal, object], None], position: Position
) -> Iterator[tuple[str, int, Row]]:
    """The good rows of a table as (file, row number, cells); each bad one goes to `refused` with its raw content.

    Raises:
        SourceError: source_column: the header of a CSV or Parquet file has an unknown, doubled or missing column;
            source_unreadable: a file cannot be read; source_parquet: nothing here reads Parquet.
    """
    for path in files(source, table, position):
        with told_unreadable(path):
            yield from checked_rows(path.name, table, raw_rows(path, table, position), refused)


def raw_rows(path: Path, table: Table, position: Position) -> Iterator[tuple[int, Raw]]:
    """The numbered rows of one file of a table, unchecked."""
    return _RAW[path.suffix](path, table, position)


def files(source: Path, table: Table, position: Position) -> Iterator[Path]:
    """The files of a table that are there, in the order in which they are read."""
    present = [path for suffix in _RAW if (path := source / f"{table.name}{suffix}").exists()]
    sizes = [path.stat().st_size for path in present]
    position.total = sum(sizes)
    for path, size in zip(present, sizes, strict=True):
        position.here = 0
        yield path
        position.before += size
    position.here = 0


def checked_rows(
    file: str, table: Table, raws: Iterable[tuple[int, Raw]], refused: Callable[[Refusal, object], None]
) -> Iterator[tuple[str, int, Row]]:
    """The good ones of numbered raw rows of a file; the others go to `refused`."""
    for number, raw in raws:
        try:
            yield file, number, checked(table, raw)
        except RowRefused as why:
            refused(Refusal(file, number, why.column, why.value, why.message), raw)


@contextmanager
def told_unreadable(path: Path) -> Iterator[None]:
    """Say of an error of the file system which file it is about.

    Raises:
        SourceError: source_unreadable.
    """
    try:
        yield
    except OSError as error:
        if is_disk_full(error):  # where refused rows are written
            raise
        raise SourceError(
            "source_unreadable",
            f"{path.name}: expected a readable file, got {error.strerror or error}.",
            hint="Check the file and its permissions.",
        ) from error


class RowRefused(Exception):  # noqa: N818 - a refusal, not a fault
    """A row that a table does not take, and the column that is to blame."""

    def __init__(self, column: str, value: object, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.value = str(value)[:200]
        self.message = message


def _csv(path: Path, table: Table, position: Position) -> Iterator[tuple[int, Raw]]:
    # A row that is not UTF-8 must not end the file: its bytes come as surrogates, which no cell takes.
    with path.open("rb") as opened, io.TextIOWrapper(opened, "utf-8-sig", "surrogateescape", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = columns_of(path, table, next(reader, []))
        for number, raw in csv_rows(reader, header, 2):
            if number % _EVERY == 0:
                position.here = opened.tell()
            if raw is not None:
                yield number, raw


def csv_rows(reader: Iterator[list[str]], header: list[str], first: int) -> Iterator[tuple[int, Raw | None]]:
    """The numbered rows of a CSV reader, the first one being row `first`; None is an empty line."""
    for number in count(first):
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, f"expected a CSV row, got {error}."
            continue
        if not cells:
            yield number, None
        elif len(cells) != len(header):
            yield number, f"expected {len(header)} cells as in the header, got {len(cells)}."
        else:
            yield number, {name: cell for name, cell in zip(header, cells, strict=True) if cell}


def columns_of(path: Path, table: Table, header: list[str], *, nested: bool = False) -> list[str]:
    """The column names of a file, as they stand there; `nested` ones may hold words of several languages in one.

    Raises:
        SourceError: source_column: one is unknown, doubled or missing.
    """
    known = ", ".join(_names(table))
    hint = f"The columns of {table.name} are: {known}."
    for name in header:
        if (_column(table, name) is None and not (nested and name in table.columns)) or header.count(name) > 1:
            raise SourceError(
                "source_column", f"{path.name}, row 1: expected known columns, each once, got {name!r}.", hint=hint
            )
    missing = [name for name, column in table.columns.items() if column.required and not _given(name, column, header)]
    if missing:
        raise SourceError(
            "source_column", f"{path.name}, row 1: expected the column {missing[0]!r}, got none.", hint=hint
        )
    return header


def _given(name: str, column: Column, header: list[str]) -> bool:
    return name in header or (column.languages and any(given.startswith(f"{name}_") for given in header))


def _names(table: Table) -> list[str]:
    return [f"{name}_en, {name}_ja, ..." if column.languages else name for name, column in table.columns.items()]


def _column(table: Table, name: str) -> Column | None:
    column = table.columns.get(name)
    if column is not None:
        return None if column.languages else column
    stem, _, language = name.rpartition("_")
    column = table.columns.get(stem)
    return column if column is not None and column.languages and _LANGUAGE.fullmatch(language) else None


def _json_lines(path: Path, _table: Table, position: Position) -> Iterator[tuple[int, Raw]]:
    with path.open("rb") as opened, io.TextIOWrapper(opened, "utf-8-sig", "surrogateescape", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if number % _EVERY == 0:
                position.here = opened.tell()
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, f"expected a JSON object, got {error}."
                continue
            if isinstance(row, dict):
                yield number, {name: cell for name, cell in row.items() if cell is not None and cell != ""}
            else:
                yield number, f"expected a JSON object, got a {type(row).__name__}."


def _parquet(path: Path, table: Table, position: Position) -> Iterator[tuple[int, Raw]]:
    names, read = parquet_rows(path)
    columns_of(path, table, names, nested=True)
    for number, raw, share in read:
        position.here = int(share * path.stat().st_size) if number % _EVERY == 0 else position.here
        yield number, raw


_RAW = {".csv": _csv, ".jsonl": _json_lines, ".parquet": _parquet}


def checked(table: Table, raw: Raw) -> Row:
    """The cells of one row, every column of the table filled. A text stands for a row that could not be read.

    Raises:
        RowRefused: an unknown or missing column, a cell or a row that breaks a rule.
    """
    if isinstance(raw, str):
        raise RowRefused("", "", raw)
    row: Row = {}
    for name, cell in raw.items():
        column = table.columns.get(name)
        if column is None or (column.languages and not isinstance(cell, dict)):
            _language_cell(table, row, name, cell)
            continue
        try:
            row[name] = _languages(cell) if column.languages else column.read(cell)
        except CellRefused as why:
            raise RowRefused(name, cell, str(why)) from None
    for name, column in table.columns.items():
        if name not in row or (column.languages and not row[name]):
            if column.required:
                raise RowRefused(name, "", "expected a value, got none.")
            row[name] = column.default
    try:
        table.rule(row)
    except CellRefused as why:
        raise RowRefused("", "", str(why)) from None
    return row


def _language_cell(table: Table, row: Row, name: str, cell: Cell) -> None:
    if _column(table, name) is None:
        raise RowRefused(name, cell, f"expected one of {', '.join(_names(table))}, got {name!r}.")
    stem, _, language = name.rpartition("_")
    try:
        row.setdefault(stem, {})[language] = prose(cell)
    except CellRefused as why:
        raise RowRefused(name, cell, str(why)) from None


def _languages(value: Mapping[str, Any]) -> dict[str, str]:
    for language in value:
        if not _LANGUAGE.fullmatch(language):
            raise refuse(language, "an ISO 639-1 language", language)
    return {language: prose(words) for language, words in value.items() if words not in (None, "")}
