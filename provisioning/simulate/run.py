"""A run of the simulated port: worlds of one year each, one after the other or in two processes, and the input trials.

The same scenario, seed and count give the same rows, whatever the number of processes.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from edge.inspection import Outcome
from provisioning.simulate import codes, goods, parcels, port, tally
from provisioning.simulate.faces import Faces
from provisioning.simulate.goods import Catalogue
from provisioning.simulate.parcels import Visit
from provisioning.simulate.scenario import Scenario
from provisioning.simulate.tally import ALARM, Row

TOLD_EVERY = 1_000  # visits
_NEVER = (  # of the trials of input faults
    *("counterfeit", "unregistered", "serial_not_registered", "input_fault", "unreadable"),
    *("pictured", "declared", "returned", "seen_again", "rescan"),
)
MISREAD = ("truncated",)  # a code that was cut is no longer the code: told apart


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run: a row for each parcel, and how long the judgement took, in milliseconds."""

    rows: list[Row]
    ms: list[float]


def run(
    scenario: Scenario,
    measured: Faces,
    *,
    seed: int,
    count: int,
    processes: int = 1,
    told: Callable[[int], None] = lambda _visits: None,
) -> Run:
    """Simulate `count` parcels. `told` hears of progress, where there is one process."""
    size = scenario.world.parcels
    pieces = [(number, min(size, count - number * size)) for number in range(-(-count // size))]
    if processes == 1:
        worlds = [world(scenario, measured, seed, number, some, told=told) for number, some in pieces]
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            one = partial(_world_of, scenario, measured, seed)
            worlds = list(pool.map(one, pieces))
    return Run([row for done in worlds for row in done.rows], [ms for done in worlds for ms in done.ms])


def _world_of(scenario: Scenario, measured: Faces, seed: int, piece: tuple[int, int]) -> Run:
    return world(scenario, measured, seed, *piece)


def world(
    scenario: Scenario,
    measured: Faces,
    seed: int,
    number: int,
    count: int,
    *,
    told: Callable[[int], None] = lambda _visits: None,
) -> Run:
    """World `number` of a run: its own goods, editions, ledgers and year."""
    mine = seed * 1_000 + number
    catalogue, judge = goods.draw(scenario, mine), port.builtin_judge(scenario, measured)
    ms: list[float] = []

    def timed(judged: Iterator[port.Judged]) -> Iterator[port.Judged]:
        for visits, one in enumerate(judged, start=1):
            ms.append(one.ms)
            if visits % TOLD_EVERY == 0:
                told(visits)
            yield one

    with (
        tempfile.TemporaryDirectory(prefix="sekisho-simulate-") as folder,
        port.opened(scenario, catalogue, judge, Path(folder)) as ports,
    ):
        rows = tally.rows(timed(ports.judged(parcels.year(scenario, catalogue, mine, count))))
    return Run(rows, ms)


# --- Input faults -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trials:
    """Genuine scans under one fault: how many, and how many of them brought a CHECK that the clean scan did not."""

    fault: str
    count: int
    checks: int
    limited: int  # CANNOT ASSESS that the clean scan was not: asked to scan again
    changed: int  # codes that the fault changed at all
    examples: tuple[str, ...] = ()  # codes and payloads of false checks


def input_trials(scenario: Scenario, measured: Faces, *, seed: int, count: int) -> list[Trials]:
    """`count` genuine scans for all faults together, each judged clean and under its fault. No picture, no declaration.

    A double scan is the same codes once more at the same bench, 3 s and 5 min later.
    """
    catalogue, judge = goods.draw(scenario, seed), port.builtin_judge(scenario, measured)
    faults = (*scenario.faults, "double_scan")
    draws = random.Random(f"inputs {seed}")
    with (
        tempfile.TemporaryDirectory(prefix="sekisho-simulate-") as folder,
        port.opened(scenario, catalogue, judge, Path(folder)) as ports,
    ):
        tried: dict[str, list[_Try]] = {fault: [] for fault in faults}
        for number, visit in enumerate(_genuine(scenario, catalogue, seed, count)):
            fault = faults[number % len(faults)]
            box, edition = ports.boxes[visit.port], ports.edition(visit.at.date())
            clean, _ = box.inspect(visit, edition, f"c{number}")
            for place, later in enumerate(_faulty(visit, fault, draws)):
                again, _ = box.inspect(later, edition, f"f{number}-{place}")
                tried[fault].append(_Try(clean, again))
    return [_counted(fault, tried[fault]) for fault in faults]


@dataclass(frozen=True, slots=True)
class _Try:
    """The same codes clean and under a fault."""

    clean: port.Judged
    again: port.Judged

    @property
    def checks(self) -> bool:
        return self.again.verdict.outcome in ALARM and self.clean.verdict.outcome not in ALARM

    @property
    def limits(self) -> bool:
        said = (self.clean.verdict.outcome, self.again.verdict.outcome)
        return said == (Outcome.NO_FINDING, Outcome.CANNOT_ASSESS)

    @property
    def words(self) -> str:
        why = ", ".join(found.code for found in self.again.verdict.findings)
        return f"{self.clean.visit.codes!r} as {self.again.visit.codes!r}: {why}"


def _counted(fault: str, tried: list[_Try]) -> Trials:
    return Trials(
        fault,
        len(tried),
        sum(one.checks for one in tried),
        sum(one.limits for one in tried),
        sum(one.again.visit.codes != one.clean.visit.codes for one in tried),
        tuple(one.words for one in tried if one.checks)[:3],
    )


def _genuine(scenario: Scenario, catalogue: Catalogue, seed: int, count: int) -> Iterator[Visit]:
    """Scans of genuine registered goods, as the year has them, without pictures and declarations, all on one day."""
    rates = dict(scenario.rates)
    for name in _NEVER:
        rates[name] = rates[name].model_copy(update={"value": 0.0})
    plain = scenario.model_copy(update={"rates": rates})
    yield from parcels.year(plain, catalogue, seed, count)


def _faulty(visit: Visit, fault: str, draws: random.Random) -> list[Visit]:
    """The same parcel, scanned under a fault a moment later at the same bench."""
    if fault == "double_scan":
        return [_later(visit, visit.codes, seconds) for seconds in (3, 300)]
    return [_later(visit, tuple(codes.faulty(one, fault, draws) for one in visit.codes), 3)]


def _later(visit: Visit, said: tuple[bytes, ...], seconds: int) -> Visit:
    return Visit(visit.at + timedelta(seconds=seconds), visit.port, visit.station, visit.parcel, said)
