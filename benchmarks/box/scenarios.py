"""What a box has to outlive, each on a tree of its own. A scenario yields what it saw; it judges nothing itself."""

from __future__ import annotations

import json
import shutil
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from urllib3.filepost import encode_multipart_formdata

from benchmarks.box.container import STICK, Container, commands_inside
from benchmarks.box.identity import keeps_its_identity
from benchmarks.box.shown import Shown
from benchmarks.box.updates import UPDATES
from edge.storage.registry_build import build
from provisioning.demo import sources
from provisioning.demo.parcels import Parcel, parcels
from provisioning.demo.photographs import photographs

READY_S, HUNG_S, RSS_MB = 3.0, 15.0, 450.0
_WAIT_S = 90.0
_OK = 200  # HTTP
_SEED = 1
_PARCEL = "watch"


Scenario = Callable[[Path, Parcel], Iterator[Shown]]


def prepared(tree: Path) -> Parcel:
    """Install the demo's registry on the box; a parcel that it knows."""
    day = datetime.now(UTC).date()
    source = tree / STICK / "source"
    edition = build(sources.write(source, sources.samples(_SEED, day), day), tree / STICK / "edition.sqlite").out
    shutil.rmtree(source)
    state = ["env", "SEKISHO_STATE_DIR=/var/lib/sekisho"]
    commands_inside(tree, [*state, "/usr/bin/sekisho", "registry", "install", f"/{STICK}/{edition.name}"])
    commands_inside(tree, ["chown", "-R", "sekisho:sekisho", "/var/lib/sekisho"])
    return next(parcel for parcel in parcels(day) if parcel.name == _PARCEL)


def boots(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """From nothing to a bench that answers durably; the memory of all units when idle."""
    with Container(tree) as box:
        status, told = box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        yield Shown("container boot to ready to inspect", time.monotonic() - box.began, READY_S)
        yield Shown("ready", kept=status == _OK, detail=str(told))
        failed = box.run("systemctl", "--failed", "--plain", "--no-legend").strip()
        yield Shown("no unit has failed", kept=not failed, detail=failed)
        yield Shown("memory of all units, idle (PSS)", box.memory_mb(), RSS_MB, "MB")
        listening = box.run("python3", "-c", _LISTENING).split("\n")[:-1]
        one = "tcp 127.0.0.1:8080"
        yield Shown(f"the only listening port is {one}", kept=listening == [one], detail=str(listening))


def inspects(tree: Path, parcel: Parcel) -> Iterator[Shown]:
    """A parcel of the demo over HTTP: its scans and its photograph."""
    with Container(tree) as box:
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        outcome = inspected(box, parcel)
        right = [one.value for one in parcel.expected.outcomes]
        yield Shown(f"the parcel '{parcel.name}' is {' or '.join(right)}", kept=outcome in right, detail=outcome)


def inspected(box: Container, parcel: Parcel) -> str:
    """Hand a parcel's scans and photograph in over HTTP; the outcome, or what came instead of one."""
    document = json.dumps({"codes": [{"text": scan.decode()} for scan in parcel.scans]})
    fields: list[Any] = [("inspection", ("inspection.json", document, "application/json"))]
    fields += [("capture", ("1.jpg", frame.data, frame.media_type)) for frame in photographs(parcel, _SEED)]
    body, kind = encode_multipart_formdata(fields)
    _, told = box.ask("/api/v1/inspections", body, {"Content-Type": kind})
    return str(told.get("verdict", {}).get("outcome", told))


def kills(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """Kill -9 of the main process of each unit that runs on and on; degraded mode's is killed in its own scenario."""
    with Container(tree) as box:
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        kept = _scan(box, "09521234543213")
        for unit in ("sekisho-web", "sekisho-devices", "sekisho-sync"):
            before = box.signalled(unit, signal.SIGKILL)
            yield Shown(f"{unit} runs again after kill -9", box.replaced(unit, before), HUNG_S)
            again = box.ask(f"/api/v1/inspections/{kept}", wait_s=_WAIT_S)[0]
            yield Shown(f"what was recorded is there after kill -9 of {unit}", kept=again == _OK)


def hangs(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """A web process and a device process that are stopped: nobody answers, nothing crashes."""
    with Container(tree) as box:
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        for unit in ("sekisho-web", "sekisho-devices"):
            before = box.signalled(unit, signal.SIGSTOP)
            yield Shown(f"{unit}, hung, is replaced by the watchdog", box.replaced(unit, before), HUNG_S)
        status, told = box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        yield Shown("the bench answers again", kept=status == _OK, detail=str(told))


def camera_is_missing(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """A camera and a scanner that the settings name and that are not there."""
    with (tree / "etc/sekisho/sekisho.env").open("a") as file:
        file.write("SEKISHO_CAMERA=/dev/video9\nSEKISHO_SCANNER=/dev/ttyACM9\n")
    with Container(tree) as box:
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        time.sleep(3.0)
        state = box.run("systemctl", "is-active", "sekisho-devices", check=False).strip()
        yield Shown("the device service goes on and tries again", kept=state == "active", detail=state)
        yield Shown("scans by hand are recorded", kept=bool(_scan(box, "09521234543213")))


def disk_is_full(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """The state's disk fills up: results go on into the reserve, and the status says so."""
    size_mb = 160
    with Container(tree, f"--tmpfs=/var/lib/sekisho:size={size_mb}M,mode=0755") as box:
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        box.run("sh", "-c", "dd if=/dev/zero of=/var/lib/sekisho/filler bs=1M 2>/dev/null || true")
        kept = [_scan(box, f"]d201095212345432132{number:03d}") for number in range(40)]
        yield Shown("40 scans on a full disk are recorded", kept=all(kept), detail=f"{sum(map(bool, kept))} of 40")
        _, told = box.ask("/api/v1/status")
        ledger = next(part for part in told["parts"] if part["name"] == "ledger")
        yield Shown(
            "the status says that the reserve is in use", kept="reserve" in ledger["detail"], detail=ledger["detail"]
        )
        read = [box.ask(f"/api/v1/inspections/{one}")[0] for one in kept]
        yield Shown("all 40 can be read", kept=read == [_OK] * 40)


def power_is_cut(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """Every process of the box ends at once while several clients post; then it boots again.

    The kernel lives on, and with it what was written and never flushed: that nothing is lost with the page cache either
    is proven by `./run faults`, whose trials named "power cut" cut the trace of a disk (benchmarks/faults/crash.py).
    """
    answered: list[str] = []
    cuts, clients = 3, 4
    for _ in range(cuts):
        with Container(tree) as box:
            box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
            posting = [box.started("python3", "-c", _POSTS) for _ in range(clients)]
            time.sleep(2.0)
            going = sum(one.poll() is None for one in posting)
            box.cut_power()
            told = [line for one in posting for line in one.communicate()[0].split("\n")[:-1]]
        answered += [line for line in told if line != "posted"]
        open_ones = told.count("posted") - (len(told) - told.count("posted"))
        yield Shown(f"{clients} clients post when the power goes", kept=going == clients, detail=str(going))
        yield Shown("and some wait for an answer", kept=open_ones > 0, detail=f"{open_ones} of {len(told)}")
    with Container(tree) as box:
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        there = box.run("python3", "-c", _READ, check=False, told="\n".join(answered)).split()
        kept = bool(there) and there == [str(_OK)] * len(answered)
        what = f"all {len(answered)} acknowledged scans are there after {cuts} cuts"
        yield Shown(what, kept=kept, detail=f"{len(there)} found")
        said = box.run("env", "SEKISHO_STATE_DIR=/var/lib/sekisho", "sekisho", "verify", check=False).strip()
        yield Shown("the ledger's chain is whole", kept=said.endswith("chain whole"), detail=said)


# Runs in the container, one parcel after another: a line before each is posted, its inspection when acknowledged.
_POSTS = """
import json, urllib.request, uuid
while True:
    body = json.dumps({"codes": [{"text": "09521234543213"}], "joins": False}).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    request = urllib.request.Request("http://127.0.0.1:8080/api/v1/inspections", body, headers)
    print("posted", flush=True)
    with urllib.request.urlopen(request, timeout=60) as answer:
        print(json.load(answer)["inspection"], flush=True)
"""
_READ = """
import sys, urllib.request
for one in sys.stdin.read().split():
    with urllib.request.urlopen("http://127.0.0.1:8080/api/v1/inspections/" + one, timeout=60) as answer:
        print(answer.status)
"""


def _scan(box: Container, text: str) -> str:
    """One scan, as a parcel of its own; its inspection, or "" when it was refused."""
    document = {"codes": [{"text": text}], "joins": False}
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    status, told = box.ask("/api/v1/inspections", json.dumps(document).encode(), headers)
    return str(told["inspection"]) if status == _OK else ""


# Debian's minimal tree has no ss; the kernel's own tables tell (proc(5)): state 0A listens, 07 of UDP waits.
_LISTENING = """
import pathlib, socket, struct
for name, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
    for line in pathlib.Path("/proc/net", name).read_text().splitlines()[1:]:
        host, _, port = line.split()[1].partition(":")
        if line.split()[3] == state:
            shown = socket.inet_ntoa(struct.pack("=I", int(host, 16))) if len(host) == 8 else "[" + host + "]"
            print(f"{name} {shown}:{int(port, 16)}")
"""

SCENARIOS: dict[str, Scenario] = {
    "boot": boots,
    "parcel": inspects,
    "kill": kills,
    "hang": hangs,
    "camera": camera_is_missing,
    "disk": disk_is_full,
    "power": power_is_cut,
    "identity": keeps_its_identity,
    **UPDATES,
}
