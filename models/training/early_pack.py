"""Make the pack "early-1": the first layers of an openly licensed text detector as an encoder of package faces.

    python -m models.training.early_pack --source PP-OCRv6_det_small.onnx --into models/packs/early-1

The source is the file of that name inside the package `rapidocr` 3.10.0 (Apache-2.0; weights (c) PaddleOCR authors,
Apache-2.0). Kept is the stem up to stride 4: five convolutions, 24 channels. It is quantized statically (QDQ, int8
weights per channel, uint8 activations, MinMax) over drawn calibration pictures. Same source and same versions, same
bytes. What it is not: training; nothing is learnt here. The run path needs neither this file nor `onnx`.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import utils, version_converter
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.calibrate import CalibrationMethod
from onnxruntime.quantization.shape_inference import quant_pre_process

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE_SHA256 = "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"
STEM_END = "p2o.pd_op.relu.3.0"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PICTURES = 48


def main() -> None:
    """Write encoder.onnx and its hash into the manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--fp32", type=Path, help="also write the unquantized stem here, to measure the loss")
    options = parser.parse_args()
    came = hashlib.sha256(options.source.read_bytes()).hexdigest()
    if came != SOURCE_SHA256:
        parser.error(f"the source must have SHA-256 {SOURCE_SHA256}, got {came}")
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / "stem.onnx"
        cut(options.source, stem)
        if options.fp32:
            options.fp32.write_bytes(stem.read_bytes())
        quantize(stem, options.into / "encoder.onnx")
    digest = hashlib.sha256((options.into / "encoder.onnx").read_bytes()).hexdigest()
    manifest = options.into / "manifest.toml"
    text = re.sub(r'"encoder\.onnx" = "[0-9a-f]*"', f'"encoder.onnx" = "{digest}"', manifest.read_text("utf-8"))
    manifest.write_text(text, "utf-8")
    print(f"encoder.onnx {(options.into / 'encoder.onnx').stat().st_size} bytes, SHA-256 {digest}")


def cut(source: Path, stem: Path) -> None:
    """Keep the graph from the picture to STEM_END, at opset 13, inputs and outputs under plain names."""
    utils.extract_model(str(source), str(stem), ["x"], [STEM_END], check_model=False)
    model = version_converter.convert_version(onnx.load(stem), 13)
    for node in model.graph.node:
        node.input[:] = ["face" if name == "x" else name for name in node.input]
        node.output[:] = ["features" if name == STEM_END else name for name in node.output]
    shape = model.graph.input[0].type.tensor_type.shape
    model.graph.input[0].name, model.graph.output[0].name = "face", "features"
    for axis, name in zip((0, 2, 3), ("one", "height", "width"), strict=True):
        shape.dim[axis].dim_param = name
    del model.graph.value_info[:]
    onnx.save(model, stem)


class Drawn(CalibrationDataReader):
    """Calibration pictures, one at a time."""

    def __init__(self) -> None:
        """Start with the first seed."""
        self._left = iter(drawn_pictures())

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next picture as the network's input."""
        picture = next(self._left, None)
        if picture is None:
            return None
        planes = (picture / 255.0 - MEAN) / STD
        return {"face": planes.transpose(2, 0, 1)[None].astype(np.float32)}


def drawn_pictures() -> Iterator[np.ndarray]:
    """Pictures that look enough like package faces to spread a stem's activations: fields, type, edges, noise, blur."""
    for seed in range(PICTURES):
        rng = np.random.default_rng(seed)
        corners = rng.integers(0, 256, (3, 3, 3)).astype(np.uint8)
        picture = cv2.resize(corners, (288, 384), interpolation=cv2.INTER_CUBIC)
        for _ in range(int(rng.integers(4, 14))):
            x, y = (int(v) for v in rng.integers(-40, 360, 2))
            size = [int(v) for v in rng.integers(10, 140, 2)]
            if rng.random() < 0.5:
                cv2.rectangle(picture, (x, y), (x + size[0], y + size[1]), _colour(rng), -1)
            else:
                cv2.ellipse(picture, (x, y), size, float(rng.uniform(0, 180)), 0, 360, _colour(rng), -1, cv2.LINE_AA)
        for _ in range(int(rng.integers(3, 12))):
            words = "".join(chr(int(v)) for v in rng.integers(48, 122, int(rng.integers(3, 14))))
            at = tuple(int(v) for v in rng.integers(0, 370, 2))
            scale = float(rng.uniform(0.3, 2.2))
            cv2.putText(
                picture, words, at, int(rng.integers(0, 8)), scale, _colour(rng), int(rng.integers(1, 5)), cv2.LINE_AA
            )
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 2.5)))
        noisy = picture * rng.uniform(0.4, 1.3) + rng.normal(0, rng.uniform(0, 8), picture.shape)
        yield np.clip(noisy, 0, 255).astype(np.uint8)


def _colour(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(v) for v in rng.integers(0, 256, 3))


def quantize(stem: Path, into: Path) -> None:
    """Static QDQ int8 of the stem."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(str(stem), str(ready), skip_symbolic_shape=True)
        quantize_static(
            str(ready),
            str(into),
            Drawn(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
    onnxruntime.InferenceSession(str(into), providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
