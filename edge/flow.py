"""THE STORY of an inspection: capture, decode, identify, look up, compare, decide, record, show. Read this first.

`Bench.inspect` is one arrival at one station, in steps that live in edge/steps/. An inspection grows: every arrival
adds to what was seen and brings one more assessment of the whole. The officer's disposition is a row of its own, and an
answer leaves this module only after its row is durable.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import uuid_utils

from edge.badge import badge_in
from edge.calibrations import applied
from edge.captures import Capture, DecodedSymbol
from edge.card_acts import CardActs, CardDone
from edge.checks import system
from edge.checks.text import known_values
from edge.consignment import Consignment
from edge.decisions import Decisions
from edge.desk_card import order_of, secret_of
from edge.errors import CodeRefused, Conflict, ImageRefused, NotFound, RegistryError, RequestRefused, SekishoError
from edge.events import Events, News
from edge.gallery import Gallery
from edge.identity import Identity
from edge.inspection import (
    NOT_SIGNED_IN,
    Assessment,
    Case,
    Decision,
    Disposition,
    InspectionRecord,
    Observation,
    Observed,
    Origin,
    Question,
    Seen,
    SystemFault,
)
from edge.lookup import LookupResult, RegisteredFace
from edge.moment import Moment
from edge.people.desk import Claim, Desk, Person
from edge.people.roles import Right
from edge.policy import Policy
from edge.ports import Frame, Now, Picture
from edge.settings import Settings
from edge.stations import Frames, OpenInspection, Stations
from edge.steps import capture, compare, decide, decode, read_print, record
from edge.steps.capture import RawCode
from edge.steps.identify import identify
from edge.steps.look_up import look_up
from edge.steps.record import Request
from edge.stopwatch import Stopwatch
from edge.storage.chain import Row
from edge.storage.evidence import EvidenceStore
from edge.storage.keys import derived, storage_key
from edge.storage.ledger import Ledger, LedgerState
from edge.storage.registry import Registry
from edge.storage.shelves import Shelves
from models.worker import OpenFrame, PixelWorkers

_LOOKED_BACK = 50  # rows of a station, for what lay open at it before a restart


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
    joins: bool = True  # False: a parcel of its own, such as a file of a watched folder


class Bench:
    """One box at work for all its stations. Safe to call from many threads."""

    def __init__(
        self,
        *,
        settings: Settings,
        shelves: Shelves,
        workers: PixelWorkers,
        gallery: Gallery,
        ledger: Ledger,
        evidence: EvidenceStore,
        now: Now,
        boot: str,
    ) -> None:
        """Join what edge/app.py chose. `shelves` hold what can be replaced, `boot` names this start of the bench."""
        self.settings = settings
        self.shelves = shelves
        self.events = Events()
        self._workers = workers
        self._gallery = gallery
        self._ledger = ledger
        self._evidence = evidence
        self._now = now
        self._boot = boot
        self._stations = Stations()
        self._frames = Frames(settings.frame_memory_bytes * 5 // 6)
        self._layers = Frames(settings.frame_memory_bytes // 6)  # what comparisons leave for later captures
        self.desk = Desk(settings, ledger, self.origin, now, self.tell)
        self._decisions = Decisions(
            stations=self._stations, ledger=ledger, origin=self.origin, tell=self.tell, take_over=self._take_over
        )
        self._cards = CardActs(self._stations, self._decisions, self._leave, now)
        for station in settings.stations:
            self._take_up(station)

    # --- The story ----------------------------------------------------------------------------------------------------

    def inspect(self, arrival: Arrival) -> Assessment:
        """Take one arrival into its inspection and answer with a new assessment of everything seen so far.

        Raises:
            InputError: the arrival is not usable; nothing was recorded.
            NotFound, Conflict: the named inspection does not exist or is disposed; the key was used for other content.
            LedgerError: the answer could not be made durable, so there is none.
        """
        _refuse_badges(arrival)
        arrival = self._signed(arrival)
        now, clock = self._now(), Stopwatch()
        pictures = capture.receive(arrival.pictures, self.settings)
        symbols = capture.typed(arrival.codes, self.settings)
        request = Request(arrival.key, _digest(arrival, pictures))
        with self._stations.lock(self.station(arrival.station)), ExitStack() as desk:
            earlier = record.answered(request, self._ledger)
            if earlier is not None:
                return earlier
            looks = self._read(arrival, pictures, desk, clock, now=now)
            more = _together(looks, symbols, arrival.consignment)
            opened = self._joined_or_opened(arrival, more.symbols, now)
            self._take_over(opened, arrival.officer)
            if opened.last is not None and _says_nothing_new(opened.seen, more):
                return self._said_before(opened, opened.last, arrival, request, now)
            self._refuse_endless(opened, more)
            registry, faults = self._edition()
            turn = _Turn(opened, now, clock, registry, self.policy)
            seen = system.settled(opened.seen).with_more(more).with_more(Seen(faults=faults))
            assessment = self._assess(turn, seen, looks, desk)
            row = record.assessed(assessment, self.origin(arrival.station, arrival.officer), request, self._ledger)
            opened.seen, opened.last, opened.touched_s = assessment.seen, assessment, time.monotonic()
            if not arrival.inspection:
                self._lay(opened, arrival, now)
        self.tell(row)
        return assessment

    def _read(
        self, arrival: Arrival, pictures: tuple[Picture, ...], desk: ExitStack, clock: Stopwatch, *, now: Moment
    ) -> tuple[_Look, ...]:
        """What each picture says by itself, before anything is decided. A single one stays on its worker's desk.

        A picture that is refused is the whole arrival's fault only when nothing else came with it: a scan is not lost
        to the picture that was sent along.
        """
        known = self._stations.captures_at(arrival.station)
        looks, refused = [], []
        for picture in {one.sha256: one for one in pictures}.values():
            if picture.sha256 in known:
                looks.append(_Look(picture, Seen(), None))
                continue
            with ExitStack() as passing:
                frame = (desk if len(pictures) == 1 else passing).enter_context(self._workers.look(picture.data))
                try:
                    seen = self._calibrated(decode.read(picture, frame, self._evidence.put), now)
                except ImageRefused as error:
                    refused.append(error)
                    continue
                looks.append(_Look(picture, seen, frame if len(pictures) == 1 else None))
        clock.lap("decode")
        if refused and not looks and not arrival.codes:
            raise refused[0]
        faults = tuple(SystemFault(f"picture_{error.code}", error.message) for error in refused)
        return (*looks, _Look(None, Seen(faults=faults), None)) if faults else tuple(looks)

    def _calibrated(self, seen: Seen, now: Moment) -> Seen:
        """What a picture says, with the calibration of its camera where one holds for it."""
        return replace(seen, captures=tuple(applied(one, self.settings.state_dir, now.utc) for one in seen.captures))

    def _assess(self, turn: _Turn, seen: Seen, looks: tuple[_Look, ...], desk: ExitStack) -> Assessment:
        opened, now = turn.opened, turn.now
        for look in looks:
            if look.picture is None or not look.seen.captures:
                continue
            sha256, data = look.picture.sha256, look.picture.data
            with nullcontext(look.frame) if look.frame is not None else self._workers.look(data) as frame:
                seen = self._compared(sha256, frame, seen, turn)
                seen = self._recognised(sha256, frame, seen, turn)
                seen = self._printed(sha256, frame, seen, turn)
            self._frames.hold(opened.inspection, sha256, data)
        desk.close()  # the worker is free before another frame asks for one
        fresh = {look.picture.sha256 for look in looks if look.picture is not None}
        for sha256, data in self._frames.of(opened.inspection).items():  # a later code names faces for earlier frames
            if sha256 not in fresh and self._wanted(sha256, seen, turn):
                with self._workers.look(data) as frame:
                    seen = self._compared(sha256, frame, seen, turn)
        identity, lookup = self._looked_up(seen, turn)
        verdict = decide.assess(Case(opened.station, seen, identity, lookup, now), turn.policy)
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
            policy=turn.policy,
            now=turn.now,
            knowledge=self.shelves.knowledge,
        )
        turn.clock.lap("identify and look up")
        return identity, lookup

    def _compared(self, sha256: str, frame: OpenFrame, seen: Seen, turn: _Turn) -> Seen:
        faces = self._wanted(sha256, seen, turn)
        if turn.registry is None or not faces:
            return seen
        shown = _capture(seen, sha256)
        inspection = turn.opened.inspection
        layers = compare.of_the_same_item(shown, identify(seen.symbols), self._layers.of(inspection))
        picture_of, keep, limits = turn.registry.face_picture, self._evidence.put, self.policy.face
        done = compare.compare(shown, faces, frame, picture_of, keep, layers=layers, policy=limits)
        for name, layer in done.layers.items():
            self._layers.hold(inspection, name, layer)
        turn.clock.lap("compare")
        return seen.with_more(done.seen)

    def _recognised(self, sha256: str, frame: OpenFrame, seen: Seen, turn: _Turn) -> Seen:
        """A capture that shows no expected face: does it look like another product's?"""
        shown = _capture(seen, sha256)
        if turn.registry is None or not shown.width or not compare.shows_nothing_expected(shown, seen):
            return seen
        most = turn.policy.inspection.gallery_faces
        shortlist = partial(self._gallery.shortlist, turn.registry, frame, most)
        seen = seen.with_more(compare.recognise(shown, shortlist, frame, turn.registry.face_picture))
        turn.clock.lap("recognise")
        return seen

    def _printed(self, sha256: str, frame: OpenFrame, seen: Seen, turn: _Turn) -> Seen:
        """The print beside this capture's symbols, and on its labels: serial, batch, expiry, registered words."""
        shown, identity = _capture(seen, sha256), identify(seen.symbols)
        symbols = [symbol for symbol in seen.symbols if symbol.source == f"capture:{sha256}" and symbol.corners]
        places = [
            read_print.beside(symbol, item) for symbol in symbols for item in identify((symbol,)).items if item.elements
        ]
        places += [
            read_print.on_label(region, comparison.gtin)
            for comparison in seen.comparisons
            if comparison.capture == sha256 and comparison.score is not None
            for region in comparison.regions
        ]
        wanted = [one for one in places if one is not None]
        if not wanted:
            return seen
        keep, known = self._evidence.put, known_values(identity)
        more = read_print.read(shown, wanted, frame, keep, known=known, policy=turn.policy.text)
        turn.clock.lap("text")
        return seen.with_more(more)

    def _wanted(self, sha256: str, seen: Seen, turn: _Turn) -> tuple[RegisteredFace, ...]:
        """The registered faces that this capture has still to be compared with."""
        shown = _capture(seen, sha256)
        _, lookup = self._looked_up(seen, turn)
        return compare.wanted(shown, seen, lookup, turn.policy.inspection.faces_per_item) if shown.width else ()

    def _edition(self) -> tuple[Registry | None, tuple[SystemFault, ...]]:
        """The edition for one whole inspection. None is loaded: judgement says so; it is damaged: a system fault."""
        try:
            return self.shelves.editions.current(), ()
        except RegistryError as error:
            missing = error.code == "registry_missing"
            return None, () if missing else (SystemFault(error.code, error.message),)

    # --- Which inspection an arrival belongs to -----------------------------------------------------------------------

    def _joined_or_opened(self, arrival: Arrival, symbols: tuple[DecodedSymbol, ...], now: Moment) -> OpenInspection:
        if arrival.inspection:
            return self._named(arrival.inspection, arrival.station)
        current = self._stations.at(arrival.station)
        window_s = self.policy.inspection.join_window_s
        if arrival.joins and current is not None and current.takes(identify(symbols), window_s, arrival.officer):
            return current
        return OpenInspection(_new_id(now), arrival.station, officer=arrival.officer)

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

    def _take_up(self, station: str) -> None:
        """After a restart: what lay open at the station lies open again. Frames are gone; a picture is taken anew."""
        closed: set[str] = set()
        for row in self._ledger.recent(_LOOKED_BACK, kinds=(record.ASSESSED, record.CLOSED), station=station):
            if row.entry.kind == record.CLOSED:
                closed.add(row.entry.inspection)
            elif row.entry.inspection not in closed:
                kept = self.record(row.entry.inspection)
                away_s = max(0.0, (self._now().utc - row.entry.at.utc).total_seconds())
                if kept.disposition is None:
                    last, since_s = kept.assessments[-1], time.monotonic() - away_s
                    opened = OpenInspection(kept.inspection, station, last.seen, last, None, since_s)
                    opened.officer = row.entry.origin.officer
                    self._stations.lay(opened)
                return

    def _said_before(
        self, opened: OpenInspection, last: Assessment, arrival: Arrival, request: Request, now: Moment
    ) -> Assessment:
        """A double scan is silent; only the key of a sender that may ask again is kept."""
        opened.touched_s = time.monotonic()
        if request.key:
            record.repeated(last, self.origin(arrival.station, arrival.officer), request, now, self._ledger)
        return last

    def _take_over(self, opened: OpenInspection, officer: str) -> None:
        """An open inspection stays its officer's until another one works on it: that is a row."""
        if opened.is_of_another(officer):
            self.desk.take_over(opened.inspection, opened.station, opened.officer, officer)
        if officer != NOT_SIGNED_IN:
            opened.officer = officer

    def _lay(self, opened: OpenInspection, arrival: Arrival, now: Moment) -> None:
        before = self._stations.lay(opened)
        if before is not None:
            self._close(before, self.origin(arrival.station, arrival.officer), now)

    def _close(self, opened: OpenInspection, origin: Origin, now: Moment) -> None:
        self._frames.forget(opened.inspection)
        self._layers.forget(opened.inspection)
        if opened.disposition is None:
            self.tell(record.closed(opened.inspection, origin, now, self._ledger))

    # --- The officer's part -------------------------------------------------------------------------------------------

    def dispose(
        self,
        inspection: str,
        decision: Decision,
        *,
        officer: str = NOT_SIGNED_IN,
        reason: str = "",
        station: str = "",
        assessment: int | None = None,
        confirmed_by: str = "",
    ) -> Disposition:
        """The officer's decision on an inspection, as its own row. Repeating it answers the row that stands.

        Raises:
            NotFound: there is no such inspection.
            Conflict: see `edge.checks.disposition.decided`.
            LedgerError: the row could not be made durable.
        """
        wanted = Disposition(inspection, decision, officer, reason, self._now(), confirmed_by=confirmed_by)
        by_two = self.policy.people.detain_by_two
        return self._decisions.dispose(wanted, station=station, assessment=assessment, by_two=by_two)

    def undo(
        self, inspection: str, *, officer: str = NOT_SIGNED_IN, reason: str = "", station: str = ""
    ) -> Disposition:
        """Take back the disposition that stands. A row of its own; nothing is deleted. Repeating it changes nothing.

        Raises:
            NotFound: there is no such inspection, or nothing to undo (disposition_not_found).
            LedgerError: the row could not be made durable.
        """
        return self._decisions.undo(Disposition(inspection, None, officer, reason, self._now()), station=station)

    def ask(self, inspection: str, text: str, *, picture: str = "", officer: str = NOT_SIGNED_IN) -> Question:
        """The officer's question on an inspection to whoever knows the product. It goes up with the results.

        Raises:
            NotFound: there is no such inspection. RequestRefused: request_question: nothing is asked, or the picture is
                none of its goods.
            LedgerError: the row could not be made durable.
        """
        return self._decisions.ask(Question(inspection, text, picture, (), officer, self._now()))

    def observe(
        self, inspection: str, recordation: str, point: int, observed: Observed, *, officer: str = NOT_SIGNED_IN
    ) -> Observation:
        """What the officer saw of a distinguishing point. It is kept and goes up; it changes no verdict.

        Raises:
            NotFound: there is no such inspection. RequestRefused: request_point: no such point is recorded for it.
            LedgerError: the row could not be made durable. RegistryError: the edition cannot be read.
        """
        wanted = Observation(inspection, recordation, point, "", observed, officer, self._now())
        return self._decisions.observe(wanted, self.facts(self.record(inspection)))

    def next(self, station: str, *, officer: str = NOT_SIGNED_IN, inspection: str = "") -> None:
        """The officer goes on to the next parcel. It is never a release.

        With `inspection` only that one is closed: a repeated NEXT never closes the parcel that followed.

        Raises:
            LedgerError: the row could not be made durable.
        """
        officer = self._officer(station, officer)
        with self._stations.lock(self.station(station)):
            if inspection and inspection != self.open_at(station):
                return
            before = self._stations.clear(station)
            if before is not None:
                self._close(before, self.origin(station, officer), self._now())

    def badge(self, station: str, code: str, source: str) -> Person:
        """A badge that a gun read at a station: it signs its person in there.

        Raises:
            RequestRefused: there is no such station. AccessRefused, BoxError: see `Desk.sign_in`.
        """
        return self.desk.sign_in(Claim(badge=code, client=source), station=self.station(station))[0]

    def card(self, station: str, code: str, officer: str | None = None) -> CardDone:
        """A barcode of the desk card that was read at a station. Without `officer`: of whoever is signed in there.

        Raises:
            RequestRefused: there is no such station, or the card is another box's. AccessRefused: see `Desk.permitted`.
            Conflict, NotFound, LedgerError: see `CardActs.carry_out`.
        """
        name = self.station(station)
        try:
            order = order_of(code, self._card_secret())
            done = self._cards.carry_out(order, name, officer or self._deciding(name))
        except SekishoError as error:
            self.events.tell(News(0, "card", "", name, f"refused {error.code}"))
            raise
        said = " ".join(part for part in (done.done, done.order.command, done.order.language) if part)
        self.events.tell(News(0, "card", done.inspection, name, said))
        return done

    def _deciding(self, station: str) -> str:
        """Who decides at a station by what a gun reads there."""
        if not self.desk.has_accounts() and not self.desk.needed():
            return NOT_SIGNED_IN
        return self.desk.permitted(self.desk.officer(station), Right.DECIDE, station)

    def _card_secret(self) -> str:
        return secret_of(derived(storage_key(self.settings.state_dir), "desk card"))

    def _leave(self, station: str, officer: str) -> None:
        self.next(station, officer=officer)

    def open_at(self, station: str) -> str:
        """The id of the inspection that lies open at the station; "" for none."""
        current = self._stations.at(station)
        return current.inspection if current is not None else ""

    def at_work(self, quiet_s: float) -> tuple[str, ...]:
        """The stations where an arrival is being taken, or something has arrived in the last `quiet_s`."""
        return tuple(station for station in self.settings.stations if self._stations.at_work(station, quiet_s))

    # --- Reading back -------------------------------------------------------------------------------------------------

    def record(self, inspection: str) -> InspectionRecord:
        """An inspection with all its assessments and dispositions.

        Raises:
            NotFound: there is no such inspection.
        """
        return record.inspection(inspection, self._ledger)

    def facts(self, kept: InspectionRecord) -> LookupResult:
        """What the registry and the ledger know now of what an inspection holds. The verdict stays as it was given.

        Raises:
            RegistryError, LedgerError: they cannot be read.
        """
        latest = kept.assessments[-1]
        registry, _ = self._edition()
        opened = OpenInspection(kept.inspection, kept.station)
        turn = _Turn(opened, self._now(), Stopwatch(), registry, self.policy)
        return self._looked_up(latest.seen, turn)[1]

    def recent(
        self, limit: int, before: int | None = None, after: int | None = None, kinds: tuple[str, ...] = ()
    ) -> tuple[Row, ...]:
        """Ledger rows, newest first below `before`, of some kinds; or all of them, oldest first above `after`."""
        if after is not None:
            return self._ledger.outbox(after, limit)
        return self._ledger.recent(limit, before, kinds)

    def evidence(self, sha256: str) -> bytes:
        """A kept file, or a picture of the registry edition in use.

        Raises:
            EvidenceError: it is neither, or was altered.
        """
        try:
            return self.shelves.editions.current().face_picture(sha256)
        except (RegistryError, NotFound):
            return self._evidence.get(sha256)

    def registry(self) -> Registry:
        """The registry edition in use.

        Raises:
            RegistryError: there is none that can be read.
        """
        return self.shelves.editions.current()

    @property
    def policy(self) -> Policy:
        """The policy in use."""
        return self.shelves.policies.current()

    def now(self) -> Moment:
        """One reading of the box's clock."""
        return self._now()

    def ledger_state(self) -> LedgerState:
        """How many rows there are, how many were not sent, and whether the disk reserve is in use."""
        return self._ledger.state()

    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the pixel workers."""
        return self._workers.pids()

    @property
    def ledger(self) -> Ledger:
        """The ledger, for reading and for rows of people."""
        return self._ledger

    # --- People -------------------------------------------------------------------------------------------------------

    def _signed(self, arrival: Arrival) -> Arrival:
        """An arrival of whoever is signed in at its station, where nobody in particular sent it."""
        return replace(arrival, officer=self._officer(arrival.station, arrival.officer))

    def _officer(self, station: str, officer: str) -> str:
        return officer if officer != NOT_SIGNED_IN else self.desk.scanner(station)

    # --- Small parts --------------------------------------------------------------------------------------------------

    def station(self, station: str) -> str:
        """A station of this box, by its name.

        Raises:
            RequestRefused: request_unknown_station.
        """
        if station not in self.settings.stations:
            raise RequestRefused(
                "request_unknown_station",
                f"Expected one of the stations {', '.join(self.settings.stations)}, got {station!r}.",
                hint="Stations are named by SEKISHO_STATIONS.",
            )
        return station

    def _refuse_endless(self, opened: OpenInspection, more: Seen) -> None:
        """A stuck scanner must not make one inspection grow without end: every row repeats what was seen before."""
        whole = opened.seen.with_more(more)
        gathered = len(whole.symbols) + len(whole.captures)
        if opened.last is not None and gathered > self.settings.max_seen:
            raise Conflict(
                "inspection_full",
                f"Expected at most {self.settings.max_seen} symbols and pictures, got {gathered}.",
                hint="Go on to the next parcel. Is a scanner stuck?",
            )

    def origin(self, station: str, officer: str = NOT_SIGNED_IN) -> Origin:
        """Who writes a row for `station`."""
        return Origin(self.settings.device, station, officer, self._boot)

    def tell(self, row: Row) -> None:
        """Give the news of a row to whoever listens."""
        self.events.tell(News(row.seq, row.entry.kind, row.entry.inspection, row.entry.origin.station))


@dataclass(frozen=True, slots=True)
class _Look:
    """One picture of an arrival and what it says by itself; `frame` while it still lies on a worker's desk."""

    picture: Picture | None
    seen: Seen
    frame: OpenFrame | None


@dataclass(frozen=True, slots=True)
class _Turn:
    """One arrival being worked on: its inspection, the one reading of the clock, the one edition and policy."""

    opened: OpenInspection
    now: Moment
    clock: Stopwatch
    registry: Registry | None
    policy: Policy


def _new_id(now: Moment) -> str:
    """A UUIDv7 of the moment of arrival: a name, never the order."""
    return str(uuid_utils.uuid7(nanoseconds=max(0, int(now.utc.timestamp() * 1e6) * 1000)))


def _digest(arrival: Arrival, pictures: tuple[Picture, ...]) -> str:
    content = [
        arrival.station,
        arrival.inspection,
        [(code.payload.hex(), code.symbology) for code in arrival.codes],
        [picture.sha256 for picture in pictures],
        repr(arrival.consignment),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _refuse_badges(arrival: Arrival) -> None:
    """No badge is ever taken for a parcel's code: it would be shown and kept."""
    if any(badge_in(code.payload) for code in arrival.codes):
        raise CodeRefused(
            "code_badge",
            "Expected a code of a parcel or product, got a badge.",
            hint="A badge signs in by itself when it is scanned alone.",
        )


def _capture(seen: Seen, sha256: str) -> Capture:
    return next(shown for shown in seen.captures if shown.sha256 == sha256)


def _together(looks: tuple[_Look, ...], symbols: tuple[DecodedSymbol, ...], consignment: Consignment | None) -> Seen:
    """All that one arrival brings."""
    more = Seen(symbols=symbols, consignment=consignment)
    for look in looks:
        more = more.with_more(look.seen)
    return more


def _says_nothing_new(seen: Seen, more: Seen) -> bool:
    """A double scan of the same item: silent, and answered with what was said before."""
    known = {(symbol.payload, symbol.symbology) for symbol in seen.symbols}
    return (
        not more.captures
        and not more.faults
        and all((symbol.payload, symbol.symbology) in known for symbol in more.symbols)
        and more.consignment in (None, seen.consignment)
    )
