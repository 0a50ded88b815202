"""Covering: what is hidden in a capture shows in no picture that is made of it, and the rest does."""

from __future__ import annotations

import cv2
import numpy as np

from models import covering
from models.measurements import FaceMeasurement, Hidden, RegionMeasurement

SQUARE = ((100.0, 100.0), (400.0, 100.0), (400.0, 300.0), (100.0, 300.0))


def test_what_is_hidden_in_the_capture_is_hidden_in_the_pictures_of_a_comparison() -> None:
    white = cv2.imencode(".jpg", np.full((200, 300, 3), 255, np.uint8))[1].tobytes()
    hidden = Hidden((SQUARE,))
    free, under = (RegionMeasurement("logo", "", (0, 0, 9, 9), box, 1.0, picture=b"jpeg") for box in ((700, 700, 20, 20), (150, 150, 20, 20)))  # fmt: skip # noqa: E501
    shift = (1.0, 0.0, -100.0, 0.0, 1.0, -100.0, 0.0, 0.0, 1.0)
    measured = FaceMeasurement(
        "7", True, 0.1, 0.5, 0.9, homography=shift, face_picture=white, heat_picture=white, regions=(free, under)
    )
    shown = covering.covered_face(measured, hidden, (600, 400))
    for encoded in (shown.face_picture, shown.heat_picture):
        picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert abs(int(picture[40, 60, 0]) - covering.COVER[0]) < 8
        assert picture[150, 250, 0] > 240
    assert [one.picture for one in shown.regions] == [b"jpeg", b""]


def test_a_symbol_stays_visible_amid_what_is_hidden() -> None:
    symbol = ((200.0, 150.0), (300.0, 150.0), (300.0, 200.0), (200.0, 200.0))
    mask = covering.mask_of(Hidden((SQUARE,), (symbol,)), (400, 500))
    assert (mask[120, 120], mask[175, 250], mask[20, 20]) == (255, 0, 0)


def test_what_is_hidden_in_a_halved_picture_is_told_in_pixels_of_the_whole_one() -> None:
    hidden = covering.spread(Hidden((SQUARE,), (SQUARE,)), 2)
    assert hidden.outlines == hidden.symbols == (((200.0, 200.0), (800.0, 200.0), (800.0, 600.0), (200.0, 600.0)),)


def test_the_label_is_cut_out_as_it_is_and_no_larger_than_it_is() -> None:
    picture = np.full((500, 600, 3), 255, np.uint8)
    picture[150:250, 150:350] = (0, 0, 200)
    label = cv2.imdecode(np.frombuffer(covering.cut(picture, Hidden((SQUARE,))), np.uint8), cv2.IMREAD_COLOR)
    assert label is not None
    assert label.shape == (201, 301, 3)
    assert abs(int(label[100, 100, 2]) - 200) < 10


def test_a_place_shows_what_is_hidden_where_they_meet() -> None:
    hidden = Hidden((SQUARE,))
    assert covering.shows(hidden, covering.around_box((380, 280, 40, 40)))
    assert not covering.shows(hidden, covering.around_box((460, 400, 10, 10)))
