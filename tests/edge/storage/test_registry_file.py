"""How a new file takes its place: whole, alone, and after whoever was killed before."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge.storage.registry_file import written

KILLED = """
import os, sys, tempfile
from pathlib import Path
from edge.storage.registry_file import written
with written(Path(sys.argv[1])) as beside:
    beside.write_bytes(b"half")
    folder = tempfile.mkdtemp(prefix=f"{beside.name}.", dir=beside.parent)
    (Path(folder) / "0").write_bytes(b"hashes")
    os.kill(os.getpid(), 9)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    out = tmp_path / "e[1].sqlite"
    for _time in range(2):
        ended = subprocess.run([sys.executable, "-c", KILLED, str(out)], check=False)
        assert ended.returncode == -9
        assert len(names(tmp_path)) == 2  # the second one has removed what the first one left
    with written(out) as beside:
        beside.write_bytes(b"whole")
    assert (names(tmp_path), out.read_bytes()) == ([out.name], b"whole")


def test_what_another_is_writing_is_left_alone(tmp_path: Path) -> None:
    out, other = tmp_path / "e.sqlite", tmp_path / "e.sqlite.more"
    began, ended = threading.Event(), threading.Event()

    def slow() -> None:
        with written(out) as beside:
            began.set()
            assert ended.wait(30)
            beside.write_bytes(b"slow")

    thread = threading.Thread(target=slow)
    thread.start()
    assert began.wait(30)
    with written(out) as beside:
        beside.write_bytes(b"quick")
    with written(other) as beside:
        beside.write_bytes(b"other")
    assert out.read_bytes() == b"quick"
    ended.set()
    thread.join()
    assert out.read_bytes() == b"slow"
    assert names(tmp_path) == ["e.sqlite", "e.sqlite.more"]


def test_a_block_that_fails_leaves_the_old_file_alone(tmp_path: Path) -> None:
    out = tmp_path / "e.sqlite"
    out.write_bytes(b"old")

    def fail() -> None:
        with written(out) as beside:
            beside.write_bytes(b"new")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert (names(tmp_path), out.read_bytes()) == ([out.name], b"old")
