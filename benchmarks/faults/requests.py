"""Whole HTTP requests on their way through a relay: some come twice, some late, behind others that were asked later."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from typing import Protocol

_LATER = 4  # requests at most that come between a request and its repetition, or its late arrival
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_END = b"\r\n\r\n"


class Reader(Protocol):
    """What bytes come from."""

    async def read(self, size: int, /) -> bytes:
        """Some bytes, b"" at the end."""
        ...


class Waiting:
    """Requests that come later, each after a drawn number of others."""

    def __init__(self, upstream: tuple[str, int], draw: random.Random) -> None:
        """Bring them to `upstream`."""
        self._upstream = upstream
        self._draw = draw
        self._requests: list[tuple[int, bytes]] = []  # after how many others, and what

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._requests)

    def add(self, request: bytes) -> None:
        """Let one wait."""
        self._requests.append((self._draw.randint(1, _LATER), request))

    async def arrive(self) -> None:
        """One more request comes: those whose turn it is come before it."""
        due = [request for left, request in self._requests if left <= 1]
        self._requests = [(left - 1, request) for left, request in self._requests if left > 1]
        for request in due:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(*self._upstream)
                with contextlib.closing(writer):
                    writer.write(request)
                    await reader.read(1)  # it was done; whoever asked does not hear of it


class Requests:
    """What a client sends, read request by request."""

    def __init__(self, reader: Reader, waiting: Waiting, draw: random.Random, repeated: float, late: float) -> None:
        """`repeated` and `late` are shares."""
        self._reader = reader
        self._waiting = waiting
        self._draw = draw
        self._repeated = repeated
        self._late = late
        self._came = b""

    async def read(self, _size: int, /) -> bytes:
        """The next whole request; b"" when the client has ended, and for one that is late: its connection ends."""
        request = await self._whole()
        if not request:
            return b""
        await self._waiting.arrive()
        if self._draw.random() < self._late:
            self._waiting.add(request)
            return b""
        if self._draw.random() < self._repeated:
            self._waiting.add(request)
        return request

    async def _whole(self) -> bytes:
        while True:
            head, end, _body = self._came.partition(_END)
            length = _LENGTH.search(head)
            size = len(head) + len(_END) + (int(length[1]) if length else 0)
            if end and len(self._came) >= size:
                request, self._came = self._came[:size], self._came[size:]
                return request
            more = await self._reader.read(65_536)
            if not more:
                return b""
            self._came += more
