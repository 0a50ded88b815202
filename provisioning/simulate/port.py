"""The simulated ports at work: each visit of a parcel goes through the real identify, look up and decide.

A port is one box: a real registry edition each quarter, a real ledger that remembers what was seen, and what the other
ports saw, told once a day as a central tells it. Comparisons of package faces are drawn from measured ones (faces.py).
Nothing else of the judgement is simulated; pictures and their symbols are not, so the print beside symbols is not read.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from edge import policy as policies
from edge.captures import Capture, DecodedSymbol, Quality
from edge.checks import advice
from edge.comparison import FaceComparison, Recognition
from edge.gs1 import Gtin
from edge.identity import Identity
from edge.inspection import Assessment, Case, Finding, Origin, Outcome, Seen, Verdict
from edge.moment import ClockTrust, Moment
from edge.policy import Policy
from edge.settings import Settings
from edge.stations import OpenInspection
from edge.steps import capture, decide, record
from edge.steps.identify import identify
from edge.steps.look_up import look_up
from edge.storage.knowledge import Knowledge, keep
from edge.storage.ledger import Entry, Ledger
from edge.storage.personal import part
from edge.storage.registry import Registry
from edge.storage.registry_build import build
from edge.storage.sighting_file import Hashed, SeenAt, SightingFile, hashed, merged, written
from provisioning.simulate import goods
from provisioning.simulate.faces import Faces, Measured
from provisioning.simulate.goods import Catalogue
from provisioning.simulate.parcels import OTHER_PACKAGE, Package, Visit
from provisioning.simulate.scenario import Scenario

_SECRET, _KEY = b"sightings of a simulated port....", "simulated"
_WEEK = 7  # daily files that become one
_KEPT_DAYS = 91
_MOST_PENDING = 200  # keys
_RETAKES = frozenset({"capture.second_angle"})  # besides every capture.* that limits the answer
_MOST_SHOTS = advice.ENOUGH_CAPTURES
_TWICE_S = 3.0  # between two scans of the same code
_QUALITY = Quality(sharpness=200.0, glare=0.0, brightness=120.0)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the bench said at one visit."""

    visit: Visit
    verdict: Verdict
    captures: int
    ms: float  # of identify, look up and decide, of the last assessment


@dataclass(frozen=True, slots=True)
class Judge:
    """What every box of a run has in common."""

    policy: Policy
    faces: Faces
    second_picture: float
    settings: Settings = field(default_factory=Settings)


@contextmanager
def opened(scenario: Scenario, catalogue: Catalogue, judge: Judge, directory: Path) -> Iterator[Ports]:
    """The ports of one world with their registry editions, built in `directory`, until the block is left."""
    world = scenario.world
    with ExitStack() as stack:
        editions = []
        for number in range(1, -(-world.days // world.edition_days) + 1):
            source = goods.write(directory / f"source-{number}", catalogue, scenario, number)
            file = build(source, directory / f"edition-{number}.sqlite").out
            registry = Registry.open(file)
            stack.callback(registry.close)
            editions.append(registry)
        boxes = []
        for number in range(world.ports):
            state = directory / f"port-{number}"
            state.mkdir()
            ledger = Ledger.open(state / "ledger.db", f"box-{number}", place=f"port-{number}")
            stack.callback(ledger.close)
            boxes.append(Box(number, judge, ledger, Knowledge(state)))
        yield Ports(scenario, tuple(editions), tuple(boxes))


@dataclass(slots=True)
class Ports:
    """All ports of one world, and what they tell each other."""

    scenario: Scenario
    editions: tuple[Registry, ...]
    boxes: tuple[Box, ...]
    day: date | None = None
    today: list[Hashed] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)  # of single days, newest last
    weeks: list[tuple[date, bytes]] = field(default_factory=list)

    def judged(self, visits: Iterable[Visit]) -> Iterator[Judged]:
        """What the bench says at each visit, in their order."""
        for number, visit in enumerate(visits):
            day = visit.at.date()
            if day != self.day:
                self._tell(day)
            box = self.boxes[visit.port]
            answer, identity = box.inspect(visit, self.edition(day), f"{number:08d}")
            self._note(identity, box.place, day)
            yield answer

    def edition(self, day: date) -> Registry:
        """The registry edition that is in use on `day`."""
        world = self.scenario.world
        return self.editions[(day - world.begins).days // world.edition_days]

    def _note(self, identity: Identity, place: str, day: date) -> None:
        with_parcel = bool(identity.parcel_keys)
        self.today += [Hashed(hashed(_SECRET, key), SeenAt(place, day, with_parcel)) for key in identity.item_keys]
        self.today += [
            Hashed(hashed(_SECRET, key), SeenAt(place, day, with_parcel=True)) for key in identity.parcel_keys
        ]

    def _tell(self, day: date) -> None:
        """What was seen until yesterday reaches every box, as files of keyed hashes of the last 90 days."""
        if self.day is not None and self.today:
            self.files.append(written(self.today, _KEY, self.day))
            self.today = []
            if len(self.files) == _WEEK:
                self.weeks.append((self.day, merged([SightingFile(data) for data in self.files])))
                self.files = []
            self.weeks = [(end, data) for end, data in self.weeks if day - end <= timedelta(days=_KEPT_DAYS)]
            for box in self.boxes:
                box.learn([*(data for _, data in self.weeks), *self.files])
        self.day = day


@dataclass(slots=True)
class Box:
    """One port's box."""

    number: int
    judge: Judge
    ledger: Ledger
    knowledge: Knowledge
    pending: dict[str, Future[Any]] = field(default_factory=dict)  # keys of rows that are being written

    @property
    def place(self) -> str:
        """Name of its port."""
        return f"port-{self.number}"

    def learn(self, files: list[bytes]) -> None:
        """Put what the central tells where the box reads it."""
        folder = self.knowledge.directory
        folder.mkdir(exist_ok=True)
        names = [hashlib.sha256(data).hexdigest() for data in files]
        for name, data in zip(names, files, strict=True):
            if not (folder / name).exists():
                (folder / name).write_bytes(data)
        for old in folder.iterdir():
            if len(old.name) == len(names[0]) and old.name not in names:
                old.unlink()
        told = {"port": self.place, "keys": {_KEY: _SECRET.hex()}, "files": [{"sha256": name} for name in names]}
        keep(folder, told)

    def inspect(self, visit: Visit, registry: Registry, inspection: str) -> tuple[Judged, Identity]:
        """One visit: codes, then pictures as far as the bench asks for them, then the row in the ledger."""
        now = Moment(visit.at, ClockTrust.SYNCED)
        station = f"{visit.station + 1}"
        codes = tuple(capture.RawCode(payload, f"scanner:{station}") for payload in visit.codes)
        desk = _Desk(self, visit, registry, now, station, inspection)
        desk.scan(capture.typed(codes, self.judge.settings))
        if visit.parcel.severity:
            desk.photograph()  # with the scan
        judged = desk.assess()
        while desk.another_picture(judged.verdict):
            desk.photograph()
            judged = desk.assess()
        if visit.twice and not desk.silent_when_scanned_again():
            desk.inspection += "-again"
            judged = desk.assess()
        assessment = Assessment(desk.inspection, 1, desk.seen, desk.identity, judged.verdict, now, judged.ms)
        self._write(assessment, Origin(f"box-{self.number}", station, "officer", "boot"))
        return judged, desk.identity

    def _write(self, assessment: Assessment, origin: Origin) -> None:
        """The row of `record.assessed`, without waiting for the disk: whoever asks for one of its keys waits for it."""
        keys = assessment.identity.item_keys + assessment.identity.parcel_keys
        document, personal = part(assessment)
        entry = Entry(
            record.ASSESSED,
            assessment.inspection,
            origin,
            assessment.at,
            {"request": "", "assessment": document},
            personal,
            "",
            keys,
        )
        future = self.ledger.submit((entry,))
        if len(self.pending) > _MOST_PENDING:
            future.result()
            self.pending.clear()
        self.pending.update(dict.fromkeys(keys, future))

    def settled(self, identity: Identity) -> None:
        """Wait until every row that speaks of the same item or parcel is written."""
        for key in identity.item_keys + identity.parcel_keys:
            if key in self.pending:
                self.pending.pop(key).result()


@dataclass(slots=True)
class _Desk:
    """One parcel on one bench while it is looked at."""

    box: Box
    visit: Visit
    registry: Registry
    now: Moment
    station: str
    inspection: str
    seen: Seen = field(default_factory=Seen)
    identity: Identity = field(default_factory=Identity)
    shots: int = 0

    def scan(self, symbols: tuple[DecodedSymbol, ...]) -> None:
        """The codes, and the declaration that the number among them names."""
        self.identity = identify(symbols)
        told = self.visit.parcel.consignment
        numbers = {key.partition(":")[2] for key in self.identity.parcel_keys}
        self.seen = Seen(symbols=symbols, consignment=told if told is not None and told.document in numbers else None)

    def assess(self) -> Judged:
        """The real judgement of all that was seen so far."""
        self.box.settled(self.identity)
        started = time.perf_counter()
        identity = identify(self.seen.symbols)
        lookup = look_up(
            identity,
            self.seen.consignment,
            self.seen.recognitions,
            self.registry,
            self.box.ledger,
            inspection=self.inspection,
            policy=self.box.judge.policy,
            now=self.now,
            knowledge=self.box.knowledge,
        )
        verdict = decide.assess(Case(self.station, self.seen, identity, lookup, self.now), self.box.judge.policy)
        return Judged(self.visit, verdict, self.shots, (time.perf_counter() - started) * 1e3)

    def another_picture(self, verdict: Verdict) -> bool:
        """Whether the bench asks for one more picture, and the officer takes it: asked again, again or not."""
        asked = 0 < self.shots < _MOST_SHOTS and any(_asks_for_another(finding) for finding in verdict.findings)
        return asked and (self.visit.draw * 10 ** (3 + self.shots)) % 1 < self.box.judge.second_picture

    def photograph(self) -> None:
        """One more picture of each package: what the compare step said of a drawn one."""
        for place, package in enumerate(self.visit.parcel.packages):
            name = f"{self.inspection}/{place}/{self.shots}"
            before = tuple(f"{self.inspection}/{place}/{shot}" for shot in range(self.shots))
            measured = self._measured(package, place)
            if self.shots >= len(measured.captures):
                continue  # the bench asked for another picture of another package
            shown = Capture(name, 1600, 1200, "camera", _QUALITY)
            comparisons = self._compared(package, measured, (*before, name))
            found = self._recognised(package, measured, name) if not any(c.aligned for c in comparisons) else ()
            self.seen = self.seen.with_more(Seen((shown,), comparisons=comparisons, recognitions=found))
        self.shots += 1

    def _measured(self, package: Package, place: int) -> Measured:
        draw = (self.visit.draw + 0.37 * place) % 1  # another drawn package for each one in the parcel
        return self.box.judge.faces.draw(package.face, self.visit.parcel.severity, draw)

    def _compared(self, package: Package, measured: Measured, names: tuple[str, ...]) -> tuple[FaceComparison, ...]:
        """With the faces of the item that this package's code says; without a code there is nothing to compare with."""
        said = [item.gtin for item in self.identity.items if package.code and str(item.gtin) in _digits(package)]
        most = self.box.judge.policy.inspection.faces_per_item
        return tuple(
            measured.comparison(len(names) - 1, face, names, self.box.judge.faces.pack)
            for gtin in said[:1]
            for face in self.registry.faces(gtin)[:most]
        )

    def _recognised(self, package: Package, measured: Measured, name: str) -> tuple[Recognition, ...]:
        """A package that shows no expected face may be recognised as what it is, where its face is registered."""
        if not package.shown.faced:
            return ()
        gtin = Gtin(package.shown.gtin)
        if measured.case != OTHER_PACKAGE:
            faces, severity = self.box.judge.faces, self.visit.parcel.severity
            measured = faces.draw(OTHER_PACKAGE, severity, (self.visit.draw * 1e3) % 1)
        found = measured.recognition(gtin, self.registry.faces(gtin)[0].face_id, name)
        return (found,) if found is not None else ()

    def silent_when_scanned_again(self) -> bool:
        """Whether the same codes a moment later belong to the inspection that lies open, which then is silent."""
        lying = OpenInspection(self.inspection, self.station, self.seen, touched_s=time.monotonic() - _TWICE_S)
        return lying.takes(self.identity, self.box.judge.policy.inspection.join_window_s)


def _asks_for_another(finding: Finding) -> bool:
    return finding.code in _RETAKES or (finding.code.startswith("capture.") and finding.weight == "limit")


def _digits(package: Package) -> str:
    """The digits of a package's code, with the zero that a retail code leaves out."""
    text = "0" + (package.code or b"").decode()
    return text.replace("]E0", "")


def worse(one: Outcome, other: Outcome) -> Outcome:
    """The graver of two outcomes: more than one visit of a parcel counts by its gravest."""
    order = (Outcome.NO_FINDING, Outcome.CANNOT_ASSESS, Outcome.CHECK, Outcome.STRONG_INDICATION)
    return max(one, other, key=order.index)


def builtin_judge(scenario: Scenario, measured: Faces) -> Judge:
    """The policy that comes with the program, and what was measured."""
    return Judge(policies.builtin(), measured, scenario.rate("second_picture"))
