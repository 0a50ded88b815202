"""From weights to the networks of a pack: an encoder of one side and a comparer, in fp32 and in static int8.

Between the two stands models/interval.py, on features in eight bits: what the registered side gives is kept. Method:
batch norms folded, QDQ, per-channel int8 weights, uint8 activations, MinMax over drawn pairs, after onnxruntime's
pre-processing. The stem, which meets the light normalisation, and the last layer stay in float.
"""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from models import interval

if TYPE_CHECKING:
    from pathlib import Path

    from models.training.net import DifferenceNet

FEATURES = ("half", "quarter")
OUTPUTS = ("structure", "colour", "print", "unusable")
CALIBRATION_PAIRS = 48
# The stem meets the light normalisation and decides everything after it: in eight bits it cost 0.3 logits. The last
# layers have 16 channels: in eight bits they saved 2 ms of 32 and cost strong print faults 0.3 logits.
IN_FLOAT = ("/stem/", "/up/", "/skip/", "/join/", "/answer/")
HEADROOM = 1.25  # of a feature's range over what drawn pairs reach
_STEP = 1 / 255  # of a feature in eight bits

Picture = np.ndarray  # 1 x 3 x H x W float32 of 0..1
Pairs = list[tuple[Picture, Picture]]


class _Encoder(torch.nn.Module):
    """A picture to features at a half and a quarter, channels last."""

    def __init__(self, net: DifferenceNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, picture):
        return tuple(one.permute(0, 2, 3, 1) for one in self.net.encode(picture))


class _Comparer(torch.nn.Module):
    """What was measured between two sides to one output of logits a kind."""

    def __init__(self, net: DifferenceNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, half, quarter):
        logits = self.net.judge(half, quarter)
        return logits[:, 0:1], logits[:, 1:2], logits[:, 2:3], logits[:, 3:4]


def ranged(net: DifferenceNet, pairs: Pairs) -> DifferenceNet:
    """The same net with features that fill 0..1 on `pairs`, so that eight bits of one step fit every channel.

    Features are never negative and everything up to the next convolution scales with them: what one layer is divided
    by, the next ones' weights are multiplied by.
    """
    net = copy.deepcopy(net).eval()
    most: list[torch.Tensor] = []
    with torch.no_grad():
        for picture in (side for pair in pairs for side in pair):
            here = [one.amax((0, 2, 3)) for one in net.encode(torch.from_numpy(picture))]
            most = [torch.maximum(*both) for both in zip(most, here, strict=True)] if most else here
        half, quarter = (one.clamp(min=1e-3) * HEADROOM for one in most)
        for unit, scale in ((net.stem, half), (net.deep, quarter)):
            unit[1].weight /= scale
            unit[1].bias /= scale
        net.down[0].weight *= half[None, :, None, None]
        net.fine[0].weight *= half.repeat(5)[None, :, None, None]
        net.mix[0].weight *= quarter.repeat(5)[None, :, None, None]
    return net


def export(net: DifferenceNet, folder: Path, pairs: Pairs) -> None:
    """Write encoder and comparer to `folder`: fp32 and their static int8 twins, calibrated on `pairs`.

    Height and width are free (multiples of 8). Between the two networks features are eight bits, in either precision.
    """
    net = ranged(net.float(), pairs).to(memory_format=torch.contiguous_format)
    plain = {part: folder / f"{part}.fp32.onnx" for part in ("encoder", "comparer")}
    c2, c4 = net.stem[0].out_channels, net.deep[0].out_channels
    picture = torch.zeros(1, 3, 256, 192)
    middle = torch.zeros(1, 5 * c2, 128, 96), torch.zeros(1, 5 * c4, 64, 48)
    with torch.no_grad():  # with gradients on, the exporter follows what is for training only
        _traced(_Encoder(net), (picture,), plain["encoder"], ("picture",), FEATURES)
        _traced(_Comparer(net), middle, plain["comparer"], FEATURES, OUTPUTS)
    encode = session(plain["encoder"])
    sides = [[encode.run(None, {"picture": side}) for side in pair] for pair in pairs]
    between = [dict(zip(FEATURES, (_between(a, b) for a, b in zip(*two, strict=True)), strict=True)) for two in sides]
    _quantized(plain["encoder"], folder / "encoder.onnx", [{"picture": side} for pair in pairs for side in pair])
    _quantized(plain["comparer"], folder / "comparer.onnx", between)
    for name in ("encoder.onnx", "encoder.fp32.onnx"):
        _bytes_out(folder / name)
    for name in ("comparer.onnx", "comparer.fp32.onnx"):
        _bytes_in(folder / name)


def _traced(module, example, file: Path, inputs, outputs) -> None:
    torch.onnx.export(
        module.eval(),
        example,
        str(file),
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_axes={
            name: {axis: f"{name} {axis}" for axis in ((1, 2) if name in FEATURES and outputs == FEATURES else (2, 3))}
            for name in (*inputs, *outputs)
        },
        opset_version=17,
        dynamo=False,
    )
    onnx.checker.check_model(str(file))


def _between(registered: np.ndarray, capture: np.ndarray) -> np.ndarray:
    """What the comparer is told of two sides' features (1 x H x W x C, float), as the product measures it."""
    sides = (np.clip(np.round(side[0] / _STEP), 0, 255).astype(np.uint8) for side in (registered, capture))
    measured = interval.between(*sides).astype(np.float32) * _STEP
    return np.ascontiguousarray(measured.transpose(2, 0, 1)[None])


class _Feed(CalibrationDataReader):
    def __init__(self, feeds):
        self.left = iter(feeds)

    def get_next(self):
        return next(self.left, None)


def _quantized(file: Path, out: Path, feeds: list[dict[str, np.ndarray]]) -> None:
    """Write the static int8 twin of `file`."""
    ready = out.with_suffix(".ready.onnx")
    quant_pre_process(str(file), str(ready), skip_symbolic_shape=True)
    keep = [n.name for n in onnx.load(str(ready)).graph.node if any(part in n.name for part in IN_FLOAT)]
    as_they_came = [{"scale": np.array(_STEP, np.float32), "zero_point": np.array(0, np.uint8)}]
    quantize_static(
        str(ready),
        str(out),
        _Feed(feeds),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
        calibrate_method=CalibrationMethod.MinMax,
        nodes_to_exclude=keep,
        extra_options={"TensorQuantOverrides": {name: as_they_came for name in FEATURES if name in feeds[0]}},
    )
    ready.unlink()


def _constants(graph) -> tuple[str, str]:
    """Names of the step and the zero of eight-bit features, which are added to the graph."""
    graph.initializer.extend(
        [
            onnx.helper.make_tensor("feature_step", onnx.TensorProto.FLOAT, [], [_STEP]),
            onnx.helper.make_tensor("feature_zero", onnx.TensorProto.UINT8, [], [0]),
        ]
    )
    return "feature_step", "feature_zero"


def _bytes_out(file: Path) -> None:
    """Let an encoder answer its features in eight bits."""
    model = onnx.load(str(file))
    graph = model.graph
    constants = _constants(graph)
    for output in graph.output:
        name = output.name
        for node in graph.node:
            node.output[:] = [f"{name} in full" if one == name else one for one in node.output]
            node.input[:] = [f"{name} in full" if one == name else one for one in node.input]
        graph.node.append(onnx.helper.make_node("QuantizeLinear", [f"{name} in full", *constants], [name]))
        output.type.tensor_type.elem_type = onnx.TensorProto.UINT8
    saved(model, file)


def _bytes_in(file: Path) -> None:
    """Let a comparer take its features in eight bits, channels last."""
    model = onnx.load(str(file))
    graph = model.graph
    constants = _constants(graph)
    before = []
    for input_ in graph.input:
        name = input_.name
        before.append(onnx.helper.make_node("Transpose", [name], [f"{name} planes"], perm=[0, 3, 1, 2]))
        quantizing = next((n for n in graph.node if n.op_type == "QuantizeLinear" and n.input[0] == name), None)
        if quantizing is not None:  # the int8 network would only do again what is done
            target, source = quantizing.output[0], f"{name} planes"
            graph.node.remove(quantizing)
        else:
            target, source = name, f"{name} in full"
            before.append(onnx.helper.make_node("DequantizeLinear", [f"{name} planes", *constants], [source]))
        for node in graph.node:
            node.input[:] = [source if one == target else one for one in node.input]
        old = [one.dim_param or one.dim_value for one in input_.type.tensor_type.shape.dim]
        channels_last = [old[0], old[2], old[3], old[1]]
        input_.CopyFrom(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.UINT8, channels_last))
    for node in reversed(before):
        graph.node.insert(0, node)
    saved(model, file)


def saved(model, file: Path) -> None:
    """Write a graph that holds together."""
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


class Networks:
    """Encoder and comparer of a folder, as the product runs them."""

    def __init__(self, folder: Path, precision: str = "int8") -> None:
        """Open them on one thread."""
        suffix = ".onnx" if precision == "int8" else f".{precision}.onnx"
        self.encoder, self.comparer = (session(folder / f"{part}{suffix}") for part in ("encoder", "comparer"))
        self.scales = [one.name for one in self.encoder.get_outputs()]
        self.multiple_px = 8 if len(self.scales) == len(FEATURES) else 24  # with a companion at a third of the size

    def features(self, picture: Picture) -> list[np.ndarray]:
        """Features (rows x columns x channels, uint8), in the order of `scales`."""
        return [one[0] for one in self.encoder.run(self.scales, {"picture": picture})]

    def compare(self, registered: list[np.ndarray], capture: list[np.ndarray]) -> np.ndarray:
        """The maps of two sides' features: 4 x rows x columns of logits."""
        two = zip(self.scales, registered, capture, strict=True)
        feed = {name: interval.between(*sides)[None] for name, *sides in two}
        return np.concatenate(self.comparer.run(list(OUTPUTS), feed), 1)[0]

    def answer(self, pair: tuple[Picture, Picture]) -> np.ndarray:
        """The maps of a pair of pictures."""
        return self.compare(*(self.features(side) for side in pair))

    def tensor(self, picture: np.ndarray) -> Picture:
        """As `tensor`, padded as these networks need it."""
        return tensor(picture, self.multiple_px)


def session(file: Path) -> onnxruntime.InferenceSession:
    """One thread, errors only."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def milliseconds(run: Networks, height: int = 768, width: int = 544, rounds: int = 7) -> float:
    """Median time of a capture against a face whose features are known, on one core."""
    face, capture = np.random.default_rng(0).random((2, 1, 3, height, width), dtype=np.float32)
    known, took = run.features(face), []
    for _ in range(rounds):
        start = time.perf_counter()
        run.compare(known, run.features(capture))
        took.append((time.perf_counter() - start) * 1e3)
    return float(np.median(took))


def tensor(picture: np.ndarray, multiple: int = 8) -> Picture:
    """uint8 H x W x 3 BGR -> 1 x 3 x H' x W' float32 of 0..1, padded to a multiple of so many pixels by its edge."""
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((0, -height % multiple), (0, -width % multiple), (0, 0)), "edge")
    return np.ascontiguousarray(padded.transpose(2, 0, 1)[None].astype(np.float32) / 255)
