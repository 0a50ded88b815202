"""The rows of a Parquet file as a registry source has them. pyarrow reads it: the extra "publisher" of the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from edge.errors import SourceError

_ROWS = 5_000


def parquet_rows(path: Path) -> tuple[list[str], Iterator[tuple[int, Mapping[str, Any], float]]]:
    """The column names, and the rows as (number from 1, given cells, share of the file read), a few at a time.

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

    def read() -> Iterator[tuple[int, Mapping[str, Any], float]]:
        number = 0
        try:
            for batch in file.iter_batches(batch_size=_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    cells = {name: _cell(value) for name, value in row.items()}
                    given = {name: cell for name, cell in cells.items() if cell is not None and cell != ""}
                    yield number, given, number / file.metadata.num_rows
        except ArrowException as error:
            raise _unreadable(path, error) from error

    try:
        file = parquet.ParquetFile(path)
    except ArrowException as error:
        raise _unreadable(path, error) from error
    return list(file.schema_arrow.names), read()


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
