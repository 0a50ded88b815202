from __future__ import annotations

import gc
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.edge.web.serving import Server, problem

JSON = {"Content-Type": "application/json"}
NOWHERE = "01234567-89ab-7def-8123-456789abcdef"


def _pieces(count: int, size: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b" " * size


def test_a_body_that_announces_too_much_is_refused_unread(another: Callable[..., Server]) -> None:
    with another(max_request_bytes=10_000).client() as client:
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
