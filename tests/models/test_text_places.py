"""Where print is looked for: lines around drawn symbols, turned, slanted, light on dark; and what is no print."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from models import symbols, text_lines, text_places
from models.measurements import Image, TextPlace

WORDS = ("GTIN 09521104001300", "SN 7K2PQ04X9B31", "LOT K26017")


def label(kind: str = "DataMatrix", type_px: int = 26, slant_deg: float = 0.0) -> Image:
    """A symbol with three lines of print: beside a matrix, below a linear one."""
    barcode = zxingcpp.create_barcode("0109521104001300", getattr(zxingcpp.BarcodeFormat, kind))
    drawn = np.asarray(barcode.to_image(scale=10 if kind == "DataMatrix" else 2), np.uint8)
    if kind != "DataMatrix":
        drawn = np.asarray(cv2.resize(drawn, (drawn.shape[1], 80), interpolation=cv2.INTER_NEAREST), np.uint8)
    page = Picture.new("L", (1000, 420), 255)
    page.paste(Picture.fromarray(drawn), (60, 60))
    face = ImageFont.load_default(type_px)
    for row, words in enumerate(WORDS):
        x, y = (60 + drawn.shape[1] + 30, 76) if kind == "DataMatrix" else (70, 70 + drawn.shape[0])
        ImageDraw.Draw(page).text((x, y + round(1.4 * type_px) * row), words, 0, face)
    grey = np.asarray(page, np.uint8)
    turn = cv2.getRotationMatrix2D((500, 210), slant_deg, 1)
    grey = np.asarray(cv2.warpAffine(grey, turn, (1000, 420), borderValue=255), np.uint8)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def place_of(picture: Image) -> TextPlace:
    (symbol,) = symbols.read(picture)
    return TextPlace(symbol.corners, beside=True, linear=symbol.format == "Code128")


def seen(picture: Image, quarters: int = 0) -> text_places.View:
    upright = text_places.upright(picture, place_of(picture))
    assert upright is not None
    return upright.seen(quarters)


@pytest.mark.parametrize("kind", ["DataMatrix", "Code128"])
@pytest.mark.parametrize("slant_deg", [0.0, 3.0])
def test_the_lines_beside_a_symbol_are_found_one_by_one(kind: str, slant_deg: float) -> None:
    lines = seen(label(kind, slant_deg=slant_deg)).lines
    assert len(lines) == len(WORDS)
    assert all(15 < line.height < 40 for line in lines)


@pytest.mark.parametrize("type_px", [14, 36])
def test_small_and_large_type_is_found_once(type_px: int) -> None:
    assert len(seen(label(type_px=type_px)).lines) == len(WORDS)


def test_light_print_on_dark_is_found() -> None:
    picture = label()
    inverted = picture.copy()
    inverted[:, 270:] = 255 - inverted[:, 270:]
    upright = text_places.upright(inverted, place_of(picture))
    assert upright is not None
    assert len(upright.seen(0).lines) >= len(WORDS)


def test_the_nearest_line_comes_first() -> None:
    tops = [line.box[1] for line in seen(label("Code128")).lines]
    assert tops == sorted(tops)


def test_a_picture_on_its_side_shows_its_lines_upright() -> None:
    turned = np.ascontiguousarray(np.rot90(label(), -1))
    assert len(seen(turned).lines) == len(WORDS)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_view_tells_where_its_pixels_lie_in_the_picture(quarters: int) -> None:
    picture = label()
    view = seen(picture, quarters)
    middle = np.array([[[view.image.shape[1] / 2, view.image.shape[0] / 2]]])
    assert view.scale == pytest.approx(1.0, abs=0.02)
    straight = seen(picture, 0)
    known = np.array([[[straight.image.shape[1] / 2, straight.image.shape[0] / 2]]])
    assert cv2.perspectiveTransform(middle, view.matrix) == pytest.approx(
        cv2.perspectiveTransform(known, straight.matrix), abs=1.5
    )


def test_a_lines_box_lies_on_its_print() -> None:
    picture = label()
    view = seen(picture)
    for line in view.lines:
        x, y, w, h = view.box(line)
        assert (picture[y : y + h, x : x + w] < 100).mean() > 0.1


def test_a_symbol_of_a_few_pixels_has_no_readable_neighbourhood() -> None:
    corners = ((10.0, 10.0), (18.0, 10.0), (18.0, 18.0), (10.0, 18.0))
    assert text_places.upright(label(), TextPlace(corners, beside=True)) is None


def test_a_cut_line_is_level() -> None:
    picture = label(slant_deg=4.0)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    line = max((one for one in text_lines.find(grey) if one.box[0] > 230), key=lambda one: one.box[2])
    ink = (text_lines.cut(picture, line)[..., 0] < 128).astype(np.float64)
    columns = np.flatnonzero(ink.any(0))
    left, right = columns[: len(columns) // 2], columns[len(columns) // 2 :]
    rows = np.arange(len(ink))[:, None]
    middles = [(ink[:, some] * rows).sum() / ink[:, some].sum() for some in (left, right)]
    assert abs(middles[0] - middles[1]) < 2
