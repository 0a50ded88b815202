"""Grounds and light: gradients, grain, folds of colour, foil. Pictures in, pictures out; no products.

Every function takes the generator that it draws from, so that one seed gives one picture.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from provisioning.demo.canvas import Pixels, bgr

Field: TypeAlias = npt.NDArray[np.float32]


def ramp(shape: tuple[int, ...], colours: tuple[str, ...], angle_deg: float = 90.0) -> Pixels:
    """A picture of `shape` (rows, columns, ...) that runs through `colours`; 90° runs from top to bottom."""
    rows, columns = shape[:2]
    angle = np.deg2rad(angle_deg)
    x, y = np.linspace(-0.5, 0.5, columns, dtype=np.float32), np.linspace(-0.5, 0.5, rows, dtype=np.float32)
    along = x[None, :] * np.float32(np.cos(angle)) + y[:, None] * np.float32(np.sin(angle))
    return toned(along, colours)


def glow(shape: tuple[int, ...], centre: tuple[float, float], colours: tuple[str, ...], reach: float = 0.8) -> Pixels:
    """A picture that runs through `colours` outwards from `centre` (shares of width and height)."""
    rows, columns = shape[:2]
    x = (np.arange(columns, dtype=np.float32) - centre[0] * columns) / columns
    y = (np.arange(rows, dtype=np.float32) - centre[1] * rows) / columns
    distance = np.sqrt(x[None, :] ** 2 + y[:, None] ** 2) / np.float32(reach)
    return toned(np.clip(distance, 0, 1), colours, stretch=False)


def toned(values: Field, colours: tuple[str, ...], *, stretch: bool = True) -> Pixels:
    """`values` as a picture whose lowest value has the first colour and whose highest the last."""
    if stretch:
        low, high = float(values.min()), float(values.max())
        values = (values - np.float32(low)) / np.float32(max(high - low, 1e-6))
    table = np.array([bgr(colour) for colour in colours], np.float32)
    steps = np.linspace(0, 1, 256) * (len(colours) - 1)
    lut = np.stack([np.interp(steps, np.arange(len(colours)), table[:, i]) for i in range(3)], axis=-1)
    index = (values * 255).clip(0, 255).astype(np.uint8)
    return np.rint(lut).astype(np.uint8)[index]


def clouds(shape: tuple[int, ...], rng: np.random.Generator, octaves: tuple[int, ...] = (3, 7, 15, 40)) -> Field:
    """Smooth noise: a sum of random grids of so many cells along the height, the coarse ones strongest. 0..1."""
    rows, columns = shape[:2]
    total = np.zeros((rows, columns), np.float32)
    for order, cells in enumerate(octaves):
        grid = rng.random((cells, max(2, cells * columns // rows))).astype(np.float32)
        total += cv2.resize(grid, (columns, rows), interpolation=cv2.INTER_CUBIC) / np.float32(1.8**order)
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / (high - low), np.float32)


def grained(picture: Pixels, rng: np.random.Generator, strength: float, stretch: int = 1) -> Pixels:
    """The picture with paper grain of `strength` grey levels; `stretch` > 1 draws it out sideways (brushed metal)."""
    rows, columns = picture.shape[:2]
    noise = rng.standard_normal((rows, max(2, columns // stretch)), dtype=np.float32) * np.float32(strength)
    if stretch > 1:
        noise = cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return np.asarray(np.rint(np.clip(picture + noise[..., None], 0, 255)), np.uint8)


def folds(shape: tuple[int, ...], rng: np.random.Generator, colours: tuple[str, ...], bends: float = 3.0) -> Pixels:
    """Silk-like folds of colour."""
    rows, columns = shape[:2]
    x = np.linspace(0, 1, columns, dtype=np.float32)[None, :]
    y = np.linspace(0, rows / columns, rows, dtype=np.float32)[:, None]
    warp = clouds(shape, rng, (2, 4, 6))
    phase = np.float32(rng.random() * 6)
    return toned(np.sin(np.float32(bends) * (2.1 * x + 3.0 * y + 2.2 * warp) * 2 + phase).astype(np.float32), colours)


def bokeh(
    picture: Pixels, rng: np.random.Generator, colours: tuple[str, ...], count: int, radius_px: tuple[int, int]
) -> Pixels:
    """The picture with `count` soft discs of light over it."""
    layer = np.zeros_like(picture)
    rows, columns = picture.shape[:2]
    for _ in range(count):
        centre = (int(rng.integers(columns)), int(rng.integers(rows)))
        tone = np.array(bgr(colours[int(rng.integers(len(colours)))])) * float(rng.uniform(0.15, 0.6))
        cv2.circle(layer, centre, int(rng.integers(*radius_px)), [float(t) for t in tone], -1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(layer, (0, 0), radius_px[0] / 6 + 0.5)
    return np.asarray(cv2.add(picture, soft), np.uint8)


def foil(shape: tuple[int, ...], rng: np.random.Generator) -> Pixels:
    """A hologram patch as one light shows it: bands of the spectrum, a fine grating, a bright star pattern."""
    rows, columns = shape[:2]
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    warp = clouds(shape, rng, (2, 3, 5))
    burst = np.arctan2(y - rows / 2, x - columns / 2)
    hue = (x / columns * 260 + y / rows * 120 + warp * 160 + burst * 18) % 180
    value = 205 + 30 * np.sin(burst * 16) + 18 * np.sin((x + y) * 1.1)
    hsv = np.stack([hue, np.full_like(hue, 95) + 40 * warp, np.clip(value, 0, 255)], axis=-1).astype(np.uint8)
    picture = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    cv2.rectangle(picture, (0, 0), (columns - 1, rows - 1), (225, 225, 225), 1)
    return np.asarray(picture, np.uint8)
