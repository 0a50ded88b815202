"""A few runs of each trial; `./run faults sync --seeds N` makes many. And the checker finds what it should."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.faults import month
from benchmarks.faults.interrupted import Identity, Results
from benchmarks.faults.sync import TRIALS
from benchmarks.faults.trial import Trial, tried


@pytest.mark.slow
@pytest.mark.parametrize("trial", [one for one in TRIALS if one not in month.TRIALS], ids=lambda one: one.name)
def test_nothing_is_lost_doubled_or_changed(trial: Trial) -> None:
    if why := trial.why_not():
        pytest.skip(f"NOT TESTED: {trial.name}: {why}")
    tally = tried(trial, 1, seed=3)
    assert [one.why for one in tally.failures] == []
    assert tally.points


@pytest.mark.slow
def test_a_short_month_offline_is_sent_in_one_night() -> None:
    (ran,) = month.runs(1, seed=3, inspections=60)
    assert ran.why == ""
    assert ran.points[0].startswith("120 rows in ")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, ...]]:
    """What a whole run has left and told, and all of it holds."""
    scenario, state, told = Results(), tmp_path_factory.mktemp("ran") / "state", list[str]()
    scenario.run(state, state, told.append)
    scenario.check(state, state, tuple(told))
    return state, tuple(told)


def _sql(*statements: str) -> Callable[[Path], None]:
    def harm(state: Path) -> None:
        with closing(sqlite3.connect(state / "central" / "central.db")) as database:
            for sql in statements:
                assert database.execute(sql).rowcount, sql
            database.commit()

    return harm


def _lose_the_card(state: Path) -> None:
    for path in (state / "box").glob("ledger.db*"):
        path.unlink()


def _lose_a_picture(state: Path) -> None:
    max((state / "central" / "objects").glob("*/*")).unlink()


def _claim_more(state: Path) -> None:
    outbox = state / "box" / "outbox.json"
    told = json.loads(outbox.read_bytes())
    for one in told.values():
        one["seq"] += 1_000
    outbox.write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (_sql("DELETE FROM entries WHERE seq=(SELECT max(seq) FROM entries)"), "the centre says row"),
        (_sql("UPDATE entries SET hash=seq WHERE seq=2"), "row 2 was changed"),
        (_sql("UPDATE entries SET body='{}' WHERE seq=3"), "row 3 was changed"),
        (_sql("UPDATE entries SET outcome='NO_FINDING'"), "told "),
        (_sql("UPDATE entries SET inspection='i1' WHERE seq=4"), "row 4 is found under other words"),
        (_sql("UPDATE personal SET value='\"RR\"' WHERE seq=1"), "the parcel of row 1 was changed"),
        (_lose_the_card, "the centre holds other rows than the box"),
        (_lose_a_picture, "not at the centre|nor at the centre"),
        (_claim_more, "rows are receipted"),
    ],
)
def test_the_checker_finds_what_is_lost_or_changed(
    ran: tuple[Path, tuple[str, ...]], tmp_path: Path, harm: Callable[[Path], None], found: str
) -> None:
    state, told = Path(shutil.copytree(ran[0], tmp_path / "state")), ran[1]
    harm(state)
    with pytest.raises(AssertionError, match=found):
        Results().check(tmp_path, state, told)


def test_the_checker_finds_another_key(tmp_path: Path) -> None:
    told: list[str] = []
    Identity().run(tmp_path, tmp_path / "state", told.append)
    Identity().check(tmp_path, tmp_path / "state", tuple(told))
    (tmp_path / "state" / "device.key").unlink()
    with pytest.raises(AssertionError, match="was used"):
        Identity().check(tmp_path, tmp_path / "state", tuple(told))
