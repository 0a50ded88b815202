"""A country of two ports: real benches on a drawn edition, one real central on loopback, and a clock to set."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.app import open_bench
from edge.arrival import Arrival
from edge.bench import Bench
from edge.inspection import Assessment
from edge.moment import ClockTrust, Moment
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.storage.shelves import editions
from sync.central.central import Central
from sync.central.database import migrate, opened, writing
from sync.central.intake.devices import new_token
from sync.central.intake.objects import ObjectsOnDisk
from sync.identity import KEY_FILE, kept_private_key
from sync.learn import Learned, learn
from sync.link import Link, enrol
from sync.renewal import push_certified
from tests.central.conftest import CENTRAL
from tests.central.serving import serving
from tests.edge.storage.editions import GTIN, edition

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SERIAL = f"]d201{GTIN}21A1"


@dataclass
class Clock:
    """What every machine of the country reads."""

    utc: datetime = NOON

    def __call__(self) -> datetime:
        return self.utc

    def moment(self) -> Moment:
        return Moment(self.utc, ClockTrust.SYNCED)

    def later(self, **step: float) -> None:
        self.utc += timedelta(**step)


@dataclass
class Port:
    """A bench at a port, with its line to the central."""

    bench: Bench
    state_dir: Path
    link: Link
    clock: Clock

    def scan(self, *codes: str) -> Assessment:
        raw = tuple(RawCode(code.encode(), "scanner") for code in codes)
        return self.bench.inspect(Arrival(station="1", codes=raw, joins=False))

    def sync(self) -> Learned:
        private = kept_private_key(self.state_dir / KEY_FILE)
        push_certified(self.state_dir, self.link, private, self.clock.moment)
        return learn(self.state_dir, self.link)


@dataclass
class Country:
    """The central and the ports that were opened."""

    folder: Path
    central: Central
    url: str
    clock: Clock
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def port(self, device: str, port: str) -> Port:
        state_dir = self.folder / device
        shelf = editions(state_dir)
        shelf.activate(shelf.stage(edition(self.folder / f"source-{device}", 1)))
        settings = Settings(state_dir=state_dir, stations=("1",), device=device, place=port, workers=1, reserve_bytes=0)
        bench = self.stack.enter_context(open_bench(settings, now=self.clock.moment))
        private = kept_private_key(state_dir / KEY_FILE)
        with writing(self.central.engine) as connection:
            token = new_token(connection, self.url, self.central.id, device, port=port, now=self.clock())
        enrolment = enrol(token, private)
        enrolment.keep(state_dir)
        link = Link(enrolment, private)
        self.stack.callback(link.close)
        return Port(bench, state_dir, link, self.clock)


@contextlib.contextmanager
def country(folder: Path, database: str = "") -> Iterator[Country]:
    clock = Clock()
    engine = opened(database or f"sqlite:///{folder / 'central.db'}")
    migrate(engine)
    (folder / "central").mkdir()
    central = Central(engine, ObjectsOnDisk(folder / "central"), CENTRAL, clock)
    with serving(central) as url, contextlib.ExitStack() as stack:
        yield Country(folder, central, url, clock, stack)
    engine.dispose()
