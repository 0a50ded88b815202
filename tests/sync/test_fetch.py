"""Bytes from web servers and sticks: broken links go on where they ended, slow and hostile ones are ended."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    SlowRetrievalError,
)

from sync.errors import TransportError
from sync.fetch import DirectorySource, HttpSource, Limits, Source, open_source
from sync.pace import Pace
from tests.sync.publishing import Publishing, Receiving
from tests.sync.web_server import WebServer, serving

DATA = bytes(range(256)) * 4_000  # 1 MB
QUICK = Limits(connect_s=2, silence_s=0.3, window_s=0.3, least_bytes_s=1_000, metadata_s=0.6)
STEADY = Limits(connect_s=20, silence_s=20, window_s=0.3, least_bytes_s=1_000, metadata_s=20)  # crawling, and no more


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree" / "metadata").mkdir(parents=True)
    (tmp_path / "tree" / "file").write_bytes(DATA)
    return tmp_path / "tree"


def test_a_broken_download_goes_on_where_it_ended(tree: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    with serving(tree) as server, HttpSource(server.url) as source:
        server.hang_up_after = 300_000
        for _ in range(3):
            with pytest.raises(DownloadError):
                source.resume("file", len(DATA), part)
        server.hang_up_after = 0
        source.resume("file", len(DATA), part)
        assert [asked for _, asked in server.requests] == ["", "bytes=300000-", "bytes=600000-", "bytes=900000-"]
    assert part.read_bytes() == DATA


def test_a_server_without_range_is_read_from_the_beginning(tree: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(DATA[:500_000])
    with serving(tree) as server, HttpSource(server.url) as source:
        server.ranges = False
        source.resume("file", len(DATA), part)
    assert part.read_bytes() == DATA


def test_a_download_survives_a_kill_of_its_process(tree: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    program = (
        "import sys, time; from pathlib import Path; from sync.fetch import HttpSource\n"
        "came = 0\n"
        "def pace(count):\n"
        "    global came\n"
        "    came += count\n"
        "    time.sleep(60 if came > 200_000 else 0)\n"
        "HttpSource(sys.argv[1], pace=pace).resume('file', 1_024_000, Path(sys.argv[2]))"
    )
    with serving(tree) as server:
        with subprocess.Popen([sys.executable, "-c", program, server.url, str(part)]) as child:
            deadline = time.monotonic() + 60
            while not (part.exists() and part.stat().st_size > 100_000) and time.monotonic() < deadline:
                time.sleep(0.02)
            child.send_signal(signal.SIGKILL)
        have = part.stat().st_size
        assert 0 < have < len(DATA)
        with HttpSource(server.url) as source:
            source.resume("file", len(DATA), part)
        assert server.requests[-1] == ("/file", f"bytes={have}-")
    assert part.read_bytes() == DATA


def test_a_part_that_was_spoilt_is_fetched_anew(
    publishing: Publishing, receiving: Receiving, served: WebServer
) -> None:
    (target,) = (publishing.directory / "targets" / "policies").iterdir()
    receiving.box.incoming.mkdir(parents=True)
    (receiving.box.incoming / f"{target.name[:64]}.part").write_bytes(bytes(500))
    with HttpSource(served.url) as source:
        assert receiving.pull(source).items[0].state == "staged"
    asked = [asked for path, asked in served.requests if path.endswith(target.name)]
    assert asked == ["bytes=500-", ""]


def test_a_file_that_is_longer_than_signed_is_not_read_to_its_end(tree: Path, tmp_path: Path) -> None:
    for source in (DirectorySource(tree), DirectorySource(tree)):
        with pytest.raises(DownloadLengthMismatchError):
            source.resume("file", 1_000, tmp_path / "part")
        assert (tmp_path / "part").stat().st_size == 0
    with pytest.raises(DownloadLengthMismatchError):
        DirectorySource(tree).download_bytes("file", 1_000)


def answering(*pieces: bytes, pause_s: float = 0.0, forever: bytes = b"") -> type[http.server.BaseHTTPRequestHandler]:
    """A server that answers with these raw bytes, and then sends `forever` again and again."""

    class Raw(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            del args

        def do_GET(self) -> None:
            self.close_connection = True
            try:
                for piece in pieces:
                    self.wfile.write(piece)
                    time.sleep(pause_s)
                ended = time.monotonic() + 20
                while forever and time.monotonic() < ended:
                    self.wfile.write(forever)
                    time.sleep(0.02)
            except OSError:
                return

    return Raw


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1024000\r\n\r\n"


@pytest.mark.parametrize(
    "handler",
    [
        answering(HEAD, pause_s=5),
        answering(HEAD, forever=b"x"),
        answering(b"HTTP/1.1 200 OK\r\n", forever=b"X-Slow: 1\r\n"),
        answering(b"HTTP/1.1 200 OK\r\nX-Slow: ", forever=b"x"),
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", forever=b"0"),
    ],
    ids=["silent", "a byte now and then", "headers for ever", "one header for ever", "a chunk's size for ever"],
)
def test_a_slow_loris_is_ended(tmp_path: Path, handler: type[http.server.BaseHTTPRequestHandler]) -> None:
    with serving(tmp_path, handler) as server, HttpSource(server.url, QUICK) as source:
        with pytest.raises(DownloadError):
            source.download_bytes("metadata/timestamp.json", 8_000)
        with pytest.raises(DownloadError):
            source.resume("file", len(DATA), tmp_path / "part")


def test_a_bandwidth_below_a_block_in_a_window_is_no_silence_of_the_server(tree: Path, tmp_path: Path) -> None:
    (tree / "file").write_bytes(DATA[:60_000])
    limits = Limits(window_s=1.2, metadata_s=1.2)
    with serving(tree) as server, HttpSource(server.url, limits, Pace(20_000)) as source:
        source.resume("file", 60_000, tmp_path / "part")  # 3 s of own waiting, in a block of 2.7 s
        assert source.download_bytes("file", 60_000) == DATA[:60_000]
    assert (tmp_path / "part").read_bytes() == DATA[:60_000]


def test_a_crawling_server_is_told_as_slow(publishing: Publishing, receiving: Receiving) -> None:
    handler = answering(HEAD, forever=b"x")
    with serving(publishing.directory, handler) as server, HttpSource(server.url, STEADY) as source:
        state = receiving.pull(source)
    assert (state.state, state.code) == ("unreachable", "transport_slow")
    assert state.hint == "What came is kept; the next pull goes on."
    with (
        serving(publishing.directory, handler) as server,
        HttpSource(server.url, STEADY) as source,
        pytest.raises(SlowRetrievalError, match=r"metadata/timestamp\.json: .* bytes in 0.3 s, expected 300 or more"),
    ):
        source.download_bytes("metadata/timestamp.json", 8_000)


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    moved = answering(b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n")
    with (
        serving(tmp_path, moved) as server,
        HttpSource(server.url) as source,
        pytest.raises(DownloadHTTPError, match="HTTP status 302, moved to 'http://192"),
    ):
        source.download_bytes("metadata/timestamp.json", 8_000)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 7-9/10\r\n\r\nabc",
        b"HTTP/1.1 500 No\r\n\r\n",
    ],
    ids=["nothing", "no HTTP", "another range", "a fault of the server"],
)
def test_a_broken_answer_is_an_error_of_the_download(tmp_path: Path, answer: bytes) -> None:
    with (
        serving(tmp_path, answering(answer)) as server,
        HttpSource(server.url) as source,
        pytest.raises(DownloadError),
    ):
        source.download_bytes("metadata/timestamp.json", 8_000)


def test_a_server_that_is_not_there_is_told(publishing: Publishing, receiving: Receiving) -> None:
    with serving(publishing.directory) as server:
        url = server.url
    with HttpSource(url, QUICK) as source:
        state = receiving.pull(source)
    assert (state.state, state.code) == ("unreachable", "transport_unreachable")
    assert state.reason.startswith(f"{url}: expected a published tree that can be read, got: metadata/2.root.json: ")


@pytest.mark.parametrize("kind", ["link out", "directory", "fifo", "loop"])
def test_what_is_no_plain_file_of_the_stick_is_not_read(tree: Path, kind: str) -> None:
    path = tree / "odd"
    outside = tree.parent / "outside"
    outside.write_bytes(b"a secret of the box")
    if kind == "link out":
        path.symlink_to(outside)
    elif kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(path)
    with pytest.raises(DownloadError):
        DirectorySource(tree).download_bytes("odd", 1_000)


@pytest.mark.parametrize("name", ["../outside", "metadata/../../outside", "%2e%2e/outside", "a\0b"])
def test_a_name_does_not_leave_the_stick(tree: Path, name: str) -> None:
    (tree.parent / "outside").write_bytes(b"a secret of the box")
    with pytest.raises(DownloadError):
        DirectorySource(tree).download_bytes(name, 1_000)


def test_a_link_within_the_stick_is_followed(tree: Path) -> None:
    (tree / "also").symlink_to(tree / "file")
    assert DirectorySource(tree).download_bytes("also", len(DATA)) == DATA


def test_a_stick_that_is_pulled_half_way_is_gone_on_with(tree: Path, tmp_path: Path) -> None:
    class Pulled(DirectorySource):
        def pulled(self, count: int) -> None:
            self.left -= count
            if self.left < 0:
                raise OSError(5, "Input/output error")

        left = 400_000

    part = tmp_path / "part"
    stick = Pulled(tree)
    stick.pace = stick.pulled
    with pytest.raises(DownloadError, match="Input/output error"):
        stick.resume("file", len(DATA), part)
    have = part.stat().st_size
    assert 0 < have < 400_000
    counted: list[int] = []
    DirectorySource(tree, counted.append).resume("file", len(DATA), part)
    assert sum(counted) == len(DATA) - have
    assert part.read_bytes() == DATA


@pytest.mark.parametrize("address", ["ftp://example.org/", "http://", "https:///tree", "http://[::1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(TransportError) as refused:
        open_source(address)
    assert refused.value.message == f"{address!r}: expected an http or https address, or a directory, got neither."


def test_a_directory_without_a_tree_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TransportError) as refused:
        open_source(str(tmp_path))
    assert refused.value.message == f"{tmp_path}: expected a published tree with its directory metadata, got none."


def test_every_byte_is_told_to_the_pace(tree: Path, tmp_path: Path) -> None:
    counted: list[int] = []
    with serving(tree) as server:
        sources: list[Source] = [HttpSource(server.url, pace=counted.append), DirectorySource(tree, counted.append)]
        for number, source in enumerate(sources):
            with source:
                source.resume("file", len(DATA), tmp_path / f"part-{number}")
    assert sum(counted) == 2 * len(DATA)
