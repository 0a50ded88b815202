"""`./run box [--package FILE]`: the package's real units in a container, through what a bench has to outlive.

    ./run box                       builds the amd64 package, makes a clean Debian 12, boots it, breaks it
    ./run box --only boot parcel    some scenarios only

Every scenario boots a copy of the installed tree of its own. What is measured stands beside its limit; the run ends
with exit code 1 when one is missed. It needs root, debootstrap and systemd-container.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.box.clock import clock_is_wrong
from benchmarks.box.container import absent, clean_debian, copied, installed
from benchmarks.box.doctor import looked_at
from benchmarks.box.guard import guarded
from benchmarks.box.scenarios import SCENARIOS, prepared
from benchmarks.box.shown import Shown
from benchmarks.box.sockets import address_is_absent, degrades
from benchmarks.box.stick import from_a_stick
from benchmarks.limits import Limits
from provisioning.package import build

Say = Callable[[str], None]
ALL = (
    SCENARIOS
    | {"clock": clock_is_wrong, "guard": guarded, "doctor": looked_at}
    | {"address": address_is_absent, "degraded": degrades}
)

_STICK = "stick"  # begins with a bare Debian; the others with the package installed


def main(arguments: Sequence[str] | None = None) -> None:
    """Build, install, boot, break, print."""
    parser = argparse.ArgumentParser(prog="./run box", description=__doc__)
    parser.add_argument("--package", type=Path, help="a package that is built already")
    parser.add_argument("--only", nargs="+", choices=sorted([*ALL, _STICK]), default=[*ALL, _STICK])
    parser.add_argument("--cache", type=Path, default=Path("build/box"), help="where the clean Debian is kept")
    chosen = parser.parse_args(arguments)
    if missing := absent():
        sys.exit(f"./run box: expected root and systemd-nspawn, missing here: {missing}")
    limits = Limits()
    package = chosen.package or build.built("amd64", chosen.cache)
    debian = clean_debian(chosen.cache)
    with tempfile.TemporaryDirectory(dir=chosen.cache) as folder:
        Path(folder).chmod(0o755)
        for name, seen in _scenarios(chosen.only, debian, package, Path(folder)):
            for shown in seen:
                print(f"{name:<12} {shown.what:<58} {_judged(shown, limits)}", flush=True)
            shutil.rmtree(Path(folder) / name)
    limits.end()


def _scenarios(
    names: Sequence[str], debian: Path, package: Path, folder: Path
) -> Iterator[tuple[str, Iterator[Shown]]]:
    """What is to be seen, by scenario; each in folder/NAME."""
    if _STICK in names:
        yield _STICK, from_a_stick(debian, package, folder / _STICK)
    if others := [name for name in names if name != _STICK]:
        began = time.monotonic()
        box = installed(debian, package, folder / "box")
        size_mb = sum(p.lstat().st_size for p in (box / "opt/sekisho").rglob("*")) / 1e6
        print(f"installed from {package.name} in {time.monotonic() - began:.1f} s, without a network; {size_mb:.0f} MB")
        parcel = prepared(box)
        for name in others:
            yield name, ALL[name](copied(box, folder / name), parcel)


def _judged(shown: Shown, limits: Limits) -> str:
    if shown.limit is None:
        limits.require(shown.what, kept=shown.kept)
        return "as it should be" if shown.kept else f"NOT SO: {shown.detail}"
    return f"{shown.value:8.2f} {shown.unit}, {limits.judged(shown.what, shown.value, shown.limit, shown.unit)}"


if __name__ == "__main__":
    main()
