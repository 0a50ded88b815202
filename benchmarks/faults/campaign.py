"""Do something again and again, interrupt it each time, and ask after each time what is left.

A scenario says what is done and what must hold. It is interrupted by kill -9, by a power cut made of its disk's trace,
or by a disk that is full. What it told before the interruption (`note`) is what the world was told.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.faults import crash, disk

Note = Callable[[str], None]
_LONGEST_S = 120.0
_MOST_OPERATIONS = 12  # as a power of two


class Scenario(Protocol):
    """Something that is interrupted."""

    name: str

    def prepare(self, material: Path) -> None:
        """Make what is needed, once, on a disk without faults."""
        ...

    def run(self, material: Path, state: Path, note: Note) -> None:
        """Do it. `note` tells what was told to the world, at that moment."""
        ...

    def check(self, material: Path, state: Path, told: tuple[str, ...]) -> None:
        """Look at what is left, and go on with it. Raises AssertionError, or whatever the product raises."""
        ...


@dataclass(frozen=True)
class Failure:
    """One interruption after which something did not hold."""

    scenario: str
    fault: str
    seed: int
    why: str

    def __str__(self) -> str:
        return f"{self.scenario}, {self.fault} {self.seed}: {self.why}"


@dataclass(frozen=True)
class Tally:
    """What became of a campaign."""

    runs: int
    failures: tuple[Failure, ...]


def kills(scenario: Scenario, count: int, seed: int) -> Tally:
    """Run it `count` times and kill it with signal 9 at a drawn moment."""
    draw = random.Random(seed)
    failures: list[Failure] = []
    with _folder() as folder:
        material = folder / "material"
        material.mkdir()
        scenario.prepare(material)
        longest = _timed(scenario, material, folder / "whole")
        for number in range(count):
            place = folder / f"kill-{number}"
            _killed(scenario, material, place, draw.uniform(0, longest))
            failures += _checked(scenario, "kill", number, material=material, state=place / "state", told=_told(place))
            shutil.rmtree(place)
    return Tally(count, tuple(failures))


def power_cuts(scenario: Scenario, count: int, seed: int) -> Tally:
    """Run it once on the disk that writes everything down, and cut the power `count` times in its trace."""
    failures: list[Failure] = []
    with _folder() as folder:
        material = folder / "material"
        material.mkdir()
        scenario.prepare(material)
        with disk.mounted(folder / "fuse") as mount:
            _apart(scenario, material, mount.path / "state", mount.path / ".notes")
        for number, cut in enumerate(crash.cuts(mount.trace(), count, seed)):
            place = cut.lay_out(folder / f"cut-{number}")
            failures += _checked(scenario, "cut", number, material=material, state=place / "state", told=cut.notes)
            shutil.rmtree(place)
    return Tally(count, tuple(failures))


def full_disks(scenario: Scenario, count: int, seed: int) -> Tally:
    """Run it on disks that are full after a drawn number of bytes; then there is room again."""
    draw = random.Random(seed)
    failures: list[Failure] = []
    with _folder() as folder:
        material = folder / "material"
        material.mkdir()
        scenario.prepare(material)
        _timed(scenario, material, folder / "whole")
        size = sum(path.stat().st_size for path in (folder / "whole" / "state").rglob("*") if path.is_file())
        for number in range(count):
            place = folder / f"full-{number}"
            with disk.mounted(place) as mount:
                mount.full_after(draw.randrange(size + 1))
                _apart(scenario, material, mount.path / "state", mount.path / ".notes", may_fail=True)
                mount.full_after(1 << 40)
                left = folder / f"left-{number}"
                if (mount.path / "state").is_dir():
                    shutil.copytree(mount.path / "state", left)
            told = tuple(event[1] for event in mount.trace() if event[0] == "note")
            failures += _checked(scenario, "full disk", number, material=material, state=left, told=told)
            shutil.rmtree(left, ignore_errors=True)
            shutil.rmtree(place)
    return Tally(count, tuple(failures))


def pulled_sticks(scenario: Scenario, count: int, seed: int) -> Tally:
    """Run it from a stick that is pulled out after a drawn number of operations; then the stick is there again."""
    draw = random.Random(seed)
    failures: list[Failure] = []
    with _folder() as folder:
        material = folder / "material"
        material.mkdir()
        scenario.prepare(material)
        for number in range(count):
            place = folder / f"stick-{number}"
            with disk.mounted(place) as mount:
                stick = Path(shutil.copytree(material, mount.path / "stick"))
                mount.gone_after(int(2 ** draw.uniform(1, _MOST_OPERATIONS)))
                _apart(scenario, stick, place / "state", place / "notes", may_fail=True)
            failures += _checked(scenario, "stick", number, material=material, state=place / "state", told=_told(place))
            shutil.rmtree(place)
    return Tally(count, tuple(failures))


def _checked(
    scenario: Scenario, fault: str, number: int, *, material: Path, state: Path, told: tuple[str, ...]
) -> Iterator[Failure]:
    state.mkdir(parents=True, exist_ok=True)
    try:
        scenario.check(material, state, told)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        where = traceback.extract_tb(error.__traceback__)[-1]
        yield Failure(scenario.name, fault, number, f"{type(error).__name__}: {error} ({where.name}:{where.lineno})")


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder in memory where there is one: what is tested is what is asked of a disk, not this machine's."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
    with tempfile.TemporaryDirectory(prefix="faults-", dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def _told(place: Path) -> tuple[str, ...]:
    notes = place / "notes"
    return tuple(notes.read_text().splitlines()) if notes.exists() else ()


def _notes(path: Path) -> Note:
    return lambda words: _append(path, f"{words}\n" if path.name == "notes" else words)


def _append(path: Path, words: str) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(words.encode())


def _timed(scenario: Scenario, material: Path, place: Path) -> float:
    (place / "state").mkdir(parents=True)
    started = time.monotonic()
    scenario.run(material, place / "state", _notes(place / "notes"))
    return time.monotonic() - started


def _killed(scenario: Scenario, material: Path, place: Path, after: float) -> None:
    (place / "state").mkdir(parents=True)
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            scenario.run(material, place / "state", _notes(place / "notes"))
        os._exit(0)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _apart(scenario: Scenario, material: Path, state: Path, notes: Path, *, may_fail: bool = False) -> None:
    """Run it in a process of its own, which lets nothing open on the disk."""
    module = type(scenario).__module__
    command = [sys.executable, "-m", "benchmarks.faults", "child", module, scenario.name]
    done = subprocess.run(
        [*command, str(material), str(state), str(notes)],
        capture_output=True,
        timeout=_LONGEST_S,
        check=False,
        text=True,
    )
    if done.returncode != 0 and not may_fail:
        raise RuntimeError(f"{scenario.name}: expected to run to its end, got: {done.stderr[-2_000:]}")


def child(scenario: Scenario, material: Path, state: Path, notes: Path) -> None:
    """What `_apart` starts."""
    state.mkdir(parents=True, exist_ok=True)
    scenario.run(material, state, _notes(notes))
