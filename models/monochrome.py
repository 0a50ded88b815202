"""Whether a picture has colours at all: a monochrome imager, or a camera that was set to grey, gives one tint at most.

It looks at the whole picture, what lies around a package included: goods printed in grey are no grey picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from models.measurements import Image

SAMPLE = 20_000  # pixels that tell
DARK, BURNT_OUT = 4, 250  # a channel beyond them tells no colour
LEAST_PX = 50  # of the sample, to tell anything
# Grey levels: what a JPEG of one tint makes up, which stays where the picture is dim, and a share of the mean tone.
CODED, COLOURLESS = 1.5, 0.018


def colourless(picture: Image) -> bool:
    """Whether the opponent colours of a picture (H x W x 3 BGR uint8) follow its tone alone."""
    step = max(1, round((picture.shape[0] * picture.shape[1] / SAMPLE) ** 0.5))
    pixels = picture[::step, ::step].reshape(-1, 3).astype(np.float32)
    pixels = pixels[(pixels.max(axis=1) < BURNT_OUT) & (pixels.min(axis=1) > DARK)]
    if len(pixels) < LEAST_PX:
        return False
    blue, green, red = pixels.T
    tone = pixels.mean(axis=1) / 255
    terms = np.column_stack([np.ones_like(tone), tone, tone * tone])
    opponents = np.column_stack([red - green, (red + green) / 2 - blue])
    told, *_ = np.linalg.lstsq(terms, opponents, rcond=None)
    left = float(np.sqrt(np.mean(np.square(opponents - terms @ told))))
    return left < CODED + COLOURLESS * float(pixels.mean())


def in_grey(picture: Image) -> Image:
    """The picture without its colours, in three channels still."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
