"""The box's services as an update sees them: restarted by systemd, asked at the bench's door. It judges nothing."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

DOOR = Path("/run/sekisho/bench.sock")
WEB, DEGRADED = "sekisho-web.service", "sekisho-degraded.service"
_BESIDE = ("sekisho-devices.service", "sekisho-sync.service")
_ANSWER_S = 8.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rehearsed inspection at the running bench came to."""

    version: str
    outcome: str
    gtins: tuple[str, ...]
    faults: tuple[str, ...] = ()
    at_work: tuple[str, ...] = ()  # stations

    def differs(self, other: Answer) -> str:
        """Why this answer is not the other one's; "" when it is."""
        if (self.outcome, self.gtins) != (other.outcome, other.gtins):
            mine, theirs = (f"{one.outcome} of {', '.join(one.gtins) or 'nothing'}" for one in (self, other))
            return f"its rehearsed inspection answers {mine}, the release before answers {theirs}"
        return f"its rehearsed inspection has faults: {'; '.join(self.faults)}" if self.faults else ""


class Services(Protocol):
    """What an update asks of the box's services."""

    def restart(self, *, at_once: bool) -> None:
        """Start the program that the launcher chooses now; `at_once` does not wait for the old one's end."""

    def ask(self, quiet_s: float) -> Answer | str:
        """Rehearse an inspection at the running bench; why there is no answer."""

    def crashed(self, times: int) -> str:
        """Why systemd says that the bench fails: it has ended so often since it was restarted; "" when it has not."""


class Systemd:
    """The services of a box."""

    def __init__(self, door: Path = DOOR) -> None:
        """Ask the bench at `door`."""
        self._door = door

    def restart(self, *, at_once: bool) -> None:
        """Restart every unit that runs the program; systemd holds the sockets meanwhile, so that callers wait."""
        if at_once:
            for unit in (WEB, DEGRADED):
                _systemctl("kill", "--signal=SIGKILL", unit)
        _systemctl("stop", DEGRADED)
        _systemctl("reset-failed", WEB, DEGRADED)
        _systemctl("restart", "--no-block", WEB, *_BESIDE)

    def ask(self, quiet_s: float) -> Answer | str:
        """Over the bench's UNIX socket."""
        line = _Door(self._door)
        try:
            line.request("GET", f"/api/v1/health/rehearsed?quiet_s={quiet_s:g}", headers={"Host": "localhost"})
            answer = line.getresponse()
            data = answer.read()
            told = json.loads(data)
            if answer.status != HTTPStatus.OK:
                return f"status {answer.status}: {told.get('detail', '')!s:.200}"
            return Answer(
                told["version"], told["outcome"], tuple(told["gtins"]), tuple(told["faults"]), tuple(told["open"])
            )
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
            return f"no answer: {type(error).__name__}: {error}"
        finally:
            line.close()

    def crashed(self, times: int) -> str:
        """By systemd's own count."""
        told = dict(
            line.partition("=")[::2]
            for line in _systemctl("show", "--property=NRestarts,ActiveState,Result", WEB).splitlines()
        )
        if told.get("ActiveState") == "failed":
            return f"{WEB} has failed: {told.get('Result')}"
        if int(told.get("NRestarts") or 0) >= times:
            return f"{WEB} has ended by itself, times: {told['NRestarts']}, {told.get('Result')}"
        return ""


def _systemctl(*words: str) -> str:
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return done.stdout


class _Door(http.client.HTTPConnection):
    """HTTP over the bench's UNIX socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_ANSWER_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
