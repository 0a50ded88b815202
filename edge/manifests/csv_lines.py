"""CSV: one declared line a row; the rows of one document stand together and repeat or leave out what is its own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.declaration import ConsignmentIn
from edge.manifests.claims import CONSIGNMENT, LINE, ClaimRefusedError, Refused, claimed

_COLUMNS = frozenset(CONSIGNMENT + LINE)
_MOST_ROW = 100_000  # characters: a quote that is never closed must not take the whole manifest
_MOST_ROWS = 200  # of one document


def read(path: Path) -> Iterator[tuple[int, ConsignmentIn | Refused]]:
    """The consignments of a CSV manifest. Row 1 is the header; a consignment has the number of its first row."""
    with path.open("rb") as opened, io.TextIOWrapper(opened, "utf-8-sig", "surrogateescape", newline="") as file:
        numbered = csv.reader(_bounded(file), strict=True)
        group = _Group()
        try:
            header = [name.strip() for name in next(numbered, [])]
            _require_columns(header)
            for number, cells in _rows(numbered, header):
                document = cells.get("document", "") if isinstance(cells, dict) else group.document
                if group.rows and document != group.document:
                    yield from group.ended()
                    group = _Group()
                group.take(number, cells, document)
        except (ClaimRefusedError, _TooLongError) as error:
            yield from group.ended()
            yield 1 if not group.rows else group.last + 1, Refused("", f"{error} What follows was not read.")
            return
        yield from group.ended()


class _TooLongError(Exception):
    pass


def _bounded(file: io.TextIOWrapper) -> Iterator[str]:
    while line := file.readline(_MOST_ROW):
        if len(line) >= _MOST_ROW:
            raise _TooLongError(f"{line[:40]!r}: expected a row of {_MOST_ROW} characters at most, got a longer one.")
        yield line


def _require_columns(header: list[str]) -> None:
    for name in header:
        if name not in _COLUMNS or header.count(name) > 1:
            came = "another" if name not in _COLUMNS else "it twice"
            raise ClaimRefusedError("", name, "a column of docs/consignments.md", came)
    for name in ("document", "description"):
        if name not in header:
            raise ClaimRefusedError("", name, "this column", "none")


def _rows(reader: Iterator[list[str]], header: list[str]) -> Iterator[tuple[int, dict[str, str] | Refused]]:
    number = 1
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, Refused("", f"expected a CSV row, got {error}.")
            continue
        if not cells:
            continue
        if len(cells) != len(header):
            yield number, Refused("", f"expected {len(header)} cells as in the header, got {len(cells)}.")
        else:
            yield number, {name: cell for name, cell in zip(header, cells, strict=True) if cell}


class _Group:
    """The rows of one document. One bad row refuses all of them: a declaration without one of its lines says less."""

    def __init__(self) -> None:
        self.document = ""
        self.rows: list[tuple[int, dict[str, str] | Refused]] = []
        self.last = 1

    def take(self, number: int, cells: dict[str, str] | Refused, document: str) -> None:
        self.document, self.last = document, number
        if len(self.rows) <= _MOST_ROWS:
            self.rows.append((number, cells))

    def ended(self) -> Iterator[tuple[int, ConsignmentIn | Refused]]:
        """What they come to."""
        if not self.rows:
            return
        refused = list(self._refused())
        if not refused:
            first = self.rows[0][1]
            lines = [cells for _, cells in self.rows if isinstance(cells, dict)]
            own: dict[str, Any] = {name: first[name] for name in CONSIGNMENT if name in first}  # type: ignore[operator,index] # a row without a fault is a dict
            try:
                declared = claimed(own, [_of(line, LINE) for line in lines])
            except ClaimRefusedError as error:
                refused = [(self._row_of(error.refused.column), error.refused)]
            else:
                yield self.rows[0][0], declared
                return
        yield from refused
        bad = {number for number, _ in refused}
        why = f"refused with row {min(bad)}, which is of the same document."
        yield from ((number, Refused("", why)) for number, _ in self.rows if number not in bad)

    def _refused(self) -> Iterator[tuple[int, Refused]]:
        own: dict[str, str] = {}
        for number, cells in self.rows:
            if isinstance(cells, Refused):
                yield number, cells
                continue
            for name in CONSIGNMENT:
                if name in cells and number != self.rows[0][0] and own.get(name) != cells[name]:
                    said = f"{cells[name][:80]!r}: expected what row {self.rows[0][0]} says"
                    yield number, Refused(name, f"{said}, {own.get(name, '')[:80]!r}, got another.")
                    break
            own = own or dict(cells)

    def _row_of(self, column: str) -> int:
        """The row of a refused cell: `lines.3.hs` is of the fourth."""
        parts = column.split(".")
        place = int(parts[1]) if parts[0] == "lines" and len(parts) > 1 else 0
        return self.rows[place][0]


def _of(cells: dict[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: cells[name] for name in names if name in cells}
