"""A port system on loopback that takes webhooks, or answers as a test says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came, and what to answer: the next of `answers` (status, or 0 to hang up), then 204."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.came]

    def rows(self) -> list[tuple[str, int]]:
        return [(event["data"]["device"], event["data"]["row"]["seq"]) for event in self.events()]

    def require_signed(self, secret: str) -> None:
        """Check every signature as a receiver does."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        for headers, body in self.came:
            content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
            assert headers["webhook-signature"] == f"v1,{expected}"
            assert headers["content-type"] == "application/cloudevents+json; charset=UTF-8"


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver, until the block is left."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = receiver.answers.pop(0) if receiver.answers else 204
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook?port=naha"
        yield receiver
        server.shutdown()
        thread.join()
