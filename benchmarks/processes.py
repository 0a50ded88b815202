"""Processes under measurement: their memory, a port for them, and waiting until they answer."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import httpx

_PATIENCE_S = 120.0


def free_port() -> int:
    """A TCP port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree_of(pid: int) -> tuple[int, ...]:
    """A process and all its descendants."""
    parents = {int(entry.name): _parent(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return tuple(found)


def pss_mb(pid: int) -> float:
    """Proportional set size of a process and its descendants, MB: shared pages are counted once."""
    return sum(_pss_kb(one) for one in tree_of(pid)) / 1e3


def waited_for(url: str) -> None:
    """Return when `url` answers.

    Raises:
        TimeoutError: it does not, within two minutes.
    """
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        try:
            if httpx.get(url, timeout=2.0).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"{url} did not answer within {_PATIENCE_S:.0f} s.")


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
