"""The demo's photographs: drawn by seed, and readable for the bench's own reader where they should be."""

from datetime import date

import cv2
import numpy as np
import pytest

from models.symbols import read
from provisioning.demo.parcels import Parcel, parcels
from provisioning.demo.photographs import photographs

DAY = date(2026, 11, 21)
ALL = parcels(DAY)


def test_the_same_seed_takes_the_same_photograph() -> None:
    parcel = next(parcel for parcel in ALL if parcel.name == "watch-list")
    assert photographs(parcel, 3) == photographs(parcel, 3)


@pytest.mark.slow
@pytest.mark.parametrize("parcel", ALL, ids=lambda parcel: parcel.name)
def test_every_symbol_that_should_be_readable_is_read(parcel: Parcel) -> None:
    for shot, frame in zip(parcel.shots, photographs(parcel, 1), strict=True):
        picture = np.asarray(cv2.imdecode(np.frombuffer(frame.data, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        assert bool(read(picture)) == shot.readable


def test_the_demo_covers_every_verdict_with_at_least_sixteen_parcels_at_two_stations() -> None:
    assert len(ALL) >= 16
    assert {outcome.value for parcel in ALL for outcome in parcel.expected.outcomes} == {
        "NO_FINDING",
        "CHECK",
        "STRONG_INDICATION",
        "CANNOT_ASSESS",
    }
    assert {parcel.station for parcel in ALL} == {"1", "2"}
    assert any(len(parcel.shots) == 2 for parcel in ALL)
    assert len({parcel.name for parcel in ALL}) == len(ALL)
