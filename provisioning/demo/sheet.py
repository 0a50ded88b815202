"""A product's printed face in the making: the canvas, what is printed on it piece by piece, and its marked regions.

The artwork of a product is always the same; a `Marking` is what the packing line adds to one item; an `Alteration` is
what the imitation in a demo parcel does differently.
"""

# ruff: noqa: PLR0917 - a place on paper is two or four numbers in order, as in every drawing library

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import cv2
import numpy as np

from models.measurements import MarkedRegion
from provisioning.demo import symbols, textures
from provisioning.demo.canvas import Canvas, Pixels
from provisioning.demo.products import DemoProduct


@dataclass(frozen=True, slots=True)
class Marking:
    """What the packing line printed on one item. None or "": it is not printed."""

    serial: str = ""
    batch: str = ""
    expiry: date | None = None
    retail_gtin: str = ""  # the GTIN of the EAN-13 where it is not the product's own
    scratched: bool = False  # the symbols are scratched beyond reading


@dataclass(frozen=True, slots=True)
class Alteration:
    """What an imitation prints differently."""

    logo_shift_mm: tuple[float, float] = (0.0, 0.0)
    hologram: bool = True
    microprint: str = ""  # other words in the micro-print line
    serial: str = ""  # another serial in the print beside the symbol
    hue_deg: float = 0.0  # other inks: every colour turned by so much, paper and black stay


@dataclass(frozen=True, slots=True)
class PrintedFace:
    """A printed face: BGR pixels, its size and its regions in millimetres."""

    pixels: Pixels
    width_mm: float
    height_mm: float
    regions: tuple[MarkedRegion, ...]


LONG_SIDE_PX = 1000


class Sheet(Canvas):
    """The face of one item while it is printed."""

    def __init__(self, product: DemoProduct, marking: Marking, alteration: Alteration, seed: int) -> None:
        width, height = product.size_mm
        super().__init__(width, height, LONG_SIDE_PX / max(width, height))
        self.product, self.marking, self.alteration = product, marking, alteration
        self.rng = np.random.default_rng([seed, *product.key.encode()])
        self.regions: list[MarkedRegion] = []

    def mark(self, kind: str, x: float, y: float, w: float, h: float, text: str = "") -> None:
        """Register a rectangle as a region."""
        self.regions.append(MarkedRegion(kind, round(x, 2), round(y, 2), round(w, 2), round(h, 2), text))

    def shifted(self, x: float, y: float) -> tuple[float, float]:
        """Where the logo goes that belongs at (x, y)."""
        dx, dy = self.alteration.logo_shift_mm
        return x + dx, y + dy

    def ground(self, picture: Pixels) -> None:
        """Cover the whole face."""
        self.pixels = np.ascontiguousarray(picture)

    def hologram(self, x: float, y: float, w: float, h: float, letters: str) -> None:
        """The hologram patch, or the flat grey foil of an imitation."""
        self.mark("hologram", x, y, w, h, letters)
        place = self.view(x, y, w, h)
        rng = np.random.default_rng([7, *self.product.key.encode()])
        if self.alteration.hologram:
            place[:] = textures.foil(place.shape, rng)
            self.text(
                x + w / 2, y + h / 2, letters, 0.62 * h, "#ffffff", "bold", anchor="mm", width=0.8 * w, opacity=0.85
            )
        else:
            place[:] = textures.grained(textures.ramp(place.shape, ("#b9bbbf", "#a6a8ac"), 30), rng, 3)

    def microprint(self, x: float, y: float, width: float, words: str, size: float, colour: str) -> None:
        """A line of tiny words over `width`."""
        self.mark("microprint", x, y, width, size * 1.2, words)
        printed = self.alteration.microprint or words
        unit = self.text(x, y, printed + " ", size, colour, "bold")
        self.text(x + unit, y, (printed + " ") * int(width / unit - 1), size, colour, "bold")

    def retail_symbol(self, x: float, y: float, height: float, module: float = 0.33) -> tuple[float, float]:
        """The EAN-13 on its white field with the digits under it.

        Returns:
            The field's width and height.
        """
        gtin = (self.marking.retail_gtin or self.product.gtin)[-13:]
        pitch = max(1, round(module * self.scale)) / self.scale
        width, em = 113 * pitch, 9 * pitch
        self.rectangle(x, y, width, height + 1.35 * em, "#ffffff", radius=0.6)
        self.symbol(x + 11 * pitch, y + 4 * pitch, symbols.ean_13(gtin), module, height - 4 * pitch)
        for digits, at in ((gtin[0], 6), (gtin[1:7], 35), (gtin[7:], 82)):
            self.text(x + at * pitch, y + height + 0.6 * em, digits, em, "#101014", "sans", anchor="mm")
        if self.marking.scratched:
            self.scratch(x, y, width, height)
        return width, height + 1.35 * em

    def elements(self) -> dict[str, str]:
        """The GS1 elements of this item."""
        marking = self.marking
        found = {"01": self.product.gtin}
        if marking.expiry:
            found["17"] = marking.expiry.strftime("%y%m%d")
        if marking.batch:
            found["10"] = marking.batch
        if marking.serial:
            found["21"] = marking.serial
        return found

    def marking_lines(self) -> list[str]:
        """The human-readable lines of the marking."""
        marking = self.marking
        found = [f"GTIN {self.product.gtin}"]
        if marking.serial:
            found.append(f"SN   {self.alteration.serial or marking.serial}")
        if marking.batch:
            found.append(f"LOT  {marking.batch}")
        if marking.expiry:
            found.append(f"EXP  {marking.expiry:%Y-%m}")
        return found

    def data_matrix(self, x: float, y: float, module: float, em: float, *, below: bool = False) -> tuple[float, float]:
        """The white field of the packing line: a GS1 DataMatrix with its words beside or below it.

        Returns:
            The field's width and height.
        """
        modules, lines = symbols.gs1_datamatrix(self.elements()), self.marking_lines()
        pitch = max(1, round(module * self.scale)) / self.scale
        side, high, words = modules.shape[1] * pitch, modules.shape[0] * pitch, 11.0 * em
        quiet = 2 * pitch
        width = max(side, words) + 2 * quiet if below else side + words + 3 * quiet
        height = 1.25 * em * len(lines) + (high + 3 * quiet if below else 2 * quiet)
        height = max(height, high + 2 * quiet)
        self.mark("ignore", x, y, width, height)  # differs from item to item: no part of the artwork
        self.rectangle(x, y, width, height, "#ffffff")
        self.symbol(x + quiet, y + quiet, modules, module)
        left, top = (x + quiet, y + high + 2 * quiet) if below else (x + side + 2 * quiet, y + quiet)
        for i, line in enumerate(lines):
            self.text(left, top + 1.25 * em * i, line, em, "#101014", "sans", width=words)
        if self.marking.scratched:
            self.scratch(x, y, side + 2 * quiet, high + 2 * quiet)
        return width, height

    def scratch(self, x: float, y: float, w: float, h: float) -> None:
        """Rub a symbol off: slanting bare strokes and a torn patch that leave no line through all bars."""
        place = self.view(x, y, w, h)
        rows, columns = place.shape[:2]
        rng = np.random.default_rng(5)
        for _ in range(16):
            start = (int(rng.integers(-columns // 4, columns)), int(rng.integers(0, rows)))
            end = (start[0] + int(rng.integers(columns // 3, columns)), int(rng.integers(0, rows)))
            tone = float(rng.integers(175, 235))
            cv2.line(place, start, end, (tone - 12, tone - 4, tone), int(rng.integers(5, 16)), cv2.LINE_AA)
        cv2.fillPoly(
            place,
            [
                np.array(
                    [(columns * 0.3, 0), (columns * 0.52, 0), (columns * 0.6, rows), (columns * 0.4, rows)], np.int32
                )
            ],
            (196, 208, 214),
        )

    def finish(self) -> PrintedFace:
        """The face as printed, with the imitation's ink where there is one."""
        pixels = self.pixels
        if self.alteration.hue_deg:
            hsv = cv2.cvtColor(pixels, cv2.COLOR_BGR2HSV_FULL)
            hsv[..., 0] += np.uint8(round(self.alteration.hue_deg * 256 / 360) % 256)  # wraps around as hues do
            pixels = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL), np.uint8)
        pixels = textures.grained(pixels, self.rng, 1.2)
        return PrintedFace(pixels, self.width_mm, self.height_mm, tuple(self.regions))
