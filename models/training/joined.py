"""Two trained networks as one: the one that sees a face at its size, and one that sees it at a third.

What is large and gone looks like another ground to a network that learnt from crops; at a third of the size it fits
into what such a network knows (docs/decisions/191, 194, 209). Both stay as they were trained and quantized: in one
graph the second encoder follows a mean over 3 x 3 pixels, and what the second comparer's logits of structure lie over a
limit is added, by a share, to the first one's, but where that one calls a place unusable. The product asks one network
and knows of none of this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.compose import add_prefix

from models.training.export import saved

if TYPE_CHECKING:
    from pathlib import Path

REDUCED = "third_"  # before the names of all that belongs to the second network
TIMES = 3
SHARE, ABOVE = 0.5, -3.0  # of the second network's logits, and what they lie over: chosen on drawn faces
LEAST_FREE = 0.5  # of the cells of the first network in one of the second's
LEAST_WINDOW = 0.6  # as models/difference.py
NOWHERE = -12.0  # logits where nothing may be told


def joined(whole: Path, reduced: Path, out: Path) -> None:
    """Write encoder and comparer, int8 and fp32, of a network and of its companion at a third of the size to `out`.

    Height and width of a picture are multiples of 24 now.
    """
    out.mkdir(parents=True, exist_ok=True)
    for file in ("encoder.onnx", "encoder.fp32.onnx"):
        saved(_encoder(*_both(whole / file, reduced / file)), out / file)
    for file in ("comparer.onnx", "comparer.fp32.onnx"):
        saved(_comparer(*_both(whole / file, reduced / file)), out / file)


def _both(whole: Path, reduced: Path):
    return onnx.load(str(whole)), add_prefix(onnx.load(str(reduced)), REDUCED)


def _encoder(one, other):
    one.graph.node.append(_mean("picture", f"{REDUCED}picture", TIMES, TIMES))
    one.graph.node.extend(other.graph.node)
    one.graph.initializer.extend(other.graph.initializer)
    one.graph.output.extend(other.graph.output)
    return one


def _comparer(one, other):
    graph = one.graph
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = ["whole_structure" if name == "structure" else name for name in names]
    graph.node.extend(other.graph.node)
    graph.initializer.extend(other.graph.initializer)
    graph.input.extend(other.graph.input)
    numbers = {"zero": 0.0, "least_free": LEAST_FREE, "least_window": LEAST_WINDOW, "tiny": 1e-6, "nowhere": NOWHERE}
    numbers |= {"share": SHARE, "above": ABOVE}
    graph.initializer.extend(numpy_helper.from_array(np.array(v, np.float32), f"join_{k}") for k, v in numbers.items())
    scales = np.array([1, 1, TIMES, TIMES], np.float32)
    graph.initializer.append(numpy_helper.from_array(scales, "join_scales"))
    graph.node.extend(
        [
            helper.make_node("Less", ["unusable", "join_zero"], ["join_usable"]),
            helper.make_node("Cast", ["join_usable"], ["join_weight"], to=onnx.TensorProto.FLOAT),
            _mean("join_weight", "join_part", TIMES, TIMES),
            helper.make_node("Greater", ["join_part", "join_least_free"], ["join_free"]),
            helper.make_node("Cast", ["join_free"], ["join_judged"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Mul", [f"{REDUCED}structure", "join_judged"], ["join_heavy"]),
            _mean("join_heavy", "join_sum", 3, 1),
            _mean("join_judged", "join_window", 3, 1),
            helper.make_node("Max", ["join_window", "join_tiny"], ["join_divisor"]),
            helper.make_node("Div", ["join_sum", "join_divisor"], ["join_told"]),
            helper.make_node("Greater", ["join_window", "join_least_window"], ["join_enough"]),
            helper.make_node("And", ["join_enough", "join_free"], ["join_sure"]),
            helper.make_node("Where", ["join_sure", "join_told", "join_nowhere"], ["join_small"]),
            helper.make_node("Resize", ["join_small", "", "join_scales"], ["join_large"], mode="linear"),
            helper.make_node("Sub", ["join_large", "join_above"], ["join_over"]),
            helper.make_node("Relu", ["join_over"], ["join_more"]),
            helper.make_node("Mul", ["join_more", "join_share"], ["join_added"]),
            helper.make_node("Add", ["whole_structure", "join_added"], ["structure"]),
        ]
    )
    return one


def _mean(name: str, result: str, side: int, stride: int):
    """A mean over squares of `side` cells; at the border, of those that are there."""
    pads = [0] * 4 if stride > 1 else [side // 2] * 4
    return helper.make_node(
        "AveragePool",
        [name],
        [result],
        kernel_shape=[side, side],
        strides=[stride, stride],
        pads=pads,
        count_include_pad=0,
    )
