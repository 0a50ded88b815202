"""Processes under measurement: the real server on a free port, and the memory of a process with all below it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from edge.settings import Settings
from edge.web.server import bound

START_PATIENCE_S = 120.0


@contextmanager
def served(
    folder: Path, edition: Path, *, stations: int = 1, workers: int = 1, cores: tuple[int, ...] = ()
) -> Iterator[tuple[str, int]]:
    """`sekisho serve` over an empty state in `folder`: its address and process id. `cores` pins it and its workers.

    Raises:
        TimeoutError: it does not answer within two minutes, or it ended.
    """
    held = bound(Settings(port=0))  # so that nobody else is given the port before the server listens there
    port = held.getsockname()[1]
    told = {
        "SEKISHO_STATE_DIR": str(folder / "state"),
        "SEKISHO_REGISTRY": str(edition),
        "SEKISHO_PORT": str(port),
        "SEKISHO_WORKERS": str(workers),
        "SEKISHO_STATIONS": json.dumps([str(number + 1) for number in range(stations)]),
    }
    server = subprocess.Popen([sys.executable, "-m", "sekisho", "serve"], env=os.environ | told)
    if cores:
        os.sched_setaffinity(server.pid, cores)  # before it has started a worker
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, server)
        yield url, server.pid
    finally:
        held.close()
        server.terminate()
        server.wait(30)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_PATIENCE_S
    while not _answers(url):
        if server.poll() is not None or time.monotonic() > until:
            raise TimeoutError(f"sekisho serve must answer within {START_PATIENCE_S:g} s, got none.")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health/ready", timeout=5).is_success
    except httpx.HTTPError:
        return False


def pss_mb(pid: int) -> float:
    """Proportional set size of a process and all below it, MB: shared pages are counted once."""
    return sum(_pss_kb(one) for one in family(pid)) / 1e3


def cpu_s(pid: int) -> float:
    """CPU seconds that a process and all below it have taken so far."""
    return sum(map(_ticks, family(pid))) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def family(pid: int) -> tuple[int, ...]:
    """A process and all below it."""
    parents = {int(entry.name): _parent(entry) for entry in Path("/proc").glob("[0-9]*")}
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return tuple(found)


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return 0


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
