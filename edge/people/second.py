"""A second officer who is asked for at a station: whose badge comes there next agrees to the detention.

Held in memory and for a short time, as a barcode of the desk card is (edge/card_acts.py). It judges nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

ASKED_S = 20.0
AGAIN_S = 3.0  # a scanner that reads one badge twice signs nobody in by it


@dataclass(frozen=True, slots=True)
class Asked:
    """A detention that waits for a second officer: what `officer` wanted, on which assessment."""

    inspection: str
    officer: str
    reason: str
    assessment: int | None


class Seconds:
    """What waits at each station. Safe to call from many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with nothing that waits."""
        self._clock = clock
        self._asked: dict[str, tuple[Asked, float]] = {}
        self._agreed: dict[str, tuple[str, str, float]] = {}
        self._lock = threading.Lock()

    def ask(self, station: str, asked: Asked) -> None:
        """A second officer is asked for at a station from now on."""
        with self._lock:
            self._asked[station] = asked, self._clock()

    def at(self, station: str) -> Asked | None:
        """What waits at a station."""
        with self._lock:
            asked, since_s = self._asked.get(station, (None, 0.0))
            return asked if self._clock() - since_s <= ASKED_S else None

    def close(self, station: str, inspection: str, agreed: str = "") -> None:
        """Nothing of this inspection waits at a station any more; `agreed` is who did by a badge."""
        with self._lock:
            if (found := self._asked.get(station)) is not None and found[0].inspection == inspection:
                del self._asked[station]
            if agreed:
                self._agreed[station] = inspection, agreed, self._clock()

    def repeated(self, station: str, person: str) -> str:
        """The inspection to which this person has just agreed at a station; "" for none."""
        with self._lock:
            inspection, agreed, at_s = self._agreed.get(station, ("", "", 0.0))
            return inspection if agreed == person and self._clock() - at_s <= AGAIN_S else ""
