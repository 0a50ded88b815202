"""How a face lies in a capture: tilt, scale, bend; bottles and pouches are no planes."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.regions import crumpled, wound
from models import faces
from models.measurements import CaptureAdvice
from tests.models.test_faces import HEIGHT_MM, LOGO, drawn_face, loaded, photograph, reference, region

PLAIN: dict[str, Any] = {"tilt_deg": (0.0, 0.0), "rotation_deg": 0.0, "noise": 0.0, "defocus_px": 0.0, "clutter": False}


def test_tilt_and_scale_are_measured_on_the_face() -> None:
    (found,) = faces.compare(photograph(drawn_face(), **PLAIN).image, [reference()], loaded())
    assert found.tilt_deg == pytest.approx(0, abs=6)
    assert found.mm_per_px == pytest.approx(HEIGHT_MM / (1400 * 0.85), rel=0.05)
    (tilted,) = faces.compare(photograph(drawn_face(), tilt_deg=(30.0, 0.0)).image, [reference()], loaded())
    assert tilted.tilt_deg == pytest.approx(30, abs=5)
    assert (found.bend_px or 0) < 3


@pytest.mark.parametrize("degrees", [110, 150])
def test_a_face_around_a_bottle_is_not_flat_and_never_different(degrees: float) -> None:
    shot = photograph(wound(drawn_face(), degrees))
    (found,) = faces.compare(shot.image, [reference()], loaded())
    assert (found.score, found.retake, found.differences) == (None, "not_flat", ())


def test_a_face_on_a_filled_pouch_is_not_flat() -> None:
    shot = photograph(crumpled(drawn_face(), 0.02, np.random.default_rng(8)))
    (found,) = faces.compare(shot.image, [reference()], loaded())
    assert (found.score, found.retake) == (None, "not_flat")


def test_glare_over_a_region_asks_to_tilt_the_package_that_way() -> None:
    shot = photograph(drawn_face(), **PLAIN)
    corners = np.array([[[LOGO[0] + 60, LOGO[1]], [LOGO[0] + LOGO[2] + 40, LOGO[1] + LOGO[3]]]], np.float64)
    (left, top), (right, bottom) = cv2.perspectiveTransform(corners, shot.homography)[0].astype(int)
    shot.image[top:bottom, left:right] = 255
    (found,) = faces.compare(shot.image, [reference(1, region("logo", LOGO))], loaded())
    assert [(one.code, one.region, one.edge) for one in found.advice if one.region] == [("glare_over", "logo", "left")]


def test_a_tilted_package_asks_for_the_camera_above_it() -> None:
    (found,) = faces.compare(photograph(drawn_face(), tilt_deg=(48.0, 0.0)).image, [reference()], loaded())
    assert CaptureAdvice("tilted", measured=found.tilt_deg and round(found.tilt_deg), needed=40.0) in found.advice
