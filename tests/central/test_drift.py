"""Drift of scores, held against the ladder by which packs are calibrated."""

from __future__ import annotations

import ast
import math
from itertools import pairwise
from pathlib import Path

import pytest

from sync.central.fleet.drift import EDGES, EXPECTED, LEAST, MOVED, bin_of, drift


def test_the_expected_shares_are_those_of_the_ladder_of_the_calibration() -> None:
    source = Path(__file__).parents[2] / "models" / "training" / "calibrate.py"
    said = {
        ast.unparse(node.targets[0]): ast.unparse(node.value)
        for node in ast.parse(source.read_text("utf-8")).body
        if isinstance(node, ast.Assign)
    }
    ladder = ast.literal_eval(said["LADDER"].replace("RARE", said["RARE"]).replace("CHECK", said["CHECK"]))
    rungs = ladder[: len(EDGES)]
    assert tuple(score for _, score in rungs) == EDGES
    beyond = [1.0, *(1 / rare for rare, _ in rungs), 0.0]
    assert pytest.approx([more - less for more, less in pairwise(beyond)]) == EXPECTED


def test_scores_fall_into_the_bins_of_the_ladder() -> None:
    assert [bin_of(score) for score in (0.0, 0.049, 0.05, 0.2, 0.3, 0.499, 0.5, 1.0)] == [0, 0, 1, 2, 3, 3, 4, 4]


def test_scores_as_calibrated_have_not_moved_and_others_have() -> None:
    as_calibrated = drift([round(12_000 * share) for share in EXPECTED])
    assert not as_calibrated.moved
    assert as_calibrated.at_check == pytest.approx(1 / 150)
    assert as_calibrated.psi == pytest.approx(0.0, abs=1e-9)
    blurred = drift([100, 100, 200, 300, 300])
    assert blurred.moved
    assert blurred.at_check == 0.3


def test_the_index_is_the_sum_that_its_definition_says() -> None:
    shares = [0.125, 0.075, 0.025, 0.025, 0.75]
    counts = [round(400 * share) for share in shares]
    told = drift(counts)
    assert told.psi == pytest.approx((shares[4] - EXPECTED[4]) * math.log(shares[4] / EXPECTED[4]))
    assert told.psi is not None
    assert told.psi > MOVED


def test_scores_that_lie_lower_than_the_ladder_allows_have_not_moved() -> None:
    assert drift([850, 87, 45, 16, 2]).psi == 0.0
    assert not drift([1000, 0, 0, 0, 0]).moved


def test_too_few_scores_say_nothing() -> None:
    assert drift([0, 0, 0, 0, LEAST - 1]).psi is None
    assert drift([0] * 5).at_check == 0.0
    with pytest.raises(ValueError, match=r"^Expected counts of 5 bins, got 2\.$"):
        drift([1, 2])
