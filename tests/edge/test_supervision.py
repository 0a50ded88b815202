"""What systemd gives and hears: real datagrams, real sockets in a real child process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import supervision


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The service manager's end of the line."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield line


def test_what_is_told_arrives_as_one_datagram(manager: socket.socket) -> None:
    supervision.tell("READY=1")
    assert manager.recv(100) == b"READY=1"


def test_an_abstract_address_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(f"\0sekisho-{os.getpid()}")
        line.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@sekisho-{os.getpid()}")
        supervision.tell("STOPPING=1")
        assert line.recv(100) == b"STOPPING=1"


def test_a_manager_that_is_gone_is_no_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    supervision.tell("READY=1")


def test_a_proof_in_time_is_told_as_alive_with_its_words(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000")
    with supervision.beating(lambda: "rehearsed\nwell"):
        assert manager.recv(200) == b"WATCHDOG=1\nSTATUS=rehearsed well"


def test_a_part_that_fails_with_an_answer_is_alive_and_told(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000")

    def failing() -> str:
        raise ValueError("the disk is full")

    with supervision.beating(failing):
        assert manager.recv(200) == b"WATCHDOG=1\nSTATUS=ValueError: the disk is full"


def test_silence_of_a_part_is_never_told_as_alive(manager: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000")

    def silent() -> str:
        raise TimeoutError("the writer")

    with supervision.beating(silent):
        told = [manager.recv(200) for _ in range(3)]
    assert told == [b"STATUS=hung: the writer"] * 3


def test_while_the_proof_hangs_nothing_is_told(manager: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000")
    begun, go_on = threading.Event(), threading.Event()

    def hanging() -> str:
        begun.set()
        go_on.wait(20)
        return "late"

    with supervision.beating(hanging):
        assert begun.wait(20)
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.recv(200)
        go_on.set()


@pytest.mark.parametrize("environment", [{}, {"WATCHDOG_USEC": "60000", "WATCHDOG_PID": "1"}])
def test_without_a_watchdog_nothing_is_proved(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert supervision.beat_s() is None
    with supervision.beating(lambda: pytest.fail("a proof was asked for")):
        pass


_CHILD = """
import json, os, sys
from edge.supervision import inherited_sockets
os.dup2(int(sys.argv[2]), 3)
os.environ["LISTEN_PID"] = sys.argv[1].replace("me", str(os.getpid()))
os.environ["LISTEN_FDS"] = "1"
held = inherited_sockets()
print(json.dumps([[list(one.getsockname()), os.get_inheritable(one.fileno())] for one in held]))
"""


@pytest.mark.parametrize(("owner", "count"), [("me", 1), ("1", 0)])
def test_sockets_are_taken_over_by_the_process_they_are_meant_for(owner: str, count: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, owner, str(held.fileno())],
            pass_fds=(held.fileno(),),
            check=True,
            capture_output=True,
            text=True,
        )
        told = json.loads(done.stdout)
        assert told == [[list(held.getsockname()), False]] * count
