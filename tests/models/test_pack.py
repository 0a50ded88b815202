from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from models import interval, pack
from models.errors import PackError

if TYPE_CHECKING:
    from pathlib import Path

    from models.measurements import Tensor


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    target = tmp_path / pack.BUILTIN
    shutil.copytree(pack.packs_dir() / pack.BUILTIN, target)
    return target


def edited(folder: Path, old: str, new: str) -> None:
    """Put `new` for `old`; for the whole first line where that is a key of numbers, as "usual = "."""
    manifest = folder / pack.MANIFEST
    text = manifest.read_text("utf-8")
    assert old in text
    if old.endswith(" = "):
        old += text.partition(old)[2].partition("\n")[0]
    manifest.write_text(text.replace(old, new), "utf-8")


def refusal(folder: Path) -> PackError:
    with pytest.raises(PackError) as caught:
        pack.load(folder)
    assert caught.value.hint
    return caught.value


def maps(loaded: pack.Pack, registered: Tensor, capture: Tensor) -> dict[str, Tensor]:
    """The maps of two normalised sides."""
    sides = [loaded.network.features(side) for side in (registered, capture)]
    return loaded.network.maps({scale: interval.between(known, sides[1][scale]) for scale, known in sides[0].items()})


def test_the_built_in_pack_loads_and_its_networks_run() -> None:
    loaded = pack.builtin()
    picture = np.zeros((1, 3, 72, 96), np.float32)
    answers = maps(loaded, picture, picture)
    assert {"structure", "print", "unusable"} <= set(answers)
    for answer in answers.values():
        assert answer.shape == (72 // loaded.network.stride_px, 96 // loaded.network.stride_px)
    assert 0 < loaded.threshold_check < loaded.threshold_strong <= 1
    assert loaded.licence == "Apache-2.0"


def test_the_twins_in_full_precision_answer_the_same_to_a_fraction_of_a_logit() -> None:
    folder = pack.packs_dir() / pack.BUILTIN
    coarse = np.random.default_rng(3).random((2, 9, 12, 3)).astype(np.float32)
    sides = [cv2.resize(one, (96, 72), interpolation=cv2.INTER_CUBIC).transpose(2, 0, 1)[None] for one in coarse]
    small, plain = (maps(pack.load(folder, precision), sides[0], sides[1]) for precision in ("int8", "fp32"))
    for kind, values in small.items():
        assert 0 < np.abs(values - plain[kind]).mean() < 0.5, kind


def test_a_pack_without_twins_runs_its_only_networks_in_either_precision(copied: Path) -> None:
    edited(copied, 'twins = { encoder = "encoder.fp32.onnx", comparer = "comparer.fp32.onnx" }', "")
    picture = np.full((1, 3, 72, 96), 0.5, np.float32)
    only, asked = (maps(pack.load(copied, precision), picture, picture) for precision in ("int8", "fp32"))
    assert np.array_equal(only["structure"], asked["structure"])


def test_the_built_in_card_and_measurement_exist() -> None:
    loaded = pack.builtin()
    assert (pack.packs_dir().parent.parent / loaded.card).is_file()
    assert loaded.measured != ""


def test_a_flipped_byte_in_a_network_is_refused(copied: Path) -> None:
    file = copied / "comparer.onnx"
    data = bytearray(file.read_bytes())
    expected = pack.load(copied).files["comparer.onnx"]
    data[1000] ^= 1
    file.write_bytes(data)
    error = refusal(copied)
    assert error.code == "model_hash"
    assert error.message.startswith(
        f"The file comparer.onnx of the model pack {pack.BUILTIN} must have SHA-256 {expected}, got "
    )


def test_an_unknown_schema_is_refused(copied: Path) -> None:
    edited(copied, "schema = 1", "schema = 2")
    error = refusal(copied)
    assert error.code == "model_schema"
    assert error.message == f"The model pack {pack.BUILTIN} must have schema 1, got 2."


def test_a_missing_network_is_refused(copied: Path) -> None:
    (copied / "comparer.onnx").unlink()
    error = refusal(copied)
    assert error.code == "model_missing"
    assert error.message == f"The model pack {pack.BUILTIN} names the file comparer.onnx, got no readable file."


def test_a_missing_pack_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path / "none")
    assert error.code == "model_missing"
    assert error.message == "A model pack is a directory with a manifest.toml, got none in none."


@pytest.mark.parametrize("text", ["schema = = 1", "schema = " + "[" * 5000])
def test_a_manifest_that_is_no_toml_is_refused(copied: Path, text: str) -> None:
    (copied / pack.MANIFEST).write_text(text, "utf-8")
    assert refusal(copied).code == "model_manifest"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('kind = "siamese"', 'kind = "oracle"'),
        ('order = "BGR"', 'order = "GBR"'),
        ("window_cells = 7", "window = 7"),
        ("[gate]", "[gates]"),
        ('comparer = "comparer.onnx"', 'comparer = "other.onnx"'),
        ('"comparer.onnx" = ', '"../comparer.onnx" = '),
        ("strong = ", "strong = -"),
    ],
)
def test_a_manifest_with_a_wrong_value_is_refused(copied: Path, old: str, new: str) -> None:
    edited(copied, old, new)
    assert refusal(copied).code == "model_manifest"


def test_a_file_that_is_no_network_is_refused(copied: Path) -> None:
    old = pack.load(copied).files["comparer.onnx"]
    (copied / "comparer.onnx").write_bytes(b"no network")
    edited(copied, old, "83cf29cbf0ed2e9da63a27f3fa6f6ab0ba11ce4e5a2b2b6fb6d8b1c8d9f4a6a5")
    error = refusal(copied)
    assert error.code == "model_hash"
    edited(copied, "83cf29cbf0ed2e9da63a27f3fa6f6ab0ba11ce4e5a2b2b6fb6d8b1c8d9f4a6a5", error.message[-65:-1])
    assert refusal(copied).code == "model_unusable"


def test_a_judgement_interpolates_between_its_knots() -> None:
    judged = pack.Judgement(5, 1, ((1.0, 0.0), (2.0, 0.5), (4.0, 1.0)))
    assert [judged.score(value) for value in (0.0, 1.5, 3.0, 9.0, float("nan"))] == [0.0, 0.25, 0.75, 1.0, 0.0]


def test_the_built_in_pack_looks_twice_at_its_highest_places() -> None:
    look = pack.builtin().second_look
    assert look is not None
    assert look.places == 3
    assert look.moved(np.array([0.0, 1.0, 0.0, 0.0])) == pytest.approx(look.weights[1] - look.usual)


def test_the_built_in_pack_is_surer_of_several_captures_than_of_one() -> None:
    judgements = pack.builtin().judgements
    two, three = judgements["structure"].together
    assert 0 < two <= three
    assert {kind for kind, one in judgements.items() if one.together} == {"structure"}


def test_more_captures_may_not_count_less(copied: Path) -> None:
    edited(copied, "together = ", "together = [1.5, 1.0]")
    assert refusal(copied).message == (
        "The manifest of the model pack drawn-7 must be complete, got a fault at "
        "[judgement.structure] together, which rises from 0 or more; got (1.5, 1.0)."
    )


FAULT = "The manifest of the model pack drawn-7 must be complete, got a fault at "


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "weights = ",
            "weights = [1.0, 2.0, 3.0]",
            "[second_look] weights, a list of 4 numbers; got [1.0, 2.0, 3.0].",
        ),
        ("usual = ", "usual = inf", "[second_look] usual, a number from -1e+06 to 1e+06; got inf."),
        ("check = 0.5", "check = nan", "[thresholds] check, a number from 0 to 1; got nan."),
        ("check = 0.5", "check = 0.95", "[thresholds], where 0 < check < strong <= 1; got 0.95 and 0.9."),
        ("least_usable = 0.3", "least_usable = nan", "[gate] least_usable, a number from 0 to 1; got nan."),
        ("most_glare = 0.5", "most_glare = -0.5", "[gate] most_glare, a number from 0 to 1; got -0.5."),
        ("most_glare = 0.5", 'most_glare = "0.5"', "[gate] most_glare, a number from 0 to 1; got '0.5'."),
        (
            "least_agreeing = 0.1",
            "least_agreeing = 0.1\nleast_sharpness = 3",
            (
                "[gate], which has least_face_px, least_detail, most_glare, least_usable, least_brightness, "
                "least_agreeing; got least_sharpness too."
            ),
        ),
        (
            "window_cells = 3",
            "window_cells = 0",
            "[judgement.structure] window_cells, a whole number from 1 to 99; got 0.",
        ),
        (
            "top_cells = 16",
            "top_cells = 1.5",
            "[judgement.structure] top_cells, a whole number from 1 to 1000000; got 1.5.",
        ),
        (
            "together = ",
            "together = [1.6, nan]",
            "[judgement.structure] together, numbers from -1e+06 to 1e+06; got nan.",
        ),
        (
            "knots = ",
            "knots = [[nan, 0.0], [2.0, 1.0]]",
            "[judgement.structure] knots, numbers from -1e+06 to 1e+06; got nan.",
        ),
        (
            "knots = ",
            "knots = [[1.0, 0.0], [2.0, nan]]",
            "[judgement.structure] knots, numbers from -1e+06 to 1e+06; got nan.",
        ),
        (
            "[judgement.inks]",
            "[judgement.ink]",
            "[judgement.ink], which is of structure, colour, print, inks, hologram; got 'ink'.",
        ),
        (
            "[judgement.print]",
            "[judgement.hologram2]",
            "[judgement.hologram2], which is of structure, colour, print, inks, hologram; got 'hologram2'.",
        ),
        (
            'kinds = ["structure", "print", "unusable"]',
            'kinds = ["structure", "print", "colour", "shape"]',
            (
                "[network] kinds, structure and others of structure, colour, print, unusable, each once; "
                "got ['structure', 'print', 'colour', 'shape']."
            ),
        ),
        (
            'kinds = ["structure", "print", "unusable"]',
            'kinds = ["print", "unusable"]',
            (
                "[network] kinds, structure and others of structure, colour, print, unusable, each once; "
                "got ['print', 'unusable']."
            ),
        ),
        ("face_px = 768", "face_px = 0", "[pack] face_px, a whole number from 128 to 4096; got 0."),
        ("multiple_px = ", "multiple_px = 6", "[network] multiple_px, a multiple of stride_px, which is 4; got 6."),
        (
            "std = [1.0, 1.0, 1.0]",
            "std = [1.0, 0.0, 1.0]",
            "[network.normalisation] std, numbers from 1e-06 to 1e+06; got 0.0.",
        ),
        ('licence = "Apache-2.0"', 'licence = ""', "licence, a text that is not empty; got ''."),
    ],
)
def test_a_number_out_of_its_bounds_is_told_when_the_pack_is_opened(
    copied: Path, old: str, new: str, fault: str
) -> None:
    edited(copied, old, new)
    error = refusal(copied)
    assert error.code == "model_manifest"
    assert error.message == FAULT + fault


def test_a_kind_of_the_network_without_a_judgement_is_refused(copied: Path) -> None:
    manifest = copied / pack.MANIFEST
    before, _, after = manifest.read_text("utf-8").partition("[judgement.print]")
    manifest.write_text(before + "[judgement.inks]" + after.partition("[judgement.inks]")[2], "utf-8")
    assert refusal(copied).message == (
        FAULT + "[judgement], which has one for each kind of the network; got none for print."
    )


@pytest.mark.parametrize(
    ("old", "new", "came"),
    [
        ("stride_px = 4", "stride_px = 8", "24 x 24 logits of each kind, got structure 48 x 48; "),
        (
            'files = { encoder = "encoder.onnx", comparer = "comparer.onnx" }',
            'files = { encoder = "encoder.onnx", comparer = "encoder.onnx" }',
            "48 x 48 logits of each kind, got ",
        ),
        ('"structure", "print", "unusable"', '"structure", "print"', ""),
    ],
)
def test_networks_that_do_not_fit_each_other_are_told_when_the_pack_is_opened(
    copied: Path, old: str, new: str, came: str
) -> None:
    edited(copied, old, new)
    if not came:
        assert pack.load(copied).network.kinds == ("structure", "print")
        return
    error = refusal(copied)
    assert error.code == "model_unusable"
    assert came in error.message
    assert error.message.startswith(
        "The networks of the model pack drawn-7 must answer a picture of 192 x 192 pixels with "
    )
