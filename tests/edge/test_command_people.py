"""Accounts on the command line, as the technician's guide states them."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from edge.people.accounts import PeopleFile
from edge.people.pin import is_right
from sekisho import app


def _run(state_dir: Path, *words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["people", *words, "--state-dir", str(state_dir)], input=typed)


def test_an_account_is_made_given_a_badge_and_a_pin_listed_and_removed(tmp_path: Path) -> None:
    state, out = tmp_path / "state", tmp_path / "badge.pdf"
    assert _run(state, "add", "4711", "--name", "Sato Hanako").exit_code == 0
    assert _run(state, "badge", "4711", "--out", str(out)).exit_code == 0
    assert _run(state, "pin", "4711", typed="482913\n482913\n").exit_code == 0
    file = PeopleFile(state)
    account = file.read()["4711"]
    assert out.read_bytes().startswith(b"%PDF")
    assert account.badge
    assert is_right("482913", account.pin, file.secret())
    listed = _run(state, "list").stdout
    assert "Sato Hanako" in listed
    assert listed.count("yes") == 2
    assert _run(state, "revoke", "4711").exit_code == 0
    assert file.read()["4711"].badge == ""
    assert _run(state, "remove", "4711").exit_code == 0
    assert file.read() == {}


def test_a_pin_comes_from_standard_input_and_a_poor_one_is_refused_without_repeating_it(tmp_path: Path) -> None:
    _run(tmp_path, "add", "90", "--name", "Mori", "--role", "supervisor")
    assert _run(tmp_path, "pin", "90", "--stdin", typed="715246\n").exit_code == 0
    refused = _run(tmp_path, "pin", "90", "--stdin", typed="111111\n")
    assert refused.exit_code == 2
    assert (
        "Expected a PIN that is not tried first, got a run or a repetition of digits. [request_pin]" in refused.stderr
    )
    assert "111111" not in refused.output


def test_an_account_that_is_not_there_is_told_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "badge.pdf"
    refused = _run(tmp_path, "badge", "12", "--out", str(out))
    assert refused.exit_code == 2
    assert "Expected the id of an account, got '12'. [person_not_found]" in refused.stderr
    assert not out.exists()


def test_each_role_is_told_with_what_it_may_do() -> None:
    told = CliRunner().invoke(app, ["people", "roles"]).stdout.splitlines()
    assert told[0] == "officer: ask, decide, hand_over, inspect"
    assert told[2] == "technician: inspect, pair"
