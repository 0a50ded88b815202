"""Find a registered face in a capture: keypoints, matches, one homography. What it is not: a judgement of likeness.

ORB (Rublee et al., ICCV 2011) answers in a few milliseconds; SIFT (Lowe, IJCV 2004) is asked only where ORB finds too
little. Matches pass a ratio test and USAC_MAGSAC (Barath et al., CVPR 2020). All coordinates are pixels of the two
grey pictures that were given.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.measurements import Image

Grey: TypeAlias = npt.NDArray[np.uint8]
Matrix: TypeAlias = npt.NDArray[np.float64]
Distances: TypeAlias = npt.NDArray[np.float32]

ENOUGH_PX = 2800  # long side of a capture from which half of its pixels still show a face at the pack's size
LOCATE_PX = 800  # long side at which ORB looks at a capture
SIFT_PX = 512  # long side at which SIFT looks at either side
ORB_POINTS = 1500
SIFT_POINTS = 1000
HUE = 0.5  # of each opponent colour beside grey, in a descriptor of three
TINY = 1e-6
ORB_ENOUGH = 20  # inliers from which ORB's homography is taken; below it SIFT is asked
SIFT_ENOUGH = 10  # inliers below which a face counts as not found
REPROJECTION_PX = 3.0
LOOSE_PX = 25.0  # of a face that is wound around something or bulges
LOOSE_ENOUGH = 50  # matches on it; other faces with a like layout had 39 at most, bent ones 110 at least
LOOSE_CELLS = 5
SMALLEST_SIDE_PX = 24.0  # of the found quadrilateral
ORB_SMALLEST_PX = 16  # side below which ORB's pyramid shrinks to nothing; its border of 31 px finds no point there


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """Points (n x 2, x and y) and their descriptors (n rows) of one grey picture."""

    points: npt.NDArray[np.float32]
    descriptors: npt.NDArray[Any]  # uint8 x 32 (ORB), float32 x 128 (SIFT) or float16 x 384 (SIFT in colours)
    kind: str  # "orb", "sift" or "colours"


@dataclass(frozen=True, slots=True, eq=False)
class Location:
    """Where a face lies: `homography` maps capture pixels to face pixels."""

    homography: Matrix
    inliers: int
    kind: str


@dataclass(eq=False)
class View:
    """One capture and the keypoints already found in it, shared by all faces that it is compared with."""

    image: Image
    finer: Callable[[], Image] | None = None  # the same picture at twice its sides, where `image` was opened at half

    @cached_property
    def base(self) -> tuple[Image, Matrix]:
        """The capture halved until it is below ENOUGH_PX, and the mapping of capture pixels to its pixels."""
        image, whole = self.image, np.eye(3)
        while max(image.shape[:2]) > ENOUGH_PX:  # twofold shrinking is by far the fastest on many pixels
            image, matrix = resized(image, 0.5)
            whole = matrix @ whole
        return image, whole

    @cached_property
    def small(self) -> tuple[Grey, Matrix]:
        """The grey capture at LOCATE_PX, and the mapping of `base` pixels to its pixels."""
        image = self.base[0]
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)  # first: a third is left to be shrunk
        return resized(grey, min(1.0, LOCATE_PX / max(image.shape[:2])))

    @cached_property
    def orb(self) -> Keypoints:
        """ORB keypoints in pixels of `small`."""
        return orb_keypoints(self.small[0])

    @cached_property
    def sift(self) -> Keypoints:
        """SIFT keypoints in pixels of `small`."""
        return sift_keypoints(self.small[0])

    @cached_property
    def colours(self) -> Keypoints:
        """SIFT keypoints in colours: to count matches, not to say where."""
        return colour_keypoints(self.base[0])


def resized(image: Image, factor: float) -> tuple[Image, Matrix]:
    """The picture times `factor`, and the mapping of its pixels to those of the result (middles to middles)."""
    height, width = image.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    result = image if size == (width, height) else cv2.resize(image, size, interpolation=way)
    across, down = size[0] / width, size[1] / height
    matrix = np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1.0]])
    return np.asarray(result, np.uint8), matrix


def orb_keypoints(grey: Grey) -> Keypoints:
    """ORB keypoints of a grey picture of 400 to 1000 px long side; none in a strip of a few pixels."""
    if min(grey.shape) < ORB_SMALLEST_PX:
        return _packed((), None, "orb", 32, np.uint8)
    engine = cv2.ORB.create(nfeatures=ORB_POINTS, scaleFactor=1.2, nlevels=8, fastThreshold=8)
    found, descriptors = engine.detectAndCompute(grey, None)
    return _packed(found, descriptors, "orb", 32, np.uint8)


def sift_keypoints(grey: Grey) -> Keypoints:
    """SIFT keypoints, looked for at SIFT_PX, in the pixels given; RootSIFT (Arandjelovic and Zisserman, CVPR 2012)."""
    looked_at, factor = at_sift_px(grey)
    found, descriptors = _sift_engine().detectAndCompute(looked_at, None)
    packed = _packed(found, None if descriptors is None else _rooted(descriptors), "sift", 128, np.float32)
    return Keypoints(((packed.points + 0.5) / factor - 0.5).astype(np.float32), packed.descriptors, "sift")


def colour_keypoints(picture: Image) -> Keypoints:
    """SIFT keypoints described in grey, red against green and yellow against blue, in pixels of SIFT_PX.

    OpponentSIFT (van de Sande et al., PAMI 2010), each of the three rooted as `sift_keypoints` does: it tells goods
    of one maker apart that share their print and differ in its colours. Rows of 384 numbers, of unit length.
    """
    small, _ = at_sift_px(picture)
    engine = _sift_engine()
    found, described = engine.detectAndCompute(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), None)
    if described is None:
        return _packed((), None, "colours", 384, np.float16)
    hues = [HUE * _rooted(engine.compute(channel, found)[1]) for channel in _opponents(small)]
    rows = np.concatenate([_rooted(described), *hues], axis=1)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), TINY)
    return _packed(found, rows, "colours", 384, np.float16)


def at_sift_px(picture: Image) -> tuple[Image, float]:
    """A picture, grey or in colour, as SIFT looks at it, and the factor by which it was shrunk."""
    factor = min(1.0, SIFT_PX / max(picture.shape[:2]))
    size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), factor


def _sift_engine() -> cv2.SIFT:
    return cv2.SIFT.create(nfeatures=SIFT_POINTS, contrastThreshold=0.02)


def _rooted(descriptors: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    total = np.abs(descriptors).sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt(descriptors / np.maximum(total, TINY)), np.float32)


def _opponents(picture: Image) -> tuple[Grey, Grey]:
    """Red against green, and yellow against blue, each around 128."""
    blue, green, red = (channel.astype(np.float32) for channel in cv2.split(picture))
    apart = ((red - green) / np.sqrt(2), (red + green - 2 * blue) / np.sqrt(6))
    first, second = (np.clip(channel + 128, 0, 255).astype(np.uint8) for channel in apart)
    return first, second


def _packed(
    found: object, descriptors: npt.NDArray[np.generic] | None, kind: str, width: int, dtype: type[np.generic]
) -> Keypoints:
    if descriptors is None:
        return Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, width), dtype), kind)
    points = cv2.KeyPoint.convert(found)  # type: ignore[call-overload]  # the stub knows lists only
    return Keypoints(np.asarray(points, np.float32), descriptors, kind)


def matched(capture: Keypoints, face: Keypoints, *, ratio: float) -> npt.NDArray[np.intp]:
    """Index pairs (n x 2: capture, face) that pass Lowe's ratio test and are each other's only claim."""
    if len(capture.points) < 2 or len(face.points) < 2:  # noqa: PLR2004 - a ratio needs two neighbours
        return np.zeros((0, 2), np.intp)
    first, second, nearest = _hamming(capture, face) if face.kind == "orb" else _euclidean(capture, face)
    passed = np.flatnonzero(first < ratio * second)
    order = passed[np.argsort(first[passed], kind="stable")]
    _, kept = np.unique(nearest[order], return_index=True)
    return np.column_stack([nearest[order][kept], order[kept]])


def _hamming(capture: Keypoints, face: Keypoints) -> tuple[Distances, Distances, npt.NDArray[np.intp]]:
    distances, nearest = cv2.batchDistance(
        face.descriptors, capture.descriptors, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=2
    )
    table = distances.astype(np.float32)
    return table[:, 0], table[:, 1], nearest[:, 0].astype(np.intp)


def _euclidean(capture: Keypoints, face: Keypoints) -> tuple[Distances, Distances, npt.NDArray[np.intp]]:
    """RootSIFT descriptors have unit length, so that one matrix product holds all distances."""
    likeness = face.descriptors.astype(np.float32, copy=False) @ capture.descriptors.astype(np.float32, copy=False).T
    rows = np.arange(len(likeness))
    nearest = likeness.argmax(axis=1)
    best = likeness[rows, nearest].copy()
    likeness[rows, nearest] = -1.0
    runner_up = likeness.max(axis=1)
    return np.sqrt(np.maximum(2 - 2 * best, 0)), np.sqrt(np.maximum(2 - 2 * runner_up, 0)), nearest


def homography_of(capture: Keypoints, face: Keypoints, face_size: tuple[int, int], *, ratio: float) -> Location | None:
    """The plausible homography between two sets of keypoints, or None.

    `face_size` is (width, height) in face pixels: a mapping that mirrors, folds or shrinks the face to nothing is
    refused, whatever its inliers.
    """
    pairs = matched(capture, face, ratio=ratio)
    if len(pairs) < 8:  # noqa: PLR2004 - twice the minimum of a homography
        return None
    source, target = capture.points[pairs[:, 0]], face.points[pairs[:, 1]]
    matrix, mask = cv2.findHomography(source, target, cv2.USAC_MAGSAC, REPROJECTION_PX, maxIters=3000, confidence=0.999)
    if matrix is None:
        return None
    homography = np.asarray(matrix, np.float64)
    if not plausible(homography, face_size):
        return None
    return Location(homography, int(mask.sum()), face.kind)


def loosely_found(capture: Keypoints, face: Keypoints, face_size: tuple[int, int], *, ratio: float) -> float:
    """The share of the face (5 x 5 cells that hold keypoints) that is found again on a surface that need be no plane.

    One homography is fitted with a tolerance that a bottle or a filled pouch keeps and other faces do not. 0.0 where
    too few matches agree.
    """
    pairs = matched(capture, face, ratio=ratio)
    if len(pairs) < LOOSE_ENOUGH:
        return 0.0
    source, target = capture.points[pairs[:, 0]], face.points[pairs[:, 1]]
    matrix, mask = cv2.findHomography(source, target, cv2.USAC_MAGSAC, LOOSE_PX, maxIters=3000, confidence=0.999)
    if matrix is None or int(mask.sum()) < LOOSE_ENOUGH or not plausible(np.asarray(matrix, np.float64), face_size):
        return 0.0
    held, found = (_cells_of(points, face_size) for points in (face.points, target[mask.ravel() > 0]))
    return len(held & found) / len(held)


def _cells_of(points: npt.NDArray[np.float32], size: tuple[int, int]) -> set[tuple[int, int]]:
    return {(int(x), int(y)) for x, y in np.floor(points / np.array(size) * LOOSE_CELLS)}


def plausible(homography: Matrix, face_size: tuple[int, int]) -> bool:
    """Whether the face's outline stays a convex, unmirrored, non-degenerate quadrilateral in the capture."""
    width, height = face_size
    if abs(float(np.linalg.det(homography))) < 1e-12:  # noqa: PLR2004 - singular in float64 terms
        return False
    outline = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    back = np.linalg.inv(homography)
    projected = np.column_stack([outline, np.ones(4)]) @ back.T
    if (projected[:, 2] * projected[0, 2] <= 0).any():
        return False
    quad = projected[:, :2] / projected[:, 2:]
    edges = np.roll(quad, -1, axis=0) - quad
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    sides = np.hypot(edges[:, 0], edges[:, 1])
    opposite = max(sides[0] / sides[2], sides[2] / sides[0], sides[1] / sides[3], sides[3] / sides[1])
    return bool((turns > 0).all() and sides.min() > SMALLEST_SIDE_PX and opposite < 4)  # noqa: PLR2004 - tilt of ~75 deg
