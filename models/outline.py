"""The outline of a printed face in a photograph: which of the four-cornered outlines is the face, and which the ground.

A box on a sheet of paper shows two outlines, and the larger one is the sheet's. They are told apart by the millimetres
that were measured, since a flat rectangle's proportions can be had of its picture (Zhang and He, "Whiteboard scanning
and image enhancement", 2007), and by the print, since a sheet has none around what lies on it. Where that does not
settle it, the outline is not taken: who enrols is asked to name the corners.

What it is not: a measurement of the size. Two millimetres that are wrong by the same share have the right proportions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from models.errors import PictureRefused

if TYPE_CHECKING:
    from models.measurements import Image

Quad: TypeAlias = npt.NDArray[np.float64]  # 4 x 2, pixels, clockwise from the top left

SIDE_PX: Final = 800  # long side at which outlines are looked for
CONTRASTS: Final = ((30, 90), (10, 30))  # of Canny: a pale box on a pale sheet has a faint outline
LEAST_OF_FRAME: Final = 0.1  # share of the first photograph that the face fills
SAME_PX: Final = 12.0  # corners of outlines that are one, at that side
FOCAL_LENGTHS: Final = (0.6, 3.0)  # over the long side of the picture: a telephone's widest lens, and its longest
MOST_APART: Final = 0.05  # of the proportions from the millimetres': a ruler and the corners are not better
MOST_SPREAD: Final = 1.3  # of the proportions that an outline may have, by the lens
ONE_OUTLINE: Final = 0.8  # of another's area, from which on the smaller is a frame printed along the edge
LEAST_BLANK, LEAST_SPANNED = 0.05, 0.5  # a box on a sheet keeps from all edges (share of a side) and spans little of it
BLANK: Final = 0.002  # share of edges in what is blank
RIM_PX: Final = 24  # along a laid-flat outline, where the outline itself shows


def face_outline(photograph: Image, size_mm: tuple[float, float]) -> Quad:
    """The corners of the face that has `size_mm` (width, height) in a photograph, clockwise from its top left.

    Raises:
        PictureRefused: enrol_not_found: there is no outline; enrol_proportions: none has the proportions of `size_mm`;
            enrol_unsure: it may be the ground that the face lies on; enrol_tilted: its proportions cannot be told.
    """
    found = outlines(photograph)
    if not found:
        raise PictureRefused(
            "enrol_not_found",
            "The first photograph must show the whole face on a plain ground, got no four-cornered outline.",
            hint="Lay the sample on a plain ground, darker or lighter than it and larger than the picture, or name the "
            "corners with --corners.",
        )
    standing = [
        quad
        for place, quad in enumerate(found)
        if apart(quad, photograph, size_mm) <= MOST_APART
        and not any(printed_between(photograph, outer, quad) for outer in found[:place])
    ]
    if not standing:
        raise wrong_proportions(found[0], photograph, size_mm)
    largest = standing[0]
    smaller = [quad for quad in standing[1:] if _area(quad) < ONE_OUTLINE * _area(largest)]
    if smaller:
        raise _unsure(f"two with these proportions, {named(largest)} and {named(smaller[0])}")
    blank, spanned = margins(photograph, largest)
    if blank > LEAST_BLANK and spanned < LEAST_SPANNED:
        raise _unsure(f"{named(largest)}, of which print spans {spanned:.0%} and no edge, as of a sheet under a box")
    require_proportions(largest, photograph, size_mm)
    return largest


def require_proportions(quad: Quad, photograph: Image, size_mm: tuple[float, float]) -> None:
    """An outline must have the proportions of the millimetres, and be seen straight enough for them to be told.

    Raises:
        PictureRefused: enrol_proportions, enrol_tilted.
    """
    least, most = proportions(quad, photograph)
    if most > MOST_SPREAD * least:
        raise PictureRefused(
            "enrol_tilted",
            f"The first photograph must show the face so straight that its proportions are known to "
            f"{MOST_SPREAD - 1:.0%}, got an outline that is {least:.2f} to {most:.2f} times as wide as high, "
            f"with the corners {named(quad)}.",
            hint="Hold the camera straight above the face, and put that photograph first.",
        )
    if apart(quad, photograph, size_mm) > MOST_APART:
        raise wrong_proportions(quad, photograph, size_mm)


def outlines(photograph: Image) -> list[Quad]:
    """The four-cornered outlines that fill at least a tenth of the frame, each once, the largest first."""
    factor = SIDE_PX / max(photograph.shape[:2])
    size = (max(1, round(photograph.shape[1] * factor)), max(1, round(photograph.shape[0] * factor)))
    small = cv2.GaussianBlur(cv2.resize(photograph, size, interpolation=cv2.INTER_AREA), (5, 5), 0)
    least = LEAST_OF_FRAME * size[0] * size[1]
    found: list[Quad] = []
    for low, high in CONTRASTS:
        edges = cv2.dilate(cv2.Canny(small, low, high), np.ones((5, 5), np.uint8))
        contours, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        hulls = sorted(map(cv2.convexHull, contours), key=cv2.contourArea, reverse=True)
        for hull in hulls:
            if cv2.contourArea(hull) < least:
                break
            corners = cv2.approxPolyDP(hull, 0.03 * cv2.arcLength(hull, True), True)
            if len(corners) != 4 or cv2.contourArea(corners) < least:  # noqa: PLR2004 - corners
                continue
            quad = ordered(corners.reshape(4, 2).astype(np.float64))
            if all(float(np.abs(quad - other).max()) > SAME_PX for other in found):
                found.append(quad)
    return [quad / factor for quad in sorted(found, key=_area, reverse=True)]


def ordered(quad: Quad) -> Quad:
    """Clockwise from the corner that is nearest to the picture's top left."""
    middle = quad.mean(axis=0)
    clockwise = quad[np.argsort(np.arctan2(quad[:, 1] - middle[1], quad[:, 0] - middle[0]))]
    return np.roll(clockwise, -int(clockwise.sum(axis=1).argmin()), axis=0)


def proportions(quad: Quad, photograph: Image) -> tuple[float, float]:
    """Width over height of the flat rectangle that shows as `quad`: the least and the most, by the lens.

    With a focal length f and the principal point in the picture's middle, the sides are as the lengths of K^-1 h1 and
    K^-1 h2 (Zhang and He, section 3.2), where h1 and h2 are columns of the homography from the unit square.
    """
    height, width = photograph.shape[:2]
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    centred = (quad - (width / 2, height / 2)) / max(height, width)
    matrix = np.asarray(cv2.getPerspectiveTransform(square, centred.astype(np.float32)), np.float64)
    sides = [np.hypot(np.hypot(matrix[0], matrix[1]) / f, matrix[2]) for f in FOCAL_LENGTHS]
    ratios = [float(side[0] / max(side[1], 1e-9)) for side in sides]
    return min(ratios), max(ratios)


def apart(quad: Quad, photograph: Image, size_mm: tuple[float, float]) -> float:
    """By what share the proportions of an outline depart from those of the millimetres; 0: they may be the same."""
    least, most = proportions(quad, photograph)
    wanted = size_mm[0] / size_mm[1]
    return max(0.0, least / wanted - 1, wanted / most - 1)


def printed_between(photograph: Image, outer: Quad, inner: Quad) -> bool:
    """Whether there is print inside of an outline, around another that lies in it: then the outer is no mere ground."""
    corners = outer.astype(np.float32)
    if any(cv2.pointPolygonTest(corners, (float(x), float(y)), measureDist=False) < 0 for x, y in inner):
        return False
    edges, matrix = _edges(photograph, outer)
    within = cv2.perspectiveTransform(inner[None].astype(np.float32), matrix)
    around = np.full(edges.shape, 255, np.uint8)
    cv2.fillConvexPoly(around, np.asarray(np.round(within), np.int32), 0)
    around = np.asarray(cv2.erode(around, np.ones((2 * RIM_PX + 1,) * 2, np.uint8), borderValue=0), np.uint8)
    seen = int(cv2.countNonZero(around))
    return seen > 0 and float((edges[around > 0] > 0).mean()) > BLANK


def margins(photograph: Image, quad: Quad) -> tuple[float, float]:
    """How far the print on an outline keeps from the nearest edge (share of a side), and what share of it it spans."""
    edges, _ = _edges(photograph, quad)
    edges = edges[RIM_PX:-RIM_PX, RIM_PX:-RIM_PX]
    rows, columns = np.nonzero(edges)
    if not len(rows):
        return 0.5, 0.0
    (left, right), (top, bottom) = (
        np.percentile(places, (0.5, 99.5)) / side
        for places, side in ((columns, edges.shape[1]), (rows, edges.shape[0]))
    )
    return float(min(left, top, 1 - right, 1 - bottom)), float((right - left) * (bottom - top))


def _edges(photograph: Image, quad: Quad) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    """Edges within an outline that is laid flat, and the homography that lays it there."""
    sides = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    across, down = sides[0] + sides[2], sides[1] + sides[3]
    width, height = (max(4 * RIM_PX, round(SIDE_PX * side / max(across, down))) for side in (across, down))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    matrix = np.asarray(cv2.getPerspectiveTransform(quad.astype(np.float32), corners), np.float64)
    flat = cv2.warpPerspective(photograph, matrix, (width, height), flags=cv2.INTER_AREA)
    return np.asarray(cv2.Canny(cv2.GaussianBlur(flat, (5, 5), 0), *CONTRASTS[0]), np.uint8), matrix


def wrong_proportions(quad: Quad, photograph: Image, size_mm: tuple[float, float]) -> PictureRefused:
    """What is said of an outline that the millimetres do not fit."""
    came = sum(proportions(quad, photograph)) / 2
    swapped = apart(quad, photograph, (size_mm[1], size_mm[0])) <= MOST_APART
    return PictureRefused(
        "enrol_proportions",
        f"A face of {size_mm[0]:g} x {size_mm[1]:g} mm (width x height) must be {size_mm[0] / size_mm[1]:.2f} times as "
        f"wide as high, got an outline that is {came:.2f} times as wide as high, with the corners {named(quad)}.",
        hint="Width and height look swapped: the width is what runs across in the photograph."
        if swapped
        else "Measure the printed face again. If that outline is not the face, name the corners with --corners.",
    )


def named(quad: Quad) -> str:
    """An outline as --corners takes it."""
    return '"' + " ".join(f"{x:.0f},{y:.0f}" for x, y in quad) + '"'


def _unsure(came: str) -> PictureRefused:
    return PictureRefused(
        "enrol_unsure",
        f"The outline of the face must stand out from the ground that it lies on, got {came}.",
        hint="Lay the sample on a ground that is larger than the picture, or name the face's corners with --corners.",
    )


def _area(quad: Quad) -> float:
    return float(cv2.contourArea(quad.astype(np.float32)))
