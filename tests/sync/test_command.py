"""`sekisho sync` on the command line: what it says, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sekisho import app
from tests.sync.publishing import Publishing


@pytest.fixture
def publishing(publishing_today: Publishing) -> Publishing:
    """A publisher of today: a command reads the real clock."""
    return publishing_today


def run(state_dir: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["sync", *words, "--state-dir", str(state_dir)])
    return result.exit_code, result.output


def test_a_box_trusts_pulls_and_says_so(publishing: Publishing, tmp_path: Path) -> None:
    publishing.delegate("kumo", brands=["Kumo"])
    publishing.take_in("kumo", publishing.sign("kumo", ("K-1", "brands", "Kumo"), ("K-2", "brands", "Nimbus")))
    code, words = run(tmp_path, "trust", str(publishing.root))
    assert code == 0
    assert words.startswith(f"{publishing.root}: trusted from now on. Compare with the publisher, SHA-256:\n")
    code, words = run(tmp_path, "pull", str(publishing.directory))
    assert code == 0
    assert words.startswith("fresh: Up to date: 2 staged.\n  hint: Staged is verified, not yet in use: ")
    assert "\npolicies/strict-default-1.toml: staged (policy-" in words
    assert "\npublisher kumo: staged (edition-" in words
    assert words.endswith(
        "  refused: bulletins.jsonl, row 2: 'Nimbus': expected a brand of this publisher's scope, got another's.\n"
    )
    code, said = run(tmp_path, "status")
    assert code == 0
    assert said.endswith(words)
    assert json.loads(run(tmp_path, "status", "--json")[1])["pull"]["state"] == "fresh"


def test_a_box_that_has_pulled_nothing_says_so(tmp_path: Path) -> None:
    code, words = run(tmp_path, "status")
    assert code == 0
    assert words.endswith("never: Nothing was pulled yet.\n")


def test_a_tree_that_cannot_be_accepted_ends_with_code_3(publishing: Publishing, tmp_path: Path) -> None:
    code, words = run(tmp_path, "pull", str(publishing.directory))
    assert code == 3
    floor = tmp_path / "sync" / "floor.json"
    assert words.startswith(f"refused: {floor}: expected a trusted root, got none. [trust_missing]\n")


def test_what_is_no_tree_is_one_line_and_a_hint(tmp_path: Path) -> None:
    code, words = run(tmp_path, "pull", str(tmp_path))
    assert code == 3
    assert words.endswith("hint: Name the directory that holds metadata/.\n")
