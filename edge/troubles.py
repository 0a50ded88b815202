"""What the upkeep of a bench cannot do at the moment, for the status page. It mends nothing and keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edge.errors import SekishoError


@dataclass(frozen=True, slots=True)
class Trouble:
    """A part of the upkeep that fails, since when and why."""

    part: str
    since: datetime  # UTC
    said: str
    hint: str


class Troubles:
    """Those that stand. One thread tells them, any may ask."""

    def __init__(self) -> None:
        """None so far."""
        self._standing: dict[str, Trouble] = {}

    def tell(self, part: str, error: Exception, at: datetime) -> bool:
        """A part has failed; whether that is news. Of an error of no kind of ours its type alone is told."""
        before = self._standing.get(part)
        hint = "The log of the bench says where. It is tried again all the time."
        if isinstance(error, SekishoError):
            said, hint = error.message, error.hint or hint
        elif isinstance(error, OSError):
            said = f"{error.strerror or type(error).__name__}: {error.filename}" if error.filename else str(error)
        else:
            said = type(error).__name__
        if before is not None and before.said == said:
            return False
        trouble = Trouble(part, before.since if before else at, said, hint)
        self._standing = self._standing | {part: trouble}
        return True

    def mended(self, part: str) -> None:
        """A part has done its work."""
        if part in self._standing:
            self._standing = {name: one for name, one in self._standing.items() if name != part}

    def standing(self) -> tuple[Trouble, ...]:
        """What fails now."""
        return tuple(self._standing.values())
