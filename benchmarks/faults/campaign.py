"""Do something, interrupt it, and ask what is left: by kill -9, power cut, full disk, a stick that is pulled out.

A scenario says what is done and what must hold; `interrupted` makes the four trials of it. What it told before the
interruption (`note`) is what the world was told.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from benchmarks.faults import crash, disk
from benchmarks.faults.kill import Child, Death
from benchmarks.faults.trial import Ran, Trial, failure, folder

Note = Callable[[str], None]
_MOST_OPERATIONS = 12  # as a power of two
_CUTS_OF_A_TRACE = 250


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


def interrupted(scenario: Scenario, holds: str) -> tuple[Trial, ...]:
    """The four interruptions of a scenario."""
    name, disks = scenario.name, disk.why_unavailable
    return (
        Trial(f"{name}: killed", holds, lambda count, seed: kills(scenario, count, seed)),
        Trial(f"{name}: power cut", holds, lambda count, seed: power_cuts(scenario, count, seed), 2.0, disks),
        Trial(f"{name}: full disk", holds, lambda count, seed: full_disks(scenario, count, seed), 0.1, disks),
        Trial(f"{name}: stick pulled", holds, lambda count, seed: pulled_sticks(scenario, count, seed), 0.1, disks),
    )


def kills(scenario: Scenario, count: int, seed: int) -> Iterator[Ran]:
    """Run it and kill it with signal 9, by turns before a drawn step and after a drawn time."""
    with folder() as place:
        material = _prepared(scenario, place)
        whole = _whole(scenario, material, place / "whole")
        for number in range(seed, seed + count):
            draw, one = random.Random(str(number)), place / f"kill-{number}"
            step, after = draw.randint(1, whole.steps), draw.uniform(0, whole.took_s)
            (one / "state").mkdir(parents=True)
            child = Child(_work(scenario, material, one / "state", one / "notes"), step if number % 2 else 0)
            death = child.wait() if number % 2 else child.kill_after(after)
            told = _told(one)
            points = (death.point,) if death.signal else ()
            yield _checked(scenario, number, points, material=material, state=one / "state", told=told)
            shutil.rmtree(one)


def power_cuts(scenario: Scenario, count: int, seed: int, lost: str = "") -> Iterator[Ran]:
    """Run it on the disk that writes everything down, and cut the power in its trace, 250 times in each.

    `lost` names the one directory whose disk loses power, e.g. "state/box"; the rest is then another machine's.
    """
    with folder() as place:
        material = _prepared(scenario, place)
        for first in range(seed, seed + count, _CUTS_OF_A_TRACE):
            with disk.mounted(place / f"fuse-{first}") as mount:
                state, notes = mount.path / "state", mount.path / ".notes"
                state.mkdir()
                _ended(scenario, Child(_work(scenario, material, state, notes)).wait())
            trace = mount.trace()
            for number in range(first, min(first + _CUTS_OF_A_TRACE, seed + count)):
                cut = crash.cut(trace, number, lost)
                left = cut.lay_out(place / f"cut-{number}")
                point = f"after {cut.last}"
                told = cut.notes
                yield _checked(scenario, number, (point,), material=material, state=left / "state", told=told)
                shutil.rmtree(left)
            shutil.rmtree(place / f"fuse-{first}")


def full_disks(scenario: Scenario, count: int, seed: int) -> Iterator[Ran]:
    """Run it on disks that are full after a drawn number of bytes; then there is room again."""
    with folder() as place:
        material = _prepared(scenario, place)
        _whole(scenario, material, place / "whole")
        size = sum(path.stat().st_size for path in (place / "whole" / "state").rglob("*") if path.is_file())
        for number in range(seed, seed + count):
            one, room = place / f"full-{number}", random.Random(str(number)).randrange(size + 1)
            with disk.mounted(one) as mount:
                state, notes = mount.path / "state", mount.path / ".notes"
                state.mkdir()
                mount.full_after(room)
                Child(_work(scenario, material, state, notes)).wait()
                mount.full_after(1 << 40)
                left = Path(shutil.copytree(state, place / f"left-{number}"))
            told = tuple(event[1] for event in mount.trace() if event[0] == "note")
            point = f"at {10 * room // (size + 1)}/10 of its bytes"
            yield _checked(scenario, number, (point,), material=material, state=left, told=told)
            shutil.rmtree(left)
            shutil.rmtree(one)


def pulled_sticks(scenario: Scenario, count: int, seed: int) -> Iterator[Ran]:
    """Run it from a stick that is pulled out after a drawn number of operations; then the stick is there again."""
    with folder() as place:
        material = _prepared(scenario, place)
        for number in range(seed, seed + count):
            one, operations = (
                place / f"stick-{number}",
                int(2 ** random.Random(str(number)).uniform(1, _MOST_OPERATIONS)),
            )
            (one / "state").mkdir(parents=True)
            with disk.mounted(one) as mount:
                stick = Path(shutil.copytree(material, mount.path / "stick"))
                mount.gone_after(operations)
                Child(_work(scenario, stick, one / "state", one / "notes")).wait()
            point = f"after some {1 << operations.bit_length() - 1} operations"
            yield _checked(scenario, number, (point,), material=material, state=one / "state", told=_told(one))
            shutil.rmtree(one)


def _prepared(scenario: Scenario, place: Path) -> Path:
    material = place / "material"
    material.mkdir()
    scenario.prepare(material)
    return material


def _checked(
    scenario: Scenario, number: int, points: tuple[str, ...], *, material: Path, state: Path, told: tuple[str, ...]
) -> Ran:
    state.mkdir(parents=True, exist_ok=True)
    return Ran(number, points, failure(lambda: scenario.check(material, state, told)))


def _told(place: Path) -> tuple[str, ...]:
    notes = place / "notes"
    return tuple(notes.read_text().splitlines()) if notes.exists() else ()


def _work(scenario: Scenario, material: Path, state: Path, notes: Path) -> Callable[[], None]:
    return lambda: scenario.run(material, state, _notes(notes))


def _notes(path: Path) -> Note:
    """A note in a file, one a line; on the disk that writes everything down each is an event of its own."""

    def note(words: str) -> None:
        with path.open("ab", buffering=0) as file:
            file.write((words if path.name == ".notes" else f"{words}\n").encode())

    return note


def _whole(scenario: Scenario, material: Path, place: Path) -> Death:
    """Run it to its end in a child: its steps and its time."""
    (place / "state").mkdir(parents=True)
    return _ended(scenario, Child(_work(scenario, material, place / "state", place / "notes")).wait())


def _ended(scenario: Scenario, death: Death) -> Death:
    if death.raised or death.signal:
        message = f"{scenario.name}: expected to run to its end, got signal {death.signal}, {death.raised}"
        raise RuntimeError(message)
    return death
