"""Network interfaces. A bench needs none; a box that is set to pull or to listen on a LAN does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.examination import Sign, State
from provisioning.doctor import kernel

MOST_FAULTS = 0.001  # of the packets that came


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface: whether its link is up, megabits a second where it tells, the share of damaged packets."""

    name: str
    up: bool
    mbit: int | None = None
    faults: float = 0.0


def read(root: Path) -> tuple[Interface, ...] | None:
    """Every interface but loopback; None when the kernel does not show them."""
    folder = root / "sys/class/net"
    if not folder.is_dir():
        return None
    return tuple(_interface(one) for one in sorted(folder.iterdir()) if one.is_dir() and one.name != "lo")


def _interface(folder: Path) -> Interface:
    speed = kernel.number(folder / "speed")
    came = kernel.number(folder / "statistics/rx_packets") or 0
    damaged = kernel.number(folder / "statistics/rx_errors") or 0
    up = kernel.text(folder / "operstate") in {"up", "unknown"} and kernel.text(folder / "carrier") != "0"
    return Interface(folder.name, up, speed if speed and speed > 0 else None, damaged / came if came else 0.0)


def judged(interfaces: tuple[Interface, ...] | None, *, needed: bool) -> Sign:
    """The sign "network". `needed`: the settings name something that is reached by one."""
    expected = "an interface with a link" if needed else "none is needed by these settings"
    if interfaces is None:
        return Sign("network", State.UNKNOWN, "the kernel shows none", expected, "Run it outside of a sandbox.")
    shown = ", ".join(
        f"{one.name} {'up' if one.up else 'down'}{f' {one.mbit} Mbit/s' if one.mbit and one.up else ''}"
        for one in interfaces
    )
    value = shown or "no interface"
    if bad := [one for one in interfaces if one.faults > MOST_FAULTS]:
        worst = max(bad, key=lambda one: one.faults)
        value = f"{value}; {worst.faults:.1%} of packets damaged on {worst.name}"
        return Sign("network", State.LOOK, value, expected, "Change the cable or the port; for Wi-Fi, move the box.")
    if needed and not any(one.up for one in interfaces):
        todo = "Check cable and switch. The bench inspects without; registries and results wait, or go by stick."
        return Sign("network", State.LOOK, value, expected, todo)
    return Sign("network", State.GOOD, value, expected)
