"""Counts of inspections by period, port, product group and finding, with small cells suppressed. Fit to be published.

Every inspection stands in one cell: its month, its port, the group of its first item, its most decisive finding. What
would tell how customs works is left out: watch-list findings, thresholds, stations, officers, models.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from edge.errors import PolicyError, RequestRefused
from edge.storage.chain import canonical
from sync.central.cells import harmless
from sync.central.central import Central
from sync.central.database import reading
from sync.central.privacy.disclosure import OPERATIONAL, Period, records
from sync.central.privacy.suppression import TOTAL, Cell, suppressed, with_margins

DIMENSIONS = ("period", "port", "group", "finding")
THRESHOLD = 5
LARGEST = 3_000  # cells with margins: a larger table is not read by anybody, and costs minutes
_MONTH, _DAY = 7, 10
_NONE = "none"


@dataclass(frozen=True, slots=True)
class Report:
    """A table that may be published. A count of None is suppressed."""

    by: tuple[str, ...]
    period: Period
    threshold: int
    cells: Mapping[Cell, int | None]

    def as_json(self) -> bytes:
        """As canonical JSON."""
        cells = [{**dict(zip(self.by, cell, strict=True)), "count": count} for cell, count in self.cells.items()]
        told = {"type": "sekisho-report", "schema": 1, "by": list(self.by), "threshold": self.threshold}
        told |= {"from": self.period.first.isoformat(), "to": self.period.last.isoformat(), "cells": cells}
        return canonical(told) + b"\n"

    def as_csv(self) -> bytes:
        """As CSV (RFC 4180); a suppressed count is "x"."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow((*self.by, "count"))
        told = ((*map(harmless, cell), "x" if count is None else count) for cell, count in self.cells.items())
        writer.writerows(told)
        return out.getvalue().encode("utf-8", "replace")


def groups_of(path: Path) -> dict[str, str]:
    """Product groups by GTIN prefix, from a TOML file: group = ["prefix of GTIN-14", ...].

    Raises:
        PolicyError: policy_unreadable.
    """
    try:
        told = tomllib.loads(path.read_text("utf-8"))
        return {str(prefix): group for group, prefixes in told.items() for prefix in prefixes}
    except (OSError, ValueError, TypeError) as error:
        raise PolicyError("policy_unreadable", f"{path}: expected groups in TOML, got {error}.") from error


def report(
    central: Central, by: tuple[str, ...], period: Period, groups: Mapping[str, str], threshold: int = THRESHOLD
) -> Report:
    """Count inspections whose last assessment lies in `period`, in a table over `by` with all its margins.

    Raises:
        RequestRefused: request_field: another dimension, one named twice, days that are no whole months, or a table
            too large to be published.
    """
    _require_months(period)
    if not by or set(by) - set(DIMENSIONS) or len(set(by)) < len(by):
        message = f"Expected some of {', '.join(DIMENSIONS)}, each once, got {', '.join(by) or 'none'}."
        raise RequestRefused("request_field", message)
    counts: Counter[Cell] = Counter()
    with reading(central.engine) as connection:
        for record in records(connection):
            day = record["assessment"].get("at", {}).get("utc", "")[:_DAY]
            if period.first.isoformat() <= day <= period.last.isoformat():
                counts[tuple(_value(record, dimension, groups) for dimension in by)] += 1
    return tabled(counts, by, period, threshold)


def _require_months(period: Period) -> None:
    """Reports of days that overlap in part would tell, subtracted, of the few days between."""
    after = period.last + timedelta(days=1)
    if period.first.day != 1 or after.day != 1 or after <= period.first:
        message = f"Expected the first day of a month and the last of one, got {period.first} and {period.last}."
        raise RequestRefused("request_field", message, hint="Publish a month in one report only.")


def tabled(counts: Mapping[Cell, int], by: tuple[str, ...], period: Period, threshold: int) -> Report:
    """The table of these counts.

    Raises:
        RequestRefused: request_field: it is too large.
    """
    whole = with_margins(counts) if counts else {}
    if len(whole) > LARGEST:
        message = f"Expected a table of {LARGEST} cells or fewer, got {len(whole)}: take fewer dimensions or months."
        raise RequestRefused("request_field", message)
    hidden = suppressed(whole, threshold)
    cells = {cell: None if cell in hidden else count for cell, count in sorted(whole.items(), key=_order)}
    return Report(by, period, threshold, cells)


def _order(item: tuple[Cell, int]) -> tuple[tuple[bool, str], ...]:
    return tuple((value == TOTAL, value) for value in item[0])


def _value(record: dict[str, Any], dimension: str, groups: Mapping[str, str]) -> str:
    assessment = record["assessment"]
    if dimension == "period":
        return str(assessment["at"]["utc"][:_MONTH])
    if dimension == "port":
        return record["port"] or _NONE
    if dimension == "finding":
        codes = (one["code"] for one in assessment.get("verdict", {}).get("findings", ()))
        return next((code for code in codes if not code.startswith(OPERATIONAL)), _NONE)
    items = assessment.get("identity", {}).get("items", ())
    gtin = items[0]["gtin"]["value"] if items else ""
    fitting = [prefix for prefix in groups if gtin.startswith(prefix)]
    return groups[max(fitting, key=len)] if fitting else "other" if gtin else _NONE
