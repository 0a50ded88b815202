"""A campaign must find what does not hold, and must find nothing where all holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.faults import campaign, disk, registry
from benchmarks.faults.campaign import Note
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


SCENARIOS = (Careless(), Careful())


@_needs_disk
def test_a_power_cut_finds_what_was_told_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Careless, "__module__", "tests.benchmarks.test_campaign")
    assert campaign.power_cuts(Careless(), 20, seed=1).failures


@_needs_disk
def test_a_power_cut_finds_nothing_where_all_is_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Careful, "__module__", "tests.benchmarks.test_campaign")
    tally = campaign.power_cuts(Careful(), 20, seed=1)
    assert (tally.runs, tally.failures) == (20, ())


def test_a_kill_comes_in_the_middle_and_loses_nothing_that_was_written() -> None:
    tally = campaign.kills(Careful(), 5, seed=1)
    assert (tally.runs, tally.failures) == (5, ())


@pytest.mark.parametrize("scenario", registry.SCENARIOS, ids=lambda scenario: scenario.name)
def test_an_edition_is_old_or_new_after_a_kill(scenario: campaign.Scenario) -> None:
    assert campaign.kills(scenario, 3, seed=3).failures == ()


@_needs_disk
@pytest.mark.parametrize("scenario", registry.SCENARIOS, ids=lambda scenario: scenario.name)
def test_an_edition_is_old_or_new_after_a_power_cut(scenario: campaign.Scenario) -> None:
    assert campaign.power_cuts(scenario, 8, seed=3).failures == ()


@_needs_disk
@pytest.mark.parametrize("scenario", registry.SCENARIOS, ids=lambda scenario: scenario.name)
def test_an_edition_is_old_or_new_after_a_full_disk(scenario: campaign.Scenario) -> None:
    assert campaign.full_disks(scenario, 1, seed=3).failures == ()


@_needs_disk
def test_an_edition_is_old_or_new_after_a_stick_was_pulled_out() -> None:
    (pulls,) = [one for one in registry.SCENARIOS if one.name == "pull"]
    assert campaign.pulled_sticks(pulls, 3, seed=3).failures == ()
