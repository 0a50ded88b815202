"""Two nets of address blocks as one network: both see the same picture, and what they answer is averaged.

Two that learned from other pictures are wrong about other pictures: what one takes for an address alone is seldom one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
from onnx import TensorProto, compose, helper

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def join(paths: Sequence[Path], out: Path) -> None:
    """Write one network that answers the sigmoid of the mean of what the nets answer before theirs.

    Raises:
        ValueError: a net does not end in a sigmoid.
    """
    nodes, weights, answers = [], [], []
    for number, path in enumerate(paths):
        model = compose.add_prefix(onnx.load(path), f"net{number}/")
        graph = model.graph
        last = graph.node[-1]
        if last.op_type != "Sigmoid":
            raise ValueError(f"A net of address blocks must end in a Sigmoid, got {last.op_type}.")
        for node in graph.node[:-1]:
            for place, name in enumerate(node.input):
                if name == graph.input[0].name:
                    node.input[place] = "picture"
            nodes.append(node)
        weights.extend(graph.initializer)
        answers.append(last.input[0])
    nodes += [helper.make_node("Mean", answers, ["mean"]), helper.make_node("Sigmoid", ["mean"], ["address"])]
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, "height", "width"])
    address = helper.make_tensor_value_info("address", TensorProto.FLOAT, [1, 1, "rows", "columns"])
    graph = helper.make_graph(nodes, "address_blocks", [picture], [address], weights)
    opsets = [helper.make_opsetid("", max(one.version for one in onnx.load(paths[0]).opset_import))]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=onnx.load(paths[0]).ir_version)
    onnx.checker.check_model(model)
    out.write_bytes(model.SerializeToString())
