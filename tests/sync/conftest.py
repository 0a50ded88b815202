"""A founded tree, copied for each test; a box; a web server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sync.publishing import Publishing, Receiving
from tests.sync.web_server import WebServer, serving


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _founded(Publishing(tmp_path_factory.mktemp("publisher")))


@pytest.fixture(scope="session")
def founded_today(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _founded(Publishing(tmp_path_factory.mktemp("publisher"), now=datetime.now(UTC)))


def _founded(publishing: Publishing) -> Path:
    publishing.found()
    publishing.add_policy()
    return publishing.place


@pytest.fixture
def publishing(founded: Path, tmp_path: Path) -> Publishing:
    """A publisher with a policy in its tree."""
    return Publishing(Path(shutil.copytree(founded, tmp_path / "publisher")))


@pytest.fixture
def publishing_today(founded_today: Path, tmp_path: Path) -> Publishing:
    """The same, signed today: for what reads the real clock, in whatever year the tests run."""
    return Publishing(Path(shutil.copytree(founded_today, tmp_path / "publisher")), now=datetime.now(UTC))


@pytest.fixture
def receiving(publishing: Publishing, tmp_path: Path) -> Receiving:
    """A box that trusts the publisher and has pulled nothing yet."""
    receiving = Receiving(tmp_path / "var")
    receiving.box.trust(publishing.root)
    return receiving


@pytest.fixture
def served(publishing: Publishing) -> Iterator[WebServer]:
    """The publisher's tree behind a web server."""
    with serving(publishing.directory) as server:
        yield server
