"""The clock, how far it may be believed, and the battery clock that carries it over a power cut."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edge.examination import Sign, State
from edge.moment import ClockTrust, Moment
from provisioning.doctor import kernel

MOST_APART_S = 60.0
LEAST_BATTERY_V = 2.4  # of a lithium cell at a Pi 5; without a cell the input floats near zero
_FIT = "Fit a battery clock (on a Pi 5: the cell at the plug J5), or make sure of a time service."


@dataclass(frozen=True, slots=True)
class BatteryClock:
    """The first battery clock: its name, seconds since 1970, and its battery where the board measures it."""

    name: str
    seconds: int | None
    battery_v: float | None = None


def read(root: Path) -> BatteryClock | None:
    """The battery clock; None when the board has none."""
    for clock in sorted((root / "sys/class/rtc").glob("rtc*")):
        battery = next((found for found in (clock / "battery_voltage", clock / "device/battery_voltage")
                        if found.exists()), None)  # fmt: skip
        volts = kernel.number(battery) if battery else None
        name = kernel.text(clock / "name") or clock.name
        return BatteryClock(name, kernel.number(clock / "since_epoch"), None if volts is None else volts / 1e6)
    return None


def judged(moment: Moment, battery: BatteryClock | None, read_at: datetime) -> tuple[Sign, ...]:
    """The signs "clock" and "battery clock". `read_at` is the system's time when the battery clock was read."""
    return _clock(moment), _battery(moment, battery, read_at)


def _clock(moment: Moment) -> Sign:
    value = f"{moment.utc:%Y-%m-%d %H:%M:%S} UTC, {moment.trust}"
    expected = "disciplined by a time service"
    if moment.trust is ClockTrust.UNTRUSTED:
        todo = "Set the clock: timedatectl set-time 'YYYY-MM-DD HH:MM:SS'. Results keep their order meanwhile."
        return Sign("clock", State.BROKEN, value, expected, todo)
    if moment.trust is ClockTrust.FLOOR:
        todo = "Compare it with a watch. Where a time service can be reached: timedatectl set-ntp true."
        return Sign("clock", State.LOOK, value, expected, todo)
    return Sign("clock", State.GOOD, value, expected)


def _battery(moment: Moment, battery: BatteryClock | None, read_at: datetime) -> Sign:
    part, expected = "battery clock", f"within {MOST_APART_S:.0f} s of the system's clock, with a battery"
    if battery is None:
        return Sign(part, State.LOOK, "none: the time is lost with the power", expected, _FIT)
    if battery.battery_v is not None and battery.battery_v < LEAST_BATTERY_V:
        return Sign(part, State.LOOK, f"{battery.name}: battery at {battery.battery_v:.1f} V", expected, _FIT)
    if battery.seconds is None:
        return Sign(part, State.BROKEN, f"{battery.name} does not answer", expected, "Change the battery clock.")
    apart = battery.seconds - read_at.timestamp()
    value = f"{battery.name}: {apart:+.0f} s"
    if battery.battery_v is not None:
        value += f", battery at {battery.battery_v:.1f} V"
    if abs(apart) <= MOST_APART_S:
        return Sign(part, State.GOOD, value, expected)
    if moment.trust is ClockTrust.SYNCED:
        return Sign(
            part, State.LOOK, value, expected, "Set it from the system: hwclock --systohc. Look again tomorrow."
        )
    return Sign(part, State.LOOK, value, expected, "One of the two is wrong: set the clock, then hwclock --systohc.")
