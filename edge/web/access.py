"""Who may ask: loopback without a token, anyone with it, the box's own processes at its UNIX socket, nobody else.

Decisions/071 has the reasoning. Without a token only loopback names are answered, so that a page of another site cannot
reach the bench by rebinding its name (DNS rebinding), nor by a form (the Origin check). With a token every caller needs
it, on loopback too: behind a proxy everybody looks like loopback. A browser gets it as a cookie by signing in, because
an EventSource cannot send a header. It knows no persons: officers' accounts are another matter.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import re
import time
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.errors import AccessRefused, SettingsError
from edge.handhelds.pairing import Pairings
from edge.settings import Settings
from edge.web.handheld_gate import OPEN as OPEN_TO_HANDHELDS
from edge.web.handheld_gate import recognised
from edge.web.problems import answer_to

COOKIE = "sekisho_session"
SESSION_S = 12 * 3600
SHORTEST_TOKEN = 16
WRONG_TOKEN_PAUSE_S = 0.5

_HEALTH = frozenset({"/health/live", "/health/ready", "/api/v1/health/live", "/api/v1/health/ready"})
_OPEN = _HEALTH | OPEN_TO_HANDHELDS | {"/sign-in"}
_FONTS = "/static/fonts/"
_FONTS_KEPT = b"max-age=86400"  # a page waits for its letters once, and a day later a box may speak anew
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SECURITY_HEADERS = (
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
            b"img-src 'self' blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # without any a browser names its own page "null", and a form is refused
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
)


def check_binding(settings: Settings, address: str) -> None:
    """Refuse to listen at an address beyond loopback without a token.

    Raises:
        SettingsError: `settings_token`.
    """
    if settings.token:
        if len(settings.token) < SHORTEST_TOKEN:
            raise SettingsError(
                "settings_token",
                f"The token must have at least {SHORTEST_TOKEN} characters, got {len(settings.token)}.",
                hint="Make one: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
            )
        return
    if not is_loopback(address):
        raise SettingsError(
            "settings_token",
            f"Listening on {address!r}, beyond loopback, needs a token, got none.",
            hint="Set SEKISHO_TOKEN, or SEKISHO_HOST=127.0.0.1.",
        )


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine only: "localhost" or a loopback address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _sign_in_for(scope: Scope) -> str:
    """The sign-in page, which knows where its caller wanted to go."""
    wanted = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    return "/sign-in" if wanted == "/" else f"/sign-in?{urlencode({'to': wanted})}"


def session_cookie(token: str, now_s: float) -> str:
    """A cookie value that proves knowledge of `token` until SESSION_S from `now_s`, without holding it."""
    until = str(int(now_s) + SESSION_S)
    return f"{until}.{_signature(token, until)}"


def _signature(token: str, until: str) -> str:
    return hmac.new(token.encode(), b"sekisho session " + until.encode(), hashlib.sha256).hexdigest()


class Access:
    """ASGI middleware: the gate, and the headers that keep a browser from being used against the bench."""

    def __init__(self, app: ASGIApp, settings: Settings, pairings: Pairings) -> None:
        """Guard `app`, which `pairings` may enter too."""
        self._app = app
        self._pairings = pairings
        self._token = settings.token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(pair for pair in _SECURITY_HEADERS if pair[0] not in given),
                ]
                if b"cache-control" not in given:
                    kept = _FONTS_KEPT if scope["path"].startswith(_FONTS) else b"no-store"
                    message["headers"].append((b"cache-control", kept))
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
            return
        if refusal.code == "access_token" and "text/html" in headers.get("accept", "") and scope["method"] == "GET":
            await RedirectResponse(_sign_in_for(scope), 303)(scope, receive, send_with_headers)
            return
        if headers.get("authorization"):
            await asyncio.sleep(WRONG_TOKEN_PAUSE_S)  # holds no thread; makes guessing slow
        await answer_to(refusal)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> AccessRefused | None:
        if came_by_file(scope):
            return None
        paired = recognised(self._pairings, scope)
        host = headers.get("host", "")
        if not self._token and not is_loopback(_name(host)):
            return AccessRefused(
                "access_host",
                f"Without a token the Host must be a loopback name, got {host[:80]!r}.",
                hint="Use http://127.0.0.1, or set a token.",
            )
        if scope["method"] not in _SAFE_METHODS and not _own_origin(host, headers):
            return AccessRefused(
                "access_origin",
                f"A page of {headers.get('origin', 'another site')[:80]!r} may not change anything here.",
                hint="Open the bench's own page.",
            )
        if not self._token or paired or scope["path"] in _OPEN or scope["path"].startswith("/static/"):
            return None
        if self._knows_token(scope, headers):
            return None
        return AccessRefused(
            "access_token",
            "This address needs the token as Authorization: Bearer ..., or a signed-in browser.",
            hint="Send the token of the bench, or open /sign-in.",
        )

    def _knows_token(self, scope: Scope, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token.encode())
        return self.is_session(HTTPConnection(scope).cookies.get(COOKIE, ""), time.time())

    def is_session(self, cookie: str, now_s: float) -> bool:
        """Whether `cookie` was made by `session_cookie` with this token and has not run out."""
        until, _, signature = cookie.partition(".")
        if not re.fullmatch("[0-9]{1,12}", until) or int(until) < now_s:
            return False
        return hmac.compare_digest(signature.encode(), _signature(self._token, until).encode())


def came_by_file(scope: Scope) -> bool:
    """Whether a request came at a UNIX socket: ASGI tells its path and no port."""
    server = scope.get("server")
    return bool(server and server[1] is None)


def _name(host: str) -> str:
    """The host without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _own_origin(host: str, headers: Headers) -> bool:
    """Whether the request comes from the bench's own page or from no page at all."""
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
