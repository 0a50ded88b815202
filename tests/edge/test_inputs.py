"""Devices at work: what they bring is inspected, and tried again while the box cannot do its part."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import serial

from edge import inputs
from edge.arrival import Arrival
from edge.errors import AccessRefused, LedgerError
from edge.settings import Settings


class CountingBench:
    """A bench at the port's other side: it notes what arrives, and refuses as often as it is told to."""

    def __init__(self, refusals: int = 0) -> None:
        self.arrived: list[Arrival] = []
        self.refusals = refusals

    def inspect(self, arrival: Arrival) -> object:
        if self.refusals:
            self.refusals -= 1
            raise LedgerError("ledger_full", "Expected room for a row, got none.")
        self.arrived.append(arrival)
        return type("Answer", (), {"inspection": "i-1"})()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def settings(**changes: object) -> Settings:
    return Settings(**changes)  # type: ignore[arg-type]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when a serial line has been opened: pyserial flushes it then, and what came before is nobody's scan."""
    told, open_line = threading.Event(), serial.serial_for_url

    def opening(*words: Any, **options: Any) -> serial.Serial:
        line = open_line(*words, **options)
        told.set()
        return line

    monkeypatch.setattr(serial, "serial_for_url", opening)
    return told


def test_a_serial_scan_reaches_the_bench_with_its_separator(
    opened: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, line = os.openpty()
    bench: Any = CountingBench(refusals=1)  # the disk is full once: the scan is not lost
    monkeypatch.setattr(inputs, "_RETRY_S", 0.05)
    with inputs.listening(bench, settings(scanner=os.ttyname(line))):
        assert opened.wait(60)
        os.write(master, b"]d20109521104001300\x1d21AB\r\n")
        until(lambda: bool(bench.arrived))
    os.close(master)
    os.close(line)
    assert bench.arrived[0].codes[0].payload == b"]d20109521104001300\x1d21AB"
    assert bench.arrived[0].station == "1"


def test_a_desk_card_is_carried_out_and_is_no_arrival(opened: threading.Event) -> None:
    master, line = os.openpty()
    bench: Any = CountingBench()
    cards: list[tuple[str, str]] = []
    bench.card = lambda station, code: cards.append((station, code))
    with inputs.listening(bench, settings(scanner=os.ttyname(line))):
        assert opened.wait(60)
        os.write(master, b"]C0SEKIXRBCDEFGHI\r\n")
        until(lambda: bool(cards))
    os.close(master)
    os.close(line)
    assert cards == [("1", "SEKIXRBCDEFGHI")]
    assert bench.arrived == []


def test_a_badge_signs_in_at_the_station_and_is_no_arrival_and_no_line_of_the_log(
    opened: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    master, line = os.openpty()
    bench: Any = CountingBench()
    badges: list[tuple[str, str]] = []

    def badge(station: str, code: str, _source: str) -> None:
        badges.append((station, code))
        raise AccessRefused("access_badge", "Expected a badge of this box, got one that is nobody's here.")

    bench.badge = badge
    with inputs.listening(bench, settings(scanner=os.ttyname(line))):
        assert opened.wait(60)
        os.write(master, b"]C0SEKI012345678901234567890123\r\n0109521104001300\r\n")
        until(lambda: bool(bench.arrived))
    os.close(master)
    os.close(line)
    assert badges == [("1", "SEKI012345678901234567890123")]
    assert [code.payload for code in bench.arrived[0].codes] == [b"0109521104001300"]
    assert "012345678901234567890123" not in caplog.text
    assert "a badge was refused: access_badge" in caplog.text


def test_a_scan_takes_a_picture_with_it(opened: threading.Event, tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"\xff\xd8picture")
    master, line = os.openpty()
    bench: Any = CountingBench()
    with inputs.listening(bench, settings(scanner=os.ttyname(line), camera=str(tmp_path))):
        assert opened.wait(60)
        os.write(master, b"4006381333931\r")
        until(lambda: len(bench.arrived) == 2)
    os.close(master)
    os.close(line)
    assert bench.arrived[1].inspection == "i-1"
    assert bench.arrived[1].pictures[0].data == b"\xff\xd8picture"


def test_a_picture_in_the_folder_is_inspected_and_moved(tmp_path: Path) -> None:
    bench: Any = CountingBench()
    with inputs.listening(bench, settings(watch_folder=tmp_path)):
        (tmp_path / "parcel.jpg").write_bytes(b"\xff\xd8" + b"x" * 100)
        until(lambda: (tmp_path / "done").is_dir() and any((tmp_path / "done").iterdir()))
    assert len(bench.arrived) == 1
    assert threading.active_count() >= 1
