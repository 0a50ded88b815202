"""The demo's photographs and parcels: drawn by seed, and enough of them to show every verdict."""

from datetime import date

from provisioning.demo.parcels import parcels
from provisioning.demo.photographs import photographs

DAY = date(2026, 11, 21)
ALL = parcels(DAY)


def test_the_same_seed_takes_the_same_photograph() -> None:
    parcel = next(parcel for parcel in ALL if parcel.name == "watch-list")
    assert photographs(parcel, 3) == photographs(parcel, 3)


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
