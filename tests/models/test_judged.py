"""What part of a face was judged: told where much of it was not, in one capture and after several."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from models import faces
from models.judged import Judged
from models.measurements import FaceMeasurement, FaceReference, Image, MarkedRegion
from tests.models.test_faces import LOGO, drawn_face, encoded, loaded, photograph, reference, region

PLAIN: dict[str, Any] = {"tilt_deg": (0.0, 0.0), "rotation_deg": 0.0, "noise": 1.0, "defocus_px": 0.4, "clutter": False}


def without_its_lower_half(row: int = 430) -> Image:
    """The drawn face with nothing printed from a row on."""
    face = drawn_face()
    face[row:] = (224, 232, 236)
    return face


def codes(found: FaceMeasurement) -> list[str]:
    return [one.code for one in found.advice]


def test_where_nothing_hides_the_face_nothing_is_said() -> None:
    (found,) = faces.compare(photograph(drawn_face(), **PLAIN).image, [reference()], loaded())
    assert codes(found) == []


@pytest.mark.parametrize("captures", [1, 2])
def test_print_that_is_left_out_altogether_never_passes_in_silence(captures: int) -> None:
    frames = [photograph(without_its_lower_half(), 3 + one, **PLAIN).image for one in range(captures)]
    found = faces.compare_together(frames, reference(), loaded())
    assert found.score is not None
    assert found.score >= found.threshold_check or {"part_judged", "little_judged"} & set(codes(found))


def test_the_share_and_the_place_of_what_a_hand_hides_are_told() -> None:
    shot = photograph(drawn_face(), **PLAIN)
    corners = np.array([[[-60, 560], [420, 960]]], np.float64)
    (left, top), (right, bottom) = cv2.perspectiveTransform(corners, shot.homography)[0].astype(int)
    cv2.ellipse(
        shot.image, ((left + right) // 2, bottom), (right - left, bottom - top), 0, 180, 360, (110, 150, 200), -1
    )
    (found,) = faces.compare(shot.image, [reference()], loaded())
    (told,) = (one for one in found.advice if one.code in ("part_judged", "little_judged"))
    assert told.measured == pytest.approx(0.35, abs=0.2)
    assert told.box is not None
    x, y, w, h = told.box
    assert x <= (left + right) / 2 <= x + w
    assert y <= (top + bottom) / 2 <= y + h


def test_what_lies_outside_the_frame_is_not_called_covered() -> None:
    shot = photograph(drawn_face(), **PLAIN)
    corners = np.array([[[LOGO[0] + 150, 0], [LOGO[0] + 150, 900]]], np.float64)
    (left, _), _ = cv2.perspectiveTransform(corners, shot.homography)[0].astype(int)
    (found,) = faces.compare(shot.image[:, left:], [reference(1, region("logo", LOGO))], loaded())
    assert {(one.code, one.region) for one in found.advice} >= {("part_judged", ""), ("outside", "logo")}
    assert "covered" not in codes(found)


def test_a_part_is_the_largest_that_hangs_together_and_a_box_counts_what_is_wanted_of_it() -> None:
    wanted, left_out = np.ones((20, 20), np.bool_), np.zeros((20, 20), np.bool_)
    wanted[:, :2] = False
    left_out[4:12, 10:20] = True
    left_out[15:18, 3:6] = True
    known = Judged(wanted, left_out, 4)
    assert known.share_left_out == pytest.approx(89 / 360)
    assert known.largest() == (80 / 360, (40, 16, 40, 32))
    assert known.of_box((40, 16, 40, 64)) == pytest.approx(0.5)
    assert known.of_box((0, 0, 8, 80)) is None


def test_where_all_was_judged_there_is_no_part() -> None:
    known = Judged(np.ones((8, 8), np.bool_), np.zeros((8, 8), np.bool_), 4)
    assert (known.share_left_out, known.largest()) == (0.0, (0.0, (0, 0, 0, 0)))


def test_a_face_of_which_nothing_is_compared_has_no_answer() -> None:
    whole = region("ignore", (0, 0, 600, 900))
    (found,) = faces.compare(photograph(drawn_face(), **PLAIN).image, [reference(1, whole)], loaded())
    assert "little_judged" in codes(found)
    assert Judged(np.zeros((4, 4), np.bool_), np.zeros((4, 4), np.bool_), 4).share_left_out == 1.0


def test_what_a_lamp_hides_is_told_as_glare_and_not_as_covered() -> None:
    shot = photograph(drawn_face(), **PLAIN)
    (middle,) = cv2.perspectiveTransform(np.array([[[300.0, 700.0]]]), shot.homography)[0].astype(int)
    cv2.circle(shot.image, (int(middle[0]), int(middle[1])), 150, (255, 255, 255), -1)
    (found,) = faces.compare(shot.image, [reference()], loaded())
    assert "glare_over" in codes(found)
    assert "part_judged" not in codes(found)


def test_what_shines_in_the_registered_picture_is_not_told_on_every_capture() -> None:
    lit = drawn_face()
    reflection = np.zeros(lit.shape[:2], np.float32)
    cv2.circle(reflection, (300, 650), 110, 1.0, -1)
    faded = np.asarray(cv2.GaussianBlur(reflection, (0, 0), 45))[:, :, None]
    lit = np.clip(lit + faded * 330, 0, 255).astype(np.uint8)
    registered = FaceReference("lit", encoded(lit))
    (found,) = faces.compare(photograph(drawn_face(), **PLAIN).image, [registered], loaded())
    assert codes(found) == []


@pytest.mark.parametrize("paper", [228, 246, 255])
def test_a_genuine_box_of_white_paper_says_nothing(paper: int) -> None:
    face = drawn_face()
    face[(face == face[-1, -1]).all(axis=2)] = paper
    (found,) = faces.compare(photograph(face, **PLAIN).image, [FaceReference("white", encoded(face))], loaded())
    assert codes(found) == []


def on_a_plain_ground(colour: int) -> Image:
    """A drawn face of one colour with a logo, a picture and a disc on it, and its left lower part blank."""
    whole = drawn_face()
    face = np.full_like(whole, colour)
    for x, y, w, h in (LOGO, (290, 30, 300, 180), (400, 620, 160, 150)):
        face[y : y + h, x : x + w] = whole[y : y + h, x : x + w]
    for row, words in enumerate(("WVIBUV LEDJT", "ZX MBIX", "JEMCF RWV", "TZC HOYHSEIZ")):
        cv2.putText(face, words, (40, 270 + 55 * row), 0, 1.1, (90, 60, 200), 3, cv2.LINE_AA)
    return face


@pytest.mark.parametrize(("ground", "ink"), [(128, 20), (128, 245), (40, 245), (205, 20)])
def test_words_added_on_a_plain_ground_never_pass_in_silence(ground: int, ink: int) -> None:
    face = on_a_plain_ground(ground)
    registered = FaceReference("plain", encoded(face))
    (found,) = faces.compare(photograph(face, **PLAIN).image, [registered], loaded())
    assert codes(found) == []
    cv2.putText(face, "EXTRA", (50, 700), 0, 1.2, (ink,) * 3, 3, cv2.LINE_AA)
    (found,) = faces.compare(photograph(face, **PLAIN).image, [registered], loaded())
    assert found.score is not None
    assert found.score >= found.threshold_check or "part_judged" in codes(found)


@pytest.mark.parametrize("rest", [region("ignore", (0, 60, 600, 840)), region("artwork", (250, 250, 40, 40))])
def test_a_face_whose_regions_leave_a_sliver_has_no_answer(rest: MarkedRegion) -> None:
    (found,) = faces.compare(photograph(drawn_face(), **PLAIN).image, [reference(1, rest)], loaded())
    assert "little_judged" in codes(found)


def test_what_was_judged_does_not_hang_on_the_order_of_a_packs_kinds() -> None:
    pack = replace(loaded(), network=replace(loaded().network, kinds=("print", "structure", "unusable")))
    face = on_a_plain_ground(128)
    registered = FaceReference("plain", encoded(face))
    cv2.putText(face, "EXTRA", (50, 700), 0, 1.2, (20,) * 3, 3, cv2.LINE_AA)
    (found,) = faces.compare(photograph(face, **PLAIN).image, [registered], pack)
    assert "part_judged" in codes(found)
