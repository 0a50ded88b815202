"""Parcels with a transport label, drawn: CN22, CN23, couriers' labels, pallet labels and envelopes, in several scripts.

For the finding and masking of addresses. The truth is kept: where every line of an address stands. Names, streets and
numbers are thrown together; none is anybody's. Not a catalogue of real carriers: layouts follow UPU CN 22 and CN 23,
the GS1 logistic label and what couriers' labels have in common.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import zxingcpp
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from models.drawn.fields import smooth

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.drawn.pool import Pool
    from models.measurements import Image, Rectangle

PX_PER_MM: Final = 7
SCRIPTS: Final = ("latin", "japanese", "chinese")
_TO_FROM: Final = {
    "latin": (("TO", "FROM"), ("Addressee", "Sender"), ("Ship to:", "Ship from:"), ("Empfänger", "Absender"), ("", "")),
    "japanese": (("お届け先", "ご依頼主"), ("お届け先 To", "ご依頼主 From"), ("届先", "差出人")),
    "chinese": (("收件人", "寄件人"), ("收", "寄"), ("收方", "寄方")),
}
_NAMES: Final = {
    "latin": ("Alva Renner", "Imre Kasdor", "Noor van Elst", "M. Tavington", "Lumo Trading Ltd", "Oda Brekkestad"),
    "japanese": ("架空 花子 様", "見本 太郎 様", "例示商店 御中", "仮名 次郎 様", "ミホン ハナ 様"),
    "chinese": ("样本先生", "虚构女士", "例子贸易有限公司", "假名小姐"),
}
_STREETS: Final = {
    "latin": ("Windmill Lane", "Rue de l'Exemple", "Musterweg", "Sample Street", "Harbour Road", "Calle Ficticia"),
    "japanese": ("東京都見本区架空町", "大阪府例示市仮町", "北海道空想郡想像町", "福岡県試験区印字"),
    "chinese": ("广东省虚构市样本区例子路", "浙江省假想市测试镇", "上海市样例区虚拟街"),
}
_TOWNS: Final = ("Newfield", "Saint-Modèle", "Beispielstadt", "Port Sample", "Villa Muestra", "Eksempelby")
_GOODS: Final = ("Cosmetics", "Toy cars", "T-shirts", "Phone case", "Face cream", "Headphones", "Vitamins")


@dataclass(frozen=True, slots=True)
class DrawnParcel:
    """The top of a parcel: `address` are the boxes of its address lines as corners (N x 4 x 2), in pixels of it."""

    surface: Image
    address: tuple[tuple[tuple[float, float], ...], ...]
    kind: str
    script: str
    handwritten: bool


@dataclass(slots=True)
class _Sheet:
    """A label under the pen."""

    rng: np.random.Generator
    pool: Pool
    script: str
    hand: bool
    picture: Picture.Image
    lines: list[Rectangle] = field(default_factory=list)

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.picture)

    def font(self, mm: float, *, wide: bool) -> ImageFont.FreeTypeFont:
        while True:
            font = self.pool.font(self.rng, max(9, round(mm * PX_PER_MM)), japanese=wide)
            masks = {bytes(font.getmask(letter)) for letter in ("A8\uffff" if not wide else "A件\uffff")}
            if len(masks) == 3:
                return font

    def write(self, x: float, y: float, text: str, mm: float, *, font: ImageFont.FreeTypeFont | None = None) -> float:
        """Print a line at millimetres (x, y); where the next one goes, in millimetres."""
        font = font or self.font(mm, wide=not text.isascii() and self.script != "latin")
        self.pen.text((x * PX_PER_MM, y * PX_PER_MM), text, 0, font)
        return y + 1.4 * mm

    def address(self, x: float, y: float, lines: list[str], mm: float) -> float:
        """Print or write an address and keep where each of its lines stands."""
        wide = self.script != "latin"
        font = self.font(mm, wide=wide)
        for line in lines:
            before = np.asarray(self.picture, np.int16)
            if self.hand:
                self._by_hand(x, y, line, mm, font)
            else:
                self.pen.text((x * PX_PER_MM, y * PX_PER_MM), line, 0, font)
            ys, xs = np.nonzero(np.asarray(self.picture, np.int16) != before)
            if len(xs):
                left, top = int(xs.min()), int(ys.min())
                self.lines.append((left, top, int(xs.max()) - left + 1, int(ys.max()) - top + 1))
            y += float(self.rng.uniform(1.3, 1.7)) * mm
        return y

    def _by_hand(self, x: float, y: float, line: str, mm: float, font: ImageFont.FreeTypeFont) -> None:
        """Letter by letter, each a little off, turned and of another weight, as with a pen."""
        place, sway = x * PX_PER_MM, float(self.rng.normal(0, 0.04))
        ink = int(self.rng.integers(0, 90))
        for letter in line:
            size = max(6, round(1.9 * mm * PX_PER_MM))
            glyph = Picture.new("L", (2 * size, size), 0)
            ImageDraw.Draw(glyph).text(
                (size // 3, size // 5), letter, 255, font, stroke_width=int(self.rng.random() < 0.3)
            )
            glyph = glyph.rotate(float(self.rng.normal(0, 5)), Picture.Resampling.BICUBIC)
            top = y * PX_PER_MM - size // 5 + float(self.rng.normal(0, 0.12 * mm * PX_PER_MM)) + sway * (place - x)
            self.picture.paste(ink, (round(place - size // 3), round(top)), glyph)
            place += font.getlength(letter) * float(self.rng.uniform(0.95, 1.15))

    def code(  # noqa: PLR0917 - a place, a size and what it says
        self, x: float, y: float, width: float, height: float, content: str, kind: str = "Code128"
    ) -> None:
        """A symbol in a box of millimetres, with its text below where it is linear."""
        linear = kind in ("Code128", "Codabar", "ITF", "Code39")
        drawn = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, kind))
        pixels = np.asarray(drawn.to_image(scale=1, add_quiet_zones=False), np.uint8)
        module = max(1, int(width * PX_PER_MM / pixels.shape[1]))
        size = (pixels.shape[1] * module, round(height * PX_PER_MM) if linear else pixels.shape[0] * module)
        pixels = np.asarray(cv2.resize(pixels[:1] if linear else pixels, size, interpolation=cv2.INTER_NEAREST))
        self.picture.paste(Picture.fromarray(pixels), (round(x * PX_PER_MM), round(y * PX_PER_MM)))
        if linear:
            self.write(x + width / 5, y + height + 0.5, content.strip("ABCD") if kind == "Codabar" else content, 3)

    def rule(self, x: float, y: float, right: float, bottom: float, width: int = 2) -> None:
        """A line or, where it has two sides, a frame."""
        box = [value * PX_PER_MM for value in (x, y, right, bottom)]
        if x == right or y == bottom:
            self.pen.line(box, 0, width)
        else:
            self.pen.rectangle(box, None, 0, width)


def draw_parcel(rng: np.random.Generator, pool: Pool, kind: str = "", script: str = "") -> DrawnParcel:
    """A parcel of a kind and script, or of any. The same generator state draws the same."""
    kind = kind or str(rng.choice(list(KINDS)))
    script = script or str(rng.choice(SCRIPTS))
    hand = bool(rng.random() < (0.85 if kind == "envelope" else 0.3))
    sheet = _Sheet(rng, pool, script, hand, Picture.new("L", (1, 1), 255))
    KINDS[kind](sheet)
    return _stuck_on(sheet, kind)


def s10(rng: np.random.Generator) -> str:
    """A well-formed UPU S10 number."""
    serial = "".join(map(str, rng.integers(0, 10, 8)))
    left = 11 - sum(int(d) * w for d, w in zip(serial, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    check = {10: 0, 11: 5}.get(left, left)
    return f"{rng.choice(['RR', 'EE', 'CP', 'LX'])}{serial}{check}{rng.choice(['JP', 'CN', 'DE', 'GB'])}"


# --- Layouts, in millimetres ------------------------------------------------------------------------------------------


def _blank(sheet: _Sheet, width: float, height: float) -> None:
    sheet.picture = Picture.new("L", (round(width * PX_PER_MM), round(height * PX_PER_MM)), 255)


def _address(sheet: _Sheet) -> list[str]:
    rng, script = sheet.rng, sheet.script
    number, phone = int(rng.integers(1, 200)), "".join(map(str, rng.integers(0, 10, 8)))
    name, street = str(rng.choice(_NAMES[script])), str(rng.choice(_STREETS[script]))
    if script == "japanese":
        lines = [f"〒{rng.integers(100, 999)}-{rng.integers(1000, 9999)}", f"{street}{number}-{number % 9 + 1}", name]
        return [*lines, f"電話 03-{phone[:4]}-{phone[4:]}"] if rng.random() < 0.8 else lines
    if script == "chinese":
        return [f"{name} 1{phone[:2]}{phone}", f"{street}{number}号", f"{number % 30 + 1}栋{number}室 {phone[:6]}"]
    lines = [
        name,
        f"{street} {number}",
        f"{phone[:5]} {rng.choice(_TOWNS)}",
        str(rng.choice(["JAPAN", "GERMANY", "FRANCE"])),
    ]
    return [*lines, f"Tel. +49 30 {phone}"] if rng.random() < 0.6 else lines


def _words(sheet: _Sheet) -> tuple[str, str]:
    choice = _TO_FROM[sheet.script]
    return choice[int(sheet.rng.integers(len(choice)))]


def _goods(sheet: _Sheet, x: float, y: float, right: float, rows: int) -> float:
    sheet.rule(x, y, right, y + 6 * (rows + 1))
    sheet.write(x + 1, y + 1, "Quantity and detailed description of contents   Value", 2)
    for row in range(rows):
        name, value = sheet.rng.choice(_GOODS), sheet.rng.integers(2, 90)
        sheet.write(x + 1, y + 6 * row + 7, f"{sheet.rng.integers(1, 9)}  {name}        {value}.00 EUR", 2.6)
    return y + 6 * (rows + 1) + 2


def _cn22(sheet: _Sheet) -> None:
    _blank(sheet, 100, 150)
    to, sender = _words(sheet)
    sheet.rule(1, 1, 99, 149, 3)
    sheet.write(3, 3, "CUSTOMS DECLARATION  CN 22", 3.4)
    y = sheet.write(3, 9, sender, 2.6)
    y = sheet.address(5, y, _address(sheet), 2.5) + 2
    sheet.rule(1, y, 99, y)
    y = sheet.write(3, y + 1, to, 3)
    y = sheet.address(6, y, _address(sheet), 3.6) + 2
    y = _goods(sheet, 3, max(y, 66), 97, 3)
    sheet.code(15, y + 3, 68, 15, s10(sheet.rng))
    sheet.write(3, 142, "I certify that the particulars given are correct", 2)


def _cn23(sheet: _Sheet) -> None:
    _blank(sheet, 190, 130)
    to, sender = _words(sheet)
    sheet.rule(1, 1, 189, 129, 3)
    sheet.write(4, 3, "CUSTOMS DECLARATION  CN 23", 3.4)
    y = sheet.address(6, sheet.write(4, 10, sender, 2.6), _address(sheet), 3) + 2
    sheet.rule(1, y, 105, y)
    sheet.address(6, sheet.write(4, y + 1, to, 2.8), _address(sheet), 3.4)
    sheet.code(112, 8, 70, 16, s10(sheet.rng))
    _goods(sheet, 4, 84, 186, 4)


def _courier(sheet: _Sheet) -> None:
    _blank(sheet, 100, float(sheet.rng.choice([110, 150])))
    to, sender = _words(sheet)
    turned = sheet.rng.random() < 0.5
    sheet.write(
        4,
        3,
        str(
            sheet.rng.choice(
                ["EXPRESS", "ECONOMY PARCEL", "PRIORITY", "宅急便" if sheet.script == "japanese" else "POST"]
            )
        ),
        6,
    )
    sheet.rule(0, 12, 100, 12, 5)
    content = "".join(map(str, sheet.rng.integers(0, 10, 12)))
    kind, text = [("Code128", "JD" + content + "00"), ("Codabar", f"A{content}A"), ("Code39", content[:10])][
        int(sheet.rng.integers(3))
    ]
    first = 14.0
    if turned:
        sheet.code(12, 15, 74, 16, text, kind)
        first = 37.0
    y = sheet.address(5, sheet.write(3, first, to, 3), _address(sheet), 4) + 2
    sheet.rule(0, y, 100, y, 3)
    y = sheet.address(5, sheet.write(3, y + 1, sender, 2.2), _address(sheet), 2.4) + 2
    sheet.rule(0, y, 100, y, 3)
    if not turned:
        sheet.code(12, y + 3, 74, 16, text, kind)
    if sheet.rng.random() < 0.4:
        sheet.code(72, first + 3, 18, 18, content * 2, "QRCode")


def _pallet(sheet: _Sheet) -> None:
    _blank(sheet, 105, 148)
    to, sender = _words(sheet)
    y = sheet.address(5, sheet.write(3, 3, sender, 2.4), _address(sheet), 2.6) + 1
    sheet.rule(0, y, 105, y, 3)
    y = sheet.address(5, sheet.write(3, y + 1, to, 2.8), _address(sheet), 3.8) + 1
    sheet.rule(0, y, 105, y, 3)
    sheet.write(4, y + 2, "SSCC", 3)
    digits = "".join(map(str, sheet.rng.integers(0, 10, 17)))
    check = -sum(int(d) * (3 if place % 2 == 0 else 1) for place, d in enumerate(digits)) % 10
    sheet.code(8, max(y + 9, 108), 88, 24, f"00{digits}{check}")


def _envelope(sheet: _Sheet) -> None:
    """A letter or a small bag with the address on itself, and a small sticker of the post."""
    _blank(sheet, 220, 150)
    to, sender = _words(sheet)
    sheet.address(8, sheet.write(8, 6, sender, 2.6), _address(sheet), 3.2)
    x = float(sheet.rng.uniform(70, 105))
    sheet.address(x, sheet.write(x - 4, 70, to, 3), _address(sheet), 5)
    sheet.rule(8, 60, 80, 64 + 24)
    sheet.code(12, 63, 62, 14, s10(sheet.rng))


KINDS: Final[dict[str, Callable[[_Sheet], None]]] = {
    "cn22": _cn22, "cn23": _cn23, "courier": _courier, "pallet": _pallet, "envelope": _envelope,
}  # fmt: skip


# --- The parcel -------------------------------------------------------------------------------------------------------


def _stuck_on(sheet: _Sheet, kind: str) -> DrawnParcel:
    """The label on the parcel's top: carton, a white or grey bag, print of the carton, at any angle."""
    rng = sheet.rng
    label = np.asarray(sheet.picture, np.float32) / 255
    height, width = label.shape
    paper = np.array(rng.choice([[1.0, 1.0, 1.0], [0.93, 0.97, 1.0], [0.75, 0.95, 1.0]], p=[0.7, 0.2, 0.1]), np.float32)
    page = label[..., None] * paper * 245
    side = round(
        1.15 * max(height, width) if kind == "envelope" else float(rng.uniform(1.12, 1.7)) * max(height, width)
    )
    tone = np.array(
        rng.choice([[110, 150, 185], [235, 238, 240], [170, 172, 175], [70, 60, 55]], p=[0.5, 0.25, 0.15, 0.1])
    )
    if kind == "envelope":
        tone = paper * 240
    ground = tone * (
        1 + 0.06 * smooth(rng, side, side, side / 6, side / 6)[..., None] + rng.normal(0, 0.012, (side, side, 1))
    )
    surface = np.asarray(np.clip(ground, 0, 255), np.uint8)
    if kind != "envelope" and rng.random() < 0.5:  # print of the carton
        place = (round(side * rng.uniform(0.02, 0.4)), round(side * rng.uniform(0.05, 0.98)))
        word = str(rng.choice(["FRAGILE", "THIS SIDE UP", "HANDLE WITH CARE"]))
        cv2.putText(surface, word, place, cv2.FONT_HERSHEY_DUPLEX, side / 500, (40, 40, 120), 3, cv2.LINE_AA)
    turn = float(rng.choice([0, 90, 180, 270]) + rng.normal(0, 8)) if rng.random() < 0.8 else float(rng.uniform(0, 360))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
    fit = side / 2 - np.abs(matrix[:, :2]) @ (width / 2, height / 2)
    matrix[:, 2] += side / 2 - np.array([width / 2, height / 2]) + rng.uniform(-1, 1, 2) * np.maximum(0, fit)
    laid = cv2.warpAffine(page, matrix, (side, side), flags=cv2.INTER_AREA)
    there = cv2.warpAffine(np.ones((height, width), np.float32), matrix, (side, side))[..., None]
    surface = np.asarray(np.clip(laid * there + surface * (1 - there), 0, 255), np.uint8)
    boxes = tuple(_corners(box, matrix) for box in sheet.lines)
    return DrawnParcel(surface, boxes, kind, sheet.script, sheet.hand)


def _corners(box: Rectangle, matrix: np.ndarray) -> tuple[tuple[float, float], ...]:
    x, y, w, h = box
    points = np.array([[x, y, 1], [x + w, y, 1], [x + w, y + h, 1], [x, y + h, 1]], np.float64) @ matrix.T
    return tuple((float(a), float(b)) for a, b in points)
