"""Every command, given by somebody who may not: one line with a code, what to do, and no advice that destroys."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from sekisho import app
from tests.sync.boxes import Box

ROOT = Path(__file__).parents[2]


def as_nobody(lines: Sequence[Sequence[str]], **environment: str) -> list[tuple[list[str], int, str, str]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.stories.stranger"],
        input=json.dumps(lines),
        env={**os.environ, **environment, "HOME": "/nonexistent"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


VALUES = {  # of what a command requires, by its name; a path is one that nobody may read
    "url": "https://central.example",
    "gtin": "04912345678904",
    "person": "4711",
    "handheld": "ab12cd34",
    "--from": "2026-11-01",
    "--to": "2026-11-02",
    "--valid-to": "2027-11-02",
    "--until": "2027-11-02",
    "names": "192.0.2.10",
    "address": "BOX/tree",
    "--central": "ab" * 32,
    "ledger": "ab" * 16,
    "ending": "confirmed",
}
MORE = {  # what makes a command reach the box
    "provision retire": ["--stick", "BOX/stick"],
    "provision first-boot": ["BOX/kept"],
    "results enrol": ["BOX/token"],
    "calibrate measure": ["BOX/picture.png", "--camera", "video0"],
    "inspect": ["BOX/picture.png"],
    "serve": ["--port", "0"],
    "sync run": ["--once", "--source", "BOX/tree"],
    "update run": ["BOX/tree"],
    "demo": ["--out", "BOX/demo"],
    "simulate": ["--port", "BOX/thing"],
    "people pin": ["--stdin"],
    "provision usb": ["--tree", "BOX/tree"],
}
NEEDS_NOTHING = {  # of the box that is secret: they print what the program knows, what everybody may read, or wait
    *("findings", "settings", "people roles", "policy show", "provision firewall", "provision usb-guard"),
    *("update status", "devices"),
}


def _leaves(group: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:  # typer's own click
    if not hasattr(group, "commands"):
        yield before, group
        return
    for name, one in group.commands.items():
        yield from _leaves(one, (*before, name))


def _words(path: Sequence[str], command: Any, box: Path) -> list[str]:
    """A whole command line: what is required, whatever it is, and every path in `box`."""
    words = list(path)
    for one in command.params:
        if not one.required:
            continue
        name = one.opts[0]
        kind = one.type_descriptor.annotation
        inner = get_args(kind)[0] if get_args(kind) else kind
        if isinstance(inner, type) and issubclass(inner, Enum):
            value = str(next(iter(inner)).value)
        elif inner is Path:
            value = str(box / "thing")
        else:
            value = VALUES.get(name, "7" if inner in {int, float} else "a")
        words += [name, value] if name.startswith("-") else [value]
    return [word.replace("BOX", str(box)) for word in [*words, *MORE.get(" ".join(path), ())]]


def test_every_command_answers_a_stranger_in_one_line(tmp_path: Path) -> None:
    box = tmp_path / "box"
    for place in ("state", "central", "tree", "stick"):
        (box / place).mkdir(parents=True)
    (box / "thing").write_bytes(b"x")
    lines = [_words(path, one, box) for path, one in _leaves(get_command(app)) if " ".join(path) not in NEEDS_NOTHING]
    assert len(lines) > 110
    tmp_path.chmod(0o700)
    box.chmod(0o000)
    try:
        told = as_nobody(lines, SEKISHO_STATE_DIR=str(box / "state"), SEKISHO_CENTRAL_DIR=str(box / "central"))
    finally:
        box.chmod(0o700)
    assert len(told) == len(lines)
    wrong = []
    for words, code, said, crash in told:
        first, *rest = said.splitlines() or [""]
        fits = re.fullmatch(r"sekisho: .* \[[a-z_]+\]", first) and all(one.startswith("  hint: ") for one in rest)
        if crash or code not in {2, 3} or not fits or "move it away" in said or "--replace" in said:
            wrong.append((" ".join(words[:3]), code, said[-300:], crash))
    assert wrong == []


@pytest.fixture
def enrolled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state of a box that is enrolled by stick; tmp_path/token is another token."""
    monkeypatch.setenv("SEKISHO_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("SEKISHO_CENTRAL_DIR", str(tmp_path / "central"))
    box = Box(tmp_path / "state")
    box.write(1)
    box.close()

    def sekisho(*words: str, given: str = "") -> str:
        done = CliRunner().invoke(app, words, input=given)
        assert done.exit_code == 0, done.output
        return done.stdout

    sekisho("central", "init")
    token = sekisho("central", "enrol-token", "bench-1", "--url", "http://central")
    (tmp_path / "carried").mkdir()
    sekisho("results", "enrol", "-", "--stick", str(tmp_path / "carried"), given=token)
    sekisho("central", "import", str(tmp_path / "carried"))
    sekisho("results", "enrol", "--stick", str(tmp_path / "carried"))
    (tmp_path / "token").write_text(sekisho("central", "enrol-token", "bench-1", "--url", "http://central"), "utf-8")
    return tmp_path / "state"


@pytest.mark.skipif(os.geteuid() != 0, reason="not run by root: no stick is mounted read-only")
@pytest.mark.parametrize(
    "words",
    [
        ["results", "export", "STICK"],
        ["results", "enrol", "TOKEN", "--stick", "STICK"],
        ["provision", "retire", "--stick", "STICK"],
    ],
    ids=" ".join,
)
def test_a_stick_that_is_mounted_read_only_is_told_in_one_line(
    tmp_path: Path, enrolled: Path, words: list[str]
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    there = {"STICK": str(stick), "TOKEN": str(tmp_path / "token")}
    command = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o ro tmpfs "$0" || exit 99; exec "$@"', str(stick)]
    command += [sys.executable, "-m", "sekisho", *(there.get(word, word) for word in words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode in {1, 99}:
        pytest.skip(f"nothing can be mounted here: {done.stderr}")
    place = stick / "sekisho-bench-1"
    message = f"{place}: expected a place that can be written to, got Read-only file system. [file_read_only]"
    hint = "A stick that results go onto is mounted by: systemctl start media-out.mount."
    assert (done.returncode, done.stderr) == (3, f"sekisho: {message}\n  hint: {hint}\n")
    assert (enrolled / "ledger.db").exists()
