"""Where a published tree is read from: a web server or a directory, such as a USB stick. It judges nothing.

Both give python-tuf its metadata, and both fetch a target into a .part file that a later try goes on with. Whatever
comes is limited in size and in time; nothing is followed: no redirect, no link that leaves the tree.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote

import urllib3
from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError, SlowRetrievalError
from tuf.ngclient import FetcherInterface
from urllib3.exceptions import HTTPError, LocationParseError, NewConnectionError
from urllib3.exceptions import TimeoutError as HttpTimeout

from sync.errors import TransportError

_BLOCK = 1 << 16
_PACED = 1 << 12  # a block passes in pieces: a whole one may take longer than a server may be silent
_FLUSH_BYTES = 1 << 22  # so much may have to be fetched again after a power cut


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a server may take."""

    connect_s: float = 15.0
    silence_s: float = 20.0  # the longest wait for the next byte
    window_s: float = 30.0  # over so long ...
    least_bytes_s: float = 256.0  # ... this many bytes a second must come
    metadata_s: float = 120.0  # for one whole metadata file


Pace = Callable[[int], None]  # told how many bytes came; sleeps to keep a bandwidth


def _unpaced(_count: int) -> None:
    """Read as fast as it comes."""


class Source(FetcherInterface):
    """A published tree. Names are paths below it: metadata/timestamp.json, targets/editions/HASH.NAME."""

    title: str

    def __init__(self, pace: Pace = _unpaced) -> None:
        """Read a tree; `pace` is told of every block."""
        self.pace = pace

    @abstractmethod
    def blocks(self, name: str, offset: int, limit_s: float | None) -> Iterator[tuple[int, bytes]]:
        """The bytes of a file from `offset` on, each block with its place; a source may begin again at 0.

        Raises:
            DownloadError: it cannot be read; DownloadHTTPError with status 404 when it is not there.
        """
        raise NotImplementedError

    def require(self, name: str) -> None:
        """Find out that a file is not there, where that is cheaper than asking for it.

        Raises:
            DownloadError: it cannot be known; DownloadHTTPError with status 403 or 404 when it is not there.
        """

    @abstractmethod
    def metadata_s(self) -> float | None:
        """The time for one metadata file, seconds; None for no limit."""
        raise NotImplementedError

    def _fetch(self, url: str) -> Iterator[bytes]:
        for _place, block in self.blocks(unquote(url), 0, self.metadata_s()):
            yield block

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """A whole metadata file.

        Raises:
            DownloadError: it cannot be read, or has more than `max_length` bytes.
        """
        data = bytearray()
        for block in self.fetch(url):
            data += block
            if len(data) > max_length:
                raise DownloadLengthMismatchError(f"{url}: more than {max_length} bytes")
        return bytes(data)

    def resume(self, name: str, length: int, part: Path) -> None:
        """Fetch a file of `length` bytes into `part`, going on where an earlier try ended.

        Raises:
            DownloadError: it cannot be read, or has another length. What came stays in `part`, unless it is too long.
            OSError: `part` cannot be written.
        """
        have = part.stat().st_size if part.exists() else 0
        if have > length:
            part.unlink()
            have = 0
        if have < length or not part.exists():
            have = self._written(name, have, length, part)
        if have != length:
            raise DownloadError(f"{name}: ended after {have} of {length} bytes")

    def _written(self, name: str, have: int, length: int, part: Path) -> int:
        unflushed = 0
        with part.open("r+b" if have else "wb") as file:
            for place, block in self.blocks(name, have, None):
                if place + len(block) > length:
                    file.truncate(0)
                    raise DownloadLengthMismatchError(f"{name}: more than {length} bytes")
                file.seek(place)
                file.write(block)
                have = place + len(block)
                unflushed += len(block)
                if unflushed >= _FLUSH_BYTES:
                    file.flush()
                    os.fsync(file.fileno())
                    unflushed = 0
            file.truncate(have)
            file.flush()
            os.fsync(file.fileno())
        return have

    def close(self) -> None:
        """Let go of it. Safe to call twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class DirectorySource(Source):
    """A tree on a USB stick or any other directory."""

    def __init__(self, directory: Path, pace: Pace = _unpaced) -> None:
        """Read the tree in `directory`.

        Raises:
            TransportError: transport_unreachable: there is no tree.
        """
        super().__init__(pace)
        self.title = str(directory)
        self._directory = directory.resolve()
        if not (self._directory / "metadata").is_dir():
            message = f"{directory}: expected a published tree with its directory metadata, got none."
            raise TransportError("transport_unreachable", message, hint="Name the directory that holds metadata/.")

    def metadata_s(self) -> float | None:
        """A stick may be slow."""
        return None

    def blocks(self, name: str, offset: int, limit_s: float | None) -> Iterator[tuple[int, bytes]]:
        """Read a plain file of the tree."""
        del limit_s
        try:
            path = (self._directory / name).resolve(strict=True)
            if not path.is_relative_to(self._directory):
                raise DownloadError(f"{name}: leaves the tree")
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise DownloadError(f"{name}: is no plain file")
                file.seek(offset)
                while block := file.read(_BLOCK):
                    self.pace(len(block))
                    yield offset, block
                    offset += len(block)
        except FileNotFoundError as error:
            raise DownloadHTTPError(f"{name}: is not there", HTTPStatus.NOT_FOUND) from error
        except (OSError, ValueError, RuntimeError) as error:  # also a stick that is pulled, a name with a zero, a loop
            raise DownloadError(f"{name}: {error}") from error


class HttpSource(Source):
    """A tree behind any static web server. One connection, kept open."""

    def __init__(self, url: str, limits: Limits | None = None, pace: Pace = _unpaced) -> None:
        """Read the tree at `url`.

        Raises:
            TransportError: transport_address: it is no http or https address.
        """
        super().__init__(pace)
        self.limits = limits or Limits()
        self.title = url
        try:
            parsed = urllib3.util.parse_url(url)
        except LocationParseError as error:
            raise _no_address(url) from error
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise _no_address(url)
        self._path = (parsed.path or "").rstrip("/")
        timeout = urllib3.Timeout(connect=self.limits.connect_s, read=self.limits.silence_s)
        self._pool = urllib3.connectionpool.connection_from_url(url, timeout=timeout, maxsize=1, retries=False)
        self._connection: Any = None
        make = self._pool.ConnectionCls

        def remembered(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the pool gives
            self._connection = make(*args, **kwargs)
            return self._connection

        self._pool.ConnectionCls = remembered  # type: ignore[assignment] # a factory is all that the pool asks of it

    def metadata_s(self) -> float | None:
        """The limit of one metadata file."""
        return self.limits.metadata_s

    def blocks(self, name: str, offset: int, limit_s: float | None) -> Iterator[tuple[int, bytes]]:
        """GET a file, from `offset` on where the server can."""
        with self._watched(name, limit_s) as watch:
            yield from self._answered(name, offset, watch)

    def require(self, name: str) -> None:
        """HEAD a file: the page of words that comes with a 404 may be longer than all metadata."""
        with self._watched(name, self.limits.metadata_s):
            answer = self._request("HEAD", name, {"Accept-Encoding": urllib3.util.SKIP_HEADER})
            answer.release_conn()
        if answer.status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
            raise DownloadHTTPError(f"{name}: HTTP status {answer.status}", answer.status)

    @contextlib.contextmanager
    def _watched(self, name: str, limit_s: float | None) -> Iterator[_Watch]:
        with _Watch(self.limits, limit_s, self._abort) as watch:
            try:
                yield watch
            except (HTTPError, OSError, ValueError) as error:  # ValueError: what http.client makes of a broken answer
                if watch.why:
                    raise SlowRetrievalError(f"{name}: {watch.why}") from error
                # urllib3 counts a refused connection among the timeouts.
                if isinstance(error, HttpTimeout) and not isinstance(error, NewConnectionError):
                    raise SlowRetrievalError(f"{name}: nothing came for {self.limits.silence_s:g} s") from error
                raise DownloadError(f"{name}: {_reason(error)}") from error

    def _answered(self, name: str, offset: int, watch: _Watch) -> Iterator[tuple[int, bytes]]:
        response = self._request("GET", name, {"Range": f"bytes={offset}-"} if offset else {})
        whole = False
        try:
            offset = _place(name, offset, response)
            while block := response.read1(_BLOCK, decode_content=False):
                self._passed(len(block), watch)
                yield offset, block
                offset += len(block)
            if watch.why:  # a shut down connection reads as its end
                raise SlowRetrievalError(f"{name}: {watch.why}")
            whole = True
        finally:
            if not whole:
                response.close()
            response.release_conn()

    def _passed(self, count: int, watch: _Watch) -> None:
        """Keep to the pace; what is waited here is not the server's silence."""
        for begin in range(0, count, _PACED):
            piece = min(_PACED, count - begin)
            watch.came(piece)
            before = time.monotonic()
            self.pace(piece)
            watch.paced(time.monotonic() - before)

    def _request(self, method: str, name: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        return self._pool.request(
            method,
            f"{self._path}/{quote(name)}",
            headers={"Accept-Encoding": "identity", "User-Agent": "sekisho", **headers},
            preload_content=False,
            redirect=False,
            retries=False,
        )

    def _abort(self) -> None:
        """End what is being waited for, from the watch's thread."""
        sock = getattr(self._connection, "sock", None)
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


def _place(name: str, offset: int, response: urllib3.BaseHTTPResponse) -> int:
    """Where the body of an answer begins in the file.

    Raises:
        DownloadHTTPError: it is no answer with the file in it.
    """
    if response.status == HTTPStatus.OK:
        return 0
    said = response.headers.get("Content-Range", "")
    if response.status == HTTPStatus.PARTIAL_CONTENT and offset and said.startswith(f"bytes {offset}-"):
        return offset
    moved = f", moved to {response.headers['Location']!r}" if "Location" in response.headers else ""
    raise DownloadHTTPError(f"{name}: HTTP status {response.status}{moved}", response.status)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


class _Watch:
    """Ends a request that crawls: a server that sends a byte now and then would otherwise be waited for all day."""

    def __init__(self, limits: Limits, limit_s: float | None, abort: Callable[[], None]) -> None:
        self.why = ""
        self._limits = limits
        self._limit_s = limit_s
        self._abort = abort
        self._bytes = 0
        self._paced_s = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sync-watch", daemon=True)

    def came(self, count: int) -> None:
        """Count what came."""
        self._bytes += count

    def paced(self, seconds: float) -> None:
        """Count what was waited for the pace, not for the server."""
        self._paced_s += seconds

    def _run(self) -> None:
        started = time.monotonic()
        wait = min(self._limits.window_s, self._limit_s or self._limits.window_s)
        least = self._limits.least_bytes_s * wait
        before = 0
        while not self._done.wait(wait):
            count = self._bytes
            if count - before < least:
                self.why = f"{count - before} bytes in {wait:g} s, expected {least:g} or more"
            elif self._limit_s is not None and time.monotonic() - started - self._paced_s >= self._limit_s:
                self.why = f"not whole after {self._limit_s:g} s"
            if self.why:
                self._abort()
                return
            before = count

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()


def open_source(address: str, limits: Limits | None = None, pace: Pace = _unpaced) -> Source:
    """The tree at an http(s) address or in a directory.

    Raises:
        TransportError: transport_address, transport_unreachable.
    """
    if "://" in address:
        return HttpSource(address, limits, pace)
    return DirectorySource(Path(address), pace)


def _no_address(url: str) -> TransportError:
    message = f"{url!r}: expected an http or https address, or a directory, got neither."
    return TransportError("transport_address", message, hint="Example: https://registry.example/tree or /media/usb.")
