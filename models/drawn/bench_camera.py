"""Pictures of the calibration target by a drawn bench camera, with the true scale: to measure a calibration against.

Plain optics: perspective, one radial term, defocus, lamps from one side, white balance and crosstalk of the sensor,
noise, JPEG. The target is drawn from the shapes that are printed, at twelve pixels a millimetre.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from models.calibration_target import SHEETS, target

if TYPE_CHECKING:
    from models.calibration_target import Size
    from models.measurements import Image

_PX_PER_MM = 12.0
_PAPER = 238
_DESK = 90
_SHIFT = 4  # binary places of a pixel, for cv2.fillPoly


@dataclass(frozen=True, slots=True)
class BenchCamera:
    """How the target is photographed. `printed`: the printer's scale; `k1`: of the lens, 1 at the picture's corner."""

    width: int = 2304
    height: int = 1296
    px_per_mm: float = 6.0
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    turn_deg: float = 90.0
    shift_px: tuple[float, float] = (0.0, 0.0)
    k1: float = 0.0
    printed: float = 1.0
    defocus_px: float = 0.7
    gradient: float = 0.0  # light that is lost from one side to the other
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    crosstalk: float = 0.0  # of a channel into its neighbours
    noise: float = 1.0
    jpeg_quality: int = 93
    distance_mm: float = 450.0


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture and what is true of it: millimetres per pixel at its middle."""

    image: Image
    mm_per_px: float


def photograph(size: Size, camera: BenchCamera, rng: np.random.Generator) -> Shot:
    """One picture of the target of that size."""
    flat = _sheet(size)
    to_px = _pose(size, camera)
    away = _bent(camera)
    plane = np.linalg.inv(to_px @ np.diag([1 / _PX_PER_MM, 1 / _PX_PER_MM, 1.0]))
    grid = np.column_stack([away.reshape(-1, 2), np.ones(camera.width * camera.height)]) @ plane.T
    places = (grid[:, :2] / grid[:, 2:]).reshape(camera.height, camera.width, 2).astype(np.float32) - 0.5
    levels = np.full((camera.height, camera.width, 3), _DESK, np.uint8)
    wide = cv2.GaussianBlur(flat, (0, 0), max(0.6, 0.4 * _PX_PER_MM / camera.px_per_mm))  # a pixel is an area
    levels = cv2.remap(wide, places, None, cv2.INTER_LINEAR, levels, cv2.BORDER_TRANSPARENT)  # type: ignore[call-overload]
    linear = (levels / 255.0) ** 2.2
    slope = np.linspace(1.0, 1.0 - camera.gradient, camera.width)[None, :, None]
    mixed = linear @ (np.eye(3) * (1 - 2 * camera.crosstalk) + (1 - np.eye(3)) * camera.crosstalk)
    seen = cv2.GaussianBlur((mixed * slope * np.array(camera.gains)).astype(np.float32), (0, 0), camera.defocus_px)
    shown = np.clip(seen, 0, 1) ** (1 / 2.2) * 255 + rng.normal(0, camera.noise, seen.shape)
    _, code = cv2.imencode(".jpg", np.clip(shown, 0, 255).astype(np.uint8), [1, camera.jpeg_quality])
    picture = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return Shot(picture, _true_scale(camera, to_px) * camera.printed)


def _sheet(size: Size) -> Image:
    """The printed sheet, a few pixels of desk colour around it are left to the camera."""
    width, height = SHEETS[size]
    flat = np.full((round(height * _PX_PER_MM), round(width * _PX_PER_MM), 3), _PAPER, np.uint8)
    for shape in target(size).shapes:
        corners = np.round((np.array(shape.corners) * _PX_PER_MM - 0.5) * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(flat, [corners], shape.colour[::-1], cv2.LINE_AA, _SHIFT)
    return flat


def _pose(size: Size, camera: BenchCamera) -> npt.NDArray[np.float64]:
    """From nominal millimetres of the sheet to pixels (3 x 3): a pinhole above the target's board."""
    x, y = target(size).centre
    turn, (a, b) = np.radians(camera.turn_deg), np.radians(camera.tilt_deg)
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rotation = about_x @ about_y @ about_z
    focal = camera.px_per_mm * camera.distance_mm
    lens = np.array([[focal, 0, camera.width / 2 + camera.shift_px[0]],
                     [0, focal, camera.height / 2 + camera.shift_px[1]], [0, 0, 1]])  # fmt: skip
    onto = np.column_stack([rotation[:, 0], rotation[:, 1], (0, 0, camera.distance_mm)])
    middle = np.array([[camera.printed, 0, -x * camera.printed], [0, camera.printed, -y * camera.printed], [0, 0, 1]])
    return np.asarray(lens @ onto @ middle, np.float64)


def _bent(camera: BenchCamera) -> npt.NDArray[np.float64]:
    """Where each pixel's centre would lie without the radial term (height x width x 2)."""
    y, x = np.mgrid[0 : camera.height, 0 : camera.width].astype(np.float64) + 0.5
    return _straightened(np.dstack([x, y]), camera)


def _straightened(places: npt.NDArray[np.float64], camera: BenchCamera) -> npt.NDArray[np.float64]:
    middle = np.array([camera.width / 2, camera.height / 2])
    away = (places - middle) / np.linalg.norm(middle)
    return np.asarray(middle + (places - middle) * (1 - camera.k1 * (away**2).sum(-1, keepdims=True)), np.float64)


def _true_scale(camera: BenchCamera, to_px: npt.NDArray[np.float64]) -> float:
    """Nominal millimetres of a pixel at the picture's middle."""
    middle = np.array([camera.width / 2, camera.height / 2])
    steps = np.array([(0.5, 0.0), (-0.5, 0.0), (0.0, 0.5), (0.0, -0.5)])
    there = np.column_stack([_straightened(middle + steps, camera), np.ones(4)]) @ np.linalg.inv(to_px).T
    flat = there[:, :2] / there[:, 2:]
    across, down = flat[0] - flat[1], flat[2] - flat[3]
    return float(np.sqrt(abs(across[0] * down[1] - across[1] * down[0])))
