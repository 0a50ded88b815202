from __future__ import annotations

import os
import pty
import tty
from typing import TYPE_CHECKING

import pytest

from edge.devices.addresses import camera_at, scanner_at
from edge.devices.camera_csi import CsiCamera
from edge.devices.camera_replay import ReplayCamera
from edge.devices.camera_stream import StreamCamera
from edge.devices.scanner_evdev import EvdevScanner
from edge.devices.scanner_serial import SerialScanner
from edge.devices.scanner_stdin import StreamScanner
from edge.errors import DeviceError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_half_message_on_the_line_waits_for_its_terminator() -> None:
    cable, device = pty.openpty()
    tty.setraw(device)
    scanner = SerialScanner(os.ttyname(device))
    assert scanner.read(0.01) is None
    os.write(cable, b"0149012345")
    assert scanner.read(0.05) is None
    os.write(cable, b"67894\r")
    scan = scanner.read(10)
    assert scan is not None
    assert scan.payload == b"014901234567894"
    scanner.close()
    os.close(device)
    os.close(cable)


def test_a_silent_pipe_gives_none_and_its_last_line_needs_no_terminator() -> None:
    out, into = os.pipe()
    scanner = StreamScanner(out)
    assert scanner.read(0.01) is None
    os.write(into, b"last")
    assert scanner.read(0.01) is None
    os.close(into)
    scan = scanner.read(10)
    assert scan is not None
    assert scan.payload == b"last"
    with pytest.raises(DeviceError, match=r"^The scanner 'stdin' has ended\.$"):
        scanner.read(0.01)
    scanner.close()
    os.close(out)


def test_a_serial_line_that_is_not_there_is_told_by_its_address() -> None:
    with pytest.raises(DeviceError) as caught:
        SerialScanner("/dev/does-not-exist").read(0.1)
    assert caught.value.code == "device_gone"
    assert str(caught.value).startswith("The scanner at '/dev/does-not-exist' must be a readable serial line, got: ")


def test_a_missing_code_file_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        StreamScanner.of_file(tmp_path / "none.txt")
    assert str(caught.value) == (
        f"The scanner at {str(tmp_path / 'none.txt')!r} must be a readable file, got: No such file or directory."
    )


def test_addresses_choose_the_adapter(tmp_path: Path) -> None:
    video = tmp_path / "a.mjpeg"
    video.write_bytes(b"")
    assert isinstance(camera_at("http://192.0.2.1/video"), StreamCamera)
    assert isinstance(camera_at("/dev/video0"), StreamCamera)
    assert isinstance(camera_at(str(tmp_path)), ReplayCamera)
    assert isinstance(camera_at(str(video)), StreamCamera)
    assert isinstance(camera_at("/dev/video0?auto_focus=0&focus=30"), StreamCamera)
    assert isinstance(camera_at("csi:1?lens-position=4.5"), CsiCamera)
    assert isinstance(scanner_at("/dev/ttyACM0"), SerialScanner)
    assert isinstance(scanner_at("/dev/input/by-id/usb-gun-event-kbd"), EvdevScanner)


def test_an_address_that_names_nothing_is_a_settings_error() -> None:
    with pytest.raises(SettingsError) as caught:
        camera_at("rtp:nothing")
    assert str(caught.value) == (
        "The camera must be an http(s) address, a /dev/video device, csi:0, a directory or a file, got 'rtp:nothing'."
    )
    with pytest.raises(SettingsError) as empty:
        scanner_at("")
    assert str(empty.value) == (
        "The scanner must be -, an event device of /dev/input or a serial address such as /dev/ttyACM0, got ''."
    )


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/dev/video0?zoom=2", "The controls of a camera must be numbers of brightness, contrast, saturation,"),
        ("/dev/video0?focus=near", "The controls of a camera must be numbers of brightness, contrast, saturation,"),
        ("csi:0?exec=sh", "The options of a camera on the ribbon must be of autofocus-mode, awbgains, brightness,"),
    ],
)
def test_a_control_that_no_camera_has_is_a_settings_error(address: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        camera_at(address)
    assert str(caught.value).startswith(said)
    assert str(caught.value).endswith(f"got {address!r}.")
