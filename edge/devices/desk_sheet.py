"""The desk card on paper: a barcode for each decision, drawn as a page of A4 for printing, in the officer's language.

The barcodes carry letters that only this box knows, so the sheet belongs on its desk and nowhere else.
"""

from __future__ import annotations

from pathlib import Path

from edge.desk_card import ORDERS, Command, code
from edge.devices.printed import Printed, code_128
from edge.messages import NAMES, labels

DPI = 300
_PAGE_MM = (210.0, 297.0)
_MARGIN_MM = 12.0
_MODULE = 4  # dots: 0.34 mm, read at arm's length
_BAR_MM = 17.0
_COLUMN_MM, _ROW_MM = 98.0, 37.0
_WORDS = {
    Command.RELEASE: "release",
    Command.REFER: "refer",
    Command.DETAIN: "detain",
    Command.UNDO: "undo",
    Command.NEXT: "next",
    Command.HELP: "keys",
}


def draw(secret: str, language: str, title: str) -> Printed:
    """The sheet, black on white: decisions in one column, the rest and the languages in the other."""
    page = Printed(*_PAGE_MM, DPI)
    page.words(_MARGIN_MM, _MARGIN_MM, f"Sekisho · {title}", 5.0, language)
    words, left = labels(language), [0, 0]
    for letter, order in ORDERS.items():
        column = 0 if order.command is not Command.LANGUAGE else 1
        named = NAMES.get(order.language, "")
        x, y = _MARGIN_MM + column * _COLUMN_MM, _MARGIN_MM + 12.0 + left[column] * _ROW_MM
        left[column] += 1
        page.words(x, y, named or words[_WORDS[order.command]], 8.0, order.language if named else language)
        if order.command is Command.DETAIN:
            page.words(x, y + 12.0 + _BAR_MM + 1.0, words["card_detain_twice"], 3.5, language)
        page.symbol(x, y + 12.0, code_128(code(letter, secret)), _MODULE, page.dots(_BAR_MM))
    return page


def write(secret: str, language: str, title: str, out: Path) -> None:
    """Write the sheet to `out`: PDF by its ending, else PNG. Only its owner may read the file.

    Raises:
        OSError: it cannot be written.
    """
    draw(secret, language, title).write(out)
