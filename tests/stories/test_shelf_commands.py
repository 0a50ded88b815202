"""What is in use on a box, changed from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sekisho import app
from tests.edge.storage.editions import edition, pack, policy, usable_pack

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SEKISHO_STATE_DIR", str(tmp_path / "state"))

    def one(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "400"})

    return one


def shelf(run: Run, group: str) -> list[tuple[str, str]]:
    result = run(group, "shelf", "--json")
    assert result.exit_code == 0, result.output
    return [(row["state"], row["title"]) for row in json.loads(result.stdout)]


def test_an_edition_is_staged_activated_and_rolled_back(run: Run, tmp_path: Path) -> None:
    assert run("registry", "install", edition(tmp_path, 1)).exit_code == 0
    assert run("registry", "stage", edition(tmp_path, 2)).exit_code == 0
    first, second = "jp number 1 of 2026-11-01", "jp number 2 of 2026-11-02"
    assert shelf(run, "registry") == [("in use", first), ("staged", second)]
    assert "current edition jp number 2 of 2026-11-02" in run("registry", "activate").stdout
    assert shelf(run, "registry") == [("in use", second), ("older", first)]
    assert "edition jp number 1 of 2026-11-01 is in use again" in run("registry", "rollback").stdout
    assert shelf(run, "registry") == [("in use", first), ("set back", second)]
    refused = run("registry", "activate")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("sekisho: Expected a staged edition to activate, got none. [shelf_not_found]")
    refused = run("registry", "rollback")
    assert refused.exit_code == 2
    assert "[shelf_conflict]" in refused.stderr


def test_a_supplement_is_installed_and_withdrawn(run: Run, tmp_path: Path) -> None:
    run("registry", "install", edition(tmp_path, 1))
    assert run("registry", "install", edition(tmp_path, 2), "--publisher", "kumo").exit_code == 0
    assert run("registry", "shelf").stdout.splitlines()[1].startswith("in use     kumo  edition-")
    assert run("registry", "withdraw", "kumo").stdout == "kumo: nothing of it is in use\n"
    assert len(shelf(run, "registry")) == 1


def test_a_policy_and_a_pack_go_the_same_way(run: Run, tmp_path: Path) -> None:
    assert shelf(run, "policy") == [("in use", "default 2026.11 (built in)")]
    run("policy", "install", policy(tmp_path / "p.toml", "2027.01"))
    assert shelf(run, "policy") == [("in use", "default 2027.01")]
    assert run("policy", "rollback").stdout == "-: policy default 2026.11 (built in) is in use again\n"
    assert shelf(run, "pack") == [("in use", "drawn-7 (built in)")]
    run("pack", "install", usable_pack(tmp_path / "kumo-1", "kumo-1"))
    assert shelf(run, "pack") == [("in use", "kumo-1")]


def test_a_pack_that_cannot_be_used_is_told_and_the_one_before_stays(run: Run, tmp_path: Path) -> None:
    run("pack", "install", usable_pack(tmp_path / "kumo-1", "kumo-1"))
    refused = run("pack", "install", pack(tmp_path / "kumo-2", "kumo-2"))
    assert refused.exit_code == 3
    assert "must be complete, got a fault at 'network'. [model_manifest]" in refused.stderr
    assert "hint: What was in use stays in use." in refused.stderr
    assert shelf(run, "pack") == [("in use", "kumo-1"), ("staged", "kumo-2")]


def test_a_setting_that_takes_precedence_is_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = policy(tmp_path / "own.toml", "own")
    monkeypatch.setenv("SEKISHO_POLICY", str(own))
    told = run("policy", "install", policy(tmp_path / "p.toml", "2027.01")).stdout
    assert told.endswith(
        f"current policy default 2027.01, but a setting names {own} instead; it was never tried on this box (shadow)\n"
    )
    assert shelf(run, "policy") == [("in use", "default own"), ("named", "default 2027.01")]


def test_a_file_that_is_not_there_is_told(run: Run, tmp_path: Path) -> None:
    refused = run("pack", "install", tmp_path / "none")
    assert refused.exit_code == 2
    assert refused.stderr.startswith(f"sekisho: {tmp_path / 'none'}: expected a pack, got no file. [settings_file]")
