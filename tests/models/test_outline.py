"""Which outline is the face: told by the millimetres and by the print, and asked where they do not settle it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models import outline
from models.errors import PictureRefused
from models.measurements import Image

SIZE_MM = (90.0, 140.0)
TABLE, SHEET, CARTON = (45, 50, 55), (236, 238, 238), (120, 165, 190)
PX = 3  # to a millimetre


def box(width_mm: float = 90, height_mm: float = 140, colour: tuple[int, int, int] = CARTON) -> Image:
    """A printed face: a bar along its top, a panel across its middle, words below."""
    face = np.full((round(height_mm * PX), round(width_mm * PX), 3), colour, np.uint8)
    height, width = face.shape[:2]
    cv2.rectangle(face, (0, 0), (width, 14), (30, 30, 160), -1)
    cv2.rectangle(face, (0, round(0.35 * height)), (width, round(0.72 * height)), (140, 60, 40), -1)
    for row, words in enumerate(("AURORA", "LOT 7F2210", "MADE IN JAPAN")):
        cv2.putText(face, words, (8, (60, -70, -20)[row] % height), 0, 1.0, (20, 20, 40), 2, cv2.LINE_AA)
    return face


def sheet(width_mm: float = 210, height_mm: float = 297) -> Image:
    return np.full((round(height_mm * PX), round(width_mm * PX), 3), SHEET, np.uint8)


def lying(upper: Image, lower: Image, at: tuple[float, float] = (0.5, 0.5)) -> Image:
    both = lower.copy()
    top, left = (round(share * (a - b)) for share, a, b in zip(at, lower.shape, upper.shape, strict=False))
    both[top : top + upper.shape[0], left : left + upper.shape[1]] = upper
    return both


def photographed(thing: Image, tilt: float = 0.04) -> tuple[Image, outline.Quad]:
    """A photograph from a little aside on a dark table, and the corners of the thing in it."""
    height, width = thing.shape[:2]
    focal, frame = 1200.0, (1000, 1200)
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    x, y = (flat - (width / 2, height / 2)).T
    away = 1.25 * focal * max(width / frame[0], height / frame[1])
    z = away + np.sin(tilt * 6) * x
    corners = np.column_stack([frame[0] / 2 + focal * np.cos(tilt * 6) * x / z, frame[1] / 2 + focal * y / z])
    matrix = cv2.getPerspectiveTransform(flat.astype(np.float32), corners.astype(np.float32))
    shot = np.full((frame[1], frame[0], 3), TABLE, np.uint8)
    cv2.warpPerspective(thing, matrix, frame, dst=shot, borderMode=cv2.BORDER_TRANSPARENT)
    return cv2.GaussianBlur(shot, (3, 3), 0).astype(np.uint8), corners


def shown_at(thing: Image, inner: Image, corners: outline.Quad) -> outline.Quad:
    """Where a thing that lies in the middle of another shows, whose corners are known."""
    height, width = thing.shape[:2]
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    top, left = ((a - b) / 2 for a, b in zip(thing.shape[:2], inner.shape[:2], strict=True))
    down, across = top + inner.shape[0], left + inner.shape[1]
    own = np.array([[[left, top], [across, top], [across, down], [left, down]]], np.float32)
    return np.asarray(cv2.perspectiveTransform(own, matrix)[0], np.float64)


def refused(photograph: Image, size_mm: tuple[float, float]) -> PictureRefused:
    with pytest.raises(PictureRefused) as told:
        outline.face_outline(photograph, size_mm)
    return told.value


@pytest.mark.parametrize("tilt", [0.0, 0.03, 0.06])
def test_the_proportions_of_a_flat_thing_are_had_of_its_picture_from_aside(tilt: float) -> None:
    photograph, corners = photographed(box(), tilt)
    least, most = outline.proportions(corners, photograph)
    assert least <= 90 / 140 * 1.001
    assert most >= 90 / 140 * 0.999
    assert outline.apart(corners, photograph, SIZE_MM) < 0.01
    assert outline.apart(corners, photograph, (140, 90)) > 0.4


def test_a_face_on_a_dark_table_is_found() -> None:
    photograph, corners = photographed(box())
    assert np.abs(outline.face_outline(photograph, SIZE_MM) - corners).max() < 8


def test_of_a_box_on_a_sheet_the_box_is_the_face() -> None:
    thing = lying(box(), sheet())
    photograph, corners = photographed(thing)
    found = outline.face_outline(photograph, SIZE_MM)
    assert np.abs(found - shown_at(thing, box(), corners)).max() < 8


def test_a_sheet_is_not_the_face_of_a_pale_box_that_does_not_stand_out_from_it() -> None:
    pale = box(colour=SHEET)
    pale[: round(0.3 * pale.shape[0])] = SHEET
    photograph, _ = photographed(lying(pale, sheet()), tilt=0.0)
    told = refused(photograph, SIZE_MM)
    assert told.code == "enrol_proportions"
    assert told.message.startswith(
        "A face of 90 x 140 mm (width x height) must be 0.64 times as wide as high, got an outline that is 0.71 times "
        'as wide as high, with the corners "'
    )


def test_swapped_millimetres_are_told_as_such_and_no_panel_of_the_print_is_taken_instead() -> None:
    photograph, _ = photographed(box(), tilt=0.0)
    told = refused(photograph, (140, 90))
    assert told.message.startswith(
        "A face of 140 x 90 mm (width x height) must be 1.56 times as wide as high, got an outline that is 0.65 times "
        'as wide as high, with the corners "'
    )
    assert told.hint == "Width and height look swapped: the width is what runs across in the photograph."


def test_wrong_millimetres_are_told() -> None:
    photograph, _ = photographed(box())
    told = refused(photograph, (90, 300))
    assert told.code == "enrol_proportions"
    assert told.hint == (
        "Measure the printed face again. If that outline is not the face, name the corners with --corners."
    )


def test_corners_that_are_named_must_have_the_proportions_too() -> None:
    photograph, corners = photographed(box(), tilt=0.0)
    outline.require_proportions(corners, photograph, SIZE_MM)
    with pytest.raises(PictureRefused) as told:
        outline.require_proportions(np.roll(corners, -1, axis=0), photograph, SIZE_MM)
    assert told.value.code == "enrol_proportions"


def test_a_box_of_the_proportions_of_the_sheet_under_it_is_asked_for() -> None:
    thing = lying(box(99, 140), sheet())
    photograph, _ = photographed(thing)
    told = refused(photograph, (99, 140))
    assert told.code == "enrol_unsure"
    assert told.message.startswith(
        "The outline of the face must stand out from the ground that it lies on, got two with these proportions, "
    )
    assert told.hint == (
        "Lay the sample on a ground that is larger than the picture, or name the face's corners with --corners."
    )


def test_a_sheet_of_the_proportions_of_a_box_that_does_not_stand_out_from_it_is_asked_for() -> None:
    thing = sheet()
    for row in range(4):
        cv2.putText(thing, "AURORA SOUND", (200, 350 + 50 * row), 0, 1.0, (90, 40, 40), 2, cv2.LINE_AA)
    photograph, _ = photographed(thing)
    told = refused(photograph, (99, 140))
    assert told.code == "enrol_unsure"
    assert told.message.endswith("and no edge, as of a sheet under a box.")


def test_a_frame_printed_along_the_edge_is_not_the_face() -> None:
    framed = box()
    cv2.rectangle(framed, (6, 6), (framed.shape[1] - 7, framed.shape[0] - 7), (20, 20, 20), 2)
    photograph, corners = photographed(framed)
    assert np.abs(outline.face_outline(photograph, SIZE_MM) - corners).max() < 8


def test_a_first_photograph_from_too_far_aside_is_refused() -> None:
    photograph, corners = photographed(box(), tilt=0.09)
    with pytest.raises(PictureRefused) as told:
        outline.require_proportions(corners, photograph, SIZE_MM)
    assert told.value.code == "enrol_tilted"
    assert told.value.message.startswith(
        "The first photograph must show the face so straight that its proportions are known to 30%, got an outline "
    )
    assert told.value.hint == "Hold the camera straight above the face, and put that photograph first."
