from __future__ import annotations

import asyncio
import contextlib
import gc
import select
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from edge.errors import RequestRefused
from edge.settings import Settings
from edge.web.pace import AtWork, Pace, named
from tests.edge.web.serving import Server, problem

JSON = {"Content-Type": "application/json"}
NOWHERE = "01234567-89ab-7def-8123-456789abcdef"


def _pieces(count: int, size: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b" " * size


def test_a_body_that_announces_too_much_is_refused_unread(another: Callable[..., Server]) -> None:
    with another(max_json_bytes=10_000).client() as client:
        answer = client.post("/api/v1/inspections", content=b" " * 20_000, headers=JSON)
        assert problem(answer) == (413, "request_too_large")
        assert answer.json()["detail"] == "The request body must have at most 10000 bytes, got 20000 or more."


def test_a_chunked_body_that_grows_too_large_is_refused_on_its_way(another: Callable[..., Server]) -> None:
    with another(max_request_bytes=10_000).client() as client:
        for method, address in (("POST", "/inspections"), ("PUT", f"/inspections/{NOWHERE}/disposition")):
            answer = client.request(method, f"/api/v1{address}", content=_pieces(30, 1_000), headers=JSON)
            assert problem(answer) == (413, "request_too_large")


def _half_sent(server: Server, kept_open: list[socket.socket]) -> socket.socket:
    where = urlsplit(server.url)
    line = socket.create_connection((where.hostname or "", where.port or 0))
    line.settimeout(30)
    line.sendall(
        b"POST /api/v1/inspections HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b'Content-Length: 1000\r\n\r\n{"codes": ['
    )
    kept_open.append(line)
    return line


def test_a_silent_sender_is_told_and_let_go(another: Callable[..., Server]) -> None:
    kept_open: list[socket.socket] = []
    line = _half_sent(another(upload_idle_s=0.2), kept_open)
    answer = b""
    while b"request_slow" not in answer:
        piece = line.recv(65_536)
        assert piece
        answer += piece
    assert answer.startswith(b"HTTP/1.1 408 ")
    line.close()


def test_fifty_slow_senders_do_not_keep_others_from_being_answered(server: Server) -> None:
    kept_open: list[socket.socket] = []
    for _ in range(50):
        _half_sent(server, kept_open)
    with server.client() as client:
        assert client.get("/api/v1/health/live").status_code == 200
        assert (
            client.post("/api/v1/inspections", json={"codes": [{"text": "while others are slow"}]}).status_code == 200
        )
    for line in kept_open:
        line.close()


def test_when_bodies_on_their_way_fill_the_memory_a_sender_is_asked_to_wait(another: Callable[..., Server]) -> None:
    server = another(upload_memory_bytes=5_000)
    with server.client() as client:
        answer = client.post("/api/v1/inspections", content=b" " * 6_000, headers=JSON)
        assert problem(answer) == (503, "box_busy")
        assert answer.headers["retry-after"] == "1"
        assert client.post("/api/v1/inspections", json={"codes": [{"text": "small"}]}).status_code == 200


def test_memory_is_given_back_when_senders_hang_up(another: Callable[..., Server]) -> None:
    server = another(upload_memory_bytes=5_000, upload_idle_s=5)
    for _ in range(20):
        line = _half_sent(server, [])
        line.sendall(b" " * 900)
        line.close()
    answered = threading.Event()
    with server.client() as client:
        for _ in range(100):
            answer = client.post("/api/v1/inspections", content=b" " * 4_000, headers=JSON)
            if problem(answer) != (503, "box_busy"):
                answered.set()
                break
    assert answered.is_set()


def test_refused_pictures_leave_nothing_in_memory_until_a_collector_comes_by(server: Server) -> None:
    """Catches a reference cycle that holds the bytes of an upload: ten of them once held 250 MB of a small board."""
    size, count = 5_000_000, 6
    head = b'--b\r\nContent-Disposition: form-data; name="capture"; filename="a.jpg"\r\n\r\n'
    body = head + b"x" * size + b"\r\n--b--\r\n"
    where = urlsplit(server.url)
    line = HTTPConnection(where.hostname or "", where.port)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(count):
            line.request("POST", "/api/v1/stations/1/scans", body, {"Content-Type": "multipart/form-data; boundary=b"})
            answer = line.getresponse()
            assert b"image_wrong_type" in answer.read()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
        line.close()
    assert held < size * count / 2


ROGUE = "127.0.0.66"  # a handheld: loopback has many addresses, and only its first is the box itself


def _rogue(server: Server) -> httpx.Client:
    return server.client(transport=httpx.HTTPTransport(local_address=ROGUE))


def test_a_client_beyond_its_rate_is_refused_and_the_officer_is_answered(another: Callable[..., Server]) -> None:
    server = another(client_requests_per_s=1.0)  # slower than any machine asks
    with _rogue(server) as rogue, server.client() as officer:
        answers = [rogue.get("/api/v1/health/live") for _ in range(60)]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert refused
        assert [answer.status_code for answer in answers[:3]] == [200] * 3  # what it may make up for at once
        assert problem(refused[0]) == (429, "request_rate")
        assert refused[0].headers["retry-after"] == "1"
        said = "A client must send at most 1 requests a second, got more from 127.0.0.66."
        assert refused[0].json()["detail"] == said
        for number in range(60):
            assert officer.post("/api/v1/inspections", json={"codes": [{"text": f"{number}"}]}).status_code == 200


def test_a_client_has_few_arrivals_at_work_and_the_officer_is_answered_meanwhile(
    another: Callable[..., Server], labelled: bytes
) -> None:
    """Catches a flood of pictures from one handheld that takes every thread of the bench."""
    server = another(client_arrivals=2, client_requests_per_s=1_000)

    def send(number: int) -> httpx.Response:
        with _rogue(server) as rogue:
            return rogue.post(
                "/api/v1/stations/2/scans", files=[("capture", (f"{number}.png", labelled, "image/png"))] * 3
            )

    with ThreadPoolExecutor(20) as flood, server.client() as officer:
        sent = [flood.submit(send, number) for number in range(20)]
        scanned = officer.post("/api/v1/stations/1/scans", json={"codes": [{"text": "in the flood"}]})
        answers = [one.result() for one in sent]
    assert scanned.status_code == 200
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused
    assert problem(refused[0]) == (429, "request_rate")
    said = "A client must have at most 2 arrivals at work at once, got one more from '127.0.0.66'."
    assert {answer.json()["detail"] for answer in refused} == {said}


def test_a_station_takes_those_of_the_network_in_turn_and_the_box_itself_at_once() -> None:
    async def main() -> str:
        work = AtWork(Settings(client_arrivals=5, station_arrivals=2))
        order: list[str] = []

        async def wait(client: str) -> None:
            async with work.one(client, "1"):
                order.append(client)

        async with work.one("a", "1"):
            waiting = asyncio.create_task(wait("b"))
            await asyncio.sleep(0)
            with pytest.raises(RequestRefused) as refused:
                async with work.one("c", "1"):
                    pass
            async with work.one("c", "2"):
                await wait("")
            assert order == [""]
        await waiting
        assert order == ["", "b"]
        await wait("c")
        return refused.value.message

    said = "A station must have at most 2 arrivals at work at once, got one more from '1'."
    assert asyncio.run(main()) == said


def test_connections_of_one_client_are_counted_and_others_get_in(another: Callable[..., Server]) -> None:
    server = another(client_connections=5)
    where = urlsplit(server.url)
    address = (where.hostname or "", where.port or 0)
    kept_open = [socket.create_connection(address, source_address=(ROGUE, 0)) for _ in range(12)]
    for line in kept_open[5:]:
        line.settimeout(30)
        with contextlib.suppress(ConnectionResetError):
            assert line.recv(1) == b""
    for line in kept_open[:5]:
        line.settimeout(30)
        line.sendall(b"GET /api/v1/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert line.recv(15) == b"HTTP/1.1 200 OK"
    with server.client() as officer:
        assert officer.get("/api/v1/health/live").status_code == 200
    with server.client(transport=httpx.HTTPTransport(local_address="127.0.0.67")) as another_handheld:
        assert another_handheld.get("/api/v1/health/live").status_code == 200
    for line in kept_open:
        line.close()


def test_one_client_does_not_fill_the_memory_of_bodies(another: Callable[..., Server]) -> None:
    server = another(upload_memory_bytes=20_000, max_request_bytes=8_000)
    where = urlsplit(server.url)
    kept_open = []
    for _ in range(4):
        line = socket.create_connection((where.hostname or "", where.port or 0), source_address=(ROGUE, 0))
        line.sendall(
            b"POST /api/v1/inspections HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 8000\r\n\r\n" + b" " * 3_000
        )
        kept_open.append(line)
    answer, said = b"", b"Requests of 127.0.0.66 on their way must have at most 10000 bytes together, got 12000."
    while said not in answer:
        answered, _, _ = select.select(kept_open, [], [], 30)
        assert answered, answer
        piece = answered[0].recv(65_536)
        assert piece, answer
        answer += piece
    with server.client() as officer:
        assert officer.post("/api/v1/inspections", json={"codes": [{"text": "x" * 5_000}]}).status_code == 200
    for line in kept_open:
        line.close()


def test_a_document_without_pictures_is_held_to_the_limit_of_documents(another: Callable[..., Server]) -> None:
    with another(max_json_bytes=10_000).client() as client:
        for method, address in (("POST", "/stations/1/next"), ("PUT", f"/inspections/{NOWHERE}/disposition")):
            answer = client.request(method, f"/api/v1{address}", content=_pieces(30, 1_000), headers=JSON)
            assert problem(answer) == (413, "request_too_large")


def test_many_parts_of_one_name_are_refused_while_they_come(server: Server) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="inspection"\r\n\r\n\r\n'
    with server.client() as client:
        answer = client.post(
            "/api/v1/inspections",
            content=part * 20_000 + b"--b--\r\n",
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
    assert problem(answer) == (422, "request_field")
    assert answer.json()["detail"] == "There must be one part named inspection, got 2 or more."


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("127.0.0.1", ""),
        ("::1", ""),
        ("", ""),
        ("::ffff:127.0.0.1", ""),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_client_is_an_address_or_the_network_that_one_host_has(address: str, client: str) -> None:
    assert named(address) == client


def test_the_rate_is_kept_over_time_and_forgotten_clients_cost_nothing() -> None:
    now = [0.0]
    pace = Pace(FastAPI(), Settings(client_requests_per_s=2.0), clock=lambda: now[0])
    assert [pace.admits("a") for _ in range(8)] == [True] * 6 + [False] * 2
    now[0] = 1.0
    assert [pace.admits("a") for _ in range(3)] == [True, True, False]
    now[0] = 100.0
    for number in range(10_000):
        pace.admits(str(number))
    assert len(pace._left) <= 4_096  # the test is about what is held
    assert pace.admits("a")
