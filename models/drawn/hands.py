"""Hands that hold a package in front of the camera: fingers with joints, nails and shading, in linear light.

They cover print and throw a shadow; a capture with one is as genuine as before. Skin of all tones, gloves too.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import numpy.typing as npt

from models.drawn.fields import Field, f32, ramp, smooth

Linear = npt.NDArray[np.float32]


def hand(rng: np.random.Generator, height: int, width: int) -> tuple[Linear, Field]:
    """One to four fingers that reach in over an edge: colour (H x W x 3, linear) and cover (H x W, 0..1)."""
    long_side = max(height, width)
    thickness = float(np.exp(rng.uniform(np.log(0.045), np.log(0.16))) * long_side)
    foot, inward = _entry(rng, height, width)
    across = np.array([-inward[1], inward[0]])
    reach = float(np.exp(rng.uniform(np.log(0.02), np.log(0.42))) * long_side)
    count = 1 if rng.random() < 0.55 else int(rng.integers(2, 5))
    solid = np.zeros((height, width), np.float32)  # the height of the skin over the print, 0..1
    nails = np.zeros((height, width), np.float32)
    creases = np.zeros((height, width), np.float32)
    for index in range(count):
        start = foot + across * thickness * 1.02 * index - inward * thickness * 1.5
        length = reach * float(rng.uniform(0.75, 1.15)) + thickness * 1.5
        bend = float(rng.normal(0, 0.12))
        t = np.linspace(0, 1, 12)[:, None]
        spine = start + inward * length * t + across * bend * length * t * t
        _finger(rng, (solid, nails, creases), spine, thickness)
    colour, cover = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    x, y, w, h = cv2.boundingRect((solid > 0).astype(np.uint8))
    if w and h:  # the rest of the face is none of its business
        x0, y0 = max(0, x - 16), max(0, y - 16)
        part = np.s_[y0 : y + h + 16, x0 : x + w + 16]
        colour[part], cover[part] = _shaded(rng, solid[part], nails[part], creases[part], thickness)
    return colour, cover


def _entry(
    rng: np.random.Generator, height: int, width: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Where on the outline a hand comes in, and its direction (unit vector)."""
    side, along = int(rng.integers(4)), float(rng.uniform(0, 1))
    foot = np.array([(along * width, 0), (width, along * height), (along * width, height), (0, along * height)][side])
    inward = np.array([(0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0)][side])
    lean = float(rng.normal(0, 0.6))
    inward = inward + lean * np.array([-inward[1], inward[0]])
    return foot, inward / np.linalg.norm(inward)


def _finger(
    rng: np.random.Generator,
    skin: tuple[Field, Field, Field],
    spine: npt.NDArray[np.float64],
    thickness: float,
) -> None:
    """Add one finger along its spine (12 points, the last the tip) to the height, nail and crease fields."""
    solid, nails, creases = skin
    cover = np.zeros_like(solid)
    radii = thickness / 2 * np.interp(np.linspace(0, 1, 12), [0, 0.5, 0.8, 1], [1.08, 1.0, 0.95, rng.uniform(0.6, 0.9)])
    for (a, b), radius in zip(itertools.pairwise(spine), radii, strict=False):
        ends = [(int(p[0]), int(p[1])) for p in (a, b)]
        cv2.line(cover, ends[0], ends[1], 1.0, max(2, round(2 * radius)), cv2.LINE_AA)
    distance = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 3) / max(1.0, thickness / 2)
    np.maximum(solid, np.sqrt(np.clip(distance * (2 - distance), 0, 1)), out=solid)
    forward = spine[-1] - spine[-2]
    forward /= max(1e-6, float(np.linalg.norm(forward)))
    aside = np.array([-forward[1], forward[0]])
    angle = float(np.degrees(np.arctan2(forward[1], forward[0])))
    if rng.random() < 0.6:
        at = spine[-1] - forward * thickness * float(rng.uniform(0.0, 0.3))
        axes = (max(1, int(thickness * rng.uniform(0.25, 0.4))), max(1, int(thickness * rng.uniform(0.22, 0.36))))
        cv2.ellipse(nails, (int(at[0]), int(at[1])), axes, angle, 0, 360, 1.0, -1, cv2.LINE_AA)
    for share in (rng.uniform(0.45, 0.6), rng.uniform(0.72, 0.82)):
        middle = spine[int(share * 11)]
        for _ in range(int(rng.integers(1, 4))):
            p = middle + forward * float(rng.normal(0, thickness * 0.06))
            a, b = p - aside * thickness * 0.42, p + aside * thickness * 0.42
            cv2.line(creases, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), 1.0, 1, cv2.LINE_AA)


def _shaded(
    rng: np.random.Generator, solid: Field, nails: Field, creases: Field, thickness: float
) -> tuple[Linear, Field]:
    """Skin (or a glove) under one lamp: Lambert over the height field, blotches, creases, pale nails that shine."""
    height, width = solid.shape
    blur = max(0.8, thickness / 14)
    surface = f32(cv2.GaussianBlur(solid, (0, 0), blur)) * (thickness / 2)
    gx, gy = cv2.Sobel(surface, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(surface, cv2.CV_32F, 0, 1, scale=1 / 8)
    norm = np.sqrt(gx * gx + gy * gy + 1)
    angle, steep = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.5, 1.3))
    lamp = np.array([np.cos(angle) * np.cos(steep), np.sin(angle) * np.cos(steep), np.sin(steep)])
    facing = np.clip((-gx * lamp[0] - gy * lamp[1] + lamp[2]) / norm, 0, 1)
    ambient = float(rng.uniform(0.25, 0.6))
    shade = ambient + (1 - ambient) * facing * (0.8 + 0.4 * ramp(height, width, float(rng.uniform(0, 360))))
    glove = rng.random() < 0.12
    tone = float(np.exp(rng.uniform(np.log(0.1), np.log(1.1))))
    base = np.array([0.42, 0.56, 0.92]) if not glove else rng.uniform(0.1, 1.0, 3)
    skin = f32(base * tone * np.exp(rng.normal(0, 0.14, 3)))
    blotch = smooth(rng, height, width, thickness / 3, thickness / 3) - 0.5
    fine = smooth(rng, height, width, max(2.0, thickness / 14), max(2.0, thickness / 14)) - 0.5
    colour = f32(skin[None, None] * f32(shade * (1 + 0.12 * fine))[..., None])
    colour = f32(colour * np.exp(f32([-0.25, -0.18, 0.1])[None, None] * blotch[..., None]))
    if not glove:
        line = f32(cv2.GaussianBlur(creases, (0, 0), max(0.7, thickness / 50)))[..., None]
        colour = f32(colour * (1 - np.clip(line, 0, 1) * float(rng.uniform(0.1, 0.5))))
        pale = f32(cv2.GaussianBlur(nails, (0, 0), max(0.6, thickness / 30)))[..., None]
        shine = f32(facing**12)[..., None] * float(rng.uniform(0, 0.8))
        nail = f32([0.72, 0.76, 0.98]) * min(1.1, tone * 1.4) + shine
        colour = f32(colour * (1 - 0.55 * pale) + nail * 0.55 * pale)
    cover = (solid > 0).astype(np.float32)
    soft = float(rng.uniform(0.6, 1.2) if rng.random() < 0.6 else rng.uniform(1.5, 5))  # nearer to the lens than print
    return np.asarray(colour, np.float32), np.asarray(cv2.GaussianBlur(cover, (0, 0), soft), np.float32)
