"""The serials of a registry source. There may be a hundred million, most of them plain: those are read by the piece.

A piece of a CSV file in which every row is a GTIN, a serial of plain characters and nothing else comes out as one
`CleanSerials`; everything else comes out row by row, checked and refused as any other table.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.storage.source_tables import SERIALS
from edge.storage.sources import (
    Position,
    Raw,
    Refusal,
    Row,
    checked_rows,
    columns_of,
    csv_rows,
    files,
    raw_rows,
    told_unreadable,
)

_PIECE_BYTES = 1 << 20
_FEW_BYTES = 2_000  # lines that are not worth being halved again
# GTIN and serial; of character set 82 the comma and the double quote are not plain
_PLAIN = rb"(?m)^([0-9]{8}|[0-9]{12,14}),([!%-+\-./0-9:-?A-Z_a-z]{1,20})"


@dataclass(frozen=True, slots=True)
class CleanSerials:
    """Consecutive known serials of one file whose cells are well formed; their GTINs are still to be checked."""

    file: str
    first_row: int
    pairs: list[tuple[bytes, bytes]]  # GTIN as it stands there, serial

    def halves(self) -> tuple[CleanSerials, CleanSerials]:
        """Both halves of a piece of two rows or more."""
        cut = len(self.pairs) // 2
        return (
            CleanSerials(self.file, self.first_row, self.pairs[:cut]),
            CleanSerials(self.file, self.first_row + cut, self.pairs[cut:]),
        )

    def raw(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The rows one by one, unchecked."""
        for number, (gtin, serial) in enumerate(self.pairs, self.first_row):
            yield number, {"gtin": gtin.decode(), "serial": serial.decode()}


def serial_rows(
    source: Path, refused: Callable[[Refusal, object], None], position: Position
) -> Iterator[CleanSerials | tuple[str, int, Row]]:
    """The serials of a source: clean pieces and single good rows; each bad row goes to `refused`.

    Raises:
        SourceError: as `rows` of edge/storage/sources.py.
    """
    for path in files(source, SERIALS, position):
        with told_unreadable(path):
            read = _csv_pieces(path, position) if path.suffix == ".csv" else raw_rows(path, SERIALS, position)
            for piece in read:
                if isinstance(piece, CleanSerials):
                    yield piece
                else:
                    yield from checked_rows(path.name, SERIALS, (piece,), refused)


def _csv_pieces(path: Path, position: Position) -> Iterator[CleanSerials | tuple[int, Raw]]:
    with path.open("rb") as file:
        header = columns_of(path, SERIALS, _header(file.readline()))
        plain = _plain(header)
        number = 2
        while piece := file.read(_PIECE_BYTES):
            start = file.tell() - len(piece)
            piece += file.readline()
            position.here = start + len(piece)
            if b'"' in piece:  # a quoted cell may hold line breaks: from here on only a whole reader knows the rows
                file.seek(start)
                text = io.TextIOWrapper(file, "utf-8", "surrogateescape", newline="")
                yield from (
                    (at, raw) for at, raw in csv_rows(csv.reader(text, strict=True), header, number) if raw is not None
                )
                return
            lines = piece if piece.endswith(b"\n") else piece + b"\n"
            for part in _clean(lines, plain) if plain else (lines,):
                if isinstance(part, list):
                    yield CleanSerials(path.name, number, part)
                    number += len(part)
                    continue
                few = io.StringIO(part.decode("utf-8", "surrogateescape"), newline="")
                for number, raw in csv_rows(csv.reader(few, strict=True), header, number):  # noqa: B020 - it goes on from there
                    if raw is not None:
                        yield number, raw
                number += 1


def _clean(lines: bytes, plain: re.Pattern[bytes]) -> Iterator[list[tuple[bytes, bytes]] | bytes]:
    """The plain rows of whole lines, many at a time, and between them the few lines that hold another row."""
    pairs = plain.findall(lines)
    if pairs and len(pairs) == lines.count(b"\n"):
        yield pairs
        return
    cut = lines.find(b"\n", len(lines) // 2) + 1
    if len(lines) < _FEW_BYTES or not 0 < cut < len(lines):
        yield lines
        return
    yield from _clean(lines[:cut], plain)
    yield from _clean(lines[cut:], plain)


def _header(line: bytes) -> list[str]:
    return next(csv.reader([line.decode("utf-8-sig", "surrogateescape")], strict=True), [])


def _plain(header: list[str]) -> re.Pattern[bytes] | None:
    """What a plain row looks like under `header`; None when its columns stand in another order."""
    if header[:2] != ["gtin", "serial"]:
        return None
    more = len(header) - 2
    rest = b",{%d}" % more
    if header[2:3] == ["status"]:
        rest = b"(?:,{%d}|,known,{%d})" % (more, more - 1)
    return re.compile(_PLAIN + rest + rb"\r?\n")
