"""Linear symbols that contain others: whether a reading is the whole symbol.

Interleaved 2 of 5 has start and stop patterns that occur within its data, so that a line which enters or leaves a
tilted symbol through its long side reads a part of it, with clean quiet zones, in every view and by every engine. The
left half of an EAN-13 with its centre pattern is a UPC-E. Votes cannot outweigh that. What can: the fourteen digits of
a GTIN with their check digit (ITF-14, GS1 General Specifications 5.3), or that no bars stand beside the reading's ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.engines import Grey, Reading
    from models.measurements import Corners

Point = npt.NDArray[np.float64]
Reach = tuple[float, float]

ITF_MODULES: Final = 8  # a digit; 7 to 9 by the ratio of wide to narrow
UPC_E_MODULES: Final = 51
NEAR, FAR = 1.5, 6.5  # modules beyond an end that are looked at; quiet zones have 7 (EAN/UPC) or 10
REACH: Final = 0.25  # of the reading's length, to either side of its line
FOREIGN: Final = 0.1  # share of dark pixels there from which bars go on: 320 whole codes 0 to 0.09, 65 parts 0.12 up
SIDE_PX: Final = 8.0  # a box of less height does not tell how the bars lean


def is_gtin14(text: str) -> bool:
    """Whether `text` is fourteen digits with a right check digit (GS1 General Specifications 7.9)."""
    if len(text) != 14 or not (text.isascii() and text.isdigit()):  # noqa: PLR2004
        return False
    return sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(text)) % 10 == 0


def is_part(grey: Grey, reading: Reading) -> bool:
    """Whether a reading may be a part of a longer symbol, by its digits and the pixels of the picture beside it.

    zbar's corners are too coarse to tell (parts from 0.03 up): its short ITF readings are taken for parts.
    """
    corners, text = reading.corners, reading.text
    if reading.format == "ITF" and not is_gtin14(text):
        alone = stands_alone(grey, corners, ITF_MODULES * (len(text) + 1))
        return reading.engine == "zbar" or not alone
    return reading.format == "UPCE" and not stands_alone(grey, corners, UPC_E_MODULES)


def stands_alone(grey: Grey, corners: Corners, modules: int) -> bool:
    """Whether no bars stand beside either end of a reading of so many modules' length."""
    box = np.asarray(corners, np.float64)
    left, right = (box[0] + box[3]) / 2, (box[1] + box[2]) / 2
    length = float(np.hypot(*(right - left)))
    if length < modules / 2:
        return False
    along = (right - left) / length
    bars = box[3] - box[0] + box[2] - box[1]
    lean = float(np.hypot(*bars))
    across = bars / lean if lean >= 2 * SIDE_PX else np.array([-along[1], along[0]])
    line = _sampled(grey, left, (along, across), ((0, length), (-1, 1)))
    dark, light = np.percentile(line, [10, 90])
    module = length / modules
    level, reach = dark + 0.45 * (light - dark), REACH * length
    for end, outwards in ((left, -along), (right, along)):
        beside = _sampled(grey, end, (outwards, across), ((NEAR * module, FAR * module), (-reach, reach)))
        if float((beside < level).mean()) > FOREIGN:
            return False
    return True


def _sampled(grey: Grey, origin: Point, axes: tuple[Point, Point], reaches: tuple[Reach, Reach]) -> Grey:
    """The parallelogram as rows x columns, at about two pixels a sample; beyond the picture its edge is repeated."""
    (along, across), (reach_along, reach_across) = axes, reaches
    columns = max(2, int(np.ptp(reach_along) / 2) + 1)
    rows = max(2, int(np.ptp(reach_across) / 2) + 1)
    u = np.linspace(*reach_along, columns)[None, :, None] * along
    v = np.linspace(*reach_across, rows)[:, None, None] * across
    places = (origin + u + v).astype(np.float32)
    sampled = cv2.remap(grey, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return sampled.astype(np.uint8, copy=False)
