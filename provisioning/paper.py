"""A sheet of paper in millimetres, written as a PDF: rectangles and words, nothing else.

A printed target must be exact and small, so it is drawn as vectors; the format's few operators (ISO 32000-1) suffice.
Helvetica is one of the fonts that every reader and printer has. The same sheet gives the same bytes.
"""

from __future__ import annotations

from typing import Literal

Size = Literal["A4", "A5"]
SIZES: dict[Size, tuple[float, float]] = {"A4": (210.0, 297.0), "A5": (148.0, 210.0)}
_POINTS = 72 / 25.4
Colour = tuple[int, int, int]  # red, green, blue 0..255, sRGB
BLACK: Colour = (0, 0, 0)
GREY: Colour = (110, 110, 110)


class Paper:
    """One sheet in the making. Places are millimetres from its top left."""

    def __init__(self, size: Size) -> None:
        """A white sheet."""
        self.width_mm, self.height_mm = SIZES[size]
        self._drawn: list[str] = []

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Colour = BLACK) -> None:
        """A filled rectangle."""
        corners = [self._at(x, y + height)]
        red, green, blue = (part / 255 for part in colour)
        size = f"{width * _POINTS:.3f} {height * _POINTS:.3f}"
        self._drawn.append(f"{red:.4f} {green:.4f} {blue:.4f} rg {corners[0]} {size} re f")

    def polygon(self, points: list[tuple[float, float]], colour: Colour = BLACK) -> None:
        """A filled polygon."""
        red, green, blue = (part / 255 for part in colour)
        first, *rest = [self._at(x, y) for x, y in points]
        lines = " ".join(f"{point} l" for point in rest)
        self._drawn.append(f"{red:.4f} {green:.4f} {blue:.4f} rg {first} m {lines} h f")

    def words(self, x: float, y: float, text: str, size_mm: float = 3.2, colour: Colour = BLACK) -> None:
        """A line of text whose baseline begins at (x, y). Latin letters."""
        red, green, blue = (part / 255 for part in colour)
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        place = f"BT /F1 {size_mm * _POINTS:.2f} Tf {self._at(x, y)} Td ({escaped}) Tj ET"
        self._drawn.append(f"{red:.4f} {green:.4f} {blue:.4f} rg {place}")

    def _at(self, x: float, y: float) -> str:
        return f"{x * _POINTS:.3f} {(self.height_mm - y) * _POINTS:.3f}"

    def pdf(self) -> bytes:
        """The sheet as a PDF that asks viewers not to scale it."""
        content = "\n".join(self._drawn).encode("cp1252")
        box = f"[0 0 {self.width_mm * _POINTS:.3f} {self.height_mm * _POINTS:.3f}]"
        resources = "/Resources << /Font << /F1 4 0 R >> >>"
        font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
        objects = [
            b"<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /PrintScaling /None >> >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox {box} {resources} /Contents 5 0 R >>".encode(),
            font,
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        ]
        out, places = bytearray(b"%PDF-1.6\n"), []
        for number, one in enumerate(objects, start=1):
            places.append(len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
        start = len(out)
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
        out += b"".join(b"%010d 00000 n \n" % place for place in places)
        out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
        return bytes(out)
