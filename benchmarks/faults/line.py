"""A line to an app of this process in urllib3's place: it loses, repeats, delays and reorders whole requests."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from sync import link as links
from sync.identity import Enrolment
from sync.link import Link


@dataclass(frozen=True)
class Answered:
    """An answer, as urllib3 gives it."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def read(self, _most: int) -> bytes:
        """Its body."""
        return self.content

    def release_conn(self) -> None:
        """There is nothing to release."""


@dataclass
class Line:
    """Shares are of requests. A repeated or late one comes after later ones too."""

    app: FastAPI
    draw: random.Random = field(default_factory=lambda: random.Random(0))
    lost: float = 0.0  # it is done, and its answer never comes
    repeated: float = 0.0  # an earlier one is done once more before it
    late: float = 0.0  # it is lost for whoever asks, and done some requests later

    def __post_init__(self) -> None:
        """Keep what may be repeated, and what is still on its way."""
        self._before: list[tuple[str, str, bytes | None, dict[str, str]]] = []
        self._held: list[tuple[str, str, bytes | None, dict[str, str]]] = []
        self._loop = asyncio.new_event_loop()

    def request(self, method: str, url: str, *, body: bytes | None, headers: dict[str, str], **_: Any) -> Answered:  # noqa: ANN401 - as urllib3's
        """Ask it.

        Raises:
            urllib3.exceptions.ProtocolError: the answer was lost.
        """
        asked = (method, url, body, headers)
        if self._before and self.draw.random() < self.repeated:
            self._send(*self.draw.choice(self._before))
        if self._held and self.draw.random() < 1 / 2:
            self._send(*self._held.pop(self.draw.randrange(len(self._held))))
        if self.draw.random() < self.late:
            self._held.append(asked)
            raise urllib3.exceptions.ProtocolError("no answer in time")
        answer = self._send(*asked)
        if method in {"POST", "PATCH"}:
            self._before.append(asked)
        if self.draw.random() < self.lost:
            raise urllib3.exceptions.ProtocolError("the answer was lost")
        return answer

    def _send(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answered:
        return self._loop.run_until_complete(self._asked(method, url, body, headers))

    async def _asked(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answered:
        # As uvicorn does it: what an app raises has been answered with a problem by then.
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport) as client:
            told = await client.request(method, url, content=body, headers=headers)
        return Answered(told.status_code, dict(told.headers), told.content)

    def clear(self) -> None:
        """Nothing is open between requests."""

    def close(self) -> None:
        """End it."""
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


@contextlib.contextmanager
def joined(line: Line, enrolment: Enrolment, private: Ed25519PrivateKey) -> Iterator[Link]:
    """A box's link over `line`, which waits for nothing between its tries."""
    with contextlib.closing(line), contextlib.closing(Link(enrolment, private)) as link, hurried():
        link._pool = line  # type: ignore[assignment]  # noqa: SLF001 - the line is what is tested
        yield link


@contextlib.contextmanager
def hurried(pause_s: float = 0.0, silence_s: float = 60.0) -> Iterator[None]:
    """Boxes of this process pause and wait on a silent line only so long: a campaign does not wait."""
    before = links._PAUSE_S, links._SILENCE_S  # noqa: SLF001 - there is no other reason to change them
    links._PAUSE_S, links._SILENCE_S = (pause_s,) * len(before[0]), silence_s  # type: ignore[assignment]  # noqa: SLF001 - likewise
    try:
        yield
    finally:
        links._PAUSE_S, links._SILENCE_S = before  # noqa: SLF001 - likewise
