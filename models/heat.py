"""Pictures of a comparison, as JPEG: the aligned capture with differences marked, and a region beside its registration.

They show the rectified face only. They are for eyes; nothing is measured on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.aligned import on_face

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.aligned import Aligned
    from models.measurements import FaceDifference, Image, Rectangle, Tensor
    from models.pack import Pack

JPEG_QUALITY = 88
PAIR_PX = 320  # long side of one half of a pair
MARGIN = 0.25  # of a region's sides, shown around it


def heat(aligned: Aligned, maps: Mapping[str, Tensor], found: Sequence[FaceDifference], pack: Pack) -> bytes:
    """The aligned capture with scored places in a warm glow and boxes where the check threshold is passed."""
    picture = aligned.registration.aligned
    height, width = picture.shape[:2]
    glow = np.zeros((height, width), np.float32)
    for kind, values in maps.items():
        scores = pack.judgements[kind].scores(values)
        np.maximum(glow, cv2.resize(scores, (width, height), interpolation=cv2.INTER_LINEAR), out=glow)
    strength = np.clip(glow, 0, 1) * np.float32(0.6)
    warm = np.full_like(picture, (40, 60, 255))
    drawn = cv2.blendLinear(picture, warm, 1 - strength, strength)
    for one in found:
        if one.score >= pack.threshold_check:
            cv2.rectangle(drawn, on_face(aligned.prepared, one.box), (255, 0, 255), 3)
    return jpeg(np.asarray(drawn, np.uint8))


def pair(registered: Image, captured: Image, box: Rectangle) -> bytes:
    """A region (face pixels) with its surroundings: registered on the left, captured on the right."""
    x, y, w, h = box
    height, width = registered.shape[:2]
    across, down = round(w * MARGIN) + 4, round(h * MARGIN) + 4
    left, top, right, bottom = (
        max(0, x - across),
        max(0, y - down),
        min(width, x + w + across),
        min(height, y + h + down),
    )
    factor = PAIR_PX / max(right - left, bottom - top)
    halves = [
        cv2.resize(side[top:bottom, left:right], None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        for side in (registered, captured)
    ]
    gap = np.full((halves[0].shape[0], 6, 3), 255, np.uint8)
    return jpeg(np.asarray(np.hstack([halves[0], gap, halves[1]]), np.uint8))


def jpeg(image: Image) -> bytes:
    """The picture as JPEG."""
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return encoded.tobytes()
