"""THE STORY of an inspection: capture, decode, identify, look up, compare, decide, record, show. Read this first.

`Flow.inspect` is one arrival at one station, in steps that live in edge/steps/. An inspection grows: every arrival
adds to what was seen and brings one more assessment of the whole, and an answer leaves this module only after its row
is durable. Which inspection an arrival belongs to is told by edge/parcels.py; the officer's part by edge/bench.py.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from functools import partial

from edge.arrival import Arrival, digest, refuse_secrets
from edge.calibrations import applied
from edge.captures import Capture, DecodedSymbol
from edge.checks import system
from edge.checks.text import known_values
from edge.consignment import Consignment
from edge.errors import BoxError, Conflict, EvidenceError, ImageRefused, RegistryError
from edge.gallery import Gallery
from edge.identity import Identity, bare_numbers
from edge.inspection import Assessment, Case, InspectionRecord, Origin, Seen, SystemFault
from edge.lookup import LookupResult, RegisteredFace
from edge.moment import Moment, taken
from edge.parcels import Parcels
from edge.policy import Policy
from edge.ports import Now, Picture
from edge.settings import Settings
from edge.stations import OpenInspection
from edge.steps import capture, compare, decide, decode, read_print, record
from edge.steps.identify import identify
from edge.steps.look_up import look_up
from edge.steps.record import Request
from edge.stopwatch import Stopwatch
from edge.storage.chain import Row
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger import Ledger
from edge.storage.registry import Registry
from edge.storage.shelves import Shelves
from edge.vault import SealedLabels, Vault
from models.measurements import Hidden
from models.worker import OpenFrame, PixelWorkers


class Flow:
    """The inspections of one box. Safe to call from many threads."""

    def __init__(
        self,
        *,
        settings: Settings,
        shelves: Shelves,
        workers: PixelWorkers,
        gallery: Gallery,
        ledger: Ledger,
        evidence: EvidenceStore,
        vault: Vault,
        parcels: Parcels,
        now: Now,
        origin: Callable[[str, str], Origin],
        tell: Callable[[Row], None],
    ) -> None:
        """`origin` is of a station and an officer; `tell` is given every new row."""
        self._settings = settings
        self._shelves = shelves
        self._workers = workers
        self._gallery = gallery
        self._ledger = ledger
        self._evidence = evidence
        self._vault = vault
        self._parcels = parcels
        self._now = now
        self._origin = origin
        self._tell = tell

    def inspect(self, arrival: Arrival) -> Assessment:
        """Take one arrival into its inspection and answer with a new assessment of everything seen so far.

        Raises:
            InputError: the arrival is not usable; nothing was recorded.
            NotFound, Conflict: the named inspection does not exist or is disposed; the key was used for other content.
            LedgerError: the answer could not be made durable, so there is none.
        """
        refuse_secrets(arrival)
        now, clock = self._now(), Stopwatch()
        pictures = capture.receive(arrival.pictures, self._settings)
        symbols = capture.typed(arrival.codes, self._settings)
        request = Request(arrival.key, digest(arrival, tuple(picture.sha256 for picture in pictures)))
        with self._parcels.lock(arrival.station), ExitStack() as desk:
            earlier = record.answered(request, self._ledger)
            if earlier is not None:
                return earlier
            looks = self._read(arrival, pictures, desk, clock, now=now)
            more = _together(looks, symbols, arrival.consignment)
            opened = self._parcels.of(arrival, more.symbols, now, self._policy.inspection.join_window_s)
            self._parcels.take_over(opened, arrival.officer)
            if opened.last is not None and _says_nothing_new(opened.seen, more):
                return self._parcels.said_before(opened, opened.last, arrival, request)
            self._refuse_endless(opened, more)
            registry, faults = self._edition()
            turn = _Turn(opened, now, clock, registry, self._policy)
            seen = system.settled(opened.seen).with_more(more).with_more(Seen(faults=faults))
            when = taken(*arrival.taken, now) if arrival.taken else None
            assessment = replace(self._assess(turn, seen, looks, desk), taken=when)
            row = record.assessed(assessment, self._origin(arrival.station, arrival.officer), request, self._ledger)
            self._parcels.assessed(opened, assessment, arrival)
        self._tell(row)
        return assessment

    def facts(self, kept: InspectionRecord) -> LookupResult:
        """What the registry and the ledger know now of what an inspection holds. The verdict stays as it was given.

        Raises:
            RegistryError, LedgerError: they cannot be read.
        """
        registry, _ = self._edition()
        opened = OpenInspection(kept.inspection, kept.station)
        turn = _Turn(opened, self._now(), Stopwatch(), registry, self._policy)
        return self._looked_up(kept.assessments[-1].seen, turn)[1]

    def _read(
        self, arrival: Arrival, pictures: tuple[Picture, ...], desk: ExitStack, clock: Stopwatch, *, now: Moment
    ) -> tuple[_Look, ...]:
        """What each picture says by itself, before anything is decided. A single one stays on its worker's desk.

        A picture that is refused is the whole arrival's fault only when nothing else came with it: a scan is not lost
        to the picture that was sent along.
        """
        known = self._parcels.stations.captures_at(arrival.station)
        looks, refused = [], []
        for picture in {one.sha256: one for one in pictures}.values():
            if picture.sha256 in known:
                looks.append(_Look(picture, Seen(), None))
                continue
            with ExitStack() as passing:
                frame = (desk if len(pictures) == 1 else passing).enter_context(self._workers.look(picture.data))
                try:
                    label = SealedLabels(self._vault)
                    seen = self._calibrated(decode.read(picture, frame, self._evidence.put, label.seal), now)
                except ImageRefused as error:
                    refused.append(error)
                    continue
                looks.append(_Look(picture, seen, frame if len(pictures) == 1 else None, label))
        clock.lap("decode")
        if refused and not looks and not arrival.codes:
            raise refused[0]
        faults = tuple(SystemFault(f"picture_{error.code}", error.message) for error in refused)
        return (*looks, _Look(None, Seen(faults=faults), None)) if faults else tuple(looks)

    def _calibrated(self, seen: Seen, now: Moment) -> Seen:
        """What a picture says, with the calibration of its camera where one holds for it."""
        return replace(seen, captures=tuple(applied(one, self._settings.state_dir, now.utc) for one in seen.captures))

    def _assess(self, turn: _Turn, seen: Seen, looks: tuple[_Look, ...], desk: ExitStack) -> Assessment:
        opened, now = turn.opened, turn.now
        for look in looks:
            if look.picture is None or not look.seen.captures:
                continue
            sha256, data = look.picture.sha256, look.picture.data
            seen = seen.with_more(self._locked_away(look, opened.inspection))
            with nullcontext(look.frame) if look.frame is not None else self._workers.look(data) as frame:
                frame.hide(Hidden(look.seen.captures[0].hidden))
                read_print.begin(_beside_symbols(sha256, seen), frame)
                seen = self._compared(sha256, frame, seen, turn)
                seen = self._recognised(sha256, frame, seen, turn)
                seen = self._printed(sha256, frame, seen, turn)
            self._parcels.frames.hold(opened.inspection, sha256, data)
        desk.close()  # the worker is free before another frame asks for one
        fresh = {look.picture.sha256 for look in looks if look.picture is not None}
        earlier = self._parcels.frames.of(opened.inspection)  # a later code names faces for them
        for sha256, data in earlier.items():
            if sha256 not in fresh and self._wanted(sha256, seen, turn):
                with self._workers.look(data) as frame:
                    frame.hide(Hidden(_capture(seen, sha256).hidden))
                    seen = self._compared(sha256, frame, seen, turn)
        seen = self._declared(seen)
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

    def _declared(self, seen: Seen) -> Seen:
        """With what was declared ahead, found by the parcel's codes, where nothing came with them."""
        if seen.consignment is not None:
            return seen
        identity = identify(seen.symbols)
        numbers = [key.partition(":")[2] for key in identity.parcel_keys]
        others = [*identity.unparsed, *(number for item in identity.items for number in bare_numbers(item))]
        try:
            return replace(seen, consignment=self._shelves.consignments.declared(numbers, others))
        except BoxError as error:
            fault = SystemFault(f"consignments_{error.code.partition('_')[2]}", error.message)
            return seen.with_more(Seen(faults=(fault,)))

    def _locked_away(self, look: _Look, inspection: str) -> Seen:
        """The label of a capture, which was sealed in memory, is on the disk before a row names it."""
        try:
            self._vault.keep(inspection, look.labels.held if look.labels is not None else ())
        except EvidenceError as error:
            return Seen(faults=(SystemFault(error.code, error.message, look.seen.captures[0].sha256),))
        return Seen()

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
            knowledge=self._shelves.knowledge,
            office=self._settings.place,
        )
        turn.clock.lap("identify and look up")
        return identity, lookup

    def _compared(self, sha256: str, frame: OpenFrame, seen: Seen, turn: _Turn) -> Seen:
        faces = self._wanted(sha256, seen, turn)
        if turn.registry is None or not faces:
            return seen
        shown = _capture(seen, sha256)
        inspection = turn.opened.inspection
        layers = compare.of_the_same_item(shown, identify(seen.symbols), self._parcels.layers.of(inspection))
        picture_of, keep, limits = turn.registry.face_picture, self._evidence.put, self._policy.face
        done = compare.compare(shown, faces, frame, picture_of, keep, layers=layers, policy=limits)
        for name, layer in done.layers.items():
            self._parcels.layers.hold(inspection, name, layer)
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
        wanted = list(_beside_symbols(sha256, seen))
        labels = [
            read_print.on_label(region, comparison.gtin)
            for comparison in seen.comparisons
            if comparison.capture == sha256 and comparison.score is not None
            for region in comparison.regions
        ]
        wanted += [one for one in labels if one is not None]
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
            return self._shelves.editions.current(), ()
        except RegistryError as error:
            missing = error.code == "registry_missing"
            return None, () if missing else (SystemFault(error.code, error.message),)

    def _refuse_endless(self, opened: OpenInspection, more: Seen) -> None:
        """A stuck scanner must not make one inspection grow without end: every row repeats what was seen before."""
        whole = opened.seen.with_more(more)
        gathered = len(whole.symbols) + len(whole.captures)
        if opened.last is not None and gathered > self._settings.max_seen:
            raise Conflict(
                "inspection_full",
                f"Expected at most {self._settings.max_seen} symbols and pictures, got {gathered}.",
                hint="Go on to the next parcel. Is a scanner stuck?",
            )

    @property
    def _policy(self) -> Policy:
        return self._shelves.policies.current()


@dataclass(frozen=True, slots=True)
class _Look:
    """One picture of an arrival and what it says by itself; `frame` while it still lies on a worker's desk."""

    picture: Picture | None
    seen: Seen
    frame: OpenFrame | None
    labels: SealedLabels | None = None


@dataclass(frozen=True, slots=True)
class _Turn:
    """One arrival being worked on: its inspection, the one reading of the clock, the one edition and policy."""

    opened: OpenInspection
    now: Moment
    clock: Stopwatch
    registry: Registry | None
    policy: Policy


def _capture(seen: Seen, sha256: str) -> Capture:
    return next(shown for shown in seen.captures if shown.sha256 == sha256)


def _beside_symbols(sha256: str, seen: Seen) -> tuple[read_print.Wanted, ...]:
    """The print that is wanted beside a capture's symbols."""
    symbols = [symbol for symbol in seen.symbols if symbol.source == f"capture:{sha256}" and symbol.corners]
    places = (
        read_print.beside(symbol, item) for symbol in symbols for item in identify((symbol,)).items if item.elements
    )
    return tuple(one for one in places if one is not None)


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
