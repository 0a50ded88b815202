"""The command line: what it answers, with which exit code, and one line with a hint for what cannot be used."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge.policy import builtin_text
from edge.ports import Frame
from provisioning.demo import sources
from sekisho import app
from tests.stories.conftest import TODAY

KNOWN = "]d20109521104001300217K2PQ04X9B31"


@pytest.fixture
def run(tmp_path: Path, edition_today: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("SEKISHO_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("SEKISHO_WORKERS", "1")
    monkeypatch.setenv("SEKISHO_REGISTRY", str(edition_today))

    def one(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "400"})

    return one


def one_line(result: Result) -> tuple[str, str]:
    message, hint = result.stderr.strip().split("\n  hint: ")
    assert "\n" not in message
    return message, hint


def test_a_known_serial_ends_with_zero_and_says_what_it_rests_on(run: Callable[..., Result]) -> None:
    result = run("inspect", "--code", KNOWN)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("NO FINDING\n")
    assert f"registry demo-{TODAY}" in result.stdout
    assert "not checked: package face 09521104001300: no picture was taken" in result.stdout


def test_the_exit_code_tells_the_verdict(run: Callable[..., Result]) -> None:
    assert run("inspect", "--code", KNOWN.replace("7K2PQ04X9B31", "9Z9ZZ04X0000")).exit_code == 10
    assert run("inspect", "--code", "4006381333931").exit_code == 30


def test_every_command_inspects_a_parcel_of_its_own(run: Callable[..., Result]) -> None:
    run("inspect", "--code", "]d201095211040013002179Z9ZZ04X0000")
    seen = json.loads(run("inspect", "--code", "4006381333931", "--json").stdout)["seen"]
    assert [symbol["text"] for symbol in seen["symbols"]] == ["4006381333931"]


def test_an_assessment_can_be_had_as_json(run: Callable[..., Result]) -> None:
    result = run("inspect", "--code", KNOWN, "--json")
    assert json.loads(result.stdout)["verdict"]["outcome"] == "NO_FINDING"


def test_a_picture_brings_a_report(
    run: Callable[..., Result], photographed: Callable[[str], tuple[Frame, ...]], tmp_path: Path
) -> None:
    picture = tmp_path / "parcel.jpg"
    picture.write_bytes(photographed("unknown-serial")[0].data)
    result = run("inspect", picture, "--report", tmp_path / "out")
    assert result.exit_code == 10, result.output
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "CHECK" in page
    assert page.count("data:image/") == 3
    assert "http" not in page


def test_nothing_to_inspect_is_told(run: Callable[..., Result]) -> None:
    result = run("inspect")
    assert result.exit_code == 2
    assert one_line(result)[0] == "sekisho: Expected at least one image or --code, got none. [request_empty]"


def test_a_file_that_is_not_there_is_told(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("inspect", tmp_path / "none.jpg")
    assert (result.exit_code, one_line(result)[1]) == (2, "Name an existing file.")
    assert "expected an image file, got No such file or directory. [request_no_file]" in result.stderr


def test_a_picture_that_is_none_is_told(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("hello")
    result = run("inspect", tmp_path / "text.jpg")
    assert result.exit_code == 2
    assert "[image_wrong_type]" in one_line(result)[0]


def test_a_wrong_registry_file_is_a_fault_of_the_box_and_the_result_is_kept(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "wrong.sqlite").write_text("no database")
    result = run("inspect", "--code", KNOWN, "--registry", tmp_path / "wrong.sqlite")
    assert result.exit_code == 30
    assert "system.registry" in result.stdout
    shown = run("registry", "show", "09521104001300", "--registry", tmp_path / "wrong.sqlite")
    assert shown.exit_code == 3
    assert "[registry_wrong_file]" in one_line(shown)[0]


def test_a_policy_with_an_unknown_key_stops_the_start(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "policy.toml").write_text("surprise = 2\n" + builtin_text(), "utf-8")
    monkeypatch.setenv("SEKISHO_POLICY", str(tmp_path / "policy.toml"))
    result = run("inspect", "--code", KNOWN)
    assert result.exit_code == 2
    message, hint = one_line(result)
    assert message.endswith("surprise: Extra inputs are not permitted, got 2. [policy_unknown_key]")
    assert hint == "Compare with the built-in policy: sekisho policy show."


def test_a_setting_that_cannot_be_used_is_named(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEKISHO_WORKERS", "many")
    result = run("inspect", "--code", KNOWN)
    assert result.exit_code == 2
    assert one_line(result)[0].startswith("sekisho: SEKISHO_WORKERS: Input should be a valid integer")


@pytest.mark.parametrize("value", ["a,b", "1", '["1"'])
def test_stations_that_are_no_list_are_told_with_what_is_expected(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("SEKISHO_STATIONS", value)
    result = run("inspect", "--code", KNOWN)
    assert result.exit_code == 2
    message, hint = one_line(result)
    assert message.startswith("sekisho: SEKISHO_STATIONS: ")
    assert message.endswith("[settings_value]")
    if value != "1":
        assert f'expected a JSON list such as ["1", "2"], got {value!r}.' in message
    assert hint == "docs/technician.md lists every setting."


def test_a_bench_without_a_station_is_refused(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEKISHO_STATIONS", "[]")
    result = run("inspect", "--code", KNOWN)
    assert result.exit_code == 2
    assert "SEKISHO_STATIONS: Tuple should have at least 1 item" in one_line(result)[0]


@pytest.mark.parametrize("command", [("inspect", "--code", KNOWN), ("registry", "install", "EDITION")])
def test_a_state_directory_that_cannot_be_made_is_told(
    run: Callable[..., Result], tmp_path: Path, edition_today: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("")
    state = tmp_path / "file" / "state"
    result = run(*(edition_today if word == "EDITION" else word for word in command), "--state-dir", state)
    assert result.exit_code == 2
    message, hint = one_line(result)
    wanted = "expected a directory that can be made and written to, got Not a directory. [settings_state_dir]"
    assert message == f"sekisho: {state}: {wanted}"
    assert hint == "Name another directory with --state-dir or SEKISHO_STATE_DIR."


@pytest.mark.parametrize("code", ["ABC[/x]", "[bold]A[/bold]", ":cat:"])
def test_a_code_that_looks_like_markup_is_shown_as_it_is(run: Callable[..., Result], code: str) -> None:
    result = run("inspect", "--code", code)
    assert result.exit_code == 30, result.output
    assert f"The code {code} follows no known form." in result.stdout


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_nothing_that_is_shown_steers_the_terminal(run: Callable[..., Result], options: tuple[str, ...]) -> None:
    shown = run("inspect", "--code", "KUMO\x9b31m\u202e-7", *options).stdout
    assert "KUMO" in shown
    assert not {"\x9b", "\u202e"} & set(shown)


def test_the_bytes_of_a_code_that_is_no_text_are_kept(run: Callable[..., Result]) -> None:
    result = run("inspect", "--code", os.fsdecode(b"AB\xff"), "--json")
    assert result.exit_code == 30, result.output
    assert json.loads(result.stdout)["seen"]["symbols"][0]["payload"] == "4142ff"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 100_000, "the document: Invalid JSON: recursion limit exceeded"),
        ("[]", "the document: Input should be an object, got []."),
        ('{"document": 5}', "document: Input should be a valid string, got 5."),
        (
            '{"document": "D", "lines": [{"description": "shoes", "quantity": -5}]}',
            "lines.0.quantity: Input should be greater than or equal to 0, got -5.",
        ),
        (
            '{"document": "D", "lines": [{"description": "shoes", "origin": "ZZZZ"}]}',
            "lines.0.origin: String should match pattern '^([A-Z]{2})?$', got 'ZZZZ'.",
        ),
        (
            '{"document": "D", "lines": [{"description": "shoes", "hs": "abc"}]}',
            "lines.0.hs: String should match pattern '^[0-9]{0,12}$', got 'abc'.",
        ),
        ('{"document": "D", "surprise": 1}', "surprise: Extra inputs are not permitted, got 1."),
    ],
)
def test_a_consignment_file_is_taken_as_the_api_takes_it(
    run: Callable[..., Result], tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "c.json").write_text(text, "utf-8")
    result = run("inspect", "--code", KNOWN, "--consignment", tmp_path / "c.json")
    assert result.exit_code == 2
    message, hint = one_line(result)
    assert message.startswith(f"sekisho: {tmp_path / 'c.json'}: expected a consignment; {why}")
    assert message.endswith("[request_consignment]")
    assert hint == "docs/integrator.md describes the consignment file."


@pytest.mark.parametrize(
    "command",
    [
        ("inspect", "--code", KNOWN, "--registry"),
        ("serve", "--registry"),
        ("registry", "show", "09521104001300", "--registry"),
        ("registry", "install"),
    ],
    ids=" ".join,
)
def test_an_edition_that_is_not_there_is_told(
    run: Callable[..., Result], tmp_path: Path, command: tuple[str, ...]
) -> None:
    result = run(*command, tmp_path / "none.sqlite")
    assert result.exit_code == 2
    assert one_line(result) == (
        f"sekisho: {tmp_path / 'none.sqlite'}: expected a registry edition, got no file. [settings_registry]",
        "Build one with: sekisho registry build SOURCE --out FILE.",
    )


def test_a_registry_is_not_built_where_nothing_can_be_written(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("registry", "build", tmp_path, "--out", tmp_path / "none" / "e.sqlite")
    assert result.exit_code == 2
    message, hint = one_line(result)
    wanted = "expected a file that can be written, got No such file or directory. [request_out]"
    assert message == f"sekisho: {tmp_path / 'none' / 'e.sqlite'}: {wanted}"
    assert hint == "Name a file in a directory that exists and can be written to."


def test_a_source_that_is_not_there_is_told(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("registry", "build", tmp_path / "none", "--out", tmp_path / "e.sqlite")
    assert result.exit_code == 2
    assert one_line(result)[0] == (
        f"sekisho: {tmp_path / 'none'}: expected a directory with edition.toml, got none. [source_missing]"
    )


def test_a_lan_address_without_a_token_is_refused(run: Callable[..., Result]) -> None:
    result = run("serve", "--host", "192.0.2.1")
    assert result.exit_code == 2
    assert "[settings_token]" in one_line(result)[0]


def test_a_damaged_ledger_is_set_aside_and_the_bench_serves_on(run: Callable[..., Result], tmp_path: Path) -> None:
    assert run("inspect", "--code", KNOWN).exit_code == 0
    ledger = tmp_path / "state" / "ledger.db"
    whole = ledger.read_bytes()
    ledger.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    for rest in ("ledger.db-wal", "ledger.db-shm"):
        (tmp_path / "state" / rest).unlink(missing_ok=True)
    assert run("inspect", "--code", KNOWN).exit_code == 0
    assert [path.name for path in (tmp_path / "state").glob("ledger*damaged*")]


def test_the_chain_can_be_verified(run: Callable[..., Result]) -> None:
    run("inspect", "--code", KNOWN)
    result = run("verify")
    assert (result.exit_code, result.stdout) == (0, "1 rows, chain whole\n")


def test_a_ledger_that_is_not_whole_or_not_there_is_never_called_whole(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    absent = run("verify", "--state-dir", tmp_path / "nowhere")
    assert (absent.exit_code, absent.stdout) == (3, "")
    assert "[ledger_missing]" in one_line(absent)[0]
    assert not (tmp_path / "nowhere").exists()
    run("inspect", "--code", KNOWN)
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / "ledger.db")) as database:
        database.executescript("DROP TRIGGER entries_keep; UPDATE entries SET officer='other'")
    altered = run("verify")
    assert (altered.exit_code, altered.stdout) == (3, "")
    assert "row 1 with hash" in one_line(altered)[0]


def test_a_registry_is_built_installed_and_shown(run: Callable[..., Result], tmp_path: Path) -> None:
    source = sources.write(tmp_path / "sources", sources.samples(1, TODAY)[:1], TODAY)
    with (source / "products.csv").open("a", encoding="utf-8") as products:
        products.write("4006381333930,Wrong check digit\n")
    built = run("registry", "build", source, "--out", tmp_path / "e.sqlite")
    assert built.exit_code == 0, built.output
    assert "1 rows refused" in built.stdout
    assert "products.csv, row" in built.stderr
    assert run("registry", "install", tmp_path / "e.sqlite").exit_code == 0
    shown = run("registry", "show", "9521101001013", "--registry", tmp_path / "e.sqlite")
    assert json.loads(shown.stdout)["product"]["name"] == "Aurore Night Serum 30 ml"
    absent = run("registry", "show", "4006381333931")
    assert absent.exit_code == 2
    assert "[product_not_found]" in one_line(absent)[0]


def test_an_edition_of_a_far_day_is_built_with_a_word_about_it(run: Callable[..., Result], tmp_path: Path) -> None:
    source = sources.write(tmp_path / "sources", sources.samples(1, TODAY)[:1], TODAY)
    said = (source / "edition.toml").read_text()
    (source / "edition.toml").write_text(re.sub(r"(?m)^issued = .*$", "issued = 2936-11-20T00:00:00Z", said))
    built = run("registry", "build", source, "--out", tmp_path / "e.sqlite")
    assert built.exit_code == 0, built.output
    told = " ".join(built.stderr.split())
    assert "Warning: edition.toml, issued: expected a time of at most a day after now, " in told
    assert told.endswith("got 2936-11-20T00:00:00Z.")


def test_the_built_in_policy_is_printed_and_passes_its_own_check(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(run("policy", "show").stdout, "utf-8")
    assert run("policy", "check", tmp_path / "policy.toml").stdout.endswith("policy default 2026.11 can be used\n")
