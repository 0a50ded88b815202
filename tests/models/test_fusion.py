"""Maps of several captures become one, and a finger on one capture hides nothing on the others."""

import cv2
import numpy as np
import pytest

from models import faces, pack
from models.fusion import Layer, fused, judged_together, packed, unpacked
from models.measurements import FaceReference
from models.pack import Judgement
from models.picture import parse
from models.regions import Reading
from tests.models.test_faces import drawn_face, encoded, photograph


def test_a_cell_is_the_mean_of_the_captures_that_could_judge_it() -> None:
    first = {"structure": np.array([[1.0, np.nan], [3.0, np.nan]], np.float32)}
    second = {"structure": np.array([[3.0, 5.0], [np.nan, np.nan]], np.float32)}
    both = fused([first, second])["structure"]
    assert both[0].tolist() == [2.0, 5.0]
    assert both[1, 0] == 3.0
    assert np.isnan(both[1, 1])


def test_another_ink_or_a_soft_print_is_what_every_capture_shows_that_could_judge_the_cell() -> None:
    first = {"colour": np.array([[14.0, np.nan, np.nan]], np.float32)}
    second = {"colour": np.array([[2.0, 5.0, np.nan]], np.float32)}
    both = fused([first, second])["colour"]
    assert both[0, :2].tolist() == [2.0, 5.0]
    assert np.isnan(both[0, 2])


SURER = {"structure": Judgement(1, 1, (), (1.5, 2.0))}


def drawn(seed: int, spread: float = 2.0) -> np.ndarray:
    """A map whose errors are its own; the third row of its left half is not judged."""
    values = np.random.default_rng(seed).normal(0, spread, (20, 30)).astype(np.float32)
    values[2, :15] = np.nan
    return values


def fused_above(*maps: np.ndarray) -> np.ndarray:
    """What several captures add to the mean of theirs."""
    captures = [{"structure": one} for one in maps]
    return fused(captures, SURER)["structure"] - fused(captures)["structure"]


def test_a_cell_counts_the_more_the_more_captures_of_their_own_judged_it() -> None:
    first, second, third, fourth = (drawn(seed) for seed in range(4))
    third[:, 20:] = np.nan
    added = fused_above(first, second, third)
    assert added[0, [0, 25]] == pytest.approx([2.0, 1.5])
    assert np.isnan(added[2, 0])
    assert fused_above(first, second, fourth, drawn(4))[0, 0] == pytest.approx(2.0)
    assert np.nanmax(np.abs(fused_above(first))) == 0.0


def test_one_picture_taken_twice_is_no_second_witness() -> None:
    picture, another = drawn(1), drawn(2)
    again = picture + drawn(3, 0.05)
    assert fused_above(picture, picture)[0, 0] == 0.0
    assert 0.0 < fused_above(picture, again)[0, 0] < 0.02
    assert fused_above(picture, again, another)[0, 0] == pytest.approx(1.2, abs=0.02)  # 1.8 witnesses, not 3


def test_the_same_picture_shifted_and_stored_again_raises_no_score() -> None:
    elsewhere = FaceReference("7", encoded(drawn_face(logo_at=(65, 60))))
    first = photograph(drawn_face()).image
    shift = np.array([[1, 0, 2.6], [0, 1, -3.3]], np.float32)
    moved = cv2.warpAffine(first, shift, (first.shape[1], first.shape[0]))
    again = parse(cv2.imencode(".jpg", moved, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
    (one,) = faces.compare(first, [elsewhere], pack.builtin())
    (two,) = faces.compare(again, [elsewhere], pack.builtin(), earlier=[[one.layer]])
    assert one.score is not None
    assert two.together == 2
    assert two.score == pytest.approx(one.score, abs=0.05)


def test_captures_that_differ_a_little_add_a_little_and_a_change_of_the_print_is_no_agreement() -> None:
    picture = drawn(1)
    noise = drawn(2, 0.4)
    added = fused_above(picture, picture + noise)[0, 0]
    assert 0.1 < added < 0.4
    edit = np.zeros_like(picture)
    edit[5:12, 5:12] = 9.0
    assert fused_above(picture + edit, picture + noise + edit)[0, 0] == pytest.approx(added, abs=0.01)


def test_captures_that_share_next_to_nothing_do_not_say_that_they_are_two_witnesses() -> None:
    left, right = drawn(1), drawn(2)
    left[:, 15:], right[:, :14] = np.nan, np.nan
    assert np.nanmax(fused_above(left, right)) == 0.0


def test_a_kind_that_only_one_capture_has_is_kept() -> None:
    one = np.ones((2, 2), np.float32)
    assert set(fused([{"structure": one}, {"structure": one, "print": one}])) == {"structure", "print"}


def test_fusing_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^Maps of at least one capture are needed to fuse, got none\.$"):
        fused([])


def test_maps_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"one shape, got \[\(2, 2\), \(2, 3\)\] for .a.\.$"):
        fused([{"a": np.ones((2, 2), np.float32)}, {"a": np.ones((2, 3), np.float32)}])


def layer(face: str = "7", pack: str = "drawn-2") -> Layer:
    return Layer(
        face, pack, {"any": np.array([[0.5, np.nan]], np.float32)}, (Reading(2, 0.9, absence=0.25, colours=(1, 2)),)
    )


def test_a_layer_is_the_same_after_it_was_kept_as_bytes() -> None:
    kept = unpacked(packed(layer()))
    assert (kept.face, kept.pack, kept.readings) == ("7", "drawn-2", (Reading(2, 0.9, absence=0.25, colours=(1, 2)),))
    np.testing.assert_array_equal(kept.maps["any"], layer().maps["any"])


def test_layers_of_another_face_or_pack_are_left_out() -> None:
    earlier = [packed(layer(face="8")), packed(layer(pack="other")), packed(layer())]
    assert len(judged_together(layer(), earlier)) == 2


def test_bytes_that_are_no_layer_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^A layer is the archive that a comparison left, got 4 other bytes\.$"):
        unpacked(b"none")
