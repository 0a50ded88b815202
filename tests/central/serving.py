"""A central behind a real server on loopback, and a box that talks to it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from sync.central.app import build
from sync.central.central import Central
from sync.central.database import writing
from sync.central.intake.devices import new_token
from sync.identity import Enrolment, EnrolmentToken
from sync.link import Link, enrol
from tests.sync.boxes import Box


@contextmanager
def serving(central: Central) -> Iterator[str]:
    """Its address, until the block is left."""
    config = uvicorn.Config(build(central), log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as held:
        held.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{held.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


def token_for(central: Central, url: str, device: str = "bench-1") -> EnrolmentToken:
    with writing(central.engine) as connection:
        return new_token(connection, url, central.id, device, port="Narita", now=central.now())


def enrolled(central: Central, url: str, box: Box) -> tuple[Link, Enrolment]:
    enrolment = enrol(token_for(central, url, box.device), box.private)
    enrolment.keep(box.folder)
    return Link(enrolment, box.private), enrolment
