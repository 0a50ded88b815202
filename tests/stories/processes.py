"""The product as real processes for the stories: a bench that can be killed and started again, people, a camera."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import httpx

from edge.desk_card import code, secret_of
from edge.settings import Settings
from edge.storage.keys import derived, storage_key
from edge.storage.registry_build import build
from edge.web.server import bound
from provisioning.demo import sources
from provisioning.demo.parcels import parcels
from provisioning.demo.photographs import photographs
from tests.edge.web.people_box import accounts

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0  # of a machine that has other things to do
_LOOK_S = 0.02


def until(holds: Callable[[], bool], wanted: str) -> None:
    """Wait until `holds`, however slow the machine is."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"expected {wanted} within {PATIENCE_S:.0f} s"
        time.sleep(_LOOK_S)


@dataclass
class Process:
    """One `sekisho` command that runs until it is stopped or killed."""

    words: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    running: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "sekisho", *self.words],
                cwd=ROOT,
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def end(self, by: signal.Signals) -> None:
        """By SIGKILL nothing is tidied up: neither by the process nor for it."""
        assert self.running is not None
        self.running.send_signal(by)
        self.running.wait(PATIENCE_S)

    def stop(self) -> None:
        """Leave nothing of it behind, its workers included."""
        if self.running is None:
            return
        if self.running.poll() is None:
            self.running.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.running.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.running.pid, signal.SIGKILL)


@dataclass
class BenchProcess:
    """A bench of two stations on the demo's registry, with accounts, a folder for its camera and a desk card."""

    folder: Path
    badges: dict[str, str]
    process: Process
    url: str
    card_secret: str

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def log(self) -> str:
        return self.process.log.read_text("utf-8", "replace")

    def start(self) -> None:
        self.process.start()

    def ready(self) -> None:
        """Wait until it can take a parcel."""

        def answers() -> bool:
            assert self.process.running is not None
            assert self.process.running.poll() is None, self.log
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(f"{self.url}/api/v1/health/ready", timeout=PATIENCE_S).is_success
            return False

        until(answers, "a bench that is ready")

    def kill(self) -> None:
        self.process.end(signal.SIGKILL)

    def card(self, letter: str) -> str:
        """What the desk card's barcode of a letter says."""
        return code(letter, self.card_secret)

    def photograph(self, name: str, taken: Path) -> None:
        """The camera of the bench has taken a picture: whole at once, as a camera's own software leaves it."""
        taken.rename(self.folder / "camera" / f"{name}.jpg")


def sekisho(bench: BenchProcess, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the box beside the bench, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "sekisho", *words],
        cwd=ROOT,
        env=os.environ | bench.process.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@contextlib.contextmanager
def bench_process(folder: Path, photographed: tuple[str, ...] = (), **settings: str) -> Iterator[BenchProcess]:
    """A bench at work, with the pictures of demo parcels in `folder`/taken. `settings` by their names."""
    day = datetime.now(UTC).date()
    (folder / "camera").mkdir(parents=True)
    badges = accounts(folder / "state")
    held = bound(Settings(port=0))  # nobody else is given the port while the bench is dead
    port = held.getsockname()[1]
    given = {
        "state_dir": str(folder / "state"),
        "registry": str(folder / "edition.sqlite"),
        "watch_folder": str(folder / "camera"),
        "stations": '["1","2"]',
        "place": "Port Sample",
        "workers": "1",
        "decode_budget_s": "30",
        "compare_budget_s": "30",
        "reserve_bytes": "1000000",
        "port": str(port),
    }
    environment = {f"SEKISHO_{name.upper()}": value for name, value in (given | settings).items()}
    process = Process(("serve",), environment, folder / "bench.log")
    secret = secret_of(derived(storage_key(folder / "state"), "desk card"))
    bench = BenchProcess(folder, badges, process, f"http://127.0.0.1:{port}", secret)
    with held, ThreadPoolExecutor(1, "painter") as painter:
        edition = painter.submit(_edition, folder, day)
        taken = painter.submit(_taken, folder / "taken", photographed, day)
        edition.result()
        bench.start()
        try:
            taken.result()
            bench.ready()
            yield bench
        finally:
            process.stop()


def _edition(folder: Path, day: date) -> None:
    sources.write(folder / "sources", sources.samples(1, day), day)
    build(folder / "sources", folder / "edition.sqlite")


def _taken(folder: Path, names: tuple[str, ...], day: date) -> None:
    folder.mkdir()
    by_name = {one.name: one for one in parcels(day)}
    for name in names:
        (folder / f"{name}.jpg").write_bytes(photographs(by_name[name], seed=1)[0].data)
