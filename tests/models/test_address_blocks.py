"""Address blocks: a small net says of each cell of a picture how much it looks like an address."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from models import address_blocks
from models.drawn.parcels import draw_parcel
from models.drawn.pool import Pool
from models.errors import PackError
from models.pack import packs_dir


@pytest.mark.parametrize(("size", "cells"), [((3000, 4000), (72, 96)), ((800, 600), (96, 72)), ((90, 900), (8, 96))])
def test_a_picture_of_any_size_is_answered_in_96_cells_on_its_long_side(
    size: tuple[int, int], cells: tuple[int, int]
) -> None:
    picture = np.full((*size, 3), 200, np.uint8)
    assert address_blocks.seen(picture, address_blocks.builtin()).shape == cells


def test_the_lines_of_an_address_look_like_one_and_the_rest_of_the_parcel_does_not() -> None:
    parcel = draw_parcel(np.random.default_rng(4), Pool(), "thermal", "latin")
    likely = address_blocks.seen(parcel.surface, address_blocks.builtin())
    scale = parcel.surface.shape[0] / likely.shape[0]
    middles = [np.mean(line, axis=0) / scale for line in parcel.address]
    assert np.median([likely[int(y), int(x)] for x, y in middles]) > 0.8
    assert np.median(likely) < 0.1


def test_how_sure_the_net_is_of_a_picture_is_the_mean_of_its_sixteen_highest_answers() -> None:
    chances = np.zeros((12, 128), np.float32)
    chances[3, 10:26] = 0.75
    assert address_blocks.sureness(chances) == 0.75
    chances[5, 5] = 1.0
    assert address_blocks.sureness(chances) == pytest.approx((15 * 0.75 + 1) / 16)


def test_an_altered_net_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(packs_dir() / address_blocks.BUILTIN, tmp_path / "address-2"))
    (folder / "blocks.onnx").write_bytes(b"other")
    with pytest.raises(PackError) as refused:
        address_blocks.load(folder)
    assert refused.value.code == "model_hash"


def test_a_pack_of_another_kind_is_refused() -> None:
    with pytest.raises(PackError) as refused:
        address_blocks.load(packs_dir() / "text-1")
    assert refused.value.message == (
        "The manifest of the model pack text-1 must be complete, got a fault at 'address'."
    )
