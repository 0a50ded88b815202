"""Boxes: enrolment, batches of rows, and where their ledgers stand."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from edge.errors import InputError
from sync.central.central import Central
from sync.central.database import writing
from sync.central.intake.devices import enrol
from sync.central.intake.ingest import ingest, standing
from sync.central.routes.asked import DOCUMENT, body_of, document, signer
from sync.errors import DocumentRefused
from sync.protocol import LEDGER, MAX_BATCH_BYTES

_SIGNED = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}},
}


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


def add(app: FastAPI, central: Central) -> None:
    """Add the routes."""

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
        responses=DOCUMENT,
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
        responses=DOCUMENT,
    )
    async def ledger(ledger: Annotated[str, Path(pattern=f"^{LEDGER.pattern}$")], request: Request) -> Response:
        key = await signer(central, request, b"")

        def stands() -> bytes:
            receipt = standing(central.engine, central.id, key.device, ledger, central.stamp())
            return receipt.signed(central.private.sign, central.id)

        return document(await run_in_threadpool(stands))
