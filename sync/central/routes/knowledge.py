"""What boxes are told: the signed document, and the files of sightings that it names."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from sync.central.central import Central
from sync.central.knowledge.document import knowledge_for, piece
from sync.central.routes.asked import DOCUMENT, document, signer

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


def add(app: FastAPI, central: Central) -> None:
    """Add the routes."""

    @app.get(
        "/v1/knowledge",
        tags=["boxes"],
        operation_id="knowledge",
        summary="What the central tells the asking box, signed.",
        responses={**DOCUMENT, 304: {"description": "The box has it: If-None-Match is its ETag."}},
    )
    async def knowledge(request: Request) -> Response:
        key = await signer(central, request, b"")
        digest, told = await run_in_threadpool(knowledge_for, central, key)
        headers = {"ETag": f'"{digest}"', "Cache-Control": "no-store"}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        answer = document(told)
        answer.headers.update(headers)
        return answer

    @app.get(
        "/v1/sightings/{sha256}/{start}",
        tags=["boxes"],
        operation_id="sightings",
        summary="A piece of a file of sightings (zstd), from a byte on.",
        responses={200: {"description": "Bytes.", "content": {"application/octet-stream": {}}}},
    )
    async def sightings(sha256: Sha256, start: Annotated[int, Path(ge=0, le=2**53)], request: Request) -> Response:
        await signer(central, request, b"")
        data = await run_in_threadpool(piece, central, sha256, start)
        return Response(data, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})
