"""A real PostgreSQL in a folder of its own, on a UNIX socket, for tests and measurements.

    with postgres.running() as server:
        url = server.new_database()

It never listens on a network, and runs as the unprivileged user "postgres" when this process is root's.
"""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import secrets
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

_PATIENCE_S = 60
_USER = "postgres"


def binaries() -> Path | None:
    """Where the newest PostgreSQL of this machine lies, or None."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))  # noqa: PTH207 - a pattern over the root
    return Path(versions[-1]).parent if versions else None


def why_unavailable() -> str:
    """Why none can be started here; empty when one can."""
    if binaries() is None:
        return "PostgreSQL is absent (Debian: postgresql)"
    if os.geteuid() == 0:
        with contextlib.suppress(KeyError):
            pwd.getpwnam(_USER)
            return ""
        return f"there is no user {_USER!r} to run PostgreSQL as"
    return ""


@dataclass
class Server:
    """A running server."""

    folder: Path
    cores: tuple[int, ...] = ()  # that it is pinned to; empty is all

    def new_database(self) -> str:
        """The SQLAlchemy address of a new, empty database."""
        name = f"c{secrets.token_hex(4)}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"postgresql+psycopg://sekisho@/{name}?host={self.folder}"

    def _conninfo(self, name: str) -> str:
        return f"host={self.folder} user=sekisho dbname={name}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c max_connections=100"
        tool = str(_tool("pg_ctl"))
        command = [tool, "start", "-w", "-D", str(self.folder / "data"), "-o", options, "-l", str(self.folder / "log")]
        _run(command if not self.cores else ["taskset", "-c", ",".join(map(str, self.cores)), *command], self.folder)

    @property
    def pid(self) -> int:
        """Of its first process."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """Kill it at once with all its processes, as a crash would."""
        pid = self.pid
        first = os.pidfd_open(pid)
        os.kill(pid, signal.SIGQUIT)  # immediate: no shutdown, recovery at the next start
        select.select([first], [], [], _PATIENCE_S)  # it has ended, whether or not anybody has collected it
        os.close(first)

    def stop(self) -> None:
        """Stop it."""
        _run([str(_tool("pg_ctl")), "stop", "-m", "immediate", "-w", "-D", str(self.folder / "data")], self.folder)


@contextlib.contextmanager
def running(*, durable: bool = False, cores: tuple[int, ...] = ()) -> Iterator[Server]:
    """A server until the block is left. Without `durable` it does not sync: for tests that cut no power."""
    with tempfile.TemporaryDirectory(prefix="sekisho-pg-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, _USER)
        _run([str(_tool("initdb")), "-D", str(folder / "data"), "-A", "trust", "-U", "sekisho", "-N"], folder)
        if not durable:
            with (folder / "data" / "postgresql.conf").open("a") as file:
                file.write("\nfsync=off\nsynchronous_commit=off\nfull_page_writes=off\nmax_wal_size=64MB\n")
        server = Server(folder, cores)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _tool(name: str) -> Path:
    found = binaries()
    if found is None:
        raise FileNotFoundError(why_unavailable())
    return found / name


def _run(command: Sequence[str], folder: Path) -> None:
    user = _USER if os.geteuid() == 0 else None
    done = subprocess.run(
        command, user=user, group=user, extra_groups=[] if user else None, cwd=folder, check=False,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=_PATIENCE_S, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{command[0]} must end with 0, got {done.returncode}: {done.stderr[-2000:]}")
