"""Addresses: what stands on a transport label is hidden, its symbol is not, and goods are not touched."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp

from models import address_blocks, addresses, covering, symbols
from models.desk import Desk
from models.drawn.parcels import draw_parcel
from models.drawn.pool import Pool
from models.errors import PackError
from models.measurements import Hidden, Image, PictureLimits, Symbol
from models.worker import Orders
from tests.models.wide import needs_wide_fonts

LINES = ((80, 320), (80, 360), (80, 400), (80, 470), (80, 500))  # left and baseline on the label


def code(content: str, kind: str, module: int, height: int) -> Image:
    drawn = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, kind))
    bars = np.asarray(drawn.to_image(scale=1, add_quiet_zones=False), np.uint8)[:1]
    wide = cv2.resize(bars, (bars.shape[1] * module, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.cvtColor(wide, cv2.COLOR_GRAY2BGR), np.uint8)


def parcel(degrees: float = 0.0, module: int = 3) -> tuple[Image, list[np.ndarray]]:
    """A carton with a label at an angle, and the corners of its address lines."""
    label = np.full((560, 520, 3), 250, np.uint8)
    bars = code("RR473124829JP", "Code128", module, 50 * module)
    label[70 : 70 + 50 * module, 25 : 25 + bars.shape[1]] = bars
    boxes = []
    for x, y in LINES:
        cv2.putText(label, "Windmill Lane 23", (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (20, 20, 20), 2)
        boxes.append([[x, y - 22], [x + 260, y - 22], [x + 260, y + 8], [x, y + 8]])
    carton = np.full((900, 1000, 3), (110, 150, 185), np.uint8)
    turn = cv2.getRotationMatrix2D((260, 280), degrees, 1.0)
    turn[:, 2] += (240, 170)
    there = cv2.warpAffine(np.full(label.shape, 255, np.uint8), turn, (1000, 900))
    laid = cv2.warpAffine(label, turn, (1000, 900), flags=cv2.INTER_LINEAR)
    picture = np.where(there > 0, laid, carton)
    return np.asarray(picture, np.uint8), [cv2.transform(np.array([box], np.float64), turn)[0] for box in boxes]


def face() -> Image:
    """A package face with words and an EAN on white paper."""
    picture = np.full((900, 1000, 3), (60, 120, 30), np.uint8)
    cv2.putText(picture, "FACE CREAM", (100, 200), cv2.FONT_HERSHEY_DUPLEX, 2, (255, 255, 255), 3)
    picture[560:720, 80:340] = 255
    bars = code("4006381333931", "EAN13", 2, 110)
    picture[580:690, 100 : 100 + bars.shape[1]] = bars
    return picture


def png(picture: Image) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


def covered(hidden: Hidden, picture: Image, corners: np.ndarray) -> float:
    mask = covering.mask_of(hidden, (picture.shape[0], picture.shape[1]))
    place = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(place, np.asarray(corners, np.int32), 255)
    return cv2.countNonZero(place & mask) / cv2.countNonZero(place)


@pytest.mark.parametrize("degrees", [0, 8, 90, 185])
def test_every_line_of_a_label_is_hidden_at_any_angle_and_its_symbol_is_not(degrees: float) -> None:
    picture, lines = parcel(degrees=degrees)
    found = symbols.read(picture)
    assert [one.text for one in found] == ["RR473124829JP"]
    hidden = addresses.find(picture, found)
    assert [covered(hidden, picture, line) for line in lines] == [1.0] * len(lines)
    assert covered(hidden, picture, np.array(found[0].corners)) < 0.05
    assert covered(hidden, picture, np.array([[5, 5], [95, 5], [95, 95], [5, 95]])) == 0.0  # the carton


@pytest.mark.parametrize(
    "kind",
    ["cn22", "courier", "envelope", "slip", pytest.param("tategaki", marks=needs_wide_fonts), "thermal", "window"],
)
def test_an_address_is_hidden_where_no_symbol_was_read_at_all(kind: str) -> None:
    drawn = draw_parcel(np.random.default_rng(11), Pool(), kind, "japanese" if kind == "tategaki" else "latin")
    hidden = addresses.find(drawn.surface, ())
    shares = [covered(hidden, drawn.surface, np.array(line)) for line in drawn.address]
    assert np.mean(shares) > 0.95


def test_no_address_is_seen_in_plain_paper_or_noise() -> None:
    noise = np.asarray(np.random.default_rng(1).integers(0, 256, (600, 800, 3)), np.uint8)
    for picture in (np.full((600, 800, 3), 240, np.uint8), noise):
        assert not addresses.find(picture, ())


def test_all_but_the_symbols_is_hidden_where_the_net_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> object:
        raise PackError("model_missing", "gone")

    monkeypatch.setattr(address_blocks, "builtin", missing)
    desk = Desk(Orders(PictureLimits(), None))
    desk.lay(png(face()))
    reading = desk.do_read(60.0)
    assert reading.hidden.outlines == (((0.0, 0.0), (1000.0, 0.0), (1000.0, 900.0), (0.0, 900.0)),)
    assert len(reading.hidden.symbols) == 1
    assert reading.label


def test_a_face_with_a_products_symbol_is_not_touched_whether_that_was_read_or_not() -> None:
    picture = face()
    found = symbols.read(picture)
    assert [one.format for one in found] == ["EAN13"]
    assert not addresses.find(picture, found)
    assert not addresses.find(picture, ())


@pytest.mark.parametrize(
    ("form", "identifier", "text", "transport"),
    [
        ("Code128", "]C0", "RR473124829JP", True),
        ("Code128", "]C1", "00340123450000000018", True),
        ("Code128", "]C1", "0109521234543213", False),
        ("Codabar", "]F0", "A123456789012A", True),
        ("ITF", "]I1", "19521234543210", False),
        ("EAN13", "]E0", "9521234543213", False),
        ("DataMatrix", "]d2", "010952123454321321A", False),
        ("QRCode", "]Q1", "https://example.com", False),
    ],
)
def test_a_symbol_is_a_parcels_or_a_products(form: str, identifier: str, text: str, *, transport: bool) -> None:
    symbol = Symbol(text, text.encode(), identifier, form, (), 1)
    assert addresses.is_transport(symbol) is transport


def test_a_reading_keeps_the_label_for_sealing_and_shows_nothing_of_it_around_its_symbol() -> None:
    picture, _ = parcel()
    beside = picture.copy()
    cv2.putText(beside, "A. Renner", (340, 225), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 2)  # right above the bars
    desk = Desk(Orders(PictureLimits(), None))
    desk.lay(png(beside))
    reading = desk.do_read(60.0)
    crop = cv2.imdecode(np.frombuffer(reading.symbols[0].crop, np.uint8), cv2.IMREAD_COLOR)
    assert crop is not None
    assert (crop[8:30, 121:250] == covering.COVER).all()
    assert zxingcpp.read_barcodes(crop)[0].text == "RR473124829JP"
    label = cv2.imdecode(np.frombuffer(reading.label, np.uint8), cv2.IMREAD_COLOR)
    assert label is not None
    assert min(label.shape[:2]) > 400


def test_a_reading_of_goods_keeps_no_label() -> None:
    desk = Desk(Orders(PictureLimits(), None))
    desk.lay(png(face()))
    reading = desk.do_read(60.0)
    assert (reading.hidden, reading.label) == (Hidden(), b"")
