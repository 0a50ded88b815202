"""A static web server on loopback that knows Range, as every real one does, and that may hang up."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path


class Handler(http.server.SimpleHTTPRequestHandler):
    """GET of plain files, from an offset on where it is asked for."""

    protocol_version = "HTTP/1.1"
    server: WebServer

    def log_message(self, *args: object) -> None:
        del args

    def do_HEAD(self) -> None:
        self.server.requests.append((self.path, "HEAD"))
        super().do_HEAD()

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.requests.append((self.path, asked))
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.ranges else 0
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        whole = len(data) - begin
        sent = min(whole, self.server.hang_up_after or whole)
        self.wfile.write(data[begin : begin + sent])
        self.close_connection = sent < whole


class WebServer(http.server.ThreadingHTTPServer):
    """Serves one directory."""

    daemon_threads = True

    def __init__(self, directory: Path, handler: type[http.server.BaseHTTPRequestHandler] = Handler) -> None:
        made = functools.partial(handler, directory=str(directory)) if issubclass(handler, Handler) else handler
        super().__init__(("127.0.0.1", 0), made)
        self.requests: list[tuple[str, str]] = []
        self.hang_up_after = 0  # bytes of a body; 0: never
        self.ranges = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextlib.contextmanager
def serving(directory: Path, handler: type[http.server.BaseHTTPRequestHandler] = Handler) -> Iterator[WebServer]:
    server = WebServer(directory, handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
