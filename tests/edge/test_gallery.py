"""The gallery: described in the background by real pixel workers, searched by what a capture looks like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.gallery import Gallery
from edge.storage.registry import Registry
from edge.storage.registry_build import build
from edge.storage.signatures import Signatures
from models import signature
from models.worker import PixelWorkers

GTIN = "09521234543213"


def face(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    picture = np.full((400, 300, 3), 220, np.uint8)
    for row in range(11):
        words = "".join(chr(int(v)) for v in rng.integers(65, 91, 9))
        cv2.putText(picture, words, (15, 40 + row * 33), row % 4, 0.8, (60, 20, int(rng.integers(0, 120))), 2)
    return cv2.imencode(".png", picture)[1].tobytes()


def edition(directory: Path, number: int, pictures: list[bytes]) -> Registry:
    source = directory / f"source-{number}"
    source.mkdir()
    (source / "edition.toml").write_text(
        f'schema = 1\nname = "jp"\nnumber = {number}\nissued = 2026-11-0{number}T00:00:00Z\npublisher = "Customs"\n'
    )
    (source / "products.csv").write_text(f"gtin,name,brand,right_holder\n{GTIN},Kumo 2,Kumo,Kumo KK\n")
    rows = ["gtin,version,side,picture,width_mm,height_mm"]
    for index, data in enumerate(pictures):
        (source / f"{index}.png").write_bytes(data)
        rows.append(f"{GTIN},{index},front,{index}.png,60,80")
    (source / "faces.csv").write_text("\n".join(rows) + "\n")
    report = build(source, directory / f"edition-{number}.sqlite")
    assert report.refused == 0, report.refusals
    return Registry.open(Path(report.out))


@pytest.fixture
def workers() -> Iterator[PixelWorkers]:
    with PixelWorkers(1) as running:
        yield running


def test_the_face_in_a_capture_comes_first_and_only_new_pictures_are_described(
    workers: PixelWorkers, tmp_path: Path
) -> None:
    store = Signatures(tmp_path / "gallery", "words", signature.BYTES)
    first, second = (
        edition(tmp_path, number, [face(seed) for seed in seeds]) for number, seeds in ((1, range(5)), (2, range(1, 7)))
    )
    with closing(Gallery(workers, store)) as gallery:
        gallery.take_up(first, 2)
        gallery.wait()
        assert len(store) == 5
        with workers.look(face(3)) as frame:
            found = gallery.shortlist(first, frame, 2)
        assert [one.version for one in found.faces][:1] == ["3"]
        assert (len(found.faces), found.total, found.undescribed) == (2, 5, 0)
        gallery.take_up(second, 2)
        gallery.wait()
        assert len(store) == 7


def test_a_small_gallery_is_verified_whole_and_nothing_is_described(workers: PixelWorkers, tmp_path: Path) -> None:
    store = Signatures(tmp_path / "gallery", "words", signature.BYTES)
    small = edition(tmp_path, 1, [face(0), face(1)])
    with closing(Gallery(workers, store)) as gallery, workers.look(face(1)) as frame:
        gallery.take_up(small, 2)
        gallery.wait()
        found = gallery.shortlist(small, frame, 2)
    assert [one.version for one in found.faces] == ["0", "1"]
    assert (found.undescribed, len(store)) == (0, 0)


def test_a_picture_that_cannot_be_parsed_is_told_as_not_described(workers: PixelWorkers, tmp_path: Path) -> None:
    store = Signatures(tmp_path / "gallery", "words", signature.BYTES)
    broken = edition(tmp_path, 1, [face(0), face(1), b"\x89PNG\r\n\x1a\n and some bytes"])
    with closing(Gallery(workers, store)) as gallery:
        gallery.take_up(broken, 1)
        gallery.wait()
        with workers.look(face(1)) as frame:
            found = gallery.shortlist(broken, frame, 1)
    assert [one.version for one in found.faces] == ["1"]
    assert (found.total, found.undescribed) == (3, 1)


def test_a_closed_gallery_describes_nothing_more(workers: PixelWorkers, tmp_path: Path) -> None:
    store = Signatures(tmp_path / "gallery", "words", signature.BYTES)
    gallery = Gallery(workers, store)
    gallery.close()
    gallery.take_up(edition(tmp_path, 1, [face(0), face(1)]), 1)
    gallery.wait()
    assert len(store) == 0
