"""Photograph a flat package face: a simulator of the bench's cameras, seeded and without a real camera.

`recapture` goes the way of the light: print -> film, lamps and fingers -> pose in a cluttered frame -> uneven light ->
lens -> sensor -> the camera's own processing -> JPEG. It keeps the truth: the homography and what can be seen.
It is not a renderer: there is one plane, no interreflection, and noise is white before the camera's processing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from models.drawn.fields import Field, as_bytes, clutter, f32, ramp, smooth
from models.drawn.light import Linear, lay_light

if TYPE_CHECKING:
    from models.drawn.conditions import Conditions
    from models.measurements import Image

_TO_LINEAR = (np.arange(256) / 255.0) ** 2.2
_LUMA = np.array([0.114, 0.587, 0.299], np.float32)
_CODE_MAX = 4095  # tone curves are tables of 12 bits


@dataclass(frozen=True, slots=True)
class Recapture:
    """A drawn photograph and its truth."""

    image: Image  # H x W x 3 BGR
    homography: npt.NDArray[np.float64]  # 3 x 3, face pixels -> image pixels; exact for a face without bow
    mask: npt.NDArray[np.uint8]  # H x W: 255 where the print is clearly seen, 0 where hidden or outside the face


def recapture(
    face: Image, *, rng: np.random.Generator, conditions: Conditions, background: Image | None = None
) -> Recapture:
    """Photograph `face` (H x W x 3 BGR uint8) under `conditions`.

    The same generator state and conditions give the same picture on the same machine. `background`, when given, is
    stretched behind the face; else clutter is drawn, or plain grey where `conditions.clutter` is off.

    Raises:
        ValueError: `face` is not uint8 H x W x 3.
    """
    if face.dtype != np.uint8 or face.ndim != 3 or face.shape[2] != 3:
        raise ValueError(f"face must be uint8 H x W x 3, got {face.dtype} of shape {face.shape}.")
    linear = np.asarray(cv2.LUT(face, _TO_LINEAR.astype(np.float32)), np.float32)
    lit, clear = lay_light(rng, linear, conditions)
    width, height = _frame_size(conditions)
    pose = pose_of(face.shape[1], face.shape[0], width, height, conditions)
    if conditions.bow or conditions.ripple:
        lit, clear = _bowed(lit, clear, conditions, rng)
    frame, seen = _placed(
        rng, lit, clear, pose=pose, size=(width, height), conditions=conditions, background=background
    )
    image = expose(rng, frame, conditions)
    return Recapture(image, pose, as_bytes(seen))


def pose_of(face_w: int, face_h: int, width: int, height: int, conditions: Conditions) -> npt.NDArray[np.float64]:
    """The homography face -> frame of a pinhole camera, 2.5 face heights away, that looks at the tilted face."""
    ax, ay = (math.radians(np.clip(v, -50, 50)) for v in conditions.tilt_deg)
    az = math.radians(conditions.rotation_deg)
    turn = _turn(2, az) @ _turn(1, ay) @ _turn(0, ax)
    corners = np.array([[0, 0], [face_w, 0], [face_w, face_h], [0, face_h]], np.float64)
    flat = np.column_stack([corners - (face_w / 2, face_h / 2), np.zeros(4)]) @ turn.T
    depth = flat[:, 2] + 2.5 * max(face_h, face_w)
    seen = flat[:, :2] / depth[:, None]
    extent = seen.max(0) - seen.min(0)
    scale = conditions.fill * min(width / extent[0], height / extent[1])
    middle = (seen.max(0) + seen.min(0)) / 2
    placed = (seen - middle) * scale + (width * (0.5 + conditions.shift[0]), height * (0.5 + conditions.shift[1]))
    return np.asarray(cv2.getPerspectiveTransform(corners.astype(np.float32), placed.astype(np.float32)), np.float64)


def expose(rng: np.random.Generator, radiance: Linear, conditions: Conditions) -> Image:
    """From linear light at the lens (H x W x 3, 1 = white paper) to the picture that the camera writes."""
    height, width = radiance.shape[:2]
    light: npt.NDArray[np.floating] | float = conditions.exposure
    if conditions.gradient:
        light = light * (1 - conditions.gradient * ramp(height, width, conditions.gradient_deg))
        light = light * (1 - 0.3 * conditions.gradient * smooth(rng, height, width, height / 2, width / 2))
    if conditions.vignette:
        x, y = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
        light = light * (1 - conditions.vignette * (x[None] ** 2 + y[:, None] ** 2) / 2)
    gains = np.array(conditions.white_balance, np.float32)
    lit = radiance * (light[..., None] if isinstance(light, np.ndarray) else light)
    picture = _lens(np.asarray(lit, np.float32), conditions)
    picture = f32(picture * gains)
    if conditions.noise:
        # At mid-grey (0.22 linear) the tone curve's slope is about 0.9: levels / 255 are about linear shares there.
        spread = np.sqrt(np.maximum(picture, 0.002) / 0.22) * (conditions.noise / 255.0)
        fine = rng.standard_normal((height, width, 1), dtype=np.float32)
        coarse = rng.standard_normal((height // 2 + 1, width // 2 + 1, 3), dtype=np.float32)
        fine = fine + cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)  # a colour filter array
        picture = f32(picture + spread * 0.75 * fine)
    codes = np.asarray(np.clip(picture * _CODE_MAX, 0, _CODE_MAX), np.uint16)
    shown = _tone_curve(conditions)[codes]
    if conditions.noise > 3:  # cheap cameras smear noise that a person would see
        shown = f32(cv2.GaussianBlur(shown, (0, 0), 0.7))
    if conditions.smear_px:
        shown = f32(f32(cv2.medianBlur(as_bytes(shown), conditions.smear_px)) / 255)
    if conditions.chroma_px:
        grey = f32(shown @ _LUMA)[..., None]
        shown = f32(grey + cv2.GaussianBlur(shown - grey, (0, 0), conditions.chroma_px))
    if conditions.saturation != 1.0:
        mix = conditions.saturation * np.eye(3, dtype=np.float32) + (1 - conditions.saturation) * _LUMA[None]
        shown = f32(cv2.transform(shown, mix))
    if conditions.sharpening:
        shown = f32(shown + conditions.sharpening * (shown - cv2.GaussianBlur(shown, (0, 0), conditions.sharpening_px)))
    written, code = cv2.imencode(".jpg", as_bytes(shown), [cv2.IMWRITE_JPEG_QUALITY, conditions.jpeg_quality])
    if not written:
        raise RuntimeError(f"a picture of shape {shown.shape} could not be written as JPEG.")
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)


def _tone_curve(conditions: Conditions) -> Field:
    """The camera's response as a table: linear code -> 0..1 shown."""
    x = np.arange(_CODE_MAX + 1) / _CODE_MAX
    y = x ** (1 / (2.2 * conditions.gamma))
    curve = y * y * (3 - 2 * y)
    return np.asarray(y + conditions.contrast * (curve - y), np.float32)


def _lens(picture: Linear, conditions: Conditions) -> Linear:
    """Defocus (a disc, softened) and motion (a line)."""
    if conditions.defocus_px > 0.3:  # less is not seen on a pixel grid
        radius = conditions.defocus_px
        side = 2 * math.ceil(radius) + 3
        y, x = np.mgrid[0:side, 0:side] - side // 2
        disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
        picture = f32(cv2.filter2D(picture, -1, (disc / disc.sum()).astype(np.float32)))
    if conditions.motion_px > 1 and conditions.shake:
        picture = f32(cv2.filter2D(picture, -1, _shaken(conditions)))
    elif conditions.motion_px > 1:
        side = 2 * math.ceil(conditions.motion_px / 2) + 1
        line = np.zeros((side, side), np.float32)
        reach = conditions.motion_px / 2
        angle, middle = math.radians(conditions.motion_deg), side // 2
        for t in np.linspace(-reach, reach, 4 * side):
            line[round(middle + t * math.sin(angle)), round(middle + t * math.cos(angle))] += 1
        picture = f32(cv2.filter2D(picture, -1, line / line.sum()))
    return picture


def _shaken(conditions: Conditions) -> npt.NDArray[np.float32]:
    """The path of a hand's tremor as a kernel: an arc that lingers at its ends, which doubles edges."""
    reach, angle = conditions.motion_px / 2, math.radians(conditions.motion_deg)
    side = 2 * math.ceil(reach * (1 + conditions.shake)) + 3
    kernel, middle = np.zeros((side, side), np.float32), side // 2
    for t in np.linspace(-np.pi / 2, np.pi / 2, 8 * side):
        u, v = reach * math.sin(t), reach * conditions.shake * math.cos(2 * t) / 2
        x, y = u * math.cos(angle) - v * math.sin(angle), u * math.sin(angle) + v * math.cos(angle)
        kernel[round(middle + y), round(middle + x)] += 1
    return np.asarray(kernel / kernel.sum(), np.float32)


def _frame_size(conditions: Conditions) -> tuple[int, int]:
    """Width and height of a 4:3 frame."""
    long_side, short_side = conditions.long_side_px, round(conditions.long_side_px * 0.75)
    return (long_side, short_side) if conditions.landscape else (short_side, long_side)


def _turn(axis: int, angle: float) -> npt.NDArray[np.float64]:
    """A rotation matrix about x (0), y (1) or z (2)."""
    vector = np.zeros(3)
    vector[axis] = angle
    return np.asarray(cv2.Rodrigues(vector)[0], np.float64)


def _bowed(lit: Linear, clear: Field, conditions: Conditions, rng: np.random.Generator) -> tuple[Linear, Field]:
    """Shift pixels as a slightly bulging or waving surface would."""
    height, width = clear.shape
    reach = conditions.bow * max(height, width)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    dx = (smooth(rng, height, width, height / 2, width / 2) - 0.5) * 2 * reach
    dy = (smooth(rng, height, width, height / 2, width / 2) - 0.5) * 2 * reach
    if conditions.ripple:
        cell = max(height, width) * float(rng.uniform(0.015, 0.06))
        where = np.clip(smooth(rng, height, width, height / 4, width / 4) * 3 - 1, 0, 1)
        strength = where * np.float32(2 * conditions.ripple * max(height, width))
        dx += (smooth(rng, height, width, cell, cell) - 0.5) * strength
        dy += (smooth(rng, height, width, cell, cell) - 0.5) * strength
    moved = cv2.remap(lit, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    kept = cv2.remap(clear, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32), np.asarray(kept, np.float32)


def _placed(
    rng: np.random.Generator,
    lit: Linear,
    clear: Field,
    *,
    pose: npt.NDArray[np.float64],
    size: tuple[int, int],
    conditions: Conditions,
    background: Image | None,
) -> tuple[Linear, Field]:
    """The face in its frame: radiance (H x W x 3) and the clear share (H x W, 0 outside the face)."""
    width, height = size
    if background is not None:
        behind = cv2.resize(background, size, interpolation=cv2.INTER_AREA)
    elif conditions.clutter:
        behind = clutter(rng, height, width)
    else:
        behind = np.full((height, width, 3), 128, np.uint8)
    frame = np.asarray(cv2.LUT(behind, _TO_LINEAR.astype(np.float32)), np.float32)
    face_h, face_w = clear.shape
    if conditions.bezel:
        edge = conditions.bezel * face_w
        case = np.array(
            [[-edge, -edge], [face_w + edge, -edge], [face_w + edge, face_h + edge], [-edge, face_h + edge]]
        )
        outline = cv2.perspectiveTransform(case[None], pose)[0]
        cv2.fillConvexPoly(frame, outline.astype(np.int32), [float(rng.uniform(0.002, 0.03))] * 3, cv2.LINE_AA)
    # A face that is shrunk is averaged first: a lens does not skip pixels.
    scale = math.sqrt(abs(np.linalg.det(pose[:2, :2])))
    if scale < 0.7:  # above this, linear interpolation averages enough
        lit = f32(cv2.GaussianBlur(lit, (0, 0), 0.4 / scale))
    placed = cv2.warpPerspective(lit, pose, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpPerspective(np.ones_like(clear), pose, size, flags=cv2.INTER_LINEAR)
    seen = cv2.warpPerspective(clear, pose, size, flags=cv2.INTER_LINEAR)
    mixed = frame * (1 - inside[..., None]) + placed * inside[..., None]
    return np.asarray(mixed, np.float32), np.asarray(seen, np.float32)
