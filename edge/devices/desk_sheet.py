"""The desk card on paper: a barcode for each decision, drawn as a page of A4 for printing, in the officer's language.

The barcodes carry letters that only this box knows, so the sheet belongs on its desk and nowhere else.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from edge.desk_card import ORDERS, Command, code
from edge.messages import NAMES, labels

DPI = 300
_PAGE_MM = (210.0, 297.0)
_MARGIN_MM = 12.0
_MODULE = 4  # dots: 0.34 mm, read at arm's length
_BAR_MM = 17.0
_ROW_MM = 37.0
_FONTS = {"ja": "ja-bold", "zh": "zh-bold", "ko": "ko-bold", "th": "thai-bold"}
_OF_NAMES = {"ja": "names-ja-bold", "zh": "names-zh-bold", "ko": "names-ko-bold", "th": "thai-bold"}
_WORDS = {
    Command.RELEASE: "release",
    Command.REFER: "refer",
    Command.DETAIN: "detain",
    Command.UNDO: "undo",
    Command.NEXT: "next",
    Command.HELP: "keys",
}


def draw(secret: str, language: str, title: str) -> Image.Image:
    """The sheet, black on white: decisions in one column, the rest and the languages in the other."""
    page = Image.new("1", (_dots(_PAGE_MM[0]), _dots(_PAGE_MM[1])), 1)
    pen = ImageDraw.Draw(page)
    pen.text((_dots(_MARGIN_MM), _dots(_MARGIN_MM)), f"Sekisho · {title}", fill=0, font=_font(None, 5.0))
    top = _MARGIN_MM + 12.0
    words, left = labels(language), [0, 0]
    for letter, order in ORDERS.items():
        column = 0 if order.command is not Command.LANGUAGE else 1
        named = NAMES.get(order.language, "")
        text = named or words[_WORDS[order.command]]
        font = _font(_OF_NAMES.get(order.language) if named else _FONTS.get(language), 8.0)
        place = (_MARGIN_MM + column * 98.0, top + left[column] * _ROW_MM)
        left[column] += 1
        pen.text((_dots(place[0]), _dots(place[1])), text, fill=0, font=font)
        page.paste(_bars(code(letter, secret)), (_dots(place[0]), _dots(place[1] + 12.0)))
    return page


def write(secret: str, language: str, title: str, out: Path) -> None:
    """Write the sheet to `out`: PDF by its ending, else PNG. Only its owner may read the file.

    Raises:
        OSError: it cannot be written.
    """
    out.touch(mode=0o600)
    kind = "PDF" if out.suffix.lower() == ".pdf" else "PNG"
    with out.open("wb") as file:
        draw(secret, language, title).save(file, kind, resolution=DPI, dpi=(DPI, DPI))


def _bars(text: str) -> Image.Image:
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128)
    modules = np.asarray(np.array(symbol.to_image(scale=1, add_quiet_zones=False)) >= 128)[:1]  # noqa: PLR2004 - mid grey
    return Image.fromarray(np.kron(modules, np.ones((_dots(_BAR_MM), _MODULE), np.bool_)))


def _font(name: str | None, size_mm: float) -> ImageFont.FreeTypeFont:
    """A font of the pages, which every box has; None: Latin."""
    file = resources.files("edge.web") / "pages" / "static" / "fonts" / f"{name or 'latin-bold'}.woff2"
    with resources.as_file(file) as path:
        return ImageFont.truetype(str(path), _dots(size_mm))


def _dots(mm: float) -> int:
    return round(mm / 25.4 * DPI)
