"""What a picture of the calibration target tells of a camera and its light: scale, perspective, lens, focus, colour.

Read `measured` first. Scale comes from the board's inner corners (sub-pixel, OpenCV's ChArUco), by a homography with
one radial term that is searched for; focus is the 10-90 % width of slanted edges (the edge of ISO 12233); colour is
judged in linear sRGB, its distances are CIE 1976. What it is not: a statement about any other plane than the target's,
nor about inks: a printer that was not measured prints what it likes, and only its greys can be relied on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from models.calibration_target import COLUMNS, ROWS, Patch, Target, size_of, target
from models.errors import PictureRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.calibration_target import Colour, Size
    from models.measurements import Image

Floats = npt.NDArray[np.float64]

LEAST_CORNERS = 0.6  # of the board's
_K1_REACH = 0.12  # of the radial term, at the picture's corner
_PROFILE_PX = 8.0  # to each side of an edge
_STEP_PX = 0.125
_LINES = 48
_HINT = "Lay the printed target flat and whole into the picture, sharp and evenly lit, and take it again."


@dataclass(frozen=True, slots=True)
class Calibration:
    """One picture of a target, measured. `matrix` is BGR from BGR, linear, row by row."""

    size: Size
    width: int
    height: int
    corners: int  # of the board, that were found
    mm_per_px: float  # at the picture's middle, in the target's plane
    mm_per_px_least: float  # over the board
    mm_per_px_most: float
    distortion_px: float  # of the radial term at the picture's corner, outwards positive
    residual_px: float  # root mean square over the corners
    focus_px: tuple[float, ...]  # 10-90 % widths of the slanted squares' edges, a square each
    evenness: float  # darkest over brightest bare paper, linear
    white: float  # mean grey level of the brightest bare paper, 0..255
    gains: tuple[float, float, float]  # that make the greys neutral, green 1
    matrix: tuple[float, ...]
    delta_e: tuple[float, float, float]  # mean CIE 1976: as it came, neutral, neutral and matrix


def measured(picture: Image, ruler: float = 1.0, colours: Sequence[Colour] | None = None) -> Calibration:
    """Measure one picture of a target.

    Args:
        picture: H x W x 3, BGR, upright.
        ruler: the printed ruler's measured length over its nominal one.
        colours: sRGB of the colour patches where they were measured; as they are meant otherwise.

    Raises:
        PictureRefused: calibration_target: there is no target, or too little of it.
    """
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    sheet, places_px, numbers = _found(grey)
    places_mm = np.array([sheet.corner_mm(int(number)) for number in numbers]) * ruler
    height, width = grey.shape
    lens, plane = _fitted(places_mm, places_px, (width, height))
    residual = _apart(plane, places_mm, _straight(places_px, lens, (width, height)))
    to_px = _Mapping(_inverse(plane), lens, (width, height), ruler)
    scales = [_mm_per_px(plane, one) for one in _straight(places_px, lens, (width, height))]
    middle = _mm_per_px(plane, np.array([width / 2, height / 2]))
    linear = _linear(picture)
    evenness, white_place = _evenness(linear, sheet, to_px)
    seen_greys = np.array([_mean(linear, one.inner, to_px) for one in sheet.greys])
    seen = np.array([_mean(linear, one.inner, to_px) for one in (*sheet.greys, *sheet.colours)])
    meant = _meant(sheet, colours)
    gains = _gains(seen_greys)
    matrix, distances = _corrected(seen, meant, gains)
    return Calibration(
        size=sheet.size,
        width=width,
        height=height,
        corners=len(numbers),
        mm_per_px=middle,
        mm_per_px_least=min(scales),
        mm_per_px_most=max(scales),
        distortion_px=float(lens * np.hypot(width, height) / 2),
        residual_px=float(np.sqrt((residual**2).mean())),
        focus_px=_focus(grey, sheet, to_px),
        evenness=evenness,
        white=white_place,
        gains=(float(gains[0]), float(gains[1]), float(gains[2])),
        matrix=tuple(float(one) for one in matrix.ravel()),
        delta_e=distances,
    )


# --- Geometry ---------------------------------------------------------------------------------------------------------


def _found(grey: npt.NDArray[np.uint8]) -> tuple[Target, Floats, npt.NDArray[np.int32]]:
    """The target in a picture, the board's inner corners (n x 2 px) and their numbers."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_100)
    _, markers, _ = cv2.aruco.ArucoDetector(dictionary).detectMarkers(grey)
    size = size_of(set() if markers is None else {int(one) for one in markers.ravel()})
    if size is None:
        raise PictureRefused(
            "calibration_target", "A picture of the calibration target is expected, got none.", hint=_HINT
        )
    sheet, most = target(size), (COLUMNS - 1) * (ROWS - 1)
    corners, numbers, _, _ = cv2.aruco.CharucoDetector(sheet.board()).detectBoard(grey)
    count = 0 if numbers is None else len(numbers)
    if count < LEAST_CORNERS * most:
        message = f"A picture shows at least {LEAST_CORNERS * most:.0f} of the board's {most} corners, got {count}."
        raise PictureRefused("calibration_target", message, hint=_HINT)
    return sheet, np.asarray(corners, np.float64).reshape(-1, 2), np.asarray(numbers, np.int32).ravel()


def _fitted(places_mm: Floats, places_px: Floats, size: tuple[int, int]) -> tuple[float, Floats]:
    """The radial term and the homography from straightened pixels to millimetres with the least error."""

    def error(lens: float) -> float:
        straight = _straight(places_px, lens, size)
        return float((_apart(_homography(straight, places_mm), places_mm, straight) ** 2).mean())

    low, high = -_K1_REACH, _K1_REACH
    ratio = (np.sqrt(5) - 1) / 2
    for _ in range(40):  # golden section: the error has one valley
        first, second = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, second) if error(first) < error(second) else (first, high)
    lens = (low + high) / 2
    return lens, _homography(_straight(places_px, lens, size), places_mm)


def _homography(places: Floats, into: Floats) -> Floats:
    matrix, _ = cv2.findHomography(places, into, 0)
    return np.asarray(matrix, np.float64)


def _straight(places: Floats, lens: float, size: tuple[int, int]) -> Floats:
    """Pixels without the radial term; 1 is the distance of the picture's corner."""
    middle = np.array(size) / 2
    away = (places - middle) / np.linalg.norm(middle)
    return np.asarray(middle + (places - middle) * (1 - lens * (away**2).sum(-1, keepdims=True)), np.float64)


def _apart(plane: Floats, places_mm: Floats, straight: Floats) -> Floats:
    """Distances in pixels between where corners are and where the plane puts them."""
    back = _through(_inverse(plane), places_mm)
    return np.asarray(np.linalg.norm(back - straight, axis=1), np.float64)


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _through(matrix: Floats, places: Floats) -> Floats:
    flat = np.asarray(places, np.float64).reshape(-1, 2)
    lifted = np.column_stack([flat, np.ones(len(flat))]) @ matrix.T
    return np.asarray(lifted[:, :2] / lifted[:, 2:], np.float64)


def _mm_per_px(plane: Floats, place: Floats) -> float:
    """The local scale: the square root of the area that a pixel covers."""
    steps = place + np.array([(0.5, 0.0), (-0.5, 0.0), (0.0, 0.5), (0.0, -0.5)])
    there = _through(plane, steps)
    across, down = there[0] - there[1], there[2] - there[3]
    return float(np.sqrt(abs(across[0] * down[1] - across[1] * down[0])))


class _Mapping:
    """From nominal millimetres of the sheet to pixels as the lens shows them."""

    def __init__(self, matrix: Floats, lens: float, size: tuple[int, int], ruler: float) -> None:
        self._matrix, self._lens, self._size, self._ruler = matrix, lens, size, ruler

    def __call__(self, places: Floats) -> Floats:
        straight = _through(self._matrix, np.asarray(places, np.float64) * self._ruler)
        bent = straight
        for _ in range(3):  # the inverse of `_straight`, by fixed point
            bent = bent + straight - _straight(bent, self._lens, self._size)
        return bent


# --- Light ------------------------------------------------------------------------------------------------------------


def _linear(picture: Image) -> npt.NDArray[np.float32]:
    """SRGB levels as linear light, 0..1."""
    levels = np.arange(256) / 255
    table = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4).astype(np.float32)  # noqa: PLR2004 - IEC 61966-2-1
    return np.asarray(table[picture], np.float32)


def _mean(linear: npt.NDArray[np.float32], place: tuple[float, float, float, float], to_px: _Mapping) -> Floats:
    """Mean linear BGR of a rectangle of the sheet, at 15 x 15 points."""
    x, y, width, height = place
    across, down = np.meshgrid(np.linspace(x, x + width, 15), np.linspace(y, y + height, 15))
    points = to_px(np.column_stack([across.ravel(), down.ravel()])).astype(np.float32)
    values = cv2.remap(linear, points[None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(values.reshape(-1, 3).mean(0), np.float64)


def _evenness(linear: npt.NDArray[np.float32], sheet: Target, to_px: _Mapping) -> tuple[float, float]:
    """Darkest over brightest bare paper that the picture shows, and the brightest as a level of 0..255."""
    height, width = linear.shape[:2]
    found = []
    for place in sheet.whites:
        x, y, w, h = place
        px = to_px(np.array([(x, y), (x + w, y + h)]))
        if (px >= 0).all() and (px < (width, height)).all():
            found.append(float(_mean(linear, place, to_px).mean()))
    brightest = max(found, default=0.0)
    level = 12.92 * brightest if brightest <= 0.0031308 else 1.055 * brightest ** (1 / 2.4) - 0.055  # noqa: PLR2004 - IEC 61966-2-1
    return (min(found) / brightest if brightest else 0.0), level * 255


def _gains(greys: Floats) -> Floats:
    """What makes the middle greys neutral, green 1: the darkest and the brightest may be clipped or tinted."""
    middle = greys[1:-2]
    return np.asarray(middle[:, 1].sum() / np.maximum(middle.sum(0), 1e-6), np.float64)


def _meant(sheet: Target, colours: Sequence[Colour] | None) -> Floats:
    """Linear BGR of the patches as they are meant, or as they were measured."""
    patches: list[Patch] = [*sheet.greys, *sheet.colours]
    rgb = [one.colour for one in patches]
    if colours is not None:
        rgb = [*rgb[: len(sheet.greys)], *colours]
    levels = np.array([one[::-1] for one in rgb], np.uint8)
    return np.asarray(_linear(levels.reshape(1, -1, 3))[0], np.float64)


def _corrected(seen: Floats, meant: Floats, gains: Floats) -> tuple[Floats, tuple[float, float, float]]:
    """The matrix after the gains, and the mean distances before and after, each at its best exposure."""
    neutral = seen * gains
    matrix, *_ = np.linalg.lstsq(neutral, meant, rcond=None)
    stages = (seen, neutral, neutral @ matrix)
    first, second, third = (_distance(one * (one * meant).sum() / (one * one).sum(), meant) for one in stages)
    return np.asarray(matrix.T, np.float64), (first, second, third)


def _distance(one: Floats, other: Floats) -> float:
    """Mean CIE 1976 distance of linear BGR colours."""
    labs = [
        cv2.cvtColor(np.asarray(np.clip(side, 0, 1), np.float32).reshape(1, -1, 3), cv2.COLOR_LBGR2Lab)[0]
        for side in (one, other)
    ]
    return float(np.linalg.norm(labs[0] - labs[1], axis=1).mean())


# --- Focus ------------------------------------------------------------------------------------------------------------


def _focus(grey: npt.NDArray[np.uint8], sheet: Target, to_px: _Mapping) -> tuple[float, ...]:
    """The median width of each slanted square's edges, for the squares that the picture shows whole."""
    height, width = grey.shape
    found = []
    for first in range(0, len(sheet.edges), 4):
        widths = []
        for edge in sheet.edges[first : first + 4]:
            ends = to_px(np.array(edge))
            if (ends < _PROFILE_PX).any() or (ends > np.array([width, height]) - _PROFILE_PX).any():
                break
            widths.append(_edge_width(grey, ends))
        if len(widths) == 4:  # noqa: PLR2004 - a square
            found.append(float(np.median(widths)))
    return tuple(found)


def _edge_width(grey: npt.NDArray[np.uint8], ends: Floats) -> float:
    """The 10-90 % distance across an edge, in pixels: profiles along its normal, averaged."""
    along = ends[1] - ends[0]
    normal = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    starts = ends[0] + np.linspace(0.2, 0.8, _LINES)[:, None] * along
    offsets = np.arange(-_PROFILE_PX, _PROFILE_PX + _STEP_PX, _STEP_PX)
    points = (starts[:, None] + offsets[None, :, None] * normal).astype(np.float32)
    values = cv2.remap(grey.astype(np.float32), points, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    profile = np.asarray(values, np.float64).mean(0)
    low, high = float(profile[:16].mean()), float(profile[-16:].mean())
    if high < low:
        profile, low, high = profile[::-1], high, low
    if high - low < 16:  # noqa: PLR2004 - levels: no edge can be seen
        return 2 * _PROFILE_PX
    share = (np.maximum.accumulate(profile) - low) / (high - low)
    return float((np.searchsorted(share, 0.9) - np.searchsorted(share, 0.1)) * _STEP_PX)
