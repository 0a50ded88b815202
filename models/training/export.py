"""From weights to networks of a pack: ONNX with folded batch norms, and its static int8 twin.

Method: QDQ, per-channel int8 weights, uint8 activations, MinMax over drawn pairs, after onnxruntime's pre-processing.
The stem, which meets the light normalisation, and the last layer stay in float.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

if TYPE_CHECKING:
    from pathlib import Path

    from models.training.net import DifferenceNet

INPUTS = ("registered", "capture")
OUTPUTS = ("structure", "colour", "print", "unusable")
CALIBRATION_PAIRS = 48


class _Named(torch.nn.Module):
    """The net with one output of logits a kind."""

    def __init__(self, net: DifferenceNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, registered, capture):
        logits = self.net(registered, capture)
        return logits[:, 0:1], logits[:, 1:2], logits[:, 2:3], logits[:, 3:4]


def export(net: DifferenceNet, file: Path) -> None:
    """Write the fp32 network with free height and width (multiples of 8)."""
    net.eval()
    example = (torch.zeros(1, 3, 256, 192), torch.zeros(1, 3, 256, 192))
    free = {name: {2: "height", 3: "width"} for name in INPUTS}
    free |= {name: {2: "rows", 3: "columns"} for name in OUTPUTS}
    torch.onnx.export(
        _Named(net.float()).to(memory_format=torch.contiguous_format),
        example,
        str(file),
        input_names=list(INPUTS),
        output_names=list(OUTPUTS),
        dynamic_axes=free,
        opset_version=17,
        dynamo=False,
    )
    onnx.checker.check_model(str(file))


class _Pairs(CalibrationDataReader):
    def __init__(self, pairs):
        self.left = iter(pairs)

    def get_next(self):
        pair = next(self.left, None)
        return None if pair is None else dict(zip(INPUTS, pair, strict=True))


def quantize(file: Path, out: Path, pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Write the static int8 twin of `file`, calibrated on `pairs` (each two 1 x 3 x H x W float32 of 0..1)."""
    ready = out.with_suffix(".ready.onnx")
    quant_pre_process(str(file), str(ready), skip_symbolic_shape=True)
    # The stem meets the light normalisation and decides everything after it: in eight bits it cost 0.3 logits.
    keep = [n.name for n in onnx.load(str(ready)).graph.node if "/stem/" in n.name or "/answer/" in n.name]
    quantize_static(
        str(ready),
        str(out),
        _Pairs(pairs),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
        calibrate_method=CalibrationMethod.MinMax,
        nodes_to_exclude=keep,
    )
    ready.unlink()


def session(file: Path) -> onnxruntime.InferenceSession:
    """One thread, errors only."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def answer(run: onnxruntime.InferenceSession, pair: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The maps of a pair: 4 x rows x columns of logits."""
    return np.concatenate(run.run(list(OUTPUTS), dict(zip(INPUTS, pair, strict=True))), 1)[0]


def milliseconds(run: onnxruntime.InferenceSession, height: int = 768, width: int = 544, rounds: int = 7) -> float:
    """Median time of a face pair on one core."""
    pair = tuple(np.random.default_rng(0).random((2, 1, 3, height, width), dtype=np.float32))
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        answer(run, pair)
        took.append((time.perf_counter() - start) * 1e3)
    return float(np.median(took))


def tensor(picture: np.ndarray) -> np.ndarray:
    """uint8 H x W x 3 BGR -> 1 x 3 x H' x W' float32 of 0..1, padded to multiples of 8 by its edge."""
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((0, -height % 8), (0, -width % 8), (0, 0)), "edge")
    return np.ascontiguousarray(padded.transpose(2, 0, 1)[None].astype(np.float32) / 255)
