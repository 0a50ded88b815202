"""The recipe of the text reader's pack: an openly licensed recognition network, cut down, in eight bits.

    python -m models.training.text --upstream PP-OCRv6_rec_small.onnx --out models/packs/text-1 [--twin]

The upstream file comes with the package rapidocr 3.10.0 (folder rapidocr/models); no other bytes are accepted. What is
done to it: classes that no package needs are cut from the last layer, the graph is taken to opset 13 and folded, and
its twin in int8 is made by static QDQ over drawn lines. Characters kept: ASCII, the kana, the Japanese punctuation
and full-width forms of JIS X 0208 rows 1 to 8, and its first level of 2,965 kanji.

It needs `onnx` and no torch.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import unicodedata
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import numpy_helper, version_converter
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from rapidfuzz.distance import Levenshtein

from models import text
from models.drawn import lines
from models.drawn.pool import Pool

UPSTREAM = "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
HEAD = "linear_8.w_0"  # weights of the last layer
FILES = ("characters.txt", "reader.onnx")
CALIBRATION_LINES = 96
FLOATING = 12  # convolutions at the entrance: in eight bits they cost half of what quantization costs
LAST_ROW_OF_LEVEL_1 = 47


def main() -> None:
    """Parse the command line and make the pack."""
    parser = argparse.ArgumentParser(prog="models.training.text", description=__doc__)
    parser.add_argument("--upstream", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--twin", action="store_true", help="keep the fp32 network beside it (13.8 MB)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    plain, small = options.out / "reader.fp32.onnx", options.out / "reader.onnx"
    characters = prune(options.upstream, plain)
    quantize(plain, small, calibration_lines(Pool(), CALIBRATION_LINES))
    (options.out / "characters.txt").write_text("".join(characters) + "\n", encoding="utf-8")
    write_manifest(options.out, [(0.0, 0.0), (1.0, 1.0)], "not calibrated")
    write_manifest(options.out, *calibrated(text.load(options.out), Pool()))
    for file in (plain, small):
        print(file.name, f"{file.stat().st_size / 1e6:.2f} MB", len(characters), "characters")
    if not options.twin:
        plain.unlink()


MANIFEST = '''schema = 1
pack = "{name}"
title = "PP-OCRv6 small recognition, cut to ASCII, kana and JIS level 1 kanji, in eight bits"
licence = "Apache-2.0"
source = """
PaddleOCR, PP-OCRv6_small_rec (Apache-2.0; weights: Baidu and the PaddleOCR rights holders), as converted to ONNX and
distributed by RapidOCR 3.10.0. Changed: classes cut, opset 13, eight bits (models/training/text.py)."""
upstream = "{upstream}"
card = "models/cards/{name}.md"

[files]
"characters.txt" = "{characters}"
"reader.onnx" = "{reader}"

[reader]
file = "reader.onnx"
characters = "characters.txt"
knots = [{knots}]
threshold = {threshold}
measured = "{measured}"
'''
THRESHOLD = 0.997  # decision 109


def write_manifest(folder: Path, knots: list[tuple[float, float]], measured: str) -> None:
    """Write the manifest of a pack's folder, which holds its files."""
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    (folder / "manifest.toml").write_text(
        MANIFEST.format(
            name=folder.name,
            upstream=UPSTREAM,
            characters=hashes["characters.txt"],
            reader=hashes["reader.onnx"],
            knots=", ".join(f"[{share:.4f}, {right:.4f}]" for share, right in knots),
            threshold=THRESHOLD,
            measured=measured,
        ),
        encoding="utf-8",
    )


def calibrated(
    reader: text.Reader, pool: Pool, count: int = 1200, seed: int = 21
) -> tuple[list[tuple[float, float]], str]:
    """Knots (share given, share right) over the characters of drawn lines, hard ones among them, and what was measured.

    Shares are sorted into bins, small ones where shares are low; the share of right characters in each is made to
    rise (pool adjacent violators), with one character more of each sort, so that no bin says 0 or 1.
    """
    rows = []
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        said = lines.text(rng, japanese=index % 4 == 0)
        page = lines.printed(rng, said, lines.INKS[index // 4 % 4], pool)
        glare = float(rng.uniform(0, 1)) if rng.random() < 0.25 else 0.0
        shown = lines.seen(rng, page, float(rng.uniform(7, 40)), blur=float(rng.uniform(0, 1.6)), glare=glare)
        rows += outcomes(said, *reader.raw(text.tensor(shown)))
    rows.sort()
    edges = np.unique([0, *(len(rows) * np.geomspace(0.003, 0.6, 9)).astype(int)])
    bins = [rows[a:b] for a, b in itertools.pairwise([*edges, len(rows)]) if b > a]
    knots = [
        [
            float(np.mean([share for share, _ in some])),
            (sum(right for _, right in some) + 1) / (len(some) + 2),
            len(some),
        ]
        for some in bins
    ]
    place = 0
    while place < len(knots) - 1:
        left, right = knots[place], knots[place + 1]
        if left[1] <= right[1]:
            place += 1
            continue
        weight = left[2] + right[2]
        merged = [(left[k] * left[2] + right[k] * right[2]) / weight for k in (0, 1)]
        knots[place : place + 2] = [[*merged, weight]]
        place = max(0, place - 1)
    measured = f"{len(rows)} characters of {count} drawn lines of 7 to 40 px, {np.mean([r for _, r in rows]):.4f} right"
    return [(share, right) for share, right, _ in knots], measured


def outcomes(said: str, read: str, given: tuple[float, ...]) -> list[tuple[float, bool]]:
    """Of each character read, spaces apart: the share given and whether it stands there (by the cheapest edits)."""
    pairs = [(a, b) for a, b in zip(read, given, strict=True) if a != " "]
    letters = "".join(a for a, _ in pairs)
    fold = [unicodedata.normalize("NFKC", side) for side in (letters, said.replace(" ", ""))]
    if len(fold[0]) != len(letters):  # a ligature or the like: no line of ours has one
        return []
    wrong = {edit.src_pos for edit in Levenshtein.editops(*fold) if edit.tag != "insert"}
    return [(share, place not in wrong) for place, (_, share) in enumerate(pairs)]


def prune(upstream: Path, out: Path) -> list[str]:
    """Write the upstream network with the wanted classes only; the characters in their order, without the blank.

    Raises:
        ValueError: `upstream` is another file.
    """
    data = upstream.read_bytes()
    came = hashlib.sha256(data).hexdigest()
    if came != UPSTREAM:
        raise ValueError(f"The upstream network must have SHA-256 {UPSTREAM}, got {came}.")
    network = onnx.load_model_from_string(data)
    known = next(p.value for p in network.metadata_props if p.key == "character").split("\n")
    tensors = {tensor.name: tensor for tensor in network.graph.initializer}
    classes = tensors[HEAD].dims[1]  # a blank, the characters, a space
    kept = [place for place, letter in enumerate(known) if wanted(letter)]
    rows = [0, *(place + 1 for place in kept), classes - 1]
    for tensor in network.graph.initializer:
        if tensor.dims and tensor.dims[-1] == classes:
            values = np.ascontiguousarray(numpy_helper.to_array(tensor)[..., rows])
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    network.graph.output[0].type.tensor_type.shape.dim[2].dim_value = len(rows)
    del network.graph.value_info[:]
    del network.metadata_props[:]
    network = version_converter.convert_version(network, 13)
    onnx.save(network, str(out))
    quant_pre_process(str(out), str(out), skip_symbolic_shape=True)
    return [*(known[place] for place in kept), " "]


def wanted(letter: str) -> bool:
    """Whether packages need the character: ASCII, kana, Japanese punctuation, kanji of the first level."""
    if len(letter) != 1:
        return False
    if letter.isascii():
        return letter.isprintable()
    try:
        code = letter.encode("euc_jp")
    except UnicodeEncodeError:
        return False
    row = code[0] - 0xA0
    return len(code) == 2 and row <= LAST_ROW_OF_LEVEL_1


def calibration_lines(pool: Pool, count: int, seed: int = 11) -> list[np.ndarray]:
    """Drawn lines of every ink, height and script as the network sees them: 1 x 3 x 48 x W float32."""
    tensors = []
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        page = lines.printed(rng, lines.text(rng, japanese=index % 4 == 0), lines.INKS[index % 4], pool)
        shown = lines.seen(rng, page, float(rng.uniform(14, 48)), blur=float(rng.uniform(0, 0.8)))
        tensors.append(text.tensor(shown))
    return tensors


class _Lines(CalibrationDataReader):
    def __init__(self, name, tensors):
        self.name, self.left = name, iter(tensors)

    def get_next(self):
        tensor = next(self.left, None)
        return None if tensor is None else {self.name: tensor}


def quantize(plain: Path, out: Path, tensors: list[np.ndarray], floating: int = FLOATING) -> None:
    """Write the static int8 twin of `plain`, calibrated on `tensors`; `floating` convolutions stay as they are."""
    network = onnx.load(str(plain))
    quantize_static(
        str(plain),
        str(out),
        _Lines(network.graph.input[0].name, tensors),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv", "MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
        calibrate_method=CalibrationMethod.MinMax,
        nodes_to_exclude=[node.name for node in network.graph.node if node.op_type == "Conv"][:floating],
    )


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
