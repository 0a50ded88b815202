"""Lay a capture onto a registered face to half a pixel: block matching and a robust cubic warp.

Normalised cross-correlation of blocks (Lewis, 1995) in two passes, coarse then fine, and a cubic polynomial fitted with
Cauchy weights, so that a moved logo stays a difference and is not warped away. What it is not: a judgement of likeness.
Coordinates: "face" pixels are those of the registered face at the pack's size; "capture" pixels those of the frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from models.locate import Grey, Matrix, resized

if TYPE_CHECKING:
    from models.measurements import Image

BLOCK_PX = 48
COARSE_REACH_PX = 16
FINE_REACH_PX = 4
PASSES = ((2, COARSE_REACH_PX), (1, FINE_REACH_PX), (2, COARSE_REACH_PX), (1, FINE_REACH_PX))  # (shrink, reach)
ENOUGH_AGREE = 0.75  # share of blocks on the warp from which the second round is spared
GRID_PX = 8  # the warp is evaluated on this grid and interpolated
LEAST_CONTRAST = 4.0  # grey levels (standard deviation) of a block worth matching
LEAST_CORRELATION = 0.35
LEAST_BLOCKS = 12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """Face pixels -> homography-warped face pixels: p + cubic(p). `coefficients` is 10 x 2; zeros when unrefined."""

    coefficients: Floats
    size: tuple[int, int]  # width, height of the face


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """A capture laid onto the face. `aligned` and `inside` are in face pixels."""

    aligned: Image
    inside: Grey  # 255 where the capture shows the face
    homography: Matrix  # capture -> face pixels
    warp: Warp
    residual_px: float  # median distance of the last blocks from the fitted warp, at the face's size
    correlation: float  # median block correlation of the last pass
    agreeing: float  # share of matched blocks that follow the warp
    confirmed: float  # share of all textured blocks that were matched and follow the warp


def cubic_terms(x: Floats, y: Floats) -> Floats:
    """The ten monomials up to degree three of coordinates scaled to -1..1 (n x 10)."""
    return np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3])


def displacement(warp: Warp, points: Floats) -> Floats:
    """Displacement (n x 2, pixels) of the warp at face pixels `points` (n x 2)."""
    width, height = warp.size
    half = max(width, height) / 2
    scaled = (points - np.array([width / 2, height / 2])) / half
    moved: Floats = cubic_terms(scaled[:, 0], scaled[:, 1]) @ warp.coefficients
    return moved


def to_capture(homography: Matrix, warp: Warp, points: Floats) -> Floats:
    """Face pixels (n x 2) -> capture pixels (n x 2)."""
    moved = points + displacement(warp, points)
    projected = np.column_stack([moved, np.ones(len(moved))]) @ np.linalg.inv(homography).T
    return np.asarray(projected[:, :2] / projected[:, 2:])


def sampling_maps(homography: Matrix, warp: Warp) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The x and y maps (height x width) with which cv2.remap draws the face from the capture."""
    return maps_of(homography, warp, (0.0, 0.0), 1.0, warp.size)


def maps_of(
    homography: Matrix, warp: Warp, corner: tuple[float, float], step: float, size: tuple[int, int]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The maps with which cv2.remap draws a part of the face: `size` (width, height) samples, `step` face pixels apart.

    `corner` is the part's outer corner in face pixels: pixel middles stand at whole numbers, edges half a pixel beside.
    """
    width, height = size
    columns, rows = -(-width // GRID_PX) + 2, -(-height // GRID_PX) + 2
    # Nodes stand at the middle of their cells, one cell beyond each edge: cv2.resize interpolates between middles.
    x, y = np.meshgrid((np.arange(columns) - 0.5) * GRID_PX, (np.arange(rows) - 0.5) * GRID_PX)
    face = np.column_stack([x.ravel() * step + corner[0], y.ravel() * step + corner[1]]) - 0.5
    nodes = to_capture(homography, warp, face).astype(np.float32)
    maps: list[npt.NDArray[np.float32]] = []
    for axis in (0, 1):
        grid = nodes[:, axis].reshape(rows, columns)
        full = cv2.resize(grid, (columns * GRID_PX, rows * GRID_PX), interpolation=cv2.INTER_LINEAR)
        maps.append(np.ascontiguousarray(full[GRID_PX : GRID_PX + height, GRID_PX : GRID_PX + width], np.float32))
    return maps[0], maps[1]


def register(frame: Image, homography: Matrix, face_grey: Grey) -> Registration | None:
    """Refine a first homography (capture -> face) and draw the aligned capture.

    Args:
        frame: the capture, uint8 H x W x 3 BGR, any size.
        homography: capture pixels -> face pixels, right to within COARSE_REACH_PX.
        face_grey: the registered face at the pack's size, uint8.

    Returns:
        None when too few textured blocks can be matched to say where the face lies.
    """
    height, width = face_grey.shape
    source, to_source = _sized(frame, homography)
    warp = Warp(np.zeros((10, 2)), (width, height))
    grey = cv2.cvtColor(source, cv2.COLOR_BGR2GRAY)
    matrix = homography @ np.linalg.inv(to_source)
    residual, correlation, agreeing, confirmed = np.inf, 0.0, 0.0, 0.0
    for shrink, reach in PASSES:
        if shrink == PASSES[0][0] and agreeing > ENOUGH_AGREE:
            break
        drawn = cv2.remap(grey, *sampling_maps(matrix, warp), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        blocks = _matched_blocks(np.asarray(drawn, np.uint8), face_grey, shrink, reach)
        if blocks is None:
            return None
        warp, residual, correlation, agreeing = _fitted(blocks, warp)
        confirmed = agreeing * len(blocks.centres) / blocks.textured
    maps = sampling_maps(matrix, warp)
    aligned = cv2.remap(source, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    limit_y, limit_x = source.shape[0] - 1, source.shape[1] - 1
    inside = (maps[0] >= 0) & (maps[0] <= limit_x) & (maps[1] >= 0) & (maps[1] <= limit_y)
    return Registration(
        aligned=np.asarray(aligned, np.uint8),
        inside=inside.astype(np.uint8) * 255,
        homography=homography,
        warp=warp,
        residual_px=residual,
        correlation=correlation,
        agreeing=agreeing,
        confirmed=confirmed,
    )


def _sized(frame: Image, homography: Matrix) -> tuple[Image, Matrix]:
    """The frame shrunk until about one and a half of its pixels make a face pixel, and the scaling that did it."""
    back = np.linalg.inv(homography / homography[2, 2])
    scale = float(np.sqrt(abs(np.linalg.det(back[:2, :2] / back[2, 2]))))
    factor = min(1.0, 1.5 / max(scale, 1e-6))
    if factor > 0.8:  # noqa: PLR2004 - not worth a pass over the frame
        return frame, np.eye(3)
    return resized(frame, factor)


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    centres: Floats  # n x 2, face pixels
    shifts: Floats  # n x 2, face pixels
    correlation: Floats  # n
    textured: int  # blocks of the face that could have been matched


def _matched_blocks(drawn: Grey, face: Grey, shrink: int, reach: int) -> _Blocks | None:
    """Where each textured block of the face lies in the drawn capture."""
    if shrink > 1:
        size = (face.shape[1] // shrink, face.shape[0] // shrink)
        drawn = np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), np.uint8)
        face = np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_AREA), np.uint8)
    block, reach = BLOCK_PX // shrink, -(-reach // shrink)
    height, width = face.shape
    padded = cv2.copyMakeBorder(drawn, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    centres, shifts, correlation, textured = [], [], [], 0
    for top in np.linspace(0, height - block, max(2, round(height / block))).astype(int):
        for left in np.linspace(0, width - block, max(2, round(width / block))).astype(int):
            template = face[top : top + block, left : left + block]
            if float(cv2.meanStdDev(template)[1][0, 0]) < LEAST_CONTRAST:
                continue
            textured += 1
            window = padded[top : top + block + 2 * reach, left : left + block + 2 * reach]
            answer = np.asarray(cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED), np.float32)
            _, peak, _, (x, y) = cv2.minMaxLoc(answer)
            if not np.isfinite(peak) or peak < LEAST_CORRELATION:
                continue
            centres.append((left + (block - 1) / 2, top + (block - 1) / 2))
            shifts.append((x - reach + top_of(answer[y], x), y - reach + top_of(answer[:, x], y)))
            correlation.append(peak)
    if len(centres) < LEAST_BLOCKS:
        return None
    at = np.array(centres) * shrink + (shrink - 1) / 2
    return _Blocks(at, np.array(shifts) * shrink, np.array(correlation), textured)


def top_of(line: npt.NDArray[np.float32], peak: int) -> float:
    """The offset (-0.5..0.5) of a parabola's top through a peak and its neighbours."""
    if peak in (0, len(line) - 1):
        return 0.0
    before, top, after = (float(value) for value in line[peak - 1 : peak + 2])
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0


def _fitted(blocks: _Blocks, warp: Warp) -> tuple[Warp, float, float, float]:
    """Add a cubic fit of the blocks' shifts to `warp`; Cauchy weights, six rounds, a light ridge on high terms."""
    width, height = warp.size
    half = max(width, height) / 2
    scaled = (blocks.centres - np.array([width / 2, height / 2])) / half
    terms = cubic_terms(scaled[:, 0], scaled[:, 1])
    ridge = np.diag([1e-6, 1e-4, 1e-4, 0.02, 0.02, 0.02, 0.05, 0.05, 0.05, 0.05]) * len(terms) * 0.2
    prior = np.median(blocks.shifts, axis=0)
    distance = np.linalg.norm(blocks.shifts - prior, axis=1)
    coefficients = np.zeros((10, 2))
    for _ in range(6):
        scale = max(0.4, 1.5 * float(np.median(distance)))
        weight = blocks.correlation**2 / (1 + (distance / scale) ** 2)
        normal = terms.T @ (weight[:, None] * terms) + ridge
        coefficients = np.linalg.solve(normal, terms.T @ (weight[:, None] * blocks.shifts))
        distance = np.linalg.norm(blocks.shifts - terms @ coefficients, axis=1)
    agreeing = float((distance < 2.0).mean())  # noqa: PLR2004 - two face pixels
    added = Warp(warp.coefficients + coefficients, warp.size)
    return added, float(np.median(distance)), float(np.median(blocks.correlation)), agreeing
