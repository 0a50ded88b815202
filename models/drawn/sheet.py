"""A label under the pen: lines, frames, symbols and addresses, printed or written by hand, in several scripts.

The truth is kept: where every line of an address stands. Names, streets and numbers are thrown together; none is
anybody's.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import zxingcpp
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.drawn.pool import Pool
    from models.measurements import Rectangle

PX_PER_MM: Final = 7
TRIED_FONTS: Final = 100
SCRIPTS: Final = ("latin", "japanese", "chinese", "korean", "cyrillic")
WIDE: Final = frozenset({"japanese", "chinese", "korean"})
SAMPLES: Final = {"latin": "A8é", "japanese": "A件ハ", "chinese": "A件号", "korean": "A서구", "cyrillic": "A8Жщ"}
KANJI_DIGITS: Final = str.maketrans("0123456789-", "〇一二三四五六七八九丨")
_TO_FROM: Final = {
    "latin": (("TO", "FROM"), ("Addressee", "Sender"), ("Ship to:", "Ship from:"), ("Empfänger", "Absender"), ("", "")),
    "japanese": (("お届け先", "ご依頼主"), ("お届け先 To", "ご依頼主 From"), ("届先", "差出人")),
    "chinese": (("收件人", "寄件人"), ("收", "寄"), ("收方", "寄方")),
    "korean": (("받는 분", "보내는 분"), ("수취인", "발송인")),
    "cyrillic": (("Кому", "От кого"), ("Получатель", "Отправитель")),
}
_NAMES: Final = {
    "latin": ("Alva Renner", "Imre Kasdor", "Noor van Elst", "M. Tavington", "Lumo Trading Ltd", "Oda Brekkestad"),
    "japanese": ("架空 花子 様", "見本 太郎 様", "例示商店 御中", "仮名 次郎 様", "ミホン ハナ 様"),
    "chinese": ("样本先生", "虚构女士", "例子贸易有限公司", "假名小姐"),
    "korean": ("가상 하나 님", "견본상회 귀중", "예시 두리 님"),
    "cyrillic": ("Примеров А. Б.", "Образцова В. Г.", "ООО «Пример»"),
}
_STREETS: Final = {
    "latin": ("Windmill Lane", "Rue de l'Exemple", "Musterweg", "Sample Street", "Harbour Road", "Calle Ficticia"),
    "japanese": ("東京都見本区架空町", "大阪府例示市仮町", "北海道空想郡想像町", "福岡県試験区印字"),
    "chinese": ("广东省虚构市样本区例子路", "浙江省假想市测试镇", "上海市样例区虚拟街"),
    "korean": ("서울특별시 가상구 견본로", "부산광역시 예시구 상상길"),
    "cyrillic": ("ул. Примерная, д.", "Образцовый пер., д."),
}
_TOWNS: Final = ("Newfield", "Saint-Modèle", "Beispielstadt", "Port Sample", "Villa Muestra", "Eksempelby")


@dataclass(slots=True)
class Sheet:
    """A label under the pen."""

    rng: np.random.Generator
    pool: Pool
    script: str
    hand: bool
    picture: Picture.Image
    px_per_mm: int = PX_PER_MM
    lines: list[Rectangle] = field(default_factory=list)

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        """What draws on it, in pixels."""
        return ImageDraw.Draw(self.picture)

    def font(self, mm: float, *, wide: bool) -> ImageFont.FreeTypeFont:
        """A typeface that has the letters of the script, or of Latin where it need not be `wide`.

        Raises:
            FileNotFoundError: none of a hundred that were tried has them.
        """
        script = self.script if wide or self.script == "cyrillic" else "latin"
        sample = SAMPLES[script] + "\uffff"
        for _ in range(TRIED_FONTS):
            font = self.pool.font(self.rng, max(9, round(mm * self.px_per_mm)), japanese=wide)
            if len({bytes(font.getmask(letter)) for letter in sample}) == len(sample):
                return font
        raise FileNotFoundError(
            f"Labels in {script} script are drawn with a font that has its letters: expected one below /usr/share/fonts"
            " (Debian: fonts-noto-cjk), found none."
        )

    def write(self, x: float, y: float, text: str, mm: float, *, font: ImageFont.FreeTypeFont | None = None) -> float:
        """Print a line at millimetres (x, y); where the next one goes, in millimetres."""
        font = font or self.font(mm, wide=not text.isascii() and self.script in WIDE)
        self.pen.text((x * self.px_per_mm, y * self.px_per_mm), text, 0, font)
        return y + 1.4 * mm

    def address(self, x: float, y: float, lines: list[str], mm: float) -> float:
        """Print or write an address and keep where each of its lines stands."""
        wide = self.script in WIDE
        font = self.font(mm, wide=wide)
        for line in lines:
            with self._line():
                if self.hand:
                    self._by_hand(x, y, line, mm, font)
                else:
                    self.pen.text((x * self.px_per_mm, y * self.px_per_mm), line, 0, font)
            y += float(self.rng.uniform(1.3, 1.7)) * mm
        return y

    def blank(self, width: float, height: float) -> None:
        """Begin a sheet of millimetres."""
        self.picture = Picture.new("L", (round(width * self.px_per_mm), round(height * self.px_per_mm)), 255)

    def words(self) -> tuple[str, str]:
        """What stands above the addressee and above the sender."""
        choice = _TO_FROM[self.script]
        return choice[int(self.rng.integers(len(choice)))]

    def somebody(self) -> list[str]:
        """The lines of an address."""
        rng, script = self.rng, self.script
        number, phone = int(rng.integers(1, 200)), "".join(map(str, rng.integers(0, 10, 8)))
        name, street = str(rng.choice(_NAMES[script])), str(rng.choice(_STREETS[script]))
        if script == "japanese":
            lines = [
                f"〒{rng.integers(100, 999)}-{rng.integers(1000, 9999)}",
                f"{street}{number}-{number % 9 + 1}",
                name,
            ]
            return [*lines, f"電話 03-{phone[:4]}-{phone[4:]}"] if rng.random() < 0.8 else lines
        if script == "chinese":
            return [f"{name} 1{phone[:2]}{phone}", f"{street}{number}号", f"{number % 30 + 1}栋{number}室 {phone[:6]}"]
        if script == "korean":
            return [
                f"{street} {number}-{number % 7 + 1}",
                f"{number}동 {number % 40 + 1}호",
                name,
                f"010-{phone[:4]}-{phone[4:]}",
            ]
        if script == "cyrillic":
            return [name, f"{street} {number}, кв. {number % 90 + 1}", f"г. Образцовск, {phone[:6]}", "РОССИЯ"]
        lines = [
            name,
            f"{street} {number}",
            f"{phone[:5]} {rng.choice(_TOWNS)}",
            str(rng.choice(["JAPAN", "GERMANY", "FRANCE"])),
        ]
        return [*lines, f"Tel. +49 30 {phone}"] if rng.random() < 0.6 else lines

    def columns(self, right: float, y: float, lines: list[str], mm: float) -> float:
        """An address in upright columns from right to left (tategaki); where the next column would go."""
        font = self.font(mm, wide=True)
        for line in lines:
            with self._line():
                place = y
                for letter in line.translate(KANJI_DIGITS):
                    if self.hand:
                        self._by_hand(right - mm, place, letter, mm, font)
                    else:
                        self.pen.text(((right - mm) * self.px_per_mm, place * self.px_per_mm), letter, 0, font)
                    place += (0.5 if letter == " " else 1.08) * mm
            right -= float(self.rng.uniform(1.4, 1.9)) * mm
            y += float(self.rng.uniform(0, 1.5)) * mm
        return right

    @contextmanager
    def _line(self) -> Iterator[None]:
        """What is drawn meanwhile is a line of an address."""
        before = np.asarray(self.picture).copy()
        yield
        ys, xs = np.nonzero(np.asarray(self.picture) != before)
        if len(xs):
            left, top = int(xs.min()), int(ys.min())
            self.lines.append((left, top, int(xs.max()) - left + 1, int(ys.max()) - top + 1))

    def _by_hand(self, x: float, y: float, line: str, mm: float, font: ImageFont.FreeTypeFont) -> None:
        """Letter by letter, each a little off, turned and of another weight, as with a pen."""
        place, sway = x * self.px_per_mm, float(self.rng.normal(0, 0.04))
        ink = int(self.rng.integers(0, 90))
        for letter in line:
            size = max(6, round(1.9 * mm * self.px_per_mm))
            glyph = Picture.new("L", (2 * size, size), 0)
            ImageDraw.Draw(glyph).text(
                (size // 3, size // 5), letter, 255, font, stroke_width=int(self.rng.random() < 0.3)
            )
            glyph = glyph.rotate(float(self.rng.normal(0, 5)), Picture.Resampling.BICUBIC)
            top = (
                y * self.px_per_mm
                - size // 5
                + float(self.rng.normal(0, 0.12 * mm * self.px_per_mm))
                + sway * (place - x)
            )
            self.picture.paste(ink, (round(place - size // 3), round(top)), glyph)
            place += font.getlength(letter) * float(self.rng.uniform(0.95, 1.15))

    def code(  # noqa: PLR0917 - a place, a size and what it says
        self, x: float, y: float, width: float, height: float, content: str, kind: str = "Code128"
    ) -> None:
        """A symbol in a box of millimetres, with its text below where it is linear."""
        linear = kind in ("Code128", "Codabar", "ITF", "Code39", "EAN13")
        drawn = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, kind))
        pixels = np.asarray(drawn.to_image(scale=1, add_quiet_zones=False), np.uint8)
        module = max(1, int(width * self.px_per_mm / pixels.shape[1]))
        size = (pixels.shape[1] * module, round(height * self.px_per_mm) if linear else pixels.shape[0] * module)
        pixels = np.asarray(cv2.resize(pixels[:1] if linear else pixels, size, interpolation=cv2.INTER_NEAREST))
        self.picture.paste(Picture.fromarray(pixels), (round(x * self.px_per_mm), round(y * self.px_per_mm)))
        if linear:
            self.write(x + width / 5, y + height + 0.5, content.strip("ABCD") if kind == "Codabar" else content, 3)

    def rule(self, x: float, y: float, right: float, bottom: float, width: int = 2) -> None:
        """A line or, where it has two sides, a frame."""
        box = [value * self.px_per_mm for value in (x, y, right, bottom)]
        if x == right or y == bottom:
            self.pen.line(box, 0, width)
        else:
            self.pen.rectangle(box, None, 0, width)
