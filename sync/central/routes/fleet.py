"""The fleet page for people, and what boxes say of themselves.

The page is plain HTML without scripts, forms or cookies: it asks for a token by HTTP Basic (any name, the token as
password), changes nothing that anybody could make a browser do, and escapes all that boxes have told.
"""

from __future__ import annotations

import base64
import binascii
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from jinja2 import Environment, StrictUndefined
from starlette.background import BackgroundTask

from edge.errors import AccessRefused
from sync.central.central import Central
from sync.central.clients import client_of
from sync.central.database import reading
from sync.central.fleet.counts import follow
from sync.central.fleet.overview import MAX_STATUS_BYTES, Fleet, fleet, take_status
from sync.central.routes.asked import body_of, signer

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_ASK = {"WWW-Authenticate": 'Basic realm="Sekisho central", charset="UTF-8"'}
_SIGNED: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
}


def page_of(told: Fleet) -> str:
    """The page as HTML. Every value is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = files("sync.central").joinpath("fleet", "pages", "fleet.html").read_text("utf-8")
    return environment.from_string(source).render(fleet=told)


def add(app: FastAPI, central: Central) -> None:
    """Add the routes."""

    @app.post(
        "/v1/status",
        tags=["boxes"],
        operation_id="status",
        summary="Take what a box says of itself.",
        status_code=204,
        responses={204: {"description": "Kept."}},
        openapi_extra=_SIGNED,
    )
    async def status(request: Request) -> Response:
        data = await body_of(request, MAX_STATUS_BYTES)
        key = await signer(central, request, data)
        await run_in_threadpool(take_status, central, key.device, data, key.public)
        counting = BackgroundTask(follow, central.engine, central.now(), 1)  # so that counts keep up when nobody looks
        return Response(status_code=204, background=counting)

    @app.get("/fleet", include_in_schema=False)
    def page(request: Request) -> Response:
        try:
            with reading(central.engine) as connection:
                client = client_of(connection, _bearer(request.headers.get("authorization", "")), central.stamp())
        except AccessRefused as error:
            return Response(error.message, 401, {**_HEADERS, **_ASK}, "text/plain; charset=utf-8")
        follow(central.engine, central.now())
        return Response(page_of(fleet(central, client)), 200, _HEADERS, "text/html; charset=utf-8")


def _bearer(authorization: str) -> str:
    """The header as for programs: the password of Basic is the token."""
    scheme, _, coded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return authorization
    try:
        _, _, token = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return f"Bearer {token}"
