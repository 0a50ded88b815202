"""Heat, memory, clock and network of drawn boards: each value with its sign, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edge.examination import State
from edge.moment import ClockTrust, Moment
from provisioning.doctor import clock, heat, memory, network
from tests.provisioning.doctor.trees import draw

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PI_5 = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"


def test_the_hottest_sensor_is_held_against_where_the_kernel_slows_down(tmp_path: Path) -> None:
    zones = {
        "thermal_zone0/temp": "41250",
        "thermal_zone1/temp": "78900",
        "thermal_zone1/trip_point_0_type": "critical",
    }
    zones |= {"thermal_zone1/trip_point_1_type": "passive", "thermal_zone1/trip_point_1_temp": "83000"}
    read = heat.read(draw(tmp_path, {f"sys/class/thermal/{name}": text for name, text in zones.items()}))
    assert read == heat.Heat(78.9, 83.0)
    sign = heat.judged(read)[0]
    assert (sign.state, sign.value, sign.expected) == (State.LOOK, "79 °C", "below 78 °C")
    assert heat.judged(heat.Heat(60.0))[0].state is State.GOOD
    assert heat.judged(heat.Heat(96.0))[0].state is State.BROKEN
    assert heat.judged(heat.Heat(None))[0].state is State.UNKNOWN


@pytest.mark.parametrize(
    ("told", "state", "value"),
    [
        ("0", State.GOOD, "not slowed down"),
        ("50000", State.LOOK, "since the start: the supply is too weak, slowed down"),
        ("50005", State.BROKEN, "now: the supply is too weak, slowed down"),
        ("20002", State.LOOK, "now: the clock is capped"),
    ],
)
def test_the_firmwares_word_on_throttling_is_told_in_words(tmp_path: Path, told: str, state: State, value: str) -> None:
    sign = heat.judged(heat.read(draw(tmp_path, {PI_5: told})))[1]
    assert (sign.state, sign.value) == (state, value)
    assert ("27 W" in sign.todo) == ("supply" in value)


def test_a_board_that_is_no_pi_cannot_tell_throttling(tmp_path: Path) -> None:
    sign = heat.judged(heat.read(tmp_path))[1]
    assert (sign.state, sign.value) == (State.UNKNOWN, "the firmware does not tell")


def _memory(root: Path, free_kb: int, killed: int = 0, waiting: str = "0.00") -> memory.Memory:
    files = {
        "proc/meminfo": f"MemTotal:        4000000 kB\nMemAvailable:    {free_kb} kB",
        "proc/vmstat": f"nr_free_pages 1\noom_kill {killed}",
        "proc/pressure/memory": f"some avg10=0.00 avg60=0.00 avg300={waiting} total=1\nfull avg10=0.00",
    }
    return memory.read(draw(root, files))


@pytest.mark.parametrize(
    ("read", "state", "value"),
    [
        ((3_000_000,), State.GOOD, "3000 of 4000 MB free"),
        ((300_000,), State.LOOK, "300 of 4000 MB free"),
        ((3_000_000, 2), State.BROKEN, "3000 of 4000 MB free, 2 processes ended by the kernel since the start"),
        ((3_000_000, 0, "31.4"), State.LOOK, "3000 of 4000 MB free, work waited 31 % of five minutes"),
    ],
)
def test_memory_that_runs_out_is_told(tmp_path: Path, read: tuple[Any, ...], state: State, value: str) -> None:
    sign = memory.judged(_memory(tmp_path, *read))
    assert (sign.state, sign.value) == (state, value)
    assert memory.judged(memory.read(tmp_path / "nothing")).state is State.UNKNOWN


def test_a_battery_clock_is_compared_and_its_battery_told(tmp_path: Path) -> None:
    seconds = int(NOW.timestamp())
    rtc = draw(tmp_path, {"sys/class/rtc/rtc0/name": "rpi-rtc", "sys/class/rtc/rtc0/since_epoch": str(seconds + 4)})
    moment = Moment(NOW, ClockTrust.SYNCED)
    told, sign = clock.judged(moment, clock.read(rtc), NOW)
    assert (told.state, told.value) == (State.GOOD, "2026-11-22 04:00:00 UTC, synced")
    assert (sign.state, sign.value) == (State.GOOD, "rpi-rtc: +4 s")
    draw(rtc, {"sys/class/rtc/rtc0/battery_voltage": "30000"})
    sign = clock.judged(moment, clock.read(rtc), NOW)[1]
    assert (sign.state, sign.value) == (State.LOOK, "rpi-rtc: battery at 0.0 V")
    assert "J5" in sign.todo
    far = clock.BatteryClock("rtc", seconds - 7200)
    assert clock.judged(moment, far, NOW)[1].todo == "Set it from the system: hwclock --systohc. Look again tomorrow."
    assert clock.judged(moment, None, NOW)[1].value == "none: the time is lost with the power"
    assert clock.judged(moment, clock.BatteryClock("rtc", None), NOW)[1].state is State.BROKEN


def test_a_clock_before_the_newest_signed_time_is_broken() -> None:
    sign = clock.judged(Moment(datetime(1970, 1, 1, tzinfo=UTC), ClockTrust.UNTRUSTED), None, NOW)[0]
    assert (sign.state, sign.value) == (State.BROKEN, "1970-01-01 00:00:00 UTC, untrusted")
    assert clock.judged(Moment(NOW, ClockTrust.FLOOR), None, NOW)[0].state is State.LOOK


def _interface(name: str, state: str, came: int = 1000, damaged: int = 0) -> dict[str, str]:
    here = f"sys/class/net/{name}"
    told = {"operstate": state, "carrier": "1" if state == "up" else "0", "speed": "1000"}
    told |= {"statistics/rx_packets": str(came), "statistics/rx_errors": str(damaged)}
    return {f"{here}/{name}": text for name, text in told.items()}


def test_a_network_is_asked_for_only_where_it_is_needed(tmp_path: Path) -> None:
    down = network.read(draw(tmp_path, _interface("eth0", "down") | _interface("lo", "up")))
    assert network.judged(down, needed=False).state is State.GOOD
    sign = network.judged(down, needed=True)
    assert (sign.state, sign.value) == (State.LOOK, "eth0 down")
    up = network.read(draw(tmp_path / "b", _interface("eth0", "up")))
    assert network.judged(up, needed=True).value == "eth0 up 1000 Mbit/s"
    bad = network.read(draw(tmp_path / "c", _interface("eth0", "up", damaged=40)))
    assert network.judged(bad, needed=False).value == "eth0 up 1000 Mbit/s; 4.0% of packets damaged on eth0"
    assert network.judged(network.read(tmp_path / "none"), needed=True).state is State.UNKNOWN
