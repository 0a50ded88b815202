"""A publisher's rows against its signed scope: what is another's product is refused by row number, with the reason.

Reads the JSON lines of docs/registry-sources.md; builds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edge.storage.source_tables import BULLETINS, FACES, WATCH_LIST
from edge.storage.sources import Position, Refusal, rows
from sync.current import Scope

TABLES = (BULLETINS, FACES, WATCH_LIST)


@dataclass
class CheckedRows:
    """The rows of a part: how many are good, which are refused, and the pictures that the good ones name."""

    refusals: list[Refusal] = field(default_factory=list)
    good: dict[str, set[int]] = field(default_factory=dict)  # table to row numbers
    pictures: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        """Good rows in all."""
        return sum(len(numbers) for numbers in self.good.values())


def checked_rows(part: Path, scope: Scope) -> CheckedRows:
    """Check every row of the directory `part`: its form, then its scope.

    Raises:
        SourceError: a table cannot be read.
    """
    found = CheckedRows()
    for table in TABLES:
        good = found.good.setdefault(table.name, set())
        for file, number, row in rows(part, table, lambda refusal, _raw: found.refusals.append(refusal), Position()):
            why = scope.outside(row)
            if why:
                found.refusals.append(Refusal(file, number, "", "", why))
                continue
            good.add(number)
            if row.get("picture"):
                found.pictures.add(row["picture"])
    return found


def keep_good_rows(part: Path, found: CheckedRows) -> None:
    """Rewrite the tables of `part` with empty lines in place of refused rows, so that row numbers stay what they are.

    Raises:
        OSError: a table cannot be written.
    """
    for table in TABLES:
        path = part / f"{table.name}.jsonl"
        if path.exists():
            good = found.good.get(table.name, set())
            lines = path.read_bytes().split(b"\n")
            kept = [line if number in good else b"" for number, line in enumerate(lines, start=1)]
            path.write_bytes(b"\n".join(kept) + b"\n")
