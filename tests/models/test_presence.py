"""Whether a region is there: what blank paper, noise, a soft capture and other words leave of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.measurements import Image
from models.presence import absence

BOX = (120, 100, 160, 80)
ALL = np.full((300, 400), 255, np.uint8)


def label(words: str = "MADE IN JAPAN LOT 04173 BEST BEFORE 2029") -> Image:
    """A pale sheet with a label of three lines in black on white."""
    picture = np.full((300, 400, 3), (205, 214, 218), np.uint8)
    x, y, w, h = BOX
    cv2.rectangle(picture, (x, y), (x + w, y + h), (245, 246, 247), -1)
    for row in range(3):
        cv2.putText(picture, words[14 * row :][:14], (x + 6, y + 24 + 24 * row), 0, 0.5, (30, 30, 30), 1, cv2.LINE_AA)
    return picture


def noisy(picture: Image, blur: float = 0.6) -> Image:
    grain = np.random.default_rng(1).normal(0, 6, picture.shape) + (cv2.GaussianBlur(picture, (0, 0), blur))
    return np.asarray(np.clip(cv2.GaussianBlur(grain, (0, 0), 0.6), 0, 255), np.uint8)


@pytest.mark.parametrize("shaped", [True, False])
def test_blank_paper_lacks_all_of_a_label_however_its_noise_is_coloured(*, shaped: bool) -> None:
    blank = np.full((300, 400, 3), (205, 214, 218), np.uint8)
    assert absence(noisy(blank), label(), ALL, BOX, shaped=shaped) == pytest.approx(1.0, abs=0.3)


def test_other_words_lack_nothing_of_a_label() -> None:
    other = noisy(label("IMPORTER SAKURA TRADING OSAKA LOT 8815 EXP"))
    assert absence(other, label(), ALL, BOX, shaped=False) == pytest.approx(0.0, abs=0.3)


def test_of_a_soft_capture_no_more_detail_is_asked_than_it_shows_elsewhere() -> None:
    soft = noisy(label(), blur=3.0)
    assert (absence(soft, label(), ALL, BOX) or 0.0) > 0.4
    assert absence(soft, label(), ALL, BOX, resolved=0.3) == pytest.approx(0.0, abs=0.3)
