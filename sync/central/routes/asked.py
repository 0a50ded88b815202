"""What the routes share: a request's body within a limit, who signed it or whose token it holds, a signed document."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from edge.errors import InputError
from sync.central.central import Central
from sync.central.clients import Client, client_of
from sync.central.database import reading
from sync.central.intake.devices import DeviceKey, active_key
from sync.identity import RequestSignature

DOCUMENT: dict[int | str, dict[str, Any]] = {200: {"description": "A signed document."}}


async def body_of(request: Request, limit: int) -> bytes:
    """The body of a request, refused as soon as it is longer than `limit` bytes.

    Raises:
        InputError: request_too_large.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise InputError("request_too_large", f"Expected a body of {limit} bytes or fewer, got more.")
        parts.append(part)
    return b"".join(parts)


async def signer(central: Central, request: Request, body: bytes) -> DeviceKey:
    """The device that signed this request.

    Raises:
        AccessRefused: access_signature, access_time, access_device, access_revoked, access_expired.
    """
    signature = RequestSignature.parse(request.headers)

    def known() -> DeviceKey:
        with reading(central.engine) as connection:
            return active_key(connection, signature.key, central.stamp())

    key = await run_in_threadpool(known)
    path, query = request.scope["raw_path"].decode("ascii", "replace"), request.scope["query_string"].decode()
    now_s = central.now().timestamp()
    signature.verify(key.public, request.method, path.partition("?")[0], query, body=body, now_s=now_s)
    return key


async def reader(central: Central, request: Request) -> Client:
    """The central system whose token this request holds.

    Raises:
        AccessRefused: access_token.
    """
    authorization = request.headers.get("authorization", "")

    def known() -> Client:
        with reading(central.engine) as connection:
            return client_of(connection, authorization, central.stamp())

    return await run_in_threadpool(known)


def document(data: bytes) -> Response:
    """A signed document as an answer."""
    return Response(data, media_type="application/json")
