"""A grabbed keyboard scanner: a named pipe stands for the event device, the ioctl is injected."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.keyboard import Keyboard
from edge.devices.scanner_evdev import EV_KEY, EV_SYN, EVENT, EVIOCGRAB, PRESSED, SYN_DROPPED, EvdevScanner
from edge.errors import DeviceError
from tests.edge.devices.typing_gun import event, stroke, typed


class Cable:
    """The kernel's end of an event device."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[tuple[int, int]] = []
        self.plug()

    def plug(self) -> None:
        os.mkfifo(self.path)
        self.end = os.open(self.path, os.O_RDWR)

    def unplug(self) -> None:
        os.close(self.end)
        self.path.unlink()

    def ioctl(self, _: int, request: int, value: int) -> int:
        self.asked.append((request, value))
        return 0

    def scanner(self) -> EvdevScanner:
        return EvdevScanner(str(self.path), ioctl=self.ioctl)


@pytest.fixture
def cable(tmp_path: Path) -> Cable:
    return Cable(tmp_path / "event0")


def read(scanner: EvdevScanner) -> bytes | None:
    scan = scanner.read(0.2)
    return scan.payload if scan else None


def test_the_device_is_grabbed_before_the_first_key_is_read(cable: Cable) -> None:
    scanner = cable.scanner()
    assert read(scanner) is None
    assert cable.asked == [(EVIOCGRAB, 1)]
    os.write(cable.end, typed(b"]d2010952123454321321A7\x1d10L\r"))
    assert read(scanner) == b"]d2010952123454321321A7\x1d10L"
    scanner.close()


def test_a_scanner_that_another_program_holds_is_told(cable: Cable) -> None:
    def taken(*_: int) -> int:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    with pytest.raises(DeviceError) as caught:
        EvdevScanner(str(cable.path), ioctl=taken).read(0.1)
    assert (caught.value.code, str(caught.value)) == (
        "device_taken",
        f"The scanner at {str(cable.path)!r} must be grabbed by this program alone, got: Device or resource busy.",
    )


def test_a_scanner_that_is_pulled_out_and_put_back_goes_on_without_its_half_message(cable: Cable) -> None:
    scanner = cable.scanner()
    assert read(scanner) is None
    os.write(cable.end, typed(b"HALF"))
    assert read(scanner) is None
    cable.unplug()
    with pytest.raises(DeviceError) as caught:
        scanner.read(0.2)
    assert caught.value.code == "device_gone"
    with pytest.raises(DeviceError) as gone:
        scanner.read(0.2)
    assert str(gone.value) == (
        f"The scanner at {str(cable.path)!r} must be an event device that can be opened, got: "
        "No such file or directory."
    )
    cable.plug()
    assert read(scanner) is None
    os.write(cable.end, typed(b"WHOLE\r"))
    assert read(scanner) == b"WHOLE"
    assert cable.asked == [(EVIOCGRAB, 1)] * 2
    scanner.close()


def test_after_lost_events_the_torn_message_is_dropped_and_the_next_is_whole(cable: Cable) -> None:
    scanner = cable.scanner()
    assert read(scanner) is None
    os.write(cable.end, typed(b"0952") + event(EV_SYN, SYN_DROPPED, 0) + typed(b"43213\r96385074\r"))
    assert read(scanner) == b"96385074"
    assert read(scanner) is None
    scanner.close()


def test_the_kernels_repeats_are_no_keys_of_a_scanner(cable: Cable) -> None:
    scanner = cable.scanner()
    assert read(scanner) is None
    repeats = event(EV_KEY, 2, PRESSED) + event(EV_KEY, 2, 2) * 9 + event(EV_KEY, 2, 0)
    os.write(cable.end, repeats + stroke(28))
    assert read(scanner) == b"1"
    scanner.close()


def test_alt_and_digits_spell_a_byte() -> None:
    keyboard = Keyboard()
    came = keyboard.press(56) + b"".join(keyboard.press(key) + keyboard.release(key) for key in (82, 80, 73))
    assert came + keyboard.release(56) == b"\x1d"
    assert keyboard.press(56) + keyboard.release(56) == b""


@given(st.binary(max_size=400), st.lists(st.integers(1, 60), max_size=20))
def test_no_events_break_it_and_pieces_of_any_size_mean_the_same(noise: bytes, cuts: list[int]) -> None:
    stream = noise[: len(noise) // EVENT.size * EVENT.size] + stroke(28) * 2 + typed(b"96385074\r")
    whole, pieces = EvdevScanner("none"), EvdevScanner("none")
    whole._take(stream)
    at = 0
    for cut in cuts:
        pieces._take(stream[at : at + cut])
        at += cut
    pieces._take(stream[at:])
    assert pieces._waiting == whole._waiting
