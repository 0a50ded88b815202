"""Analysts take exports: CSV, Parquet or one EPCIS document, streamed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from sync.central.central import Central
from sync.central.onward.exports import FORMATS, Asked, exported
from sync.central.routes.asked import reader

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The export. `Sekisho-Next` is the cursor to give as `after` for what comes later.",
        "content": {
            name.partition(";")[0]: {"schema": {"type": "object" if form == "epcis" else "string"}}
            for form, name in FORMATS.items()
        },
    }
}


def add(app: FastAPI, central: Central) -> None:
    """Add the route."""

    @app.get(
        "/v1/exports/{form}", tags=["feed"], operation_id="export", responses=_FILE, response_class=StreamingResponse,
        summary="Assessments as a table, or events as one document; within what the token may see.",
    )  # fmt: skip
    async def export(  # noqa: PLR0917 - FastAPI reads the query from the signature
        form: Literal["csv", "parquet", "epcis"],
        request: Request,
        after: Annotated[int, Query(ge=0, le=2**53)] = 0,
        port: Annotated[str, Query(max_length=64, pattern="^[^\0]*$")] = "",
        since: Annotated[date | None, Query(description="First day, UTC, as boxes stamped it.")] = None,
        until: Annotated[date | None, Query(description="First day that is not wanted any more.")] = None,
    ) -> StreamingResponse:
        client = await reader(central, request)
        asked = Asked.of_days(since, until, after=after, port=port)
        upto, pieces = await run_in_threadpool(exported, central, client, form, asked)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="results.{"jsonld" if form == "epcis" else form}"',
            "Sekisho-Next": str(upto),
        }
        return StreamingResponse(pieces, media_type=FORMATS[form], headers=headers)
