"""The light of a capture: what is brought to the face's, what is glare, what the exposure burns out, what covers."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from models import faces, light
from models.measurements import FaceReference, Image
from tests.models.test_faces import (
    HEIGHT_MM,
    LOGO,
    WIDTH_MM,
    drawn_face,
    encoded,
    loaded,
    photograph,
    reference,
    region,
)

PLAIN: dict[str, Any] = {"tilt_deg": (0.0, 0.0), "rotation_deg": 0.0, "noise": 1.0, "defocus_px": 0.4, "clutter": False}
SEEN = np.full((900, 600), 255, np.uint8)
PLACE = (slice(440, 560), slice(240, 360))  # of the drawn face: words on the ground


def on_white_paper(paper: int = 240) -> Image:
    """The drawn face's logo and some lines of words on blank paper."""
    face = np.full((900, 600, 3), paper, np.uint8)
    drawn = drawn_face()
    x, y, w, h = LOGO
    face[y : y + h, x : x + w] = drawn[y : y + h, x : x + w]
    face[40:230, 300:590] = drawn[40:230, 300:590]
    face[640:860, 40:360] = drawn[640:860, 40:360]
    for row in range(9):
        cv2.putText(face, "BLACK ON WHITE", (40, 260 + row * 40), row % 4, 0.9, (40, 20, 20), 2, cv2.LINE_AA)
    return face


def exposed(face: Image, by: float) -> Image:
    return np.asarray(cv2.convertScaleAbs(face, alpha=by), np.uint8)


def registered_on_white() -> FaceReference:
    logo, blank = region("logo", LOGO), region("logo", (400, 640, 150, 60))
    return FaceReference("white", encoded(on_white_paper()), WIDTH_MM, HEIGHT_MM, (logo, blank))


def test_uneven_light_is_taken_out_and_a_changed_print_stays() -> None:
    face = cv2.resize(drawn_face(), (512, 768), interpolation=cv2.INTER_AREA)
    changed = face.copy()
    changed[500:620, 100:220] = (20, 20, 200)
    dim = np.linspace(0.9, 0.5, 512)[None, :, None] * np.array([0.8, 1.0, 1.0])
    usable = np.full(face.shape[:2], 255, np.uint8)
    lit = light.compensated((changed * dim).astype(np.uint8), np.asarray(face, np.uint8), usable)
    assert float(np.abs(lit.astype(int) - changed).mean()) < 4


def test_with_too_little_to_go_by_the_light_stays_as_it_is() -> None:
    face = drawn_face()
    dim = (face // 2).astype(np.uint8)
    assert light.compensated(dim, face, np.zeros_like(SEEN)) is dim


def test_a_burnt_patch_is_glare_with_a_margin_and_a_speck_is_none() -> None:
    picture = np.full((100, 100, 3), 120, np.uint8)
    picture[40:50, 40:50] = 255
    picture[10:13, 10:13] = 255
    expected = np.zeros((100, 100), np.uint8)
    expected[33:57, 33:57] = 255
    np.testing.assert_array_equal(light.glare(picture), expected)


def test_a_reflection_in_the_registered_face_fades_and_white_paper_does_not() -> None:
    face = np.full((400, 400, 3), 90, np.uint8)
    face[40:140, 40:140] = 255
    x, y = np.meshgrid(np.arange(400), np.arange(400))
    shine = np.clip(420 - 2 * np.hypot(x - 280, y - 280), 0, 255).astype(np.uint8)
    face = np.maximum(face, shine[:, :, None])
    found = light.registered_glare(face)
    assert found[280, 280] == 255
    assert not found[:200, :200].any()


def test_a_lamp_burns_out_a_place() -> None:
    face = drawn_face()
    capture = exposed(face, 0.8)
    capture[PLACE] = 255
    burnt, washed = light.burnt_out(capture, face, SEEN)
    assert (burnt[PLACE] == 255).all()
    assert burnt.mean() < 0.06 * 255
    assert not washed.any()


def test_white_paper_that_is_burnt_out_evenly_is_white() -> None:
    face = on_white_paper()
    burnt, washed = light.burnt_out(exposed(face, 1.15), face, SEEN)
    paper = cv2.erode(face.min(axis=2), np.ones((21, 21), np.uint8)) == 240
    assert paper.mean() > 0.2
    assert not burnt[paper].any()
    assert (washed[paper] == 255).all()


def test_a_lamp_on_white_paper_is_glare() -> None:
    face = on_white_paper()
    capture = exposed(face, 0.8)
    capture[PLACE] = 255
    burnt, washed = light.burnt_out(capture, face, SEEN)
    assert (burnt[PLACE] == 255).all()
    assert not washed.any()


def test_words_that_a_lamp_washes_off_burnt_out_paper_are_not_judged() -> None:
    face = on_white_paper()
    capture = exposed(face, 1.15)
    capture[PLACE] = 255
    words = (face[PLACE].min(axis=2) < 100) & (cv2.blur(face[PLACE].min(axis=2), (9, 9)) < 150)
    burnt, _ = light.burnt_out(capture, face, SEEN)
    assert words.sum() > 500
    assert (burnt[PLACE][words] == 255).mean() > 0.95


def test_pale_print_that_the_exposure_burns_out_is_not_judged() -> None:
    face = drawn_face()
    capture = exposed(face, 3.5)
    burnt, washed = light.burnt_out(capture, face, SEEN)
    pale = (capture.min(axis=2) == 255) & (face.min(axis=2) < 200)
    assert pale.mean() > 0.1
    assert (burnt[pale] == 255).mean() > 0.95
    assert (washed[pale] == 255).mean() > 0.95


@pytest.mark.parametrize("exposure", [0.8, 1.0, 1.3, 1.6])
def test_blank_paper_is_judged_and_says_nothing(exposure: float) -> None:
    shot = photograph(on_white_paper(), **PLAIN, exposure=exposure)
    (found,) = faces.compare(shot.image, [registered_on_white()], loaded())
    assert found.score is not None
    assert found.score < found.threshold_check
    assert found.advice == ()


@pytest.mark.parametrize(("words", "size"), [("OTHER WORDS", 0.9), ("NEW", 2.4)])
def test_print_where_the_registered_face_is_blank_paper_never_passes_in_silence(words: str, size: float) -> None:
    face = on_white_paper()
    cv2.putText(face, words, (385, 770), cv2.FONT_HERSHEY_DUPLEX, size, (30, 20, 160), 2, cv2.LINE_AA)
    shot = photograph(face, **PLAIN, exposure=1.2)
    (found,) = faces.compare(shot.image, [registered_on_white()], loaded())
    assert found.score is not None
    assert found.score >= found.threshold_check or [one.code for one in found.advice] == ["part_judged"]


def test_a_burnt_out_capture_is_too_bright_and_no_glare() -> None:
    shot = photograph(drawn_face(), **PLAIN, exposure=6.0)
    (found,) = faces.compare(shot.image, [reference()], loaded())
    assert (found.score, found.retake, found.hint, found.advice) == (None, "too_bright", "retake.too_bright", ())


def test_what_a_long_exposure_leaves_out_is_told_as_too_bright() -> None:
    shot = photograph(drawn_face(), **PLAIN, exposure=4.0)
    (found,) = faces.compare(shot.image, [reference(1, region("logo", LOGO))], loaded())
    assert found.score is not None
    assert {one.code for one in found.advice} <= {"too_bright", "burnt_out"}
    assert found.advice


def test_what_may_be_judged_is_in_the_frame_wanted_and_free_of_glare() -> None:
    whole = np.full((200, 100), 255, np.uint8)
    none = np.zeros_like(whole)
    inside, glare, wanted = whole.copy(), none.copy(), whole.copy()
    inside[:60], glare[80:100, 40:60], wanted[150:] = 0, 255, 0
    mask = light.usable_mask(inside, glare, none, wanted)
    assert mask[120, 50] == 255
    assert not mask[:60].any()
    assert not mask[80:100, 40:60].any()
    assert not mask[150:].any()


def test_the_edges_of_a_face_are_left_out_by_its_long_side_and_those_of_a_narrow_one_by_its_breadth() -> None:
    for size, across, down in (((512, 768), 19, 19), ((768, 192), 19, 8), ((96, 768), 4, 19)):
        kept = light.without_edges(np.full(size[::-1], 255, np.uint8))
        rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
        assert (columns[0], size[0] - 1 - columns[-1]) == (across, across)
        assert (rows[0], size[1] - 1 - rows[-1]) == (down, down)


def test_a_marked_region_is_wanted_almost_to_the_edge_and_what_is_not_wanted_stays_so() -> None:
    wanted = np.full((768, 512), 255, np.uint8)
    wanted[300:400] = 0
    kept = light.without_edges(wanted, [(0, 200, 60, 300)])
    assert (kept[200:300, 8:60] == 255).all()
    assert not kept[:, :8].any()
    assert not kept[200:300, -19:].any()
    assert not kept[300:400].any()


def test_a_logo_at_the_edge_that_is_another_one_leaves_a_doubt_there() -> None:
    at = (0, 300, 40, 260)  # of 600 x 900; 22 of the 40 pixels lie in the margin
    printed = []
    for words in ("MEISTERWERK", "HUNDEKUCHEN"):
        face = drawn_face()
        band = np.full((40, 260, 3), (200, 60, 40), np.uint8)
        cv2.putText(band, words, (8, 29), cv2.FONT_HERSHEY_DUPLEX, 1.0, (240, 240, 240), 2, cv2.LINE_AA)
        face[300:560, :40] = cv2.rotate(band, cv2.ROTATE_90_CLOCKWISE)
        printed.append(face)
    registered = FaceReference("edge", encoded(printed[0]), WIDTH_MM, HEIGHT_MM, (region("logo", at),))
    same, other = (faces.compare(photograph(one, **PLAIN).image, [registered], loaded())[0] for one in printed)
    assert same.score is not None
    assert other.score is not None
    assert same.score < faces.SUSPECT < 0.3 < other.score
    assert other.differences[0].region == "logo"


def test_what_reaches_in_over_the_edge_covers_and_the_haze_of_a_lamp_spoils() -> None:
    face = drawn_face() // 2
    capture = face.copy()
    capture[500:640, :150] = (120, 150, 205)
    hazy = (slice(430, 530), slice(300, 400))
    capture[hazy] += 60
    none = np.zeros_like(SEEN)
    glare = none.copy()
    glare[470:490, 340:360] = 255
    spoilt = light.spoilt_mask(capture, face, glare, none)
    assert (spoilt[520:620, 20:130] == 255).mean() > 0.9
    assert (spoilt[hazy] == 255).mean() > 0.6
    assert not light.spoilt_mask(face, face, none, none).any()


def test_blur_takes_detail_away() -> None:
    face = drawn_face()
    blurred = np.asarray(cv2.GaussianBlur(face, (0, 0), 4), np.uint8)
    assert light.slopes(blurred).mean() < 0.3 * light.slopes(face).mean()
