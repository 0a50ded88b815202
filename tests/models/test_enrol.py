"""Enrolment: photographs of a genuine sample become a registered face, on drawn material."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models import enrol
from models.errors import PictureRefused
from models.measurements import Image

SIZE_MM = (60.0, 90.0)
CORNERS = np.array([[150, 90], [690, 120], [700, 930], [130, 900]], np.float32)


def printed(seed: int = 1) -> Image:
    rng = np.random.default_rng(seed)
    face = np.full((900, 600, 3), (150, 170, 190), np.uint8)
    for row in range(22):
        words = "".join(chr(int(v)) for v in rng.integers(65, 91, 13))
        ink = tuple(int(v) for v in rng.integers(0, 110, 3))
        cv2.putText(face, words, (15, 60 + row * 38), row % 4, 1.0, ink, 2, cv2.LINE_AA)
    return face


def photograph(face: Image, glare_at: tuple[int, int] | None = None, corners: np.ndarray = CORNERS) -> Image:
    height, width = face.shape[:2]
    outline = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(outline, corners.astype(np.float32))
    lit = face.astype(np.float32)
    if glare_at:
        y, x = np.mgrid[0:height, 0:width]
        lit += 330 * np.exp(-((x - glare_at[0]) ** 2 + (y - glare_at[1]) ** 2) / (2 * 60.0**2))[:, :, None]
    shot = np.full((1000, 820, 3), 30, np.uint8)
    laid = cv2.warpPerspective(np.clip(lit, 0, 255).astype(np.uint8), matrix, (820, 1000))
    inside = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, (820, 1000))
    shot[inside > 0] = laid[inside > 0]
    return shot


def apart(made: enrol.EnrolledFace, face: Image) -> float:
    picture = cv2.imdecode(np.frombuffer(made.picture, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    known = cv2.resize(face, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_AREA)
    blurred = [cv2.GaussianBlur(one, (0, 0), 4).astype(np.float32) for one in (picture, known)]
    return float(np.abs(blurred[0] - blurred[1])[40:-40, 40:-40].max())


def test_a_face_is_found_and_laid_flat_at_its_own_proportions() -> None:
    made = enrol.enrol([photograph(printed())], SIZE_MM)
    assert made.width_px / made.height_px == pytest.approx(60 / 90, abs=0.01)
    assert made.mm_per_px == pytest.approx(90 / 810, abs=0.01)
    assert made.faults() == ()
    assert apart(made, printed()) < 40


def test_glare_that_moves_between_photographs_is_merged_out() -> None:
    face = printed()
    moved = CORNERS + np.array([[20, 10], [-10, 25], [5, -10], [15, 5]], np.float32)
    shots = [photograph(face, (120, 200)), photograph(face, (400, 650), moved), photograph(face, (480, 200))]
    corners = tuple((float(x), float(y)) for x, y in CORNERS)
    alone, merged = enrol.enrol(shots[:1], SIZE_MM, corners), enrol.enrol(shots, SIZE_MM, corners)
    assert merged.used == 3
    assert apart(alone, face) > 60
    assert apart(merged, face) < 40


def test_a_photograph_of_something_else_is_left_out() -> None:
    made = enrol.enrol([photograph(printed(1)), photograph(printed(2))], SIZE_MM)
    assert (made.used, made.left_out) == (1, (1,))


def test_corners_that_are_named_are_taken() -> None:
    corners = tuple((float(x), float(y)) for x, y in CORNERS)
    assert apart(enrol.enrol([photograph(printed())], SIZE_MM, corners), printed()) < 25


def test_corners_in_the_wrong_order_are_refused() -> None:
    corners = tuple((float(x), float(y)) for x, y in CORNERS[[1, 0, 3, 2]])
    with pytest.raises(PictureRefused) as refused:
        enrol.enrol([photograph(printed())], SIZE_MM, corners)
    assert refused.value.message == (
        "The corners must go round the face clockwise from its top left, "
        "got [[690.0, 120.0], [150.0, 90.0], [130.0, 900.0], [700.0, 930.0]]."
    )


def test_a_photograph_without_an_outline_is_refused() -> None:
    with pytest.raises(PictureRefused) as refused:
        enrol.enrol([np.full((600, 600, 3), 90, np.uint8)], SIZE_MM)
    assert refused.value.message == (
        "The first photograph must show the whole face on a plain ground, got no four-cornered outline."
    )
    with pytest.raises(PictureRefused) as refused:
        enrol.enrol([], SIZE_MM)
    assert refused.value.message == "A face is enrolled from one or more photographs, got none."


def test_what_is_not_good_enough_is_said_with_its_limit() -> None:
    poor = enrol.EnrolledFace(b"", 100, 100, 1, (), mm_per_px=0.5, glare=0.034, sharpness=12.0)
    assert poor.faults() == (
        "0.50 mm per pixel, expected at most 0.3: go closer",
        "3.4% burnt out, expected at most 1%: add one with light from another side",
        "sharpness 12, expected at least 40: hold still and focus",
    )
