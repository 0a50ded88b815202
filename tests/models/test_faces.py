"""Compare, on drawn faces photographed by the drawn camera."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import pytest

from models import faces, pack
from models.drawn.conditions import Conditions
from models.drawn.recapture import Recapture, recapture
from models.errors import PictureRefused
from models.locate import Keypoints, View, matched
from models.measurements import FaceReference, Image, MarkedRegion
from models.monochrome import in_grey

WIDTH_MM, HEIGHT_MM = 120.0, 180.0
HOLOGRAM = (420, 640, 110, 110)  # x, y, w, h in pixels of the drawn face, five to the millimetre
LOGO = (60, 60, 200, 120)


def drawn_face(seed: int = 1, *, logo_at: tuple[int, int] = LOGO[:2], hologram: bool = True) -> Image:
    """A face of 600 x 900 px with a gradient, words, a logo and a hologram."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(60, 230, (3, 2, 3)).astype(np.uint8)
    face = np.asarray(cv2.resize(corners, (600, 900), interpolation=cv2.INTER_CUBIC), np.uint8)
    for row in range(11):
        words = "".join(chr(int(v)) for v in rng.integers(65, 91, 12))
        ink = tuple(int(v) for v in rng.integers(0, 120, 3))
        cv2.putText(face, words, (40, 260 + row * 34), row % 4, 0.9, ink, 2, cv2.LINE_AA)
    for _ in range(12):
        x, y = int(rng.integers(40, 360)), int(rng.integers(640, 860))
        cv2.circle(
            face, (x, y), int(rng.integers(6, 30)), tuple(int(v) for v in rng.integers(0, 256, 3)), -1, cv2.LINE_AA
        )
    for column in range(9):
        for row in range(5):
            at = (300 + 32 * column + int(rng.integers(-6, 7)), 40 + 36 * row + int(rng.integers(-6, 7)))
            cv2.rectangle(face, at, (at[0] + 22, at[1] + 22), tuple(int(v) for v in rng.integers(0, 256, 3)), -1)
    x, y = logo_at
    cv2.ellipse(face, (x + 100, y + 60), (98, 55), 0, 0, 360, (30, 20, 160), -1, cv2.LINE_AA)
    cv2.putText(
        face,
        "".join(chr(int(v)) for v in rng.integers(65, 91, 3)),
        (x + 42, y + 80),
        cv2.FONT_HERSHEY_DUPLEX,
        2.0,
        (240, 240, 240),
        4,
        cv2.LINE_AA,
    )
    if hologram:
        x, y, w, h = HOLOGRAM
        yy, xx = np.mgrid[0:h, 0:w]
        hue = ((np.hypot(xx - w / 2, yy - h / 2) * 6 + np.arctan2(yy - h / 2, xx - w / 2) * 40) % 180).astype(np.uint8)
        hsv = np.dstack([hue, np.full_like(hue, 200), np.full_like(hue, 230)])
        face[y : y + h, x : x + w] = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    return face


def encoded(face: Image) -> bytes:
    return cv2.imencode(".png", face)[1].tobytes()


def photograph(face: Image, seed: int = 3, **conditions: object) -> Recapture:
    settings = {"tilt_deg": (8.0, -6.0), "rotation_deg": 9.0, "noise": 2.0, "defocus_px": 0.6, "gradient": 0.2}
    return recapture(face, rng=np.random.default_rng(seed), conditions=Conditions(**{**settings, **conditions}))  # type: ignore[arg-type]


def reference(seed: int = 1, *regions: MarkedRegion) -> FaceReference:
    return FaceReference(f"face {seed}", encoded(drawn_face(seed)), WIDTH_MM, HEIGHT_MM, regions)


def shared(capture: Keypoints, face: Keypoints) -> int:
    return len(matched(capture, face, ratio=0.8))


def in_other_colours(face: Image) -> Image:
    """The same picture in grey, and each colour its opposite."""
    lab = cv2.cvtColor(face, cv2.COLOR_BGR2Lab)
    lab[:, :, 1:] = 255 - lab[:, :, 1:]
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR), np.uint8)


@lru_cache(maxsize=1)
def loaded() -> pack.Pack:
    return pack.builtin()


def region(kind: str, box: tuple[int, int, int, int]) -> MarkedRegion:
    x, y, w, h = (side / 5 for side in box)
    return MarkedRegion(kind, x, y, w, h)


def test_a_genuine_face_is_aligned_and_scores_below_the_check_threshold() -> None:
    shot = photograph(drawn_face())
    (found,) = faces.compare(shot.image, [reference()], loaded())
    assert (found.aligned, found.retake) == (True, "")
    assert found.score is not None
    assert found.score < found.threshold_check
    assert found.pack == loaded().name
    assert {"locate", "register", "light", "embed", "difference"} <= set(found.ms)


def test_the_homography_maps_the_capture_to_the_registered_picture() -> None:
    shot = photograph(drawn_face())
    (found,) = faces.compare(shot.image, [reference()], loaded())
    truth = np.array([[10, 10], [590, 20], [580, 890], [15, 880]], np.float64)
    in_capture = cv2.perspectiveTransform(truth[None], shot.homography)
    back = cv2.perspectiveTransform(in_capture, np.array(found.homography).reshape(3, 3))[0]
    assert np.abs(back - truth).max() < 3


def test_a_moved_logo_is_found_where_it_is_with_its_offset() -> None:
    shot = photograph(drawn_face(logo_at=(LOGO[0] + 20, LOGO[1] + 12)))
    (found,) = faces.compare(shot.image, [reference(1, region("logo", LOGO))], loaded())
    assert found.score is not None
    assert found.score >= found.threshold_check
    best = found.differences[0]
    x, y, w, h = best.box
    assert LOGO[0] - 20 <= x + w / 2 <= LOGO[0] + LOGO[2] + 40
    assert LOGO[1] - 20 <= y + h / 2 <= LOGO[1] + LOGO[3] + 40
    assert best.region == "logo"
    assert best.offset_mm == pytest.approx(np.hypot(4.0, 2.4), abs=0.5)


def test_another_product_is_not_found_and_never_different() -> None:
    shot = photograph(drawn_face(2))
    (found,) = faces.compare(shot.image, [reference(1)], loaded())
    assert (found.aligned, found.score, found.retake, found.differences) == (False, None, "not_found", ())
    assert found.hint == "retake.not_found"


def test_a_missing_hologram_is_found_where_one_is_marked() -> None:
    marked = region("hologram", HOLOGRAM)
    (genuine,) = faces.compare(photograph(drawn_face()).image, [reference(1, marked)], loaded())
    (tampered,) = faces.compare(photograph(drawn_face(hologram=False)).image, [reference(1, marked)], loaded())
    assert genuine.score is not None
    assert tampered.score is not None
    assert genuine.score < genuine.threshold_check <= tampered.score
    assert (tampered.differences[0].kind, tampered.differences[0].region) == ("hologram", "hologram")


@pytest.mark.parametrize("kind", ["logo", "label"])
def test_a_region_that_is_wholly_gone_lacks_its_detail_and_another_lamp_does_not_take_it(kind: str) -> None:
    marked = faces.prepare(reference(1, region(kind, LOGO)), loaded())
    x, y, w, h = LOGO
    blank = drawn_face()
    blank[y : y + h, x : x + w] = (205, 214, 218)
    (gone,) = faces.compare(photograph(blank).image, [marked], loaded())
    (there,) = faces.compare(photograph(drawn_face(), defocus_px=2.5, noise=5.0).image, [marked], loaded())
    assert gone.regions[0].absence == pytest.approx(0.9, abs=0.15)
    assert there.regions[0].absence == pytest.approx(0.0, abs=0.25)
    assert not any(one.kind == "hologram" for one in gone.differences)


def test_a_grey_picture_is_judged_by_its_structure_and_says_that_colour_was_not() -> None:
    marked = faces.prepare(reference(1, region("logo", LOGO), region("hologram", HOLOGRAM)), loaded())
    shot = in_grey(photograph(drawn_face()).image)
    moved = in_grey(photograph(drawn_face(logo_at=(LOGO[0] + 20, LOGO[1] + 12))).image)
    (genuine,) = faces.compare(shot, [marked], loaded())
    (other,) = faces.compare(moved, [marked], loaded())
    assert genuine.score is not None
    assert other.score is not None
    assert genuine.score < genuine.threshold_check <= other.score
    assert {one.kind for one in genuine.differences} <= {"structure", "print", "hologram"}
    assert "colourless" in [one.code for one in genuine.advice]


def test_a_picture_in_colour_beside_a_grey_one_has_its_colours_judged() -> None:
    shots = [photograph(drawn_face(), seed).image for seed in (3, 4)]
    found = faces.compare_together([shots[0], in_grey(shots[1])], reference(), loaded())
    assert found.together == 2
    assert "colourless" not in [one.code for one in found.advice]


def test_an_ignored_region_raises_no_difference() -> None:
    ignored = region("ignore", (LOGO[0] - 40, LOGO[1] - 50, LOGO[2] + 120, LOGO[3] + 100))
    shot = photograph(drawn_face(logo_at=(LOGO[0] + 20, LOGO[1] + 12)))
    (found,) = faces.compare(shot.image, [reference(1, ignored)], loaded())
    assert found.score is not None
    assert found.score < found.threshold_check


def test_a_hopelessly_blurred_capture_asks_for_a_retake() -> None:
    shot = photograph(drawn_face())
    (found,) = faces.compare(np.asarray(cv2.GaussianBlur(shot.image, (0, 0), 25), np.uint8), [reference()], loaded())
    assert (found.score, found.retake) == (None, "blurred")


def test_a_black_capture_asks_for_light() -> None:
    (found,) = faces.compare(np.zeros((800, 600, 3), np.uint8), [reference()], loaded())
    assert (found.score, found.retake, found.aligned) == (None, "too_dark", False)


def test_a_capture_that_the_exposure_hides_asks_for_less_light() -> None:
    washed = np.clip(photograph(drawn_face()).image.astype(np.float32) * 12, 0, 255).astype(np.uint8)
    (found,) = faces.compare(washed, [reference()], loaded())
    assert (found.score, found.retake, found.aligned) == (None, "too_bright", False)


def test_other_goods_on_a_bright_table_are_not_found_and_no_matter_of_light() -> None:
    table = np.full((1200, 1000, 3), 255, np.uint8)
    table[250:950, 250:750] = cv2.resize(drawn_face(5), (500, 700), interpolation=cv2.INTER_AREA)
    (found,) = faces.compare(table, [reference()], loaded())
    assert (found.score, found.retake) == (None, "not_found")


def test_a_tiny_face_asks_to_come_closer() -> None:
    shot = photograph(drawn_face(), long_side_px=2600, fill=0.11, tilt_deg=(0.0, 0.0), rotation_deg=0.0, clutter=False)
    (found,) = faces.compare(shot.image, [reference()], loaded())
    assert found.score is None
    assert found.retake in ("too_small", "not_found")


def test_pictures_of_the_face_and_of_the_differences_are_jpegs_of_the_face_size() -> None:
    shot = photograph(drawn_face())
    (found,) = faces.compare(shot.image, [reference()], loaded())
    for encoded_picture in (found.face_picture, found.heat_picture):
        decoded = cv2.imdecode(np.frombuffer(encoded_picture, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert max(decoded.shape) == loaded().face_px


def test_the_capture_is_left_as_it_was() -> None:
    shot = photograph(drawn_face())
    before = shot.image.copy()
    faces.compare(shot.image, [reference()], loaded())
    assert (shot.image == before).all()


def test_prepared_faces_and_a_cache_give_the_same_answer() -> None:
    shot = photograph(drawn_face())
    cache: dict[FaceReference, faces.PreparedFace] = {}
    prepared = faces.prepare(reference(), loaded())
    first, second = faces.compare(shot.image, [reference(), prepared], loaded(), cache)
    assert first.score == second.score
    assert len(cache) == 1


def test_a_damaged_registered_picture_is_refused() -> None:
    with pytest.raises(PictureRefused) as caught:
        faces.compare(drawn_face(), [FaceReference("face", b"\x89PNG\r\n")], loaded())
    assert caught.value.code.startswith("image_")


def test_a_photographed_face_is_recognised_among_others() -> None:
    gallery = [faces.prepare(reference(seed), loaded()) for seed in range(4)]
    matches = faces.recognise(photograph(drawn_face(2)).image, gallery, loaded())
    assert matches[0].key == "face 2"
    stranger = np.ascontiguousarray(drawn_face(9)[:, ::-1])
    assert faces.recognise(photograph(stranger).image, gallery, loaded()) == ()


def test_the_likeliest_faces_are_an_order_even_where_no_face_is_confirmed() -> None:
    gallery = [faces.sketch(reference(seed), loaded()) for seed in range(4)]
    strip = photograph(drawn_face(2)).image.copy()
    height = len(strip)
    strip[: height * 2 // 5] = strip[height * 11 // 20 :] = 128
    assert faces.recognise(strip, gallery, loaded()) == ()
    first, _ = faces.likeliest(View(strip), gallery, 2)
    assert first.key == "face 2"


def test_goods_that_share_their_print_are_put_in_order_by_its_colours() -> None:
    apple, orange = drawn_face(2), in_other_colours(drawn_face(2))
    gallery = [
        faces.sketch(FaceReference(key, cv2.imencode(".png", face)[1].tobytes()), loaded())
        for key, face in (("apple", apple), ("orange", orange))
    ]
    for right, face in (("apple", apple), ("orange", orange)):
        view = View(photograph(face).image)
        first, second = faces.likeliest(view, gallery, 2)
        assert first.key == right
        assert shared(view.sift, second.sift) > shared(view.sift, first.sift) / 2
        assert shared(view.colours, second.colours) < shared(view.colours, first.colours) / 4


def test_a_shelf_lets_the_face_go_that_was_unused_for_longest() -> None:
    first, second, third = (FaceReference(key, b"") for key in "abc")
    prepared = faces.prepare(reference(), loaded())
    shelf: faces.Shelf[faces.PreparedFace] = faces.Shelf(2)
    shelf[first] = shelf[second] = prepared
    assert shelf[first] is prepared
    shelf[third] = prepared
    assert list(shelf) == [first, third]


@pytest.mark.parametrize("height", [64, 76, 100])
def test_a_spine_is_compared_like_any_face(height: int) -> None:
    face = np.asarray(cv2.resize(drawn_face(), (1500, 1500))[700 : 700 + height], np.uint8)
    (found,) = faces.compare(photograph(face).image, [FaceReference("spine", encoded(face))], loaded())
    assert found.score is not None or found.retake
