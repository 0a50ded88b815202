"""What the captures say of a package face and its print, as measured. No verdict: edge/checks/ judges.

`None` means "not known" or "not comparable" and never stands for zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge.captures import Box, Evidence
from edge.gs1 import Gtin


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where the captured face departs from the registered one."""

    kind: str  # "structure", "colour", "print", "hologram", "microprint", "label", "any"
    score: float  # calibrated by the pack: 0..1
    face_box: Box  # in pixels of the aligned face
    capture_box: Box | None = None  # in pixels of the capture
    region: str = ""  # kind of the registered region it lies in
    offset_mm: float | None = None


class Retake(StrEnum):
    """Why two faces could not be compared: always an invitation to take another picture or none at all."""

    BLURRED = "blurred"
    GLARE = "glare"
    TOO_SMALL = "too_small"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    NOT_FOUND = "not_found"  # no alignment with the registered face
    NOT_FLAT = "not_flat"


@dataclass(frozen=True, slots=True)
class RegionReading:
    """What the captures show of one marked region. `None`: they cannot tell, or the region is none of the kind."""

    kind: str  # "logo", "label", "hologram", "microprint"
    text: str  # the registered words
    capture_box: Box
    seen: float  # share that is neither hidden nor burnt out, in the capture that shows most
    offset_mm: float | None = None  # from its registered place
    size: float | None = None  # over the registered size
    gain: float | None = None  # by how much that place is likelier than the registered one, as a correlation
    absence: float | None = None  # share of the registered colourfulness and detail that is missing in its place
    change: float | None = None  # of a hologram: how the pattern of its colours changed, 1 less its correlation
    needed_mm_per_px: float | None = None  # of a micro-print: the coarsest pixel that shows it
    contrast: float | None = None  # of a micro-print: share of the registered one, over what the capture resolves
    likeness: float | None = None  # of a micro-print: share that the registered one explains, over what is resolved
    corners: tuple[
        tuple[float, float], ...
    ] = ()  # of its registered place, from its top left, in pixels of the capture
    picture: Evidence | None = None  # registered and captured side by side, kept where the policy finds something


@dataclass(frozen=True, slots=True)
class CaptureAdvice:
    """What would let the next capture be judged better. Millimetres per pixel (too_far, too_soft), degrees (tilted)."""

    code: str  # "glare_over", "covered", "outside", "stuck_on", "part_judged", "colourless", "too_far" and the like
    region: str = ""  # kind of the registered region, "" for the whole face
    edge: str = ""  # edge of the package, as the capture shows it, that is to be lowered
    measured: float | None = None
    needed: float | None = None
    box: Box | None = None  # the place in pixels of the capture


@dataclass(frozen=True, slots=True)
class FaceComparison:
    """One capture against one registered face of one item. `score` None means not comparable.

    A later capture is judged together with earlier ones: its comparison then stands for those that `together` names.
    """

    gtin: Gtin
    face_id: int
    capture: str  # sha256 of the capture
    aligned: bool
    score: float | None  # 0..1, higher is more suspicious
    threshold_check: float
    threshold_strong: float
    differences: tuple[Difference, ...] = ()
    retake: Retake | None = None
    hint: str = ""  # what to do for a better picture, message id
    pack: str = ""  # pack id that measured it
    inliers: int = 0
    residual_px: float | None = None
    pictures: tuple[Evidence, ...] = ()  # aligned face, registered face, heat map
    together: tuple[str, ...] = ()  # earlier captures that score and differences rest on too
    regions: tuple[RegionReading, ...] = ()
    advice: tuple[CaptureAdvice, ...] = ()
    mm_per_px: float | None = None  # of the capture, where the face lies
    tilt_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Recognition:
    """A registered face that a capture looks like, whatever its codes say."""

    gtin: Gtin
    face_id: int
    capture: str
    inliers: int
    similarity: float


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line of print as it was read: `sure` is each character's chance of being right, 0..1."""

    text: str
    sure: tuple[float, ...]
    box: Box
    height_px: float  # of the type in the capture
    again: str | None = None  # what a second, softened look read; None: there was none
    again_sure: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class PrintReading:
    """The print beside one symbol of an item, or inside a label's region of its face, in one capture.

    Of the lines only those are kept that say something of what was expected.
    """

    capture: str  # sha256 of the capture
    gtin: Gtin
    expected: Mapping[str, str]  # "gtin", "serial", "batch", "expiry" (YYMMDD) of the code, or "words" as registered
    lines: tuple[PrintedLine, ...]
    found: int  # lines that were read at all
    height_px: float | None  # middle height of their type; None without lines
    threshold: float  # chance from which on a character may be held against another one
    pack: str
    picture: Evidence | None = None  # the line that departs
