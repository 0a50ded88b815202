"""The server in front of the app: its sockets, and the limits on what comes before a request is known.

Sockets come from systemd where it holds them, so that the service itself needs no network; else one is opened here.

The limits on bodies are in edge/web/limits.py; here are those that no middleware can keep, because it is only called
when a request's header is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from typing import TYPE_CHECKING, cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from edge import supervision
from edge.errors import BoxError, SettingsError
from edge.web import datawedge
from edge.web import lan as lans
from edge.web.access import check_binding
from edge.web.limits import HEADER_BYTES
from edge.web.pace import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fastapi import FastAPI

    from edge.settings import Settings

_LAN_TICKS = 20  # of uvicorn's loop, ten a second: how often a renewed certificate is looked for
LOOP_S = 5.0  # for the server's own loop to answer, before it counts as hung
HEADER_S = 10.0  # for a whole request header, and for the first byte of a new connection
_HINTS = {
    errno.EADDRINUSE: "Another program, or another Sekisho, listens there: end it, or set SEKISHO_PORT.",
    errno.EACCES: "Ports below 1024 need a right of their own: set SEKISHO_PORT to a higher one.",
    errno.EADDRNOTAVAIL: "Set SEKISHO_HOST to an address of this box, or to 127.0.0.1.",
}


class Limited(H11Protocol):
    """uvicorn's HTTP/1.1, with a time limit for a request's header, and limits on connections.

    uvicorn limits the silence between requests only: a sender that never ends its header would hold its connection
    for good. One that takes longer than `HEADER_S` is hung up on; so is a connection beyond a limit, unanswered.
    """

    settings: Settings
    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Give a new connection its time, or hang up."""
        super().connection_made(transport)
        if self._is_one_too_many():
            transport.abort()
            return
        self._limit = self.loop.call_later(HEADER_S, transport.close)

    def handle_events(self) -> None:
        """Read on; the time runs while a header has begun and is not whole."""
        super().handle_events()
        if self.conn.their_state is not h11.IDLE or not self.conn.trailing_data[0]:
            self._stop_limit()
        elif self._limit is None:
            self._limit = self.loop.call_later(HEADER_S, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to limit."""
        self._stop_limit()
        super().connection_lost(exc)

    def _is_one_too_many(self) -> bool:
        """Whether this client, or all of them together, have too many connections; the box itself is let in always."""
        mine = named(self.client[0]) if self.client else ""
        if not mine:
            return False
        others = [
            named(one.client[0]) for one in self.server_state.connections if isinstance(one, Limited) and one.client
        ]
        return others.count(mine) > self.settings.client_connections or len(others) > self.settings.connections

    def _stop_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None


def configured(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How `app` is served."""
    return uvicorn.Config(
        app,
        http=type("LimitedBy", (Limited,), {"settings": settings}),
        ws="none",
        log_config=None,  # edge/journal.py says what a log holds
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=HEADER_BYTES,
    )


def bound(settings: Settings) -> socket.socket:
    """A socket that holds the address of `settings`; nobody is answered there before `run`.

    Raises:
        SettingsError: settings_port, the address cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        held = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _unavailable(settings, error) from error
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(address)
    except OSError as error:
        held.close()
        raise _unavailable(settings, error) from error
    return held


@contextlib.contextmanager
def listening(settings: Settings) -> Iterator[tuple[socket.socket, ...]]:
    """The sockets to serve on: those that systemd holds, else one at the address of `settings`.

    Raises:
        SettingsError: settings_port, the address cannot be had; settings_token, a socket beyond loopback and no token.
    """
    with contextlib.ExitStack() as stack:
        held = tuple(stack.enter_context(one) for one in supervision.inherited_sockets())
        if not held:
            check_binding(settings, settings.host)
            held = (stack.enter_context(bound(settings)),)
        for one in held:
            if one.family in {socket.AF_INET, socket.AF_INET6}:
                check_binding(settings, one.getsockname()[0])
        yield held


def run(app: FastAPI, settings: Settings, held: Sequence[socket.socket], prove: Callable[[], str] = str) -> None:
    """Serve `app` on the sockets until told to stop. systemd hears when it answers and, with `prove`, that it does.

    Raises:
        BoxError: box_starting, the server ended before it began to answer.
        SettingsError: settings_datawedge.
    """
    datawedge.Senders.of(settings)
    lan = [one for one in held if supervision.name_of(one) == lans.SOCKET]
    wedged = [one for one in held if supervision.name_of(one) == datawedge.SOCKET]
    certificate = lans.Certificate(settings.state_dir / lans.SERVER_FILE)
    server = _Server(configured(app, settings), lan, certificate, wedged)

    def proved() -> str:
        server.answers()
        return prove()

    with contextlib.suppress(KeyboardInterrupt), supervision.beating(proved):  # the first: how a person stops it
        server.run(sockets=[one for one in held if one not in lan and one not in wedged])
    if not server.started:
        raise BoxError("box_starting", "The server must start, got one that ended before.", hint="Read the log above.")


class _Server(uvicorn.Server):
    """uvicorn's server, which tells systemd when it answers and when it ends, and speaks TLS on the LAN's sockets.

    Without a certificate these wait: a bench that cannot be reached from the LAN inspects all the same.
    """

    _loop: asyncio.AbstractEventLoop

    def __init__(
        self,
        config: uvicorn.Config,
        lan: Sequence[socket.socket] = (),
        certificate: lans.Certificate | None = None,
        wedged: Sequence[socket.socket] = (),
    ) -> None:
        super().__init__(config)
        self._waiting = list(lan)
        self._wedged = tuple(wedged)
        self._receiver: datawedge.Receiver | None = None
        self._certificate = certificate

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        await self._open_lan()
        if self.started and self._wedged:
            self._receiver = datawedge.Receiver(cast("FastAPI", self.config.app).state.work)
            await self._receiver.open(self._wedged)
        if self.started:
            supervision.tell("READY=1")

    async def on_tick(self, counter: int) -> bool:
        if counter % _LAN_TICKS == 0:
            await self._open_lan()
        return await super().on_tick(counter)

    async def _open_lan(self) -> None:
        if self._certificate is None or not self._certificate.refresh():
            return

        def protocol() -> asyncio.Protocol:
            return self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn itself calls it
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state
            )

        while self._waiting:
            one = self._waiting.pop()
            opened = await self._loop.create_server(
                protocol,
                sock=one,
                ssl=self._certificate.context,
                backlog=self.config.backlog,
                ssl_handshake_timeout=lans.HANDSHAKE_S,
            )
            self.servers.append(opened)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        supervision.tell("STOPPING=1")
        if self._receiver is not None:
            self._receiver.close()
        await super().shutdown(sockets)

    def answers(self) -> None:
        """Return when the loop has taken a call.

        Raises:
            TimeoutError: it did not within `LOOP_S`; asked again, it may.
        """
        if self.started:
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result(LOOP_S)


def _unavailable(settings: Settings, error: OSError) -> SettingsError:
    return SettingsError(
        "settings_port",
        f"The bench must be able to listen on {settings.host} port {settings.port}, got: {error.strerror}.",
        hint=_HINTS.get(error.errno or 0, "Set SEKISHO_HOST and SEKISHO_PORT to an address of this box."),
    )
