"""Limits on request bodies, kept while they stream in: size, silence, time, and the memory of all of them together.

A slow sender holds a connection and the bytes it has sent, never a thread. It parses nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.errors import BoxError, RequestRefused, SekishoError
from edge.settings import Settings
from edge.web.pace import client_of
from edge.web.problems import BodyRefused, answer_to

_ALL = "*"
HEADER_BYTES = 16_384  # of a request's header, whole or not; edge/web/server.py keeps it while the header comes in


class BodyLimits:
    """ASGI middleware that counts what comes in."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Guard `app` by the limits of `settings`."""
        self._app = app
        self._settings = settings
        self._held: Counter[str] = (
            Counter()
        )  # bytes of bodies that are being read or worked on, by client; _ALL for all
        whole = settings.upload_memory_bytes
        self._most_of_one = max(min(settings.max_request_bytes, whole), whole // 2)  # leaves room for the others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        header = _header_bytes(scope)
        if header > HEADER_BYTES:
            await answer_to(_header_too_large(header))(scope, receive, send)
            return
        announced, most = _announced(scope), self._most(scope)
        if announced is not None and announced > most:
            response = answer_to(_too_large(announced, most))
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        body = _Body(self, receive, self._settings, client_of(scope), most)
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._let_go(body)

    def hold(self, client: str, size: int) -> None:
        """Count `size` more bytes of `client`.

        Raises:
            BodyRefused: all bodies together, or those of one client of the network, are over the limit.
        """
        self._held[_ALL] += size
        if client:
            self._held[client] += size
        if self._held[_ALL] > self._settings.upload_memory_bytes:
            raise BodyRefused(_too_many("Requests", self._settings.upload_memory_bytes, self._held[_ALL]))
        if self._held[client] > self._most_of_one:
            raise BodyRefused(_too_many(f"Requests of {client}", self._most_of_one, self._held[client]))

    def _let_go(self, body: _Body) -> None:
        self._held[_ALL] -= body.size
        if body.client:
            self._held[body.client] -= body.size
            if not self._held[body.client]:
                del self._held[body.client]

    def _most(self, scope: Scope) -> int:
        """The most bytes that a body of this kind may have: only one with pictures is ever large."""
        if _header(scope, b"content-type").startswith(b"multipart/form-data"):
            return self._settings.max_request_bytes
        return min(self._settings.max_json_bytes, self._settings.max_request_bytes)


class _Body:
    """One request's body as it streams in."""

    def __init__(self, limits: BodyLimits, receive: Receive, settings: Settings, client: str, most: int) -> None:
        self.client = client
        self._most = most
        self._limits = limits
        self._receive = receive
        self._settings = settings
        self._until = time.monotonic() + settings.upload_s
        self._ended = False
        self.size = 0

    async def receive(self) -> Message:
        if self._ended:
            return await self._receive()
        patience_s = min(self._settings.upload_idle_s, self._until - time.monotonic())
        try:
            message = await asyncio.wait_for(self._receive(), max(patience_s, 0.001))
        except TimeoutError:
            raise BodyRefused(_too_slow(self._settings)) from None
        if message["type"] == "http.request":
            self._ended = not message.get("more_body", False)
            size = len(message.get("body", b""))
            self.size += size
            self._limits.hold(self.client, size)
            if self.size > self._most:
                raise BodyRefused(_too_large(self.size, self._most))
        return message


def _announced(scope: Scope) -> int | None:
    value = _header(scope, b"content-length")
    return int(value) if value.isdigit() else None


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((bytes(value) for name, value in scope["headers"] if name == wanted), b"")


def _header_bytes(scope: Scope) -> int:
    """The size of a request's header: its first line and its fields. A header that came in one piece is seen here."""
    return len(scope["raw_path"]) + len(scope["query_string"]) + sum(len(n) + len(v) for n, v in scope["headers"])


def _header_too_large(size: int) -> SekishoError:
    return RequestRefused(
        "request_header_too_large",
        f"The request header must have at most {HEADER_BYTES} bytes, got {size}.",
        hint="Send the codes in the body, and cookies of the bench only.",
    )


def _too_large(size: int, limit: int) -> SekishoError:
    return RequestRefused(
        "request_too_large",
        f"The request body must have at most {limit} bytes, got {size} or more.",
        hint="Send fewer or smaller pictures.",
    )


def _too_many(whose: str, most: int, got: int) -> SekishoError:
    return BoxError(
        "box_busy",
        f"{whose} on their way must have at most {most} bytes together, got {got}.",
        hint="Send it again in a second with the same Idempotency-Key.",
    )


def _too_slow(settings: Settings) -> SekishoError:
    return RequestRefused(
        "request_slow",
        f"The request body must arrive within {settings.upload_s:g} s without a pause of {settings.upload_idle_s:g} s.",
        hint="Check the radio link and send it again with the same Idempotency-Key.",
    )
