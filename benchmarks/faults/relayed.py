"""A bad line of real TCP: partitions, drops, resets, latency, whole requests twice, late and out of order."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.faults import link as weather
from benchmarks.faults.checker import check
from benchmarks.faults.interrupted import HOLDS, quiet
from benchmarks.faults.kill import Child
from benchmarks.faults.line import hurried
from benchmarks.faults.pair import DEVICE, bench, centre, enrolled, held, sent
from benchmarks.faults.processes import listening, serve
from benchmarks.faults.trial import Ran, Trial, failure, folder
from sync.central.intake.holdings import holdings
from sync.errors import CentralUnreachable
from sync.identity import kept_enrolment, kept_private_key
from sync.link import Link

_ROUNDS = 6
_LONGEST_S = 300.0
_SILENCE_S = 0.4  # how long a box of this trial waits on a silent line


def runs(count: int, seed: int) -> Iterator[Ran]:
    """Each run has six rounds of inspections and syncs, each in another weather."""
    with folder() as place:
        founded = place / "founded"
        with centre(founded) as central:
            enrolled(central, founded / "box")
        for number in range(seed, seed + count):
            state = Path(shutil.copytree(founded, place / str(number)))
            points: list[str] = []
            why = failure(partial(_run, state, random.Random(str(number)), points))
            yield Ran(number, tuple(points), why)
            shutil.rmtree(state)


def _drawn(draw: random.Random) -> tuple[str, weather.Weather]:
    within = 2_000
    kinds = {
        "drops": weather.Weather(cut=0.4, within=within),
        "resets": weather.Weather(reset=0.4, within=within),
        "silence": weather.Weather(stall=0.2, within=within),
        "latency": weather.Weather(delay_s=draw.uniform(0.005, 0.03)),
        "repeated requests": weather.Weather(repeated=0.5),
        "late requests": weather.Weather(late=0.3, repeated=0.2),
        "all of it": weather.Weather(delay_s=0.003, cut=0.1, reset=0.1, late=0.2, repeated=0.3, within=within),
        "a partition": weather.Weather(partition=True),
    }
    return draw.choice(list(kinds.items()))


def _run(state: Path, draw: random.Random, points: list[str]) -> None:
    box, notes, number = state / "box", list[str](), 0
    enrolment, private = kept_enrolment(box), kept_private_key(box / "device.key")
    assert enrolment is not None
    with listening() as plug:
        server = Child(partial(serve, state, plug))
        try:
            with weather.bad(plug.getsockname(), seed=draw.randrange(1 << 30)) as relay, hurried(silence_s=_SILENCE_S):
                url = f"http://127.0.0.1:{relay.port}"
                for _ in range(_ROUNDS):
                    with bench(box, notes.append) as at_work:
                        for _inspection in range(draw.randint(1, 12)):
                            at_work.inspect(number)
                            number += 1
                    point, relay.weather = _drawn(draw)
                    points.append(point)
                    for _try in range(3):
                        with closing(Link(replace(enrolment, url=url), private)) as link:
                            try:
                                sent(box, link, private, notes.append)
                                break
                            except CentralUnreachable:
                                pass
                relay.weather = weather.CLEAR
                with hurried():  # a silence of a clear line is a machine that has other things to do
                    _until_sent(box, Link(replace(enrolment, url=url), private), notes)
        finally:
            server.kill()
    with centre(state, founded=False) as central:
        check(notes, box, held(state, central), DEVICE, sent=True)
        quiet(holdings(central.engine))


def _until_sent(box: Path, link: Link, notes: list[str]) -> None:
    until = time.monotonic() + _LONGEST_S
    with closing(link):
        while True:
            try:
                sent(box, link, kept_private_key(box / "device.key"), notes.append)
            except CentralUnreachable:
                assert time.monotonic() < until, "not sent on a clear line"
            else:
                return


TRIALS = (Trial("bad line", HOLDS, runs, 0.1),)
