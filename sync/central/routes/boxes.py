"""Boxes: enrolment, batches of rows, and where their ledgers stand."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from sync.central.central import Central
from sync.central.fleet.retired import take_retirement
from sync.central.intake.enrolling import enrolled_by, renewed_by
from sync.central.intake.ingest import ingest, standing
from sync.central.intake.stick_identity import MAX_FILE_BYTES
from sync.central.routes.asked import DOCUMENT, body_of, document, signer
from sync.certificates import MAX_REQUEST_BYTES
from sync.protocol import LEDGER, MAX_BATCH_BYTES

_PEM = "application/x-pem-file"
_SIGNED = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}},
}


class EnrolmentIn(BaseModel):
    """A box asks to be enrolled."""

    model_config = ConfigDict(extra="forbid")

    device: str = Field(min_length=1, max_length=64)
    request: str = Field(max_length=MAX_REQUEST_BYTES, description="PKCS #10 of an Ed25519 key, PEM.")
    proof: str = Field(pattern="^[0-9a-f]{64}$", description="HMAC-SHA256 under the token's secret, hex.")


class EnrolmentOut(BaseModel):
    """The key to pin, and the certificate it has signed."""

    public_key: str
    certificate: str


def add(app: FastAPI, central: Central) -> None:
    """Add the routes."""

    @app.post("/v1/enrolments", tags=["boxes"], operation_id="enrol", summary="Enrol a box with a one-time token.")
    def enrolled(asked: EnrolmentIn) -> EnrolmentOut:
        return EnrolmentOut(**enrolled_by(central, asked.device, asked.request.encode(), asked.proof))

    @app.post(
        "/v1/certificates",
        tags=["boxes"],
        operation_id="renew",
        summary="Renew a box's certificate: a PKCS #10 request, signed by its key, with the serial number at hand.",
        responses={200: {"description": "X.509, PEM.", "content": {_PEM: {"schema": {"type": "string"}}}}},
        openapi_extra=_SIGNED,
    )
    async def renewed(request: Request) -> Response:
        data = await body_of(request, MAX_REQUEST_BYTES)
        return Response(await run_in_threadpool(renewed_by, central, data), media_type=_PEM)

    @app.post(
        "/v1/retirements",
        tags=["boxes"],
        operation_id="retire",
        summary="Take what a box says, signed, when it is erased; its key signs nothing afterwards.",
        responses=DOCUMENT,
        openapi_extra=_SIGNED,
    )
    async def retired(request: Request) -> Response:
        data = await body_of(request, MAX_FILE_BYTES)
        return document(await run_in_threadpool(take_retirement, central, data))

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
