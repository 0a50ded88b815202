"""A capture laid onto its registered face: found, registered, lit, gated. What it is not: a judgement of likeness.

ORB is asked first, SIFT only where ORB found nothing that the blocks confirm. The gate says why an aligned capture
cannot be judged; that is an invitation to another picture and never a difference.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from models import light, locate
from models.placed import wanted_mask
from models.register import Registration, register, to_capture

if TYPE_CHECKING:
    from models.locate import Grey, Matrix, View
    from models.measurements import Corners, Image, Rectangle
    from models.pack import Pack
    from models.prepared import PreparedFace, Sketch

RATIOS = {"orb": 0.85, "sift": 0.8, "colours": 0.85}  # Lowe's ratio test
ENOUGH = {"orb": locate.ORB_ENOUGH, "sift": locate.SIFT_ENOUGH}
CONFIRMED = 0.3  # share of the face's textured blocks that must be found on the warp (genuine captures: 0.39 and more)
AGREES = 0.5  # share of blocks on the warp from which no second kind of keypoint is asked
DARK = 18.0  # mean grey level of a capture in which nothing can be found
WASHED, MOSTLY_WASHED = 250, 0.4  # grey level, and the share of a capture's middle whose exposure hid the face
UNSHARP = 12.0  # variance of the Laplacian of a capture in which nothing can be found
MOST_BEND_PX = 14.0  # from a plane, of 768: real boxes and sleeves 9.7 (99%), 10.8 at most; half-seen bottles 9 to 30
MOSTLY = 0.5
BENT_FOUND = 0.5  # share of a face found loosely: bent ones 0.74 and more, other faces 0.22 at most

Flags = npt.NDArray[np.bool_]
Points = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """A capture that lies on its face, before it is judged."""

    prepared: PreparedFace
    registration: Registration
    inliers: int
    capture_glare: Grey
    washed_out: Grey  # 255 where the exposure clips colours
    usable: Grey
    clear: Grey  # 255 where the capture shows the face, neither hidden nor burnt out, wanted or not
    shown: Image  # the aligned capture in the registered face's light
    scale: Scale
    stuck_on: Grey | None = None  # 255 where something flat seems to be stuck over the face; None: nowhere


@dataclass(frozen=True, slots=True)
class Scale:
    """How large and how tilted the face lies in the capture."""

    capture_px: float  # capture pixels to a face pixel, in the coarser direction
    mm_per_px: float | None  # millimetres to a capture pixel, likewise; None when the face's size is unknown
    tilt_deg: float  # of the face against the camera, from the foreshortening at its middle
    bend_px: float  # how far the face leaves a plane, face pixels: the largest departure from the best homography


def aligned(view: View, prepared: PreparedFace, ms: dict[str, float]) -> tuple[Aligned | None, int]:
    """The capture laid onto the face, or None, and the inliers of its keypoints. `ms` gets the time of each stage."""
    best: Registration | None = None
    inliers = 0
    for kind in ("orb", "sift"):
        with timed(ms, "locate"):
            found = located(view, prepared, kind)
        if found is None:
            continue
        with timed(ms, "register"):
            registration = register(view.base[0], found.homography @ view.small[1], prepared.grey)
        if registration is None or registration.confirmed < CONFIRMED:
            continue  # a shared logo or a common grid, not this face
        if best is None or registration.agreeing > best.agreeing:
            whole = registration.homography @ view.base[1]
            best, inliers = replace(registration, homography=whole), found.inliers
        if best is not None and best.agreeing >= AGREES:
            break
    if best is None:
        return None, inliers
    with timed(ms, "light"):
        burnt, washed = light.burnt_out(best.aligned, prepared.face, best.inside)
        usable = light.usable_mask(best.inside, burnt, prepared.glare, prepared.wanted)
        shown = light.compensated(best.aligned, prepared.face, usable)
        spoilt = light.spoilt_mask(shown, prepared.face, burnt, prepared.glare) > 0
        usable[spoilt] = 0
        clear = np.where(spoilt | (burnt > 0), 0, best.inside).astype(np.uint8)
    return Aligned(prepared, best, inliers, burnt, washed, usable, clear, shown, scale_of(best, prepared)), inliers


def located(view: View, prepared: Sketch, kind: str) -> locate.Location | None:
    """Where one kind of keypoints finds the face, if enough of them agree."""
    capture, face = (view.orb, prepared.orb) if kind == "orb" else (view.sift, prepared.sift)
    found = locate.homography_of(capture, face, prepared.size, ratio=RATIOS[kind])
    return found if found is not None and found.inliers >= ENOUGH[kind] else None


def why_not_found(view: View, prepared: Sketch) -> str:
    """The likeliest reason why the face was not found: the picture, goods that are not flat, or simply another face."""
    grey = view.small[0]
    if float(grey.mean()) < DARK:
        return "too_dark"
    if float(cv2.Laplacian(grey, cv2.CV_32F).var()) < UNSHARP:
        return "blurred"
    found = locate.loosely_found(view.sift, prepared.sift, prepared.size, ratio=RATIOS["sift"])
    if found >= BENT_FOUND:
        return "not_flat"
    down, across = (length // 4 for length in grey.shape)
    middle = grey[down:-down, across:-across]  # a bright table around other goods hides nothing
    return "too_bright" if float((middle >= WASHED).mean()) > MOSTLY_WASHED else "not_found"


def gate(laid: Aligned, pack: Pack) -> str:
    """Why an aligned capture cannot be judged, or "". In the order in which a retake would help most."""
    limits, registration, prepared = pack.gate, laid.registration, laid.prepared
    wanted = wanted_mask(prepared.regions, prepared.size) > 0  # with the edges, of which `usable` has nothing
    outline = in_capture(laid, (0, 0, *prepared.size))
    brightness = float(cv2.cvtColor(registration.aligned, cv2.COLOR_BGR2GRAY).mean())
    reasons = {
        "not_flat": registration.agreeing < limits.least_agreeing or laid.scale.bend_px > MOST_BEND_PX,
        "too_small": max(outline[2:]) < limits.least_face_px,
        "too_dark": brightness < limits.least_brightness,
        "not_found": _share(registration.inside, wanted, 1.0) < limits.least_usable,
        "glare": _share(laid.capture_glare, wanted, 0.0) > limits.most_glare
        or _share(laid.usable, wanted, 1.0) < limits.least_usable,
        "blurred": detail_kept(laid) < limits.least_detail,
    }
    reason = next((reason for reason, holds in reasons.items() if holds), "")
    washed = mostly(laid.washed_out, wanted & (laid.usable == 0))
    return "too_bright" if reason == "glare" and washed else reason


def detail_kept(laid: Aligned) -> float:
    """The share of registered detail, as squared slopes of what may be judged, that a capture shows; 1 of none."""
    known, shown = (cv2.mean(one, laid.usable)[0] for one in (laid.prepared.slopes, light.slopes(laid.shown)))
    return shown / known if known > 0 else 1.0


def _share(mask: Grey, where: Flags, of_nothing: float) -> float:
    return float((mask[where] > 0).mean()) if where.any() else of_nothing


def mostly(mask: Grey | Flags, where: Flags) -> bool:
    """Whether half of what is marked, and something at all, lies in the mask."""
    return bool(where.any()) and float((mask[where] > 0).mean()) >= MOSTLY


# --- Where things lie -------------------------------------------------------------------------------------------------


def corners(box: Rectangle) -> Points:
    """The four outer corners (4 x 2) of a box of pixels, whose middles are whole numbers."""
    x, y, w, h = box
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float64) - 0.5


def bounds(points: Points) -> Rectangle:
    """The smallest box of whole pixels around points (n x 2)."""
    left, top = np.floor(points.min(axis=0) + 0.5).astype(int)
    right, bottom = np.ceil(points.max(axis=0) + 0.5).astype(int)
    return int(left), int(top), int(right - left), int(bottom - top)


def in_registered(prepared: PreparedFace, box: Rectangle) -> Rectangle:
    """A box of face pixels in pixels of the registered picture."""
    matrix = prepared.native
    return bounds(corners(box) * [matrix[0, 0], matrix[1, 1]] + [matrix[0, 2], matrix[1, 2]])


def on_face(prepared: PreparedFace, box: Rectangle) -> Rectangle:
    """A box of registered picture pixels in face pixels."""
    back = np.linalg.inv(prepared.native)
    return bounds(corners(box) * [back[0, 0], back[1, 1]] + [back[0, 2], back[1, 2]])


def in_capture(laid: Aligned, box: Rectangle) -> Rectangle:
    """A box of face pixels in pixels of the capture."""
    return bounds(to_capture(laid.registration.homography, laid.registration.warp, corners(box)))


def corners_in_capture(laid: Aligned, box: Rectangle) -> Corners:
    """The corners of a box of face pixels in pixels of the capture, from its top left."""
    placed = to_capture(laid.registration.homography, laid.registration.warp, corners(box))
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in placed)


def grid_in_capture(registration: Registration, size: tuple[int, int]) -> tuple[Points, Points]:
    """9 x 9 points of the face (81 x 2) and where the whole warp puts them in the capture."""
    x, y = np.meshgrid(np.linspace(0, size[0] - 1, 9), np.linspace(0, size[1] - 1, 9))
    face = np.column_stack([x.ravel(), y.ravel()])
    return face, to_capture(registration.homography, registration.warp, face)


def single_homography(laid: Aligned) -> Matrix:
    """One homography, capture -> registered picture, that stands for the whole warp."""
    face, capture = grid_in_capture(laid.registration, laid.prepared.size)
    matrix, _ = cv2.findHomography(capture, face, 0)
    whole = laid.prepared.native @ (laid.registration.homography if matrix is None else matrix)
    return np.asarray(whole / whole[2, 2])


def scale_of(registration: Registration, prepared: PreparedFace) -> Scale:
    """Scale, tilt and bend of a registered capture.

    The tilt is that of a plane seen from afar: the singular values of the mapping from millimetres (or face pixels) to
    capture pixels at the middle of the face differ by its cosine.
    """
    face, capture = grid_in_capture(registration, prepared.size)
    matrix, _ = cv2.findHomography(face, capture, 0)
    if matrix is None:
        return Scale(1.0, None, 0.0, 0.0)
    middle = np.array([prepared.size[0] / 2, prepared.size[1] / 2, 1.0])
    projected = matrix @ middle
    place = projected[:2] / projected[2]
    jacobian = (matrix[:2, :2] - np.outer(place, matrix[2, :2])) / projected[2]
    per_mm = jacobian if prepared.px_per_mm is None else jacobian * np.array(prepared.px_per_mm)
    large, small = (float(value) for value in np.linalg.svd(per_mm, compute_uv=False))
    px = float(np.linalg.svd(jacobian, compute_uv=False)[1])
    flat = cv2.perspectiveTransform(face[None], matrix)[0]
    bend = float(np.linalg.norm(flat - capture, axis=1).max()) / max(px, 1e-6)
    tilt = math.degrees(math.acos(min(1.0, small / max(large, 1e-9))))
    return Scale(px, None if prepared.px_per_mm is None else 1 / max(small, 1e-9), tilt, bend)


@contextmanager
def timed(ms: dict[str, float], stage: str) -> Iterator[None]:
    """Add the milliseconds of a block to `ms`."""
    start = time.perf_counter()
    yield
    ms[stage] = round(ms.get(stage, 0.0) + (time.perf_counter() - start) * 1e3, 3)
