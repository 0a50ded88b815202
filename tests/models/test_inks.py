"""What is told of inks that do not meet, and what a lens, the light and a covered place leave quiet."""

from __future__ import annotations

import cv2
import numpy as np

from models import inks
from models.measurements import Image

WINDOW = 24
USABLE = np.ones((96, 72), np.bool_)


def _face() -> Image:
    """A print of soft-edged patches in many colours, 384 x 288."""
    rng = np.random.default_rng(3)
    patches = cv2.resize(rng.integers(30, 226, (32, 24, 3)).astype(np.uint8), (288, 384), interpolation=0)
    return np.asarray(cv2.GaussianBlur(patches, (0, 0), 1.5), np.uint8)


def _moved(picture: Image, channel: int, matrix: list[list[float]]) -> Image:
    """The picture with one ink laid elsewhere."""
    out = picture.copy()
    size = (picture.shape[1], picture.shape[0])
    out[:, :, channel] = cv2.warpAffine(picture[:, :, channel], np.array(matrix), size, borderMode=cv2.BORDER_REPLICATE)
    return out


def test_an_ink_that_lies_two_pixels_off_is_told_in_pixels() -> None:
    face = _face()
    told = inks.apart(_moved(face, 2, [[1, 0, 2.0], [0, 1, 0]]), face, USABLE, WINDOW)
    assert told.shape == USABLE.shape
    assert 1.4 < float(np.nanmedian(told)) < 2.6


def test_an_ink_that_is_off_in_one_place_is_told_there() -> None:
    face = _face()
    capture = face.copy()
    capture[20:160, 20:160] = _moved(face, 0, [[1, 0, 0], [0, 1, 2.0]])[20:160, 20:160]
    told = inks.apart(capture, face, USABLE, WINDOW)
    assert float(told[20:24, 20:24].min()) > 1.2
    assert float(np.nanmedian(told[60:92])) < 0.5


def test_a_lens_that_draws_one_colour_larger_is_not_taken_for_the_print() -> None:
    face = _face()
    scale = 1.012  # two pixels at the corners
    lens = _moved(face, 2, [[scale, 0, (1 - scale) * 144], [0, scale, (1 - scale) * 192]])
    told = inks.apart(lens, face, USABLE, WINDOW)
    assert float(np.nanquantile(told, 0.9)) < 0.5


def test_a_picture_that_lies_off_with_all_its_inks_is_another_matter() -> None:
    face = _face()
    capture = face
    for channel in range(3):
        capture = _moved(capture, channel, [[1, 0, 1.0], [0, 1, 0]])
    assert float(np.nanmax(inks.apart(capture, face, USABLE, WINDOW))) < 0.3


def test_more_light_in_one_colour_is_no_shift() -> None:
    face = _face()
    lit = np.clip(face.astype(np.float32) * (0.9, 1.0, 1.1) + (6, 0, -5), 0, 255).astype(np.uint8)
    assert float(np.nanmax(inks.apart(lit, face, USABLE, WINDOW))) < 0.3


def test_where_nothing_may_be_judged_no_ink_is_judged() -> None:
    usable = USABLE.copy()
    usable[:40] = False
    told = inks.apart(_face(), _face(), usable, WINDOW)
    assert np.isnan(told[:40]).all()
    assert np.isfinite(told[60:]).all()
