"""The bench is asked at its door; whatever comes back is an answer or the reason why there is none."""

from __future__ import annotations

import json
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from edge.errors import SettingsError
from provisioning.release.services import Answer, Systemd
from provisioning.release.settings import update_settings

GOOD = {"version": "1.4", "outcome": "CHECK", "gtins": ["0952"], "faults": [], "ms": 6.0, "open": ["1"]}


@contextmanager
def door(path: Path, status: int, body: bytes) -> Iterator[list[str]]:
    """A bench that answers this; what it was asked."""
    asked: list[str] = []

    class Bench(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "door"

        def log_message(self, *args: object) -> None:
            del args

    with socketserver.UnixStreamServer(str(path), Bench) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield asked
        server.shutdown()
        thread.join()


def test_a_rehearsal_at_the_door_is_an_answer(tmp_path: Path) -> None:
    with door(tmp_path / "door", 200, json.dumps(GOOD).encode()) as asked:
        answer = Systemd(tmp_path / "door").ask(60.0)
    assert answer == Answer("1.4", "CHECK", ("0952",), (), ("1",))
    assert asked == ["/api/v1/health/rehearsed?quiet_s=60"]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (503, b'{"detail": "Every part must answer."}', "status 503: Every part must answer."),
        (200, b"<html>", "no answer: JSONDecodeError: "),
        (200, b"{}", "no answer: KeyError: 'version'"),
    ],
)
def test_anything_else_is_a_reason(tmp_path: Path, status: int, body: bytes, reason: str) -> None:
    with door(tmp_path / "door", status, body):
        answer = Systemd(tmp_path / "door").ask(0.0)
    assert isinstance(answer, str)
    assert answer.startswith(reason)


def test_nobody_at_the_door_is_a_reason(tmp_path: Path) -> None:
    assert Systemd(tmp_path / "door").ask(0.0) == "no answer: FileNotFoundError: [Errno 2] No such file or directory"


@pytest.mark.parametrize(
    ("told", "times", "reason"),
    [
        ("NRestarts=0\nActiveState=active\nResult=success\n", 1, ""),
        ("NRestarts=1\nActiveState=active\nResult=exit-code\n", 2, ""),
        (
            "NRestarts=2\nActiveState=active\nResult=exit-code\n",
            2,
            "sekisho-web.service has ended by itself, times: 2, exit-code",
        ),
        (
            "NRestarts=0\nActiveState=failed\nResult=watchdog\n",
            2,
            "sekisho-web.service has failed: watchdog",
        ),
    ],
)
def test_systemd_counts_the_ends(monkeypatch: pytest.MonkeyPatch, told: str, times: int, reason: str) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, told, "")

    monkeypatch.setattr(subprocess, "run", run)
    assert Systemd().crashed(times) == reason


def test_a_setting_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEKISHO_UPDATE_WATCH_S", "1")
    with pytest.raises(SettingsError) as refused:
        update_settings()
    words = "SEKISHO_UPDATE_WATCH_S: Input should be greater than or equal to 5, got '1'."
    assert refused.value.message == words
