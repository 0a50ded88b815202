"""A central on SQLite and on a real PostgreSQL, and boxes that are enrolled with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from benchmarks import postgres
from sync.central.central import Central
from sync.central.database import migrate, opened, writing
from sync.central.intake.devices import enrol, new_token
from sync.central.intake.objects import ObjectsOnDisk
from tests.sync.boxes import DAY, Box

CENTRAL = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    if why := postgres.why_unavailable():
        pytest.skip(f"NOT TESTED: the central on PostgreSQL: {why}")
    with postgres.running() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = opened(f"sqlite:///{tmp_path / 'central.db'}")
    else:
        engine = opened(request.getfixturevalue("server").new_database())
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def central(engine: Engine, tmp_path: Path) -> Central:
    (tmp_path / "central").mkdir()
    return Central(engine, ObjectsOnDisk(tmp_path / "central"), CENTRAL, lambda: DAY)


@pytest.fixture
def box(central: Central, tmp_path: Path) -> Iterator[Callable[..., Box]]:
    """Makes enrolled boxes: `box()`, `box("bench-2", port="Naha")`."""
    made: list[Box] = []

    def make(device: str = "bench-1", port: str = "Narita", folder: str = "") -> Box:
        one = Box(tmp_path / (folder or device), device)
        public = one.private.public_key().public_bytes_raw().hex()
        with writing(central.engine) as connection:
            token = new_token(connection, "http://central", central.id, device, port=port, now=DAY)
            enrol(connection, CENTRAL, device, public, proof=token.proof(public), now=DAY)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()
