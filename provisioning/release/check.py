"""A new release proves itself before it is used: a real inspection on a copy of the box's state, in a sandbox.

1. The release in use copies the ledger, and rehearses on the copy.
2. The new one rehearses on the same copy, on trial: a picture is read, looked up, judged and recorded.
3. Both answers are the same, and the release in use can read the ledger that the new one has written.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from provisioning.release.services import Answer

USER = "sekisho"
_CHECK_S = 300
_SANDBOX = (
    *("PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX", "PrivateDevices=yes", "ProtectSystem=strict"),
    *("ProtectHome=yes", "PrivateTmp=yes", "ProtectProc=invisible", "ProtectClock=yes", "ProtectKernelModules=yes"),
    *("ProtectKernelTunables=yes", "ProtectKernelLogs=yes", "ProtectControlGroups=yes", "NoNewPrivileges=yes"),
    *("CapabilityBoundingSet=", "LockPersonality=yes", "RestrictNamespaces=yes", "RestrictSUIDSGID=yes"),
    *(
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged @resources",
        "SystemCallErrorNumber=EPERM",
        "UMask=0077",
    ),
    *("CPUSchedulingPolicy=batch", "Nice=10", "IOSchedulingClass=idle", "MemoryMax=60%"),
    f"RuntimeMaxSec={_CHECK_S}",
    *("EnvironmentFile=-/etc/sekisho/sekisho.env", "UnsetEnvironment=SEKISHO_STATE_DIR"),
)


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """Its last words."""
        return (self.err.strip().splitlines() or [f"exit code {self.code}"])[-1][:300]


class Sandbox(Protocol):
    """Runs `sekisho WORDS` of a program as the bench's user; it may write to `writable` alone."""

    def __call__(self, lib: Path, words: Sequence[str], writable: Path, environment: Mapping[str, str]) -> Done:
        """Run it to its end."""
        ...


def sandboxed(lib: Path, words: Sequence[str], writable: Path, environment: Mapping[str, str]) -> Done:
    """In a transient unit of systemd, without network, devices or anything to write but `writable`."""
    set_ = {"PYTHONPATH": str(lib), "ORT_DISABLE_TELEMETRY": "1", **environment}
    command = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", f"--uid={USER}"]
    command += [f"--property={one}" for one in (*_SANDBOX, f"ReadWritePaths={writable}")]
    command += [f"--setenv={name}={value}" for name, value in set_.items()]
    command += [sys.executable, "-P", "-m", "sekisho", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - words of our own
    return Done(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class Check:
    """Checks one release against the one in use."""

    state_dir: Path
    room: Path  # a directory for the copy; made and removed
    run: Sandbox = sandboxed
    user: str = USER

    def __call__(self, before: Path, release: Path) -> str:
        """Why `release` (its lib) must not be used instead of `before`; "" when it may be.

        Raises:
            OSError: the copy cannot be made.
        """
        shutil.rmtree(self.room, ignore_errors=True)
        self.room.mkdir(mode=0o700)
        try:
            if self.user:
                shutil.chown(self.room, self.user, self.user)
            return self._checked(before, release)
        finally:
            shutil.rmtree(self.room, ignore_errors=True)

    def _checked(self, before: Path, release: Path) -> str:
        copied = self._run(before, "copy", "--state-dir", str(self.state_dir), "--to", str(self.room))
        if copied.code:
            return f"the state cannot be copied for its check: {copied.last}"
        rehearse = ("rehearse", "--state-dir", str(self.room))
        old, new = self._run(before, *rehearse), self._run(release, *rehearse, on_trial=True)
        answers = []
        for name, done in (("the release in use", old), ("it", new)):
            try:
                told = json.loads(done.out)
                answers.append(Answer(told["version"], told["outcome"], tuple(told["gtins"]), tuple(told["faults"])))
            except (ValueError, KeyError, TypeError):
                return f"{name} fails in a rehearsed inspection: {done.last}"
        if why := answers[1].differs(answers[0]):
            return why
        read = self.run(before, ("verify", "--state-dir", str(self.room)), self.room, {})
        return f"the release in use cannot read what it has written: {read.last}" if read.code else ""

    def _run(self, lib: Path, *words: str, on_trial: bool = False) -> Done:
        return self.run(lib, ("update", *words), self.room, {"SEKISHO_ON_TRIAL": "1"} if on_trial else {})
