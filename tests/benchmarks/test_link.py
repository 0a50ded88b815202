"""The bad link does what its weather says."""

from __future__ import annotations

import socket
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
            with plug:
                plug.sendall(_SAID)

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    yield listening.getsockname()
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


def _heard(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=0.5) as plug:
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
        _heard(relay.port)


def test_a_slow_link_takes_its_time(speaker: tuple[str, int]) -> None:
    with link.bad(speaker, link.Weather(bytes_per_s=100)) as relay, pytest.raises(TimeoutError):
        _heard(relay.port)
