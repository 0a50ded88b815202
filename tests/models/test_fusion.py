"""Maps of several captures become one, and a finger on one capture hides nothing on the others."""

import numpy as np
import pytest

from models.fusion import Layer, fused, judged_together, packed, unpacked
from models.pack import Judgement
from models.regions import Reading


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


def test_a_cell_counts_the_more_the_more_captures_judged_it() -> None:
    surer = {"structure": Judgement(1, 1, (), (1.5, 2.0))}
    maps = [
        {"structure": np.array([row], np.float32)}
        for row in (
            [4.0, 4.0, 4.0, 4.0],
            [np.nan, 4.0, 4.0, 4.0],
            [np.nan, np.nan, 4.0, 4.0],
            [np.nan, np.nan, np.nan, 4.0],
        )
    ]
    assert fused(maps, surer)["structure"][0].tolist() == [4.0, 5.5, 6.0, 6.0]
    assert fused(maps[:1], surer)["structure"][0].tolist() == [4.0, 4.0, 4.0, 4.0]
    assert fused(maps)["structure"][0].tolist() == [4.0, 4.0, 4.0, 4.0]


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
