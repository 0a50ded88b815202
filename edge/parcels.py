"""Which inspection an arrival belongs to: what lies open at each station, and what a restart takes up again.

The rows tell what lay open; frames and layers live in memory only, while their inspection is open.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import uuid_utils

from edge.arrival import Arrival
from edge.captures import DecodedSymbol
from edge.errors import Conflict
from edge.fair_lock import FairLock
from edge.inspection import NOT_SIGNED_IN, Assessment, Origin
from edge.moment import Moment
from edge.people.desk import Desk
from edge.ports import Now
from edge.settings import Settings
from edge.stations import Frames, OpenInspection, Stations
from edge.steps import record
from edge.steps.identify import identify
from edge.steps.record import Request
from edge.storage.chain import Row
from edge.storage.ledger import Ledger

_LOOKED_BACK = 50  # rows of a station, for what lay open at it before a restart
_WAITED_S = 10.0  # what came later than so long after it was taken is no parcel that lies there now


class Parcels:
    """The parcels that lie at one box's stations. Safe to call from many threads."""

    def __init__(
        self,
        *,
        settings: Settings,
        ledger: Ledger,
        desk: Desk,
        now: Now,
        origin: Callable[[str, str], Origin],
        tell: Callable[[Row], None],
    ) -> None:
        """`origin` is of a station and an officer; `tell` is given every new row."""
        self.stations = Stations()
        self.frames = Frames(settings.frame_memory_bytes * 5 // 6)
        self.layers = Frames(settings.frame_memory_bytes // 6)  # what comparisons leave for later captures
        self._ledger = ledger
        self._desk = desk
        self._now = now
        self._origin = origin
        self._tell = tell
        for station in settings.stations:
            self._take_up(station)

    def lock(self, station: str) -> FairLock:
        """Under it one arrival at a time is taken at `station`."""
        return self.stations.lock(station)

    def of(
        self, arrival: Arrival, symbols: tuple[DecodedSymbol, ...], now: Moment, join_window_s: float
    ) -> OpenInspection:
        """The inspection that an arrival with these symbols belongs to, or a new one.

        Raises:
            NotFound: the inspection that it names does not exist. Conflict: inspection_conflict: it is disposed of.
        """
        if arrival.inspection:
            return self._named(arrival.inspection, arrival.station)
        current = self.stations.at(arrival.station)
        if arrival.joins and current is not None and current.takes(identify(symbols), join_window_s, arrival.officer):
            return current
        return OpenInspection(_new_id(now), arrival.station, officer=arrival.officer)

    def take_over(self, opened: OpenInspection, officer: str) -> None:
        """An open inspection stays its officer's until another one works on it: that is a row."""
        if opened.is_of_another(officer):
            self._desk.take_over(opened.inspection, opened.station, opened.officer, officer)
        if officer != NOT_SIGNED_IN:
            opened.officer = officer

    def said_before(self, opened: OpenInspection, last: Assessment, arrival: Arrival, request: Request) -> Assessment:
        """A double scan is silent; only the key of a sender that may ask again is kept."""
        opened.touched_s = time.monotonic()
        if request.key:
            origin = self._origin(arrival.station, arrival.officer)
            record.repeated(last, origin, request, self._now(), self._ledger)
        return last

    def assessed(self, opened: OpenInspection, assessment: Assessment, arrival: Arrival) -> None:
        """What was just said of it. It lies open at its station from here on, unless the arrival had named it.

        What waited at its sender never takes the place of an undecided parcel: that is under an officer's hands. Its
        frames are held all the same, for what else waits of it.
        """
        opened.seen, opened.last, opened.touched_s = assessment.seen, assessment, time.monotonic()
        if arrival.inspection:
            return
        origin, lies = self._origin(arrival.station, arrival.officer), self.stations.at(arrival.station)
        if _waited(arrival) and lies is not None and lies.is_undecided_beside(opened):
            self._tell(record.closed(opened.inspection, origin, self._now(), self._ledger))
            return
        before = self.stations.lay(opened)
        if before is not None:
            self._close(before, origin)

    def leave(self, station: str, officer: str, inspection: str = "") -> None:
        """Free the station; with `inspection` only of that one.

        Raises:
            LedgerError: the row could not be made durable.
        """
        with self.lock(station):
            if inspection and inspection != self.open_at(station):
                return
            before = self.stations.clear(station)
            if before is not None:
                self._close(before, self._origin(station, officer))

    def open_at(self, station: str) -> str:
        """The id of the inspection that lies open at the station; "" for none."""
        current = self.stations.at(station)
        return current.inspection if current is not None else ""

    def _named(self, inspection: str, station: str) -> OpenInspection:
        found = self.stations.find(inspection)
        if found is None:
            kept = record.inspection(inspection, self._ledger)
            last = kept.assessments[-1]
            found = OpenInspection(inspection, station, last.seen, last, kept.disposition)
        if found.disposition is not None:
            raise Conflict(
                "inspection_conflict",
                f"Expected an inspection without a disposition, got {inspection} with {found.disposition.decision}.",
                hint="Undo the disposition first, or open a new inspection.",
            )
        return found

    def _take_up(self, station: str) -> None:
        """After a restart: what lay open at the station lies open again. Frames are gone; a picture is taken anew."""
        rows = self._ledger.recent(_LOOKED_BACK, kinds=(record.ASSESSED, record.CLOSED), station=station)
        closed = {row.entry.inspection for row in rows if row.entry.kind == record.CLOSED}
        for row in rows:
            if row.entry.inspection not in closed:
                kept = record.inspection(row.entry.inspection, self._ledger)
                away_s = max(0.0, (self._now().utc - row.entry.at.utc).total_seconds())
                if kept.disposition is None:
                    last, since_s = kept.assessments[-1], time.monotonic() - away_s
                    opened = OpenInspection(kept.inspection, station, last.seen, last, None, since_s)
                    opened.officer = row.entry.origin.officer
                    self.stations.lay(opened)
                return

    def _close(self, opened: OpenInspection, origin: Origin) -> None:
        self.frames.forget(opened.inspection)
        self.layers.forget(opened.inspection)
        if opened.disposition is None:
            self._tell(record.closed(opened.inspection, origin, self._now(), self._ledger))


def _waited(arrival: Arrival) -> bool:
    """Whether it lay in a queue of its sender, by the sender's own clock."""
    return arrival.taken is not None and (arrival.taken[1] - arrival.taken[0]).total_seconds() >= _WAITED_S


def _new_id(now: Moment) -> str:
    """A UUIDv7 of the moment of arrival: a name, never the order."""
    return str(uuid_utils.uuid7(nanoseconds=max(0, int(now.utc.timestamp() * 1e6) * 1000)))
