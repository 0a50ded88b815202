"""An edition and its publishers' supplements: bulletins, points and faces of all, rights and serials of the one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from edge.errors import NotFound
from edge.gs1 import Gtin
from edge.storage.registry import Registry
from edge.storage.shelves import editions
from tests.edge.storage.editions import BULLETINS, GTIN, edition

DAY = date(2026, 11, 21)
PRODUCT = Gtin(GTIN)
OTHER = "04912345678904"
PNG = b"\x89PNG\r\n\x1a\n "
RIGHT = (
    f"number,right_type,right_holder,valid_from,valid_to,gtins\nT-1,trademark,Kumo KK,2020-01-01,2090-01-01,{GTIN}\n"
)
POINTS = "recordation,number,text_en,source\nT-1,{number},{text},{source}\n"
FACES = "gtin,version,side,picture,width_mm,height_mm,source\n{gtin},{version},front,{picture},90,140,{source}\n"


def source(directory: Path, number: int, picture: bytes, **tables: str) -> Path:
    folder = directory / f"source-{number}"
    folder.mkdir(parents=True)
    (folder / f"{number}.png").write_bytes(picture)
    return edition(directory, number, made=True, **tables)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    shelf = editions(tmp_path / "state")
    main = source(
        tmp_path,
        1,
        PNG + b"one",
        recordations=RIGHT,
        distinguishing_points=POINTS.format(number=1, text="Seam", source="Customs"),
        faces=FACES.format(gtin=GTIN, version="1", picture="1.png", source="Customs"),
        bulletins=f"{BULLETINS}\nB-1,Seams,Look,2026-01-01,2027-12-31,{GTIN},Customs\n",
    )
    more = source(
        tmp_path,
        2,
        PNG + b"two",
        recordations=RIGHT + f"T-2,design,Kumo KK,2020-01-01,2090-01-01,{GTIN}\n",
        distinguishing_points=POINTS.format(number=7, text="Cloud", source="Customs"),
        faces=FACES.format(gtin=GTIN, version="2", picture="2.png", source="Customs"),
        bulletins=f"{BULLETINS}\nB-1,Seams,Look,2026-01-01,2027-12-31,{GTIN},Customs\n",  # kumo claims to be customs
        serials=f"gtin,serial,status\n{GTIN},A1,revoked\n",
    )
    shelf.activate(shelf.stage(main), shelf.stage(more, slot="kumo"))
    return shelf.current()


def test_bulletins_and_points_of_a_publisher_are_told_with_its_name_whatever_they_claim(registry: Registry) -> None:
    told = [(one.number, one.source) for one in registry.bulletins(PRODUCT, DAY, "Kumo")]
    assert told == [("B-1", "Customs"), ("B-1", "kumo")]
    (right,) = registry.recordations(PRODUCT, "Kumo")
    assert [(point.number, point.source) for point in right.points] == [(1, "Customs"), (7, "kumo")]


def test_rights_and_serials_are_the_editions_alone(registry: Registry) -> None:
    assert [one.number for one in registry.recordations(PRODUCT, "Kumo")] == ["T-1"]
    product = registry.product(PRODUCT)
    assert product is not None
    assert registry.serial_status(product, "A1") == "known"
    assert registry.edition.supplements == ("kumo jp 2",)


def test_faces_of_both_are_found_by_their_ids_and_pictures(registry: Registry) -> None:
    mine, theirs = registry.faces(PRODUCT)
    assert (mine.source, theirs.source) == ("Customs", "kumo")
    assert mine.face_id != theirs.face_id
    assert [face.face_id for face in registry.gallery()] == [mine.face_id, theirs.face_id]
    assert registry.face(theirs.face_id) == theirs
    assert [face.source for face in registry.gallery()] == ["Customs", "kumo"]
    assert registry.face(mine.face_id).sha256 == mine.sha256
    assert registry.face_picture(theirs.sha256) == PNG + b"two"
    with pytest.raises(NotFound):
        registry.face_picture("0" * 64)
    with pytest.raises(NotFound):
        registry.face(12)
