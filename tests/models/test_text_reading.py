"""Print beside drawn symbols is read, whatever way it stands, and a few lines at a time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from models import symbols, text
from models.measurements import Image, TextPlace
from models.text_reading import Printed
from models.worker import PixelWorkers

WORDS = ("GTIN 09521104001300", "SN 7K2PQ04X9B31", "LOT K26017", "EXP 2028-11")


def label(turn: int = 0, type_px: int = 26) -> Image:
    """A DataMatrix with four lines beside it that stand turned by so many quarters."""
    drawn = np.asarray(zxingcpp.create_barcode("0109521104001300", zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=8))
    words = Picture.new("L", (360, 160), 255)
    face = ImageFont.load_default(type_px)
    for row, line in enumerate(WORDS):
        ImageDraw.Draw(words).text((10, 6 + round(1.4 * type_px) * row), line, 0, face)
    page = np.full((500, 900), 255, np.uint8)
    page[170 : 170 + drawn.shape[0], 60 : 60 + drawn.shape[1]] = drawn
    turned = np.rot90(np.asarray(words, np.uint8), turn)
    page[100 : 100 + turned.shape[0], 240 : 240 + turned.shape[1]] = turned
    return np.asarray(cv2.cvtColor(page, cv2.COLOR_GRAY2BGR), np.uint8)


@pytest.fixture(scope="module")
def reader() -> text.Reader:
    return text.builtin()


def place_of(picture: Image) -> TextPlace:
    (symbol,) = symbols.read(picture)
    return TextPlace(symbol.corners, beside=True)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_print_beside_a_symbol_is_read_whatever_way_it_stands(reader: text.Reader, turn: int) -> None:
    picture = label(turn)
    reading = Printed(picture, place_of(picture), reader).lines(0, 9)
    assert {line.text.replace(" ", "") for line in reading.lines} == {words.replace(" ", "") for words in WORDS}
    assert not reading.more


def test_lines_come_a_few_at_a_time(reader: text.Reader) -> None:
    picture = label()
    printed = Printed(picture, place_of(picture), reader)
    assert [line.text for part in (0, 2) for line in printed.lines(part, 2).lines] == [
        line.text for line in printed.lines(0, 4).lines
    ]
    assert printed.lines(0, 2).more
    assert not printed.lines(2, 2).more


def test_a_second_look_and_a_picture_come_when_asked(reader: text.Reader) -> None:
    picture = label()
    printed = Printed(picture, place_of(picture), reader)
    plain, full = printed.lines(0, 1), printed.lines(0, 1, again=True, picture=True)
    assert (plain.lines[0].again, plain.picture) == (None, b"")
    assert full.lines[0].again == full.lines[0].text
    shown = cv2.imdecode(np.frombuffer(full.picture, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape[1] > 200


def test_a_region_is_read_inside_its_corners(reader: text.Reader) -> None:
    corners = ((235.0, 95.0), (600.0, 95.0), (600.0, 260.0), (235.0, 260.0))
    lines = Printed(label(), TextPlace(corners, beside=False), reader).lines(0, 9).lines
    assert [line.text.replace(" ", "") for line in lines] == [words.replace(" ", "") for words in WORDS]


def test_a_place_without_print_has_no_lines(reader: text.Reader) -> None:
    corners = ((620.0, 300.0), (880.0, 300.0), (880.0, 480.0), (620.0, 480.0))
    reading = Printed(label(), TextPlace(corners, beside=False), reader).lines(0, 9)
    assert (reading.lines, reading.more) == ((), False)


@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_a_worker_reads_print_in_pixels_of_the_whole_picture(scale: float) -> None:
    picture = np.asarray(cv2.resize(label(), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    data = cv2.imencode(".jpg", picture)[1].tobytes()
    with PixelWorkers(1, read_budget_s=60.0, compare_budget_s=60.0) as workers, workers.look(data) as frame:
        (symbol,) = frame.read().symbols
        place = TextPlace(symbol.corners, beside=True)
        reading = frame.text(place, 0, 4)
        whole = frame.text(place, 0, 4, whole=True)
    assert whole.whole
    assert [line.text for line in whole.lines] == [line.text for line in reading.lines]
    assert {line.text.replace(" ", "") for line in reading.lines} == {words.replace(" ", "") for words in WORDS}
    assert reading.lines[0].box[0] == pytest.approx(250 * scale, abs=6 * scale)
    assert reading.lines[0].height_px == pytest.approx(22 * scale, rel=0.3)
    assert (reading.pack, set(reading.ms)) == ("text-1", {"find", "read"})
