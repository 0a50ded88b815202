"""Another pack drops in without a change of code: here one that knows colours alone and learnt nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from models import faces, pack
from models.measurements import FaceReference

if TYPE_CHECKING:
    from pathlib import Path

onnx = pytest.importorskip("onnx")

MANIFEST = """
schema = 1
pack = "subtract"
title = "Grey difference"
face_px = 512
licence = "Apache-2.0"
card = "none"
[files]
"encoder.onnx" = "{encoder}"
"comparer.onnx" = "{comparer}"
[network]
kind = "siamese"
files = {{ encoder = "encoder.onnx", comparer = "comparer.onnx" }}
light = "registered"
kinds = ["structure", "unusable"]
multiple_px = 8
stride_px = 4
[network.normalisation]
order = "RGB"
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
[judgement.structure]
window_cells = 3
top_cells = 9
knots = [[0.0, 0.0], [0.5, 1.0]]
[thresholds]
check = 0.5
strong = 0.9
measured = "drawn for a test"
[gate]
least_face_px = 100
least_detail = 0.01
most_glare = 0.9
least_usable = 0.1
least_brightness = 1
least_agreeing = 0.1
"""


@pytest.fixture(scope="module")
def subtracting(tmp_path_factory: pytest.TempPathFactory) -> pack.Pack:
    folder: Path = tmp_path_factory.mktemp("packs") / "subtract"
    folder.mkdir()
    helper, single, byte = onnx.helper, onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8
    whole = ["height", "width"]
    encoder = helper.make_graph(
        [
            helper.make_node("Mul", ["picture", "full"], ["levels"]),
            helper.make_node("Cast", ["levels"], ["planes"], to=byte),
            helper.make_node("Transpose", ["planes"], ["colours"], perm=[0, 2, 3, 1]),
        ],
        "colours",
        [helper.make_tensor_value_info("picture", single, [1, 3, *whole])],
        [helper.make_tensor_value_info("colours", byte, [1, *whole, 3])],
        [helper.make_tensor("full", single, [1], [255.0])],
    )
    comparer = helper.make_graph(  # the planes that tell how far one side lies outside the other: six of fifteen
        [
            helper.make_node("Cast", ["colours"], ["levels"], to=single),
            helper.make_node("Div", ["levels", "full"], ["shares"]),
            helper.make_node("Slice", ["shares", "first", "last", "axis"], ["outside"]),
            helper.make_node("Transpose", ["outside"], ["planes"], perm=[0, 3, 1, 2]),
            helper.make_node("AveragePool", ["planes"], ["small"], kernel_shape=[4, 4], strides=[4, 4]),
            helper.make_node("ReduceMean", ["small"], ["structure"], axes=[1], keepdims=1),
            helper.make_node("Sub", ["structure", "two"], ["unusable"]),
        ],
        "subtract",
        [helper.make_tensor_value_info("colours", byte, [1, *whole, 15])],
        [helper.make_tensor_value_info(name, single, [1, 1, "rows", "columns"]) for name in ("structure", "unusable")],
        [
            helper.make_tensor("full", single, [1], [255.0]),
            helper.make_tensor("two", single, [1], [2.0]),
            *(
                helper.make_tensor(name, onnx.TensorProto.INT64, [1], [value])
                for name, value in (("first", 0), ("last", 6), ("axis", 3))
            ),
        ],
    )
    digests = {}
    for name, graph in (("encoder", encoder), ("comparer", comparer)):
        data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
        (folder / f"{name}.onnx").write_bytes(data)
        digests[name] = hashlib.sha256(data).hexdigest()
    (folder / pack.MANIFEST).write_text(MANIFEST.format(**digests), "utf-8")
    return pack.load(folder)


def textured() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rng = np.random.default_rng(5)
    coarse = rng.integers(40, 200, (64, 44, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (440, 640), interpolation=cv2.INTER_CUBIC), np.uint8)


def test_a_siamese_pack_scores_and_places_a_difference(subtracting: pack.Pack) -> None:
    face = textured()
    reference = FaceReference("face", cv2.imencode(".png", face)[1].tobytes())
    changed = face.copy()
    changed[300:380, 200:300] = 255 - changed[300:380, 200:300]
    same, different = (faces.compare(shot, [reference], subtracting)[0] for shot in (face, changed))
    assert same.score is not None
    assert different.score is not None
    assert same.score < 0.1
    assert different.score > 0.5
    best = different.differences[0]
    assert best.kind == "structure"
    x, y, w, h = best.box
    assert 200 <= x + w / 2 <= 300
    assert 300 <= y + h / 2 <= 380


def test_inks_that_do_not_meet_are_told_as_a_matter_of_print(subtracting: pack.Pack) -> None:
    judged = {**subtracting.judgements, "inks": pack.Judgement(24, 400, ((0.5, 0.0), (1.5, 1.0)))}
    careful = replace(subtracting, judgements=judged)
    face = textured()
    apart = face.copy()
    apart[:, :, 2] = np.roll(face[:, :, 2], 3, axis=1)
    reference = FaceReference("face", cv2.imencode(".png", face)[1].tobytes())
    same, different = (faces.compare(shot, [reference], careful)[0] for shot in (face, apart))
    told = {one.kind: one.score for one in different.differences}
    assert told["print"] > 0.5
    assert "inks" not in told
    assert all(one.score < 0.1 for one in same.differences if one.kind == "print")


def test_a_smear_on_one_of_three_captures_is_outvoted_and_a_change_on_all_is_not(subtracting: pack.Pack) -> None:
    face = textured()
    reference = FaceReference("face", cv2.imencode(".png", face)[1].tobytes())
    smeared, changed = face.copy(), face.copy()
    smeared[300:380, 200:300] = 255 - smeared[300:380, 200:300]
    changed[300:380, 200:300] = 255 - changed[300:380, 200:300]
    outvoted = faces.compare_together([face, smeared, face], reference, subtracting)
    agreed = faces.compare_together([changed, changed, np.zeros_like(face)], reference, subtracting)
    alone = faces.compare(smeared, [reference], subtracting)[0]
    assert outvoted.score is not None
    assert agreed.score is not None
    assert alone.score is not None
    assert outvoted.score < 0.5 * alone.score
    assert agreed.score == pytest.approx(
        alone.score, rel=1e-3
    )  # the black capture cannot be compared and counts for nothing


def test_captures_that_cannot_be_compared_together_ask_for_a_retake(subtracting: pack.Pack) -> None:
    face = textured()
    reference = FaceReference("face", cv2.imencode(".png", face)[1].tobytes())
    together = faces.compare_together([np.zeros_like(face)] * 2, reference, subtracting)
    assert together.score is None
    assert together.retake == "too_dark"


def test_no_capture_at_all_is_refused(subtracting: pack.Pack) -> None:
    reference = FaceReference("face", cv2.imencode(".png", textured())[1].tobytes())
    with pytest.raises(ValueError, match=r"^Captures to compare together must be at least one, got none\.$"):
        faces.compare_together([], reference, subtracting)
