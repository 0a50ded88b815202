"""Completing what the network calls unusable: a hand's fingertip, a lamp's burnt patch and its rim.

The network judges cells by what surrounds them and misses the ends of what it found: a fingertip as smooth as paper,
the middle of a burnt patch. What is left of a hand then differs from the registered face, and alarms. So every area
that it calls unusable grows, by what touches it: cells that it doubts (two thresholds with hysteresis, Canny 1986),
cells burnt out on one of the sides, and cells of the capture in the area's own colour where the registered face has
another one. What it is not: a finder of hands. Where the network calls nothing unusable, nothing grows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from models.channels import darkest, lightest
from models.light import grown

if TYPE_CHECKING:
    from models.measurements import Image, Tensor

UNUSABLE = 0.0  # logit from which a cell may not be judged
DOUBTFUL = -2.0  # logit above which it may not where it hangs together with such a cell
WHITE = 225  # darkest channel of a cell of white paper
PLAIN, PLAIN_CELLS = 20, 5  # grey levels by which a plain ground differs at most within so many cells a side
PRINTED = 50  # grey levels of a channel by which something on a plain ground differs
BURNT_OUT = 240  # darkest channel of a cell
LEAST_CELLS = 20  # of an area whose colour is told
ALIKE = (25, 10, 10)  # 8-bit CIELAB, by channel: within it a cell of the capture has the area's colour
APART = 10.0  # lightness counts half: beyond it the registered face has another colour there

Flags = npt.NDArray[np.bool_]


def completed(logits: Tensor, registered: Image, capture: Image) -> Flags:
    """Cells (rows x columns) that may not be judged.

    Args:
        logits: of "unusable", rows x columns.
        registered: the face, H x W x 3 BGR uint8.
        capture: likewise, in the face's tone.
    """
    size = (logits.shape[1], logits.shape[0])
    sides = [np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA), np.uint8) for one in (registered, capture)]
    least = [darkest(one) for one in sides]
    paper = (least[0] >= WHITE) & (least[1] >= WHITE)  # blank; the network thinks it burnt out
    core = (logits >= UNUSABLE) & ~paper
    if not core.any():
        return np.asarray(core)
    found = grown(core, (logits > DOUBTFUL) & ~paper, connectivity=8)
    patches = _opened(core)
    for one in least:
        found |= grown(patches, (one >= BURNT_OUT) & ~paper, connectivity=8)
    known, shown = (cv2.cvtColor(one, cv2.COLOR_BGR2LAB).astype(np.int16) for one in sides)
    apart = np.abs(shown - known)
    other = apart[:, :, 0] / 2 + apart[:, :, 1] + apart[:, :, 2] > APART
    _, labels, stats, _ = cv2.connectedComponentsWithStats(core.astype(np.uint8), connectivity=8)
    for label in range(1, len(stats)):
        if stats[label, cv2.CC_STAT_AREA] >= LEAST_CELLS:
            area = labels == label
            colour = np.median(shown[area], axis=0)
            alike = cv2.inRange(shown, np.floor(colour - ALIKE) + 1, np.ceil(colour + ALIKE) - 1) > 0
            found |= grown(area, alike & other, connectivity=8)
    return found


def on_plain(registered: Image, capture: Image, shape: tuple[int, int]) -> Flags:
    """Cells (`shape`: rows, columns) around which the registered face is of one plain colour and the capture is not.

    Print, a hand or a shadow: which of them cannot be told. But where the network calls such a cell alike, it is not.
    """
    known, shown = (
        np.asarray(cv2.resize(one, shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        for one in (registered, capture)
    )
    uneven = cv2.morphologyEx(known, cv2.MORPH_GRADIENT, np.ones((PLAIN_CELLS, PLAIN_CELLS), np.uint8))
    apart = cv2.dilate(cv2.absdiff(known, shown), np.ones((3, 3), np.uint8))
    return np.asarray(
        (lightest(np.asarray(uneven, np.uint8)) <= PLAIN) & (lightest(np.asarray(apart, np.uint8)) >= PRINTED)
    )


def _opened(core: Flags) -> Flags:
    """The core without what is a cell thin."""
    square = np.ones((2, 2), np.uint8)
    thin = cv2.erode(core.astype(np.uint8), square, anchor=(0, 0))
    return np.asarray(cv2.dilate(thin, square, anchor=(1, 1)) > 0)
