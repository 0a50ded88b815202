"""From a bare box to a bench as the technician's guide tells it: what the desk runs, and what is typed on a box."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.box.stick import COMMANDS_LIMIT, LINES_LIMIT, TYPED, commands_of, stated
from provisioning.stick import BOXES, SECRET
from sekisho import app
from tests.provisioning.debs import certificate, small_deb
from tests.provisioning.test_stick import token
from tests.sync.publishing import Publishing

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "technician.md").read_text("utf-8")
SECTION = GUIDE.partition("## From a bare box to a bench\n")[2].partition("\n## ")[0]


def test_the_stick_is_written_as_the_guide_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    publishing = Publishing(tmp_path / "publisher", now=datetime.now(UTC))
    publishing.found()
    publishing.add_edition(publishing.edition(1, "4912345678904"))
    Path("tree").symlink_to(publishing.directory)
    small_deb(Path("sekisho_0.1.0+deb12_arm64.deb"))
    Path("debs").mkdir()
    small_deb(Path("debs/libzbar0_0.23.92-7+deb12u1_arm64.deb"))
    Path("boxes.txt").write_text(f"hall3-01\n{token('hall3-02')}\n", encoding="utf-8")
    Path("settings.env").write_text("SEKISHO_PLACE=Kobe\n", encoding="utf-8")
    Path("site-ca.pem").write_text(certificate(), encoding="utf-8")
    Path("passphrase.txt").write_text("correct horse\n", encoding="utf-8")
    (tmp_path / "stick").mkdir()
    (command,) = re.findall(r"```bash\n(.*?)\n```", SECTION, re.DOTALL)
    words = shlex.split(command.replace("/media/stick", str(tmp_path / "stick")))[1:]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "names for 2 boxes\nregistry: jp number 1 of 2026-11-01 is in use\n" in done.stdout
    assert (tmp_path / "stick" / BOXES).read_text("utf-8").startswith("hall3-01\nhall3-02 SEKISHO1.")
    assert len(list((tmp_path / "stick" / SECRET).iterdir())) == 3


def test_the_lines_that_are_timed_are_those_of_the_guide() -> None:
    assert stated() == ("sudo mount -L SEKISHO /mnt; sha256sum /mnt/install.sh", "sudo sh /mnt/install.sh")
    assert TYPED == ("sha256sum /mnt/install.sh", "sh /mnt/install.sh")
    assert (len(stated()), len(commands_of(stated()))) == (LINES_LIMIT, COMMANDS_LIMIT)
    said = f"{len(stated())} lines with {len(commands_of(stated()))} commands"
    assert said.replace("2", "Two").replace("3", "three") in SECTION.replace("\n", " ")


def test_what_the_guide_says_that_the_box_says_is_what_it_says() -> None:
    script = (ROOT / "provisioning/install.sh").read_text("utf-8")
    said = re.findall(r"^\| `([^`]*)` \|", SECTION.partition("| it says |")[2], re.MULTILINE)
    assert len(said) == 6
    for sentence in said:
        for part in re.split(r"FILE|NAME|\.\.\.|\d\d-[a-z0-9]+|\d+", sentence):
            assert part.strip(" .,") in script, part
