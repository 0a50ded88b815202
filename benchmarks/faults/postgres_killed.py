"""A real PostgreSQL that ends at once and comes back while a box sends: a centre's database, in mid-batch."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import postgres
from benchmarks.faults.checker import check
from benchmarks.faults.interrupted import HOLDS, quiet
from benchmarks.faults.line import Line
from benchmarks.faults.pair import DEVICE, app_of, bench, centre, enrolled, held, sent_within
from benchmarks.faults.trial import Ran, Trial, failure, folder
from sync.central.intake.holdings import holdings
from sync.errors import CentralUnreachable

_INSPECTIONS = 500  # some 700 rows, in four batches
_LATEST_S = 0.25
_MOST_TRIES = 400
_PAUSE_S = 0.1


def runs(count: int, seed: int) -> Iterator[Ran]:
    """Each run has a database of its own on one server, and kills the server once while the box sends."""
    with folder() as place, postgres.running(durable=True) as server:
        founded, told = place / "founded", list[str]()
        with centre(founded), bench(founded / "box", told.append) as at_work:
            for number in range(_INSPECTIONS):
                at_work.inspect(number if number < 9 else 4 * number + 1)  # noqa: PLR2004 - few pictures
        for number in range(seed, seed + count):
            state = Path(shutil.copytree(founded, place / str(number)))
            points: list[str] = []
            why = failure(partial(_run, state, server, random.Random(str(number)), told, points))
            yield Ran(number, tuple(points), why)
            shutil.rmtree(state)


def _run(state: Path, server: postgres.Server, draw: random.Random, told: list[str], points: list[str]) -> None:
    box, notes = state / "box", list(told)
    with centre(state, server.new_database()) as central:
        enrolled(central, box)
        app = app_of(central)

        def restart() -> None:
            server.kill()
            server.start()

        killer = threading.Timer(draw.uniform(0, _LATEST_S), restart)
        killer.start()
        tries = 0
        while True:
            tries += 1
            try:
                sent_within(central, box, Line(app), notes.append)
                break
            except CentralUnreachable:
                assert tries < _MOST_TRIES, "never done"
                time.sleep(_PAUSE_S)
        killer.join()
        points.append("between two requests" if tries == 1 else "in the middle")
        check(notes, box, held(state, central), DEVICE, sent=True)
        quiet(holdings(central.engine))


TRIALS = (Trial("PostgreSQL killed", HOLDS, runs, 0.04, postgres.why_unavailable),)
