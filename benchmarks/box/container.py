"""A clean Debian tree, the package installed in it, and a container that boots it: debootstrap, dpkg, systemd-nspawn.

It needs root and those three programs; `absent` says what is missing. The container has no network but its own
loopback, so that nothing on the box can reach outside, and commands are run in it by nsenter.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

DEBIAN_PACKAGES = "systemd,systemd-sysv,dbus,python3,libzbar0"
_TOOLS = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "nsenter": "util-linux"}
_PATIENCE_S = 120.0
STICK = "mnt"  # where a tree gets what a technician would bring on a stick

# Runs in the container with Debian's own Python: asks the bench once, waiting for it where `wait` is given.
_ASK = """
import json, sys, time, urllib.error, urllib.request
told = json.load(sys.stdin)
until = time.monotonic() + told["wait"]
while True:
    request = urllib.request.Request("http://127.0.0.1:8080" + told["path"], method=told["method"])
    for name, value in told["headers"].items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, told["body"].encode("latin-1") or None, timeout=60) as answer:
            print(json.dumps([answer.status, answer.read().decode()]))
            break
    except urllib.error.HTTPError as error:
        if error.code != 503 or time.monotonic() > until:
            print(json.dumps([error.code, error.read().decode()]))
            break
    except OSError as error:
        if time.monotonic() > until:
            print(json.dumps([0, repr(error)]))
            break
    time.sleep(0.02)
"""


_MEMORY = """
import pathlib
total = 0
for process in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        if "/sekisho-" in (process / "cgroup").read_text():
            lines = (process / "smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except OSError:
        continue
print(total / 1024)
"""


def absent() -> str:
    """Which Debian packages are missing here, or that this is not root; "" when a container can be had."""
    if os.geteuid() != 0:
        return "root"
    return " ".join(package for tool, package in _TOOLS.items() if shutil.which(tool) is None)


def clean_debian(cache: Path) -> Path:
    """A minimal Debian 12 in `cache`, made once: whoever asks meanwhile waits for it.

    Raises:
        subprocess.CalledProcessError: debootstrap failed; what it had made is removed.
    """
    tree = cache / "debian-12"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "debian-12.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tree.exists():
            making = cache / "making"
            shutil.rmtree(making, ignore_errors=True)
            command = ["debootstrap", "--variant=minbase", f"--include={DEBIAN_PACKAGES}", "bookworm", str(making)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            making.rename(tree)
    return tree


def cannot_boot(debian: Path) -> str:
    """Why no container can be started on this machine; "" when one can."""
    command = ["systemd-nspawn", "--quiet", f"--directory={debian}", "--volatile=state", "--register=no", "--keep-unit"]
    command += ["--private-network", f"--machine=sekisho-probe-{os.getpid()}", "/bin/true"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.stderr.strip()[-300:] if done.returncode else ""


def installed(debian: Path, package: Path, tree: Path) -> Path:
    """A copy of `debian` at `tree` with the package installed by dpkg, as on a box without a network.

    Raises:
        subprocess.CalledProcessError: dpkg refused it.
    """
    copied(debian, tree)
    shutil.copy(package, tree / STICK / package.name)
    inside = ["unshare", "--net", "chroot", str(tree), "dpkg", "--install", f"/{STICK}/{package.name}"]
    subprocess.run(inside, check=True, stdout=subprocess.DEVNULL)
    (tree / STICK / package.name).unlink()
    return tree


def copied(tree: Path, to: Path) -> Path:
    """A copy of a tree with its owners and special files."""
    subprocess.run(["cp", "-a", "--reflink=auto", str(tree), str(to)], check=True)
    return to


class Container:
    """One boot of a tree. Use it as a context; leaving it cuts its power."""

    def __init__(self, tree: Path, *options: str, log: Path | None = None) -> None:
        """Boot `tree`; `options` go to systemd-nspawn, the console to `log`."""
        self._log = (log or tree.with_suffix(".log")).open("ab")
        self.began = time.monotonic()
        command = ["systemd-nspawn", "--quiet", f"--directory={tree}", "--boot", "--register=no", "--keep-unit"]
        command += ["--private-network", f"--machine=sekisho-{os.getpid()}", *options]
        self._nspawn = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True
        )
        self._leader = self._find_leader()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut_power()

    def run(self, *command: str, check: bool = True, told: str = "") -> str:
        """Run a command in the container; its output.

        Raises:
            subprocess.CalledProcessError: it failed, and `check`.
        """
        done = subprocess.run(
            [*self._entered(), *command], input=told, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
        )
        if check and done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
        return done.stdout

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a command in the container and let it run; it ends with the container."""
        return subprocess.Popen(
            [*self._entered(), *command], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )

    def started(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in the container, to read what it prints; whoever asked for it ends it."""
        return subprocess.Popen([*self._entered(), *command], stdout=subprocess.PIPE, text=True)

    def beside(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a program of this machine on the container's loopback, the only network that it has."""
        near = ["nsenter", f"--target={self._leader}", "--net", "--", *command]
        return subprocess.Popen(near, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)

    def _entered(self) -> list[str]:
        return ["nsenter", f"--target={self._leader}", "--mount", "--pid", "--net", "--uts", "--ipc", "--"]

    def ask(
        self,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "",
        wait_s: float = 0.0,
    ) -> tuple[int, Any]:
        """Ask the bench over HTTP, from inside. The status and the document; status 0: nobody answered in time."""
        told = {
            "path": path,
            "method": method or ("POST" if body else "GET"),
            "headers": dict(headers or {}),
            "body": body.decode("latin-1"),
            "wait": wait_s,
        }
        status, text = json.loads(self.run("python3", "-c", _ASK, told=json.dumps(told)))
        return status, json.loads(text) if status else text

    def pid(self, unit: str) -> int:
        """The main process of a unit, in the container's numbers; 0 for none."""
        return int(self.run("systemctl", "show", "--property=MainPID", "--value", unit) or 0)

    def signalled(self, unit: str, number: signal.Signals) -> int:
        """Send a signal to a unit's main process alone; its number. A unit that is still starting is waited for."""
        self.replaced(unit, 0)
        pid = self.pid(unit)
        self.run("systemctl", "kill", "--kill-who=main", f"--signal={number.name}", unit)
        return pid

    def replaced(self, unit: str, before: int) -> float:
        """Seconds until the unit has another main process than `before`.

        Raises:
            TimeoutError: it has none after two minutes.
        """
        began = time.monotonic()
        while self.pid(unit) in {before, 0}:
            if time.monotonic() - began > _PATIENCE_S:
                message = f"{unit}: expected another process than {before} within {_PATIENCE_S:.0f} s, got none"
                raise TimeoutError(message)
            time.sleep(0.05)
        return time.monotonic() - began

    def memory_mb(self) -> float:
        """Proportional memory of all processes of our units, MB (proc(5), cgroup and smaps_rollup)."""
        return float(self.run("python3", "-c", _MEMORY))

    def cut_power(self) -> None:
        """End it at once: every process of the container is killed by the kernel with its first.

        The first ends after all others (pid_namespaces(7)), so when it is gone nobody writes in the tree any more.
        """
        with suppress(ProcessLookupError):
            leader = os.pidfd_open(self._leader)
            os.kill(self._leader, signal.SIGKILL)
            select.select([leader], [], [], _PATIENCE_S)
            os.close(leader)
        self._nspawn.kill()
        self._nspawn.wait()
        self._log.close()

    def _find_leader(self) -> int:
        """The container's first process, in the host's numbers."""
        until = time.monotonic() + _PATIENCE_S
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")
        while time.monotonic() < until and self._nspawn.poll() is None:
            with suppress(FileNotFoundError, ProcessLookupError):  # a helper of its that ended while it was read
                for pid in children.read_text().split():
                    if Path(f"/proc/{pid}/comm").read_text().strip() in {"systemd", "init"}:
                        return int(pid)
            time.sleep(0.01)
        self._nspawn.kill()
        self._nspawn.wait()
        self._log.close()
        raise RuntimeError("systemd-nspawn: expected a booted container, got none; see its log")


def commands_inside(tree: Path, *commands: Sequence[str]) -> None:
    """Run commands in a tree that is not booted, without a network."""
    for command in commands:
        subprocess.run(["unshare", "--net", "chroot", str(tree), *command], check=True)
