"""What anyone may ask of a central: whether it answers, the time, the keys it does not believe any more."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query
from fastapi.responses import Response

from sync.central.central import Central
from sync.central.database import reading
from sync.central.intake.devices import revocations, revoked_certificates
from sync.central.routes.asked import DOCUMENT, document
from sync.certificates import authority
from sync.protocol import SCHEMA, TIME, signed

_CRL, _PEM = "application/pkix-crl", "application/x-pem-file"


def add(app: FastAPI, central: Central) -> None:
    """Add the routes."""

    @app.get("/v1/health/live", tags=["central"], operation_id="live", summary="Whether this worker answers.")
    def live() -> dict[str, str]:
        return {"status": "ok", "central": central.id}

    @app.get(
        "/v1/time", tags=["central"], operation_id="time", summary="The time, signed with a nonce.", responses=DOCUMENT
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
        responses=DOCUMENT,
    )
    def revoked() -> Response:
        with reading(central.engine) as connection:
            return document(revocations(connection, central.private, central.stamp()))

    @app.get(
        "/v1/revoked.crl",
        tags=["central"],
        operation_id="crl",
        summary="Certificates of boxes that are not to be believed any more: a CRL (RFC 5280), DER.",
        responses={200: {"description": "DER.", "content": {_CRL: {"schema": {"type": "string"}}}}},
    )
    def crl() -> Response:
        with reading(central.engine) as connection:
            return Response(revoked_certificates(connection, central.private, central.now()), media_type=_CRL)

    @app.get(
        "/v1/authority.pem",
        tags=["central"],
        operation_id="authority",
        summary="The certificate (X.509) of the key that signs boxes' certificates and the CRL.",
        responses={200: {"description": "PEM.", "content": {_PEM: {"schema": {"type": "string"}}}}},
    )
    def told_authority() -> Response:
        return Response(authority(central.private), media_type=_PEM)
