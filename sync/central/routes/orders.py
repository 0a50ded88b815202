"""Orders for boxes: what they are to let go."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Path, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from sync.central.central import Central
from sync.central.privacy.erasure import orders_for
from sync.central.routes.asked import signer


class OrdersOut(BaseModel):
    """Signed documents, oldest first."""

    orders: list[str]


def add(app: FastAPI, central: Central) -> None:
    """Add the route."""

    @app.get(
        "/v1/orders/{after}",
        tags=["boxes"],
        operation_id="orders",
        summary="The signed orders for the asking box after a number, at most 100.",
    )
    async def orders(after: Annotated[int, Path(ge=0, le=2**53)], request: Request) -> OrdersOut:
        key = await signer(central, request, b"")
        return OrdersOut(orders=await run_in_threadpool(orders_for, central, key.device, after))
