"""The demo's registry sources: every row is taken by the registry's own builder, and says what the parcels need."""

from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from edge.gs1 import Gtin
from edge.lookup import SerialStatus
from edge.storage.registry import Registry
from edge.storage.registry_build import build
from provisioning.demo.items import item
from provisioning.demo.products import BY_KEY, PRODUCTS
from provisioning.demo.sources import Sample, samples, write

DAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def printed() -> tuple[Sample, ...]:
    return samples(1, DAY)


@pytest.fixture(scope="module")
def edition(printed: tuple[Sample, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("registry")
    report = build(write(place / "sources", printed, DAY), place / "edition.sqlite")
    assert report.refusals == ()
    return place / "edition.sqlite"


def test_every_registered_product_has_a_face_and_a_recordation(edition: Path) -> None:
    with closing(Registry.open(edition)) as registry:
        for product in PRODUCTS:
            gtin = Gtin(product.gtin)
            found = registry.product(gtin)
            assert (found is not None) == product.registered
            if found is not None:
                assert registry.faces(gtin)
                recordations = registry.recordations(gtin, product.brand)
                assert any(recordation.in_force(DAY) for recordation in recordations) == (product.key != "cable")


@pytest.mark.parametrize(
    ("key", "name", "status"),
    [
        ("medicine", "first", SerialStatus.KNOWN),
        ("medicine", "unknown", SerialStatus.UNKNOWN),
        ("toner", "revoked", SerialStatus.REVOKED),
        ("earphones", "first", SerialStatus.IN_RANGE),
        ("earphones", "stolen", SerialStatus.STOLEN),
        ("earphones", "early", SerialStatus.BEFORE_PROGRAMME),
    ],
)
def test_the_items_serials_have_the_status_that_their_parcels_need(
    edition: Path, key: str, name: str, status: SerialStatus
) -> None:
    marking = item(key, name, DAY)
    with closing(Registry.open(edition)) as registry:
        product = registry.product(Gtin(BY_KEY[key].gtin))
        assert product is not None
        assert registry.serial_status(product, marking.serial, marking.batch) is status


def test_the_old_edition_is_older_and_holds_the_same_products(
    tmp_path: Path, edition: Path, printed: tuple[Sample, ...]
) -> None:
    report = build(write(tmp_path / "old", printed, DAY, old=True), tmp_path / "old.sqlite")
    with closing(Registry.open(edition)) as newer:
        assert (newer.edition.issued - report.edition.issued).days > 92
        assert newer.edition.number > report.edition.number
    assert report.refusals == ()
