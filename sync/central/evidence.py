"""Evidence over HTTP: tus 1.0 (core and creation), one upload a picture, named by its SHA-256.

Only what a row of the device names is asked for by boxes; whoever may sign may bring a picture, and it is of no use
without a row. The signed receipt is what lets a box delete its own copy, once its retention has run.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Header, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from sqlalchemy import select, text

from edge.errors import InputError, NotFound
from sync.central.clients import client_of
from sync.central.database import reading, writing
from sync.central.devices import DeviceKey
from sync.central.objects import Upload
from sync.central.tables import evidence
from sync.protocol import EVIDENCE, SCHEMA, signed

if TYPE_CHECKING:
    from sync.central.app import Central

VERSION = "1.0.0"
MAX_PIECE_BYTES = 4_000_000
MAX_OBJECT_BYTES = 200_000_000

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
_NAME = re.compile("[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
_TUS = {"Tus-Resumable": VERSION}
_BROUGHT = text(
    "INSERT INTO evidence (device, sha256, media_type, size, received)"
    " VALUES (:device, :sha256, :media_type, :size, :received) ON CONFLICT DO NOTHING"
)
_PIECE = {
    "requestBody": {"required": True, "content": {"application/offset+octet-stream": {"schema": {"type": "string"}}}}
}
_DONE: dict[int | str, dict[str, Any]] = {204: {"description": "Taken, durably."}}

Body = Callable[[Request, int], Awaitable[bytes]]
Signer = Callable[["Central", Request, bytes], Awaitable[DeviceKey]]


def add(app: FastAPI, central: Central, body_of: Body, signer: Signer) -> None:
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
        upload = await run_in_threadpool(_begun, central, key.device, sha256, upload_length, media_type)
        return _answer(201, upload, {"Location": f"/v1/evidence/{sha256}"})

    @app.head(
        "/v1/evidence/{sha256}", tags=["evidence"], operation_id="evidence_offset", summary="How much of it is here.",
    )  # fmt: skip
    async def offset(sha256: Sha256, request: Request) -> Response:
        key = await signer(central, request, b"")
        upload = await run_in_threadpool(_standing, central, key.device, sha256)
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
        upload = await run_in_threadpool(_taken, central, key.device, sha256, upload_offset, data)
        return _answer(204, upload, {})

    @app.get(
        "/v1/evidence/{sha256}/receipt", tags=["evidence"], operation_id="evidence_receipt",
        summary="The signed receipt of a whole picture.", responses={200: {"description": "A signed document."}},
    )  # fmt: skip
    async def receipt(sha256: Sha256, request: Request) -> Response:
        key = await signer(central, request, b"")
        return Response(await run_in_threadpool(receipt_of, central, key.device, sha256), media_type="application/json")

    @app.get(
        "/v1/objects/{sha256}", tags=["feed"], operation_id="object", summary="A picture, for a central system.",
        responses={200: {"description": "Its bytes.", "content": {"application/octet-stream": {}}}},
    )  # fmt: skip
    def picture(sha256: Sha256, request: Request) -> Response:
        with reading(central.engine) as connection:
            client_of(connection, request.headers.get("authorization", ""))
        data = central.objects.get(sha256)
        headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"}
        return Response(data, media_type="application/octet-stream", headers=headers)


def _metadata(text_: str) -> tuple[str, str]:
    """SHA-256 and media type of Upload-Metadata: pairs of a name and a value in base64.

    Raises:
        InputError: request_field.
    """
    try:
        pairs = dict(pair.strip().split(" ", 1) for pair in text_.split(","))
        sha256, media_type = (base64.b64decode(pairs[name]).decode("ascii") for name in ("sha256", "type"))
        if not _NAME.fullmatch(sha256) or not _MEDIA_TYPE.fullmatch(media_type):
            raise ValueError(sha256)  # noqa: TRY301 - told below with the rest
    except (ValueError, KeyError) as error:
        message = f"Upload-Metadata: expected sha256 and type in base64, got {text_[:80]!r}."
        raise InputError("request_field", message, hint="See tus 1.0, creation.") from error
    return sha256, media_type


def _answer(status: int, upload: Upload, headers: dict[str, str]) -> Response:
    told = {"Upload-Offset": str(upload.offset), "Upload-Length": str(upload.size)}
    return Response(status_code=status, headers=_TUS | told | headers)


def _brought(central: Central, device: str, sha256: str) -> Any:  # noqa: ANN401 - a database row
    with reading(central.engine) as connection:
        where = (evidence.c.device == device) & (evidence.c.sha256 == sha256)
        return connection.execute(select(evidence).where(where)).one_or_none()


def _standing(central: Central, device: str, sha256: str) -> Upload:
    brought = _brought(central, device, sha256)
    if brought is not None:
        return Upload(brought.size, brought.media_type, brought.size)
    return central.objects.upload(device, sha256)


def _begun(central: Central, device: str, sha256: str, size: int, media_type: str) -> Upload:
    brought = _brought(central, device, sha256)
    if brought is not None:
        return Upload(brought.size, brought.media_type, brought.size)
    upload = central.objects.begin(device, sha256, size, media_type)
    _note_if_whole(central, device, sha256, upload)
    return upload


def _taken(central: Central, device: str, sha256: str, offset: int, data: bytes) -> Upload:
    upload = central.objects.append(device, sha256, offset, data)
    _note_if_whole(central, device, sha256, upload)
    return upload


def _note_if_whole(central: Central, device: str, sha256: str, upload: Upload) -> None:
    if upload.offset == upload.size:
        told = {"device": device, "sha256": sha256, "media_type": upload.media_type, "size": upload.size}
        with writing(central.engine) as connection:
            connection.execute(_BROUGHT, told | {"received": central.stamp()})


def brought_whole(central: Central, device: str, sha256: str, data: bytes, media_type: str) -> None:
    """Keep a picture that came whole, on another way than an upload.

    Raises:
        InputError: evidence_altered, evidence_size: another upload of it is under way with another size; request_field.
    """
    if not _MEDIA_TYPE.fullmatch(media_type) or not 0 < len(data) <= MAX_OBJECT_BYTES:
        message = f"{sha256}: expected a picture with a media type, got {len(data)} bytes of {media_type[:60]!r}."
        raise InputError("request_field", message)
    upload = _begun(central, device, sha256, len(data), media_type)
    if upload.offset < upload.size:
        _taken(central, device, sha256, upload.offset, data[upload.offset :])


def receipt_of(central: Central, device: str, sha256: str) -> bytes:
    """The signed receipt of a picture that a device has brought whole.

    Raises:
        NotFound: evidence_not_found.
    """
    brought = _brought(central, device, sha256)
    if brought is None:
        message = f"{sha256}: expected a picture that {device} has brought whole, got none."
        raise NotFound("evidence_not_found", message, hint="Go on with its upload.")
    told = {"type": EVIDENCE, "schema": SCHEMA, "central": central.id, "device": device, "sha256": sha256}
    return signed(told | {"size": brought.size, "received": brought.received}, central.private.sign, central.id)
