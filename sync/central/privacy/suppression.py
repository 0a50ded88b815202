"""Small cells of a table with margins, suppressed so that what is published gives none of them back.

Method: primary suppression of counts below a threshold, then complementary suppression (Hundepool et al., Statistical
Disclosure Control, 2012, chapter 4): while a suppressed cell, margin or not, is fixed by the published ones, or can be
told within a range narrower than the threshold, the smallest published cell of one of its lines is suppressed too.
Pure: a cell is a tuple with one value per dimension, `TOTAL` for a margin.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

TOTAL = "*"
_UNBOUNDED = 1_000_000
Cell = tuple[str, ...]
_PRIME = 2**61 - 1  # elimination is exact modulo it: entries are -1, 0 and 1


@dataclass(frozen=True, slots=True)
class Line:
    """A margin and the cells that add up to it."""

    total: Cell
    parts: tuple[Cell, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All of them."""
        return (self.total, *self.parts)


def with_margins(counts: Mapping[Cell, int]) -> dict[Cell, int]:
    """Every combination of the values that occur, zeros too, with all margins."""
    dimensions = [sorted({cell[place] for cell in counts}) for place in range(len(next(iter(counts), ())))]
    whole = dict.fromkeys(itertools.product(*([*values, TOTAL] for values in dimensions)), 0)
    for cell, count in counts.items():
        for margin in itertools.product(*((value, TOTAL) for value in cell)):
            whole[margin] += count
    return whole


def lines_of(cells: Iterable[Cell]) -> Iterator[Line]:
    """Every equation that the cells obey: along each dimension the values add up to the total."""
    parts: dict[tuple[int, Cell], list[Cell]] = {}
    for cell in sorted(cells):
        for place, value in enumerate(cell):
            if value != TOTAL:
                parts.setdefault((place, (*cell[:place], TOTAL, *cell[place + 1 :])), []).append(cell)
    for (_, total), adding in sorted(parts.items()):
        yield Line(total, tuple(adding))


def suppressed(counts: Mapping[Cell, int], threshold: int) -> frozenset[Cell]:
    """The cells of `counts`, which has its margins, that may not be published. Zeros may."""
    hidden = {cell for cell, count in counts.items() if 0 < count < threshold}
    lines = tuple(lines_of(counts))
    while exposed := _exposed(counts, hidden, lines, threshold):
        added = _complements(counts, hidden, lines, exposed)
        if not added:  # nothing is left to hide it behind
            return frozenset(counts)
        hidden |= added
    return frozenset(hidden)


def _exposed(counts: Mapping[Cell, int], hidden: set[Cell], lines: Sequence[Line], threshold: int) -> set[Cell]:
    fixed = determined(hidden, lines)
    if fixed:
        return fixed
    ranges = bounds(counts, hidden, lines)
    return {cell for cell, (low, high) in ranges.items() if high - low < threshold}


def _complements(counts: Mapping[Cell, int], hidden: set[Cell], lines: Sequence[Line], exposed: set[Cell]) -> set[Cell]:
    """For each exposed cell a published one of its lines: an inner before a margin, a small before a large, no zero."""
    added: set[Cell] = set()
    for cell in sorted(exposed):
        own = [line for line in lines if cell in line.cells]
        alone = [line for line in own if len(hidden.intersection(line.cells)) == 1]
        beside = {other for line in alone or own for other in line.cells}
        if not added & beside:
            choices = [other for other in beside - hidden if counts[other]]
            added |= set(sorted(choices, key=lambda other: (other.count(TOTAL), counts[other], other))[:1])
    if added:
        return added
    left = [cell for cell in set(counts) - hidden if counts[cell]]
    return set(sorted(left, key=lambda cell: (cell.count(TOTAL), counts[cell], cell))[:1])


def determined(hidden: Iterable[Cell], lines: Sequence[Line]) -> set[Cell]:
    """The hidden cells that the published ones fix: those that elimination of the equations leaves alone in a row."""
    cells = sorted(hidden)
    place = {cell: column for column, cell in enumerate(cells)}
    pivots: dict[int, dict[int, int]] = {}  # reduced row echelon form: no row holds the pivot of another
    for line in lines:
        row = {place[cell]: (-1 if cell == line.total else 1) for cell in line.cells if cell in place}
        for column in row.keys() & pivots.keys():
            row = _minus(row, row[column], pivots[column])
        if row:
            pivot = min(row)
            inverse = pow(row[pivot], -1, _PRIME)
            row = {column: value * inverse % _PRIME for column, value in row.items()}
            for column in [column for column, known in pivots.items() if pivot in known]:
                pivots[column] = _minus(pivots[column], pivots[column][pivot], row)
            pivots[pivot] = row
    return {cells[column] for column, row in pivots.items() if len(row) == 1}


def _minus(row: Mapping[int, int], factor: int, other: Mapping[int, int]) -> dict[int, int]:
    told = dict(row)
    for column, value in other.items():
        left = (told.get(column, 0) - factor * value) % _PRIME
        if left:
            told[column] = left
        else:
            told.pop(column, None)
    return told


def bounds(counts: Mapping[Cell, int], hidden: set[Cell], lines: Sequence[Line]) -> dict[Cell, tuple[int, int]]:
    """Within which range whoever sees the published cells can tell each hidden one, line by line: none is negative."""
    unknown = 2 * sum(counts.values()) + _UNBOUNDED  # nothing published bounds it
    low = {cell: 0 if cell in hidden else counts[cell] for cell in counts}
    high = {cell: unknown if cell in hidden else counts[cell] for cell in counts}
    changed = True
    while changed:
        changed = False
        for line in lines:
            changed |= _narrowed(line, low, high, hidden)
    return {cell: (low[cell], high[cell]) for cell in hidden}


def _narrowed(line: Line, low: dict[Cell, int], high: dict[Cell, int], hidden: set[Cell]) -> bool:
    lows, highs = sum(low[cell] for cell in line.parts), sum(high[cell] for cell in line.parts)
    found = {line.total: (lows, highs)}
    for cell in line.parts:
        found[cell] = (low[line.total] - highs + high[cell], high[line.total] - lows + low[cell])
    changed = False
    for cell in hidden & found.keys():
        least, most = found[cell]
        if least > low[cell] or most < high[cell]:
            low[cell], high[cell], changed = max(low[cell], least), min(high[cell], most), True
    return changed
