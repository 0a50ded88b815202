"""Maps of several captures become one, and a finger on one capture hides nothing on the others."""

import numpy as np
import pytest

from models.fusion import mean


def test_a_cell_is_the_mean_of_the_captures_that_could_judge_it() -> None:
    first = {"structure": np.array([[1.0, np.nan], [3.0, np.nan]], np.float32)}
    second = {"structure": np.array([[3.0, 5.0], [np.nan, np.nan]], np.float32)}
    fused = mean([first, second])["structure"]
    assert fused[0].tolist() == [2.0, 5.0]
    assert fused[1, 0] == 3.0
    assert np.isnan(fused[1, 1])


def test_a_kind_that_only_one_capture_has_is_kept() -> None:
    one = np.ones((2, 2), np.float32)
    assert set(mean([{"structure": one}, {"structure": one, "print": one}])) == {"structure", "print"}


def test_fusing_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^Maps of at least one capture are needed to fuse, got none\.$"):
        mean([])


def test_maps_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"one shape, got \[\(2, 2\), \(2, 3\)\] for .a.\.$"):
        mean([{"a": np.ones((2, 2), np.float32)}, {"a": np.ones((2, 3), np.float32)}])
