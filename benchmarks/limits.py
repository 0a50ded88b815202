"""Limits of a run: each is printed as a ratio, and a run that misses one ends with exit code 1."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Limits:
    """What was measured against a limit in this run."""

    missed: list[str] = field(default_factory=list)

    def judged(self, name: str, got: float, limit: float, unit: str) -> str:
        """The measured value against the most that is allowed, as words; what is no number misses."""
        if not got <= limit:
            self.missed.append(name)
        return f"limit {limit:.4g} {unit}, ratio {got / limit:.2f}"

    def require(self, name: str, *, kept: bool) -> None:
        """Note a limit that is no ratio."""
        if not kept:
            self.missed.append(name)

    def end(self) -> None:
        """Say whether all limits were kept; otherwise the run ends with exit code 1.

        Raises:
            SystemExit: a limit is missed.
        """
        if self.missed:
            print(f"limits missed: {', '.join(self.missed)}")
            raise SystemExit(1)
        print("all limits kept")
