"""The publisher's guide as it stands: every command of it runs in order, in a directory of its own."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sekisho import app
from tests.provisioning.release.bundles import deb

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "publisher.md").read_text("utf-8"), re.DOTALL)

GTINS = ("4912345678904", "4006381333931")


def run(block: str) -> str:
    """Run a block: our own commands in this process, whatever lies between them in a shell."""
    told = ""
    shell: list[str] = []
    for line in [*block.splitlines(), "sekisho"]:
        if not line.startswith("sekisho"):
            shell.append(line)
            continue
        if shell:
            done = subprocess.run(["bash", "-euc", "\n".join(shell)], capture_output=True, text=True, check=False)
            assert done.returncode == 0, (shell, done.stderr)
            told += done.stdout
            shell = []
        if line != "sekisho":
            told += own(line)
    return told


def own(line: str) -> str:
    command, _, out = line.partition(" > ")
    result = CliRunner().invoke(app, shlex.split(command)[1:])
    assert result.exit_code == 0, (line, result.output)
    if out:
        Path(out.strip()).write_text(result.stdout, encoding="utf-8")
    return result.stdout


def source(number: int, *names: str) -> None:
    """The tables of an edition, as the guide's reader has them."""
    directory = Path(f"source-{number}")
    directory.mkdir()
    about = f'schema = 1\nname = "jp"\nnumber = {number}\nissued = 2026-11-20T00:00:00Z\n'
    (directory / "edition.toml").write_text(about, encoding="utf-8")
    rows = "".join(f"{gtin},{name},Kumo,Kumo KK\n" for gtin, name in zip(GTINS, names, strict=False))
    (directory / "products.csv").write_text(f"gtin,name,brand,right_holder\n{rows}", encoding="utf-8")


def test_every_command_of_the_guide_runs_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEKISHO_PUBLISH_PASSPHRASE", "correct horse battery staple")
    source(41, "Earbuds")
    source(42, "Earbuds", "Tablets")
    deb(tmp_path, "1.5.0").rename("sekisho_1.5.0+deb12_arm64.deb")
    told = [run(block) for block in BLOCKS]
    assert len(BLOCKS) >= 18
    everything = "".join(told)
    assert "root.json: 2 signatures" in everything
    assert "editions/jp-41-42.delta: published" in everything
    assert "policies/default-1.toml: published" in everything
    assert re.search(r"^releases/sekisho-1\.5\.0-\S+\.tar\.zst: published$", everything, re.MULTILINE)
    assert "'Nimbus': expected a brand of this publisher's scope, got another's." in everything
    assert "C-2026-7: published in part 1 of customs" in everything
    assert "bazaar: part 1 is published" in everything
    assert "kumo: revoked; boxes drop what it signed with their next pull" in everything
    (status,) = [text for text in told if text.startswith("tree/metadata/1.root.json: trusted from now on.")]
    assert "editions/jp-42.sqlite.zst: staged" in status
    assert "policies/default-1.toml: staged" in status
