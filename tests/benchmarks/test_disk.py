"""The disk that loses power must itself be able to find a loss, and must not invent one."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from benchmarks.faults import crash, disk

pytestmark = pytest.mark.skipif(bool(disk.why_unavailable()), reason=f"power cuts: {disk.why_unavailable()}")


def _written(folder: Path, synchronous: str) -> list[disk.Event]:
    with disk.mounted(folder) as mount:
        base = sqlite3.connect(mount.path / "a.db", isolation_level=None)
        base.execute("PRAGMA journal_mode=WAL")
        base.execute(f"PRAGMA synchronous={synchronous}")
        base.execute("CREATE TABLE t(x)")
        for number in range(30):
            base.execute("INSERT INTO t VALUES (?)", (number,))
            mount.note(str(number))
        base.close()
    return mount.trace()


def _lost(trace: list[disk.Event], folder: Path) -> int:
    lost = 0
    for number, cut in enumerate(crash.cuts(trace, 40, seed=5)):
        told = {int(note) for note in cut.notes}
        place = cut.lay_out(folder / str(number))
        base = sqlite3.connect(place / "a.db")
        try:
            held = {row[0] for row in base.execute("SELECT x FROM t")}
        except sqlite3.DatabaseError:
            held = set()
        base.close()
        lost += len(told - held)
    return lost


def test_sqlite_in_full_mode_loses_nothing_that_was_told(tmp_path: Path) -> None:
    assert _lost(_written(tmp_path / "run", "FULL"), tmp_path) == 0


def test_sqlite_without_syncs_is_caught_losing(tmp_path: Path) -> None:
    assert _lost(_written(tmp_path / "run", "OFF"), tmp_path) > 0


def test_a_renamed_file_that_was_never_synced_may_be_torn_or_gone(tmp_path: Path) -> None:
    with disk.mounted(tmp_path / "run") as mount:
        (mount.path / "new").write_bytes(b"x" * 5_000)
        (mount.path / "new").replace(mount.path / "name")
    left = {len(cut.files.get("name", b"-").strip(b"\0")) for cut in crash.cuts(mount.trace(), 60, seed=1)}
    assert len(left) > 2


def test_what_was_synced_with_its_name_is_whole_in_every_cut_after_it(tmp_path: Path) -> None:
    with disk.mounted(tmp_path / "run") as mount:
        with (mount.path / "new").open("wb") as file:
            file.write(b"x" * 5_000)
            file.flush()
            os.fsync(file.fileno())
        (mount.path / "new").replace(mount.path / "name")
        directory = os.open(mount.path, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)
        mount.note("told")
    told = [cut for cut in crash.cuts(mount.trace(), 200, seed=1) if cut.notes]
    assert told
    assert all(cut.files == {"name": b"x" * 5_000} for cut in told)


def test_a_full_disk_and_a_pulled_stick_answer_as_real_ones_do(tmp_path: Path) -> None:
    with disk.mounted(tmp_path / "run") as mount:
        mount.full_after(10_000)
        with pytest.raises(OSError, match="No space") as full:
            (mount.path / "big").write_bytes(b"x" * 20_000)
        mount.gone_after(2)
        with pytest.raises(OSError, match="Input/output"):
            _ = [(mount.path / str(number)).write_bytes(b"x") for number in range(3)]
    assert full.value.errno == errno.ENOSPC
