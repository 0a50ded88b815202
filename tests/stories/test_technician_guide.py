"""The technician's stick day as it stands in the guide: every command runs in order on a box, from a real tree."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sekisho import app
from tests.sync.publishing import Publishing

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "technician.md").read_text("utf-8")
SECTION = GUIDE.partition("## Registries, bulletins, policies and models\n")[2].partition("\n## ")[0]
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL) for line in block.splitlines()]
EARBUDS, TABLETS = "4912345678904", "4006381333931"


def test_a_stick_day_goes_as_the_guide_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publishing = Publishing(tmp_path / "publisher", now=datetime.now(UTC))
    publishing.found()
    publishing.add_edition(publishing.edition(1, EARBUDS))
    stick = publishing.copy("stick-1")
    monkeypatch.setenv("SEKISHO_STATE_DIR", str(tmp_path / "var"))
    told = {}
    for day in (1, 2):
        for line in COMMANDS:
            if day == 1 and "rollback" in line:
                continue  # on the first day there is nothing older
            result = CliRunner().invoke(app, shlex.split(line.replace("/media/stick", str(stick)))[1:])
            assert result.exit_code == 0, (line, result.output)
            told[day, line] = result.stdout
        if day == 1:
            publishing.add_edition(publishing.edition(2, EARBUDS, TABLETS))
            stick = publishing.copy("stick-2")
    assert len(COMMANDS) == 9
    assert "nothing could be replayed" in told[1, "sekisho registry shadow"]
    assert "jp number 2" in told[2, "sekisho registry activate"]
    assert "jp number 1" in told[2, "sekisho registry rollback"]
    assert "pull: waiting: Up to date" in told[2, "sekisho sync status"]
