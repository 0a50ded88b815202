"""A real inspection, timed on this box: a code and a photograph of a package, read, looked up, compared and recorded.

It runs against a bench of its own with the same settings, on the same medium, over HTTP, with an edition and a
photograph that are drawn for it. Nothing of it comes near the box's own ledger: what is no parcel is never recorded
among parcels.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import urllib3

from edge.errors import BoxError
from edge.examination import SPEED, Sign, State
from edge.settings import Settings
from edge.storage.registry_build import build
from edge.web.server import bound
from provisioning.demo import sources
from provisioning.demo.items import item
from provisioning.demo.parcels import Shot
from provisioning.demo.photographs import photograph
from provisioning.demo.products import BY_KEY

LIMIT_MS = 1_000.0
ROUNDS = 20
_WARM = 2
_PRODUCT = "watch"
_SCRATCH = "doctor-bench-"
_START_S = 90.0
_ANSWER_S = 60.0


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of each inspection, as it was answered over HTTP and as the bench computed it."""

    answered_ms: tuple[float, ...]
    computed_ms: tuple[float, ...]
    compared: bool  # whether each was compared with its registered face


def measured(settings: Settings, rounds: int = ROUNDS) -> Timed:
    """Time `rounds` inspections of a drawn package under `settings`, two more to warm up.

    Raises:
        BoxError: box_not_measured: the bench of its own did not start or did not answer.
        OSError: there is no room for it.
    """
    for left in settings.state_dir.glob(f"{_SCRATCH}*"):  # of one that was ended in the middle
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=settings.state_dir) as folder:
        scratch, day = Path(folder), datetime.now(UTC).date()
        written = sources.write(scratch / "sources", sources.samples(1, day), day)
        edition = build(written, scratch / "edition.sqlite").out
        shot = Shot(_PRODUCT, item(_PRODUCT, "first", day))
        picture = photograph(shot, np.random.default_rng(1), 1)
        code = f"01{BY_KEY[_PRODUCT].gtin}21{shot.marking.serial}"
        with _served(settings, scratch, edition) as url:
            answers = [_inspected(url, code, picture) for _ in range(rounds + _WARM)][_WARM:]
    return Timed(tuple(row[0] for row in answers), tuple(row[1] for row in answers), all(row[2] for row in answers))


def judged(timed: Timed) -> Sign:
    """The sign "speed"."""
    expected = f"an inspection with a picture is answered within {LIMIT_MS / 1000:g} s, p95"
    p95 = sorted(timed.answered_ms)[max(0, int(0.95 * len(timed.answered_ms)) - 1)]
    value = (
        f"p95 {p95:.0f} ms, median {statistics.median(timed.answered_ms):.0f} ms over HTTP "
        f"(computed {statistics.median(timed.computed_ms):.0f} ms), {len(timed.answered_ms)} inspections"
    )
    if not timed.compared:
        return Sign(SPEED, State.BROKEN, f"{value}; no face was compared", expected, "See the sign of the model.")
    if p95 > LIMIT_MS:
        todo = "Look at temperature and throttling; set SEKISHO_WORKERS to the number of cores; else a faster board."
        return Sign(SPEED, State.LOOK, f"slow: {value}", expected, todo)
    return Sign(SPEED, State.GOOD, value, expected)


def _inspected(url: str, code: str, picture: bytes) -> tuple[float, float, bool]:
    document = json.dumps({"codes": [{"text": code, "symbology": "]d2"}]})
    fields: dict[str, tuple[str, str | bytes, str]] = {
        "inspection": ("inspection.json", document, "application/json"),
        "capture": ("capture.jpg", picture, "image/jpeg"),
    }
    start = time.perf_counter()
    answer = urllib3.request("POST", f"{url}/api/v1/stations/1/scans", fields=fields, timeout=_ANSWER_S, retries=False)
    spent = (time.perf_counter() - start) * 1e3
    told = answer.json()
    if answer.status >= 400:  # noqa: PLR2004 - HTTP
        raise BoxError("box_not_measured", f"An inspection must be answered, got {answer.status}: {told}.")
    urllib3.request("POST", f"{url}/api/v1/stations/1/next", timeout=_ANSWER_S, retries=False)
    return spent, float(told["compute_ms"]), any(one["score"] is not None for one in told["comparisons"])


@contextlib.contextmanager
def _served(settings: Settings, scratch: Path, edition: Path) -> Iterator[str]:
    """A bench process of its own on loopback."""
    held = bound(settings.model_copy(update={"host": "127.0.0.1", "port": 0}))  # nobody else is given the port
    port = held.getsockname()[1]
    told = settings.model_dump(mode="json", exclude_none=True) | {
        "state_dir": str(scratch / "state"),
        "registry": str(edition),
        "stations": ["1"],
        "host": "127.0.0.1",
        "port": port,
        "token": "",
        "precision": settings.precision,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SEKISHO_", "LISTEN_"))}
    environment |= {
        f"SEKISHO_{name.upper()}": json.dumps(value) if isinstance(value, list) else str(value)
        for name, value in told.items()
    }
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):
        environment.pop(name, None)
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-P", "-m", "sekisho", "serve", "--no-devices"]
    bench = subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, bench)
        yield url
    finally:
        bench.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            bench.wait(10)
        held.close()
        bench.kill()
        bench.wait()


def _wait(url: str, bench: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and bench.poll() is None:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            if urllib3.request("GET", f"{url}/api/v1/health/ready", timeout=5, retries=False).status == 200:  # noqa: PLR2004
                return
        time.sleep(0.1)
    raise BoxError(
        "box_not_measured",
        f"A bench of its own must start within {_START_S:g} s, got {'an end' if bench.poll() is not None else 'none'}.",
        hint="Run `sekisho serve --port 8090` by hand and read what it says.",
    )
