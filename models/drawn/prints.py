"""What bad printing does to a face: each fault of a reprint as a function, with a severity, and what is harmless.

Every fault takes uint8 H x W x 3 BGR and a severity of 0 (barely) to 1 (gross) and returns a new picture of the same
size. Lengths scale with the picture's long side, so that a fault looks alike at every resolution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.drawn.fields import as_bytes, f32, smooth

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.measurements import Image

    Fault = Callable[[np.random.Generator, Image, float], Image]


def reprint_blur(rng: np.random.Generator, picture: Image, severity: float) -> Image:
    """Printed from a soft scan: a Gaussian of 0.1% to 0.4% of the long side."""
    sigma = max(picture.shape[:2]) * float(rng.uniform(0.8, 1.2)) * (0.0012 + 0.003 * severity)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(0.8, sigma)), np.uint8)


def halftone(rng: np.random.Generator, picture: Image, severity: float) -> Image:
    """A coarse screen: round dots of each ink at its own angle (15, 75, 0, 45 degrees) under multiplied inks."""
    height, width = picture.shape[:2]
    period = max(height, width) * float(rng.uniform(0.85, 1.15)) * (0.003 + 0.0055 * severity)
    ink = 1 - f32(picture) / 255
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    out = np.empty_like(ink)
    turn = float(rng.uniform(0, 90))
    same = rng.random() < 0.35  # some reprints screen all inks alike
    for channel, degrees in enumerate((0.0, 75.0, 15.0)):
        angle = np.radians(turn + (0.0 if same else degrees))
        u = (x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / period)
        v = (y * np.cos(angle) - x * np.sin(angle)) * (2 * np.pi / period)
        screen = (np.cos(u) + np.cos(v)) / 4 + 0.5
        hardness = float(rng.uniform(2.5, 8))
        out[..., channel] = np.clip((ink[..., channel] - screen) * hardness + 0.5, 0, 1)
    strength = min(1.0, 0.35 + 0.65 * severity + float(rng.uniform(-0.15, 0.15)))
    return as_bytes(f32(1 - (ink * (1 - strength) + out * strength)))


def low_resolution(rng: np.random.Generator, picture: Image, severity: float) -> Image:
    """Printed from a small picture: averaged down, JPEG at low quality, enlarged by pixels or smoothly."""
    height, width = picture.shape[:2]
    factor = 1.8 + 4.5 * severity * float(rng.uniform(0.8, 1.2))
    small = cv2.resize(
        picture, (max(8, int(width / factor)), max(8, int(height / factor))), interpolation=cv2.INTER_AREA
    )
    if rng.random() < 0.6:
        _, code = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])
        small = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    method = cv2.INTER_NEAREST if rng.random() < 0.4 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(small, (width, height), interpolation=method), np.uint8)


def posterise(rng: np.random.Generator, picture: Image, severity: float) -> Image:
    """Too few levels per ink: 12 down to 3."""
    levels = round(12 - 9 * severity + float(rng.uniform(-0.5, 0.5)))
    step = 255.0 / max(2, levels - 1)
    source = cv2.GaussianBlur(picture, (0, 0), 1.0) if rng.random() < 0.5 else picture
    return np.asarray(np.clip(np.round(f32(source) / step) * step, 0, 255), np.uint8)


def banding(rng: np.random.Generator, picture: Image, severity: float) -> Image:
    """Starved nozzles or a jerky feed: lighter and darker bands along one direction."""
    height, width = picture.shape[:2]
    period = max(height, width) * float(rng.uniform(0.006, 0.035))
    along_x = rng.random() < 0.5
    t = np.arange(width if along_x else height, dtype=np.float32) / period
    wave = np.sin(2 * np.pi * (t + 0.3 * np.sin(t * float(rng.uniform(0.2, 1)))))
    if rng.random() < 0.4:
        wave = np.sign(wave) * np.abs(wave) ** 0.3
    elif rng.random() < 0.4:
        wave = np.where(wave > 0.8, 1.5, 0.0)
    depth = (0.04 + 0.16 * severity) * np.exp(rng.normal(0, 0.4, 3) if rng.random() < 0.4 else np.zeros(3))
    gain = 1 + f32(wave)[:, None] * f32(depth)[None]
    gain = gain[None] if along_x else gain[:, None]
    return np.asarray(np.clip(f32(picture) * gain + 0.25 * 255 * (gain - 1), 0, 255), np.uint8)


def misregistered(rng: np.random.Generator, picture: Image, severity: float) -> Image:
    """Inks off their places by 0.1% to 0.6% of the long side: colour fringes at every edge."""
    reach = max(picture.shape[:2]) * (0.0012 + 0.0045 * severity)
    out = picture.copy()
    first = int(rng.integers(3))
    for channel in (first, (first + 1) % 3)[: int(rng.integers(1, 3))]:
        angle = float(rng.uniform(0, 2 * np.pi))
        shift = f32([[1, 0, reach * np.cos(angle)], [0, 1, reach * np.sin(angle)]])
        plane = np.ascontiguousarray(picture[..., channel])
        moved = cv2.warpAffine(plane, shift, (plane.shape[1], plane.shape[0]), borderMode=cv2.BORDER_REPLICATE)
        out[..., channel] = moved
    return out


FAULTS: dict[str, Fault] = {
    "reprint_blur": reprint_blur,
    "halftone": halftone,
    "lowres_reprint": low_resolution,
    "posterised": posterise,
    "banding": banding,
    "misregistered": misregistered,
}


def batch(rng: np.random.Generator, picture: Image) -> Image:
    """The harmless difference between two print runs: ink density by a few percent, dot gain, slight unevenness."""
    values = f32(picture) / 255
    gain = np.exp(rng.normal(0, 0.015, 3)) * (1 + 0.02 * rng.normal())
    height, width = picture.shape[:2]
    uneven = 1 + (smooth(rng, height, width, height / 2, width / 2) - 0.5) * float(rng.uniform(0, 0.05))
    return as_bytes(f32(np.clip(values, 0, 1) ** float(np.exp(rng.normal(0, 0.04))) * gain * uneven[..., None]))
