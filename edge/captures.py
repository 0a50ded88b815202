"""What the bench saw: kept pictures and the symbols in them. No pixels: a picture is named by its SHA-256.

A `Box` is in pixels of the capture that it names, or of the registered face where a field says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle in pixels: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Measured properties of a capture, no judgement."""

    sharpness: float  # variance of the Laplacian at 1024 px long side, grey levels squared
    glare: float  # share of burnt-out pixels, 0..1
    brightness: float  # mean grey level, 0..255
    mm_per_px: float | None = None  # known only when a calibrated scale or a registered face gives it
    calibrated_light: bool = False  # taken in the calibrated light of a bench: its colours may be judged


@dataclass(frozen=True, slots=True)
class Capture:
    """A picture that reached the bench. Its full frame is dropped; `sha256` names what was received."""

    sha256: str
    width: int
    height: int
    source: str  # "upload", "camera:<name>", "folder", "replay"
    quality: Quality
    kept: tuple[Evidence, ...] = ()  # the crops that were kept of it
    calibration: str = ""  # SHA-256 of the calibration of its camera, where one holds for it
    hidden: tuple[tuple[tuple[float, float], ...], ...] = ()  # outlines, in pixels of it, that no kept picture shows
    label: str = ""  # SHA-256 of what was hidden, sealed, in the vault; "" where nothing was, or nobody to seal to


@dataclass(frozen=True, slots=True)
class Evidence:
    """A kept file: `sha256` is its name in the evidence store."""

    sha256: str
    media_type: str
    role: str  # "face", "symbol", "heat", "registered", "report"
    capture: str = ""  # sha256 of the capture it was cut from
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class DecodedSymbol:
    """One barcode as read: `payload` is the raw data, never repaired here."""

    __pydantic_config__: ClassVar = {"ser_json_bytes": "hex", "val_json_bytes": "hex"}

    text: str
    payload: bytes
    symbology: str  # ISO/IEC 15424 identifier, e.g. "]d2"; "" when the source does not send one
    format: str  # "DataMatrix", "EAN-13", "Code128", ...; "" when typed
    source: str  # "capture:<sha256>", "scanner:<name>", "typed", "http"
    box: Box | None = None
    votes: int = 1  # distinct (engine, view) readings that agree
    corners: tuple[tuple[float, float], ...] = ()  # from its top left as it reads, in pixels of the capture
