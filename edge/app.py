"""The composition root: chooses devices, opens storage, and joins them to a bench. Nothing else does.

`open_bench` is the bench without a web server, for the command line and the demo; `serve` is the bench on the network.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import datetime

import uuid_utils

from edge import inputs
from edge import policy as policies
from edge.devices.clock import system_clock
from edge.errors import RegistryError, SettingsError
from edge.flow import Bench
from edge.ports import Now
from edge.settings import Settings
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger import Ledger
from edge.storage.registry import Registry
from edge.storage.shelf import Shelf
from edge.storage.shelves import editions
from edge.web import build, check_binding, server
from models.measurements import PictureLimits
from models.worker import PixelWorkers


@contextlib.contextmanager
def open_bench(settings: Settings, now: Now | None = None) -> Iterator[Bench]:
    """A bench over `settings.state_dir`, closed at the end of the block.

    Raises:
        PolicyError, LedgerError, EvidenceError: what is there cannot be used.
        SettingsError: settings_state_dir: the directory cannot be made.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # the workers inherit it
    policy = policies.load(settings.policy) if settings.policy else policies.builtin()
    require_state_dir(settings)
    with contextlib.ExitStack() as stack:
        shelf = editions(settings.state_dir, settings.registry)
        stack.callback(shelf.close)
        ledger = open_ledger(settings)
        stack.callback(ledger.close)
        evidence = EvidenceStore(settings.state_dir, reserve_bytes=settings.reserve_bytes)
        workers = stack.enter_context(
            PixelWorkers(
                settings.workers,
                limits=PictureLimits(settings.max_image_bytes, settings.max_image_pixels),
                pack_dir=settings.pack_dir,
                read_budget_s=settings.decode_budget_s,
                compare_budget_s=settings.compare_budget_s,
            )
        )
        yield Bench(
            settings=settings,
            policy=policy,
            workers=workers,
            shelf=shelf,
            ledger=ledger,
            evidence=evidence,
            now=now or system_clock(lambda: _issued(shelf)),
            boot=str(uuid_utils.uuid4()),
        )


def serve(settings: Settings) -> None:
    """Serve the bench page and the API, and listen to the devices that the settings name, until told to stop.

    Raises:
        SettingsError: the address is no loopback and there is no token, or is not to be had (settings_port); a device
            cannot be used.
        BoxError: the server could not start.
        PolicyError, LedgerError, EvidenceError: see `open_bench`.
    """
    check_binding(settings)
    with server.bound(settings) as held, open_bench(settings) as bench, inputs.listening(bench, settings):
        server.run(build(bench, settings), held)


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
        settings.state_dir / "ledger.db", settings.device, place=settings.place, reserve_bytes=settings.reserve_bytes
    )


def _issued(shelf: Shelf[Registry]) -> datetime | None:
    try:
        return shelf.current().edition.issued
    except RegistryError:
        return None
