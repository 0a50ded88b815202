"""THE STORY of an inspection: capture, decode, identify, look up, compare, decide, record, show. Read this first.

`Bench.inspect` is one arrival at one station, in steps that live in edge/steps/. An inspection grows: every arrival
adds to what was seen and brings one more assessment of the whole. The officer's disposition is a row of its own, and an
answer leaves this module only after its row is durable.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import uuid_utils
from models.worker import OpenFrame, PixelWorkers

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
    Seen,
    SystemFault,
)
from edge.policy import Policy
from edge.ports import Frame, Now
from edge.settings import Settings
from edge.stations import Frames, OpenInspection, Stations
from edge.steps import capture, compare, decide, decode, record
from edge.steps.capture import Picture, RawCode
from edge.steps.identify import identify
from edge.steps.look_up import look_up
from edge.steps.record import Request
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger import Ledger, Row
from edge.storage.registry import Registry

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


@dataclass(frozen=True, slots=True)
class InspectionRecord:
    """An inspection as the ledger holds it. State: "assessed", "disposed"."""

    inspection: str
    station: str
    assessments: tuple[Assessment, ...]
    dispositions: tuple[tuple[int, Disposition], ...]  # with their ledger sequence

    @property
    def disposition(self) -> Disposition | None:
        """The officer's decision that stands: the last one that was not undone."""
        undone = {d.undoes for _, d in self.dispositions if d.undoes is not None}
        standing = [d for seq, d in self.dispositions if d.decision is not None and seq not in undone]
        return standing[-1] if standing else None

    @property
    def state(self) -> str:
        """Open → assessed (again and again) → disposed."""
        return "disposed" if self.disposition else "assessed"


class Bench:
    """One box at work for all its stations. Safe to call from many threads."""

    def __init__(
        self,
        *,
        settings: Settings,
        policy: Policy,
        workers: PixelWorkers,
        registry: Callable[[], Registry | None],
        ledger: Ledger,
        evidence: EvidenceStore,
        now: Now,
        boot: str,
    ) -> None:
        """Join what edge/app.py chose. `registry` gives the edition in use, `boot` names this start of the bench."""
        self.settings = settings
        self.policy = policy
        self.events = Events()
        self._workers = workers
        self._registry = registry
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
        now, clock = self._now(), _Stopwatch()
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
            turn = _Turn(opened, now, clock)
            more = Seen(symbols=symbols, consignment=arrival.consignment)
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
            self._frames.hold(opened.inspection, picture.sha256, picture.data)
        for sha256, data in self._frames.of(opened.inspection).items():  # a later code names faces for earlier frames
            if self._missing(sha256, seen, turn):
                with self._workers.look(data) as frame:
                    seen = self._compared(sha256, frame, seen, turn)
        seen, identity, lookup = self._identified(seen, turn)
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

    def _identified(self, seen: Seen, turn: _Turn) -> tuple[Seen, Identity, LookupResult]:
        """Identify and look up; a registry that cannot be read is a system fault of this inspection, told once."""
        identity = identify(seen.symbols)
        try:
            lookup = look_up(
                identity,
                seen.consignment,
                seen.recognitions,
                self._registry(),
                self._ledger,
                inspection=turn.opened.inspection,
                policy=self.policy,
                now=turn.now,
            )
        except RegistryError as error:
            fault = SystemFault(error.code, error.message)
            seen = seen if fault in seen.faults else seen.with_more(Seen(faults=(fault,)))
            lookup = LookupResult(None, consignment=seen.consignment)
        turn.clock.lap("identify and look up")
        return seen, identity, lookup

    def _compared(self, sha256: str, frame: OpenFrame, seen: Seen, turn: _Turn) -> Seen:
        seen, _, lookup = self._identified(seen, turn)
        shown = _capture(seen, sha256)
        registry = self._registry()
        faces = compare.wanted(shown, seen, lookup, self.policy.inspection.faces_per_item)
        if registry is None or not faces or not shown.width:
            return seen
        seen = seen.with_more(compare.compare(shown, faces, frame, registry.face_picture, self._evidence.put))
        turn.clock.lap("compare")
        return seen

    def _missing(self, sha256: str, seen: Seen, turn: _Turn) -> bool:
        _, _, lookup = self._identified(seen, turn)
        return bool(compare.wanted(_capture(seen, sha256), seen, lookup, self.policy.inspection.faces_per_item))

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
        kept = self.record(inspection)
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
        kept = self.record(inspection)
        standing = kept.disposition
        if standing is None:
            raise NotFound(
                "disposition_not_found", f"Expected a disposition of {inspection} to undo, got none.", hint=""
            )
        sequence = max(seq for seq, d in kept.dispositions if d == standing)
        return self._dispose(
            Disposition(inspection, None, officer, reason, self._now(), undoes=sequence), station or kept.station
        )

    def next(self, station: str, *, officer: str = NOT_SIGNED_IN) -> None:
        """The officer goes on to the next parcel. It is never a release.

        Raises:
            LedgerError: the row could not be made durable.
        """
        with self._stations.lock(self._station(station)):
            before = self._stations.clear(station)
            if before is not None:
                self._close(before, self._origin(station, officer), self._now())

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
        rows = self._ledger.inspection(inspection)
        assessed = [row for row in rows if row.entry.kind == record.ASSESSED]
        if not assessed:
            raise NotFound(
                "inspection_not_found", f"Expected the id of an inspection of this box, got {inspection!r}.", hint=""
            )
        return InspectionRecord(
            inspection,
            assessed[0].entry.origin.station,
            tuple(record.assessment_of(row) for row in assessed),
            tuple((row.seq, record.disposition_of(row)) for row in rows if row.entry.kind == record.DISPOSED),
        )

    def recent(self, limit: int, before: int | None = None, after: int | None = None) -> tuple[Row, ...]:
        """Ledger rows, newest first below `before`; or oldest first above `after`."""
        if after is not None:
            return self._ledger.outbox(after, limit)
        return self._ledger.recent(limit, before)

    def evidence(self, sha256: str) -> bytes:
        """A kept file, or the picture of a registered face.

        Raises:
            EvidenceError: it is neither, or was altered.
        """
        registry = self._registry()
        if registry is not None and registry.has_face_picture(sha256):
            return registry.face_picture(sha256)
        return self._evidence.get(sha256)

    def registry(self) -> Registry | None:
        """The registry edition in use.

        Raises:
            RegistryError: it cannot be read.
        """
        return self._registry()

    # --- Small parts --------------------------------------------------------------------------------------------------

    def _station(self, station: str) -> str:
        if station not in self.settings.stations:
            raise RequestRefused(
                "request_unknown_station",
                f"Expected one of the stations {', '.join(self.settings.stations)}, got {station!r}.",
                hint="Stations are named by SEKISHO_STATIONS.",
            )
        return station

    def _origin(self, station: str, officer: str) -> Origin:
        return Origin(self.settings.device, station, officer, self._boot)

    def _tell(self, row: Row) -> None:
        self.events.tell(News(row.seq, row.entry.kind, row.entry.inspection, row.entry.origin.station))


@dataclass(frozen=True, slots=True)
class _Turn:
    """One arrival being worked on: its inspection, the one reading of the clock, and the stopwatch."""

    opened: OpenInspection
    now: Moment
    clock: _Stopwatch


class _Stopwatch:
    """Milliseconds of each stage, by a monotonic clock."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self.stages_ms: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.stages_ms[stage] = self.stages_ms.get(stage, 0.0) + (now - self._last) * 1000
        self._last = now

    @property
    def total_ms(self) -> float:
        return (time.perf_counter() - self._start) * 1000


def _new_id(now: Moment) -> str:
    """A UUIDv7 of the moment of arrival: a name, never the order."""
    return str(uuid_utils.uuid7(timestamp=int(now.utc.timestamp()), nanos=now.utc.microsecond * 1000))


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
