"""One contract for every Scanner: real adapters, pseudo-terminals and pipes in place of cables."""

from __future__ import annotations

import os
import pty
import tty
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from edge.devices.scanner_evdev import EvdevScanner
from edge.devices.scanner_replay import ReplayScanner
from edge.devices.scanner_serial import SerialScanner
from edge.devices.scanner_stdin import StreamScanner
from edge.errors import DeviceError
from tests.edge.devices.typing_gun import typed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edge.ports import Scanner

PATIENCE_S = 60.0
MESSAGES = (
    b"]d2010952123454321321A7\x1d10LOT-b",
    "]Q3\u6771\u4eac".encode("shift_jis"),
    b"96385074",
    b"\x00\x1d\x1e\x04 \t",
)
TYPED = (b"]d2010952123454321321A7\x1d10LOT-b", b"HTTPS://id.Example.org/01/09521234543213?17=261231", b"96385074")


@dataclass
class Rig:
    """A scanner whose cable carries MESSAGES, and what unplugs it."""

    scanner: Scanner
    unplug: Callable[[], None] = field(default=lambda: None)
    messages: tuple[bytes, ...] = MESSAGES


def _serial(stack: ExitStack, _: Path, messages: tuple[bytes, ...]) -> Rig:
    cable, device = pty.openpty()
    tty.setraw(device)
    stack.callback(_close, device)
    stack.callback(_close, cable)
    scanner = SerialScanner(os.ttyname(device), name="gun")
    assert scanner.read(0.01) is None  # the line is open; what came before is nobody's scan
    os.write(cable, b"\r\n".join((*messages, b"")))

    def unplug() -> None:
        _close(device)
        _close(cable)

    return Rig(scanner, unplug)


def _pipe(stack: ExitStack, _: Path, messages: tuple[bytes, ...]) -> Rig:
    out, into = os.pipe()
    stack.callback(_close, out)
    os.write(into, b"\n".join((*messages, b"")))
    os.close(into)
    return Rig(StreamScanner(out))


def _file(_: ExitStack, folder: Path, messages: tuple[bytes, ...]) -> Rig:
    path = folder / "codes.txt"
    path.write_bytes(b"\r".join(messages))
    return Rig(StreamScanner.of_file(path))


def _replay(_: ExitStack, __: Path, messages: tuple[bytes, ...]) -> Rig:
    return Rig(ReplayScanner(messages))


def _keyboard(stack: ExitStack, folder: Path, _: tuple[bytes, ...]) -> Rig:
    """A pipe in place of the event device, its events as the kernel would write them."""
    path = folder / "event0"
    os.mkfifo(path)
    stack.callback(_close, cable := os.open(path, os.O_RDWR))
    scanner = EvdevScanner(str(path), name="gun", ioctl=lambda *_: 0)
    assert scanner.read(0.01) is None
    os.write(cable, b"".join(typed(message + b"\r") for message in TYPED))

    def unplug() -> None:
        scanner.close()
        path.unlink()

    return Rig(scanner, unplug, TYPED)


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return


MAKERS = {"serial": _serial, "standard input": _pipe, "file": _file, "replay": _replay, "keyboard": _keyboard}


@pytest.fixture(params=MAKERS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    with ExitStack() as stack:
        made = MAKERS[request.param](stack, tmp_path, MESSAGES)
        yield made
        made.scanner.close()


def _read(scanner: Scanner) -> bytes:
    scan = scanner.read(PATIENCE_S)
    assert scan is not None
    return scan.payload


def test_messages_come_in_order_byte_for_byte_without_terminators(rig: Rig) -> None:
    assert tuple(_read(rig.scanner) for _ in rig.messages) == rig.messages


def test_every_scan_names_its_scanner(rig: Rig) -> None:
    scan = rig.scanner.read(PATIENCE_S)
    assert scan is not None
    assert scan.source == f"scanner:{rig.scanner.name}"


def test_an_unplugged_or_ended_scanner_raises_a_device_error_with_a_hint(rig: Rig) -> None:
    for _ in rig.messages:
        _read(rig.scanner)
    rig.unplug()
    with pytest.raises(DeviceError) as caught:
        rig.scanner.read(PATIENCE_S)
    assert caught.value.code in {"device_gone", "device_ended"}
    assert caught.value.hint


def test_close_may_be_called_twice(rig: Rig) -> None:
    rig.scanner.close()
    rig.scanner.close()
