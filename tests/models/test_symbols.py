"""Barcodes of drawn pictures: payloads raw, places right, nothing guessed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp

from models import engines, symbols
from models.measurements import Image, Symbol
from models.symbols import read, read_easily

needs_zbar = pytest.mark.skipif(not engines.zbar_available(), reason="libzbar0 is absent: no second opinion")


def code(content: str | bytes, form: str, scale: int = 4, **options: object) -> Image:
    barcode = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, form), **options)
    return cv2.cvtColor(np.array(barcode.to_image(scale=scale)), cv2.COLOR_GRAY2BGR).astype(np.uint8)


def on_paper(*placed: tuple[Image, int, int], size: tuple[int, int] = (700, 500)) -> Image:
    """White paper of width x height with pictures laid at (x, y)."""
    paper = np.full((size[1], size[0], 3), 235, np.uint8)
    for piece, x, y in placed:
        paper[y : y + piece.shape[0], x : x + piece.shape[1]] = np.minimum(piece, 235)
    return paper


def one(image: Image) -> Symbol:
    (symbol,) = read(image)
    return symbol


@pytest.mark.parametrize(
    ("form", "content", "identifier"),
    [
        ("EAN13", "4006381333931", "]E0"),
        ("EAN8", "96385074", "]E4"),
        ("Code128", "RR473124829JP", "]C0"),
        ("Code39", "SERIAL-42", "]A0"),
        ("Code93", "PARCEL93", "]G0"),
        ("ITF", "30712345000010", "]I1"),
        ("QRCode", "https://id.example/01/09521234543213/21/ABC", "]Q1"),
        ("DataMatrix", "plain", "]d1"),
        ("Aztec", "AZTEC TEXT", "]z0"),
        ("PDF417", "PDF417 TEXT", "]L2"),
    ],
)
def test_a_clean_code_is_read_with_its_identifier(form: str, content: str, identifier: str) -> None:
    symbol = one(on_paper((code(content, form, 3), 60, 80)))
    assert (symbol.text, symbol.payload, symbol.identifier) == (content, content.encode(), identifier)
    assert symbol.votes >= 1


@pytest.mark.parametrize(
    ("form", "identifier"), [("DataMatrix", "]d2"), ("Code128", "]C1"), ("QRCode", "]Q3"), ("DataBarExp", "]e0")]
)
def test_gs1_keeps_its_separator_in_text_and_payload(form: str, identifier: str) -> None:
    options = {} if form == "DataBarExp" else {"gs1": True}
    drawn = code("(01)09521234543213(10)AB12(21)S9", form, 3, **options)
    symbol = one(on_paper((drawn, 60, 60), size=(1400, 400)))
    assert symbol.text == "010952123454321310AB12\x1d21S9"
    assert symbol.payload == b"010952123454321310AB12\x1d21S9"
    assert symbol.identifier == identifier


@pytest.mark.parametrize("encoding", ["shift_jis", "utf-8"])
def test_japanese_without_a_declared_encoding_is_right_and_its_bytes_are_kept(encoding: str) -> None:
    text = "関所の検査台、東京税関\n荷物番号"
    symbol = one(on_paper((code(text.encode(encoding), "QRCode", 5, eci="None"), 60, 60)))
    assert symbol.text == text
    assert symbol.payload == text.encode(encoding)


def test_several_symbols_are_all_returned() -> None:
    paper = on_paper(
        (code("4006381333931", "EAN13", 3), 30, 30),
        (code("RR473124829JP", "Code128", 2), 30, 300),
        (code("SERIAL-1", "DataMatrix", 6), 480, 60),
        size=(800, 500),
    )
    assert {symbol.text for symbol in read(paper)} == {"4006381333931", "RR473124829JP", "SERIAL-1"}


def test_a_linear_code_cut_by_the_edge_is_left_out_beside_a_whole_one() -> None:
    whole, neighbour = code("4006381333931", "EAN13", 3), code("9789012345675", "EAN13", 3)
    paper = np.full((380, 500, 3), 235, np.uint8)
    paper[40 : 40 + whole.shape[0], 60 : 60 + whole.shape[1]] = np.minimum(whole, 235)
    rest = paper.shape[0] - 300
    paper[300:, 60 : 60 + neighbour.shape[1]] = np.minimum(neighbour[:rest], 235)
    assert [symbol.text for symbol in read(paper)] == ["4006381333931"]
    assert [symbol.text for symbol in read(paper[250:])] == ["9789012345675"]


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, 250])
def test_corners_are_in_pixels_of_the_picture_at_any_angle(degrees: int) -> None:
    paper = on_paper((code("SERIAL-1", "DataMatrix", 8), 280, 180))
    turn = cv2.getRotationMatrix2D((350, 250), degrees, 1)
    turned = cv2.warpAffine(paper, turn, (700, 500), borderValue=(235, 235, 235)).astype(np.uint8)
    symbol = one(turned)
    side = code("SERIAL-1", "DataMatrix", 8).shape
    expected = turn @ (280 + side[1] / 2, 180 + side[0] / 2, 1)
    assert np.mean(symbol.corners, axis=0) == pytest.approx(expected, abs=6)


def test_a_large_frame_is_read_reduced_and_told_in_its_own_pixels() -> None:
    frame = on_paper((code("4006381333931", "EAN13", 8), 1500, 1100), size=(4032, 3024))
    symbol = one(frame)
    xs, ys = zip(*symbol.corners, strict=True)
    assert 1500 <= min(xs) < max(xs) <= 1500 + code("4006381333931", "EAN13", 8).shape[1]
    assert 1100 <= min(ys) < max(ys) <= 1100 + code("4006381333931", "EAN13", 8).shape[0]
    assert [again.text for again in read_easily(frame)] == ["4006381333931"]


def test_the_crop_holds_the_symbol() -> None:
    symbol = one(on_paper((code("SERIAL-1", "DataMatrix", 6), 300, 200)))
    crop = cv2.imdecode(np.frombuffer(symbol.crop, np.uint8), cv2.IMREAD_COLOR)
    assert crop is not None
    assert [again.text for again in read(crop.astype(np.uint8))] == ["SERIAL-1"]


def test_light_on_dark_is_read() -> None:
    dark = (255 - on_paper((code("INVERTED", "QRCode", 6), 200, 150))).astype(np.uint8)
    assert one(dark).text == "INVERTED"


def test_a_part_of_a_tilted_interleaved_code_is_not_read_as_a_number() -> None:
    drawn = code("90702330459994", "ITF", 3)
    flat = on_paper((drawn, 40, 200), size=(drawn.shape[1] + 80, 500))
    for degrees in (25, 35, 45, 55):
        turn = cv2.getRotationMatrix2D((flat.shape[1] / 2, 250), degrees, 0.8)
        turned = cv2.warpAffine(flat, turn, (flat.shape[1], 700), borderValue=(235, 235, 235)).astype(np.uint8)
        assert {symbol.text for symbol in read(turned)} <= {"90702330459994"}


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_read_where_nothing_is(seed: int) -> None:
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (160, 220, 3)).astype(np.uint8)
    bars = np.repeat(np.repeat(random.integers(0, 2, 73) * 255, 3)[None, :], 160, axis=0)
    assert read(noise) == ()
    assert read(np.repeat(bars[:, :, None], 3, axis=2).astype(np.uint8)) == ()


def test_tiny_pictures_are_looked_at_too() -> None:
    assert read(np.zeros((1, 1, 3), np.uint8)) == ()
    assert read(np.zeros((1, 3000, 3), np.uint8)) == ()


def test_a_spent_budget_still_takes_one_look() -> None:
    assert one_text(read(on_paper((code("QUICK", "QRCode", 6), 200, 150)), budget_s=0.0)) == "QUICK"
    assert read(np.random.default_rng(1).integers(0, 256, (300, 300, 3)).astype(np.uint8), budget_s=0.0) == ()


def one_text(found: tuple[Symbol, ...]) -> str:
    (symbol,) = found
    return symbol.text


@needs_zbar
def test_zbar_tells_gs1_from_plain_code_128() -> None:
    gs1 = code("(01)09521234543213(10)AB12", "Code128", 2, gs1=True)
    plain = code("RR473124829JP", "Code128", 2)
    for drawn, identifier in ((gs1, "]C1"), (plain, "]C0")):
        grey = cv2.cvtColor(on_paper((drawn, 40, 40)), cv2.COLOR_BGR2GRAY).astype(np.uint8)
        (reading,) = engines.read_zbar(grey, "plain", np.eye(2, 3))
        assert reading.identifier == identifier


@needs_zbar
def test_zbar_keeps_quiet_about_what_it_would_garble() -> None:
    grey = cv2.cvtColor(on_paper((code("測試".encode(), "QRCode", 6, eci="None"), 60, 60)), cv2.COLOR_BGR2GRAY).astype(
        np.uint8
    )
    assert engines.read_zbar(grey, "plain", np.eye(2, 3)) == []


def test_without_the_second_engine_codes_are_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_zbar", lambda: None)
    assert not symbols.zbar_available()
    assert engines.read_zbar(np.zeros((9, 9), np.uint8), "plain", np.eye(2, 3)) == []
    assert one(on_paper((code("4006381333931", "EAN13", 3), 80, 80))).text == "4006381333931"
