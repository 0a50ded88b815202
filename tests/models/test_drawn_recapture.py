"""The photograph simulator: seeded, true to its own homography and mask, and gentle when told so."""

import cv2
import numpy as np
import pytest

from models.drawn.conditions import Conditions
from models.drawn.recapture import recapture
from models.measurements import Image


def _face() -> Image:
    face = np.full((300, 220, 3), 230, np.uint8)
    cv2.rectangle(face, (20, 30), (120, 90), (40, 60, 200), -1)
    cv2.circle(face, (150, 200), 40, (180, 90, 20), -1)
    cv2.putText(face, "SEKISHO", (20, 150), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (10, 10, 10), 3)
    return face


def _rectified(picture: Image, homography: np.ndarray) -> Image:
    return np.asarray(cv2.warpPerspective(picture, np.linalg.inv(homography), (220, 300)), np.uint8)


def test_the_same_seed_gives_the_same_photograph() -> None:
    first, second = (
        recapture(_face(), rng=np.random.default_rng(7), conditions=Conditions.draw(np.random.default_rng(3), 0.7))
        for _ in range(2)
    )
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.mask, second.mask)
    assert np.array_equal(first.homography, second.homography)


def test_a_clean_picture_taken_back_through_its_homography_is_the_face() -> None:
    conditions = Conditions(long_side_px=600, tilt_deg=(12.0, -8.0), rotation_deg=20.0)
    photo = recapture(_face(), rng=np.random.default_rng(1), conditions=conditions)
    back = _rectified(photo.image, photo.homography)
    apart = np.abs(back[10:-10, 10:-10].astype(float) - _face()[10:-10, 10:-10])
    assert apart.mean() < 6


def test_the_mask_is_empty_outside_the_face_and_full_on_a_clear_one() -> None:
    photo = recapture(_face(), rng=np.random.default_rng(1), conditions=Conditions(long_side_px=600))
    inside = _rectified(np.dstack([photo.mask] * 3), photo.homography)
    assert inside[5:-5, 5:-5].min() == 255
    assert photo.mask[0, 0] == 0


def test_fingers_and_glare_lower_the_mask_where_they_hide_the_print() -> None:
    clear = recapture(_face(), rng=np.random.default_rng(2), conditions=Conditions(long_side_px=600))
    hidden = recapture(
        _face(), rng=np.random.default_rng(2), conditions=Conditions(long_side_px=600, fingers=2, glare=3)
    )
    assert int((hidden.mask > 128).sum()) < int((clear.mask > 128).sum())


@pytest.mark.parametrize("severity", [0.0, 0.3, 0.6, 1.0])
def test_drawn_conditions_always_give_a_picture(severity: float) -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        photo = recapture(_face(), rng=rng, conditions=Conditions.draw(rng, severity))
        assert photo.image.dtype == np.uint8
        assert photo.image.shape[:2] == photo.mask.shape
        assert photo.mask.max() > 0


def test_a_severity_outside_its_range_is_refused_with_the_value() -> None:
    with pytest.raises(ValueError, match=r"^severity must be within 0\.\.1, got 1\.5\.$"):
        Conditions.draw(np.random.default_rng(0), 1.5)


def test_a_grey_face_is_refused_with_its_shape() -> None:
    with pytest.raises(ValueError, match=r"^face must be uint8 H x W x 3, got uint8 of shape \(9, 9\)\.$"):
        recapture(np.zeros((9, 9), np.uint8), rng=np.random.default_rng(0), conditions=Conditions())


@pytest.mark.parametrize(
    "one",
    [
        {"hands": 1},
        {"streaks": 2},
        {"glints": 9},
        {"haze": 0.5},
        {"ripple": 0.004},
        {"smear_px": 3},
        {"chroma_px": 2.0},
        {"motion_px": 6.0, "shake": 0.8},
    ],
)
def test_each_condition_of_light_hand_and_camera_changes_the_picture_and_leaves_the_pose(one: dict[str, float]) -> None:
    plain, other = (
        recapture(_face(), rng=np.random.default_rng(4), conditions=Conditions(long_side_px=600, **more))  # type: ignore[arg-type]
        for more in ({}, one)
    )
    assert np.array_equal(plain.homography, other.homography)
    assert plain.image.shape == other.image.shape
    assert np.abs(plain.image.astype(int) - other.image).max() > 8


def test_a_hand_hides_what_it_covers_and_nothing_else() -> None:
    photo = recapture(_face(), rng=np.random.default_rng(5), conditions=Conditions(long_side_px=600, hands=1))
    clear = recapture(_face(), rng=np.random.default_rng(5), conditions=Conditions(long_side_px=600))
    hidden = (photo.mask < 20) & (clear.mask > 235)
    assert hidden.any()
    untouched = (photo.mask == 255) & (cv2.dilate(hidden.astype(np.uint8), np.ones((61, 61), np.uint8)) == 0)
    assert np.abs(photo.image.astype(int) - clear.image)[untouched].mean() < 4
