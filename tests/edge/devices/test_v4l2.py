"""Controls of a camera, asked and set through an ioctl that a drawn camera answers."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from edge.devices import v4l2
from edge.errors import DeviceError

AUTOMATIC = {"auto_exposure": 3, "exposure": 156, "auto_focus": 1, "focus": 40, "auto_white_balance": 1}


class DrawnCamera:
    def __init__(self, values: dict[str, int]) -> None:
        self.values = {v4l2.IDS[name]: value for name, value in values.items()}
        self.set: list[tuple[str, int]] = []

    def ioctl(self, _: int, request: int, data: bytes) -> bytes:
        if request == v4l2._QUERYCAP:
            return v4l2._CAPABILITY.pack(b"uvcvideo", b"Bench camera", b"usb-1.2", 1, 2, 3, 0, 0, 0)
        number = int.from_bytes(data[:4], "little")
        if number not in self.values:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if request == v4l2._QUERYCTRL:
            return v4l2._QUERY.pack(number, 1, b"control", 0, 255, 1, 100, 0, 0, 0)
        if request == v4l2._S_CTRL:
            name = next(name for name, one in v4l2.IDS.items() if one == number)
            self.set.append((name, v4l2._CONTROL.unpack(data)[1]))
        return v4l2._CONTROL.pack(number, self.values[number])


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "video0").touch()
    return str(tmp_path / "video0")


def test_a_camera_tells_its_identity_its_controls_and_which_of_them_move_by_themselves(path: str) -> None:
    state = v4l2.state_of(path, DrawnCamera(AUTOMATIC).ioctl)
    assert state.identity == "uvcvideo Bench camera usb-1.2"
    assert state.controls["focus"] == v4l2.Control(40, 0, 255, 100)
    assert set(state.controls) == set(AUTOMATIC)
    assert state.loose() == ("auto_focus", "auto_exposure", "auto_white_balance")


def test_to_lock_is_to_hold_what_the_automatics_have_found(path: str) -> None:
    state = v4l2.state_of(path, DrawnCamera(AUTOMATIC).ioctl)
    held = v4l2.locked(state)
    assert held == {"auto_focus": 0, "auto_exposure": 1, "auto_white_balance": 0, "focus": 40, "exposure": 156}
    assert v4l2.locked(v4l2.state_of(path, DrawnCamera(held).ioctl)) == {}


def test_automatics_are_ended_before_their_values_are_set(path: str) -> None:
    camera = DrawnCamera(AUTOMATIC)
    v4l2.set_controls(path, {"focus": 40, "exposure": 156, "auto_focus": 0, "auto_exposure": 1}, camera.ioctl)
    assert camera.set == [("auto_exposure", 1), ("auto_focus", 0), ("exposure", 156), ("focus", 40)]


def test_a_control_that_the_camera_has_not_is_told(path: str) -> None:
    with pytest.raises(DeviceError) as caught:
        v4l2.set_controls(path, {"gain": 3}, DrawnCamera(AUTOMATIC).ioctl)
    assert str(caught.value) == f"The camera at {path!r} must take gain=3, got: Invalid argument."


def test_what_is_no_camera_is_told(path: str) -> None:
    with pytest.raises(DeviceError) as caught:
        v4l2.state_of(path)
    assert str(caught.value) == f"The camera at {path!r} must be a V4L2 device, got: Inappropriate ioctl for device."
