"""The devices of a bench at work: each listens in a thread of its own and hands what comes to the story.

A device that goes away is tried again; nothing that it does stops the bench. A scan also takes a picture when the bench
has a camera, so that one pull of the trigger brings code and face.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

from edge.devices.addresses import camera_at, scanner_at
from edge.devices.camera_folder import FolderCamera
from edge.errors import BoxError, DeviceError, SekishoError
from edge.flow import Arrival, Bench
from edge.inspection import Assessment
from edge.ports import Camera, Frame, Scanner
from edge.settings import Settings
from edge.steps.capture import RawCode

_RETRY_S = 2.0
_POLL_S = 1.0
_END_S = 60.0
_FRAME_S = 2.0  # for the picture that goes with a scan

log = logging.getLogger(__name__)


@contextlib.contextmanager
def listening(bench: Bench, settings: Settings) -> Iterator[None]:
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
        threads = []
        if settings.scanner:
            scanner = scanner_at(settings.scanner, max_bytes=settings.max_code_chars)
            stack.callback(scanner.close)
            threads.append(threading.Thread(target=_scan, args=(bench, scanner, camera, station, stop), name="scanner"))
        if settings.watch_folder is not None:
            folder = FolderCamera(settings.watch_folder, max_bytes=settings.max_image_bytes)
            stack.callback(folder.close)

            def inspect(frame: Frame) -> object:
                return bench.inspect(Arrival(station, pictures=(frame,), joins=False))

            threads.append(threading.Thread(target=folder.watch, args=(inspect, stop), name="folder"))
        for thread in threads:
            thread.daemon = True
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(timeout=_END_S)  # before its device is closed under it


def _scan(bench: Bench, scanner: Scanner, camera: Camera | None, station: str, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            scan = scanner.read(_POLL_S)
        except DeviceError as error:
            log.warning("%s: %s", scanner.name, error.message)
            stop.wait(_RETRY_S)
            continue
        if scan is None:
            continue
        assessment = _inspected(bench, Arrival(station, codes=(RawCode(scan.payload, scan.source),)), stop)
        frame = _picture(camera)
        if assessment is not None and frame is not None:
            _inspected(bench, Arrival(station, pictures=(frame,), inspection=assessment.inspection), stop)


def _inspected(bench: Bench, arrival: Arrival, stop: threading.Event) -> Assessment | None:
    """The answer to what a device brought. While the box cannot do its part the arrival is tried again, never lost.

    What the sender would have to mend is logged without its content and let go.
    """
    while not stop.is_set():
        try:
            return bench.inspect(arrival)
        except BoxError as error:
            log.warning("tried again in %.0f s: %s", _RETRY_S, error.message)
            stop.wait(_RETRY_S)
        except SekishoError as error:
            log.warning("refused: %s", error.code)
            return None
    return None


def _picture(camera: Camera | None) -> Frame | None:
    if camera is None:
        return None
    try:
        return camera.capture(_FRAME_S)
    except DeviceError as error:
        log.warning("%s: %s", camera.name, error.message)
        return None
