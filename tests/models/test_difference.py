"""What the built-in network answers to a computed pair, and what a turned ink looks like."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models import difference, embed, pack
from models.measurements import Image

# The int8 network's logits at four cells (in the changed place, at its rim, twice far from it) on x86-64. Processors
# round 8-bit sums differently in the last digits: 0.3 of a logit is allowed, a twentieth of what tells an edit here.
GOLDEN = {
    "structure": (7.08, 2.99, -5.67, -7.76),
    "print": (-2.99, -2.17, -4.87, -4.68),
    "unusable": (-4.07, -4.98, -8.36, -7.23),
}
CELLS = ((14, 11), (14, 5), (4, 4), (28, 20))
TOLERANCE = 0.3


def _pair() -> tuple[Image, Image]:
    """A face of slopes (128 x 96), and the same with a plain rectangle."""
    y, x = np.mgrid[0:128, 0:96]
    face = np.dstack([(x * 2) % 200 + 20, (y * 1.5) % 180 + 30, ((x + y) % 64) * 3]).astype(np.uint8)
    capture = face.copy()
    capture[40:72, 24:64] = (40, 90, 200)
    return face, capture


@pytest.mark.parametrize(("precision", "tolerance"), [("int8", TOLERANCE), ("fp32", 2 * TOLERANCE)])
def test_the_built_in_network_answers_as_it_did_when_it_was_made(precision: pack.Precision, tolerance: float) -> None:
    face, capture = _pair()
    network = pack.builtin(precision).network
    maps = embed.maps(embed.features(face, network), capture, network)
    for kind, expected in GOLDEN.items():
        assert [float(maps[kind][cell]) for cell in CELLS] == pytest.approx(expected, abs=tolerance), kind


def _inks(*colours: tuple[int, int, int]) -> tuple[Image, Image, Image]:
    """A face of squares in these colours (hue, saturation, value); the first ink turned; a smear of the turned one."""
    squares = cv2.resize((np.arange(20, dtype=np.uint8) % len(colours)).reshape(5, 4), (192, 256), interpolation=0)
    hsv = np.array(colours, np.uint8)[squares]
    turned, smeared = hsv.copy(), hsv.copy()
    turned[..., 0][squares == 0] += 12
    smeared[60:100, 60:100] = (colours[0][0] + 12, *colours[0][1:])
    face, other_ink, smear = (
        np.asarray(cv2.cvtColor(one, cv2.COLOR_HSV2BGR), np.uint8) for one in (hsv, turned, smeared)
    )
    return face, other_ink, smear


def test_an_ink_that_is_turned_everywhere_is_told_and_a_coloured_smear_is_not() -> None:
    face, other_ink, smear = _inks((10, 170, 200), (20, 90, 230), (60, 150, 180), (110, 170, 220), (0, 0, 120))
    usable = np.ones((64, 48), np.bool_)
    told, quiet = (difference.colour_distance(shown, face, usable, 3) for shown in (other_ink, smear))
    assert float(np.nanmax(told)) > 8
    assert float(np.nanmax(quiet)) < 1


def test_an_ink_of_which_the_rest_of_the_face_says_nothing_hardly_tells_a_turn() -> None:
    usable, ink, green, paper = np.ones((64, 48), np.bool_), (10, 170, 200), (60, 200, 180), (0, 0, 250)
    known, unknown = (
        float(np.nanmax(difference.colour_distance(other_ink, face, usable, 3)))
        for face, other_ink, _ in (_inks(ink, paper), _inks(ink, green))
    )
    assert known > 2 * unknown


def test_cells_that_may_not_be_judged_have_no_colour() -> None:
    face, capture = _pair()
    usable = np.ones((32, 24), np.bool_)
    usable[:10] = False
    values = difference.colour_distance(capture, face, usable, 3)
    assert np.isnan(values[:10]).all()
    assert np.isfinite(values[12:]).all()
