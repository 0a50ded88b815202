"""The registry: built from the documented source, read by the bench."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from edge.errors import NotFound, RegistryError, SourceError
from edge.gs1 import Gtin
from edge.lookup import Batch, Edition, Product, SerialStatus
from edge.storage.canonical import verify
from edge.storage.database import Kind
from edge.storage.registry import Registry, is_older_batch
from edge.storage.registry_build import build
from edge.storage.registry_schema import grams, whole

GTIN = Gtin("09521234543213")
OTHER = Gtin("04912345678904")
PNG = b"\x89PNG\r\n\x1a\n and some bytes"
DOC = Path(__file__).parents[3] / "docs" / "registry-sources.md"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The examples of docs/registry-sources.md as a source directory: so the document is tested with the code."""
    directory = tmp_path / "source"
    (directory / "faces").mkdir(parents=True)
    (directory / "faces" / "kumo-2.png").write_bytes(PNG)
    names = iter([])  # type: ignore[var-annotated]
    for found in re.finditer(r"^## (\S+)$|```(?:csv|toml)\n(.*?)```", DOC.read_text(), re.MULTILINE | re.DOTALL):
        if found[1]:
            names = iter(["faces.csv", "regions.csv"] if found[1] == "regions" else [_file_name(found[1])])
        else:
            (directory / next(names)).write_text(found[2])
    return directory


def _file_name(heading: str) -> str:
    return heading if "." in heading else f"{heading}.csv"


@pytest.fixture
def registry(source: Path, tmp_path: Path) -> Registry:
    report = build(source, tmp_path / "edition.sqlite")
    assert report.refused == 0
    return Registry.open(report.out)


def the_product(registry: Registry) -> Product:
    product = registry.product(GTIN)
    assert product is not None
    return product


def test_the_examples_of_the_document_build_whole(registry: Registry) -> None:
    assert registry.edition == Edition(
        "jp-2026-11-20", 42, datetime(2026, 11, 20, tzinfo=UTC), "Customs of Examplia", "2026-Q4"
    )
    assert registry.counts == {
        "products": 1,
        "recordations": 1,
        "distinguishing_points": 2,
        "serials": 2,
        "serial_ranges": 1,
        "batches": 2,
        "watch_list": 1,
        "bulletins": 2,
        "faces": 1,
        "regions": 1,
    }
    assert verify(registry.path) == registry.content_sha256


def test_a_product_comes_back_with_everything_that_was_said_of_it(registry: Registry) -> None:
    assert registry.product(GTIN) == Product(
        gtin=GTIN,
        name="Kumo Earbuds 2",
        brand="Kumo",
        right_holder="Kumo Audio KK",
        hs="851830",
        origins=("JP", "VN"),
        makers=("Kumo Audio Hanoi",),
        importers=("Kumo Trading KK",),
        routes=("VN-JP",),
        value_min_minor=8_000,
        value_max_minor=15_000,
        currency="JPY",
        net_g=48,
        serialised=True,
        serial_rule="K2[A-Z0-9]{8}",
        programme_start=date(2024, 4, 1),
        first_serialised_batch="L2404",
        words={"en": "earphones earbuds headphones", "ja": "イヤホン"},
        source="Kumo Audio KK 2026-10",
    )
    assert registry.product(OTHER) is None


@pytest.mark.parametrize(
    ("serial", "batch", "status"),
    [
        ("K2A0000001", None, SerialStatus.KNOWN),
        ("k2a0000001", None, SerialStatus.UNKNOWN),
        ("K2A0000666", None, SerialStatus.STOLEN),
        ("K2B0000000", None, SerialStatus.IN_RANGE),
        ("K2B0999999", None, SerialStatus.IN_RANGE),
        ("K2B1000000", None, SerialStatus.UNKNOWN),
        ("K2B00x0000", None, SerialStatus.UNKNOWN),
        ("K2B000000", None, SerialStatus.UNKNOWN),
        ("X", "L2403", SerialStatus.BEFORE_PROGRAMME),
        ("X", "L2404", SerialStatus.UNKNOWN),
        ("X", "M2403", SerialStatus.UNKNOWN),
        ("K2A0000666", "L2403", SerialStatus.STOLEN),
        (None, None, SerialStatus.NOT_GIVEN),
        (None, "L2403", SerialStatus.BEFORE_PROGRAMME),
    ],
)
def test_a_serial_gets_the_status_that_the_registry_gives_it(
    registry: Registry, serial: str | None, batch: str | None, status: SerialStatus
) -> None:
    assert registry.serial_status(the_product(registry), serial, batch) is status


@pytest.mark.parametrize(
    ("batch", "first", "older"),
    [
        ("L2403", "L2404", True),
        ("L2404", "L2404", False),
        ("L999", "L2404", False),
        ("A1", "B1", False),
        ("", "", False),
    ],
)
def test_only_batches_of_one_pattern_can_be_older(batch: str, first: str, older: bool) -> None:  # noqa: FBT001
    assert is_older_batch(batch, first) is older


def test_a_recordation_is_found_by_prefix_and_by_brand(registry: Registry) -> None:
    for gtin, brand in ((GTIN, ""), (OTHER, "KUMO"), (OTHER, "\uff4bumo")):
        assert [found.number for found in registry.recordations(gtin, brand)] == ["JP-TM-2026-0117"]
    assert registry.recordations(OTHER) == ()
    point, weight = registry.recordations(GTIN)[0].points
    assert (point.sense, point.side, point.x_mm, point.y_mm) == ("tilt", "front", 72.0, 18.5)
    assert (weight.sense, weight.x_mm, weight.y_mm) == ("weigh", None, None)
    assert (point.number, point.severity, sorted(point.text)) == (1, "strong", ["en", "ja"])


def test_a_bulletin_holds_only_in_its_days(registry: Registry) -> None:
    days = {date(2026, 9, 30): 0, date(2026, 10, 1): 2, date(2026, 12, 31): 2, date(2027, 1, 1): 0}
    assert {day: len(registry.bulletins(GTIN, day, "Kumo")) for day in days} == days
    first, second = registry.bulletins(GTIN, date(2026, 10, 1), "Kumo")
    assert (first.look, first.condition) == ({"en": "The sticker at the right top corner: tilt it."}, "")
    assert second.condition.startswith('serial matches "99.*" or batch in ("L2404", "L2405") and ')


@pytest.mark.parametrize(
    "name",
    ["BRIGHT GADGET TRADING LTD.", "Bright-Gadgets Trading", "Brigth Gadget Trading", "\uff22right Gadget Trdg"],
)
def test_a_similar_name_is_among_the_watch_candidates(registry: Registry, name: str) -> None:
    assert registry.watch_candidates(name)[0].entry == "W-17"
    assert registry.watch_candidates(name, kinds=["seller"]) == ()


def test_a_name_without_letters_has_no_watch_candidates(registry: Registry) -> None:
    assert registry.watch_candidates(" -- ") == ()
    assert registry.watch_candidates("Honest Flowers BV") == ()


def test_a_name_is_blocked_by_its_latin_letters_without_its_legal_form() -> None:
    keys = {" ab", "ab ", " do", "don", "ong", "ngj", "gji", "jin", "ing", "ng "}
    assert grams("AB 東京 Ltd") == {*keys, whole("東京ab")}
    assert whole("AB Dongjing, Inc.") == whole("東京ab")


def test_a_registered_face_comes_with_its_picture_and_regions(registry: Registry) -> None:
    (face,) = registry.faces(GTIN)
    assert (face.version, face.side, face.width_mm, face.height_mm, face.flat) == ("2024", "front", 90.0, 140.0, True)
    assert [(region.kind, region.x_mm, region.w_mm) for region in face.regions] == [("hologram", 62.0, 20.0)]
    assert registry.face_picture(face.sha256) == PNG
    assert list(registry.gallery()) == [face]
    assert registry.face(face.face_id) == face
    with pytest.raises(NotFound, match=r"^0000: expected a picture of edition jp-2026-11-20, got none\.$"):
        registry.face_picture("0000")


def test_a_registered_batch_says_its_expiry_and_status(registry: Registry) -> None:
    recalled = Batch("L2405", date(2029, 5, 31), "recalled", date(2026, 8, 1), "Kumo Audio KK")
    assert registry.batch(GTIN, "L2405") == recalled
    assert registry.batch(GTIN, "l2405") is None
    assert [batch["batch"] for batch in registry.show(GTIN)["batches"]] == ["L2404", "L2405"]


def test_show_tells_all_and_an_unregistered_product_is_not_found(registry: Registry) -> None:
    shown = registry.show(GTIN)
    assert json.loads(json.dumps(shown)) == shown
    assert shown["recordations"][0]["small_consignment"] is True
    with pytest.raises(NotFound, match=r"^04912345678904: expected a product of edition jp-2026-11-20, got none\.$"):
        registry.show(OTHER)


def test_many_threads_read_one_edition(registry: Registry) -> None:
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(the_product(registry).brand == "Kumo")) for _number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 8
    registry.close()
    registry.close()


# --- files that are no edition --------------------------------------------------


def refused(path: Path) -> tuple[str, str]:
    with pytest.raises(RegistryError) as caught:
        Registry.open(path)
    assert caught.value.hint
    return caught.value.code, caught.value.message


def test_a_missing_edition_is_told(tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite"
    assert refused(path) == ("registry_missing", f"{path}: expected a registry edition, got no file.")


def test_another_file_is_told_from_an_edition(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    assert refused(path) == ("registry_wrong_file", f"{path}: expected a registry edition, got an empty file.")
    path.write_bytes(b"PK\x03\x04 a zip file" * 100)
    assert refused(path) == ("registry_wrong_file", f"{path}: expected a registry edition, got another kind of file.")
    path.unlink()
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE t (x)")
    connection.close()
    assert refused(path) == (
        "registry_wrong_file",
        f"{path}: expected a registry edition, got another SQLite database.",
    )


def test_a_truncated_edition_is_damaged(registry: Registry) -> None:
    registry.close()
    size = registry.path.stat().st_size
    with registry.path.open("r+b") as file:
        file.truncate(size - 4096)
    code, message = refused(registry.path)
    assert (code, message) == (
        "registry_damaged",
        f"{registry.path}: expected a whole registry edition, got: {size - 4096} bytes of {size}.",
    )


def test_an_overwritten_edition_is_damaged_and_never_a_wrong_answer(registry: Registry) -> None:
    registry.close()
    size = registry.path.stat().st_size
    with registry.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * (size - 4096))
    assert refused(registry.path)[0] == "registry_damaged"


def test_an_edition_of_a_newer_schema_is_refused_not_guessed(registry: Registry) -> None:
    registry.close()
    connection = sqlite3.connect(registry.path)
    connection.executescript("PRAGMA user_version=5")
    connection.close()
    message = f"{registry.path}: expected schema 4, got 5."
    assert refused(registry.path) == ("registry_newer_schema", message)


def test_an_edition_of_the_first_schema_asks_to_be_built_again(registry: Registry) -> None:
    registry.close()
    connection = sqlite3.connect(registry.path)
    connection.executescript("PRAGMA user_version=1")
    connection.close()
    message = f"{registry.path}: expected schema 4, got 1."
    assert refused(registry.path) == ("registry_older_schema", message)


def test_an_empty_database_with_our_mark_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "hollow.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(f"PRAGMA application_id={Kind.REGISTRY.value}; PRAGMA user_version=4; CREATE TABLE t (x)")
    connection.close()
    assert refused(path)[0] == "registry_damaged"


def test_a_source_without_edition_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"expected a directory with edition\.toml, got none\.$"):
        build(tmp_path, tmp_path / "out.sqlite")
