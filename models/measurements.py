"""The nouns of this package: what pixels were found to hold. Frozen values; pictures inside them are encoded bytes.

An `Image` is uint8, height x width x 3, BGR. Boxes are (x, y, w, h) in pixels of the picture that the field names.
`None` means "not comparable" and never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Image: TypeAlias = npt.NDArray[np.uint8]
Tensor: TypeAlias = npt.NDArray[np.float32]
Rectangle: TypeAlias = tuple[int, int, int, int]
Corners: TypeAlias = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """The largest picture that will be looked at."""

    max_bytes: int = 30_000_000
    max_pixels: int = 50_000_000


@dataclass(frozen=True, slots=True)
class PictureQuality:
    """Measured properties of a picture, no judgement."""

    sharpness: float  # variance of the Laplacian at 1024 px long side, grey levels squared
    glare: float  # share of burnt-out pixels, 0..1
    brightness: float  # mean grey level, 0..255


@dataclass(frozen=True, slots=True)
class Symbol:
    """One barcode: the payload as it was read, and where."""

    text: str
    payload: bytes
    identifier: str  # ISO/IEC 15424 symbology identifier, e.g. "]d2"
    format: str  # "DataMatrix", "EAN13", "Code128", ...
    corners: Corners  # in pixels of the picture
    votes: int  # distinct (engine, view) readings that agree
    crop: bytes = b""  # PNG of the symbol and a margin


@dataclass(frozen=True, slots=True)
class Hidden:
    """What no kept picture may show: outlines in pixels of the picture, less the symbols, which stay visible."""

    outlines: tuple[Corners, ...] = ()
    symbols: tuple[Corners, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is to be hidden."""
        return bool(self.outlines)


@dataclass(frozen=True, slots=True)
class FrameReading:
    """All that one picture says by itself. What of it is `hidden` is hidden in the symbols' crops already."""

    width: int
    height: int
    quality: PictureQuality
    symbols: tuple[Symbol, ...]
    ms: dict[str, float] = field(default_factory=dict)  # "parse", "quality", "symbols", "addresses"
    hidden: Hidden = Hidden()
    label: bytes = b""  # JPEG of what is hidden, in clear: to be sealed in memory, never to be written as it is


@dataclass(frozen=True, slots=True)
class MarkedRegion:
    """A region of a registered face, in millimetres from its top left corner."""

    kind: str  # "logo", "hologram", "microprint", "label", "artwork", "ignore"
    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class FaceReference:
    """A registered face to compare with. `key` names it to the caller; `picture` is the encoded image."""

    key: str
    picture: bytes
    width_mm: float | None = None
    height_mm: float | None = None
    regions: tuple[MarkedRegion, ...] = ()


@dataclass(frozen=True, slots=True)
class FaceDifference:
    """One place where the aligned capture departs from the registered face."""

    kind: str  # "structure", "colour", "print", "hologram", "microprint", "label", "any"
    score: float  # calibrated by the pack, 0..1
    box: Rectangle  # in pixels of the registered picture
    capture_box: Rectangle | None = None  # the same place in pixels of the capture
    region: str = ""
    offset_mm: float | None = None


@dataclass(frozen=True, slots=True)
class RegionMeasurement:
    """What the captures show of one marked region. `None`: they cannot tell, or the region is none of the kind."""

    kind: str  # "logo", "label", "hologram", "microprint"
    text: str  # the registered words
    box: Rectangle  # in pixels of the registered picture
    capture_box: Rectangle  # in pixels of the capture
    seen: float  # share of it that is neither hidden nor burnt out, in the capture that shows most
    offset_mm: float | None = None  # from its registered place
    size: float | None = None  # over the registered size
    gain: float | None = None  # by how much that place is likelier than the registered one, as a correlation
    absence: float | None = None  # share of the registered colourfulness and detail that is missing in its place
    change: float | None = None  # of a hologram: how the pattern of its colours changed, 1 less its correlation
    needed_mm_per_px: float | None = None  # of a micro-print: the coarsest pixel that shows it
    contrast: float | None = None  # of a micro-print: share of the registered one, over what the capture resolves
    likeness: float | None = None  # of a micro-print: share that the registered one explains, over what is resolved
    corners: Corners = ()  # of its registered place in pixels of the capture, from its top left
    picture: bytes = b""  # JPEG: registered on the left, captured on the right


@dataclass(frozen=True, slots=True)
class CaptureAdvice:
    """What would let the next capture be judged better, with the numbers that say so."""

    code: str  # "glare_over", "burnt_out", "covered", "outside", "stuck_on", "part_judged", "too_far" and the like
    region: str = ""  # kind of the registered region, "" for the whole face
    edge: str = ""  # edge of the package, as the capture shows it, that is to be tilted away from the camera
    measured: float | None = None  # millimetres per pixel (too_far), degrees (tilted), else a share, 0..1
    needed: float | None = None
    box: Rectangle | None = None  # the place in pixels of the capture


@dataclass(frozen=True, slots=True)
class FaceMeasurement:
    """One capture, and the earlier ones given with it, against one registered face.

    `score` None = not comparable, and `retake` says why.
    """

    key: str
    aligned: bool
    score: float | None  # 0..1, higher is more suspicious
    threshold_check: float
    threshold_strong: float
    differences: tuple[FaceDifference, ...] = ()
    retake: str = (
        ""  # "blurred", "glare", "too_small", "too_dark", "too_bright", "not_found", "not_flat"; "" comparable
    )
    hint: str = ""  # message id of what to do for a better picture
    pack: str = ""
    inliers: int = 0
    residual_px: float | None = None
    homography: tuple[float, ...] = ()  # 9 numbers, capture -> registered picture, row by row
    face_picture: bytes = b""  # JPEG: the aligned capture
    heat_picture: bytes = b""  # JPEG: the aligned capture with differences marked
    layer: bytes = b""  # what a later capture is judged together with (`models.fusion.packed`)
    together: int = 1  # captures that the score and the differences rest on
    regions: tuple[RegionMeasurement, ...] = ()
    advice: tuple[CaptureAdvice, ...] = ()
    mm_per_px: float | None = None  # of the capture, where the face lies; the coarser direction
    tilt_deg: float | None = None  # of the face against the camera
    bend_px: float | None = None  # how far the face leaves a plane, in pixels of the pack's face size
    ms: dict[str, float] = field(default_factory=dict)  # "locate", "register", "embed", "difference"


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where print is to be read: beside a symbol, or inside a marked region. Corners are in pixels of the picture."""

    corners: Corners  # top left, top right, bottom right, bottom left, as its print or its symbol reads
    beside: bool  # True: around a symbol, of which nothing is read; False: inside
    linear: bool = False  # a linear symbol: its height is not to be relied on


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of print as it was read, once plainly and, where asked, once more in a softened view."""

    text: str
    sure: tuple[float, ...]  # of each character: calibrated chance that it is right, 0..1
    box: Rectangle  # in pixels of the picture
    height_px: float  # of the type in the picture
    again: str | None = None  # the second look's text; None: there was none
    again_sure: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class TextReading:
    """Some of the lines at one place, nearest to its symbol first."""

    lines: tuple[TextLine, ...]
    more: bool  # whether there are lines that were not read
    threshold: float  # chance from which on a character may be held against another one
    pack: str
    picture: bytes = b""  # JPEG of the first line, upright, when asked
    ms: dict[str, float] = field(default_factory=dict)  # "find", "read"
    whole: bool = True  # read from the whole picture; False: at half its sides


@dataclass(frozen=True, slots=True)
class FaceMatch:
    """A registered face that a picture looks like."""

    key: str
    inliers: int
    similarity: float
