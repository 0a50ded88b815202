"""What an update costs: bytes a change, and the time and memory to apply one, against peers of the same run.

    ./run bench delta [--serials N] [--large N] [--share S] [--dir DIR]

1. An edition of 1,000,000 serials of which 1% change (six of ten new, four of ten gone): bytes a change, against the
   entropy of such a change, an apsw changeset of the same rows and zstd --patch-from over the same two files.
2. A delta of 1% of 10,000,000 serials, applied by a process of its own: CPU seconds and largest resident memory.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import apsw
import numpy as np
import zstandard

from benchmarks.drawn_registry import draw
from benchmarks.limits import Limits
from edge.storage.canonical import of_connection, verify
from edge.storage.content import CONTENT_SHA256
from edge.storage.delta import DeltaReport, diff
from edge.storage.registry_schema import KNOWN_BITS
from edge.storage.serial_blocks import BlockWriter, Hashes, stored

_PRODUCTS = 1_000
_NEW = 0.6  # of the changes
_BYTES_A_CHANGE = 4.5
_APPLY_CPU_S = 2.0
_APPLY_RSS_MB = 64.0
_APPLY = """
import sys, time
from pathlib import Path
from edge.storage.delta import apply
if sys.argv[1:]:
    apply(*map(Path, sys.argv[1:4]))
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(time.process_time(), int(status["VmHWM"].split()[0]) / 1e3)
"""


def hashes_of(path: Path) -> Hashes:
    with closing(sqlite3.connect(path)) as connection:
        return np.concatenate(list(stored(connection, "known_serials")))


def successor(old: Path, new: Path, share: float) -> tuple[Hashes, Hashes]:
    """The edition after `old`: `share` of its serials changed. Returns the hashes that go and those that come."""
    draws = np.random.default_rng(5)
    before = hashes_of(old)
    many = int(len(before) * share)
    gone = np.sort(draws.choice(before, many - int(many * _NEW), replace=False))
    come = np.setdiff1d(draws.integers(0, 1 << KNOWN_BITS, int(many * _NEW), dtype=np.uint64), before)
    after = np.union1d(np.setdiff1d(before, gone, assume_unique=True), come)
    shutil.copy(old, new)
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("DELETE FROM known_serials")
        writer = BlockWriter(connection, "known_serials", KNOWN_BITS, len(after))
        writer.add(after)
        writer.close()
        connection.execute("UPDATE edition SET value='2' WHERE name='number'")
        content = of_connection(connection)
        connection.execute("UPDATE edition SET value=? WHERE name=?", (content, CONTENT_SHA256))
        connection.execute("COMMIT")
        connection.execute("VACUUM")
    return gone, come


def entropy(before: int, gone: int, come: int) -> float:
    """Bytes a change that no code can go below: which ones of a set go, and which ones of all others come."""
    bits = _choices(before, gone) + _choices((1 << KNOWN_BITS) - before, come)
    return bits / 8 / (gone + come)


def _choices(many: int, chosen: int) -> float:
    """The base-2 logarithm of the number of ways to choose; Stirling's series, because lgamma loses the difference."""
    if chosen in {0, many}:
        return 0.0
    share = chosen / many
    nats = -chosen * math.log(share) - (many - chosen) * math.log1p(-share)
    return (nats - 0.5 * math.log(2 * math.pi * chosen * (1 - share))) / math.log(2)


def changeset(before: Hashes, gone: Hashes, come: Hashes) -> int:
    """Bytes of the apsw changeset of the same change of a table of one column."""
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t (hash INTEGER PRIMARY KEY)")
    with connection:
        connection.executemany("INSERT INTO t VALUES (?)", ((value,) for value in before.tolist()))
    session = apsw.Session(connection, "main")
    session.attach("t")
    with connection:
        connection.executemany("DELETE FROM t WHERE hash=?", ((value,) for value in gone.tolist()))
        connection.executemany("INSERT INTO t VALUES (?)", ((value,) for value in come.tolist()))
    return len(session.changeset())


def patch_from(old: Path, new: Path) -> int:
    """Bytes of zstd --patch-from: the new file with the old one as its dictionary."""
    data = new.read_bytes()
    window = max(20, len(data).bit_length() + 1)
    settings = zstandard.ZstdCompressionParameters.from_level(19, window_log=window, enable_ldm=True)
    base = zstandard.ZstdCompressionDict(old.read_bytes(), dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return len(zstandard.ZstdCompressor(dict_data=base, compression_params=settings).compress(data))


def applied(*paths: Path) -> tuple[float, float]:
    """Apply in a process of its own (without paths: only get ready to): CPU seconds, largest resident memory in MB."""
    done = subprocess.run([sys.executable, "-c", _APPLY, *map(str, paths)], check=True, capture_output=True, text=True)
    cpu, rss = map(float, done.stdout.split())
    return cpu, rss


def _told(name: str, size: int, changes: int, mine: int) -> None:
    print(f"  {name:28} {size:12,} bytes   {size / changes:10.2f} a change   {size / mine:8.1f} times the delta")


def _changed(folder: Path, serials: int, share: float) -> tuple[Path, Path, DeltaReport, Hashes, Hashes]:
    old, new = folder / f"{serials}-1.sqlite", folder / f"{serials}-2.sqlite"
    draw(old, _PRODUCTS, serials)
    gone, come = successor(old, new, share)
    return old, new, diff(old, new, folder / f"{serials}.delta"), gone, come


def measure_size(folder: Path, serials: int, share: float, limits: Limits) -> None:
    old, new, report, gone, come = _changed(folder, serials, share)
    changes = len(gone) + len(come)
    print(f"{changes:,} changes of {serials:,} serials ({len(come):,} new, {len(gone):,} gone):")
    judged = limits.judged("bytes a change", report.size / changes, _BYTES_A_CHANGE, "bytes a change")
    floor = entropy(serials, len(gone), len(come))
    print(f"  delta {report.size:,} bytes: {report.size / changes:.2f} a change, {judged}; entropy {floor:.2f}")
    alone = entropy(serials, 0, changes), entropy(serials, changes, 0)
    print(f"  entropy of new serials alone {alone[0]:.2f}, of gone ones alone {alone[1]:.2f}")
    _told("apsw changeset", changeset(hashes_of(old), gone, come), changes, report.size)
    _told("zstd --patch-from", patch_from(old, new), changes, report.size)


def measure_apply(folder: Path, serials: int, share: float, limits: Limits) -> None:
    old, new, report, gone, come = _changed(folder, serials, share)
    print(f"{len(gone) + len(come):,} changes of {serials:,} serials, {report.size:,} bytes, applied and verified:")
    _cpu, idle = applied()
    cpu, rss = (
        sorted(values)[1]
        for values in zip(*[applied(old, report.out, folder / "out.sqlite") for _run in range(3)], strict=True)
    )
    print(f"  CPU {cpu:.2f} s of the whole process, {limits.judged('CPU to apply', cpu, _APPLY_CPU_S, 's')}")
    judged = limits.judged("memory to apply", rss, _APPLY_RSS_MB, "MB")
    print(f"  largest resident memory {rss:.0f} MB, {judged}; of which {idle:.0f} MB before it begins")
    limits.require("content after apply", kept=verify(folder / "out.sqlite") == verify(new))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serials", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=10_000_000)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--dir", type=Path, help="a folder on the disk to measure")
    chosen = parser.parse_args()
    limits = Limits()
    with tempfile.TemporaryDirectory(dir=chosen.dir) as name:
        measure_size(Path(name), chosen.serials, chosen.share, limits)
        measure_apply(Path(name), chosen.large, chosen.share, limits)
    limits.end()


if __name__ == "__main__":
    main()
