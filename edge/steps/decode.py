"""Decode: what a picture says by itself. The pixels are read in a worker; a crash there is a system fault here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edge.badge import badge_in
from edge.captures import Box, Capture, DecodedSymbol, Evidence, Quality
from edge.desk_card import card_in
from edge.errors import EvidenceError, ImageRefused
from edge.inspection import Seen, SystemFault
from edge.ports import Picture
from models.errors import PictureRefused, WorkerFailed
from models.measurements import Corners, FrameReading, PictureQuality, Symbol
from models.worker import OpenFrame

Keep = Callable[[bytes, str], str]  # bytes and media type -> SHA-256 of the kept file
Seal = Callable[[bytes, str], str]  # a label and its capture's SHA-256 -> SHA-256 of it as sealed, "" where it is not

_UNKNOWN = PictureQuality(sharpness=0.0, glare=0.0, brightness=0.0)


def read(picture: Picture, frame: OpenFrame, keep: Keep, seal: Seal) -> Seen:
    """The capture and its symbols; symbol crops are kept as evidence, the frame is not.

    A transport label is hidden in whatever is kept, and what it showed is given to be sealed and to nobody else.

    A badge and a desk card are passed over.

    Raises:
        ImageRefused: the bytes are no picture that the bench looks at.
    """
    try:
        reading = frame.read()
    except PictureRefused as refused:
        raise ImageRefused(refused.code, refused.message, hint=refused.hint) from refused
    except WorkerFailed as failed:
        fault = SystemFault("decode_" + failed.code, failed.message, picture.sha256)
        return Seen(captures=(_capture(picture, FrameReading(0, 0, _UNKNOWN, ()), ()),), faults=(fault,))
    symbols = tuple(one for one in reading.symbols if not (badge_in(one.payload) or card_in(one.payload)))
    label = seal(reading.label, picture.sha256) if reading.label else ""
    try:
        crops = tuple(_kept(symbol, picture, keep) for symbol in symbols if symbol.crop)
        faults: tuple[SystemFault, ...] = ()
    except EvidenceError as error:
        crops, faults = (), (SystemFault(error.code, error.message, picture.sha256),)
    return Seen(
        captures=(replace(_capture(picture, reading, crops), hidden=_whole(reading.hidden.outlines), label=label),),
        symbols=tuple(_decoded(symbol, picture) for symbol in symbols),
        faults=faults,
    )


def _capture(picture: Picture, reading: FrameReading, kept: tuple[Evidence, ...]) -> Capture:
    quality = Quality(reading.quality.sharpness, reading.quality.glare, reading.quality.brightness)
    return Capture(picture.sha256, reading.width, reading.height, picture.source, quality, kept)


def _whole(outlines: tuple[Corners, ...]) -> tuple[Corners, ...]:
    return tuple(tuple((float(round(x)), float(round(y))) for x, y in one) for one in outlines)


def _decoded(symbol: Symbol, picture: Picture) -> DecodedSymbol:
    return DecodedSymbol(
        text=symbol.text,
        payload=symbol.payload,
        symbology=symbol.identifier,
        format=symbol.format,
        source=f"capture:{picture.sha256}",
        box=_around(symbol.corners),
        votes=symbol.votes,
        corners=symbol.corners,
    )


def _kept(symbol: Symbol, picture: Picture, keep: Keep) -> Evidence:
    name = keep(symbol.crop, "image/png")
    return Evidence(name, "image/png", "symbol", picture.sha256, _around(symbol.corners))


def _around(corners: Corners) -> Box | None:
    if not corners:
        return None
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    left, top = int(min(xs)), int(min(ys))
    return Box(left, top, int(max(xs)) - left + 1, int(max(ys)) - top + 1)
