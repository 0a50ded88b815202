"""Stickers over a face: told and left out; another print, a blank patch and a hand are none."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from models import faces, stuck_on
from models.measurements import FaceMeasurement, Image
from tests.models.test_faces import LOGO, drawn_face, loaded, photograph, reference, region

PLAIN: dict[str, Any] = {"tilt_deg": (0.0, 0.0), "rotation_deg": 0.0, "noise": 1.0, "defocus_px": 0.4, "clutter": False}
SEEN = np.full((900, 600), 255, np.uint8)
YELLOW, WHITE, RED = (60, 230, 250), (250, 250, 250), (60, 60, 220)
AT = (200, 430, 130, 70)


def with_tag(
    face: Image,
    box: tuple[int, int, int, int] = AT,
    paper: tuple[int, int, int] = YELLOW,
    words: str = "498",
    ink: tuple[int, int, int] = (20, 20, 20),
) -> Image:
    x, y, w, h = box
    cv2.rectangle(face, (x, y), (x + w - 1, y + h - 1), paper, -1)
    cv2.putText(face, words, (x + 12, y + h - 18), cv2.FONT_HERSHEY_DUPLEX, 1.4, ink, 3, cv2.LINE_AA)
    return face


def shot(face: Image, seed: int = 3) -> FaceMeasurement:
    picture = photograph(face, seed, **PLAIN).image
    return faces.compare(picture, [reference(1, region("logo", LOGO))], loaded())[0]


def codes(found: FaceMeasurement) -> list[str]:
    return [one.code for one in found.advice]


def share(mask: Image, box: tuple[int, int, int, int]) -> float:
    x, y, w, h = box
    return float((mask[y : y + h, x : x + w] > 0).mean())


@pytest.mark.parametrize("paper", [YELLOW, WHITE])
def test_a_price_tag_over_print_is_told_with_its_place_and_is_no_difference(paper: tuple[int, int, int]) -> None:
    found = shot(with_tag(drawn_face(), paper=paper))
    assert found.score is not None
    assert found.score < 0.2
    (told,) = found.advice
    assert (told.code, told.region) == ("stuck_on", "")
    assert told.measured == pytest.approx(130 * 70 / (600 * 900), rel=0.8)
    assert told.box is not None
    corners = photograph(drawn_face(), **PLAIN).homography @ np.array([200 + 65, 430 + 35, 1.0])
    x, y, w, h = told.box
    middle = corners[:2] / corners[2]
    assert np.abs(middle - [x + w / 2, y + h / 2]).max() < 25


def test_what_a_sticker_hides_of_a_marked_region_is_told_and_where_it_is() -> None:
    found = shot(with_tag(drawn_face(), (90, 80, 130, 70)))
    assert [(one.code, one.region) for one in found.advice] == [("stuck_on", "logo"), ("stuck_over", "logo")]


def test_a_sticker_that_is_in_every_capture_stays_told() -> None:
    face = with_tag(drawn_face())
    frames = [photograph(face, 3 + one, **PLAIN).image for one in range(3)]
    found = faces.compare_together(frames, reference(), loaded())
    assert found.score is not None
    assert found.score < found.threshold_check
    assert codes(found) == ["stuck_on"]


def test_a_blank_patch_over_print_stays_a_difference() -> None:
    found = shot(with_tag(drawn_face(), words=""))
    assert found.score is not None
    assert found.score >= found.threshold_check
    assert codes(found) == []


def test_a_moved_logo_is_no_sticker() -> None:
    found = shot(drawn_face(logo_at=(LOGO[0] + 20, LOGO[1] + 12)))
    assert found.score is not None
    assert found.score >= found.threshold_check
    assert "stuck_on" not in codes(found)


def test_a_turned_sticker_is_outlined_with_its_frame_and_nothing_else_is() -> None:
    face, capture = drawn_face(), drawn_face()
    tag = with_tag(np.zeros((900, 600, 3), np.uint8))
    cv2.rectangle(tag, (204, 434), (325, 495), (20, 20, 20), 2)
    turn = cv2.getRotationMatrix2D((265, 465), 8, 1)
    turned = cv2.warpAffine(tag, turn, (600, 900))
    cover = cv2.warpAffine((cv2.inRange(tag, (1, 1, 1), (255, 255, 255))), turn, (600, 900)) > 127
    capture[cover] = turned[cover]
    found = stuck_on.stuck_on(capture, face, SEEN, [(180, 410, 170, 110), (40, 700, 200, 100)])
    assert share(found, (215, 445, 100, 40)) == 1
    assert found.mean() / 255 < 0.035
    assert not stuck_on.stuck_on(face, face, SEEN, [(180, 410, 170, 110)]).any()


def test_other_words_on_a_label_that_is_registered_are_no_sticker() -> None:
    face, capture = with_tag(drawn_face()), with_tag(drawn_face(), words="721")
    assert not stuck_on.stuck_on(capture, face, SEEN, [AT]).any()


def test_a_label_of_another_colour_where_one_is_registered_is_no_sticker() -> None:
    face, capture = with_tag(drawn_face()), with_tag(drawn_face(), paper=RED, words="721")
    assert not stuck_on.stuck_on(capture, face, SEEN, [AT]).any()


def test_a_patch_of_many_colours_is_no_sticker() -> None:
    face, capture = drawn_face(), drawn_face()
    x, y, w, h = AT
    capture[y : y + h, x : x + w] = drawn_face(2)[40 : 40 + h, 300 : 300 + w]
    assert not stuck_on.stuck_on(capture, face, SEEN, [AT]).any()


def test_what_is_too_large_or_too_small_for_a_sticker_is_none() -> None:
    for box in ((60, 300, 480, 300), (200, 430, 40, 16)):
        capture = with_tag(drawn_face(), box)
        assert not stuck_on.stuck_on(capture, drawn_face(), SEEN, [box]).any()


def test_without_a_suspect_nothing_is_looked_at() -> None:
    assert not stuck_on.stuck_on(with_tag(drawn_face()), drawn_face(), SEEN, []).any()


@pytest.mark.parametrize("kind", ["microprint", "logo", "label"])
def test_a_sticker_over_a_marked_region_leaves_it_unanswered(kind: str) -> None:
    face = with_tag(drawn_face(), (180, 420, 180, 90), WHITE, "498")
    under = reference(1, region(kind, (195, 430, 150, 70)))
    (found,) = faces.compare(photograph(face, **PLAIN).image, [under], loaded())
    assert ("stuck_over", kind) in [(one.code, one.region) for one in found.advice]


def test_a_sticker_of_which_another_capture_shows_what_lies_under_it_is_not_told() -> None:
    clean, tagged = photograph(drawn_face(), 3, **PLAIN).image, photograph(with_tag(drawn_face()), 4, **PLAIN).image
    found = faces.compare_together([clean, tagged], reference(), loaded())
    assert "stuck_on" not in codes(found)
