"""The reader of print: what it reads, how sure it is, what it refuses. Lines are Pillow's own typeface."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from models import pack, text
from models.errors import PackError
from models.pack import packs_dir

DEMO_FONT = Path(__file__).parents[2] / "provisioning/demo/fonts/noto-sans-jp-bold.otf"


def line(words: str, height: int = 32, font: Path | None = None) -> np.ndarray:
    """Black print on white with some paper around, BGR."""
    face = ImageFont.truetype(str(font), height) if font else ImageFont.load_default(height)
    left, top, right, bottom = face.getbbox(words)
    page = Picture.new("L", (round(right - left) + height, round(bottom - top) + height // 2), 255)
    ImageDraw.Draw(page).text((height // 2 - left, height // 4 - top), words, 0, face)
    return cv2.cvtColor(np.asarray(page), cv2.COLOR_GRAY2BGR)


@pytest.fixture(scope="module")
def reader() -> text.Reader:
    return text.builtin()


@pytest.mark.parametrize("words", ["SN 7K2PQ04X9B31", "(21)MZ00418823", "EXP 2028-11", "LOT:K26017"])
def test_a_line_of_a_label_is_read_character_by_character(reader: text.Reader, words: str) -> None:
    read, sure = reader.read(line(words))
    assert read.replace(" ", "") == words.replace(" ", "")
    assert len(sure) == len(read)
    assert min(sure) > 0.5


def test_japanese_is_read(reader: text.Reader) -> None:
    assert reader.read(line("高級抹茶 40 g", font=DEMO_FONT))[0].replace(" ", "") == "高級抹茶40g"


def test_light_print_on_dark_is_read(reader: text.Reader) -> None:
    assert reader.read(255 - line("LOT A2611"))[0].replace(" ", "") == "LOTA2611"


def test_an_empty_line_has_no_characters(reader: text.Reader) -> None:
    assert reader.read(np.full((40, 200, 3), 200, np.uint8)) == ("", ())


def test_a_smudged_character_is_less_sure_than_the_others(reader: text.Reader) -> None:
    clear = line("SN 4418823")
    smudged = clear.copy()
    smudged[12:36, 90:106] = 128
    assert min(reader.read(smudged)[1]) < min(reader.read(clear)[1])


def test_a_second_look_reads_the_same_of_clear_print(reader: text.Reader) -> None:
    shown = line("SN 7K2PQ04X9B31")
    assert reader.read(text.softened(shown))[0] == reader.read(shown)[0]


def test_every_class_of_the_network_has_a_character(reader: text.Reader) -> None:
    classes = reader.network.run(None, {"x": text.tensor(line("A"))})[0].shape[2]
    assert classes == len(reader.characters) + 1
    assert set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ()-/.: 年月日製造番号使用期限ロット") <= set(reader.characters)


def test_chances_rise_with_the_shares_that_the_network_gives(reader: text.Reader) -> None:
    assert list(reader.knots) == sorted(reader.knots)
    assert 0 < reader.threshold < 1


def test_an_altered_network_is_refused(tmp_path: Path) -> None:
    shutil.copytree(packs_dir() / text.BUILTIN, tmp_path / "text-1")
    (tmp_path / "text-1/reader.onnx").write_bytes(b"other")
    with pytest.raises(PackError) as refused:
        text.load(tmp_path / "text-1")
    assert refused.value.code == "model_hash"


def test_falling_knots_are_refused(tmp_path: Path) -> None:
    shutil.copytree(packs_dir() / text.BUILTIN, tmp_path / "text-1")
    manifest = tmp_path / "text-1/manifest.toml"
    words = [
        "knots = [[0.1, 0.9], [0.9, 0.2]]" if line.startswith("knots") else line
        for line in manifest.read_text("utf-8").splitlines()
    ]
    manifest.write_text("\n".join(words), "utf-8")
    with pytest.raises(PackError) as refused:
        text.load(tmp_path / "text-1")
    assert refused.value.message == (
        "The manifest of the model pack text-1 must be complete, got a fault at [reader] knots, which rise from "
        "(.., 0 or more) to (.., 1 or less); got ((0.1, 0.9), (0.9, 0.2))."
    )


def with_a_reader(folder: Path) -> Path:
    """A model pack that brings the built-in reader along under another name, as it would come over the shelf."""
    own, other = packs_dir() / text.BUILTIN, packs_dir() / pack.BUILTIN
    shutil.copytree(other, folder)
    digests = []
    for name in ("reader.onnx", "characters.txt"):
        shutil.copyfile(own / name, folder / name)
        digests.append(f'"{name}" = "{hashlib.sha256((folder / name).read_bytes()).hexdigest()}"')
    manifest = folder / "manifest.toml"
    listed = manifest.read_text("utf-8").replace("[files]", "\n".join(["[files]", *digests]))
    table = (own / "manifest.toml").read_text("utf-8").partition("[reader]")[2]
    manifest.write_text(f"{listed}\n[reader]{table}", "utf-8")
    return folder


def test_a_model_pack_may_bring_a_reader_of_its_own(tmp_path: Path) -> None:
    folder = with_a_reader(tmp_path / "both")
    assert pack.load(folder).name == pack.BUILTIN
    found = text.carried(folder)
    assert found is not None
    assert found.read(line("SN 7K2PQ04X9B31"))[0] == "SN 7K2PQ04X9B31"
    assert text.carried(packs_dir() / pack.BUILTIN) is None
    assert text.carried(None) is None


def test_an_altered_reader_of_a_model_pack_is_refused(tmp_path: Path) -> None:
    folder = with_a_reader(tmp_path / "both")
    (folder / "characters.txt").write_text("ABC\n", "utf-8")
    with pytest.raises(PackError) as refused:
        text.carried(folder)
    assert refused.value.code == "model_hash"


def test_the_reader_fits_its_size() -> None:
    files = list((packs_dir() / text.BUILTIN).glob("*.onnx"))
    assert sum(file.stat().st_size for file in files) <= 8_000_000
