"""Errors of the central on HTTP: problem+json (RFC 9457) with a stable code and a hint, as the bench's."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from edge.errors import SekishoError
from edge.storage.database import is_disk_full
from edge.web.problems import MEDIA_TYPE, Problem, answer_to, answered, describe

LOG = logging.getLogger(__name__)

_ONE: dict[str, Any] = {
    "description": "A problem.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
PROBLEMS: dict[int | str, dict[str, Any]] = dict.fromkeys((400, 401, 404, 409, 413, 422, 503, 507), _ONE)
_DISK_FULL = "53100"  # of PostgreSQL
_HINT = "Compare it with /v1/openapi.json."


def describe_problems(app: FastAPI) -> None:
    """Give the OpenAPI document the schema of a problem, which no route names."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, routes=app.routes, tags=app.openapi_tags)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            schemas["Problem"] = Problem.model_json_schema()
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # as FastAPI documents it


def answer_errors(app: FastAPI) -> None:
    """Give every error of `app` an answer in problem+json."""

    async def of_sekisho(_: Request, error: Exception) -> Response:
        assert isinstance(error, SekishoError)  # noqa: S101 - registered for this type only
        return answer_to(error)

    async def of_the_document(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type only
        return answered(422, "request_field", describe(list(error.errors())), _HINT)

    async def of_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
        code = {404: "route_not_found", 405: "request_method"}.get(error.status_code, "request_refused")
        return answered(error.status_code, code, str(error.detail), _HINT, error.headers)

    async def of_the_database(_: Request, error: Exception) -> Response:
        assert isinstance(error, DBAPIError)  # noqa: S101 - registered for this type only
        driver = error.orig
        if driver is not None and (is_disk_full(driver) or getattr(driver, "sqlstate", "") == _DISK_FULL):
            return _full(error)
        LOG.error("The database did not answer.", exc_info=error)
        detail = "The central's database could not do it now."
        return answered(
            503, "central_database", detail, "Send it again later: nothing was taken.", {"Retry-After": "2"}
        )

    async def of_the_disk(request: Request, error: Exception) -> Response:
        assert isinstance(error, OSError)  # noqa: S101 - registered for this type only
        return _full(error) if is_disk_full(error) else await of_the_central(request, error)

    async def of_the_central(_: Request, error: Exception) -> Response:
        LOG.error("An answer failed.", exc_info=error)
        detail = f"The central could not answer: {type(error).__name__}."
        return answered(500, "central_fault", detail, "Nothing was taken: send it again, and tell its operator.")

    app.add_exception_handler(SekishoError, of_sekisho)
    app.add_exception_handler(RequestValidationError, of_the_document)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(OperationalError, of_the_database)
    app.add_exception_handler(InterfaceError, of_the_database)  # a connection that ended while it was used
    app.add_exception_handler(OSError, of_the_disk)
    app.add_exception_handler(Exception, of_the_central)


def _full(error: Exception) -> Response:
    LOG.error("The disk is full.", exc_info=error)
    hint = "The box keeps everything and sends it again later; the central's operator must make room."
    return answered(507, "central_full", "The central's disk is full: nothing was taken.", hint)
