from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
import pytest

from edge.errors import SettingsError
from edge.settings import Settings
from edge.web import server as serves
from edge.web.limits import HEADER_BYTES
from tests.edge.web.serving import Server, problem


def _line(server: Server) -> socket.socket:
    where = urlsplit(server.url)
    line = socket.create_connection((where.hostname or "", where.port or 0))
    line.settimeout(30)
    return line


def _until_closed(line: socket.socket) -> bytes:
    answer = b""
    while piece := line.recv(65_536):
        answer += piece
    return answer


def test_a_port_that_is_taken_is_told_with_a_hint() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError) as caught:
            serves.bound(Settings(port=port))
    assert caught.value.code == "settings_port"
    assert caught.value.message == (
        f"The bench must be able to listen on 127.0.0.1 port {port}, got: Address already in use."
    )
    assert caught.value.hint == "Another program, or another Sekisho, listens there: end it, or set SEKISHO_PORT."


def test_an_address_of_another_box_is_told_with_a_hint() -> None:
    with pytest.raises(SettingsError, match=r"^The bench must be able to listen on 192\.0\.2\.1 port 8080, got: "):
        serves.bound(Settings(host="192.0.2.1"))


def test_a_free_port_is_held_before_anybody_is_answered() -> None:
    with serves.bound(Settings(port=0)) as held:
        port = held.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "])
def test_a_header_that_never_ends_is_hung_up_on(server: Server, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(serves, "HEADER_S", 0.2)
    with _line(server) as line:
        line.sendall(begun)
        assert _until_closed(line) == b""


def test_a_second_header_on_the_same_line_has_its_limit_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = b"GET /api/v1/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with _line(server) as line:
        line.sendall(whole)
        answer = b""
        while not answer.endswith(b"}"):  # the time of the first header is over
            answer += line.recv(65_536)
        monkeypatch.setattr(serves, "HEADER_S", 0.2)
        line.sendall(whole + whole[:-2])
        answer = _until_closed(line)
    assert answer.count(b"HTTP/1.1 200 OK") == 1


def test_an_unfinished_header_over_the_limit_is_refused(server: Server) -> None:
    with _line(server) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * (HEADER_BYTES + 1))
        assert _until_closed(line).startswith(b"HTTP/1.1 400 ")


def test_a_whole_header_over_the_limit_is_refused_with_its_size(client: httpx.Client) -> None:
    answer = client.get("/api/v1/status", headers={"X": "y" * 70_000})
    if answer.status_code == 400:  # it came in pieces, and the first was too large already
        return
    assert problem(answer) == (431, "request_header_too_large")
    assert answer.json()["detail"].startswith("The request header must have at most 16384 bytes, got 70")


def test_an_answer_that_takes_longer_than_a_header_may_is_given(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serves, "HEADER_S", 2.0)  # less than the bench is silent, more than a loaded machine asks for
    with server.client() as client, client.stream("GET", "/api/v1/events") as answer:
        assert answer.status_code == 200
        told = iter(answer.iter_lines())
        assert next(line for line in told if line) == "event: alive"
