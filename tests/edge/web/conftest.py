"""A real bench (ledger, evidence, registry, pixel workers) behind a real server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
import zxingcpp

from edge.app import open_bench
from edge.bench import Bench
from edge.settings import Settings
from edge.storage.registry_build import build as build_registry
from tests.edge.web.serving import Server, serving

GTIN = "09521234543213"
STATIONS = tuple(str(number) for number in range(1, 10))


def _source(folder: Path) -> Path:
    folder.mkdir()
    (folder / "edition.toml").write_text(
        'schema = 1\nname = "test-edition"\nnumber = 3\nissued = 2026-11-01T00:00:00Z\nbulletin_quarter = "2026-Q4"\n'
    )
    (folder / "products.csv").write_text(
        f"gtin,name,brand,right_holder,serialised\n{GTIN},Kumo soap 90 g,Kumo,Kumo K.K.,yes\n"
    )
    (folder / "serials.csv").write_text(f"gtin,serial,status\n{GTIN},A7,known\n{GTIN},R9,revoked\n")
    (folder / "recordations.csv").write_text(
        "number,right_type,right_holder,valid_from,valid_to,gtins\n"
        f"T-1,trademark,Kumo K.K.,2020-01-01,2090-01-01,{GTIN}\n"
    )
    (folder / "distinguishing_points.csv").write_text(
        "recordation,number,text_en,text_ja,source,sense,x_mm,y_mm\n"
        "T-1,1,The cloud has four bows.,くもの とがりは よつ。,Kumo K.K.,look,20,30.5\n"
        "T-1,2,It weighs 90 g.,,Kumo K.K.,weigh,,\n"
    )
    return folder


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("box")
    edition = build_registry(_source(folder / "source"), folder / "edition.sqlite").out
    return Settings(
        state_dir=folder / "state",
        registry=edition,
        stations=STATIONS,
        workers=1,
        port=0,
        place="Naha",
        token="",
        decode_budget_s=60.0,
        compare_budget_s=60.0,
    )


@pytest.fixture(scope="session")
def bench(settings: Settings) -> Iterator[Bench]:
    with open_bench(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def server(bench: Bench, settings: Settings) -> Iterator[Server]:
    with serving(bench, settings) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as made:
        yield made


@pytest.fixture
def another(bench: Bench, settings: Settings) -> Iterator[Callable[..., Server]]:
    """The same bench behind other settings: `another(token=...)`."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(serving(bench, settings.model_copy(update=changes)))


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    """A photograph without a symbol: noise, 320 x 240."""
    image = np.random.default_rng(7).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", image)[1].tobytes()


@pytest.fixture
def station(client: httpx.Client) -> Iterator[str]:
    """A station at which nothing lies open."""
    name = STATIONS[0]
    assert client.post(f"/api/v1/stations/{name}/next").status_code == 204
    yield name
    client.post(f"/api/v1/stations/{name}/next")


@pytest.fixture(scope="session")
def labelled() -> bytes:
    """A picture of a DataMatrix on white, PNG."""
    symbol = zxingcpp.create_barcode(f"01{GTIN}21A7", zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=8)
    sheet = np.full((600, 800, 3), 255, np.uint8)
    pixels = np.asarray(symbol)
    sheet[100 : 100 + pixels.shape[0], 100 : 100 + pixels.shape[1]] = pixels[..., None]
    return cv2.imencode(".png", sheet)[1].tobytes()
