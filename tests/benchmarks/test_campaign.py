"""A campaign must find what does not hold, and must find nothing where all holds."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from benchmarks.faults import campaign, disk, registry
from benchmarks.faults.campaign import Note
from benchmarks.faults.trial import Ran, Trial, each, tried
from edge.storage.database import write_durably

_needs_disk = pytest.mark.skipif(bool(disk.why_unavailable()), reason=f"power cuts: {disk.why_unavailable()}")


class Careless:
    """Tells before it is durable."""

    name = "careless"

    def prepare(self, material: Path) -> None:
        """Nothing is needed."""

    def run(self, material: Path, state: Path, note: Note) -> None:
        """Write a file of its own for each number, and tell."""
        del material
        for number in range(20):
            (state / str(number)).write_text("x" * 2_000)
            note(str(number))

    def check(self, material: Path, state: Path, told: tuple[str, ...]) -> None:
        """What was told is there."""
        del material
        for number in told:
            assert (state / number).read_text() == "x" * 2_000


class Careful(Careless):
    """Tells when it is durable."""

    name = "careful"

    def run(self, material: Path, state: Path, note: Note) -> None:
        """Likewise, durably."""
        del material
        for number in range(20):
            write_durably(state / str(number), b"x" * 2_000)
            note(str(number))


def _failures(ran: Iterable[Ran]) -> list[str]:
    return [one.why for one in ran if one.why]


def test_a_run_is_repeated_by_its_seed_and_a_failure_says_with_which() -> None:
    def once(folder: Path, draw: random.Random) -> tuple[str, ...]:
        assert list(folder.iterdir()) == []
        (folder / "left").write_text("")
        if draw.random() < 0.5:
            raise OSError("half of them")
        return ("well",)

    trial = Trial("coin", "nothing", each(once))
    tally = tried(trial, 20, seed=1)
    assert (tally.runs, len(tally.failures) + tally.points["well"]) == (20, 20)
    first = tally.failures[0]
    assert tried(trial, 1, first.seed).failures[0].why == first.why
    assert first.why.startswith("OSError: half of them (test_campaign.py:once:")
    said = list(tally.lines("sync", trial.holds))
    assert f"    again: ./run faults sync --only 'coin' --seed {first.seed} --count 1" in said
    assert "  held: nothing" in said


@_needs_disk
def test_a_power_cut_finds_what_was_told_too_early() -> None:
    assert _failures(campaign.power_cuts(Careless(), 20, seed=1))


@_needs_disk
def test_a_power_cut_of_another_disk_harms_nothing() -> None:
    assert _failures(campaign.power_cuts(Careless(), 20, seed=1, lost="state/elsewhere")) == []


@_needs_disk
def test_a_power_cut_finds_nothing_where_all_is_durable() -> None:
    ran = list(campaign.power_cuts(Careful(), 20, seed=1))
    assert (len(ran), _failures(ran)) == (20, [])


def test_a_kill_comes_in_the_middle_and_loses_nothing_that_was_written() -> None:
    ran = list(campaign.kills(Careful(), 6, seed=1))
    assert (len(ran), _failures(ran)) == (6, [])
    assert [point for one in ran for point in one.points if point.startswith("database.write_durably ")]


@pytest.mark.parametrize("scenario", registry.SCENARIOS, ids=lambda scenario: scenario.name)
def test_an_edition_is_old_or_new_after_a_kill(scenario: campaign.Scenario) -> None:
    assert _failures(campaign.kills(scenario, 3, seed=3)) == []


@_needs_disk
@pytest.mark.parametrize("scenario", registry.SCENARIOS, ids=lambda scenario: scenario.name)
def test_an_edition_is_old_or_new_after_a_power_cut(scenario: campaign.Scenario) -> None:
    assert _failures(campaign.power_cuts(scenario, 8, seed=3)) == []


@_needs_disk
@pytest.mark.parametrize("scenario", registry.SCENARIOS, ids=lambda scenario: scenario.name)
def test_an_edition_is_old_or_new_after_a_full_disk(scenario: campaign.Scenario) -> None:
    assert _failures(campaign.full_disks(scenario, 1, seed=3)) == []


@_needs_disk
def test_an_edition_is_old_or_new_after_a_stick_was_pulled_out() -> None:
    (pulls,) = [one for one in registry.SCENARIOS if one.name == "pull"]
    assert _failures(campaign.pulled_sticks(pulls, 3, seed=3)) == []
