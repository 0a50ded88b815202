"""Errors on HTTP: every one is problem+json (RFC 9457) with a stable code and a hint, in the order of edge/errors.py.

It invents no codes for what the bench says; those that HTTP itself brings forth stand in `_HTTP`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from traceback import clear_frames
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from edge.errors import SekishoError

LOG = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
BUSY_RETRY_S = 1

_STATUS = {
    "request_too_large": 413,
    "request_header_too_large": 431,
    "request_media_type": 415,
    "request_slow": 408,
    "request_rate": 429,
    "request_json": 422,
    "access_host": 403,
    "access_origin": 403,
    "access_role": 403,
    "access_locked": 429,
    "box_busy": 503,
}
_HTTP = {
    400: ("request_malformed", "The request is not well-formed.", "Compare it with /api/v1/openapi.json."),
    404: ("route_not_found", "There is no such address.", "See /api/v1/openapi.json for the addresses."),
    405: ("request_method", "This address does not answer that method.", "See the Allow header."),
    413: ("request_too_large", "The request body is too large.", "Send fewer or smaller pictures."),
}


class Problem(BaseModel):
    """What went wrong, for programs (`code`) and for people (`detail`, `hint`)."""

    model_config = ConfigDict(json_schema_extra={"examples": []})

    type: str = Field(description="urn:sekisho:problem:<code>")
    title: str = Field(description="The HTTP status in words.")
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="Value, expectation, what came.")
    code: str = Field(description="Stable; programs decide by it.")
    hint: str = Field(description="What to do next; may be empty.")


Problem.model_config["json_schema_extra"] = {
    "examples": [
        {
            "type": "urn:sekisho:problem:image_truncated",
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": "The picture must be whole, got one that ends early.",
            "code": "image_truncated",
            "hint": "Send it again.",
        }
    ]
}


class BodyRefused(HTTPException):
    """A request body that is refused while it is read; FastAPI lets an HTTPException through where it parses bodies."""

    def __init__(self, error: SekishoError) -> None:
        """Carry `error` out of the body's reading."""
        super().__init__(_status(error), error.message)
        self.error = error


def answered(status: int, code: str, detail: str, hint: str, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as an HTTP answer."""
    problem = Problem(
        type=f"urn:sekisho:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        hint=hint,
    )
    return JSONResponse(problem.model_dump(), status, dict(headers or {}), media_type=MEDIA_TYPE)


def answer_to(error: SekishoError) -> Response:
    """The answer to an error of the bench."""
    status = _status(error)
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        headers["Retry-After"] = str(BUSY_RETRY_S)
    return answered(status, error.code, error.message, error.hint, headers)


def _status(error: SekishoError) -> int:
    return _STATUS.get(error.code, error.status)


def describe(errors: list[Any]) -> str:
    """Pydantic's errors as one sentence: where, what, and how many more."""
    first = errors[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "the document"
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{where}: {first['msg']}{more}."


def _let_go(error: BaseException) -> None:
    """Empty the frames that `error` went through.

    A refused picture is a local of many of them, and they lie in reference cycles: without this, tens of refused
    uploads stay in memory until the collector comes by, which counts objects and not bytes.
    """
    chain: BaseException | None = error
    while chain is not None:
        clear_frames(chain.__traceback__)
        chain = chain.__cause__ or chain.__context__


def answer_errors(app: FastAPI) -> None:
    """Give every error of `app` an answer in problem+json."""

    async def of_the_bench(_: Request, error: Exception) -> Response:
        assert isinstance(error, SekishoError)  # noqa: S101 - registered for this type only
        _let_go(error)
        return answer_to(error)

    async def of_the_document(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type only
        return answered(422, "request_field", describe(list(error.errors())), "Compare it with /api/v1/openapi.json.")

    async def of_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
        if isinstance(error, BodyRefused):
            return answer_to(error.error)
        code, detail, hint = _HTTP.get(error.status_code, ("request_refused", str(error.detail), ""))
        return answered(error.status_code, code, detail, hint, error.headers)

    async def of_the_box(_: Request, error: Exception) -> Response:
        LOG.error("An answer failed.", exc_info=error)
        return answered(
            500,
            "box_fault",
            f"The box could not answer: {type(error).__name__}.",
            "Nothing was lost: ask for the inspection again. If it stays, tell the technician the time of day.",
        )

    app.add_exception_handler(SekishoError, of_the_bench)
    app.add_exception_handler(RequestValidationError, of_the_document)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(Exception, of_the_box)
