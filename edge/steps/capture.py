"""Capture: what reached the bench becomes a picture or a code with a name and a source. Nothing is decoded here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from edge.captures import DecodedSymbol
from edge.errors import CodeRefused, ImageRefused, RequestRefused
from edge.ports import Frame, Picture
from edge.settings import Settings

_NO_MEDIA = "An image of JPEG, PNG or WebP is expected."


@dataclass(frozen=True, slots=True)
class RawCode:
    """One code as a scanner, a person or a program sent it. `symbology`: its ISO/IEC 15424 identifier if known."""

    payload: bytes
    source: str
    symbology: str = ""


def receive(frames: Sequence[Frame], settings: Settings) -> tuple[Picture, ...]:
    """Name the pictures of one arrival by their SHA-256.

    Raises:
        RequestRefused: request_too_many_images.
        ImageRefused: image_empty, image_too_many_bytes.
    """
    if len(frames) > settings.max_images:
        raise RequestRefused(
            "request_too_many_images",
            f"Expected at most {settings.max_images} images at once, got {len(frames)}.",
            hint="Send them in several requests to the same inspection.",
        )
    return tuple(_picture(frame, settings.max_image_bytes) for frame in frames)


def typed(codes: Sequence[RawCode], settings: Settings) -> tuple[DecodedSymbol, ...]:
    """The codes of one arrival as symbols. The payload stays as it came; text is its UTF-8, else Latin-1 reading.

    Raises:
        RequestRefused: request_too_many_codes.
        CodeRefused: code_empty, code_too_long.
    """
    if len(codes) > settings.max_codes:
        raise RequestRefused(
            "request_too_many_codes",
            f"Expected at most {settings.max_codes} codes at once, got {len(codes)}.",
            hint="Send them in several requests to the same inspection.",
        )
    return tuple(_symbol(code, settings.max_code_chars) for code in codes)


def _picture(frame: Frame, most: int) -> Picture:
    if not frame.data:
        raise ImageRefused("image_empty", f"Expected an image from {frame.source}, got 0 bytes.", hint=_NO_MEDIA)
    if len(frame.data) > most:
        raise ImageRefused(
            "image_too_many_bytes",
            f"Expected an image of at most {most} bytes from {frame.source}, got {len(frame.data)}.",
            hint="Lower the resolution or the quality, or raise SEKISHO_MAX_IMAGE_BYTES.",
        )
    return Picture(hashlib.sha256(frame.data).hexdigest(), frame.data, frame.source)


def _symbol(code: RawCode, most: int) -> DecodedSymbol:
    if not code.payload.strip(b" \r\n\t\0"):
        raise CodeRefused(
            "code_empty", f"Expected a code from {code.source}, got {code.payload[:20]!r}.", hint="Scan again."
        )
    if len(code.payload) > most:
        raise CodeRefused(
            "code_too_long",
            f"Expected a code of at most {most} bytes from {code.source}, got {len(code.payload)}.",
            hint="Is the scanner joining several scans? Check its terminator.",
        )
    return DecodedSymbol(
        text=_text(code.payload), payload=code.payload, symbology=code.symbology, format="", source=code.source
    )


def _text(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return payload.decode("latin-1")
