"""One way to be harmed, tried again and again with seeds: the shape that every campaign has, and what is told of it."""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """One run: the seed that repeats it, where it was hit, and what did not hold ("" when all did)."""

    seed: int
    points: tuple[str, ...] = ()
    why: str = ""


Runs = Callable[[int, int], Iterator[Ran]]  # how many, first seed


@dataclass(frozen=True)
class Trial:
    """Something that is harmed in one way. `runs` looks after each run at what is left."""

    name: str
    holds: str  # what is looked at after each run, in a line
    runs: Runs
    share: float = 1.0  # runs for each seed that is asked for; at least one is made
    why_not: Callable[[], str] = str  # why it cannot be tried on this machine; "" when it can


@dataclass(frozen=True)
class Tally:
    """What became of a trial."""

    name: str
    runs: int
    points: Counter[str]
    failures: tuple[Ran, ...]
    took_s: float

    def lines(self, campaign: str, holds: str) -> Iterator[str]:
        """What is printed: runs, points hit, what was held, failures with the seed to repeat."""
        hit = sum(self.points.values())
        told = f"{self.runs} runs, {hit} hits at {len(self.points)} points, {len(self.failures)} did not hold"
        yield f"{self.name}: {told} ({self.took_s:.0f} s)"
        yield f"  held: {holds}"
        often = ", ".join(f"{point} {count}" for point, count in self.points.most_common(8))
        if often:
            yield f"  hit most: {often}"
        for failure in self.failures[:10]:
            yield f"  FAILED {failure.why}"
            yield f"    again: ./run faults {campaign} --only '{self.name}' --seed {failure.seed} --count 1"


def tried(trial: Trial, count: int, seed: int) -> Tally:
    """Make `count` runs of a trial."""
    started = time.monotonic()
    points: Counter[str] = Counter()
    failures: list[Ran] = []
    runs = 0
    for ran in trial.runs(count, seed):
        runs += 1
        points.update(ran.points)
        if ran.why:
            failures.append(ran)
    return Tally(trial.name, runs, points, tuple(failures), time.monotonic() - started)


def each(once: Callable[[Path, random.Random], Iterable[str]]) -> Runs:
    """Runs that know nothing of each other: `once` gets an empty folder and what to draw from, and answers points."""

    def runs(count: int, seed: int) -> Iterator[Ran]:
        with folder() as place:
            for number in range(seed, seed + count):
                one = place / str(number)
                one.mkdir()
                points: tuple[str, ...] = ()

                def run(one: Path = one, number: int = number) -> None:
                    nonlocal points
                    points = tuple(once(one, random.Random(str(number))))

                why = failure(run)
                yield Ran(number, points, why)
                shutil.rmtree(one)

    return runs


def failure(work: Callable[[], object]) -> str:
    """What `work` raised, in a line; "" when it came to its end."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.name}:{where.lineno})"
    return ""


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: what is tested is what is asked of a disk, not this machine's."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
    with tempfile.TemporaryDirectory(prefix="faults-", dir=memory if memory.is_dir() else None) as name:
        yield Path(name)
