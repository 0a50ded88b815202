"""`./run check --arm64`, nightly and for a release: the arm64 package, emulated by qemu-user, says what amd64 says.

    ./run check --arm64 [--package FILE] [--cache DIR]

1. build the arm64 package; 2. make a clean arm64 Debian 12 (debootstrap in two stages, the second emulated); 3. install
the package there by dpkg, without a network; 4. inspect the demo parcels from the same files on both processors;
5. compare verdicts, findings, codes and measured scores. /sys stays unmounted (onnxruntime reads the host's there).

Nothing here is a measure of speed. It needs root, debootstrap and qemu-aarch64-static; the handler of arm64 programs is
registered with the kernel for the run where none is, and taken back.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks.box import verdicts
from benchmarks.box.container import DEBIAN_PACKAGES, STICK, installed
from benchmarks.limits import Limits
from edge.storage.registry_build import build as build_edition
from provisioning.demo import sources, tour
from provisioning.demo.parcels import Parcel, parcels
from provisioning.package import build

SCORE = (
    0.02  # the most that a score may differ: int8 rounds otherwise on arm64 (FINDINGS: golden tests need a tolerance)
)
_SEED = 1
_QEMU = "/usr/bin/qemu-aarch64-static"
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_HANDLER = "sekisho-aarch64"
# ELF, 64 bit, little endian, EM_AARCH64 (binfmt_misc of the kernel's documentation); F: found outside the chroot.
_MAGIC = r"\x7fELF\x02\x01\x01" + r"\x00" * 9 + r"\x02\x00\xb7\x00"
_MASK = r"\xff" * 7 + r"\x00" + r"\xff" * 8 + r"\xfe\xff\xff\xff"


@dataclass(frozen=True, slots=True)
class Compared:
    """What two processors said of one parcel."""

    name: str
    outcomes: tuple[str, str]
    apart: tuple[str, ...]  # what differs beside the scores, in words
    score: float  # the largest difference of a score, 0 without any
    scores: int  # how many were compared


def main(arguments: Sequence[str] | None = None) -> None:
    """Build, install, inspect twice, compare, print."""
    parser = argparse.ArgumentParser(prog="./run check --arm64", description=__doc__)
    parser.add_argument("--package", type=Path, help="an arm64 package that is built already")
    parser.add_argument("--cache", type=Path, default=Path("build/arm64"), help="where the clean Debian is kept")
    chosen = parser.parse_args(arguments)
    if os.geteuid() != 0 or not (shutil.which("debootstrap") and Path(_QEMU).exists()):
        sys.exit("./run check --arm64: expected root, debootstrap and qemu-user-static, got a machine without them.")
    limits, began = Limits(), time.monotonic()
    package = chosen.package or build.built("arm64", chosen.cache)
    _say("package", began)
    size_mb = build.installed_mb(package)
    print(f"installed {limits.judged('installed size', size_mb, build.LIMITS_MB['arm64'], 'MB')}: {size_mb:.1f} MB")
    with emulated(), tempfile.TemporaryDirectory(dir=_made(chosen.cache)) as folder:
        debian = clean_debian(chosen.cache)
        _say("clean arm64 Debian", began)
        tree = installed(debian, package, Path(folder) / "box")
        _say("installed without a network", began)
        stick = tree / STICK
        day = datetime.now(UTC).date()
        _laid_out(stick, day)
        _say("parcels drawn", began)
        here = _inspected([sys.executable, "-P"], build.ROOT, stick, day)
        _say("inspected on this machine", began)
        there = _inspected(["unshare", "--net", "chroot", str(tree), "/usr/bin/python3", "-P"], Path(), stick, day)
        _say("inspected emulated", began)
    found = [compared(name, here[name], there[name]) for name in here]
    for one in found:
        same = one.outcomes[0] == one.outcomes[1] and not one.apart
        words = "the same" if same else f"APART: {one.outcomes} {'; '.join(one.apart)}"
        print(f"{one.name:<24} {one.outcomes[0]:<18} {one.scores} scores, furthest {one.score:.4f}  {words}")
        limits.require(f"{one.name} is the same", kept=same)
    furthest = max(one.score for one in found)
    print(f"{len(found)} parcels: furthest score {limits.judged('score', furthest, SCORE, 'of 1')}")
    limits.end()


def clean_debian(cache: Path) -> Path:
    """A minimal arm64 Debian 12 in `cache`, made once.

    Raises:
        subprocess.CalledProcessError: debootstrap failed.
    """
    tree = cache / "debian-12"
    if not tree.exists():
        making = cache / "making"
        shutil.rmtree(making, ignore_errors=True)
        first = ["debootstrap", "--arch=arm64", "--foreign", "--variant=minbase", f"--include={DEBIAN_PACKAGES}"]
        subprocess.run([*first, "bookworm", str(making)], check=True, stdout=subprocess.DEVNULL)
        second = ["chroot", str(making), "/debootstrap/debootstrap", "--second-stage"]
        subprocess.run(second, check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(making / "var/cache/apt/archives")
        making.rename(tree)
    return tree


@contextlib.contextmanager
def emulated() -> Iterator[None]:
    """Within the block this machine runs arm64 programs, also in a chroot."""
    if not (_BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT)], check=True)
    known = any("aarch64" in path.name for path in _BINFMT.iterdir())
    if not known:
        (_BINFMT / "register").write_text(f":{_HANDLER}:M:0:{_MAGIC}:{_MASK}:{_QEMU}:F")
    try:
        yield
    finally:
        if not known:
            (_BINFMT / _HANDLER).write_text("-1")


def compared(name: str, here: dict[str, Any], there: dict[str, Any]) -> Compared:
    """Two assessments of one parcel."""
    apart = [
        f"{what}: {mine} here, {theirs} there"
        for what, mine, theirs in (
            ("codes read", _read(here), _read(there)),
            ("findings", _findings(here), _findings(there)),
            ("not checked", here["verdict"]["not_checked"], there["verdict"]["not_checked"]),
            ("faces compared", list(_scores(here)), list(_scores(there))),
            ("faults", here["seen"]["faults"], there["seen"]["faults"]),
        )
        if mine != theirs
    ]
    mine, theirs = _scores(here), _scores(there)
    both = [(mine[face], theirs[face]) for face in mine.keys() & theirs.keys()]
    apart += [f"score: {a} here, {b} there" for a, b in both if (a is None) is not (b is None)]
    steps = [abs(a - b) for a, b in both if a is not None and b is not None]
    outcomes = (here["verdict"]["outcome"], there["verdict"]["outcome"])
    return Compared(name, outcomes, tuple(apart), max(steps, default=0.0), len(steps))


def _read(told: dict[str, Any]) -> list[str]:
    return sorted(f"{one['symbology']}{one['text']}" for one in told["seen"]["symbols"])


def _findings(told: dict[str, Any]) -> list[str]:
    return sorted(f"{one['code']} {one['weight']}" for one in told["verdict"]["findings"])


def _scores(told: dict[str, Any]) -> dict[str, float | None]:
    found = sorted(told["seen"]["comparisons"], key=lambda one: (one["gtin"]["value"], one["face_id"], one["capture"]))
    return {f"{one['gtin']['value']} face {one['face_id']} {one['capture'][:8]}": one["score"] for one in found}


def _laid_out(stick: Path, day: date) -> None:
    """The edition and every parcel's photographs, drawn once and here, for both processors."""
    todo = [parcel for parcel in parcels(day) if not parcel.stale]
    source = stick / "source"
    build_edition(sources.write(source, sources.samples(_SEED, day), day), stick / "edition.sqlite")
    shutil.rmtree(source)
    pictures = tour.take(todo, _SEED, _unsaid)
    for parcel in todo:
        place = stick / "parcels" / parcel.name
        place.mkdir(parents=True)
        for order, frame in enumerate(pictures[parcel.name], start=1):
            (place / f"{order}.jpg").write_bytes(frame.data)
    shutil.copy(verdicts.__file__, stick / "verdicts.py")


def _unsaid(_parcel: Parcel) -> None:
    """Nothing is said of a photograph that is taken."""


def _inspected(python: Sequence[str], lib: Path, stick: Path, day: date) -> dict[str, Any]:
    """What `verdicts` says with `python`; without `lib` on a box, where its own paths hold."""
    at = stick if lib.name else Path(f"/{STICK}")
    path = lib if lib.name else Path("/opt/sekisho/lib")
    command = [*python, str(at / "verdicts.py"), str(at / "parcels"), str(at / "edition.sqlite"), str(day)]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(path), "ORT_DISABLE_TELEMETRY": "1"}
    state = at / f"state-{'here' if lib.name else 'there'}"
    done = subprocess.run([*command, str(state)], check=True, stdout=subprocess.PIPE, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _made(cache: Path) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    return cache


def _say(what: str, began: float) -> None:
    print(f"{time.monotonic() - began:7.1f} s  {what}", flush=True)


if __name__ == "__main__":
    main()
