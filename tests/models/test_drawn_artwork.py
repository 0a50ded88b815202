"""Drawn faces, print faults and edits: seeded, true to their masks, and never a change of size."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.drawn.artwork import Artwork, Element, draw_artwork, hologram
from models.drawn.pool import Pool, build_pool, read_pool
from models.drawn.prints import FAULTS, batch

POOL = Pool()


def _artwork(seed: int) -> Artwork:
    return draw_artwork(np.random.default_rng(seed), POOL, 320)


def test_the_same_seed_draws_the_same_face() -> None:
    assert np.array_equal(_artwork(4).picture(), _artwork(4).picture())
    assert not np.array_equal(_artwork(4).picture()[:200, :190], _artwork(5).picture()[:200, :190])


def test_a_face_without_an_element_differs_only_where_the_element_lay() -> None:
    background = np.full((100, 80, 3), 200, np.uint8)
    seal = Element("hologram", hologram(np.random.default_rng(1), 20), 30, 40)
    face = Artwork(background, (seal,))
    apart = np.argwhere((face.picture() != face.without(0).picture()).any(axis=2))
    assert apart[:, 0].min() >= 40
    assert apart[:, 0].max() < 60
    assert apart[:, 1].min() >= 30
    assert apart[:, 1].max() < 50


def test_an_element_over_the_edge_is_cut_off_and_raises_nothing() -> None:
    sprite = np.full((30, 30, 4), 255, np.uint8)
    face = Artwork(
        np.zeros((50, 50, 3), np.uint8), (Element("cutout", sprite, -20, 40), Element("cutout", sprite, 90, 0))
    )
    assert int((face.picture() == 255).all(axis=2).sum()) == 10 * 10


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_print_fault_changes_a_face_more_than_a_print_run_does(name: str) -> None:
    face = _artwork(8).picture()
    faulty = FAULTS[name](np.random.default_rng(2), face, 1.0)
    harmless = batch(np.random.default_rng(2), face)
    assert faulty.shape == face.shape
    assert faulty.dtype == np.uint8

    def fine(picture: np.ndarray) -> np.ndarray:  # what is left without smooth unevenness
        return picture.astype(float) - cv2.GaussianBlur(picture, (0, 0), 8)

    assert np.abs(fine(faulty) - fine(face)).mean() > np.abs(fine(harmless) - fine(face)).mean()


def test_a_pool_is_shrunk_from_folders_and_read_back(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    rng = np.random.default_rng(3)
    cv2.imwrite(str(source / "photo.png"), rng.integers(0, 255, (1400, 200, 3), np.uint8))
    cut = rng.integers(0, 255, (200, 200, 4), np.uint8)
    cut[:90, :, 3] = 0
    cv2.imwrite(str(source / "cut.png"), cut)
    cv2.imwrite(str(source / "small.png"), rng.integers(0, 255, (40, 40, 3), np.uint8))
    assert build_pool([source], tmp_path / "pool") == (1, 1)
    pool = read_pool(tmp_path / "pool")
    assert max(pool.photo(rng).shape[:2]) == 1100
    assert pool.cutout(rng).shape == (200, 200, 4)


def test_a_pool_without_fonts_says_where_fonts_are_expected() -> None:
    with pytest.raises(
        FileNotFoundError,
        match=r"^Faces are drawn with system fonts, expected some below /usr/share/fonts, found none\.$",
    ):
        Pool(fonts=()).font(np.random.default_rng(0), 12)
