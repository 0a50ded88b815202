"""What one client may ask of the bench: requests a second, and arrivals at work at once, of a client and of a station.

A client is an address (of IPv6 its /64, which one host has whole). The box itself is none: its own page and the UNIX
socket are never made to wait for a handheld that floods. Behind a proxy all handhelds are one client; the settings say
more then. Counts live in memory and are forgotten with the process. It knows no persons and no tokens.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext

from starlette.types import ASGIApp, Receive, Scope, Send

from edge.errors import RequestRefused
from edge.settings import Settings
from edge.web.problems import answer_to

_BOX = frozenset({"127.0.0.1", "::1", ""})
_MOST_KNOWN = 4_096  # clients; a full bucket is forgotten first, and it is as good as a new one
_BURST_S = 3.0  # of silence that a client may make up for at once
_WAIT = "Wait a second and send it again with the same Idempotency-Key."


def client_of(scope: Scope) -> str:
    """The client of a request; "" for the box itself."""
    client = scope.get("client")
    return named(client[0] if client else "")


def named(address: str) -> str:
    """The client at an address; "" for the box itself."""
    if address in _BOX:
        return ""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if known.version == 6:  # noqa: PLR2004 - IPv6
        if known.ipv4_mapped:
            return named(str(known.ipv4_mapped))
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)


class Pace:
    """ASGI middleware: refuses what a client asks beyond its rate, before anything is read of it."""

    def __init__(self, app: ASGIApp, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        """Guard `app` by the limits of `settings`."""
        self._app = app
        self._rate = settings.client_requests_per_s
        self._most = settings.client_requests_per_s * _BURST_S
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # requests that may come at once, and when that was so

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        client = client_of(scope) if scope["type"] == "http" else ""
        if client and not self.admits(client):
            message = f"A client must send at most {self._rate:g} requests a second, got more from {client}."
            await answer_to(RequestRefused("request_rate", message, hint=_WAIT))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def admits(self, client: str) -> bool:
        """Whether one more request of `client` is within its rate (token bucket)."""
        now = self._clock()
        left, since = self._left.get(client, (self._most, now))
        left = min(self._most, left + (now - since) * self._rate)
        if client not in self._left and len(self._left) >= _MOST_KNOWN:
            self._forget(now)
        self._left[client] = (max(left - 1.0, 0.0) if left >= 1.0 else left, now)
        return left >= 1.0

    def _forget(self, now: float) -> None:
        full = [one for one, (left, since) in self._left.items() if left + (now - since) * self._rate >= self._most]
        for one in full or [next(iter(self._left))]:
            del self._left[one]


class AtWork:
    """How many arrivals are at work, of each client and at each station. For the event loop's thread.

    A station takes one arrival at a time. Those of the network wait here for their turn, in the order in which they
    came and without a thread, so that the officer at the box waits for the one that is being read and for no other.
    """

    def __init__(self, settings: Settings) -> None:
        """Nothing is at work yet."""
        self._turns: dict[str, asyncio.Lock] = {}  # of stations at which something of the network is at work
        self._of_client = settings.client_arrivals
        self._at_station = settings.station_arrivals
        self._count: Counter[tuple[str, str]] = Counter()

    @asynccontextmanager
    async def one(self, client: str, station: str) -> AsyncIterator[None]:
        """Count one more until the block is left. What comes from the box itself is never refused and never waits.

        Raises:
            RequestRefused: request_rate.
        """
        limits = (("client", client, self._of_client), ("station", station, self._at_station))
        mine = [(kind, name) for kind, name, _ in limits if name]
        for kind, name, most in limits:
            if client and name and self._count[kind, name] >= most:
                message = f"A {kind} must have at most {most} arrivals at work at once, got one more from {name!r}."
                raise RequestRefused("request_rate", message, hint=_WAIT)
        self._count.update(mine)
        try:
            async with self._turns.setdefault(station, asyncio.Lock()) if client else nullcontext():
                yield
        finally:
            for one in mine:
                self._count[one] -= 1
                if not self._count[one]:
                    del self._count[one]
            if not self._count["station", station]:
                self._turns.pop(station, None)
