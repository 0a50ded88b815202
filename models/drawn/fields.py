"""Random fields: the smooth, streaked and blotchy patterns that light, wrinkled film and noise are drawn from.

All fields are float32 in about 0..1, made small and enlarged, so that they cost a few milliseconds at photo size.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.measurements import Image

Field = npt.NDArray[np.float32]


def f32(values: npt.ArrayLike) -> Field:
    """As float32, without a copy where it is already."""
    return np.asarray(values, np.float32)


def smooth(rng: np.random.Generator, height: int, width: int, cell_y: float, cell_x: float) -> Field:
    """Smooth noise of `height` x `width` whose blotches are about `cell_y` x `cell_x` pixels, scaled to 0..1."""
    rows = max(2, math.ceil(height / cell_y) + 1)
    columns = max(2, math.ceil(width / cell_x) + 1)
    small = rng.random((rows, columns), dtype=np.float32)
    field = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    low, high = float(field.min()), float(field.max())
    return np.asarray((field - low) / max(high - low, 1e-6), np.float32)


def turned(field: Field, degrees: float) -> Field:
    """The field turned about its centre and enlarged so that no corner is empty."""
    height, width = field.shape
    diagonal = math.hypot(height, width) / min(height, width)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, diagonal)
    return np.asarray(cv2.warpAffine(field, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.float32)


def blob(height: int, width: int, centre: tuple[float, float], radii: tuple[float, float], degrees: float) -> Field:
    """A hill that is 1 at `centre` (x, y), 0.5 at `radii` along its turned axes and falls to 0 further out."""
    angle = math.radians(degrees)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    dx, dy = x - centre[0], y - centre[1]
    u = (dx * math.cos(angle) + dy * math.sin(angle)) / radii[0]
    v = (-dx * math.sin(angle) + dy * math.cos(angle)) / radii[1]
    return np.asarray(np.exp2(-(u * u + v * v)), np.float32)


def ramp(height: int, width: int, degrees: float) -> Field:
    """A plane that rises from 0 to 1 across the picture in the direction `degrees`."""
    angle = math.radians(degrees)
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * math.sin(angle)
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :] * math.cos(angle)
    span = abs(math.sin(angle)) + abs(math.cos(angle))
    return np.asarray((y + x) / span + 0.5, np.float32)


def as_bytes(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """0..1 as 0..255, clipped and rounded."""
    return np.asarray(np.clip(values * 255.0 + 0.5, 0, 255), np.uint8)


def clutter(rng: np.random.Generator, height: int, width: int) -> Image:
    """A desk top that nobody cares about: a surface, papers, boxes, cables, drawn rough on purpose."""
    base = np.array(_dull(rng), np.float32)
    grain = smooth(rng, height, width, height / rng.uniform(2, 60), width / rng.uniform(2, 8))
    picture = as_bytes((base[None, None] + (grain[..., None] - 0.5) * rng.uniform(10, 90)) / 255.0)
    for _ in range(int(rng.integers(2, 9))):
        centre = (float(rng.uniform(0, width)), float(rng.uniform(0, height)))
        size = (float(rng.uniform(0.1, 0.8) * width), float(rng.uniform(0.1, 0.8) * height))
        corners = cv2.boxPoints((centre, size, float(rng.uniform(0, 180)))).astype(np.int32)
        cv2.fillConvexPoly(picture, corners, _dull(rng), cv2.LINE_AA)
        if rng.random() < 0.5:  # lines of writing
            _writing(rng, picture, corners)
    for _ in range(int(rng.integers(0, 4))):  # cables, pens
        points = rng.uniform((0, 0), (width, height), (4, 2))
        spline = _curve(points)
        colour = _dull(rng)
        cv2.polylines(picture, [spline], False, colour, int(rng.integers(2, 14)), cv2.LINE_AA)
    return picture


def _dull(rng: np.random.Generator) -> list[float]:
    """A colour of desks, papers and cases: mostly grey."""
    return [float(v) for v in np.clip(rng.uniform(10, 245) + rng.normal(0, 25, 3), 0, 255)]


def _curve(points: npt.NDArray[np.floating]) -> npt.NDArray[np.int32]:
    """A cubic Bezier curve through four control points, as 40 integer points."""
    t = np.linspace(0, 1, 40)[:, None]
    a, b, c, d = points
    curve = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t * t * (1 - t) * c + t**3 * d
    return np.asarray(curve, np.int32)


def _writing(rng: np.random.Generator, picture: Image, corners: npt.NDArray[np.int32]) -> None:
    """Rows of short strokes inside a parallelogram: writing as it looks from afar."""
    origin, along, down = corners[0].astype(float), (corners[1] - corners[0]) * 1.0, (corners[3] - corners[0]) * 1.0
    colour = _dull(rng)
    thickness = int(rng.integers(1, 5))
    for row in np.linspace(0.1, 0.9, int(rng.integers(3, 16))):
        x = 0.08
        while x < 0.9:
            end = min(x + rng.uniform(0.02, 0.15), 0.92)
            a, b = origin + along * x + down * row, origin + along * end + down * row
            cv2.line(picture, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), colour, thickness, cv2.LINE_AA)
            x = end + rng.uniform(0.01, 0.05)
