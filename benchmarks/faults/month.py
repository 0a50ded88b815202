"""Thirty days offline, then one night: 50,000 inspections and 20 GB of pictures, in minutes and megabytes.

All rows are there, and are sent over real HTTP to a worker of its own. The 20 GB are counted by arithmetic: 200 real
pictures of 100 kB are sent, and what one took is multiplied by 200,000.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.faults.checker import check, told_of
from benchmarks.faults.interrupted import HOLDS, quiet
from benchmarks.faults.kill import Child
from benchmarks.faults.pair import DEVICE, bench, centre, enrolled, held
from benchmarks.faults.processes import listening, serve
from benchmarks.faults.trial import Ran, Trial, failure, folder
from sync.central.intake.holdings import holdings

INSPECTIONS, PICTURES, PICTURE_BYTES = 50_000, 200_000, 100_000
_SENT = 200  # pictures
_NIGHT_MIN = 10 * 60
_WORDS = 500  # characters of each assessment


def runs(count: int, seed: int, inspections: int = INSPECTIONS) -> Iterator[Ran]:
    """A month and a night each."""
    for number in range(seed, seed + count):
        with folder() as state:
            points: list[str] = []
            why = failure(partial(_run, state, random.Random(str(number)), inspections, points))
            yield Ran(number, tuple(points), why)


def _run(state: Path, draw: random.Random, inspections: int, points: list[str]) -> None:
    told: list[str] = []
    with_picture = range(0, inspections, max(1, inspections // _SENT))
    with centre(state) as central, bench(state / "box", told.append) as at_work:
        enrolled(central, state / "box")
        for number in range(inspections):
            kept = [draw.randbytes(PICTURE_BYTES)] if number in with_picture else []
            at_work.inspect(2 * number + 1, kept, f"{draw.randbytes(_WORDS // 2).hex()}")
    with listening() as plug:
        server = Child(partial(serve, state, plug))
        try:
            url = f"http://127.0.0.1:{plug.getsockname()[1]}"
            command = [sys.executable, "-m", "benchmarks.faults.night", str(state / "box"), url]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        finally:
            server.kill()
    assert done.returncode == 0, done.stderr[-2_000:]
    night = json.loads(done.stdout)
    points.append(_told(night))
    with centre(state, founded=False) as central:
        check(told, state / "box", held(state, central), DEVICE, sent=True)
        quiet(holdings(central.engine))
    assert len(told_of(told)) == night["rows"] == 2 * inspections, "not every inspection was told and sent"
    assert inspections < INSPECTIONS or _minutes(night) < _NIGHT_MIN, f"longer than a night: {_told(night)}"


def _minutes(night: dict[str, Any]) -> float:
    return (
        float(night["rows_s"] / night["rows"] * 2 * INSPECTIONS + night["pictures_s"] / night["pictures"] * PICTURES)
        / 60
    )


def _told(night: dict[str, Any]) -> str:
    return (
        f"{night['rows']:,} rows in {night['rows_s'] / 60:.1f} min, {night['pictures']} pictures of 100 kB in "
        f"{night['pictures_s']:.1f} s; by arithmetic {INSPECTIONS:,} inspections with {PICTURES:,} pictures of 20 GB "
        f"in {_minutes(night):.0f} min; sync takes {night['peak_mb']:.0f} MB at most"
    )


TRIALS = (Trial("a month offline", f"{HOLDS}; in one night of ten hours", runs, 0.002),)
