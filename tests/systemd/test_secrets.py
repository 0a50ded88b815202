"""Secrets come as files: no process of a running box has one in its arguments or its environment."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import sekisho

ROOT = Path(sekisho.__file__).parent
TOKEN = "a-marked-token-that-nobody-should-see"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[tuple[str, list[int], bytes]]:
    """A bench and its sync service, started as their units start them: address, main processes, what they wrote."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "sekisho_token").write_text(TOKEN)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SEKISHO_STATE_DIR": str(tmp_path / "state"),
        "SEKISHO_WORKERS": "1",
        "SEKISHO_PORT": "0",
        "CREDENTIALS_DIRECTORY": str(credentials),
        "ORT_DISABLE_TELEMETRY": "1",
    }
    written = tmp_path / "journal"
    with written.open("wb") as journal:
        running = [
            subprocess.Popen(
                [sys.executable, "-P", "-m", "sekisho", *arguments],
                env=environment,
                cwd=tmp_path,
                stdout=journal,
                stderr=journal,
            )
            for arguments in (["serve", "--no-devices"], ["sync", "run", "--wait"])
        ]
    try:
        yield _address(running[0].pid), [one.pid for one in running], written.read_bytes()
    finally:
        for one in running:
            one.send_signal(signal.SIGTERM)
            one.wait(60)
    assert TOKEN.encode() not in written.read_bytes()


def _address(pid: int) -> str:
    """Where a process listens, once it does: of /proc, as an operator of the box would look it up."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        mine = _opened(pid)
        for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
            parts = line.split()
            if parts[3] == "0A" and f"socket:[{parts[9]}]" in mine:
                return f"http://127.0.0.1:{int(parts[1].rpartition(':')[2], 16)}"
        time.sleep(0.05)
    raise TimeoutError(f"process {pid}: expected a listening socket within 60 s, got none")


def _opened(pid: int) -> set[str]:
    """What a process has open: it opens and closes while it is looked at."""
    found = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(str(fd.readlink()))
    return found


def _family(pids: list[int]) -> list[int]:
    """The processes and all that they started."""
    found, more = [], list(pids)
    while more:
        pid = more.pop()
        found.append(pid)
        for task in Path(f"/proc/{pid}/task").iterdir():
            more += [int(child) for child in (task / "children").read_text().split()]
    return found


def _secrets(state: Path) -> list[bytes]:
    keys = [path.read_bytes() for path in state.rglob("*.key")]
    assert keys
    return [TOKEN.encode(), *keys, *(key.hex().encode() for key in keys)]


def test_no_process_of_a_box_has_a_secret_in_its_arguments_or_environment(
    box: tuple[str, list[int], bytes], tmp_path: Path
) -> None:
    url, pids, _ = box
    assert httpx.get(f"{url}/api/v1/status", timeout=60).status_code == 401
    told = httpx.get(f"{url}/api/v1/status", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
    assert told.status_code == 200  # the token came by its file
    family = _family(pids)
    assert len(family) >= 3  # the bench, a pixel worker, sync
    secrets = _secrets(tmp_path / "state")
    for pid in family:
        shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert b"SEKISHO_STATE_DIR" in shown
        assert [secret for secret in secrets if secret in shown] == []


def test_the_units_take_the_token_as_a_file_and_refuse_it_from_the_environment() -> None:
    for name in ("web", "degraded"):
        unit = (ROOT / "systemd" / f"sekisho-{name}.service").read_text("utf-8")
        assert "\nLoadCredential=sekisho_token:/etc/sekisho/token\nSetCredential=sekisho_token:\\n\n" in unit
        assert re.search(r"^UnsetEnvironment=.*\bSEKISHO_TOKEN\b", unit, re.MULTILINE)
