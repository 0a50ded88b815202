"""The OpenAPI document: request bodies that the routes read themselves, problems as errors, names that stay."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from edge.web.problems import MEDIA_TYPE, Problem
from edge.web.requests import ArrivalIn, CodesIn, InspectionIn

_REF = "#/components/schemas/{model}"
_READ_BY_ROUTES: tuple[type[BaseModel], ...] = (ArrivalIn, CodesIn, InspectionIn)
_DESCRIPTION = """\
A bench takes codes and pictures of a parcel and answers with a verdict and its reasons. The officer decides.

* Times are UTC. Ids are UUIDv7. Boxes are in pixels of the picture that they name.
* Errors are `application/problem+json` with a stable `code` and a `hint`.
* Send an `Idempotency-Key` with every POST that may be sent again: the same key and content is answered with what was
  answered before; the same key with other content is refused.
* On loopback no token is needed; anywhere else send `Authorization: Bearer <token>`.
* On a box with accounts a row's officer is who is signed in, whatever a document says of itself: 401 `access_person`,
  403 `access_role`. A scan counts for whoever is signed in at its station.
"""
TAGS = [
    {"name": "inspections", "description": "What arrived, what the bench says of it, what the officer decided."},
    {"name": "stations", "description": "The places of a bench: scans join the inspection that lies open there."},
    {"name": "people", "description": "Who is signed in, and the shift of a station."},
    {"name": "handhelds", "description": "Which are paired with the box, and the exchange of a pairing code."},
    {"name": "events", "description": "What happens, as it happens."},
    {"name": "box", "description": "How the box itself is."},
]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for its OpenAPI entry."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    common = (400, 401, 403, 408, 413, 422, 429, 503)
    titles = {
        400: "Not well-formed.",
        401: "The token is missing or wrong, or nobody is signed in.",
        403: "Asked under a foreign name or from a foreign page, or by somebody of another role.",
        404: "There is no such thing.",
        408: "The body came too slowly.",
        409: "It does not fit the state of the inspection, or the key was used for other content.",
        413: "Too large.",
        415: "Not a media type that is read here.",
        422: "A document, picture or code that the bench does not take.",
        429: "More than one client may ask at once, or within a pause after wrong PINs.",
        503: "The box cannot do its part now.",
    }
    return {status: {"description": titles[status], "content": content} for status in sorted({*common, *statuses})}


def body(kind: type[BaseModel], *, pictures: bool) -> dict[str, Any]:
    """The request body of a route that reads it itself (edge/web/uploads.py)."""
    reference = {"$ref": _REF.format(model=kind.__name__)}
    content: dict[str, Any] = {"application/json": {"schema": reference}}
    if pictures:
        content["multipart/form-data"] = {
            "schema": {
                "type": "object",
                "properties": {
                    "inspection": reference,
                    "capture": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "description": "JPEG, PNG or WebP files.",
                    },
                },
                "additionalProperties": False,
            },
            "encoding": {"inspection": {"contentType": "application/json"}},
        }
    return {"requestBody": {"required": True, "content": content}}


def describe_api(app: FastAPI) -> None:
    """Give `app` its OpenAPI document, made once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes, tags=TAGS
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            kinds: tuple[type[BaseModel], ...] = (*_READ_BY_ROUTES, Problem)
            for kind in kinds:
                schema = kind.model_json_schema(ref_template=_REF)
                schemas.update(schema.pop("$defs", {}))
                schemas[kind.__name__] = schema
            document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            document["security"] = [{"token": []}, {}]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way
