"""CSV: one declared line a row; the rows of one document stand together and repeat or leave out what is its own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.declaration import ConsignmentIn
from edge.manifests.claims import CONSIGNMENT, LINE, ClaimRefusedError, Refused, claimed

_COLUMNS = frozenset(CONSIGNMENT + LINE)
_MOST_ROW = 100_000  # characters: a quote that is never closed must not take the whole manifest
_MOST_ROWS = 200  # of one document


_NOTHING = '\r\n ,"'  # a row of empty cells, as spreadsheets leave them at the end

# The first cell of a row, whatever comes behind it: a row without this one has no document that can be told.
_FIRST = re.compile(r'(?:([^",\r\n]*)|"((?:[^"\r\n]|"")*)")(?=[,\r\n]|$)')


def read(path: Path) -> Iterator[tuple[int, ConsignmentIn | Refused]]:
    """The consignments of a CSV manifest. Row 1 is the header; a consignment has the number of its first row.

    A row is a line: no cell holds a line break, so that a quote that is never closed takes nothing but its own row.
    """
    with path.open("rb") as opened, io.TextIOWrapper(opened, "utf-8-sig", "surrogateescape", newline="") as file:
        group = _Group()
        try:
            header = _header(file)
            for number, line in _lines(file):
                cells = _cells(line, header)
                document = cells.get("document", "") if isinstance(cells, dict) else _document(line, header)
                if document and group.rows and document != group.document:
                    yield from group.ended()
                    group = _Group(group.passed_on)
                group.take(number, cells, document)
        except (ClaimRefusedError, _TooLongError) as error:
            number = error.number if isinstance(error, _TooLongError) else 1
            group.doubt = number
            yield from group.ended()
            yield number, Refused("", f"{error} What follows was not read.")
            return
        yield from group.ended()


class _TooLongError(Exception):
    def __init__(self, line: str, number: int) -> None:
        super().__init__(f"{line[:40]!r}: expected a row of {_MOST_ROW} characters at most, got a longer one.")
        self.number = number


def _header(file: io.TextIOWrapper) -> list[str]:
    """The names of the columns.

    Raises:
        ClaimRefusedError: the first row is no header. _TooLongError: it does not end.
    """
    for _, line in _lines(file, 1):
        try:
            names = [name.strip() for name in next(csv.reader([line], strict=True), [])]
        except csv.Error as error:
            raise ClaimRefusedError("", line.strip(), "a CSV row of column names", str(error)) from error
        _require_columns(names)
        return names
    raise ClaimRefusedError("", "document", "this column", "none")


def _lines(file: io.TextIOWrapper, start: int = 2) -> Iterator[tuple[int, str]]:
    """The lines that say something, by number.

    Raises:
        _TooLongError: one does not end.
    """
    number = start - 1
    while line := file.readline(_MOST_ROW):
        number += 1
        if len(line) >= _MOST_ROW:
            raise _TooLongError(line, number)
        if line.strip(_NOTHING):
            yield number, line


def _require_columns(header: list[str]) -> None:
    for name in header:
        if name not in _COLUMNS or header.count(name) > 1:
            came = "another" if name not in _COLUMNS else "it twice"
            raise ClaimRefusedError("", name, "a column of docs/consignments.md", came)
    for name in ("document", "description"):
        if name not in header:
            raise ClaimRefusedError("", name, "this column", "none")


def _cells(line: str, header: list[str]) -> dict[str, str] | Refused:
    try:
        cells = next(csv.reader([line], strict=True))
    except csv.Error as error:
        return Refused("", f"expected a CSV row in one line, got {error}.")
    if len(cells) != len(header):
        return Refused("", f"expected {len(header)} cells as in the header, got {len(cells)}.")
    return {name: cell for name, cell in zip(header, cells, strict=True) if cell}


def _document(line: str, header: list[str]) -> str:
    """The document that a bad row is of; "" when it cannot be told: a comma too many shifts what is behind it."""
    found = _FIRST.match(line) if header[0] == "document" else None
    return (found[1] or (found[2] or "").replace('""', '"')) if found else ""


class _Group:
    """The rows of one document. One bad row refuses all of them: a declaration without one of its lines says less."""

    def __init__(self, doubt: int | None = None) -> None:
        """`doubt`: a bad row whose document cannot be told, and may be this one."""
        self.document = ""
        self.rows: list[tuple[int, dict[str, str] | Refused]] = []
        self.doubt = doubt
        self.passed_on: int | None = None  # such a row at its end, which may be of what follows as well

    def take(self, number: int, cells: dict[str, str] | Refused, document: str) -> None:
        self.document = document or self.document
        self.passed_on = number if isinstance(cells, Refused) and not document else None
        if not document:
            self.doubt = number
        if isinstance(cells, dict) and not document:  # it names none: at most it goes on with what it follows
            cells = Refused("document", "'': expected a value in each row, got none.")
        if len(self.rows) <= _MOST_ROWS:
            self.rows.append((number, cells))

    def ended(self) -> Iterator[tuple[int, ConsignmentIn | Refused]]:
        """What they come to."""
        if not self.rows:
            return
        refused = list(self._refused())
        if not refused and self.doubt is None:
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
        certain = bad - {self.doubt}
        why = (
            f"row {min(certain)}, which is of the same document" if certain else f"row {self.doubt}, which may be of it"
        )
        why = f"refused with {why}."
        yield from ((number, Refused("", why)) for number, _ in self.rows if number not in bad)

    def _refused(self) -> Iterator[tuple[int, Refused]]:
        first, own = 0, dict[str, str]()
        for number, cells in self.rows:
            if isinstance(cells, Refused):
                yield number, cells
                continue
            if not own:
                first, own = number, cells
            for name in CONSIGNMENT:
                if name in cells and own.get(name) != cells[name]:
                    said = f"{cells[name][:80]!r}: expected what row {first} says"
                    yield number, Refused(name, f"{said}, {own.get(name, '')[:80]!r}, got another.")
                    break

    def _row_of(self, column: str) -> int:
        """The row of a refused cell: `lines.3.hs` is of the fourth."""
        parts = column.split(".")
        place = int(parts[1]) if parts[0] == "lines" and len(parts) > 1 else 0
        return self.rows[place][0]


def _of(cells: dict[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: cells[name] for name in names if name in cells}
