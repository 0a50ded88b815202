"""A box that dies between the central's receipt and its own deletion, at every step: one side has the evidence."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.faults.checker import check, told_of, where
from benchmarks.faults.kill import Child
from benchmarks.faults.pair import DEVICE, bench, centre, enrolled, held, let_go, sent_within
from benchmarks.faults.trial import Ran, Trial, failure, folder
from sync.central.central import Central

_INSPECTIONS = 5  # three pictures


def runs(count: int, seed: int) -> Iterator[Ran]:
    """Die before the step of the seed's number; there are some hundred from the first picture sent to the last gone."""
    with folder() as place:
        founded, told = place / "founded", list[str]()
        with centre(founded) as central, bench(founded / "box", told.append) as at_work:
            enrolled(central, founded / "box")
            for number in range(_INSPECTIONS):
                at_work.inspect(number)
        whole = Path(shutil.copytree(founded, place / "whole"))
        steps = Child(partial(_bring_and_delete, whole)).wait().steps
        left = {path.name for path in (whole / "box" / "evidence").glob("*/*")}
        assert not left & set(_names(told)), "nothing was deleted"
        for number in range(seed, seed + count):
            state = Path(shutil.copytree(founded, place / str(number)))
            death = Child(partial(_bring_and_delete, state), 1 + (number - 1) % steps).wait()
            yield Ran(number, (death.point,), death.raised or failure(partial(_agree, state, told)))
            shutil.rmtree(state)


def _names(told: list[str]) -> list[str]:
    return [name for one in told_of(told) for name in one.pictures]


def _bring_and_delete(state: Path) -> None:
    with centre(state, founded=False) as central:
        _brought_and_deleted(central, state / "box")


def _brought_and_deleted(central: Central, box: Path) -> None:
    with bench(box) as at_work:
        sent_within(central, box)
        let_go(box, at_work.ledger)


def _agree(state: Path, told: list[str]) -> None:
    box = state / "box"
    with centre(state, founded=False) as central:
        check(told, box, held(state, central), DEVICE, sent=False)
        _brought_and_deleted(central, box)
        sent_within(central, box)  # the rows that say what was deleted
        there = held(state, central)
        check(told, box, there, DEVICE, sent=True)
        here, _, both = where(box, there, _names(told))
        assert not here | both, f"not deleted by the next run: {sorted(here | both)[:3]}"


TRIALS = (
    Trial(
        "killed from receipt to deletion",
        "every picture is on the box or at the centre; what is gone from the box has its row; the next run ends it",
        runs,
        0.6,
    ),
)
