"""The composition root: chooses devices, opens storage, and joins them to a bench. Nothing else does.

`open_bench` is the bench without a web server, for the command line and the demo; `serve` is the bench on the network.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import uuid_utils

from edge import inputs, releases, supervision
from edge.bench import Bench
from edge.devices.clock import SyncFloor, newest, system_clock
from edge.door import Door
from edge.errors import PolicyError, RegistryError, SettingsError
from edge.forgetting import Forgetting
from edge.gallery import Gallery
from edge.late import LateSearch
from edge.manifests.inbox import Inbox
from edge.orders import Orders
from edge.ports import Now
from edge.precision import in_use
from edge.rehearsal import Rehearsal
from edge.release_rows import ReleaseRows
from edge.retention import Retention
from edge.settings import Settings
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger import Ledger
from edge.storage.registry import Registry
from edge.storage.shelf import Shelf
from edge.storage.shelves import Shelves
from edge.storage.signatures import Signatures
from edge.upkeep import Upkeep
from edge.vault import Countdown
from edge.web import build, server
from models import signature
from models.measurements import PictureLimits
from models.no_workers import NoWorkers
from models.worker import PixelWorkers


@dataclass(frozen=True, slots=True)
class Box:
    """A bench, and what has to be done beside its inspections."""

    bench: Bench
    upkeep: Upkeep
    rehearse: Rehearsal


@contextlib.contextmanager
def open_bench(settings: Settings, now: Now | None = None) -> Iterator[Bench]:
    """A bench over `settings.state_dir`, closed at the end of the block. Nothing is done beside its inspections.

    Raises: see `open_box`.
    """
    with open_box(settings, now) as box:
        yield box.bench


@contextlib.contextmanager
def open_box(settings: Settings, now: Now | None = None, *, pictures: bool = True) -> Iterator[Box]:
    """A bench over `settings.state_dir` with its upkeep, which is not running yet, closed at the end of the block.

    Without `pictures` no pixel worker is started: scans are judged and recorded, a picture says why it is not read.

    Raises:
        PolicyError, LedgerError, EvidenceError: what is there cannot be used.
        SettingsError: settings_state_dir: the directory cannot be made.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # the workers inherit it
    shelves = Shelves.of(settings)
    shelves.policies.current()  # a policy that a setting names must be usable; a staged one may give way
    require_state_dir(settings)
    with contextlib.ExitStack() as stack:
        stack.callback(shelves.close)
        ledger = open_ledger(settings)
        stack.callback(ledger.close)
        floor = SyncFloor(settings.state_dir)
        evidence = EvidenceStore(settings.state_dir, reserve_bytes=settings.reserve_bytes)
        workers = stack.enter_context(_workers(settings, shelves) if pictures else NoWorkers())
        signatures = Signatures(settings.state_dir / "gallery", signature.builtin().name, signature.BYTES)
        gallery = Gallery(workers, signatures)
        stack.callback(gallery.close)
        with contextlib.suppress(RegistryError, PolicyError):  # said by every verdict
            gallery.take_up(shelves.editions.current(), shelves.policies.current().inspection.gallery_faces)
        bench = Bench(
            settings=settings,
            shelves=shelves,
            workers=workers,
            gallery=gallery,
            ledger=ledger,
            evidence=evidence,
            now=now or system_clock(lambda: newest(_issued(shelves.editions), floor.issued())),
            boot=str(uuid_utils.uuid4()),
        )
        late = LateSearch(
            shelves=shelves,
            ledger=ledger,
            now=bench.now,
            origin=bench.origin,
            tell=bench.tell,
            progress=settings.state_dir / "late.json",
        )
        retention = Retention(
            state_dir=settings.state_dir,
            ledger=ledger,
            evidence=evidence,
            policy=shelves.policies.current,
            now=bench.now,
            origin=bench.origin,
            shed=shelves.editions.shed,
        )
        stack.callback(retention.close)
        countdown = Countdown(
            store=bench.vault.store,
            ledger=ledger,
            evidence=evidence,
            policy=shelves.policies.current,
            now=bench.now,
            origin=bench.origin,
        )
        orders = Orders(settings.state_dir, settings.device, ledger, retention, bench.origin)
        inbox = Inbox(settings.state_dir, shelves.consignments, bench.now)
        stack.callback(inbox.close)
        forgetting = Forgetting(
            shelves.consignments, ledger, policy=shelves.policies.current, now=bench.now, origin=bench.origin
        )
        fixed = settings.pack_dir is not None
        upkeep = Upkeep(
            packs=shelves.packs,
            workers=workers,
            late=late,
            retention=retention,
            countdown=countdown,
            orders=orders,
            releases=ReleaseRows(ledger, bench.origin),
            inbox=inbox,
            forgetting=forgetting,
            troubles=bench.troubles,
            now=bench.now,
            fixed=fixed,
        )
        yield Box(bench, upkeep, Rehearsal(workers=workers, shelves=shelves, ledger=ledger, now=bench.now))


def serve(settings: Settings, *, devices: bool = True, pictures: bool = True) -> None:
    """Serve the bench page and the API, and listen to the devices that the settings name, until told to stop.

    Without `devices` another process listens to them (see `hand_on`), without `pictures` no picture is read.

    Raises:
        SettingsError: an address is no loopback and there is no token, or is not to be had (settings_port); a device
            cannot be used.
        BoxError: the server could not start.
        PolicyError, LedgerError, EvidenceError: see `open_bench`.
    """
    with (
        server.listening(settings) as held,
        open_box(settings, pictures=pictures) as box,
        inputs.listening(box.bench, settings) if devices else contextlib.nullcontext(),
        box.upkeep.running(),
    ):
        server.run(build(box.bench, settings, box.rehearse.rehearsed), settings, held, box.rehearse)


def hand_on(settings: Settings, door: Path) -> None:
    """Listen to the devices of the settings and hand what they bring to the bench behind `door`, until told to stop.

    This process opens no storage and judges nothing.

    Raises:
        SettingsError: a device cannot be used.
    """
    with inputs.listening(Door(door), settings) as devices, supervision.beating(devices.at_work), stop_asked() as stop:
        supervision.tell("READY=1")
        stop.wait()
        supervision.tell("STOPPING=1")


@contextlib.contextmanager
def stop_asked() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set, within the block. For the main thread."""
    stop = threading.Event()
    before = {one: signal.signal(one, lambda *_: stop.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _workers(settings: Settings, shelves: Shelves) -> PixelWorkers:
    return PixelWorkers(
        settings.workers,
        limits=PictureLimits(settings.max_image_bytes, settings.max_image_pixels),
        pack_dir=settings.pack_dir or shelves.packs.current().path,
        precision=in_use(settings, shelves),
        read_budget_s=settings.decode_budget_s,
        compare_budget_s=settings.compare_budget_s,
    )


def require_state_dir(settings: Settings) -> None:
    """Make the directory of the state where it is missing.

    Raises:
        SettingsError: settings_state_dir: it cannot be made.
    """
    try:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            "settings_state_dir",
            f"{settings.state_dir}: expected a directory that can be made and written to, got {error.strerror}.",
            hint="Name another directory with --state-dir or SEKISHO_STATE_DIR.",
        ) from error


def open_ledger(settings: Settings) -> Ledger:
    """The ledger of the box.

    Raises:
        LedgerError: it cannot be used.
    """
    return Ledger.open(
        settings.state_dir / "ledger.db",
        settings.device,
        place=settings.place,
        reserve_bytes=settings.reserve_bytes,
        on_trial=releases.on_trial(),
        training=settings.training,
    )


def _issued(shelf: Shelf[Registry]) -> datetime | None:
    try:
        return shelf.current().edition.issued
    except RegistryError:
        return None
