"""A box whose clock is wrong: it starts in 1970, runs a year ahead, and jumps back in the middle.

The clock of the bench's processes is moved by Debian's libfaketime through a file; what systemd and the kernel see is
the true one, and so are durations. It is what a board without a battery shows, not an attack on the kernel.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from urllib3.filepost import encode_multipart_formdata

from benchmarks.box.container import Container
from benchmarks.box.shown import Shown
from provisioning.demo.parcels import Parcel
from provisioning.demo.photographs import photographs

_WAIT_S = 90.0
_LIBRARY = "usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
_OFFSET = "var/lib/sekisho/clock-offset"
_DROP_IN = f"""\
[Service]
Environment=LD_PRELOAD=/{_LIBRARY}
Environment=FAKETIME_TIMESTAMP_FILE=/{_OFFSET} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
"""


def clock_is_wrong(tree: Path, parcel: Parcel) -> Iterator[Shown]:
    """The bench inspects by whatever clock, says how far it believes it, and keeps the order."""
    _with_movable_clock(tree)
    sent: list[str] = []
    (tree / _OFFSET).write_text("@1970-01-01 00:01:00\n")
    with Container(tree) as box:
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        told = _inspected(box, parcel, sent)
        yield _so("1970: the parcel is inspected", told["verdict"]["outcome"] == _right(parcel), told)
        yield _so("1970: the verdict says that the clock is not trusted", _says(told, "registry.clock"), told)
        yield _so("1970: the assessment carries the state of the clock", told["clock"] == "untrusted", told)
        part = _clock(box)
        yield _so("1970: the status says so, and what to do", part["state"] == "fault" and bool(part["hint"]), part)
        box.run("sh", "-c", f"echo '+365d' > /{_OFFSET}")
        box.run("systemctl", "restart", "sekisho-web")
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        pid = box.pid("sekisho-web")
        told = _inspected(box, parcel, sent)
        yield _so("a year ahead: no parcel is accused of it", told["verdict"]["outcome"] == "CANNOT_ASSESS", told)
        said = _says(told, "registry.stale") and _says(told, "registry.clock_alone")
        yield _so("a year ahead: the verdict says by which clock it judged", said, told)
        box.run("sh", "-c", f"echo '+0d' > /{_OFFSET}")
        told = _inspected(box, parcel, sent)
        yield _so("back in the middle: the parcel is inspected", told["verdict"]["outcome"] == _right(parcel), told)
        yield _so("back in the middle: the clock is not trusted", told["clock"] == "untrusted", told)
        yield _so("back in the middle: the same process goes on", pid == box.pid("sekisho-web"), _journal(box))
        _, listed = box.ask("/api/v1/inspections?limit=10")
        order = [one["id"] for one in listed["inspections"]]
        yield _so("the order is that of the sequence, not of the clock", order == sent[::-1], order)
        verified = box.run("env", "SEKISHO_STATE_DIR=/var/lib/sekisho", "sekisho", "verify", check=False).strip()
        yield _so("the ledger's chain is whole", verified.endswith("chain whole"), verified)


def _with_movable_clock(tree: Path) -> None:
    """Bring libfaketime into the tree and have the bench use it.

    Raises:
        subprocess.CalledProcessError: the package is not to be had.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "-qq", "download", "libfaketime"], cwd=folder, check=True)
        (package,) = Path(folder).glob("libfaketime_*.deb")
        subprocess.run(["dpkg-deb", "--extract", str(package), folder], check=True)
        library = tree / _LIBRARY
        library.parent.mkdir(parents=True)
        library.write_bytes((Path(folder) / _LIBRARY).read_bytes())
    drop_in = tree / "etc/systemd/system/sekisho-web.service.d/clock.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text(_DROP_IN)


def _inspected(box: Container, parcel: Parcel, sent: list[str]) -> dict[str, Any]:
    document = {"codes": [{"text": scan.decode()} for scan in parcel.scans], "joins": False}
    fields: list[Any] = [("inspection", ("inspection.json", json.dumps(document), "application/json"))]
    fields += [("capture", ("1.jpg", frame.data, frame.media_type)) for frame in photographs(parcel, seed=1)]
    body, kind = encode_multipart_formdata(fields)
    _, told = box.ask("/api/v1/inspections", body, {"Content-Type": kind, "Idempotency-Key": str(uuid.uuid4())})
    sent.append(told["inspection"])
    found: dict[str, Any] = told
    return found


def _right(parcel: Parcel) -> str:
    return parcel.expected.outcomes[0].value


def _says(told: dict[str, Any], code: str) -> bool:
    return code in {finding["code"] for finding in told["verdict"]["findings"]}


def _clock(box: Container) -> dict[str, Any]:
    _, told = box.ask("/api/v1/status")
    part: dict[str, Any] = next(part for part in told["parts"] if part["name"] == "clock")
    return part


def _journal(box: Container) -> list[str]:
    return box.run("journalctl", "--no-pager", "--output=cat", "--unit=sekisho-web", "--lines=12").splitlines()


def _so(what: str, kept: bool, detail: object) -> Shown:  # noqa: FBT001 - whether it was so
    return Shown(what, kept=kept, detail=json.dumps(detail)[:1200])
