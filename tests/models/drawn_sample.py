"""A drawn sample of 60 x 90 mm with a logo, a line of micro-print and a hologram, and photographs of it."""

from __future__ import annotations

import cv2
import numpy as np

from models.measurements import Image

SIZE_MM = (60.0, 90.0)


def printed(shine: int = 0) -> Image:
    """The face at 10 pixels a millimetre, its hologram in the colours of one side."""
    rng = np.random.default_rng(1)
    face = np.full((900, 600, 3), (150, 170, 190), np.uint8)
    for row in range(16):
        words = "".join(chr(int(v)) for v in rng.integers(65, 91, 13))
        ink = tuple(int(v) for v in rng.integers(0, 110, 3))
        cv2.putText(face, words, (15, 60 + row * 35), row % 4, 1.0, ink, 2, cv2.LINE_AA)
    cv2.putText(face, "GENUINE KUMO AUDIO " * 3, (42, 655), 0, 0.5, (30, 30, 30), 1, cv2.LINE_AA)
    hue = (np.mgrid[0:140, 0:140].sum(0) // 3 + 60 * shine) % 180
    flakes = np.dstack([hue, np.full_like(hue, 200), np.full_like(hue, 210)]).astype(np.uint8)
    face[700:840, 60:200] = cv2.cvtColor(flakes, cv2.COLOR_HSV2BGR)
    return face


def photograph(face: Image, mm_per_px: float = 0.1) -> Image:
    """The face in the middle of a dark ground."""
    size = round(60 / mm_per_px), round(90 / mm_per_px)
    shot = np.full((size[1] + 120, size[0] + 120, 3), 30, np.uint8)
    shot[60:-60, 60:-60] = cv2.resize(face, size, interpolation=cv2.INTER_AREA)
    return shot
