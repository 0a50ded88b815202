from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from edge.devices.camera_folder import FolderCamera
from edge.errors import DeviceError, ImageRefused, WorkerError

if TYPE_CHECKING:
    from pathlib import Path

    from edge.ports import Frame

PATIENCE_S = 60.0


def _camera(folder: Path, *, max_bytes: int = 100, settle_s: float = 0.02) -> FolderCamera:
    return FolderCamera(folder, max_bytes=max_bytes, settle_s=settle_s, poll_s=0.01)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_an_accepted_file_moves_to_done_and_never_over_another(tmp_path: Path) -> None:
    camera = _camera(tmp_path)
    for content in (b"first", b"second"):
        (tmp_path / "a.jpg").write_bytes(content)
        camera.accept(camera.capture(PATIENCE_S))
    assert _names(tmp_path / "done") == ["a-2.jpg", "a.jpg"]
    assert (tmp_path / "done" / "a.jpg").read_bytes() == b"first"


def test_a_refused_file_moves_beside_a_file_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"")
    camera = _camera(tmp_path)
    camera.refuse(camera.capture(PATIENCE_S), ImageRefused("image_empty", "It is empty.", hint="Send it again."))
    assert _names(tmp_path / "refused") == ["bad.jpg", "bad.jpg.reason.txt"]
    assert (tmp_path / "refused" / "bad.jpg.reason.txt").read_text() == "image_empty\nIt is empty.\nSend it again.\n"


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "big.jpg").write_bytes(b"x" * 101)
    camera, reason = _camera(tmp_path), tmp_path / "refused" / "big.jpg.reason.txt"
    while not reason.exists():
        with pytest.raises(DeviceError):
            camera.capture(0.1)
    assert reason.read_text().splitlines()[1] == "The file 'big.jpg' must have at most 100 bytes, got 101."


def test_links_directories_hidden_and_unfinished_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_bytes(b"secret")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "secret" / "key")
    (tmp_path / ".hidden.jpg").write_bytes(b"x")
    (tmp_path / "b.jpg.part").write_bytes(b"x")
    with pytest.raises(DeviceError):
        _camera(tmp_path).capture(0.1)
    assert (tmp_path / "link.jpg").is_symlink()


def test_a_growing_file_is_not_given_before_it_stands_still(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"half")
    camera = _camera(tmp_path, settle_s=3600)
    with pytest.raises(DeviceError) as caught:
        camera.capture(0.05)
    assert caught.value.code == "device_timeout"
    path.write_bytes(b"half and whole")
    settled = _camera(tmp_path)
    assert settled.capture(PATIENCE_S).data == b"half and whole"


def test_a_file_whose_fate_was_not_told_comes_again_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    assert _camera(tmp_path).capture(PATIENCE_S).source == "folder:a.jpg"
    assert _camera(tmp_path).capture(PATIENCE_S).data == b"a"


def test_watching_accepts_refuses_and_keeps_what_the_box_could_not_do(tmp_path: Path) -> None:
    for name in ("good", "bad", "later"):
        (tmp_path / f"{name}.jpg").write_bytes(name.encode())
    stop = threading.Event()
    tries: list[str] = []

    def inspect(frame: Frame) -> None:
        tries.append(frame.source)
        if frame.data == b"bad":
            raise ImageRefused("image_type", "No picture.")
        if frame.data == b"later" and tries.count(frame.source) == 1:
            raise WorkerError("worker_crashed", "The worker crashed.")
        if tries.count("folder:later.jpg") == 2:
            stop.set()

    thread = threading.Thread(target=_camera(tmp_path).watch, args=(inspect, stop), kwargs={"timeout_s": 0.05})
    thread.start()
    thread.join(60)
    stop.set()
    assert not thread.is_alive()
    assert _names(tmp_path / "refused") == ["bad.jpg", "bad.jpg.reason.txt"]
    assert _names(tmp_path / "done") == ["good.jpg", "later.jpg"]


def test_a_folder_that_is_gone_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        _camera(tmp_path / "none").capture(0.05)
    assert caught.value.code == "device_gone"
    assert str(caught.value) == (
        f"The folder {str(tmp_path / 'none')!r} must be a readable directory, got: No such file or directory."
    )
