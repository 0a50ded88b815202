"""The controls of a V4L2 camera: what focus, exposure and white balance are set to, and how to hold them.

Linux's own interface (linux/videodev2.h, v4l2-controls.h) through ioctl, standard library only. A camera that focuses
and exposes by itself changes its picture from parcel to parcel; a bench holds them. Controls can be asked while another
program takes pictures.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from edge.errors import DeviceError

_QUERYCAP, _G_CTRL, _S_CTRL, _QUERYCTRL = 0x80685600, 0xC008561B, 0xC008561C, 0xC0445624
_CAPABILITY = struct.Struct("@16s32s32sIII3I")
_CONTROL = struct.Struct("@Ii")
_QUERY = struct.Struct("@II32siiiiI2I")
_DISABLED = 0x1
IDS = {
    "brightness": 0x00980900, "contrast": 0x00980901, "saturation": 0x00980902, "auto_white_balance": 0x0098090C,
    "gain": 0x00980913, "power_line_frequency": 0x00980918, "white_balance_k": 0x0098091A, "sharpness": 0x0098091B,
    "auto_exposure": 0x009A0901, "exposure": 0x009A0902, "focus": 0x009A090A, "auto_focus": 0x009A090C,
}  # fmt: skip
AUTO_EXPOSURE_OFF = 1  # V4L2_EXPOSURE_MANUAL; 3 is aperture priority, the usual automatic of a USB camera
_ORDER = ("auto_focus", "auto_exposure", "auto_white_balance")  # an automatic is ended before its value is set

Ioctl = Callable[[int, int, bytes], bytes]


@dataclass(frozen=True, slots=True)
class Control:
    """One control as the camera has it now, in the camera's own units (exposure in 100 microseconds)."""

    value: int
    least: int
    most: int
    usual: int


@dataclass(frozen=True, slots=True)
class CameraState:
    """What a V4L2 camera says of itself. `identity` stays while the same camera is at the same plug."""

    identity: str  # driver, card and bus
    controls: Mapping[str, Control]

    def loose(self) -> tuple[str, ...]:
        """The automatics that are on."""
        on = []
        for name in _ORDER:
            control = self.controls.get(name)
            off = AUTO_EXPOSURE_OFF if name == "auto_exposure" else 0
            if control is not None and control.value != off:
                on.append(name)
        return tuple(on)


def locked(state: CameraState) -> dict[str, int]:
    """The controls that hold what the camera has found by itself."""
    held = {name: AUTO_EXPOSURE_OFF if name == "auto_exposure" else 0 for name in state.loose()}
    for automatic, name in (("auto_focus", "focus"), ("auto_exposure", "exposure")):
        if automatic in held and name in state.controls:
            held[name] = state.controls[name].value
    if "auto_white_balance" in held and "white_balance_k" in state.controls:
        held["white_balance_k"] = state.controls["white_balance_k"].value
    return held


def state_of(path: str, ioctl: Ioctl = fcntl.ioctl) -> CameraState:
    """What the camera at `path` says of itself.

    Raises:
        DeviceError: `device_gone`, it cannot be opened or is no V4L2 device.
    """
    with _opened(path) as device:
        try:
            told = _CAPABILITY.unpack(ioctl(device, _QUERYCAP, bytes(_CAPABILITY.size)))
        except OSError as error:
            raise _gone(path, error) from error
        identity = " ".join(part.split(b"\0")[0].decode("utf-8", "replace") for part in told[:3])
        return CameraState(identity, dict(_controls(device, ioctl)))


def _controls(device: int, ioctl: Ioctl) -> Iterator[tuple[str, Control]]:
    for name, number in IDS.items():
        query = _QUERY.pack(number, 0, b"", 0, 0, 0, 0, 0, 0, 0)
        try:
            _, _, _, least, most, _, usual, flags, _, _ = _QUERY.unpack(ioctl(device, _QUERYCTRL, query))
            _, value = _CONTROL.unpack(ioctl(device, _G_CTRL, _CONTROL.pack(number, 0)))
        except OSError:  # the camera has no such control
            continue
        if not flags & _DISABLED:
            yield name, Control(value, least, most, usual)


def set_controls(path: str, values: Mapping[str, int], ioctl: Ioctl = fcntl.ioctl) -> None:
    """Set controls by name, the automatics first.

    Raises:
        DeviceError: `device_gone`, it cannot be opened; `device_control`, it does not take a value.
    """
    with _opened(path) as device:
        for name in sorted(values, key=lambda one: (one not in _ORDER, one)):
            try:
                ioctl(device, _S_CTRL, _CONTROL.pack(IDS[name], values[name]))
            except OSError as error:
                raise DeviceError(
                    "device_control",
                    f"The camera at {path!r} must take {name}={values[name]}, got: {error.strerror}.",
                    hint="`sekisho doctor` lists the controls that it has.",
                ) from error


@contextmanager
def _opened(path: str) -> Iterator[int]:
    try:
        device = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _gone(path, error) from error
    try:
        yield device
    finally:
        os.close(device)


def _gone(path: str, error: OSError) -> DeviceError:
    return DeviceError(
        "device_gone",
        f"The camera at {path!r} must be a V4L2 device, got: {error.strerror}.",
        hint="Check the cable and the address.",
    )
