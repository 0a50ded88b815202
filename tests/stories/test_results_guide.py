"""Results to a central as the technician's guide tells it: every command runs in order, against a real central."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sekisho import app
from sync.central.serving import open_central
from tests.central.serving import serving, token_for
from tests.sync.boxes import Box

GUIDE = (Path(__file__).parents[2] / "docs" / "technician.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```shell\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()]


def test_results_go_to_a_central_as_the_guide_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sekisho(line: str) -> str:
        done = CliRunner().invoke(app, shlex.split(line)[1:])
        assert done.exit_code == 0, (line, done.output)
        return done.stdout

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEKISHO_STATE_DIR", str(tmp_path / "box"))
    monkeypatch.setenv("SEKISHO_CENTRAL_DIR", str(tmp_path / "central"))
    box = Box(tmp_path / "box")
    box.write(3)
    box.close()
    sekisho("sekisho central init")
    central = open_central(tmp_path / "central")
    key = central.private.public_key().public_bytes_raw().hex()
    words = {"/media/out": str(tmp_path / "stick"), "KEY": key}
    told = {}
    with serving(central) as url:
        (tmp_path / "token").write_text(str(token_for(central, url)), "utf-8")
        for line in COMMANDS:
            if line.startswith("sekisho results receipts"):
                sekisho(f"sekisho central import {tmp_path / 'stick'}")
            told[line] = sekisho(" ".join(words.get(word, word) for word in line.split(" ")))
    central.engine.dispose()
    assert told["sekisho results push"].startswith("3 rows in 1 batches")
    assert f"verify with --central {key}" in told["sekisho audit export audit.zst"]
    assert "none altered, none missing in between" in told["sekisho audit verify audit.zst --central KEY"]
    assert len(COMMANDS) == 7
