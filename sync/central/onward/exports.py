"""Exports for analysts: one line an assessment, as CSV or Parquet, a few thousand at a time however many there are.

What a reader may not see is not in its export: without the right to what is personal, those columns are absent. Times
are as the boxes stamped them. Texts of others are made harmless to spreadsheets (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from sync.central.cells import harmless
from sync.central.central import Central
from sync.central.clients import Client
from sync.central.database import reading
from sync.central.onward import feed
from sync.central.onward.epcis import LedgerRow
from sync.central.onward.epcis_pages import EventsPage, capture_document, events_page, ledger_row
from sync.central.onward.export_columns import Cell, Column, at_of, columns
from sync.central.onward.inspections import Inspections
from sync.errors import ExportUnavailable

if TYPE_CHECKING:
    from pyarrow import Schema

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "epcis": "application/ld+json",
}
_ROWS = 1_000  # of one page of the feed
_GROUP = 5_000  # lines of one row group of Parquet


@dataclass(frozen=True, slots=True)
class Asked:
    """What an export holds: rows after a cursor, of one port ("" is all), assessed from..to, `to` not included."""

    after: int = 0
    port: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of_days(cls, since: date | None, until: date | None, *, after: int = 0, port: str = "") -> Asked:
        """Whole days, UTC; the last is not included."""
        first, last = (
            None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (since, until)
        )
        return cls(after, port, first, last)

    def has(self, at: datetime | None) -> bool:
        """Whether an assessment of this time belongs to it; one without a time belongs to no period."""
        if at is None:
            return self.since is None and self.until is None
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def lines(central: Central, client: Client, asked: Asked, upto: int) -> Iterator[list[Cell]]:
    """One line an assessment, in the order of the feed, up to a cursor; each with the decision that stands now."""
    wanted_columns = columns(client)
    for page in _pages(central, client, asked, upto):
        with reading(central.engine) as connection:
            known = Inspections(connection, central.id, nominal=False)
            known.learn(page, ("disposed",))
            decided = [known.standing(row) for row in page]
        for row, decision in zip(page, decided, strict=True):
            yield [column.read(row, decision) for column in wanted_columns]


def _pages(central: Central, client: Client, asked: Asked, upto: int) -> Iterator[list[LedgerRow]]:
    after, at_end = asked.after, False
    while not at_end:
        wanted = feed.Wanted(after, _ROWS, kind="assessed", port=asked.port, upto=upto)
        page = feed.page(central.engine, client, wanted)
        rows = []
        for told in map(json.loads, page.rows):
            row = ledger_row(central.id, told | {"row": told["row"] | {"cursor": told["cursor"]}})
            if asked.has(at_of(row)):
                rows.append(row)
        yield rows
        after, at_end = page.next, page.at_end


def exported(central: Central, client: Client, form: str, asked: Asked) -> tuple[int, Iterator[bytes]]:
    """The cursor up to which an export goes, and its bytes piece by piece.

    Raises:
        ExportUnavailable: export_parquet: pyarrow is not installed.
    """
    feed.sequence(central.engine)
    upto = feed.last(central.engine)
    if form == "epcis":
        return upto, _epcis(central, client, asked, upto)
    told = lines(central, client, asked, upto)
    return upto, _csv(columns(client), told) if form == "csv" else _parquet(columns(client), told)


def _csv(wanted: Sequence[Column], told: Iterator[list[Cell]]) -> Iterator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([column.name for column in wanted])
    for line in told:
        writer.writerow([_plain(cell) for cell in line])
        if buffer.tell() > 1 << 16:
            yield _emptied(buffer)
    yield _emptied(buffer)


def _emptied(buffer: io.StringIO) -> bytes:
    data = buffer.getvalue().encode("utf-8", "replace")
    buffer.seek(0)
    buffer.truncate()
    return data


def _plain(cell: Cell) -> str | int | float:
    """A cell of CSV: lists with spaces between, and no text that a spreadsheet would run."""
    if cell is None:
        return ""
    if isinstance(cell, int | float):
        return cell
    if isinstance(cell, datetime):
        return cell.isoformat()
    text = " ".join(cell) if isinstance(cell, list) else cell
    return harmless(text)


def _parquet(wanted: Sequence[Column], told: Iterator[list[Cell]]) -> Iterator[bytes]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - only a central that exports Parquet has it
        from pyarrow import parquet  # noqa: PLC0415 - likewise
    except ImportError as error:
        message = "Expected the package pyarrow to write a Parquet file, got none installed."
        hint = 'Install the extra "publisher" of this package, or ask for CSV.'
        raise ExportUnavailable("export_parquet", message, hint=hint) from error
    schema = _schema(wanted)

    def written() -> Iterator[bytes]:
        sink = _Sink()
        with parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
            for group in _groups(told):
                cells = [[_kept(cell) for cell in column] for column in zip(*group, strict=True)]
                arrays = [pa.array(column, field.type) for column, field in zip(cells, schema, strict=True)]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
                yield sink.taken()
        yield sink.taken()

    return written()


def _groups(told: Iterator[list[Cell]]) -> Iterator[list[list[Cell]]]:
    group: list[list[Cell]] = []
    for line in told:
        group.append(line)
        if len(group) == _GROUP:
            yield group
            group = []
    if group:
        yield group


def _kept(cell: Cell) -> Cell:
    """A cell of Parquet: lone surrogates, which JSON can carry and UTF-8 cannot, are replaced."""
    if isinstance(cell, list):
        return [one.encode("utf-8", "replace").decode() for one in cell]
    return cell.encode("utf-8", "replace").decode() if isinstance(cell, str) else cell


def _schema(wanted: Sequence[Column]) -> Schema:
    import pyarrow as pa  # noqa: PLC0415 - see above

    types = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "time": pa.timestamp("us", tz="UTC"),
        "texts": pa.list_(pa.string()),
    }
    return pa.schema([(column.name, types[column.kind]) for column in wanted])


class _Sink(io.RawIOBase):
    """What was written since it was last taken."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        super().__init__()
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        """Keep a copy of `data`."""
        part = bytes(data)
        self._parts.append(part)
        self._size += len(part)
        return len(part)

    def tell(self) -> int:
        """How much was written in all."""
        return self._size

    def taken(self) -> bytes:
        """What is new, once."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _epcis(central: Central, client: Client, asked: Asked, upto: int) -> Iterator[bytes]:
    """One document, written event by event."""
    head = json.dumps(capture_document(EventsPage((), upto, at_end=True), central.stamp()))
    yield head.removesuffix("]}}").encode()
    separator, after, at_end = "", asked.after, False
    while not at_end:
        page = events_page(central, client, feed.Wanted(after, _ROWS, port=asked.port, upto=upto))
        for event in page.events:
            if asked.has(datetime.fromisoformat(event["eventTime"])):
                yield (separator + json.dumps(event, ensure_ascii=False)).encode("utf-8", "replace")
                separator = ","
        after, at_end = page.next, page.at_end
    yield b"]}}"
