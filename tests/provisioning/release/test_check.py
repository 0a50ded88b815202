"""A release proves itself on a copy of the state before it is used. The sandbox is played by plain processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from edge.storage.ledger import Ledger
from edge.storage.ledger_file import LEDGER
from edge.storage.ledger_reader import verified
from provisioning.release.check import Check, Done

ROOT = Path(__file__).parents[3]


def plain(lib: Path, words: Sequence[str], writable: Path, environment: Mapping[str, str]) -> Done:
    """As a process of this user, without a sandbox."""
    del writable
    run = subprocess.run(
        [sys.executable, "-P", "-m", "sekisho", *words],
        env={"PYTHONPATH": str(lib), "PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(run.returncode, run.stdout, run.stderr)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A box whose ledger is open while it is checked."""
    return tmp_path / "state"


def test_the_same_program_passes_and_the_box_own_ledger_is_as_it_was(state: Path, tmp_path: Path) -> None:
    with closing(Ledger.open(state / LEDGER, "bench-1")):
        assert Check(state, tmp_path / "room", plain, user="")(ROOT, ROOT) == ""
        assert verified(state / LEDGER) == 0
    assert not (tmp_path / "room").exists()


class Told:
    """Programs that answer what a test says, by command and program."""

    def __init__(self, **answers: Done) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, bool]] = []

    def __call__(self, lib: Path, words: Sequence[str], writable: Path, environment: Mapping[str, str]) -> Done:
        assert writable.stat().st_mode & 0o777 == 0o700
        command = next(word for word in words if word in {"copy", "rehearse", "verify"})
        self.asked.append((lib.name, command, "SEKISHO_ON_TRIAL" in environment))
        return self.answers.get(f"{lib.name}_{command}", self.answers.get(command, Done(0, "", "")))


GOOD = Done(0, '{"version": "1", "outcome": "CHECK", "gtins": ["09521234543213"], "faults": []}', "")
BLIND = Done(0, '{"version": "2", "outcome": "CHECK", "gtins": [], "faults": []}', "")
FAULTY = Done(0, '{"version": "2", "outcome": "CHECK", "gtins": ["09521234543213"], "faults": ["no picture"]}', "")
BROKEN = Done(1, "", "Traceback\nImportError: no module")


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"rehearse": GOOD}, ""),
        ({"copy": Done(3, "", "sekisho: no room")}, "the state cannot be copied for its check: sekisho: no room"),
        ({"rehearse": GOOD, "new_rehearse": BROKEN}, "it fails in a rehearsed inspection: ImportError: no module"),
        (
            {"rehearse": GOOD, "new_rehearse": BLIND},
            "its rehearsed inspection answers CHECK of nothing, the release before answers CHECK of 09521234543213",
        ),
        ({"rehearse": GOOD, "new_rehearse": FAULTY}, "its rehearsed inspection has faults: no picture"),
        (
            {"rehearse": GOOD, "verify": Done(3, "", "sekisho: row 5 does not fit")},
            "the release in use cannot read what it has written: sekisho: row 5 does not fit",
        ),
        ({"old_rehearse": BROKEN}, "the release in use fails in a rehearsed inspection: ImportError: no module"),
    ],
)
def test_a_release_is_used_when_it_answers_as_the_one_before_and_both_can_read_the_ledger(
    state: Path, tmp_path: Path, answers: dict[str, Done], why: str
) -> None:
    run = Told(**answers)
    assert Check(state, tmp_path / "room", run, user="")(tmp_path / "old", tmp_path / "new") == why
    assert not (tmp_path / "room").exists()
    if not why:
        assert run.asked == [
            ("old", "copy", False),
            ("old", "rehearse", False),
            ("new", "rehearse", True),
            ("old", "verify", False),
        ]
