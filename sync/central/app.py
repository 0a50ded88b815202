"""The central over HTTP. Every worker is alike: what there is to know lies in the database and the object store."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from edge.errors import InputError
from sync.central import evidence, feed
from sync.central.clients import Client, client_of
from sync.central.database import reading, writing
from sync.central.devices import DeviceKey, active_key, enrol, revocations
from sync.central.ingest import ingest, standing
from sync.central.objects import Objects
from sync.central.problems import PROBLEMS, answer_errors, describe_problems
from sync.errors import DocumentRefused
from sync.identity import RequestSignature
from sync.protocol import MAX_BATCH_BYTES, SCHEMA, TIME, key_id, signed

LOG = logging.getLogger(__name__)
T = TypeVar("T")

LONGEST_WAIT_S = 30.0
_LOOK_S = 0.25
_SIGNED = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}},
}
_DOCUMENT: dict[int | str, dict[str, Any]] = {200: {"description": "A signed document."}}


@dataclass(frozen=True)
class Central:
    """What the routes use."""

    engine: Engine
    objects: Objects
    private: Ed25519PrivateKey
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def id(self) -> str:
        """The fingerprint of this central's key."""
        return key_id(self.private.public_key())

    def stamp(self) -> str:
        """The time, ISO 8601."""
        return self.now().isoformat()


class EnrolmentIn(BaseModel):
    """A box asks to be enrolled."""

    model_config = ConfigDict(extra="forbid")

    device: str = Field(min_length=1, max_length=64)
    public_key: str = Field(pattern="^[0-9a-f]{64}$", description="Ed25519, hex.")
    proof: str = Field(pattern="^[0-9a-f]{64}$", description="HMAC-SHA256 under the token's secret, hex.")


class EnrolmentOut(BaseModel):
    """The key to pin, and the certificate it has signed."""

    public_key: str
    certificate: str


class FeedOut(BaseModel):
    """A page of the feed."""

    rows: list[dict[str, Any]]
    next: int = Field(description="The cursor to go on from: give it back as `after`.")
    at_end: bool = Field(description="Whether nothing followed when this was answered.")


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


def build(central: Central) -> FastAPI:
    """The app of one worker."""
    app = FastAPI(
        title="Sekisho central",
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS,
        openapi_tags=[{"name": "boxes"}, {"name": "evidence"}, {"name": "feed"}, {"name": "central"}],
    )
    answer_errors(app)
    _add_central(app, central)
    _add_boxes(app, central)
    _add_feed(app, central)
    evidence.add(app, central, body_of, signer)
    describe_problems(app)
    return app


def document(data: bytes) -> Response:
    """A signed document as an answer."""
    return Response(data, media_type="application/json")


def _add_central(app: FastAPI, central: Central) -> None:
    @app.get("/v1/health/live", tags=["central"], operation_id="live", summary="Whether this worker answers.")
    def live() -> dict[str, str]:
        return {"status": "ok", "central": central.id}

    @app.get(
        "/v1/time", tags=["central"], operation_id="time", summary="The time, signed with a nonce.", responses=_DOCUMENT
    )
    def told_time(nonce: Annotated[str, Query(pattern="^[A-Za-z0-9_-]{8,64}$")]) -> Response:
        told = {"type": TIME, "schema": SCHEMA, "central": central.id, "nonce": nonce}
        told |= {"time_s": int(central.now().timestamp())}
        return document(signed(told, central.private.sign, central.id))

    @app.get(
        "/v1/revocations",
        tags=["central"],
        operation_id="revocations",
        summary="Keys that may not sign any more, signed.",
        responses=_DOCUMENT,
    )
    def revoked() -> Response:
        with reading(central.engine) as connection:
            return document(revocations(connection, central.private, central.stamp()))


def _add_boxes(app: FastAPI, central: Central) -> None:
    @app.post("/v1/enrolments", tags=["boxes"], operation_id="enrol", summary="Enrol a box with a one-time token.")
    def enrolled(asked: EnrolmentIn) -> EnrolmentOut:
        with writing(central.engine) as connection:
            try:
                certificate = enrol(
                    connection, central.private, asked.device, asked.public_key, proof=asked.proof, now=central.now()
                )
            except DocumentRefused as error:
                raise InputError("request_field", error.message) from error
        public = central.private.public_key().public_bytes_raw().hex()
        return EnrolmentOut(public_key=public, certificate=certificate.decode())

    @app.post(
        "/v1/batches",
        tags=["boxes"],
        operation_id="batch",
        summary="Take a batch of rows; answers a signed receipt.",
        responses=_DOCUMENT,
        openapi_extra=_SIGNED,
    )
    async def batch(request: Request) -> Response:
        data = await body_of(request, MAX_BATCH_BYTES)
        await signer(central, request, data)

        def taken() -> bytes:
            receipt = ingest(central.engine, central.id, data, central.stamp())
            return receipt.signed(central.private.sign, central.id)

        return document(await run_in_threadpool(taken))

    @app.get(
        "/v1/ledgers/{ledger}",
        tags=["boxes"],
        operation_id="ledger",
        summary="Where a ledger of the asking box stands here, as a signed receipt.",
        responses=_DOCUMENT,
    )
    async def ledger(ledger: str, request: Request) -> Response:
        key = await signer(central, request, b"")

        def stands() -> bytes:
            receipt = standing(central.engine, central.id, key.device, ledger, central.stamp())
            return receipt.signed(central.private.sign, central.id)

        return document(await run_in_threadpool(stands))


def _add_feed(app: FastAPI, central: Central) -> None:
    @app.get(
        "/v1/feed",
        tags=["feed"],
        operation_id="feed",
        summary="Rows of all boxes in one order.",
        response_model=FeedOut,
    )
    async def read_feed(  # noqa: PLR0917 - FastAPI reads the query from the signature
        request: Request,
        after: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=feed.LARGEST_PAGE)] = 500,
        kind: Annotated[str, Query(max_length=64, pattern="^[^\0]*$")] = "",
        port: Annotated[str, Query(max_length=64, pattern="^[^\0]*$")] = "",
        outcome: Annotated[str, Query(max_length=64, pattern="^[^\0]*$")] = "",
        device: Annotated[str, Query(max_length=64, pattern="^[^\0]*$")] = "",
        wait_s: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S)] = 0.0,
    ) -> Response:
        client = await run_in_threadpool(_client, central, request.headers.get("authorization", ""))
        wanted = feed.Wanted(after, limit, kind, port, outcome, device)
        until = time.monotonic() + wait_s
        while True:
            page = await run_in_threadpool(_look, central, client, wanted)
            if page.rows or time.monotonic() >= until:
                break
            wanted = feed.Wanted(page.next, limit, kind, port, outcome, device)
            await asyncio.sleep(_LOOK_S)
        text = f'{{"rows":[{",".join(page.rows)}],"next":{page.next},"at_end":{"true" if page.at_end else "false"}}}'
        return Response(text.encode(), media_type="application/json", headers={"Cache-Control": "no-store"})


def _client(central: Central, authorization: str) -> Client:
    with reading(central.engine) as connection:
        return client_of(connection, authorization)


def _look(central: Central, client: Client, wanted: feed.Wanted) -> feed.Page:
    feed.sequence(central.engine)
    return feed.page(central.engine, client, wanted)
