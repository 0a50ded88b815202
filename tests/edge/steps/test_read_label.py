"""The registered words of a label, through the worker: laid on, read in place, held against the face."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from edge import policy as policies
from edge.checks.printed_values import Standing
from edge.checks.text import judged
from edge.comparison import PrintReading
from edge.lookup import Region
from edge.steps import compare, read_print
from models.worker import PixelWorkers
from tests.edge import drawn_cases as drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.measurements import Image

WORDS = "NIGHT SERUM 30 ml"
POLICY = policies.builtin()
LABEL = Region("label", 10, 70, 70, 12, WORDS)
FACE = replace(drawn.FACE, width_mm=90.0, height_mm=100.0, regions=(LABEL,))


def face(words: str = WORDS) -> Image:
    """A face of coloured shapes, 900 x 1000 px for 90 x 100 mm, with a label."""
    random = np.random.default_rng(3)
    picture = np.full((1000, 900, 3), 235, np.uint8)
    for _ in range(70):
        x, y = int(random.integers(0, 900)), int(random.integers(0, 620))
        colour = [int(value) for value in random.integers(20, 230, 3)]
        cv2.circle(picture, (x, y), int(random.integers(10, 60)), colour, -1, cv2.LINE_AA)
    page = Picture.fromarray(picture)
    ImageDraw.Draw(page).text((120, 725), words, (20, 20, 20), ImageFont.load_default(60))
    return np.asarray(page, np.uint8).copy()


def photograph(picture: Image) -> bytes:
    """The face turned and tilted on a grey desk."""
    corners = np.array([[0, 0], [900, 0], [900, 1000], [0, 1000]], np.float32)
    placed = np.array([[260, 130], [1120, 190], [1090, 1130], [200, 1080]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, placed)
    shown = cv2.warpPerspective(picture, matrix, (1400, 1300), borderValue=(120, 120, 120))
    return cv2.imencode(".jpg", cv2.GaussianBlur(shown, (0, 0), 0.8))[1].tobytes()


@pytest.fixture(scope="module")
def workers() -> Iterator[PixelWorkers]:
    with PixelWorkers(1, read_budget_s=60.0, compare_budget_s=60.0) as started:
        yield started


def reading_of(words: str, workers: PixelWorkers) -> PrintReading:
    registered = cv2.imencode(".png", face())[1].tobytes()
    with workers.look(photograph(face(words))) as frame:
        done = compare.compare(
            drawn.CAPTURE, [FACE], frame, lambda _: registered, lambda *_: "e" * 64, layers={}, policy=POLICY.face
        )
        (comparison,) = done.seen.comparisons
        wanted = [read_print.on_label(region, comparison.gtin) for region in comparison.regions]
        seen = read_print.read(
            drawn.CAPTURE,
            [one for one in wanted if one is not None],
            frame,
            lambda *_: "e" * 64,
            known=frozenset(),
            policy=POLICY.text.model_copy(update={"budget_ms": 10_000.0}),
        )
    (reading,) = seen.prints
    return reading


def test_a_label_that_says_its_registered_words_agrees(workers: PixelWorkers) -> None:
    reading = reading_of(WORDS, workers)
    assert [one.standing for one in judged(reading)] == [Standing.AGREES]
    assert reading.picture is None


def test_a_label_that_says_something_else_is_told_with_its_picture(workers: PixelWorkers) -> None:
    reading = reading_of("NIGHT SERUM 90 ml", workers)
    (found,) = judged(reading)
    assert (found.standing, found.read) == (Standing.DIFFERS, "NIGHT SERUM 90 ml")
    assert reading.picture is not None
