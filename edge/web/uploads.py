"""A request with pictures: multipart/form-data with a JSON part "inspection" and files "capture", or plain JSON.

Everything stays in memory, within the limits: a full frame never touches the disk. It decodes no picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from edge.errors import ImageRefused, RequestRefused
from edge.ports import Frame
from edge.settings import Settings
from edge.web.problems import describe

Document = TypeVar("Document", bound=BaseModel)

DOCUMENT_PART = "inspection"
PICTURE_PART = "capture"
_SEE = "Compare it with /api/v1/openapi.json."


@dataclass(slots=True)
class _Part:
    name: str
    media_type: str
    data: bytearray


async def received(request: Request, kind: type[Document], settings: Settings) -> tuple[Document, tuple[Frame, ...]]:
    """The document and the pictures of a request.

    Raises:
        RequestRefused: request_media_type, request_malformed, request_json, request_field, request_too_many_images.
        ImageRefused: image_too_many_bytes.
        BodyRefused: the body is over a limit of edge/web/limits.py.
    """
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    if media_type == b"application/json":
        return parsed(await _document(request, settings), kind, settings), ()
    if media_type != b"multipart/form-data":
        raise RequestRefused(
            "request_media_type",
            "The request must be application/json or multipart/form-data, "
            f"got {media_type.decode('latin-1')[:80] or 'no Content-Type'!r}.",
            hint=_SEE,
        )
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise RequestRefused("request_malformed", "A multipart request must name its boundary, got none.", hint=_SEE)
    form = _Form(boundary, settings)
    try:
        async for piece in request.stream():
            form.feed(piece)
        return form.result(kind)
    finally:
        form.let_go()


def parsed(raw: bytes, kind: type[Document], settings: Settings) -> Document:
    """A JSON document as a `kind`; unknown fields, wrong types and nesting beyond 200 levels are refused."""
    if len(raw) > settings.max_json_bytes:
        raise _json_too_large(len(raw), settings)
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        code = "request_json" if errors[0]["type"] == "json_invalid" else "request_field"
        raise RequestRefused(code, describe(list(errors)), hint=_SEE) from error


async def _document(request: Request, settings: Settings) -> bytes:
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > settings.max_json_bytes:
            raise _json_too_large(len(raw), settings)
    return bytes(raw)


def _json_too_large(size: int, settings: Settings) -> RequestRefused:
    return RequestRefused(
        "request_too_large",
        f"A JSON document must have at most {settings.max_json_bytes} bytes, got {size} or more.",
        hint="Send the codes in several requests to the same inspection.",
    )


class _Form:
    """The parts of a multipart body as it streams in, each held to its limit while it grows."""

    def __init__(self, boundary: bytes, settings: Settings) -> None:
        self._settings = settings
        self._parts: list[_Part] = []
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._headers: dict[str, str] = {}
        self._ended = False
        callbacks: Any = {  # the parser's own type wants every callback
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_end": self._on_end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)
        except FormParserError as error:
            raise _malformed(error) from error

    def feed(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _malformed(error) from error

    def result(self, kind: type[Document]) -> tuple[Document, tuple[Frame, ...]]:
        if not self._ended:
            raise RequestRefused(
                "request_malformed",
                "A multipart request must be whole, got one that ends early.",
                hint="Send it again.",
            )
        documents = [part for part in self._parts if part.name == DOCUMENT_PART]
        raw = bytes(documents[0].data) if documents else b"{}"
        pictures = [part for part in self._parts if part.name == PICTURE_PART]
        frames = tuple(Frame(bytes(part.data), part.media_type, "upload") for part in pictures)
        return parsed(raw, kind, self._settings), frames

    def let_go(self) -> None:
        """Forget the parts: the parser's callbacks refer back here, and a cycle waits long for the collector."""
        self._parts.clear()

    def _on_part_begin(self) -> None:
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header_name.decode("latin-1").lower()] = self._header_value.decode("latin-1")
        self._header_name.clear()
        self._header_value.clear()

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", ""))
        name = options.get(b"name", b"").decode("latin-1")
        if name not in {DOCUMENT_PART, PICTURE_PART}:
            raise RequestRefused(
                "request_field", f"A part must be named inspection or capture, got {name[:80]!r}.", hint=_SEE
            )
        documents = sum(part.name == DOCUMENT_PART for part in self._parts) + (name == DOCUMENT_PART)
        if documents > 1:
            raise RequestRefused(
                "request_field", f"There must be one part named inspection, got {documents} or more.", hint=_SEE
            )
        pictures = sum(part.name == PICTURE_PART for part in self._parts) + (name == PICTURE_PART)
        if pictures > self._settings.max_images:
            raise RequestRefused(
                "request_too_many_images",
                f"Expected at most {self._settings.max_images} images at once, got {pictures} or more.",
                hint="Send them in several requests to the same inspection.",
            )
        self._parts.append(_Part(name, self._headers.get("content-type", "application/octet-stream"), bytearray()))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._parts[-1]
        part.data += data[start:end]
        if part.name == PICTURE_PART and len(part.data) > self._settings.max_image_bytes:
            raise ImageRefused(
                "image_too_many_bytes",
                f"Expected an image of at most {self._settings.max_image_bytes} bytes, got {len(part.data)} or more.",
                hint="Lower the resolution or the quality, or raise SEKISHO_MAX_IMAGE_BYTES.",
            )
        if part.name == DOCUMENT_PART and len(part.data) > self._settings.max_json_bytes:
            raise _json_too_large(len(part.data), self._settings)

    def _on_end(self) -> None:
        self._ended = True


def _malformed(error: FormParserError) -> RequestRefused:
    return RequestRefused("request_malformed", f"The multipart request must be well-formed, got: {error}.", hint=_SEE)
