"""The devices of a bench at work: each listens in a thread of its own and hands what comes to the bench.

The bench is here in the same process, or behind a door (edge/door.py) in another one.

A device that goes away is tried again; nothing that it does stops the bench. A scan also takes a picture when the bench
has a camera, so that one pull of the trigger brings code and face.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from typing import Protocol

import uuid_utils

from edge.arrival import Arrival
from edge.badge import badge_in
from edge.desk_card import card_in
from edge.devices.addresses import camera_at, scanner_at
from edge.devices.camera_folder import FolderCamera
from edge.errors import BoxError, DeviceError, SekishoError
from edge.journal import Plain
from edge.ports import Camera, Frame, Scanner
from edge.settings import Settings
from edge.steps.capture import RawCode

_RETRY_S = 2.0
_POLL_S = 1.0
_END_S = 60.0
_FRAME_S = 2.0  # for the picture that goes with a scan

log = logging.getLogger(__name__)


class Answered(Protocol):
    """What is needed of an answer: the inspection that a picture is to be added to."""

    @property
    def inspection(self) -> str:
        """Its id."""
        ...


class Taker(Protocol):
    """A bench, as far as devices know it."""

    def inspect(self, arrival: Arrival, /) -> Answered:
        """Take an arrival. Raises a SekishoError when it cannot."""
        ...

    def badge(self, station: str, code: str, source: str, /) -> object:
        """Sign in whose badge was read. Raises a SekishoError when it is nobody's."""
        ...

    def card(self, station: str, code: str, /) -> object:
        """Carry out a barcode of the desk card. Raises a SekishoError when it cannot."""
        ...


class Devices:
    """The threads of the devices, to ask whether they are at work."""

    def __init__(self) -> None:
        """None yet."""
        self.threads: list[threading.Thread] = []

    def at_work(self) -> str:
        """How many listen, in a line.

        Raises:
            TimeoutError: a thread has ended, which none may.
        """
        ended = [thread.name for thread in self.threads if not thread.is_alive()]
        if ended:
            message = f"{', '.join(ended)} must be listening, got an end"
            raise TimeoutError(message)
        return f"{len(self.threads)} devices listen: {', '.join(thread.name for thread in self.threads) or 'none set'}"


@contextlib.contextmanager
def listening(bench: Taker, settings: Settings) -> Iterator[Devices]:
    """Listen to the devices that the settings name until the block is left.

    Raises:
        SettingsError: an address names nothing that can be a device.
    """
    stop = threading.Event()
    station = settings.stations[0]
    with contextlib.ExitStack() as stack:
        camera = camera_at(settings.camera) if settings.camera else None
        if camera is not None:
            stack.callback(camera.close)
        devices = Devices()
        threads = devices.threads
        if settings.scanner:
            scanner = scanner_at(settings.scanner, max_bytes=settings.max_code_chars)
            stack.callback(scanner.close)
            threads.append(threading.Thread(target=_scan, args=(bench, scanner, camera, station, stop), name="scanner"))
        if settings.watch_folder is not None:
            folder = FolderCamera(settings.watch_folder, max_bytes=settings.max_image_bytes)
            stack.callback(folder.close)

            def inspect(frame: Frame) -> object:
                return bench.inspect(Arrival(station, pictures=(frame,), joins=False, key=_key()))

            threads.append(threading.Thread(target=folder.watch, args=(inspect, stop), name="folder"))
        for thread in threads:
            thread.daemon = True
            thread.start()
        try:
            yield devices
        finally:
            stop.set()
            for thread in threads:
                thread.join(timeout=_END_S)  # before its device is closed under it


def _scan(bench: Taker, scanner: Scanner, camera: Camera | None, station: str, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            scan = scanner.read(_POLL_S)
        except DeviceError as error:
            log.warning("%s: %s: %s", Plain(scanner.name), error, Plain(error.message))
            stop.wait(_RETRY_S)
            continue
        if scan is None:
            continue
        badge = badge_in(scan.payload)
        if badge is not None:
            _signed_in(bench, station, badge, scan.source)
            continue
        card = card_in(scan.payload)
        if card is not None:
            _commanded(bench, station, card)
            continue
        codes = (RawCode(scan.payload, scan.source),)
        answer = _inspected(bench, Arrival(station, codes=codes, key=_key()), stop)
        frame = _picture(camera)
        if answer is not None and frame is not None:
            _inspected(bench, Arrival(station, pictures=(frame,), inspection=answer.inspection, key=_key()), stop)


def _inspected(bench: Taker, arrival: Arrival, stop: threading.Event) -> Answered | None:
    """The answer to what a device brought. While the box cannot do its part the arrival is tried again, never lost.

    What the sender would have to mend is logged without its content and let go.
    """
    while not stop.is_set():
        try:
            return bench.inspect(arrival)
        except BoxError as error:
            log.warning("tried again in %.0f s: %s", _RETRY_S, error)
            stop.wait(_RETRY_S)
        except SekishoError as error:
            log.warning("refused: %s", error)
            return None
    return None


def _signed_in(bench: Taker, station: str, badge: str, source: str) -> None:
    """A badge is shown again by the one who waits, so it is not tried again; it is never logged."""
    try:
        bench.badge(station, badge, source)
    except SekishoError as error:
        log.warning("a badge was refused: %s", error.code)


def _commanded(bench: Taker, station: str, card: str) -> None:
    """A barcode of the desk card; the page tells the officer what came of it."""
    try:
        bench.card(station, card)
    except SekishoError as error:
        log.warning("a desk card was refused: %s", error.code)


def _key() -> str:
    """Names an arrival, so that one that is handed on twice is taken once."""
    return str(uuid_utils.uuid7())


def _picture(camera: Camera | None) -> Frame | None:
    if camera is None:
        return None
    try:
        return camera.capture(_FRAME_S)
    except DeviceError as error:
        log.warning("%s: %s: %s", Plain(camera.name), error, Plain(error.message))
        return None
