"""TLS on the LAN's socket, with real handshakes: what handhelds accept, what they refuse, renewal under way."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from edge.settings import Settings
from edge.web import server as serves
from edge.web.lan import SERVER_FILE, Certificate
from provisioning.authority import issue, make

NAME = "bench-1.local"


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[tuple[serves._Server, int]]:
    """A server whose LAN socket is open, and its port; there is no certificate yet."""
    app = FastAPI()
    app.get("/")(lambda: "hello")
    settings = Settings(state_dir=tmp_path, port=0)
    with serves.bound(settings) as plain, serves.bound(settings) as held:
        server = serves._Server(serves.configured(app, settings), [held], Certificate(tmp_path / SERVER_FILE))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [plain]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield server, held.getsockname()[1]
        server.should_exit = True
        thread.join(20)


def shown(port: int, authority: Path, name: str = NAME) -> bytes:
    """The certificate that a client with this authority is shown under `name`, DER, after a whole request."""
    context = ssl.create_default_context(cafile=authority)
    until = time.monotonic() + 20
    while True:
        try:
            line = socket.create_connection(("127.0.0.1", port), timeout=20)
            break
        except ConnectionRefusedError:  # not listening before there is a certificate
            assert time.monotonic() < until
            time.sleep(0.05)
    with line, context.wrap_socket(line, server_hostname=name) as told:
        told.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        assert told.recv(100).startswith(b"HTTP/1.1 200 OK")
        return told.getpeercert(binary_form=True) or b""


def test_a_handheld_that_knows_the_authority_connects_and_sees_a_renewed_certificate(
    lan: tuple[serves._Server, int], tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    make(tmp_path, [NAME, "127.0.0.1"], [], now)
    authority = tmp_path / "site" / "authority.pem"
    first = shown(lan[1], authority)
    assert shown(lan[1], authority, "127.0.0.1") == first
    issue(tmp_path, [NAME], now + timedelta(minutes=1))
    until = time.monotonic() + 20
    while shown(lan[1], authority) == first:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_certificate_that_cannot_be_used_is_told_once_and_the_one_before_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = Certificate(tmp_path / SERVER_FILE)
    assert not certificate.refresh()
    make(tmp_path, [NAME], [], datetime.now(UTC))
    assert certificate.refresh()
    (tmp_path / SERVER_FILE).write_bytes(b"damaged")
    assert [certificate.refresh(), certificate.refresh()] == [True, True]
    told = [record.message for record in caplog.records]
    assert told == [f"{tmp_path / SERVER_FILE}: expected a certificate with its key, got another file."]


def test_another_authority_or_another_name_is_refused_by_the_handheld(
    lan: tuple[serves._Server, int], tmp_path: Path
) -> None:
    make(tmp_path, [NAME], [], datetime.now(UTC))
    make(tmp_path / "other", [NAME], [], datetime.now(UTC))
    shown(lan[1], tmp_path / "site" / "authority.pem")
    for authority, name in ((tmp_path / "other", NAME), (tmp_path, "bench-2.local")):
        with pytest.raises(ssl.SSLCertVerificationError):
            shown(lan[1], authority / "site" / "authority.pem", name)


def test_plain_http_at_the_lans_socket_is_not_answered(lan: tuple[serves._Server, int], tmp_path: Path) -> None:
    make(tmp_path, [NAME], [], datetime.now(UTC))
    shown(lan[1], tmp_path / "site" / "authority.pem")
    with socket.create_connection(("127.0.0.1", lan[1]), timeout=20) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
        assert b"HTTP" not in line.recv(100)
