"""The box, its sync and the workers of the centre as processes of their own; one of them is killed again and again.

Whoever was killed is started again, as systemd does it, and goes on with what is on its disk. Handhelds ask again for
what they were not answered.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import uvicorn

from benchmarks.faults.checker import check, told_of
from benchmarks.faults.interrupted import HOLDS, quiet
from benchmarks.faults.kill import Child
from benchmarks.faults.line import hurried
from benchmarks.faults.pair import DEVICE, app_of, bench, centre, enrolled, held, sent
from benchmarks.faults.trial import Ran, Runs, Trial, failure, folder
from sync.central.intake.holdings import holdings
from sync.errors import CentralUnreachable
from sync.identity import kept_enrolment, kept_private_key
from sync.link import Link

INSPECTIONS = 24
_KILLS = 4
_LONGEST_S = 480.0
_LOOK_S = 0.004
_PAUSE_S = 0.01  # between two inspections, and between two runs of sync


def killed(victim: str) -> Runs:
    """Runs in which `victim` ("box", "sync" or "central") is killed four times each."""

    def runs(count: int, seed: int) -> Iterator[Ran]:
        with folder() as place:
            founded = place / "founded"
            with centre(founded) as central:
                enrolled(central, founded / "box")
            for number in range(seed, seed + count):
                state = Path(shutil.copytree(founded, place / str(number)))
                points: list[str] = []
                why = failure(partial(_run, state, victim, random.Random(f"{victim} {number}"), points))
                yield Ran(number, tuple(points), why)
                shutil.rmtree(state)

    return runs


def _run(state: Path, victim: str, draw: random.Random, points: list[str]) -> None:
    deaths = [_death(draw) for _ in range(_KILLS)]
    if victim != "central":  # its work ends: on a fast machine before any other death comes
        deaths[0] = int(2 ** draw.uniform(0, 4))
    with listening() as plug:
        url = f"http://127.0.0.1:{plug.getsockname()[1]}"
        works = {
            "box": partial(_inspect, state),
            "sync": partial(_send, state, url),
            "central": partial(serve, state, plug),
        }
        names = ["box", "sync", "central", "central"]
        names.remove(victim)
        running = [Kept(works[victim], deaths), *(Kept(works[name], []) for name in names)]
        finite = [one for one, name in zip(running, [victim, *names], strict=True) if name != "central"]
        until = time.monotonic() + _LONGEST_S
        try:
            while not all(one.done for one in finite):
                assert time.monotonic() < until, f"not done in {_LONGEST_S:.0f} s"
                for one in running:
                    one.look()
                time.sleep(_LOOK_S)
        finally:
            for one in running:
                one.end()
            points += running[0].points
    _agree(state)


def _death(draw: random.Random) -> int | float:
    """Before which step, or after how many seconds."""
    return int(2 ** draw.uniform(0, 9)) if draw.random() < 1 / 2 else draw.uniform(0.0, 0.4)


class Kept:
    """A process that is started again when it was killed, and that meets `deaths` one after the other."""

    def __init__(self, work: Callable[[], None], deaths: Sequence[int | float]) -> None:
        """Start it."""
        self._work = work
        self._deaths = list(deaths)
        self.points: list[str] = []
        self.done = False
        self._start()

    def _start(self) -> None:
        death = self._deaths.pop(0) if self._deaths else 0
        self._until = time.monotonic() + death if isinstance(death, float) else float("inf")
        self._child = Child(self._work, death if isinstance(death, int) else 0)

    def look(self) -> None:
        """Kill it when its time has come; start it again when it was killed.

        Raises:
            AssertionError: it ended by itself with an error.
        """
        if self.done:
            return
        if time.monotonic() > self._until:
            self._child.kill()
        if self._child.ended():
            death = self._child.wait()
            assert not death.raised, death.raised
            if death.signal:
                self.points.append(death.point)
                self._start()
            else:
                self.done = True

    def end(self) -> None:
        """End it for good."""
        self._child.kill()


@contextlib.contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket on a free port of loopback, for workers that are forked."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as plug:
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as `sekisho central serve` does it
        yield plug


def _inspect(state: Path) -> None:
    """The box's bench: what its handhelds were not answered, they ask again."""
    notes = state / "notes"
    told = told_of(notes.read_text().splitlines()) if notes.exists() else []
    first = max((int(one.inspection[1:]) for one in told), default=0)

    def note(words: str) -> None:
        with notes.open("a") as file:
            file.write(f"{words}\n")

    with bench(state / "box", note) as at_work:
        for number in range(first, INSPECTIONS):
            at_work.inspect(number)
            time.sleep(_PAUSE_S)
    (state / "inspected").touch()


def _send(state: Path, url: str) -> None:
    """The box's sync, until everything is sent."""
    box = state / "box"
    enrolment, private = kept_enrolment(box), kept_private_key(box / "device.key")
    assert enrolment is not None
    with hurried(_PAUSE_S):
        while True:
            last = (state / "inspected").exists()
            with contextlib.closing(Link(replace(enrolment, url=url), private)) as link:
                try:
                    if (box / "ledger.db").exists():
                        sent(box, link, private)
                        if last:
                            return
                except CentralUnreachable:
                    pass  # its workers are being killed
            time.sleep(_PAUSE_S)


def serve(state: Path, plug: socket.socket) -> None:
    """A worker of the centre."""
    with centre(state, founded=False) as central:
        config = uvicorn.Config(app_of(central), log_level="critical", lifespan="off", ws="none")
        uvicorn.Server(config).run(sockets=[plug])


def _agree(state: Path) -> None:
    told = (state / "notes").read_text().splitlines()
    assert len({one.inspection for one in told_of(told)}) == INSPECTIONS, "not every inspection was answered"
    with centre(state, founded=False) as central:
        check(told, state / "box", held(state, central), DEVICE, sent=True)
        quiet(holdings(central.engine))


TRIALS = tuple(
    Trial(f"killed alone: {name}", HOLDS, killed(victim), 0.2)
    for victim, name in (("box", "the box"), ("sync", "sync"), ("central", "a worker of the centre"))
)
