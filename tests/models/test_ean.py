"""EAN/UPC readings against the pixels: what was printed agrees, what another digit fits better is contradicted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp

from models.ean import Agreement, agreement, upc_e_digits
from models.engines import Grey


def drawn(text: str, form: str, blur: float = 0.0, scale: int = 3) -> Grey:
    code = np.array(zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, form)).to_image(scale=scale))
    framed = cv2.copyMakeBorder(code, 20, 20, 60, 60, cv2.BORDER_CONSTANT, value=255)
    soft = cv2.GaussianBlur(framed, (0, 0), blur) if blur else framed
    return np.asarray(soft * 0.7 + 40, np.uint8)


def corners(grey: Grey) -> tuple[tuple[float, float], ...]:
    (found,) = zxingcpp.read_barcodes(grey)
    at = found.position
    return tuple((float(p.x), float(p.y)) for p in (at.top_left, at.top_right, at.bottom_right, at.bottom_left))


@pytest.mark.parametrize(
    ("form", "text"),
    [("EAN13", "4006381333931"), ("EAN13", "0023942431015"), ("EAN13", "9789012345675"), ("EAN8", "96385074")],
)
@pytest.mark.parametrize("blur", [0.0, 1.5])
def test_what_is_printed_agrees(form: str, text: str, blur: float) -> None:
    at = corners(drawn(text, form))
    assert agreement(drawn(text, form, blur), at, form, text) is Agreement.AGREES


@pytest.mark.parametrize("short", ["0123450", "0496580", "0415493", "0123454", "0123456", "1165437"])
def test_a_upc_e_symbol_agrees_with_its_expanded_number(short: str) -> None:
    text = zxingcpp.create_barcode(short, zxingcpp.BarcodeFormat.UPCE).text
    grey = drawn(short, "UPCE")
    assert upc_e_digits(text) == short[1:]
    assert agreement(grey, corners(grey), "UPCE", text) is Agreement.AGREES


@pytest.mark.parametrize("wrong", ["9074932437075", "0023942431022", "0023948431012", "8023942431014"])
def test_another_number_is_never_agreed_to(wrong: str) -> None:
    at = corners(drawn("0023942431015", "EAN13"))
    assert agreement(drawn("0023942431015", "EAN13", 1.0), at, "EAN13", wrong) is not Agreement.AGREES


def test_bars_printed_too_thick_do_not_turn_one_into_seven() -> None:
    grey = cv2.erode(drawn("0023942431015", "EAN13", scale=4), np.ones((1, 3), np.uint8)).astype(np.uint8)
    at = corners(drawn("0023942431015", "EAN13", scale=4))
    assert agreement(grey, at, "EAN13", "0023942431015") is Agreement.AGREES
    assert agreement(grey, at, "EAN13", "0023942437075") is Agreement.CONTRADICTS


def test_an_empty_field_says_nothing() -> None:
    blank = np.full((100, 400), 200, np.uint8)
    box = ((50.0, 20.0), (350.0, 20.0), (350.0, 80.0), (50.0, 80.0))
    assert agreement(blank, box, "EAN13", "4006381333931") is Agreement.UNKNOWN


@pytest.mark.parametrize(
    ("form", "text"), [("EAN13", "40063813339"), ("EAN13", "400638133393X"), ("UPCE", "4006381333931")]
)
def test_what_cannot_be_drawn_says_nothing(form: str, text: str) -> None:
    grey = drawn("4006381333931", "EAN13")
    assert agreement(grey, corners(grey), form, text) is Agreement.UNKNOWN
