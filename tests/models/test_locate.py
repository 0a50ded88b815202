"""Keypoints of pictures of any shape: extreme ones have few or none, and nothing fails."""

from __future__ import annotations

import numpy as np
import pytest

from models.locate import View, colour_keypoints, homography_of, matched, orb_keypoints, resized, sift_keypoints


@pytest.mark.parametrize("shape", [(16, 60_000), (60_000, 16), (1, 60_000), (17, 800), (1, 1)])
def test_a_capture_of_an_extreme_shape_has_few_keypoints_and_no_face(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    view = View(rng.integers(0, 256, (*shape, 3)).astype(np.uint8))
    assert min(view.small[0].shape) >= 1
    assert view.orb.points.shape == (0, 2)
    face = rng.integers(0, 256, (400, 300)).astype(np.uint8)
    assert homography_of(view.orb, orb_keypoints(face), (300, 400), ratio=0.8) is None
    assert homography_of(view.sift, sift_keypoints(face), (300, 400), ratio=0.8) is None

    assert len(matched(view.colours, colour_keypoints(np.dstack([face] * 3)), ratio=0.8)) <= len(view.colours.points)


def test_a_picture_without_edges_has_no_keypoints_in_colours() -> None:
    none = colour_keypoints(np.full((300, 200, 3), 90, np.uint8))
    assert none.points.shape == (0, 2)
    assert none.descriptors.shape == (0, 384)


def test_a_descriptor_in_colours_is_of_unit_length_and_knows_grey_print_from_red() -> None:
    print_on = np.random.default_rng(3).integers(0, 2, (40, 30)).astype(np.uint8).repeat(10, 0).repeat(10, 1)
    grey = np.dstack([255 - 179 * print_on] * 3)
    red = np.dstack([255 - 255 * print_on, 255 - 255 * print_on, 255 * np.ones_like(print_on)]).astype(np.uint8)
    same, other = colour_keypoints(grey), colour_keypoints(red)
    assert np.linalg.norm(same.descriptors.astype(np.float64), axis=1) == pytest.approx(1.0, abs=1e-2)
    assert len(matched(same, same, ratio=0.8)) > len(matched(other, same, ratio=0.8))


def test_shrinking_never_loses_a_side() -> None:
    small, matrix = resized(np.zeros((3, 900, 3), np.uint8), 0.1)
    assert small.shape == (1, 90, 3)
    assert matrix[0, 0] == pytest.approx(0.1)
    assert matrix[1, 1] == pytest.approx(1 / 3)
