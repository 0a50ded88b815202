"""A real bench on drawn material: registry built from the demo's sources, real ledger, real pixel workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from edge.app import open_bench
from edge.bench import Bench
from edge.moment import ClockTrust, Moment
from edge.ports import Frame
from edge.settings import Settings
from edge.storage.registry_build import build
from provisioning.demo import sources
from provisioning.demo.parcels import Parcel, parcels
from provisioning.demo.photographs import photographs

DAY = date(2026, 11, 21)
TODAY = datetime.now(UTC).date()
NOON = Moment(datetime(2026, 11, 21, 12, 0, tzinfo=UTC), ClockTrust.SYNCED)

Open = Callable[..., AbstractContextManager[Bench]]


@pytest.fixture(scope="session")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _edition(tmp_path_factory.mktemp("edition"), DAY)


@pytest.fixture(scope="session")
def edition_today(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of TODAY: for what reads the real clock, in whatever year the tests run."""
    return _edition(tmp_path_factory.mktemp("edition"), TODAY)


def _edition(directory: Path, day: date) -> Path:
    sources.write(directory / "sources", sources.samples(1, day), day)
    return build(directory / "sources", directory / "edition.sqlite").out


@pytest.fixture(scope="session")
def parcel() -> Callable[[str], Parcel]:
    known = {one.name: one for one in parcels(DAY)}
    return known.__getitem__


@pytest.fixture(scope="session")
def photographed(parcel: Callable[[str], Parcel]) -> Callable[[str], tuple[Frame, ...]]:
    taken: dict[str, tuple[Frame, ...]] = {}

    def of(name: str) -> tuple[Frame, ...]:
        if name not in taken:
            taken[name] = photographs(parcel(name), seed=1)
        return taken[name]

    return of


@pytest.fixture
def opened(edition: Path, tmp_path: Path) -> Open:
    def open_one(**changes: object) -> AbstractContextManager[Bench]:
        usual: dict[str, object] = {
            "state_dir": tmp_path / "state",
            "registry": edition,
            "stations": ("1", "2"),
            "place": "Port Sample",
            "workers": 1,
            "reserve_bytes": 1_000_000,
            "decode_budget_s": 30.0,
            "compare_budget_s": 30.0,
        }
        return open_bench(Settings(**(usual | changes)), now=lambda: NOON)  # type: ignore[arg-type]

    return open_one


@pytest.fixture
def bench(opened: Open) -> Iterator[Bench]:
    with opened() as one:
        yield one
