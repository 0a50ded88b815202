"""What the net of address blocks is taught with: drawn parcels, sheets of no layout in particular, and goods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from models.drawn.parcels import draw_parcel
from models.drawn.pool import Pool
from models.drawn.sheet import SCRIPTS, Sheet
from models.pack import session
from models.training.address_goods import ean13, goods, printed
from models.training.address_sheets import scattered
from models.training.addresses import CELL, SHOTS, SIDE, example, photograph
from tests.models.wide import needs_wide_fonts

pytestmark = needs_wide_fonts
POOL = Pool()


def test_a_surface_is_photographed_as_the_net_sees_it_with_its_truth_in_cells() -> None:
    pairs = example(np.random.default_rng(3), POOL)
    assert len(pairs) == SHOTS
    for picture, truth in pairs:
        assert picture.shape == (SIDE * 3 // 4, SIDE, 3)
        assert truth.shape == (SIDE * 3 // 4 // CELL, SIDE // CELL)


def test_the_truth_of_a_photograph_is_where_its_lines_lie() -> None:
    surface = np.full((400, 400, 3), 230, np.uint8)
    line = ((100.0, 180.0), (300.0, 180.0), (300.0, 220.0), (100.0, 220.0))
    _, truth = photograph(np.random.default_rng(1), surface, [line])
    _, without = photograph(np.random.default_rng(1), surface, [])
    assert truth.any()
    assert not without.any()


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_sheet_of_no_layout_always_has_an_address(script: str) -> None:
    for seed in range(4):
        sheet = Sheet(np.random.default_rng(seed), POOL, script, hand=False, picture=Picture.new("L", (1, 1), 255))
        scattered(sheet)
        assert len(sheet.lines) >= 2


def test_a_layout_and_a_finish_that_are_told_are_drawn() -> None:
    drawn = draw_parcel(np.random.default_rng(2), POOL, "slip", px_per_mm=4, finish="faded", layout=scattered)
    assert drawn.finish == "faded"
    assert len(drawn.address) >= 2


def test_goods_of_every_sort_are_coloured_pictures() -> None:
    for seed in range(12):
        face = goods(np.random.default_rng(seed), POOL)
        assert face.dtype == np.uint8
        assert face.shape[2] == 3
        assert np.ptp(face) > 60


def test_print_on_goods_is_no_address() -> None:
    sheet = Sheet(
        np.random.default_rng(5), POOL, "japanese", hand=False, picture=Picture.new("L", (1, 1), 255), px_per_mm=4
    )
    printed(sheet, 70, 90)
    assert not sheet.lines
    assert np.ptp(np.asarray(sheet.picture)) > 200


def test_a_number_of_a_product_has_its_check_digit() -> None:
    code = ean13(np.random.default_rng(1))
    assert len(code) == 13
    assert sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(code)) % 10 == 0


def test_two_nets_joined_answer_the_mean_of_what_they_answer_before_their_sigmoid(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from models.training.address_join import join  # noqa: PLC0415 - onnx is optional

    paths = [tmp_path / "one.onnx", tmp_path / "other.onnx"]
    for path, bias in zip(paths, (1.0, 3.0), strict=True):
        onnx.save(constant(onnx, bias, "Sigmoid"), path)
    join(paths, tmp_path / "both.onnx")
    (answer,) = session(tmp_path / "both.onnx").run(None, {"picture": np.zeros((1, 3, 8, 16), np.float32)})
    assert answer.shape == (1, 1, 2, 4)
    assert np.allclose(answer, 1 / (1 + np.exp(-2.0)))


def test_a_net_that_does_not_end_in_a_sigmoid_is_not_joined(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from models.training.address_join import join  # noqa: PLC0415 - onnx is optional

    onnx.save(constant(onnx, 1.0, "Relu"), tmp_path / "one.onnx")
    with pytest.raises(ValueError, match=r"^A net of address blocks must end in a Sigmoid, got Relu\.$"):
        join([tmp_path / "one.onnx"], tmp_path / "both.onnx")


def constant(onnx: Any, bias: float, last: str) -> Any:
    """A net that answers the same number to every four by four pixels."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = [
        helper.make_tensor("w", kind, [1, 3, 4, 4], np.zeros(48, np.float32)),
        helper.make_tensor("b", kind, [1], np.array([bias], np.float32)),
    ]
    nodes = [
        helper.make_node("Conv", ["picture", "w", "b"], ["x"], strides=[4, 4]),
        helper.make_node(last, ["x"], ["address"]),
    ]
    picture = helper.make_tensor_value_info("picture", kind, [1, 3, "h", "w"])
    address = helper.make_tensor_value_info("address", kind, [1, 1, "r", "c"])
    graph = helper.make_graph(nodes, "net", [picture], [address], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
