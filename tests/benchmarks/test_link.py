"""The bad link does what its weather says."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from benchmarks.faults import link

_SAID = b"x" * 200_000


@pytest.fixture
def speaker() -> Iterator[tuple[str, int]]:
    """A server that says 200,000 bytes to whoever comes, and hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def speak() -> None:
        while True:
            try:
                plug, _ = listening.accept()
            except OSError:
                return
            with plug, contextlib.suppress(OSError):  # whom the link cuts off hears no more
                plug.sendall(_SAID)

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    yield listening.getsockname()
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


def _heard(port: int, patience_s: float = 30) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as plug:
        heard = b""
        while block := plug.recv(65_536):
            heard += block
        return heard


def test_a_clear_link_passes_everything(speaker: tuple[str, int]) -> None:
    with link.bad(speaker) as relay:
        assert _heard(relay.port) == _SAID
        assert (relay.connections, relay.bytes_down) == (1, len(_SAID))


def test_a_cut_link_passes_a_beginning(speaker: tuple[str, int]) -> None:
    with link.bad(speaker, link.Weather(cut=1), seed=3) as relay:
        heard = _heard(relay.port)
    assert len(heard) < len(_SAID)


def test_a_reset_link_says_so(speaker: tuple[str, int]) -> None:
    with link.bad(speaker, link.Weather(reset=1), seed=3) as relay, pytest.raises(ConnectionResetError):
        _heard(relay.port)


@pytest.mark.parametrize("weather", [link.Weather(stall=1), link.Weather(partition=True)])
def test_a_silent_link_stays_open(speaker: tuple[str, int], weather: link.Weather) -> None:
    with link.bad(speaker, weather, seed=3) as relay, pytest.raises(TimeoutError):
        _heard(relay.port, 0.5)


def test_a_slow_link_takes_its_time(speaker: tuple[str, int]) -> None:
    with link.bad(speaker, link.Weather(bytes_per_s=100)) as relay, pytest.raises(TimeoutError):
        _heard(relay.port, 0.5)


@pytest.fixture
def counter() -> Iterator[tuple[tuple[str, int], list[bytes]]]:
    """A server that answers each whole request with 204, one a connection, and what it was asked."""
    asked: list[bytes] = []

    class Answers(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if body := self.request.recv(65_536).rpartition(b"\r\n\r\n")[2]:
                asked.append(body)
                self.request.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        host, port = server.socket.getsockname()
        yield (host, port), asked
        server.shutdown()
        thread.join()


def _asked(port: int, number: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plug:
        plug.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n%02d" % number)
        return plug.recv(65_536)


def test_requests_that_are_repeated_come_again_after_later_ones(
    counter: tuple[tuple[str, int], list[bytes]],
) -> None:
    with link.bad(counter[0], link.Weather(repeated=0.5), seed=3) as relay:
        answers = {_asked(relay.port, number)[:12] for number in range(20)}
    assert answers == {b"HTTP/1.1 204"}
    assert len(counter[1]) > 20
    assert sorted(set(counter[1])) == [b"%02d" % number for number in range(20)]


def test_late_requests_are_not_answered_and_arrive_behind_later_ones(
    counter: tuple[tuple[str, int], list[bytes]],
) -> None:
    with link.bad(counter[0], link.Weather(late=0.4), seed=3) as relay:
        unanswered = [number for number in range(20) if not _asked(relay.port, number)]
    assert unanswered
    assert counter[1] != sorted(counter[1])
    assert len(counter[1]) == len(set(counter[1]))
