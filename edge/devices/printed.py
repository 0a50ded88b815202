"""What a box prints in dots: black words and symbols on white, as PDF or PNG, that only its owner may read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

from edge.lettering import file_of, runs


class Printed:
    """One sheet in the making. Places are millimetres from its top left; a module is a whole number of dots."""

    def __init__(self, width_mm: float, height_mm: float, dpi: int) -> None:
        """A white sheet."""
        self._dpi = dpi
        self.image = Image.new("1", (self.dots(width_mm), self.dots(height_mm)), 1)
        self._pen = ImageDraw.Draw(self.image)

    def dots(self, mm: float) -> int:
        """A length in dots."""
        return round(mm / 25.4 * self._dpi)

    def words(self, x: float, y: float, text: str, size_mm: float, language: str = "") -> None:
        """A line of text whose top left is (x, y), in the fonts that every box has; `language` chooses the forms."""
        at = float(self.dots(x))
        for name, piece in runs(text, language):
            font = _font(name, self.dots(size_mm))
            # A common baseline: scripts differ in how far they rise above it.
            self._pen.text((at, self.dots(y + size_mm)), piece, fill=0, font=font, anchor="ls")
            at += font.getlength(piece)

    def symbol(self, x: float, y: float, modules: npt.NDArray[np.bool_], width: int, height: int) -> None:
        """The modules of a symbol (True is white), each `width` x `height` dots, its top left at (x, y)."""
        drawn = Image.fromarray(np.kron(modules, np.ones((height, width), np.bool_)))
        self.image.paste(drawn, (self.dots(x), self.dots(y)))

    def write(self, out: Path) -> None:
        """Write the sheet to `out`: PDF by its ending, else PNG. Only its owner may read the file.

        Raises:
            OSError: it cannot be written.
        """
        out.touch(mode=0o600)
        out.chmod(0o600)
        kind = "PDF" if out.suffix.lower() == ".pdf" else "PNG"
        with out.open("wb") as file:
            self.image.save(file, kind, resolution=self._dpi, dpi=(self._dpi, self._dpi))


def code_128(text: str) -> npt.NDArray[np.bool_]:
    """The bars of a text, 1 x modules."""
    return _modules(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128))[:1]


def data_matrix(text: str) -> npt.NDArray[np.bool_]:
    """The square of a text, modules x modules."""
    return _modules(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, forceSquare=True))


def _modules(symbol: zxingcpp.Barcode) -> npt.NDArray[np.bool_]:
    return np.asarray(np.array(symbol.to_image(scale=1, add_quiet_zones=False)) >= 128)  # noqa: PLR2004 - mid grey


@cache
def _font(name: str, dots: int) -> ImageFont.FreeTypeFont:
    with file_of(name) as path:
        return ImageFont.truetype(str(path), dots)
