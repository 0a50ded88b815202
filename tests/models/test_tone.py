"""Tone matching: light and camera go, a changed print stays."""

import cv2
import numpy as np

from models.drawn.conditions import Conditions
from models.drawn.fields import as_bytes, smooth
from models.drawn.recapture import expose
from models.measurements import Image
from models.tone import matched


def _face() -> Image:
    """Smooth colours and twenty patches: no fonts, so that it is the same face on every machine."""
    rng = np.random.default_rng(11)
    face = as_bytes(np.stack([0.25 + 0.5 * smooth(rng, 512, 360, 170, 120) for _ in range(3)], -1))
    for _ in range(20):
        x, y = int(rng.integers(0, 330)), int(rng.integers(0, 480))
        cv2.rectangle(face, (x, y), (x + 40, y + 30), [float(v) for v in rng.uniform(20, 230, 3)], -1)
    return face


FACE = _face()


def _photographed(face: Image, conditions: Conditions) -> Image:
    linear = ((face / 255.0) ** 2.2).astype(np.float32)
    return expose(np.random.default_rng(0), linear, conditions)


def _apart(a: Image, b: Image) -> float:
    return float(np.abs(cv2.blur(a, (9, 9)).astype(float) - cv2.blur(b, (9, 9))).mean())


def test_white_balance_exposure_and_uneven_light_are_taken_out() -> None:
    shown = _photographed(FACE, Conditions(exposure=0.6, white_balance=(0.7, 1.0, 1.35), gradient=0.4, saturation=1.3))
    assert _apart(shown, FACE) > 15
    assert _apart(matched(shown, FACE), FACE) < 0.35 * _apart(shown, FACE)


def test_a_recoloured_region_stays_different() -> None:
    edited = FACE.copy()
    edited[150:260, 80:220] = np.clip(edited[150:260, 80:220] + np.array([60, -40, 20]), 0, 255)
    shown = _photographed(edited, Conditions(exposure=0.8, white_balance=(0.8, 1.0, 1.2)))
    apart = np.abs(matched(shown, FACE).astype(float) - FACE).mean(axis=2)
    assert apart[170:240, 100:200].mean() > 3 * np.median(apart)


def test_a_picture_with_nothing_usable_comes_back_as_it_is() -> None:
    shown = np.full_like(FACE, 255)
    assert np.array_equal(matched(shown, FACE), shown)


def test_nothing_is_mutated() -> None:
    shown = _photographed(FACE, Conditions(exposure=0.7))
    before, face = shown.copy(), FACE.copy()
    matched(shown, FACE, np.full(FACE.shape[:2], 255, np.uint8))
    assert np.array_equal(shown, before)
    assert np.array_equal(face, FACE)
