"""A badge on paper: Code 128 for guns, DataMatrix for cameras, on a card of ISO/IEC 7810 size, as PDF or PNG.

The secret stands in the symbols only, never in letters.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

DPI = 600
_CARD_MM = (85.6, 54.0)  # ID-1
_MODULE = 7  # dots: 0.30 mm, which every gun reads at arm's length
_BAR_MM = 15.0
_MATRIX_MODULE = 12  # dots: 0.5 mm
_QUIET_MM = 4.0


def draw(badge: str, lines: tuple[str, ...]) -> Image.Image:
    """The card of one badge, black on white, with `lines` of Latin text: who and where."""
    card = Image.new("1", (_dots(_CARD_MM[0]), _dots(_CARD_MM[1])), 1)
    bars = _modules(zxingcpp.create_barcode(badge, zxingcpp.BarcodeFormat.Code128))[:1]
    code = _drawn(bars, _MODULE, _dots(_BAR_MM))
    card.paste(code, ((card.width - code.width) // 2, card.height - _dots(_BAR_MM + _QUIET_MM)))
    squares = _modules(zxingcpp.create_barcode(badge, zxingcpp.BarcodeFormat.DataMatrix, forceSquare=True))
    matrix = _drawn(squares, _MATRIX_MODULE, _MATRIX_MODULE)
    card.paste(matrix, (card.width - matrix.width - _dots(_QUIET_MM), _dots(_QUIET_MM)))
    pen = ImageDraw.Draw(card)
    for place, line in enumerate(lines):
        size = _dots(5.0 if place == 0 else 3.0)
        top = _dots(_QUIET_MM + (0.0 if place == 0 else 4.0 + 4.5 * place))
        pen.text((_dots(_QUIET_MM), top), line, fill=0, font=ImageFont.load_default(size))
    return card


def write(badge: str, lines: tuple[str, ...], out: Path) -> None:
    """Write the card to `out`: PDF by its ending, else PNG. Only its owner may read the file.

    Raises:
        OSError: it cannot be written.
    """
    out.touch(mode=0o600)
    out.chmod(0o600)
    kind = "PDF" if out.suffix.lower() == ".pdf" else "PNG"
    with out.open("wb") as file:
        draw(badge, lines).save(file, kind, resolution=DPI, dpi=(DPI, DPI))


def _modules(symbol: zxingcpp.Barcode) -> npt.NDArray[np.bool_]:
    """The modules of a symbol, True where it is white."""
    return np.asarray(np.array(symbol.to_image(scale=1, add_quiet_zones=False)) >= 128)  # noqa: PLR2004 - mid grey


def _drawn(modules: npt.NDArray[np.bool_], width: int, height: int) -> Image.Image:
    """Modules as dots, each `width` x `height`."""
    return Image.fromarray(np.kron(modules, np.ones((height, width), np.bool_)))


def _dots(mm: float) -> int:
    return round(mm / 25.4 * DPI)
