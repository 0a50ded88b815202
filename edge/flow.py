"""THE STORY of an inspection: capture, decode, identify, look up, compare, decide, record, show. Read this first.

`Bench.inspect` is one arrival at one station, in steps that live in edge/steps/. An inspection grows: every arrival
adds to what was seen and brings one more assessment of the whole. The officer's disposition is a row of its own, and an
answer leaves this module only after its row is durable.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uuid_utils

from edge.errors import Conflict, NotFound, RegistryError, RequestRefused
from edge.events import Events, News
from edge.inspection import (
    Assessment,
    Capture,
    Case,
    Consignment,
    Decision,
    DecodedSymbol,
    Disposition,
    Identity,
    LookupResult,
    Moment,
    Origin,
    RegisteredFace,
    Seen,
    SystemFault,
)
from edge.policy import Policy
from edge.ports import Frame, Now, Picture
from edge.settings import Settings
from edge.stations import Frames, OpenInspection, Stations
from edge.steps import capture, compare, decide, decode, record
from edge.steps.capture import RawCode
from edge.steps.identify import identify
from edge.steps.look_up import look_up
from edge.steps.record import InspectionRecord, Request
from edge.stopwatch import Stopwatch
from edge.storage.chain import Row
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger import Ledger, LedgerState
from edge.storage.registry import Registry
from edge.storage.shelf import Shelf
from models.worker import OpenFrame, PixelWorkers

NOT_SIGNED_IN = "not signed in"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that came to a station: codes, pictures or shipment data. `inspection` "" joins or opens one."""

    station: str
    codes: tuple[RawCode, ...] = ()
    pictures: tuple[Frame, ...] = ()
    consignment: Consignment | None = None
    inspection: str = ""
    key: str = ""  # idempotency key of the sender
    officer: str = NOT_SIGNED_IN


class Bench:
    """One box at work for all its stations. Safe to call from many threads."""

    def __init__(
        self,
        *,
        settings: Settings,
        policy: Policy,
        workers: PixelWorkers,
        shelf: Shelf,
        ledger: Ledger,
        evidence: EvidenceStore,
        now: Now,
        boot: str,
    ) -> None:
        """Join what edge/app.py chose. `shelf` holds the registry editions, `boot` names this start of the bench."""
        self.settings = settings
        self.policy = policy
        self.events = Events()
        self._workers = workers
        self._shelf = shelf
        self._ledger = ledger
        self._evidence = evidence
        self._now = now
        self._boot = boot
        self._stations = Stations()
        self._frames = Frames(settings.frame_memory_bytes)

    # --- The story ----------------------------------------------------------------------------------------------------

    def inspect(self, arrival: Arrival) -> Assessment:
        """Take one arrival into its inspection and answer with a new assessment of everything seen so far.

        Raises:
            InputError: the arrival is not usable; nothing was recorded.
            NotFound, Conflict: the named inspection does not exist or is disposed; the key was used for other content.
            LedgerError: the answer could not be made durable, so there is none.
        """
        now, clock = self._now(), Stopwatch()
        pictures = capture.receive(arrival.pictures, self.settings)
        symbols = capture.typed(arrival.codes, self.settings)
        request = Request(arrival.key, _digest(arrival, pictures))
        with self._stations.lock(self._station(arrival.station)):
            earlier = record.answered(request, self._ledger)
            if earlier is not None:
                return earlier
            opened = self._joined_or_opened(arrival, symbols, now)
            if opened.last is not None and _says_nothing_new(opened.seen, symbols, pictures, arrival.consignment):
                opened.touched_s = time.monotonic()
                return opened.last
            registry, faults = self._edition()
            turn = _Turn(opened, now, clock, registry)
            more = Seen(symbols=symbols, consignment=arrival.consignment, faults=faults)
            self._refuse_endless(opened, len(symbols) + len(pictures))
            assessment = self._assess(turn, opened.seen.with_more(more), pictures)
            row = record.assessed(assessment, self._origin(arrival.station, arrival.officer), request, self._ledger)
            opened.seen, opened.last, opened.touched_s = assessment.seen, assessment, time.monotonic()
            self._lay(opened, arrival, now)
        self._tell(row)
        return assessment

    def _assess(self, turn: _Turn, seen: Seen, pictures: tuple[Picture, ...]) -> Assessment:
        opened, now = turn.opened, turn.now
        for picture in _new(pictures, seen):
            with self._workers.look(picture.data) as frame:
                seen = seen.with_more(decode.read(picture, frame, self._evidence.put))
                turn.clock.lap("decode")
                seen = self._compared(picture.sha256, frame, seen, turn)
                seen = self._recognised(picture.sha256, frame, seen, turn)
            self._frames.hold(opened.inspection, picture.sha256, picture.data)
        for sha256, data in self._frames.of(opened.inspection).items():  # a later code names faces for earlier frames
            if self._wanted(sha256, seen, turn):
                with self._workers.look(data) as frame:
                    seen = self._compared(sha256, frame, seen, turn)
        identity, lookup = self._looked_up(seen, turn)
        verdict = decide.assess(Case(opened.station, seen, identity, lookup, now), self.policy)
        turn.clock.lap("decide")
        return Assessment(
            inspection=opened.inspection,
            number=opened.last.number + 1 if opened.last else 1,
            seen=seen,
            identity=identity,
            verdict=verdict,
            at=now,
            compute_ms=turn.clock.total_ms,
            stage_ms=turn.clock.stages_ms,
        )

    def _looked_up(self, seen: Seen, turn: _Turn) -> tuple[Identity, LookupResult]:
        identity = identify(seen.symbols)
        lookup = look_up(
            identity,
            seen.consignment,
            seen.recognitions,
            turn.registry,
            self._ledger,
            inspection=turn.opened.inspection,
            policy=self.policy,
            now=turn.now,
        )
        turn.clock.lap("identify and look up")
        return identity, lookup

    def _compared(self, sha256: str, frame: OpenFrame, seen: Seen, turn: _Turn) -> Seen:
        faces = self._wanted(sha256, seen, turn)
        if turn.registry is None or not faces:
            return seen
        shown = _capture(seen, sha256)
        seen = seen.with_more(compare.compare(shown, faces, frame, turn.registry.face_picture, self._evidence.put))
        turn.clock.lap("compare")
        return seen

    def _recognised(self, sha256: str, frame: OpenFrame, seen: Seen, turn: _Turn) -> Seen:
        """A capture that shows no expected face: does it look like another product's?"""
        shown = _capture(seen, sha256)
        if turn.registry is None or not shown.width or not compare.shows_nothing_expected(shown, seen):
            return seen
        most = self.policy.inspection.gallery_faces
        gallery = tuple(itertools.islice(turn.registry.gallery(), most + 1))
        if len(gallery) > most:
            return seen
        seen = seen.with_more(compare.recognise(shown, gallery, frame, turn.registry.face_picture))
        turn.clock.lap("recognise")
        return seen

    def _wanted(self, sha256: str, seen: Seen, turn: _Turn) -> tuple[RegisteredFace, ...]:
        """The registered faces that this capture has still to be compared with."""
        shown = _capture(seen, sha256)
        _, lookup = self._looked_up(seen, turn)
        return compare.wanted(shown, seen, lookup, self.policy.inspection.faces_per_item) if shown.width else ()

    def _edition(self) -> tuple[Registry | None, tuple[SystemFault, ...]]:
        """The edition for one whole inspection. None is loaded: judgement says so; it is damaged: a system fault."""
        try:
            return self._shelf.current(), ()
        except RegistryError as error:
            missing = error.code == "registry_missing"
            return None, () if missing else (SystemFault(error.code, error.message),)

    # --- Which inspection an arrival belongs to -----------------------------------------------------------------------

    def _joined_or_opened(self, arrival: Arrival, symbols: tuple[DecodedSymbol, ...], now: Moment) -> OpenInspection:
        if arrival.inspection:
            return self._named(arrival.inspection, arrival.station)
        current = self._stations.at(arrival.station)
        if current is not None and current.disposition is None and self._belongs(current, symbols):
            return current
        return OpenInspection(_new_id(now), arrival.station)

    def _belongs(self, current: OpenInspection, symbols: tuple[DecodedSymbol, ...]) -> bool:
        """The same parcel number joins whenever it comes; another one never; else the policy's window decides."""
        mine = set(identify(current.seen.symbols).parcel_keys)
        theirs = set(identify(symbols).parcel_keys)
        if mine and theirs:
            return bool(mine & theirs)
        return time.monotonic() - current.touched_s <= self.policy.inspection.join_window_s

    def _named(self, inspection: str, station: str) -> OpenInspection:
        found = self._stations.find(inspection)
        if found is None:
            kept = self.record(inspection)
            last = kept.assessments[-1]
            found = OpenInspection(inspection, station, last.seen, last, kept.disposition)
        if found.disposition is not None:
            raise Conflict(
                "inspection_conflict",
                f"Expected an inspection without a disposition, got {inspection} with {found.disposition.decision}.",
                hint="Undo the disposition first, or open a new inspection.",
            )
        return found

    def _lay(self, opened: OpenInspection, arrival: Arrival, now: Moment) -> None:
        """Make it the station's open inspection; one that was named never pushes away what lies open there."""
        if arrival.inspection and self._stations.at(arrival.station) is not None:
            return
        before = self._stations.lay(opened)
        if before is not None:
            self._close(before, self._origin(arrival.station, arrival.officer), now)

    def _close(self, opened: OpenInspection, origin: Origin, now: Moment) -> None:
        self._frames.forget(opened.inspection)
        if opened.disposition is None:
            self._tell(record.closed(opened.inspection, origin, now, self._ledger))

    # --- The officer's part -------------------------------------------------------------------------------------------

    def dispose(
        self, inspection: str, decision: Decision, *, officer: str = NOT_SIGNED_IN, reason: str = "", station: str = ""
    ) -> Disposition:
        """The officer's decision on an inspection, as its own row.

        Raises:
            NotFound: there is no such inspection.
            Conflict: it has a disposition already, or its release departs from the advice without a reason.
            LedgerError: the row could not be made durable.
        """
        with self._deciding(inspection) as kept:
            if kept.disposition is not None:
                raise Conflict(
                    "disposition_conflict",
                    f"Expected an inspection without a disposition, got one with {kept.disposition.decision}.",
                    hint="Undo the disposition first.",
                )
            disposition = decide.departure_explained(
                Disposition(inspection, decision, officer, reason, self._now()), kept.assessments[-1].verdict
            )
            return self._dispose(disposition, station or kept.station)

    def undo(
        self, inspection: str, *, officer: str = NOT_SIGNED_IN, reason: str = "", station: str = ""
    ) -> Disposition:
        """Take back the disposition that stands. A row of its own; nothing is deleted.

        Raises:
            NotFound: there is no such inspection, or nothing to undo (disposition_not_found).
            LedgerError: the row could not be made durable.
        """
        with self._deciding(inspection) as kept:
            standing = kept.disposition
            if standing is None:
                raise NotFound(
                    "disposition_not_found",
                    f"Expected a disposition of {inspection} to undo, got none.",
                    hint="Was it undone already?",
                )
            sequence = max(seq for seq, d in kept.dispositions if d == standing)
            undoing = Disposition(inspection, None, officer, reason, self._now(), undoes=sequence)
            return self._dispose(undoing, station or kept.station)

    def next(self, station: str, *, officer: str = NOT_SIGNED_IN) -> None:
        """The officer goes on to the next parcel. It is never a release.

        Raises:
            LedgerError: the row could not be made durable.
        """
        with self._stations.lock(self._station(station)):
            before = self._stations.clear(station)
            if before is not None:
                self._close(before, self._origin(station, officer), self._now())

    @contextmanager
    def _deciding(self, inspection: str) -> Iterator[InspectionRecord]:
        """The record of an inspection while one officer at a time decides at its station."""
        with self._stations.lock(self.record(inspection).station):
            yield self.record(inspection)

    def _dispose(self, disposition: Disposition, station: str) -> Disposition:
        row = record.disposed(disposition, self._origin(station, disposition.officer), self._ledger)
        opened = self._stations.find(disposition.inspection)
        if opened is not None:
            opened.disposition = disposition if disposition.decision is not None else None
        self._tell(row)
        return disposition

    # --- Reading back -------------------------------------------------------------------------------------------------

    def record(self, inspection: str) -> InspectionRecord:
        """An inspection with all its assessments and dispositions.

        Raises:
            NotFound: there is no such inspection.
        """
        return record.inspection(inspection, self._ledger)

    def recent(self, limit: int, before: int | None = None, after: int | None = None) -> tuple[Row, ...]:
        """Ledger rows, newest first below `before`; or oldest first above `after`."""
        if after is not None:
            return self._ledger.outbox(after, limit)
        return self._ledger.recent(limit, before)

    def evidence(self, sha256: str) -> bytes:
        """A kept file, or a picture of the registry edition in use.

        Raises:
            EvidenceError: it is neither, or was altered.
        """
        try:
            return self._shelf.current().face_picture(sha256)
        except (RegistryError, NotFound):
            return self._evidence.get(sha256)

    def registry(self) -> Registry:
        """The registry edition in use.

        Raises:
            RegistryError: there is none that can be read.
        """
        return self._shelf.current()

    def now(self) -> Moment:
        """One reading of the box's clock."""
        return self._now()

    def ledger_state(self) -> LedgerState:
        """How many rows there are, how many were not sent, and whether the disk reserve is in use."""
        return self._ledger.state()

    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the pixel workers."""
        return self._workers.pids()

    # --- Small parts --------------------------------------------------------------------------------------------------

    def _station(self, station: str) -> str:
        if station not in self.settings.stations:
            raise RequestRefused(
                "request_unknown_station",
                f"Expected one of the stations {', '.join(self.settings.stations)}, got {station!r}.",
                hint="Stations are named by SEKISHO_STATIONS.",
            )
        return station

    def _refuse_endless(self, opened: OpenInspection, more: int) -> None:
        """A stuck scanner must not make one inspection grow without end: every row repeats what was seen before."""
        gathered = len(opened.seen.symbols) + len(opened.seen.captures)
        if opened.last is not None and gathered + more > self.settings.max_seen:
            raise Conflict(
                "inspection_full",
                f"Expected at most {self.settings.max_seen} symbols and pictures, got {gathered + more}.",
                hint="Go on to the next parcel. Is a scanner stuck?",
            )

    def _origin(self, station: str, officer: str) -> Origin:
        return Origin(self.settings.device, station, officer, self._boot)

    def _tell(self, row: Row) -> None:
        self.events.tell(News(row.seq, row.entry.kind, row.entry.inspection, row.entry.origin.station))


@dataclass(frozen=True, slots=True)
class _Turn:
    """One arrival being worked on: its inspection, the one reading of the clock, the one edition, the stopwatch."""

    opened: OpenInspection
    now: Moment
    clock: Stopwatch
    registry: Registry | None


def _new_id(now: Moment) -> str:
    """A UUIDv7 of the moment of arrival: a name, never the order."""
    return str(uuid_utils.uuid7(nanoseconds=int(now.utc.timestamp() * 1e6) * 1000))


def _digest(arrival: Arrival, pictures: tuple[Picture, ...]) -> str:
    content = [
        arrival.station,
        arrival.inspection,
        [(code.payload.hex(), code.symbology) for code in arrival.codes],
        [picture.sha256 for picture in pictures],
        repr(arrival.consignment),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _new(pictures: tuple[Picture, ...], seen: Seen) -> tuple[Picture, ...]:
    known = {shown.sha256 for shown in seen.captures}
    return tuple({p.sha256: p for p in pictures if p.sha256 not in known}.values())


def _capture(seen: Seen, sha256: str) -> Capture:
    return next(shown for shown in seen.captures if shown.sha256 == sha256)


def _says_nothing_new(
    seen: Seen, symbols: tuple[DecodedSymbol, ...], pictures: tuple[Picture, ...], consignment: Consignment | None
) -> bool:
    """A double scan of the same item: silent, and answered with what was said before."""
    known = {(symbol.payload, symbol.symbology) for symbol in seen.symbols}
    if not symbols and not pictures and consignment is None:
        return True
    return (
        all((symbol.payload, symbol.symbology) in known for symbol in symbols)
        and not _new(pictures, seen)
        and consignment in (None, seen.consignment)
    )
