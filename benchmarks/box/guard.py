"""What of a running box can be seen by somebody who should not: its listeners, its processes, its journal."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

from benchmarks.box.container import Container
from benchmarks.box.shown import Shown
from provisioning.demo.parcels import Parcel

_WAIT_S = 90.0
_TOKEN = "a-marked-token-that-nobody-should-see"  # noqa: S105 - of this scenario's box
_MARK = "Xq7Zmarked"
_REFUSED, _OK = 401, 200  # HTTP
_INTENDED = ["/run/sekisho/bench.sock sekisho:sekisho-devices 0o660", "tcp 127.0.0.1:8080"]

# Every listener of ours with the numbers of the kernel (proc(5)), and every process that has a secret where all can see
_SEEN = """
import grp, json, os, pathlib, pwd, socket, struct, sys
secrets = [text.encode() for text in json.load(sys.stdin)]
secrets += [path.read_bytes() for path in pathlib.Path("/var/lib/sekisho").rglob("*.key")]
listening = []
for name, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07"), ("raw", "07"), ("raw6", "07")):
    for line in pathlib.Path("/proc/net", name).read_text().splitlines()[1:]:
        host, _, port = line.split()[1].partition(":")
        if line.split()[3] == state:
            shown = socket.inet_ntoa(struct.pack("=I", int(host, 16))) if len(host) == 8 else "[" + host + "]"
            listening.append(f"{name} {shown}:{int(port, 16)}")
for line in pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]:
    parts = line.split()
    if len(parts) == 8 and parts[3] == "00010000" and "sekisho" in parts[7] and not parts[7].startswith("@"):
        told = os.stat(parts[7])
        owner = pwd.getpwuid(told.st_uid).pw_name + ":" + grp.getgrgid(told.st_gid).gr_name
        listening.append(f"{parts[7]} {owner} {oct(told.st_mode & 0o777)}")
telling, looked = [], 0
for process in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    except OSError:
        continue
    looked += b"sekisho" in seen
    if any(secret in seen for secret in secrets):
        telling.append(seen[:200].decode("latin-1"))
print(json.dumps({"listening": sorted(listening), "telling": telling, "looked": looked, "secrets": len(secrets)}))
"""


def guarded(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """A box with a token, one inspection with marked values, one that is refused."""
    token = tree / "etc/sekisho/token"
    token.write_text(_TOKEN + "\n")
    token.chmod(0o600)
    with Container(tree) as box:
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        yield Shown("without the token nobody is answered", kept=box.ask("/api/v1/status")[0] == _REFUSED)
        document = {"codes": [{"text": f"01095212345432132{_MARK}"}], "officer": _MARK, "joins": False}
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        known = headers | {"Authorization": f"Bearer {_TOKEN}"}
        status, told = box.ask("/api/v1/inspections", json.dumps(document).encode(), known)
        yield Shown("with it a parcel is inspected", kept=status == _OK, detail=str(told))
        box.ask(f"/api/v1/{_MARK}", json.dumps(document).encode(), headers | {"Authorization": f"Bearer {_MARK}"})
        seen = json.loads(box.run("python3", "-c", _SEEN, told=json.dumps([_TOKEN])))
        yield Shown("every listener is an intended one", kept=seen["listening"] == _INTENDED, detail=str(seen))
        looked = seen["looked"] >= 3 and seen["secrets"] >= 2  # noqa: PLR2004 - bench, devices, sync; token, storage key
        yield Shown("no process has a secret in sight", kept=looked and not seen["telling"], detail=str(seen))
        box.run("systemctl", "kill", "--signal=SIGABRT", "sekisho-web", check=False)
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        journal = box.run("journalctl", "--no-pager", "--output=cat")
        marked = [line for line in journal.splitlines() if _MARK in line or _TOKEN in line]
        yield Shown(
            "the journal holds nothing of the inspection", kept=bool(journal) and not marked, detail=str(marked)
        )
