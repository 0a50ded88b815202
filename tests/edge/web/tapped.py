"""The line of the bench's news with a tap in it: what goes through is held back, told twice or never told."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from playwright.sync_api import Page, Route


class Tap(http.server.ThreadingHTTPServer):
    """Hands on /api/v1/events, frame by frame. `way`: "pass", "hold", "twice" or "drop"; signs of life always pass."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Line)
        self.upstream = upstream
        self.way = "pass"
        self.held = 0  # frames that were kept back or dropped
        self.refuses = 0  # how many times a line is refused before one is given
        self.opened = 0
        self._turned = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def turn(self, way: str) -> None:
        """From now on; what was held back goes on as soon as that is no "hold"."""
        with self._turned:
            self.way = way
            self._turned.notify_all()

    def through(self, frame: bytes) -> bytes:
        """What becomes of a frame."""
        if b"event: alive" in frame or b"event:" not in frame:
            return frame
        with self._turned:
            if self.way in {"hold", "drop"}:
                self.held += 1
                self._turned.notify_all()
            self._turned.wait_for(lambda: self.way != "hold")
            return {"twice": frame * 2, "drop": b""}.get(self.way, frame)

    def wait(self, frames: int) -> None:
        """Until so many frames were kept back."""
        with self._turned:
            assert self._turned.wait_for(lambda: self.held >= frames, 60), f"expected {frames} frames, got {self.held}"

    def put_in(self, page: Page) -> None:
        """Lead the page's news through here."""

        def led(route: Route) -> None:
            route.continue_(url=self.url + route.request.url.partition("/api/v1")[2])

        page.route("**/api/v1/events*", led)


class _Line(http.server.BaseHTTPRequestHandler):
    server: Tap

    def log_message(self, *args: object) -> None:
        del args

    def do_GET(self) -> None:
        self.server.opened += 1
        if self.server.refuses:
            self.server.refuses -= 1
            self.send_error(503)
            return
        asked = {"Last-Event-ID": self.headers["Last-Event-ID"]} if self.headers["Last-Event-ID"] else {}
        address = f"{self.server.upstream}/api/v1{self.path}"
        try:
            with httpx.stream("GET", address, headers=asked, timeout=None) as answer:  # noqa: S113 - a line without an end
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers["content-type"])
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self._hand_on(answer.iter_raw())
        except (httpx.HTTPError, OSError):
            return  # one end has hung up

    def _hand_on(self, pieces: Iterator[bytes]) -> None:
        whole = b""
        for piece in pieces:
            whole += piece
            while b"\r\n\r\n" in whole:
                frame, _, whole = whole.partition(b"\r\n\r\n")
                self.wfile.write(self.server.through(frame + b"\r\n\r\n"))
                self.wfile.flush()


@contextmanager
def tapped(upstream: str) -> Iterator[Tap]:
    """A tap in front of a server, until the block is left."""
    tap = Tap(upstream)
    thread = threading.Thread(target=tap.serve_forever, daemon=True)
    thread.start()
    try:
        yield tap
    finally:
        tap.turn("pass")
        tap.shutdown()
        tap.server_close()
        thread.join(20)
