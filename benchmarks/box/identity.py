"""A box whose keys are sealed by the real systemd-creds, and which shows handhelds its certificate on the LAN."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

from benchmarks.box.container import Container
from benchmarks.box.shown import Shown
from provisioning.demo.parcels import Parcel

_WAIT_S = 90.0
_OK = 200  # HTTP
_STATE = "/var/lib/sekisho"
_NAME = "bench-1.local"

# A handheld that was paired: it trusts the box's authority and nobody else.
_HANDHELD = """
import pathlib, socket, ssl, sys, time
context = ssl.create_default_context(cafile="/var/lib/sekisho/site/authority.pem")
until = time.monotonic() + 30
while True:
    try:
        line = context.wrap_socket(socket.create_connection(("127.0.0.1", 8443)), server_hostname=sys.argv[1])
        break
    except ConnectionError:
        if time.monotonic() > until:
            raise
        time.sleep(0.1)
    except ssl.SSLCertVerificationError as error:
        print("refused:", error.verify_message)
        sys.exit()
token = pathlib.Path("/etc/sekisho/token").read_text().strip()
told = [f"GET {sys.argv[2]} HTTP/1.1", f"Host: {sys.argv[1]}", f"Authorization: Bearer {token}", "Connection: close"]
line.sendall("\\r\\n".join([*told, "", ""]).encode())
print(line.recv(100).split(b"\\r\\n")[0].decode())
"""


def keeps_its_identity(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """Keys from file to credential and back under a bench that goes on; TLS for a handheld that was paired."""
    with Container(tree) as box:
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        before = _scan(box)
        key = box.run("sha256sum", f"{_STATE}/storage.key").split()[0]
        told = _sekisho(box, "provision", "seal")
        yield Shown("keys are sealed", kept="storage key: sealed to this box's host key" in told, detail=told)
        left = box.run("sh", "-c", f"ls {_STATE} | grep 'key$' || true").split()
        yield Shown("no key lies in a file", kept=left == [], detail=str(left))
        status, ready = box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        yield Shown("the bench works with the sealed key", kept=status == _OK, detail=str(ready))
        after = _scan(box)
        yield Shown("it inspects before and after", kept=bool(before and after and before != after))
        audited = _sekisho(box, "verify")
        yield Shown("root's commands read what is sealed with it", kept="chain whole" in audited, detail=audited)
        units = box.run(
            "sh", "-c", "systemctl start sekisho-audit sekisho-selftest; systemctl --failed --plain --no-legend"
        ).strip()
        said = box.run("journalctl", "--lines=40", "--output=cat", "--no-pager") if units else ""
        yield Shown("no unit has failed", kept=not units, detail=units + said[-800:])
        told = _sekisho(box, "provision", "unseal")
        same = box.run("sha256sum", f"{_STATE}/storage.key").split()[0] == key
        yield Shown("unsealed it is the key it was", kept=same, detail=told)
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        yield from _serves_the_lan(box)


def _serves_the_lan(box: Container) -> Iterator[Shown]:
    told = _sekisho(box, "provision", "site-ca", _NAME, "192.0.2.10")
    yield Shown("an authority is made", kept="SHA-256 of the authority: " in told, detail=told)
    box.run("sh", "-c", "umask 077; head -c 24 /dev/urandom | base64 > /etc/sekisho/token")
    box.run("systemctl", "enable", "sekisho-lan.socket")
    box.run("systemctl", "restart", "sekisho.target")
    for name, expected in ((_NAME, "HTTP/1.1 200 OK"), ("bank.example", "refused: Hostname mismatch")):
        seen = box.run("python3", "-c", _HANDHELD, name, "/api/v1/status").strip()
        yield Shown(f"a handheld that asks for {name}: {expected}", kept=seen.startswith(expected), detail=seen)
    renewed = box.run("sh", "-c", "systemctl start sekisho-renew && journalctl -u sekisho-renew -o cat --no-pager")
    yield Shown("the renewal runs in its sandbox", kept="not due" in renewed, detail=renewed)


def _sekisho(box: Container, *words: str) -> str:
    return box.run("/usr/bin/sekisho", *words)


def _scan(box: Container) -> str:
    document = {"codes": [{"text": "]C1010952123454321321A1"}], "joins": False}
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    status, told = box.ask("/api/v1/inspections", json.dumps(document).encode(), headers)
    return str(told["inspection"]) if status == _OK else ""
