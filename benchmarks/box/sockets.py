"""Sockets that stay: an address that is not there yet, and degraded mode met from every side. Scenarios of `./run box`.

What is waited for on a real box is made short here by drop-ins: the start limit, and the timer of the way back.
"""

from __future__ import annotations

import json
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from benchmarks.box.container import Container
from benchmarks.box.shown import Shown
from provisioning.demo.parcels import Parcel

_WAIT_S = 90.0
_OK = 200  # HTTP
_TOKEN = "the-token-of-this-box"  # noqa: S105 - of this scenario's box
_ABSENT = "192.0.2.10"  # RFC 5737: no interface has it
_UNITS = "etc/systemd/system"
_SOCKETS = ("sekisho-web.socket", "sekisho-bench.socket", "sekisho-lan.socket")
_WEB, _DEGRADED = "sekisho-web", "sekisho-degraded"
_LIMIT_S, _AGAIN_S = 60, 65
_MOST_KILLS = 60

# A handheld that only connects: systemd sees the connection, whoever holds the socket takes it.
_CONNECTS = "import socket; socket.create_connection(('127.0.0.1', 8443), timeout=5).close()"


def address_is_absent(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """The drop-in that the socket's own file states, with an address that no interface has (yet)."""
    _on_the_lan(tree)
    _dropped_in(tree, "sekisho-web.socket", f"[Socket]\nListenStream={_ABSENT}:8080\n")
    _dropped_in(tree, "sekisho-lan.socket", f"[Socket]\nListenStream=\nListenStream={_ABSENT}:8443\n")
    with Container(tree) as box:
        status, told = box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        yield Shown(f"without {_ABSENT} the bench is ready", kept=status == _OK, detail=str(told))
        yield _holds(box, "and every socket listens", *_SOCKETS)
        yield Shown("scans by hand are recorded", kept=_scanned(box))


def degrades(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """The web service is killed until it is given up; then somebody connects, restarts, repairs."""
    _on_the_lan(tree)
    _dropped_in(tree, "sekisho-web.service", f"[Unit]\nStartLimitIntervalSec={_LIMIT_S}\n")
    _dropped_in(tree, "sekisho-full.timer", f"[Timer]\nOnActiveSec=\nOnActiveSec={_AGAIN_S}\n")
    with Container(tree) as box:
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        _give_up(box)
        yield _holds(box, "killed again and again, the web service gives way to degraded mode", _DEGRADED, *_SOCKETS)
        yield Shown("in which scans are recorded", kept=_scanned(box))
        box.replaced(_DEGRADED, box.signalled(_DEGRADED, signal.SIGKILL))
        yield Shown("also after kill -9 of degraded mode itself", kept=_scanned(box))
        box.run("python3", "-c", _CONNECTS)
        time.sleep(1.0)
        yield _holds(box, "a connection from the LAN ends nothing", _DEGRADED, *_SOCKETS)
        box.run("systemctl", "restart", _WEB, check=False)
        yield Shown("a restart too soon: scans are recorded", kept=_scanned(box))
        yield _holds(box, "and degraded mode goes on", _DEGRADED)
        box.run("systemctl", "reset-failed", _WEB)
        box.run("systemctl", "restart", _WEB)
        yield _holds(box, "the two stated commands bring the full bench back", _WEB, *_SOCKETS)
        yield Shown("in which scans are recorded", kept=_scanned(box))
        box.run("python3", "-c", _CONNECTS)
        _give_up(box)
        yield Shown("given up once more, scans are recorded", kept=_scanned(box))
        box.run("systemctl", "restart", "sekisho.target", check=False)
        yield Shown("a restart of everything: scans are recorded", kept=_scanned(box))
        until = time.monotonic() + _AGAIN_S + _WAIT_S
        while not _is_active(box, _WEB) and time.monotonic() < until:
            time.sleep(0.5)
        yield _holds(box, "the timer has brought the full bench back", _WEB, *_SOCKETS)
        yield Shown("in which scans are recorded", kept=_scanned(box))


def _on_the_lan(tree: Path) -> None:
    token = tree / "etc/sekisho/token"
    token.write_text(_TOKEN + "\n")
    token.chmod(0o600)
    enabled = tree / _UNITS / "sekisho.target.wants"
    enabled.mkdir(parents=True, exist_ok=True)
    (enabled / "sekisho-lan.socket").symlink_to("/usr/lib/systemd/system/sekisho-lan.socket")


def _dropped_in(tree: Path, unit: str, text: str) -> None:
    place = tree / _UNITS / f"{unit}.d" / "box.conf"
    place.parent.mkdir(parents=True)
    place.write_text(text)


def _give_up(box: Container) -> None:
    """Kill the web service as soon as it starts, until degraded mode serves."""
    for _ in range(_MOST_KILLS):
        if _is_active(box, _DEGRADED):
            return
        if box.pid(_WEB):
            box.run("systemctl", "kill", f"--signal={signal.SIGKILL.name}", _WEB, check=False)
        time.sleep(0.5)


def _is_active(box: Container, unit: str) -> bool:
    return box.run("systemctl", "is-active", unit, check=False).strip() == "active"


def _holds(box: Container, what: str, *units: str) -> Shown:
    states = {unit: box.run("systemctl", "is-active", unit, check=False).strip() for unit in units}
    return Shown(what, kept=set(states.values()) == {"active"}, detail=str(states))


def _scanned(box: Container) -> bool:
    """Whether a scan is acknowledged and can be read again."""
    document = {"codes": [{"text": "09521234543213"}], "joins": False}
    known = {"Authorization": f"Bearer {_TOKEN}"}
    headers = known | {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    status, told = box.ask("/api/v1/inspections", json.dumps(document).encode(), headers, wait_s=_WAIT_S)
    return status == _OK and box.ask(f"/api/v1/inspections/{told['inspection']}", headers=known)[0] == _OK
