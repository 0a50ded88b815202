"""Pictures for central systems: a row's addresses for whoever may see the row, and the pictures themselves."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, Field

from sync.central.central import Central
from sync.central.onward.signed_urls import PICTURES, Offered, pictures_of_row, require_signed
from sync.central.routes.asked import reader

Name = Annotated[str, Path(min_length=1, max_length=64, pattern="^[^\0/]*$")]


class PictureOut(BaseModel):
    """A picture that a row names."""

    sha256: str
    role: str = Field(description='"face", "heat", "region", "symbol", ...')
    media_type: str
    size: int = Field(description="Bytes; 0 while it is on its way.")
    url: str = Field(description="Without scheme and host, good without a token; empty while it is on its way.")

    @classmethod
    def of(cls, offered: Offered) -> PictureOut:
        """As it is told."""
        named = offered.named
        return cls(
            sha256=named.sha256, role=named.role, media_type=named.media_type, size=offered.size, url=offered.url
        )


class PicturesOut(BaseModel):
    """The pictures of a row."""

    pictures: list[PictureOut]
    expires: int = Field(description="Until when the addresses are good: seconds since 1970, by the central's clock.")
    withheld: int = Field(description="How many more there are that this token may not see.")


def add(app: FastAPI, central: Central) -> None:
    """Add the routes."""

    @app.get(
        PICTURES, tags=["feed"], operation_id="row_pictures", summary="The pictures of a row, with signed addresses.",
    )  # fmt: skip
    async def pictures(
        device: Name, ledger: Name, seq: Annotated[int, Path(ge=1, le=2**53)], request: Request
    ) -> PicturesOut:
        client = await reader(central, request)
        found = await run_in_threadpool(pictures_of_row, central, client, device, ledger, seq)
        told = [PictureOut.of(one) for one in found.offered]
        return PicturesOut(pictures=told, expires=found.expires_s, withheld=found.withheld)

    @app.get(
        "/v1/objects/{sha256}", tags=["feed"], operation_id="object", summary="A picture, by a signed address.",
        responses={200: {"description": "Its bytes.", "content": {"application/octet-stream": {}}}},
    )  # fmt: skip
    async def picture(
        sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
        client: Annotated[str, Query(max_length=200)],
        expires: Annotated[int, Query(ge=0, le=2**53)],
        signature: Annotated[str, Query(pattern="^[0-9a-f]{64}$")],
    ) -> Response:
        require_signed(central, sha256, client, expires, signature)
        data = await run_in_threadpool(central.objects.get, sha256)
        headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"}
        headers["Cache-Control"] = "private, no-store"
        return Response(data, media_type="application/octet-stream", headers=headers)
