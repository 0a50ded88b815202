"""A release bundle with one flipped byte, at many offsets: how often it is refused.

    ./run bench bundle [--package FILE.deb] [--flips N]

Each flip is put into the file of a published tree, and taken as root takes it: metadata verified, the bundle copied and
its hash compared, each time into an empty home. Then, as if the hash had been right, the same flips are given to the
unpacking alone. Last what is no flip: cut short, longer, the bundle of another version, an older copy of the tree.
Without a package a small bundle of our own code is made.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.box.updates import Publisher
from benchmarks.limits import Limits
from edge.errors import SekishoError
from edge.releases import ABOUT, About
from provisioning.release.bundle import Packed, from_package, pack, unpack
from provisioning.release.errors import BundleRefused
from provisioning.release.publishing import publish_bundle
from provisioning.release.taking import bring, here, newest, offers
from sync.fetch import DirectorySource
from sync.state import Box
from sync.tree import Tree

ROOT = Path(__file__).parents[1]
_OURS = ("edge", "sync")
_SEED = 7


def main() -> None:
    """Flip, take, count."""
    parser = argparse.ArgumentParser(prog="./run bench bundle", description=__doc__)
    parser.add_argument("--package", type=Path, help="a .deb; the bundle is made of what it installs")
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--room", type=Path, help="where to work, e.g. /dev/shm: nothing is kept")
    chosen = parser.parse_args()
    limits = Limits()
    with tempfile.TemporaryDirectory(dir=chosen.room) as folder:
        room = Path(folder)
        publisher = Publisher(room / "box", room)
        publisher.found()
        old = _published(publisher, room, "1.0", chosen.package)
        before = Path(shutil.copytree(publisher.directory, room / "before"))
        new = _published(publisher, room, "1.1", chosen.package)
        size = new.path.stat().st_size
        print(
            f"bundle of {len(new.manifest.files)} files, {size / 1e6:.1f} MB, unpacked {new.manifest.size / 1e6:.1f} MB"
        )
        (stored,) = publisher.directory.glob(f"targets/releases/*.{new.name}")
        taking = _Taking(publisher, room / "home")
        if not taking.taken():
            sys.exit("the bundle as it is: expected to be taken, got refused")
        draw = random.Random(_SEED)
        flips = [(draw.randrange(size), 1 << draw.randrange(8)) for _ in range(chosen.flips)]
        refused, alone, spent = 0, 0, []
        for place, bit in flips:
            with _changed(stored, place, bit):
                began = time.perf_counter()
                refused += not taking.taken()
                spent.append(time.perf_counter() - began)
                alone += _not_unpacked(stored, room / "out")
        _print(limits, f"one flipped bit at {len(flips)} offsets: refused", refused, len(flips))
        print(f"  by its unpacking alone, the hash not compared: {alone} of {len(flips)}")
        print(f"  a refusal takes {sorted(spent)[len(spent) // 2] * 1000:.0f} ms (median)")
        data = stored.read_bytes()
        others: dict[str, Callable[[], object]] = {
            "cut short by a byte": lambda: stored.write_bytes(data[:-1]),
            "a byte longer": lambda: stored.write_bytes(data + b"\0"),
            "empty": lambda: stored.write_bytes(b""),
            "the bundle of another version": lambda: stored.write_bytes(old.path.read_bytes()),
        }
        for what, change in others.items():
            change()
            _print(limits, f"{what}: refused", int(not taking.taken()), 1)
        stored.write_bytes(data)
        if not taking.taken(keep=True):
            sys.exit("the bundle as it was again: expected to be taken, got refused")
        older = _Taking(Publisher(room / "nowhere", room), room / "home", directory=before)
        _print(limits, "an older copy of the signed tree: refused", int(not older.taken(keep=True)), 1)
    limits.end()


class _Taking:
    """Root takes what a tree offers, each time with a home that has seen nothing but the root of trust."""

    def __init__(self, publisher: Publisher, home: Path, *, directory: Path | None = None) -> None:
        self._directory = directory or publisher.directory
        self._home = home

    def taken(self, *, keep: bool = False) -> bool:
        if not keep:
            shutil.rmtree(self._home, ignore_errors=True)
        Box(self._home).trust(self._directory / "metadata" / "1.root.json")
        try:
            with DirectorySource(self._directory) as source:
                client, targets = offers(self._home, source, datetime.now(UTC))
                offered = newest(targets, _about("0.9"), 0, ())
                if offered is None:
                    sys.exit("expected a release in the tree, got none")
                bring(self._home, client, offered)
        except SekishoError:
            return False
        return True


class _changed:  # noqa: N801 - a context
    """A file with one bit flipped, until the block is left."""

    def __init__(self, path: Path, place: int, bit: int) -> None:
        self._path, self._place, self._bit = path, place, bit

    def __enter__(self) -> None:
        self._flip()

    def __exit__(self, *_: object) -> None:
        self._flip()

    def _flip(self) -> None:
        with self._path.open("r+b") as file:
            file.seek(self._place)
            (value,) = file.read(1)
            file.seek(self._place)
            file.write(bytes([value ^ self._bit]))


def _not_unpacked(bundle: Path, out: Path) -> bool:
    shutil.rmtree(out, ignore_errors=True)
    try:
        with bundle.open("rb") as file:
            unpack(file, out)
    except BundleRefused:
        return True
    return False


def _published(publisher: Publisher, room: Path, version: str, package: Path | None) -> Packed:
    out = room / f"{version}.tar.zst"
    if package is not None:
        made = from_package(package, out)
        tree = room / version
        with out.open("rb") as file:
            unpack(file, tree)
        said = made.manifest.about.model_copy(update={"version": version})
        (tree / "lib" / ABOUT).write_text(said.model_dump_json(), encoding="utf-8")
        made = pack(tree, out)
        shutil.rmtree(tree)
    else:
        tree = room / version
        for name in _OURS:
            shutil.copytree(ROOT / name, tree / "lib" / name, ignore=shutil.ignore_patterns("__pycache__", "training"))
        (tree / "lib" / ABOUT).write_text(_about(version).model_dump_json(), encoding="utf-8")
        (tree / "doc").mkdir()
        made = pack(tree, out)
        shutil.rmtree(tree)
    tree_now = Tree(publisher.directory, publisher.ring, datetime.now(UTC), clock_is_right=True)
    publish_bundle(tree_now, out, made.name, made.manifest.about.model_dump(mode="json"))
    return made


def _about(version: str) -> About:
    architecture, python = here()
    return About(version=version, architecture=architecture, python=python, ledger=(1, 1))


def _print(limits: Limits, what: str, count: int, of: int) -> None:
    limits.require(what, kept=count == of)
    print(f"{what} {count} of {of}")


if __name__ == "__main__":
    main()
