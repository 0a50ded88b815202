"""The sync service: a process of its own that runs errands on a schedule, backs off, and says why it is in every state.

It never disturbs inspection: it runs when the machine is otherwise idle (SCHED_IDLE, whose disk reads and writes are
idle too), within a bandwidth, and touches nothing but the shelves and the outbox. Without it the bench inspects as
before.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

from edge.errors import SekishoError
from edge.journal import Plain
from edge.storage.database import write_durably
from sync.backoff import Schedule
from sync.wake import Wake

LOG = logging.getLogger(__name__)
STATE = "service.json"
_SHOWN_EVERY_S = 0.5
_LONGEST_SILENCE_S = 600.0  # of an errand at work, before it counts as hung

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an errand."""

    done: bool
    reason: str  # in plain words
    code: str = ""  # of a failure
    more: bool = False  # there is more to do at once


class Errand(Protocol):
    """Something to do again and again."""

    name: str
    schedule: Schedule

    def run(self, say: Say) -> Outcome:
        """Do it once; `say` tells how far it is.

        Raises:
            SekishoError: it failed; its message is the reason.
        """
        ...


@dataclass(frozen=True, slots=True)
class ErrandState:
    """What is known of one errand."""

    state: Literal["working", "waiting", "failed"] = "waiting"
    reason: str = "Not tried yet."
    code: str = ""
    doing: str = ""
    woken: str = ""  # by what: schedule, network, asked
    tried: str = ""  # UTC, by this clock
    succeeded: str = ""
    next: str = ""
    failures: int = 0  # in a row


@dataclass(slots=True)
class _Run:
    errand: Errand
    state: ErrandState = field(default_factory=ErrandState)
    due: float = 0.0  # monotonic seconds


class Service:
    """The errands of one box, one after another."""

    def __init__(self, state_dir: Path, errands: Sequence[Errand], *, seed: int | None = None) -> None:
        """Run `errands`; what is known of them is kept in `state_dir`/sync/service.json."""
        self._place = state_dir / "sync" / STATE
        self._runs = [_Run(errand, _before(self._place).get(errand.name, ErrandState())) for errand in errands]
        self._draw = random.Random(seed)
        self._shown = 0.0
        self._at_work: tuple[str, float] | None = None  # errand, and when it last moved

    def serve(self, wake: Wake) -> None:
        """Work until a stop is asked for. A network that comes up, or SIGUSR1, makes every errand due."""
        woken = "schedule"
        while not wake.stopped:
            now = time.monotonic()
            for run in self._runs:
                if run.due <= now and not wake.stopped:
                    self._work(run, woken)
            left = min(run.due for run in self._runs) - time.monotonic()
            woken = wake.wait(max(0.0, left))
            if woken in {"network", "asked"}:
                for run in self._runs:
                    run.due = 0.0
        self._keep()

    def once(self) -> bool:
        """Run every errand once; whether all of them came to their end."""
        for run in self._runs:
            self._work(run, "asked")
        return all(run.state.failures == 0 for run in self._runs)

    def _work(self, run: _Run, woken: str) -> None:
        run.state = replace(run.state, state="working", woken=woken, tried=_at(0), doing="", next="")
        self._keep()
        self._at_work = (run.errand.name, time.monotonic())
        try:
            outcome = run.errand.run(lambda words: self._say(run, words))
        except SekishoError as error:
            outcome = Outcome(done=False, reason=error.message, code=error.code)
        except Exception as error:
            LOG.exception("the errand %s broke", Plain(run.errand.name))
            reason = f"Expected an errand that tells why it fails, got {type(error).__name__}: {error!s:.200}"
            outcome = Outcome(done=False, reason=reason, code="errand_broken")
        self._at_work = None
        failures = 0 if outcome.done else run.state.failures + 1
        wait = 0.0 if outcome.done and outcome.more else run.errand.schedule.wait_s(failures, self._draw.random())
        run.due = time.monotonic() + wait
        run.state = replace(
            run.state,
            state="waiting" if outcome.done else "failed",
            reason=outcome.reason,
            code=outcome.code,
            doing="",
            succeeded=_at(0) if outcome.done else run.state.succeeded,
            next=_at(wait),
            failures=failures,
        )
        self._keep()

    def moving(self) -> str:
        """What the service is at, in a line.

        Raises:
            TimeoutError: an errand is at work and has not moved for ten minutes.
        """
        at_work = self._at_work
        if at_work is None:
            return "waiting"
        name, moved = at_work
        silent_s = time.monotonic() - moved
        if silent_s > _LONGEST_SILENCE_S:
            message = f"{name} must move within {_LONGEST_SILENCE_S:.0f} s, got silence for {silent_s:.0f} s"
            raise TimeoutError(message)
        return f"at work: {name}"

    def _say(self, run: _Run, words: str) -> None:
        self._at_work = (run.errand.name, time.monotonic())
        run.state = replace(run.state, doing=words)
        if time.monotonic() - self._shown >= _SHOWN_EVERY_S:
            self._keep()

    def _keep(self) -> None:
        """Show the state; a disk that is full or gone must not end the service."""
        self._shown = time.monotonic()
        document = {
            "schema": 1,
            "pid": os.getpid(),
            "started": _started(os.getpid()),
            "errands": {run.errand.name: asdict(run.state) for run in self._runs},
        }
        with contextlib.suppress(OSError):
            self._place.parent.mkdir(parents=True, exist_ok=True)
            write_durably(self._place, json.dumps(document, indent=1, ensure_ascii=False).encode())


def known(state_dir: Path) -> dict[str, ErrandState]:
    """What the service has last told of its errands; empty when it never ran here."""
    return _before(state_dir / "sync" / STATE)


def is_running(state_dir: Path) -> bool:
    """Whether the process that told it last is still there."""
    try:
        told = json.loads((state_dir / "sync" / STATE).read_bytes())
        return bool(_started(int(told["pid"])) == told["started"])
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return False


def _started(pid: int) -> int:
    """At which clock tick since the boot a process started: its number may be given to another one later.

    proc(5), /proc/pid/stat field 22; the name before it may hold anything, so it counts from the last bracket.
    """
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    return int(after_name.split()[19])


def stand_back() -> None:
    """Run only when nobody else wants the processor or the disk, from here on."""
    with contextlib.suppress(OSError):  # a sandbox may forbid it
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _before(place: Path) -> dict[str, ErrandState]:
    try:
        told: Mapping[str, Any] = json.loads(place.read_bytes())
        return {name: ErrandState(**state) for name, state in told["errands"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # shown only: what counts is kept by each errand itself


def _at(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")
