"""Evidence: tus 1.0 (core and creation), one upload a picture, named by its SHA-256."""

from __future__ import annotations

import base64
import re
from typing import Annotated, Any

from fastapi import FastAPI, Header, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from edge.errors import InputError
from sync.central.central import Central
from sync.central.intake.evidence import MAX_OBJECT_BYTES, MEDIA_TYPE, receipt_of, take, upload_of
from sync.central.intake.evidence import begin as begin_upload
from sync.central.intake.objects import Upload
from sync.central.routes.asked import body_of, signer

VERSION = "1.0.0"
MAX_PIECE_BYTES = 4_000_000

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
_NAME = re.compile("[0-9a-f]{64}")
_TUS = {"Tus-Resumable": VERSION}
_PIECE = {
    "requestBody": {"required": True, "content": {"application/offset+octet-stream": {"schema": {"type": "string"}}}}
}
_DONE: dict[int | str, dict[str, Any]] = {204: {"description": "Taken, durably."}}


def add(app: FastAPI, central: Central) -> None:
    """Add the routes."""

    @app.post(
        "/v1/evidence", tags=["evidence"], operation_id="evidence_begin", summary="Begin an upload (tus creation).",
        status_code=201, responses={201: {"description": "Begun, or under way: see Upload-Offset."}},
    )  # fmt: skip
    async def begin(
        request: Request,
        upload_length: Annotated[int, Header(ge=1, le=MAX_OBJECT_BYTES)],
        upload_metadata: Annotated[str, Header(max_length=400)],
    ) -> Response:
        key = await signer(central, request, await body_of(request, 0))
        sha256, media_type = _metadata(upload_metadata)
        upload = await run_in_threadpool(begin_upload, central, key.device, sha256, upload_length, media_type)
        return _answer(201, upload, {"Location": f"/v1/evidence/{sha256}"})

    @app.head(
        "/v1/evidence/{sha256}", tags=["evidence"], operation_id="evidence_offset", summary="How much of it is here.",
    )  # fmt: skip
    async def offset(sha256: Sha256, request: Request) -> Response:
        key = await signer(central, request, b"")
        upload = await run_in_threadpool(upload_of, central, key.device, sha256)
        return _answer(200, upload, {"Cache-Control": "no-store"})

    @app.patch(
        "/v1/evidence/{sha256}", tags=["evidence"], operation_id="evidence_piece", summary="Take the next piece.",
        status_code=204, responses=_DONE, openapi_extra=_PIECE,
    )  # fmt: skip
    async def piece(
        sha256: Sha256, request: Request, upload_offset: Annotated[int, Header(ge=0, le=2**53)]
    ) -> Response:
        data = await body_of(request, MAX_PIECE_BYTES)
        key = await signer(central, request, data)
        upload = await run_in_threadpool(take, central, key.device, sha256, upload_offset, data)
        return _answer(204, upload, {})

    @app.get(
        "/v1/evidence/{sha256}/receipt", tags=["evidence"], operation_id="evidence_receipt",
        summary="The signed receipt of a whole picture.", responses={200: {"description": "A signed document."}},
    )  # fmt: skip
    async def receipt(sha256: Sha256, request: Request) -> Response:
        key = await signer(central, request, b"")
        return Response(await run_in_threadpool(receipt_of, central, key.device, sha256), media_type="application/json")


def _metadata(text_: str) -> tuple[str, str]:
    """SHA-256 and media type of Upload-Metadata: pairs of a name and a value in base64.

    Raises:
        InputError: request_field.
    """
    try:
        pairs = dict(pair.strip().split(" ", 1) for pair in text_.split(","))
        sha256, media_type = (base64.b64decode(pairs[name]).decode("ascii") for name in ("sha256", "type"))
        if not _NAME.fullmatch(sha256) or not MEDIA_TYPE.fullmatch(media_type):
            raise ValueError(sha256)  # noqa: TRY301 - told below with the rest
    except (ValueError, KeyError) as error:
        message = f"Upload-Metadata: expected sha256 and type in base64, got {text_[:80]!r}."
        raise InputError("request_field", message, hint="See tus 1.0, creation.") from error
    return sha256, media_type


def _answer(status: int, upload: Upload, headers: dict[str, str]) -> Response:
    told = {"Upload-Offset": str(upload.offset), "Upload-Length": str(upload.size)}
    return Response(status_code=status, headers=_TUS | told | headers)
