"""Make a registered face of photographs of a genuine sample: find, lay flat, merge the glare out, check.

1. the first photograph is laid flat by its four corners, given or found;
2. every other one is laid on it as the bench lays a capture on a registered face (`models.faces`, `models.register`);
3. where the sharpest shows burnt light, or stands alone with what it shows, the others are taken;
4. what is left is measured: glare, sharpness, millimetres to a pixel.

What it is not: a judgement whether the sample is genuine. Who enrols, vouches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

from models import light
from models.aligned import CONFIRMED, located
from models.errors import PictureRefused
from models.locate import View, plausible
from models.outline import face_outline, require_proportions
from models.prepared import Sketch
from models.register import Registration, register, to_capture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.locate import Grey
    from models.measurements import Corners, Image

MOST_PX: Final = 2000  # long side of a registered face
LAID_PX: Final = 768  # long side at which photographs are laid on each other
LIT: Final = 14.0  # grey levels by which the sharpest photograph shows more light than the others do
ALONE: Final = 40.0  # grey levels from the others' median at which the sharpest photograph stands alone
MOST_MM_PER_PX: Final = 0.3
MOST_GLARE: Final = 0.01
LEAST_SHARPNESS: Final = 40.0  # variance of the Laplacian at 768 px, grey levels squared


@dataclass(frozen=True, slots=True)
class EnrolledFace:
    """A registered face to be, and what was measured of it."""

    picture: bytes  # PNG
    width_px: int
    height_px: int
    used: int  # photographs that were merged
    left_out: tuple[int, ...]  # indices of those that could not be laid on the first
    mm_per_px: float  # as the first photograph resolves it
    glare: float  # share of the face still burnt out
    sharpness: float

    def faults(self) -> tuple[str, ...]:
        """What is not good enough, each with the measured value and the limit; none when the face may be registered."""
        limits = (
            (
                self.mm_per_px > MOST_MM_PER_PX,
                f"{self.mm_per_px:.2f} mm per pixel, expected at most {MOST_MM_PER_PX}: go closer",
            ),
            (
                self.glare > MOST_GLARE,
                f"{self.glare:.1%} burnt out, expected at most {MOST_GLARE:.0%}: add one with light from another side",
            ),
            (
                self.sharpness < LEAST_SHARPNESS,
                f"sharpness {self.sharpness:.0f}, expected at least {LEAST_SHARPNESS:.0f}: hold still and focus",
            ),
        )
        return tuple(words for holds, words in limits if holds)


def enrol(photographs: Sequence[Image], size_mm: tuple[float, float], corners: Corners | None = None) -> EnrolledFace:
    """A registered face of one or more photographs (uint8 H x W x 3 BGR, upright).

    `size_mm` is the printed face's width and height; `corners` are those of the face in the first photograph, clockwise
    from the face's top left, in pixels.

    Raises:
        PictureRefused: enrol_no_picture; enrol_not_found, enrol_proportions, enrol_tilted, enrol_unsure: the face's
            outline is not to be seen in the first photograph, has not the proportions of `size_mm`, is seen too much
            aside, or may be that of the ground.
    """
    if not photographs:
        raise PictureRefused("enrol_no_picture", "A face is enrolled from one or more photographs, got none.")
    outline = np.array(corners, np.float64) if corners else face_outline(photographs[0], size_mm)
    first, native_px = _flat(photographs[0], outline, size_mm)
    require_proportions(outline, photographs[0], size_mm)
    sides, left_out = [first], []
    for index, photograph in enumerate(photographs[1:], start=1):
        laid = _laid(photograph, first)
        if laid is None:
            left_out.append(index)
        else:
            sides.append(laid)
    merged = _merged(sides)
    return EnrolledFace(
        picture=cv2.imencode(".png", merged)[1].tobytes(),
        width_px=merged.shape[1],
        height_px=merged.shape[0],
        used=len(sides),
        left_out=tuple(left_out),
        mm_per_px=round(max(size_mm) / native_px, 4),
        glare=round(float((light.registered_glare(merged) > 0).mean()), 4),
        sharpness=round(_sharpness(merged), 1),
    )


def _flat(photograph: Image, outline: npt.NDArray[np.float64], size_mm: tuple[float, float]) -> tuple[Image, float]:
    """The face laid flat at about the size it was photographed at, and the photographed long side in pixels."""
    sides = np.hypot(*(np.roll(outline, -1, axis=0) - outline).T)
    native_px = max(sides[0] + sides[2], sides[1] + sides[3]) / 2
    scale = min(native_px, MOST_PX) / max(size_mm)
    width, height = round(size_mm[0] * scale), round(size_mm[1] * scale)
    face = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    matrix = np.asarray(cv2.getPerspectiveTransform(outline.astype(np.float32), face), np.float64)
    if not plausible(matrix, (width, height)):
        raise PictureRefused(
            "enrol_not_found",
            f"The corners must go round the face clockwise from its top left, got {outline.round().tolist()}.",
            hint="Name the corners again: top left, top right, bottom right, bottom left.",
        )
    return np.asarray(cv2.warpPerspective(photograph, matrix, (width, height), flags=cv2.INTER_AREA), np.uint8), float(
        native_px
    )


def _laid(photograph: Image, first: Image) -> Image | None:
    """Another photograph laid on the first face, in its light; None when it does not show the same face."""
    factor = LAID_PX / max(first.shape[:2])
    small = np.asarray(cv2.resize(first, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    sketch = Sketch("first", np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8), small)
    view = View(photograph)
    for kind in ("orb", "sift"):
        found = located(view, sketch, kind)
        if found is None:
            continue
        registration = register(view.base[0], found.homography @ view.small[1], sketch.grey)
        if registration is not None and registration.confirmed >= CONFIRMED:
            laid = _at_full_size(view, registration, first)
            free = np.where(light.glare(laid) | light.glare(first), 0, 255).astype(np.uint8)
            return light.compensated(laid, first, free)
    return None


def _at_full_size(view: View, registration: Registration, first: Image) -> Image:
    height, width = first.shape[:2]
    across, down = registration.warp.size[0] / width, registration.warp.size[1] / height
    x, y = np.meshgrid((np.arange(width) + 0.5) * across - 0.5, (np.arange(height) + 0.5) * down - 0.5)
    points = to_capture(registration.homography, registration.warp, np.column_stack([x.ravel(), y.ravel()]))
    across_map, down_map = (points[:, axis].astype(np.float32).reshape(height, width) for axis in (0, 1))
    laid = cv2.remap(view.base[0], across_map, down_map, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)


def _merged(sides: Sequence[Image]) -> Image:
    """The sharpest photograph; where it shows more light or stands alone, the median of those not burnt out.

    Of two the darker: a reflection only adds light.
    """
    order = sorted(sides, key=_sharpness, reverse=True)
    if len(order) == 1:
        return order[0]
    stack = np.stack(order).astype(np.float32)
    burnt = np.stack([light.glare(one) > 0 for one in order])
    stack[burnt & ~burnt.all(axis=0)] = np.nan
    agreed = np.nanmin(stack, axis=0) if len(order) == 2 else np.nanmedian(stack, axis=0)  # noqa: PLR2004 - no majority
    apart = cv2.GaussianBlur(order[0], (0, 0), 3).astype(np.float32) - cv2.GaussianBlur(agreed, (0, 0), 3)
    alone = apart.max(axis=2) > LIT  # a reflection only adds light
    if len(order) > 2:  # noqa: PLR2004 - a majority
        alone |= np.abs(apart).max(axis=2) > ALONE
    taken = cv2.GaussianBlur((burnt[0] | alone).astype(np.float32), (0, 0), 2)
    share = np.maximum(taken, (burnt[0] | alone).astype(np.float32))[:, :, None]
    return np.asarray(np.clip(order[0] * (1 - share) + agreed * share + 0.5, 0, 255), np.uint8)


def _sharpness(face: Image) -> float:
    factor = min(1.0, LAID_PX / max(face.shape[:2]))
    grey: Grey = np.asarray(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), np.uint8)
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(small, cv2.CV_32F).var())
