"""Pictures with colours and without: grey, tinted, stored as JPEG; and a grey thing before a coloured ground."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.measurements import Image
from models.monochrome import colourless, in_grey


def picture() -> Image:
    rng = np.random.default_rng(3)
    small = rng.integers(20, 235, (9, 12, 3)).astype(np.uint8)
    shown = cv2.resize(small, (480, 360), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return np.asarray(np.clip(shown + rng.normal(0, 3, shown.shape), 0, 255), np.uint8)


def stored(shown: Image, quality: int) -> Image:
    jpeg = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize("tint", [(1.0, 1.0, 1.0), (0.8, 1.0, 1.05), (1.1, 0.95, 0.9)])
def test_a_picture_of_one_tint_has_no_colours(tint: tuple[float, float, float]) -> None:
    shown = np.asarray(np.clip(in_grey(picture()) * np.array(tint), 0, 255), np.uint8)
    assert colourless(shown)
    assert colourless(stored(shown, 60))


def test_a_picture_in_colour_has_some_however_pale() -> None:
    grey = in_grey(picture()).astype(np.float32)
    assert not colourless(picture())
    assert not colourless(np.asarray(grey + 0.25 * (picture() - grey), np.uint8))


@pytest.mark.parametrize("light", [1.0, 0.5, 0.3, 0.2])
def test_a_dim_picture_has_the_colours_that_it_has_in_full_light(light: float) -> None:
    def dim(shown: Image) -> Image:
        return np.asarray(np.round(light * shown.astype(np.float32)), np.uint8)

    grey = in_grey(picture()).astype(np.float32)
    pale = np.asarray(grey + 0.2 * (picture() - grey), np.uint8)
    tinted = np.asarray(np.clip(grey * np.array((0.8, 1.0, 1.05)), 0, 255), np.uint8)
    assert not colourless(dim(pale))
    assert not colourless(stored(dim(picture()), 60))
    assert colourless(dim(in_grey(picture())))
    assert colourless(stored(dim(tinted), 40))


def test_a_grey_thing_before_a_coloured_ground_is_no_grey_picture() -> None:
    shown = picture()
    shown[60:300, 80:400] = in_grey(shown[60:300, 80:400])
    assert not colourless(shown)


def test_what_is_burnt_out_tells_nothing() -> None:
    assert not colourless(np.full((300, 400, 3), 255, np.uint8))
