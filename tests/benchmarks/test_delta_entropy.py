"""The floor that the benchmark of deltas compares with is the number of possible changes."""

from __future__ import annotations

import math

import pytest

from benchmarks.delta import entropy
from edge.storage.registry_schema import KNOWN_BITS


@pytest.mark.parametrize(("before", "gone", "come"), [(10_000, 40, 60), (10_000, 0, 100), (1_000, 10, 0)])
def test_entropy_is_the_logarithm_of_the_possible_changes(before: int, gone: int, come: int) -> None:
    ways = math.comb(before, gone) * math.comb((1 << KNOWN_BITS) - before, come)
    assert entropy(before, gone, come) == pytest.approx(math.log2(ways) / 8 / (gone + come), rel=1e-3)
