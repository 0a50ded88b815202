"""Memory: how much is free, how long work waits for it, and whether the kernel had to end a process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from edge.examination import Sign, State
from provisioning.doctor import kernel

LEAST_TOTAL_MB = 900  # a board of 1 GB, less what its firmware keeps
LEAST_FREE = 0.15
MOST_WAITING = 10.0  # per cent of the last five minutes
_FEWER = "Set SEKISHO_WORKERS=1, or use a board with more memory."


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes; `waiting` is the share of the last five minutes in which some work waited for memory, per cent."""

    total_mb: float | None
    free_mb: float | None
    waiting: float | None = None
    killed: int | None = None  # processes that the kernel ended for memory since the start


def read(root: Path) -> Memory:
    """What the kernel says now."""
    info = kernel.table(root / "proc/meminfo")
    total, free = info.get("MemTotal"), info.get("MemAvailable")
    pressure = re.search(r"some .*avg300=([0-9.]+)", kernel.text(root / "proc/pressure/memory") or "")
    return Memory(
        None if total is None else total / 1000,
        None if free is None else free / 1000,
        float(pressure[1]) if pressure else None,
        kernel.table(root / "proc/vmstat").get("oom_kill"),
    )


def judged(memory: Memory) -> Sign:
    """The sign "memory"."""
    expected = (
        f"{LEAST_FREE:.0%} free, no process ended by the kernel, work waits below {MOST_WAITING:.0f} % of the time"
    )
    if memory.total_mb is None or memory.free_mb is None:
        return Sign("memory", State.UNKNOWN, "/proc/meminfo is hidden", expected, "Run it outside of a sandbox.")
    value = f"{memory.free_mb:.0f} of {memory.total_mb:.0f} MB free"
    if memory.killed:
        value += f", {memory.killed} processes ended by the kernel since the start"
    if memory.waiting is not None and memory.waiting >= MOST_WAITING:
        value += f", work waited {memory.waiting:.0f} % of five minutes"
    if memory.total_mb < LEAST_TOTAL_MB or memory.killed:
        return Sign("memory", State.BROKEN if memory.killed else State.LOOK, value, expected, _FEWER)
    if memory.free_mb < memory.total_mb * LEAST_FREE or (memory.waiting or 0) >= MOST_WAITING:
        return Sign("memory", State.LOOK, value, expected, _FEWER)
    return Sign("memory", State.GOOD, value, expected)
