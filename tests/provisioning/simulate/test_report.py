"""The page of a simulated port, and the page of its assumptions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.pack import BUILTIN
from provisioning.simulate import faces, report, scenario
from sekisho import app

GUIDE = Path(__file__).parents[3] / "docs" / "simulated-port.md"


def test_the_page_of_assumptions_is_the_printed_one() -> None:
    said = GUIDE.read_text("utf-8")
    assert said == report.assumptions(scenario.frozen(), faces.frozen()), (
        "sekisho simulate --assumptions > docs/simulated-port.md"
    )


def test_faces_that_another_pack_measured_than_the_one_that_ships_are_told() -> None:
    before = replace(faces.frozen(), pack="drawn-1")
    said = " ".join(report.assumptions(scenario.frozen(), before).split())
    assert "what the packaging model (drawn-1) measured" in said
    assert f"{BUILTIN} ships now: what it tells otherwise is not in the figures." in said
    assert "ships now" not in report.assumptions(scenario.frozen(), replace(before, pack=BUILTIN))


@pytest.fixture
def port(tmp_path: Path) -> Path:
    """The frozen port, smaller."""
    text = scenario.frozen_text()
    for was, small in (
        ("days = 364", "days = 20"),
        ("edition_days = 91", "edition_days = 20"),
        ("products = 400", "products = 20"),
        ("brands = 100", "brands = 10"),
        ("known_serials = 900", "known_serials = 20"),
        ("watched = 2_000", "watched = 20"),
    ):
        assert was in text
        text = text.replace(was, small, 1)
    (tmp_path / "port.toml").write_text(text, encoding="utf-8")
    return tmp_path / "port.toml"


def test_the_command_writes_a_page_and_its_figures(tmp_path: Path, port: Path) -> None:
    asked = ["simulate", "--port", str(port), "--parcels", "30", "--trials", "7", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    for heading in ("Against the limits", "False alarms", "Each check thought away", "At other rates", "input faults"):
        assert heading in page
    assert "src=" not in page
    assert "<script" not in page
    assert '"limits"' in (tmp_path / "out" / "report.json").read_text("utf-8")
    assert "all checks together: median" in done.output


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, port: Path) -> None:
    (tmp_path / "file").write_text("x")
    asked = ["simulate", "--port", str(port), "--parcels", "1", "--out", str(tmp_path / "file" / "out")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 2
    assert "expected a directory to write into" in " ".join(done.output.split())


def test_a_port_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "port.toml").write_text("schema = 2\n")
    done = CliRunner().invoke(app, ["simulate", "--port", str(tmp_path / "port.toml")])
    assert done.exit_code == 2
    assert "port.toml: expected schema = 1, got 2." in " ".join(done.output.split())


def test_a_share_is_told_with_its_interval_and_its_limit() -> None:
    figure = {"name": "CHECK", "share": 0.013, "low": 0.011, "high": 0.0151, "of": 2000, "limit": 0.02, "kept": True}
    assert report.line(figure) == "CHECK: 1.3% [1.1%, 1.5%] of 2,000, limit 2.0%: kept"


@pytest.mark.parametrize(("kept", "said"), [(True, "kept, not shown: too few"), (False, "missed, not shown: too few")])
def test_of_a_limit_within_the_interval_it_is_said_that_nothing_is_shown(*, kept: bool, said: str) -> None:
    assert report.judged({"low": 0.0, "high": 0.013, "limit": 0.001, "kept": kept}) == said
