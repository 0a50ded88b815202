"""The units: systemd itself reads them, judges their sandboxes, and starts the bench by its socket."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import sekisho
from edge.settings import Settings
from edge.web.server import bound

UNITS = Path(sekisho.__file__).parent / "systemd"
EXPOSURE = {
    "web": 3,
    "degraded": 3,
    "devices": 10,
    "sync": 13,
    "audit": 10,
    "selftest": 10,
    "renew": 10,
    "firewall": 24,
    "first-boot": 18,
    "enrol": 13,
    "seal": 18,
    "trial": 11,
    "update": 18,
}  # tenths, at most

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is absent: its units are not verified"
)


@needs_systemd
@pytest.mark.parametrize("name", sorted(EXPOSURE))
def test_the_sandbox_of_each_service_is_as_tight_as_promised(name: str) -> None:
    unit = UNITS / f"sekisho-{name}.service"
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={EXPOSURE[name]}",
        "--no-pager",
        str(unit),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-400:]


@needs_systemd
def test_systemd_finds_nothing_wrong_in_the_units(tmp_path: Path) -> None:
    for unit in UNITS.iterdir():
        text = re.sub(r"/opt/sekisho/bin/[a-z-]+", "/bin/true", unit.read_text(encoding="utf-8"))
        text = text.replace("/usr/sbin/nft ", "/bin/true ")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    units = sorted(str(path) for path in tmp_path.iterdir() if path.suffix in {".service", ".socket", ".timer"})
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    said = [line for line in done.stderr.splitlines() if "sekisho" in line]
    assert said == []


def test_a_call_that_is_not_allowed_is_refused_and_ends_no_service() -> None:
    for unit in UNITS.glob("*.service"):
        told = re.findall("^SystemCallErrorNumber=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
        assert told == ["EPERM"], unit.name


def test_no_service_waits_for_a_network() -> None:
    for unit in UNITS.glob("*.service"):
        orders = re.findall("^(?:After|Requires|Wants|BindsTo)=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
        assert orders
        waited = " ".join(orders).replace("network-pre.target", "")  # before any network: the packet filter
        assert "network" not in waited, unit.name


def test_every_socket_belongs_to_the_full_bench_and_to_degraded_mode() -> None:
    sockets = {path.name for path in UNITS.glob("*.socket")}
    for name in ("web", "degraded"):
        unit = (UNITS / f"sekisho-{name}.service").read_text(encoding="utf-8")
        told = re.findall("^Sockets=(.*)$", unit, re.MULTILINE)
        assert set(" ".join(told).split()) == sockets, name


def test_no_socket_waits_for_its_address() -> None:
    for unit in UNITS.glob("*.socket"):
        text = unit.read_text(encoding="utf-8")
        if re.search("^ListenStream=[^/]", text, re.MULTILINE):
            assert "\nFreeBind=yes\n" in text, unit.name
            assert "\nReusePort=yes\n" in text, unit.name


def test_the_packet_filter_comes_before_any_network_and_the_lan_is_closed_without_it() -> None:
    firewall = (UNITS / "sekisho-firewall.service").read_text(encoding="utf-8")
    assert "\nWants=network-pre.target\n" in firewall
    for name in ("lan", "datawedge"):
        unit = (UNITS / f"sekisho-{name}.socket").read_text(encoding="utf-8")
        (guard,) = re.findall(r"^ExecStartPre=/bin/sh -c '(.*)'$", unit, re.MULTILINE)
        assert guard == "! test -e /etc/sekisho/firewall.nft || nft list table inet sekisho >/dev/null"
        assert f"\nConditionPathIsSymbolicLink=/etc/systemd/system/sekisho.target.wants/sekisho-{name}.socket\n" in unit


@pytest.fixture
def notify(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's end of the line."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(60)
        yield line


@pytest.mark.skipif(
    shutil.which("systemd-socket-activate") is None, reason="systemd is absent: socket activation is not tested"
)
def test_the_bench_starts_at_the_first_connection_and_says_that_it_is_ready(
    tmp_path: Path, notify: socket.socket
) -> None:
    held = bound(Settings(port=0))  # nobody else is given the port before systemd listens there
    port = held.getsockname()[1]
    environment = {
        "SEKISHO_STATE_DIR": str(tmp_path / "state"),
        "SEKISHO_WORKERS": "1",
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "900000",
        "PYTHONPATH": str(UNITS.parent),
    }
    handed = [f"--setenv={name}={value}" for name, value in environment.items()]
    command = ["systemd-socket-activate", f"--listen=127.0.0.1:{port}", *handed, sys.executable, "-m", "sekisho"]
    bench = subprocess.Popen([*command, "serve"], stderr=subprocess.DEVNULL, cwd=tmp_path)
    try:
        url = f"http://127.0.0.1:{port}/api/v1/health/live"
        until = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(url, timeout=60) as answer:
                    assert json.load(answer) == {"status": "ok"}
                break
            except OSError:  # not listening yet
                assert time.monotonic() < until
                time.sleep(0.05)
        assert notify.recv(200) == b"READY=1"
        alive = notify.recv(400).decode()
        assert alive.startswith("WATCHDOG=1\nSTATUS=rehearsed in ")
        bench.send_signal(signal.SIGTERM)
        while notify.recv(400) != b"STOPPING=1":
            pass
        assert bench.wait(60) == -signal.SIGTERM  # uvicorn ends in order, then by the signal that asked for it
    finally:
        held.close()
        bench.kill()
        bench.wait()


def test_what_systemd_opens_as_root_lies_where_no_service_writes() -> None:
    """It follows links (systemd.exec(5), StandardInput=file:, LoadCredential=): none may come from the bench's user."""
    found = list[str]()
    for unit in UNITS.glob("*.service"):
        for line in unit.read_text("utf-8").splitlines():
            if line.startswith(
                ("StandardInput=file:", "LoadCredential=", "EnvironmentFile=", "ExecStartPost=+/bin/rm")
            ):
                found += [word for word in re.findall(r"/[\w./-]+", line) if not word.startswith("/bin/")]
    assert "/etc/sekisho/enrolment.token" in found
    assert [place for place in found if not place.startswith("/etc/sekisho/")] == []
