"""One contract for every Camera: real adapters; a small HTTP server stands for a network camera."""

from __future__ import annotations

import shutil
import sys
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.devices.camera_csi import CsiCamera
from edge.devices.camera_folder import FolderCamera
from edge.devices.camera_replay import ReplayCamera
from edge.devices.camera_stream import StreamCamera
from edge.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edge.ports import Camera

PATIENCE_S = 60.0


def drawn_jpegs(count: int) -> list[bytes]:
    rng = np.random.default_rng(20261121)
    images = [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(count)]
    return [cv2.imencode(".jpg", image)[1].tobytes() for image in images]


JPEGS = drawn_jpegs(3)


class _MotionJpeg(BaseHTTPRequestHandler):
    """Sends JPEGS round and round until the reader goes or the server's `gone` is set."""

    gone: threading.Event

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        count = 0
        while not self.gone.wait(0.01):
            jpeg = JPEGS[count % len(JPEGS)]
            count += 1
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
            try:
                self.wfile.write(head + jpeg + b"\r\n")
            except OSError:
                return

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def _network(stack: ExitStack, _: Path) -> Camera:
    gone = threading.Event()
    handler = type("Handler", (_MotionJpeg,), {"gone": gone})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    stack.callback(gone.set)
    return StreamCamera(f"http://127.0.0.1:{server.server_port}/video")


def _motion_jpeg_file(_: ExitStack, folder: Path) -> Camera:
    path = folder / "bench.mjpeg"
    path.write_bytes(b"".join(JPEGS))
    return StreamCamera(str(path), live=False)


def _video_file(_: ExitStack, folder: Path) -> Camera:
    path = folder / "bench.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for jpeg in JPEGS:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        writer.write(image)
    writer.release()
    return StreamCamera(str(path), live=False)


def _pictures(folder: Path) -> Path:
    for number, jpeg in enumerate(JPEGS):
        (folder / f"{number}.jpg").write_bytes(jpeg)
    return folder


def _watched(_: ExitStack, folder: Path) -> Camera:
    return FolderCamera(_pictures(folder), max_bytes=1_000_000, settle_s=0.02, poll_s=0.01)


def _ribbon(_: ExitStack, folder: Path) -> Camera:
    """A program that writes motion JPEG to a pipe, as rpicam-vid does."""
    (folder / "ribbon.mjpeg").write_bytes(b"".join(JPEGS))
    program = "import sys,time,pathlib\ndata=pathlib.Path(sys.argv[1]).read_bytes()\n"
    program += "while True: sys.stdout.buffer.write(data); sys.stdout.flush(); time.sleep(0.05)"
    return CsiCamera(0, command=[sys.executable, "-S", "-c", program, str(folder / "ribbon.mjpeg")])


def _replay(_: ExitStack, folder: Path) -> Camera:
    return ReplayCamera.of_directory(_pictures(folder))


MAKERS: dict[str, Callable[[ExitStack, Path], Camera]] = {
    "HTTP motion JPEG": _network,
    "motion JPEG file": _motion_jpeg_file,
    "video file": _video_file,
    "watched folder": _watched,
    "replay": _replay,
    "ribbon": _ribbon,
}
EXACT = set(MAKERS) - {"video file"}


@pytest.fixture(params=MAKERS)
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Camera]:
    with ExitStack() as stack:
        made = MAKERS[request.param](stack, tmp_path)
        stack.callback(made.close)
        yield made


@pytest.mark.parametrize("kind", sorted(EXACT))
def test_a_frame_is_the_bytes_as_the_camera_sent_them(kind: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        made = MAKERS[kind](stack, tmp_path)
        stack.callback(made.close)
        assert made.capture(PATIENCE_S).data in JPEGS


def test_every_frame_is_an_encoded_picture_that_tells_its_type_and_source(camera: Camera) -> None:
    for _ in JPEGS:
        frame = camera.capture(PATIENCE_S)
        image = cv2.imdecode(np.frombuffer(frame.data, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        assert image.shape == (48, 64, 3)
        assert frame.media_type in {"image/jpeg", "image/png"}
        assert frame.source.split(":")[0] in {"camera", "folder"}


def test_close_may_be_called_twice_before_and_after_a_capture(camera: Camera) -> None:
    camera.close()
    camera.close()


@pytest.mark.parametrize("kind", sorted(set(MAKERS) - {"HTTP motion JPEG", "ribbon"}))
def test_a_camera_without_a_next_picture_raises_a_device_error_with_a_hint(kind: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        made = MAKERS[kind](stack, tmp_path)
        stack.callback(made.close)
        for _ in JPEGS:
            made.capture(PATIENCE_S)
        with pytest.raises(DeviceError) as caught:
            made.capture(0.05)
        assert caught.value.code in {"device_ended", "device_timeout"}
        assert caught.value.hint


def _drained(camera: Camera) -> None:
    while True:
        camera.capture(PATIENCE_S)


def test_a_network_camera_that_goes_and_comes_back_is_opened_again(tmp_path: Path) -> None:
    with ExitStack() as first:
        made = _network(first, tmp_path)
        made.capture(PATIENCE_S)
    with pytest.raises(DeviceError) as caught:
        _drained(made)
    assert caught.value.code == "device_gone"
    with ExitStack() as again:
        returned = _network(again, tmp_path)
        assert isinstance(made, StreamCamera)
        assert isinstance(returned, StreamCamera)
        made._address = returned._address
        assert made.capture(PATIENCE_S).data in JPEGS
        made.close()


def test_a_ribbon_camera_whose_program_ends_is_gone_and_started_again() -> None:
    program = "import sys; sys.stdout.buffer.write(bytes.fromhex('ffd8 01 ffd9'))"
    camera = CsiCamera(0, command=[sys.executable, "-S", "-c", program])
    for _ in range(2):
        with pytest.raises(DeviceError) as caught:
            _drained(camera)
        assert caught.value.code == "device_gone"


def test_a_ribbon_camera_without_its_program_says_what_to_install() -> None:
    with pytest.raises(DeviceError) as caught:
        CsiCamera(0, command=["/no/rpicam-vid"]).capture(1)
    assert str(caught.value) == "A camera on the ribbon needs /no/rpicam-vid, got: No such file or directory."
    assert caught.value.hint == "Raspberry Pi OS: apt-get install rpicam-apps-lite."


def test_a_missing_camera_is_told_by_its_address(tmp_path: Path) -> None:
    address = str(tmp_path / "none.mjpeg")
    with pytest.raises(DeviceError) as caught:
        StreamCamera(address, live=False).capture(PATIENCE_S)
    assert str(caught.value) == f"The camera at {address!r} must be a stream that OpenCV can open, got none."


def test_a_replay_gives_only_picture_files(tmp_path: Path) -> None:
    _pictures(tmp_path)
    (tmp_path / "notes.txt").write_text("no picture")
    shutil.copytree(tmp_path, tmp_path / "sub.jpg")
    camera = ReplayCamera.of_directory(tmp_path)
    assert [camera.capture(0).data for _ in JPEGS] == JPEGS
