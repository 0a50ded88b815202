"""The rows of a Parquet file as a registry source has them. pyarrow reads it: the extra "publisher" of the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.errors import SourceError

if TYPE_CHECKING:
    from pyarrow import RecordBatch

_ROWS = 5_000


def parquet_rows(path: Path) -> tuple[list[str], Iterator[tuple[int, Mapping[str, Any] | str, float]]]:
    """The column names, and the rows as (number from 1, given cells, share of the file read), a few at a time.

    A text stands for a row that cannot be read, and says why.

    Raises:
        SourceError: source_parquet: pyarrow is not installed; source_unreadable: it is no whole Parquet file.
    """
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 - only a publisher of Parquet files has it
    except ImportError as error:
        raise SourceError(
            "source_parquet",
            f"{path.name}: expected the package pyarrow to read a Parquet file, got none installed.",
            hint='Install the extra "publisher" of this package, or give the table as CSV or JSON lines.',
        ) from error

    def read() -> Iterator[tuple[int, Mapping[str, Any] | str, float]]:
        number = 0
        try:
            for batch in file.iter_batches(batch_size=_ROWS):
                for row in _given(batch):
                    number += 1
                    yield number, row, number / file.metadata.num_rows
        except ArrowException as error:
            raise _unreadable(path, error) from error

    try:
        file = parquet.ParquetFile(path)
        return list(file.schema_arrow.names), read()
    except (ArrowException, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error


def _given(batch: RecordBatch) -> Iterator[Mapping[str, Any] | str]:
    """The given cells of each row; of one with a cell that Python has no value for (no UTF-8, year 10,000), a text."""
    try:
        rows = batch.to_pylist()
    except (ValueError, OverflowError) as error:
        if batch.num_rows == 1:
            yield f"expected cells that can be read, got {error}."
            return
        half = batch.num_rows // 2
        yield from _given(batch.slice(0, half))
        yield from _given(batch.slice(half))
        return
    for row in rows:
        cells = {name: _cell(value) for name, value in row.items()}
        yield {name: cell for name, cell in cells.items() if cell is not None and cell != ""}


def _cell(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list) and value and all(isinstance(pair, tuple) for pair in value):
        return dict(value)  # Arrow's map
    return value


def _unreadable(path: Path, error: Exception) -> SourceError:
    said = " ".join(str(error).split()).rstrip(".")
    return SourceError(
        "source_unreadable", f"{path.name}: expected a whole Parquet file, got: {said}.", hint="Write the file again."
    )
