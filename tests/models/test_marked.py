"""Marked regions are tried with the photographs that a face was made of, on drawn material."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models import marked, pack
from models.measurements import Image, MarkedRegion
from tests.models.drawn_sample import SIZE_MM, photograph, printed

LOGO = MarkedRegion("logo", 4, 3, 40, 6)
PLAIN = MarkedRegion("logo", 40, 70, 15, 15)
FINE = MarkedRegion("microprint", 4, 64, 50, 2)
HOLOGRAM = MarkedRegion("hologram", 6, 70, 14, 14)


def tried(regions: list[MarkedRegion], *photographs: Image) -> tuple[marked.MarkedTrial, ...]:
    picture = cv2.imencode(".png", photographs[0][60:-60, 60:-60])[1].tobytes()
    return marked.tried(picture, SIZE_MM, regions, photographs, pack.builtin()).regions


def test_regions_that_the_photographs_show_have_no_fault_and_are_read() -> None:
    shots = photograph(printed()), photograph(printed(shine=1))
    logo, fine, hologram = tried([LOGO, FINE, HOLOGRAM], *shots)
    assert (logo.faults, fine.faults, hologram.faults) == ((), (), ())
    assert logo.reading is not None
    assert fine.reading is not None
    assert hologram.reading is not None
    assert logo.reading.offset_mm == pytest.approx(0, abs=0.1)
    assert fine.reading.contrast == pytest.approx(1, abs=0.1)
    assert hologram.reading.change is not None
    assert hologram.reading.change > 0.3


def test_a_region_without_print_has_a_fault() -> None:
    (plain,) = tried([PLAIN], photograph(printed()))
    assert plain.faults == ("expected print, whose grey levels spread by at least 4, got 0.0: it is plain",)


def test_a_region_that_is_too_small_to_be_read_has_a_fault_with_its_millimetres() -> None:
    (small,) = tried([MarkedRegion("label", 4, 3, 0.6, 0.5)], photograph(printed()))
    assert small.reading is None
    assert small.faults == (
        (
            "expected at least 0.4 x 0.9 mm on a face of this size, got 0.6 x 0.5 mm, 5 x 4 of the pixels that are "
            "compared"
        ),
    )


def test_micro_print_that_the_photographs_do_not_resolve_has_a_fault() -> None:
    (fine,) = tried([FINE], photograph(printed(), mm_per_px=0.4))
    assert len(fine.faults) == 1
    assert fine.faults[0].startswith(
        "expected letters that the photographs resolve, 1.7 periods or more to the line's height, got 1."
    )
    assert fine.faults[0].endswith(" at 0.40 mm per pixel")


def test_a_region_that_is_burnt_out_has_a_fault() -> None:
    face = printed()
    y, x = np.mgrid[0:900, 0:600]
    light = 400 * np.exp(-((x - 130) ** 2 + (y - 770) ** 2) / (2 * 90.0**2))[:, :, None]
    (hidden,) = tried([HOLOGRAM], photograph(np.clip(face + light, 0, 255).astype(np.uint8)))
    assert hidden.faults == ("expected at most 40% of it burnt out in the registered picture, got 100%",)


def test_kinds_that_are_not_read_by_themselves_have_neither_fault_nor_reading() -> None:
    art, ignored = tried(
        [MarkedRegion("artwork", 0, 0, 60, 90), MarkedRegion("ignore", 40, 70, 15, 15)], photograph(printed())
    )
    assert (art.faults, art.reading, ignored.faults, ignored.reading) == ((), None, (), None)


def test_micro_print_with_no_other_print_around_it_has_a_fault() -> None:
    face = printed()
    face[:, :] = (150, 170, 190)
    face[20:560] = printed()[20:560]
    cv2.putText(face, "GENUINE KUMO AUDIO " * 3, (42, 815), 0, 0.5, (30, 30, 30), 1, cv2.LINE_AA)
    (alone,) = tried([MarkedRegion("microprint", 0, 80, 60, 2)], photograph(face))
    assert alone.faults == (
        "expected other fine print around it, which tells what a capture resolves, got none that any could show",
    )
