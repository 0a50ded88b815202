"""A printed surface in millimetres: shapes, pictures and words with smooth edges on a BGR picture.

It draws; it knows no products. Colours are "#rrggbb". Every length is in millimetres from the top left corner, so that
what is drawn and what is registered as a region are the same numbers.
"""

# ruff: noqa: PLR0917 - a place on paper is two or four numbers in order, as in every drawing library

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

Pixels: TypeAlias = npt.NDArray[np.uint8]
Mask: TypeAlias = npt.NDArray[np.float32]
Point: TypeAlias = tuple[float, float]
Anchor = Literal["la", "ma", "ra", "lm", "mm", "rm", "ls", "ms", "rs"]
Face = Literal["sans", "bold", "serif", "tall", "script", "roman", "block"]

FONTS = Path(__file__).parent / "fonts"
_FILES: dict[Face, str] = {
    "sans": "noto-sans-jp-regular.otf",
    "bold": "noto-sans-jp-bold.otf",
    "serif": "noto-serif-jp-bold.otf",
    "tall": "bebas-neue.ttf",
    "script": "pacifico.ttf",
    "roman": "cinzel.ttf",
    "block": "bungee.ttf",
}
_SHIFT = 6  # fractional bits of cv2's sub-pixel coordinates


def bgr(colour: str) -> tuple[int, int, int]:
    """The blue, green and red of "#rrggbb"."""
    value = int(colour.removeprefix("#"), 16)
    return value & 255, value >> 8 & 255, value >> 16 & 255


def mixed(one: str, other: str, share: float) -> str:
    """`one` with `share` (0..1) of `other` in it."""
    channels = (round(a + (b - a) * share) for a, b in zip(bgr(one), bgr(other), strict=True))
    blue, green, red = channels
    return f"#{red:02x}{green:02x}{blue:02x}"


@lru_cache(maxsize=256)
def font(face: Face, size_px: int) -> ImageFont.FreeTypeFont:
    """A font of the demo at `size_px`."""
    return ImageFont.truetype(str(FONTS / _FILES[face]), size_px, layout_engine=ImageFont.Layout.BASIC)


class Canvas:
    """A surface of `width_mm` x `height_mm` at `scale` pixels per millimetre; `pixels` is the picture."""

    def __init__(self, width_mm: float, height_mm: float, scale: float, ground: str = "#ffffff") -> None:
        self.width_mm, self.height_mm, self.scale = width_mm, height_mm, scale
        self.pixels: Pixels = np.full((round(height_mm * scale), round(width_mm * scale), 3), bgr(ground), np.uint8)

    # --- how a colour gets onto the surface -------------------------------------------------------------------------

    def _area(self, x: float, y: float, w: float, h: float) -> tuple[slice, slice]:
        rows, columns = self.pixels.shape[:2]
        left, top = round(x * self.scale), round(y * self.scale)
        right, bottom = round((x + w) * self.scale), round((y + h) * self.scale)
        return slice(max(0, top), min(rows, bottom)), slice(max(0, left), min(columns, right))

    def blend(self, colour: str | Pixels, mask: Mask) -> None:
        """Put a colour, or a picture of the surface's own size, where `mask` (0..1, the surface's size) says."""
        self._over(colour, mask, (slice(0, mask.shape[0]), slice(0, mask.shape[1])))

    def _over(self, colour: str | Pixels, mask: Mask, area: tuple[slice, slice]) -> None:
        top = np.array(bgr(colour), np.float32) if isinstance(colour, str) else colour[area].astype(np.float32)
        under = self.pixels[area].astype(np.float32)
        self.pixels[area] = np.rint(under + (top - under) * mask[..., None]).astype(np.uint8)

    def _mask(self) -> npt.NDArray[np.uint8]:
        return np.zeros(self.pixels.shape[:2], np.uint8)

    def _put(self, colour: str | Pixels, drawn: npt.NDArray[np.uint8], opacity: float, top: int = 0) -> None:
        """Blend where `drawn` is not zero; `top` is the row of the surface where `drawn` begins."""
        rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
        if not rows.size:
            return
        # only what the mask touches is worked on: most shapes are small
        inside = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
        area = (slice(top + rows[0], top + rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        self._over(colour, inside * np.float32(opacity / 255), area)

    def _fixed(self, points: Sequence[Point]) -> npt.NDArray[np.int32]:
        return np.rint(np.array(points, np.float64) * self.scale * (1 << _SHIFT)).astype(np.int32)

    # --- shapes -----------------------------------------------------------------------------------------------------

    def polygon(self, points: Sequence[Point], colour: str | Pixels, opacity: float = 1.0) -> None:
        """A filled polygon."""
        drawn = self._mask()
        cv2.fillPoly(drawn, [self._fixed(points)], (255,), cv2.LINE_AA, _SHIFT)
        self._put(colour, drawn, opacity)

    def rectangle(
        self, x: float, y: float, w: float, h: float, colour: str | Pixels, *, radius: float = 0.0, opacity: float = 1.0
    ) -> None:
        """A filled rectangle, its corners rounded by `radius`."""
        if not radius:
            self.polygon([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], colour, opacity)
            return
        points: list[Point] = []
        corners = ((x + w - radius, y + h - radius), (x + radius, y + h - radius), (x + radius, y + radius))
        for quarter, (cx, cy) in enumerate((*corners, (x + w - radius, y + radius))):
            angles = (quarter + np.linspace(0, 1, 9)) * np.pi / 2
            points += [(cx + radius * float(np.cos(a)), cy + radius * float(np.sin(a))) for a in angles]
        self.polygon(points, colour, opacity)

    def circle(self, x: float, y: float, radius: float, colour: str | Pixels, opacity: float = 1.0) -> None:
        """A filled circle around (x, y)."""
        angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        self.polygon([(x + radius * float(np.cos(a)), y + radius * float(np.sin(a))) for a in angles], colour, opacity)

    def ring(self, x: float, y: float, radius: float, width: float, colour: str, opacity: float = 1.0) -> None:
        """A circle's outline of `width`."""
        angles = np.linspace(0, 2 * np.pi, 90)
        points = [(x + radius * float(np.cos(a)), y + radius * float(np.sin(a))) for a in angles]
        self.line(points, width, colour, opacity)

    def line(self, points: Sequence[Point], width: float, colour: str, opacity: float = 1.0) -> None:
        """A line through `points`, at least one pixel wide."""
        drawn = self._mask()
        width_px = max(1, round(width * self.scale))
        cv2.polylines(
            drawn,
            [self._fixed(points)],
            isClosed=False,
            color=(255,),
            thickness=width_px,
            lineType=cv2.LINE_AA,
            shift=_SHIFT,
        )
        self._put(colour, drawn, opacity)

    # --- pictures ---------------------------------------------------------------------------------------------------

    def paste(self, x: float, y: float, w: float, h: float, picture: Pixels, opacity: float = 1.0) -> None:
        """Fit a BGR picture into a rectangle."""
        area = self._area(x, y, w, h)
        rows, columns = area[0].stop - area[0].start, area[1].stop - area[1].start
        shrink = picture.shape[0] > rows
        fitted = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_CUBIC)
        self.pixels[area] = cv2.addWeighted(fitted, opacity, self.pixels[area], 1 - opacity, 0)

    def symbol(self, x: float, y: float, modules: npt.NDArray[np.bool_], module: float, height: float = 0.0) -> Point:
        """Print a barcode's modules (True = dark) in whole pixels; `height` stretches a linear one.

        Returns:
            The width and height that it took.
        """
        pitch = max(1, round(module * self.scale))
        rows = max(1, round(height * self.scale)) if height else pitch
        grid = (
            np.kron(modules, np.ones((rows, pitch), np.bool_))
            if not height
            else np.kron(modules[:1], np.ones((rows, pitch), np.bool_))
        )
        left, top = round(x * self.scale), round(y * self.scale)
        area = self.pixels[top : top + grid.shape[0], left : left + grid.shape[1]]
        area[grid[: area.shape[0], : area.shape[1]]] = bgr("#101014")
        return grid.shape[1] / self.scale, grid.shape[0] / self.scale

    def view(self, x: float, y: float, w: float, h: float) -> Pixels:
        """The picture inside a rectangle: a view, writing to it draws."""
        return self.pixels[self._area(x, y, w, h)]

    # --- words ------------------------------------------------------------------------------------------------------

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        colour: str | Pixels = "#16161a",
        face: Face = "sans",
        *,
        anchor: Anchor = "la",
        width: float = 0.0,
        tracking: float = 0.0,
        slant: float = 0.0,
        opacity: float = 1.0,
    ) -> float:
        """Set `words` with an em of `size` at (x, y); shrink them into `width` where one is given.

        `tracking` is extra space between letters in ems; `slant` leans the letters (0.2 is an italic's).

        Returns:
            The width of the set words.
        """
        drawn_px = size * self.scale
        face_font = font(face, max(4, round(drawn_px)))
        advance = self._advance(words, face_font, tracking)
        if width and advance / self.scale > width:
            face_font = font(face, max(4, int(drawn_px * width * self.scale / advance)))
            advance = self._advance(words, face_font, tracking)
        top = max(0, int(y * self.scale - 1.7 * face_font.size))
        bottom = min(self.pixels.shape[0], int(y * self.scale + 1.7 * face_font.size))
        layer = PilImage.new("L", (self.pixels.shape[1], max(1, bottom - top)))
        pen = ImageDraw.Draw(layer)
        left = x * self.scale - {"l": 0.0, "m": advance / 2, "r": advance}[anchor[0]]
        vertical, line_px = anchor[1], y * self.scale - top
        if tracking:
            for letter in words:
                pen.text((left, line_px), letter, 255, face_font, f"l{vertical}")
                left += face_font.getlength(letter) + tracking * face_font.size
        else:
            pen.text((left, line_px), words, 255, face_font, f"l{vertical}")
        mask = np.asarray(layer)
        if slant:
            base = line_px + (face_font.size if vertical == "a" else 0)
            lean = np.array([[1, -slant, slant * base], [0, 1, 0]], np.float64)
            mask = cv2.warpAffine(mask, lean, (mask.shape[1], mask.shape[0])).astype(np.uint8)
        self._put(colour, mask, opacity, top)
        return advance / self.scale

    @staticmethod
    def _advance(words: str, face_font: ImageFont.FreeTypeFont, tracking: float) -> float:
        if not tracking:
            return float(face_font.getlength(words))
        return sum(face_font.getlength(letter) + tracking * face_font.size for letter in words)
