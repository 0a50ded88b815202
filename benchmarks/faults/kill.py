"""Children that are forked from this process and killed with signal 9: at a step, or after a time.

A step is what the interpreter audits (PEP 578) and touches a file or a socket: open, rename, remove, link, connect. A
step is hit just before it is done, so a run is cut between any two of them, and the same seed cuts it there again. What
lies inside SQLite is hit by the kills after a time, and by power cuts.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_STEPS = ("open", "os.", "socket.connect", "socket.bind", "sqlite3.connect", "shutil.")
_HOUSES = ("edge", "sync", "models", "provisioning")
_ROOT = str(Path(__file__).parents[2])


@dataclass(frozen=True)
class Death:
    """How a child ended: by which signal (0: none), at what point, and what it raised."""

    signal: int
    point: str
    raised: str
    steps: int
    took_s: float


class Child:
    """A forked process that does `work`, and is killed before its `step`-th step (0: never)."""

    def __init__(self, work: Callable[[], object], step: int = 0) -> None:
        """Fork it."""
        sys.stdout.flush()
        reading, writing = os.pipe()
        self._started = time.monotonic()
        self._said = reading
        self._ended: Death | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            _live(work, step, writing)
        os.close(writing)

    def kill(self) -> Death:
        """Kill it now."""
        if self._ended is None:
            os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def wait(self) -> Death:
        """Wait until it has ended."""
        if self._ended is None:
            said = b""
            while block := os.read(self._said, 65_536):
                said += block
            os.close(self._said)
            _, status = os.waitpid(self.pid, 0)
            kind, _, rest = said.decode(errors="replace").partition("\n")
            killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            steps = int(rest.partition("\n")[0]) if kind == "steps" else 0
            raised = rest.partition("\n")[2] if kind == "steps" else ""
            point = rest if kind == "point" else "at a moment" if killed else ""
            self._ended = Death(killed, point, raised, steps, time.monotonic() - self._started)
        return self._ended

    def kill_after(self, seconds: float) -> Death:
        """Kill it after a time, unless it ends before."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.ended():
            time.sleep(min(left, 0.01))
        return self.wait() if self.ended() else self.kill()

    def ended(self) -> bool:
        """Whether it has ended by itself."""
        if self._ended is None:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        return True


def _live(work: Callable[[], object], step: int, writing: int) -> None:
    steps = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        if event.startswith(_STEPS) and not (arguments and str(arguments[0]).endswith((".py", ".pyc"))):
            steps += 1
            if steps == step:
                os.write(writing, f"point\n{_where()} {event}".encode())
                os.kill(os.getpid(), signal.SIGKILL)

    raised = ""
    try:
        sys.addaudithook(hook)
        work()
    except BaseException:  # noqa: BLE001 - told to the parent
        raised = traceback.format_exc()[-2_000:]
    os.write(writing, f"steps\n{steps}\n{raised}".encode())
    os._exit(1 if raised else 0)


def _where() -> str:
    """The innermost function of the product that is at work."""
    frame = sys._getframe(2)  # noqa: SLF001 - the only way to see who asks
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if str(path).startswith(_ROOT) and path.relative_to(_ROOT).parts[0] in _HOUSES:
            return f"{path.stem}.{frame.f_code.co_name}"
        if frame.f_back is None:
            break
        frame = frame.f_back
    return "elsewhere"
