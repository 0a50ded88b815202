"""A few interruptions of each kind; `./run faults sync --seeds N` makes many. And the checker finds what it should."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.faults import campaign, disk
from benchmarks.faults.sync import SCENARIOS, Identity, Results

needs_disk = pytest.mark.skipif(
    bool(disk.why_unavailable()), reason=f"NOT TESTED: power cuts: {disk.why_unavailable()}"
)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_nothing_is_lost_by_kills(scenario: campaign.Scenario) -> None:
    assert campaign.kills(scenario, 2, seed=3).failures == ()


@needs_disk
@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_nothing_is_lost_by_power_cuts(scenario: campaign.Scenario) -> None:
    assert campaign.power_cuts(scenario, 4, seed=3).failures == ()


def _forget(state: Path) -> None:
    with closing(sqlite3.connect(state / "central" / "central.db")) as database:
        database.execute("DELETE FROM entries WHERE seq=(SELECT max(seq) FROM entries)")
        database.commit()


def _change(state: Path) -> None:
    with closing(sqlite3.connect(state / "central" / "central.db")) as database:
        database.execute("UPDATE entries SET hash=seq WHERE seq=2")
        database.commit()


def _lose_the_card(state: Path) -> None:
    for path in (state / "box").glob("ledger.db*"):
        path.unlink()


@pytest.mark.parametrize("harm", [_forget, _change, _lose_the_card])
def test_the_checker_finds_what_is_lost_or_changed(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    scenario, told = Results(), list[str]()
    scenario.prepare(tmp_path)
    scenario.run(tmp_path, tmp_path / "state", told.append)
    scenario.check(tmp_path, tmp_path / "state", tuple(told))
    harm(tmp_path / "state")
    with pytest.raises((AssertionError, IndexError)):
        scenario.check(tmp_path, tmp_path / "state", tuple(told))


def test_the_checker_finds_another_key(tmp_path: Path) -> None:
    told: list[str] = []
    Identity().run(tmp_path, tmp_path / "state", told.append)
    Identity().check(tmp_path, tmp_path / "state", tuple(told))
    (tmp_path / "state" / "device.key").unlink()
    with pytest.raises(AssertionError, match="was used"):
        Identity().check(tmp_path, tmp_path / "state", tuple(told))
