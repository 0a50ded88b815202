"""What a scenario saw."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing that was seen: a value against the most it may be, or whether it was so."""

    what: str
    value: float = 0.0
    limit: float | None = None
    unit: str = "s"
    kept: bool = True
    detail: str = ""
