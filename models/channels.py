"""The three channels of a picture as one plane: many times as fast as numpy's reduction over its short last axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from models.locate import Grey
    from models.measurements import Image


def darkest(picture: Image) -> Grey:
    """The least of each pixel's channels (H x W)."""
    blue, green, red = cv2.split(picture)
    return np.asarray(cv2.min(cv2.min(blue, green), red), np.uint8)


def lightest(picture: Image) -> Grey:
    """The largest of each pixel's channels (H x W)."""
    blue, green, red = cv2.split(picture)
    return np.asarray(cv2.max(cv2.max(blue, green), red), np.uint8)
