"""The look at the policy: what findings did, and a policy with some values changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.app import open_bench
from edge.arrival import Arrival
from edge.consignment import Consignment, DeclaredLine
from edge.errors import PolicyError
from edge.inspection import Decision, Outcome, Weight
from edge.policy import builtin, builtin_text, load
from edge.policy_review import altered
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.storage.knowledge import FOLDER, keep
from edge.storage.shelves import Shelves
from sekisho import app
from tests.edge.storage.editions import GTIN, edition

SERIALS = f"gtin,serial,status\n{GTIN},A1,known\n{GTIN},A2,revoked\n{GTIN},A3,reported\n"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A box that has inspected a known, a revoked, a reported and an unknown serial."""
    settings = Settings(state_dir=tmp_path / "state", workers=1, reserve_bytes=0)
    monkeypatch.setenv("SEKISHO_STATE_DIR", str(settings.state_dir))
    shelf = Shelves.of(settings).editions
    shelf.activate(shelf.stage(edition(tmp_path, 1, serials=SERIALS)))
    with open_bench(settings) as bench:
        outcomes = []
        for serial in ("A1", "A2", "A3", "A4", "A5"):
            code = RawCode(f"]d201{GTIN}21{serial}".encode(), "scanner")
            done = bench.inspect(Arrival(station="1", codes=(code,), joins=False))
            outcomes.append(done.verdict.outcome)
            if serial == "A4":
                bench.dispose(done.inspection, Decision.REFER, officer="O-7")
    assert outcomes == [Outcome.NO_FINDING, Outcome.STRONG_INDICATION, *[Outcome.CHECK] * 3]
    counted = {"serial.unknown": {"confirmed": 3, "closed": 7, "undecided": 0}}
    keep(settings.state_dir / FOLDER, {"precision": {"findings": counted}})
    return settings.state_dir


def _run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["policy", "review", *arguments], env={"COLUMNS": "400"})
    assert done.exit_code == 0, done.output
    return done.stdout


def test_each_finding_is_told_with_what_it_did_and_how_often_it_was_confirmed(state: Path) -> None:
    del state
    told = json.loads(_run("--json"))
    findings = {one["code"]: one for one in told["findings"]}
    assert (told["inspections"], told["unread"], told["tried"]) == (5, 0, None)
    unknown = findings["serial.unknown"]
    assert (unknown["inspections"], unknown["alone"], unknown["confirmed"], unknown["closed"]) == (2, 2, 3, 7)
    assert unknown["decisions"] == {"refer": 1, "undecided": 1}
    assert (findings["serial.revoked"]["alone"], findings["serial.revoked"]["closed"]) == (1, None)
    assert told["findings"][0]["code"] == "serial.unknown"  # it alone made most outcomes
    assert "serial.unknown              check          2       2         0         1         0  3 of 7 closed" in _run()


def test_a_note_without_which_several_would_say_nothing_together_made_the_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(state_dir=tmp_path / "state", workers=1, reserve_bytes=0)
    monkeypatch.setenv("SEKISHO_STATE_DIR", str(settings.state_dir))
    product = (
        "gtin,name,brand,right_holder,serialised,origins,value_min_minor,value_max_minor,currency\n"
        f"{GTIN},Kumo 2,Kumo,Kumo KK,yes,JP,8000,9000,JPY\n"
    )
    shelf = Shelves.of(settings).editions
    shelf.activate(shelf.stage(edition(tmp_path, 1, products=product)))
    with open_bench(settings) as bench:
        for serial, origin in (("A1", "CN"), ("A9", "CN"), ("A1", "JP")):
            line = DeclaredLine("Kumo", 1, value_minor=100, currency="JPY", origin=origin)
            code = RawCode(f"]d201{GTIN}21{serial}".encode(), "scanner")
            declared = Consignment("RR473124829JP", lines=(line,))
            bench.inspect(Arrival(station="1", codes=(code,), consignment=declared, joins=False))
    alone = {one["code"]: one["alone"] for one in json.loads(_run("--json"))["findings"]}
    assert (alone["together.several"], alone["consignment.value"], alone["consignment.origin"]) == (1, 1, 1)
    assert alone["recordation.none"] == alone["serial.unknown"] == 0


def test_a_changed_weight_is_tried_and_written_and_nothing_is_used(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "tried.toml"
    told = json.loads(_run("weights.serial.unknown=note", "--write", str(out), "--version", "2026.12", "--json"))
    assert told["tried"]["outcomes"] == {"CHECK > NO_FINDING": 2}
    assert (told["tried"]["changed"], told["tried"]["replayed"]) == (2, 5)
    written = load(out)
    assert (written.title, written.weights["serial.unknown"]) == ("default 2026.12", Weight.NOTE)
    assert written.model_copy(update={"version": builtin().version, "weights": builtin().weights}) == builtin()
    assert "# Registry" in out.read_text() or "# A registry older" in out.read_text()  # its comments stay
    assert Shelves.of(Settings(state_dir=state)).policies.current() == builtin()
    assert not Shelves.of(Settings(state_dir=state)).policies.contents().slots


def test_without_the_edition_that_they_were_judged_with_nothing_is_tried(state: Path) -> None:
    (state / "registry" / "CURRENT").unlink()
    done = CliRunner().invoke(app, ["policy", "review", "weights.serial.unknown=note"], env={"COLUMNS": "400"})
    assert (done.exit_code, done.stdout) == (3, "")
    expected = "Expected the registry edition in use, with which the inspections were judged (jp), got none."
    assert expected in done.stderr
    assert "inspections" in _run()  # what was found is told without it


def test_of_the_last_so_many_only(state: Path) -> None:
    del state
    assert json.loads(_run("--last", "1", "--json"))["inspections"] == 1


@pytest.mark.parametrize(
    ("change", "value"),
    [("consignment.words_similarity=75", 75.0), ("consignment.words_similarity = 75", None)],
)
def test_a_threshold_is_changed_in_its_own_part(change: str, value: float | None) -> None:
    if value is None:
        with pytest.raises(
            PolicyError, match=r"^Expected PART\.NAME=VALUE, got 'consignment\.words_similarity = 75'\."
        ):
            altered(builtin_text(), [change], "1")
        return
    text, policy = altered(builtin_text(), [change], "1")
    assert policy.consignment.words_similarity == value
    assert "words_similarity = 75 # 0..100; declared description" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("weights.serial.unheard=note", "Expected a value of the policy, got 'weights.serial.unheard=note'."),
        ("nothing.at_all=1", "Expected a value of the policy, got 'nothing.at_all=1'."),
        ("weights.serial.rule=heavy", "the changed policy: weights.serial.rule: "),
        ("consignment.words_similarity=many", "Expected a value in TOML, got 'consignment.words_similarity=many': "),
        ("consignment.words_similarity=101", "the changed policy: consignment.words_similarity: "),
    ],
)
def test_what_is_no_change_of_the_policy_is_refused(change: str, said: str) -> None:
    with pytest.raises(PolicyError) as refused:
        altered(builtin_text(), [change], "1")
    assert refused.value.message.startswith(said)
