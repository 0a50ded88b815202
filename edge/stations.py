"""Which inspection lies open at which station, what was seen of it, and the frames that a later code may still need.

One open inspection at a station. Nothing here is durable: an inspection that is not open is read back from the ledger.
Frames live in memory only, while their inspection is open, within a bound: full frames are never kept on disk.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from edge.fair_lock import FairLock
from edge.identity import Identity
from edge.inspection import NOT_SIGNED_IN, Assessment, Disposition, Seen
from edge.steps.identify import identify


@dataclass(slots=True)
class OpenInspection:
    """One inspection that is being worked on, under the lock of its station."""

    inspection: str
    station: str
    seen: Seen = field(default_factory=Seen)
    last: Assessment | None = None
    disposition: Disposition | None = None
    touched_s: float = 0.0  # monotonic
    officer: str = NOT_SIGNED_IN  # whose it is

    def is_of_another(self, officer: str) -> bool:
        """Whether it is somebody's, and not this officer's. Nobody in particular is no other."""
        return NOT_SIGNED_IN not in {self.officer, officer} and self.officer != officer

    def is_undecided_beside(self, other: OpenInspection) -> bool:
        """Whether it is another parcel than `other`, and nobody has decided on it."""
        return self.disposition is None and self.inspection != other.inspection

    def takes(self, arrived: Identity, window_s: float, officer: str = NOT_SIGNED_IN) -> bool:
        """Whether what arrived belongs here: by parcel number, else by serialised item, else by time.

        The same parcel number belongs here whenever it comes, and another one never does. So does the same serialised
        item. Anything else belongs here while the last arrival is at most `window_s` ago, unless another officer
        brings it.
        """
        if self.disposition is not None:
            return False
        mine = identify(self.seen.symbols)
        if mine.own_keys and arrived.own_keys:  # both may bear the number of one consolidation
            return bool(set(mine.own_keys) & set(arrived.own_keys))
        if mine.parcel_keys and arrived.parcel_keys:
            return bool(set(mine.parcel_keys) & set(arrived.parcel_keys))
        if set(mine.item_keys) & set(arrived.item_keys):
            return True
        return not self.is_of_another(officer) and time.monotonic() - self.touched_s <= window_s


class Stations:
    """The open inspection of each station."""

    def __init__(self) -> None:
        """Start with every station free."""
        self._lock = threading.Lock()
        self._open: dict[str, OpenInspection] = {}
        self._locks: dict[str, FairLock] = {}

    def lock(self, station: str) -> FairLock:
        """The lock under which one arrival at a time is taken at `station`, in the order in which they came.

        A code never goes before a picture that came earlier: the picture would fall to the parcel of the code.
        """
        with self._lock:
            return self._locks.setdefault(station, FairLock())

    def at(self, station: str) -> OpenInspection | None:
        """What lies open at `station`."""
        with self._lock:
            return self._open.get(station)

    def captures_at(self, station: str) -> frozenset[str]:
        """SHA-256 of the captures that the open inspection of `station` has seen."""
        current = self.at(station)
        return frozenset(shown.sha256 for shown in current.seen.captures) if current is not None else frozenset()

    def find(self, inspection: str) -> OpenInspection | None:
        """The open inspection of that id, at whichever station."""
        with self._lock:
            return next((o for o in self._open.values() if o.inspection == inspection), None)

    def at_work(self, station: str, quiet_s: float) -> bool:
        """Whether an arrival is being taken at `station`, or its open inspection was touched in the last `quiet_s`."""
        lock = self.lock(station)
        if not lock.acquire(blocking=False):
            return True
        lock.release()
        current = self.at(station)
        return current is not None and time.monotonic() - current.touched_s < quiet_s

    def lay(self, opened: OpenInspection) -> OpenInspection | None:
        """Make `opened` the open inspection of its station; what lay there before is returned."""
        with self._lock:
            before = self._open.get(opened.station)
            self._open[opened.station] = opened
            return before if before is not None and before.inspection != opened.inspection else None

    def clear(self, station: str) -> OpenInspection | None:
        """Free `station` and return what lay there."""
        with self._lock:
            return self._open.pop(station, None)


class Frames:
    """What open inspections keep in memory by name (encoded frames, layers), oldest dropped first beyond a bound."""

    def __init__(self, most_bytes: int) -> None:
        """Start empty, holding `most_bytes` at most."""
        self._most = most_bytes
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._bytes = 0

    def hold(self, inspection: str, name: str, data: bytes) -> None:
        """Keep one frame (by its SHA-256) or layer of an inspection while there is room."""
        if len(data) > self._most:
            return
        with self._lock:
            if (inspection, name) in self._held:
                return
            self._held[inspection, name] = data
            self._bytes += len(data)
            while self._bytes > self._most:
                _, dropped = self._held.popitem(last=False)
                self._bytes -= len(dropped)

    def of(self, inspection: str) -> dict[str, bytes]:
        """What is still held of one inspection, by name, oldest first."""
        with self._lock:
            return {name: data for (held, name), data in self._held.items() if held == inspection}

    def forget(self, inspection: str) -> None:
        """Let go of all that is held of an inspection."""
        with self._lock:
            for key in [key for key in self._held if key[0] == inspection]:
                self._bytes -= len(self._held.pop(key))
