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
from edge.errors import DeviceError, SekishoError
from edge.flow import Arrival, Bench
from edge.ports import Camera, Frame, Scanner
from edge.settings import Settings
from edge.steps.capture import RawCode

_RETRY_S = 2.0
_POLL_S = 1.0
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
                return bench.inspect(Arrival(station, pictures=(frame,)))

            threads.append(threading.Thread(target=folder.watch, args=(inspect, stop), name="folder"))
        for thread in threads:
            thread.daemon = True
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(timeout=_RETRY_S * 2)


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
        try:
            assessment = bench.inspect(Arrival(station, codes=(RawCode(scan.payload, scan.source),)))
            frame = _picture(camera)
            if frame is not None:
                bench.inspect(Arrival(station, pictures=(frame,), inspection=assessment.inspection))
        except SekishoError as error:
            log.warning("%s: %s", scanner.name, error.message)


def _picture(camera: Camera | None) -> Frame | None:
    if camera is None:
        return None
    try:
        return camera.capture(_FRAME_S)
    except DeviceError as error:
        log.warning("%s: %s", camera.name, error.message)
        return None
