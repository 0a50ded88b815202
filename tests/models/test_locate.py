"""Keypoints of pictures of any shape: extreme ones have few or none, and nothing fails."""

from __future__ import annotations

import numpy as np
import pytest

from models.locate import View, homography_of, orb_keypoints, resized, sift_keypoints


@pytest.mark.parametrize("shape", [(16, 60_000), (60_000, 16), (1, 60_000), (17, 800), (1, 1)])
def test_a_capture_of_an_extreme_shape_has_few_keypoints_and_no_face(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    view = View(rng.integers(0, 256, (*shape, 3)).astype(np.uint8))
    assert min(view.small[0].shape) >= 1
    assert view.orb.points.shape == (0, 2)
    face = rng.integers(0, 256, (400, 300)).astype(np.uint8)
    assert homography_of(view.orb, orb_keypoints(face), (300, 400), ratio=0.8) is None
    assert homography_of(view.sift, sift_keypoints(face), (300, 400), ratio=0.8) is None


def test_shrinking_never_loses_a_side() -> None:
    small, matrix = resized(np.zeros((3, 900, 3), np.uint8), 0.1)
    assert small.shape == (1, 90, 3)
    assert matrix[0, 0] == pytest.approx(0.1)
    assert matrix[1, 1] == pytest.approx(1 / 3)
