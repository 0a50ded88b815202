"""Goods without an address, drawn: printed packages with fronts and backs, leaflets, product labels, photographs.

What a net takes for an address most easily is in it on purpose: panels of a few short lines on white, tables of
nutrients, lists, legal text in many languages, stickers of importers, symbols of products.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image as Picture

from models.drawn.artwork import draw_artwork, words
from models.drawn.parcels import laid_on
from models.drawn.sheet import Sheet

if TYPE_CHECKING:
    from models.drawn.pool import Pool
    from models.measurements import Image

PX_PER_MM: Final = 4
ON_PACKAGED: Final = 0.5  # stickers that lie on a printed package
_NUTRIENTS: Final = (
    *("Energy", "Fat", "of which saturates", "Carbohydrate", "Sugars", "Fibre", "Protein", "Salt"),
    *("熱量", "たんぱく質", "脂質", "炭水化物", "食塩相当量"),
)
_SHORT: Final = (
    *("Made in Japan", "CE 0123", "REF 4471-2", "LOT A2401", "EXP 2028-04", "Ni-MH 1.2 V", "Input 100-240 V~"),
    *("Keep dry", "Net 140 g", "Not for children", "Recycle", "内容量 120 g", "日本製", "保存方法 冷暗所"),
)


def goods(rng: np.random.Generator, pool: Pool) -> Image:
    """A surface without an address."""
    dice = rng.random()
    if dice < 0.12:
        return np.ascontiguousarray(pool.photo(rng))
    if dice < 0.3:
        sheet = _sheet(rng, pool)
        product_label(sheet)
        return laid_on(sheet, "product", ON_PACKAGED)
    if dice < 0.42:
        sheet = _sheet(rng, pool)
        printed(sheet, float(rng.uniform(50, 120)), float(rng.uniform(30, 120)))
        return laid_on(sheet, "product", ON_PACKAGED)
    if dice < 0.6:
        return coloured(rng, back(rng, pool))
    face = draw_artwork(rng, pool, 900).picture()
    for _ in range(int(rng.integers(0, 4))):
        panel(rng, pool, face)
    return face


def _sheet(rng: np.random.Generator, pool: Pool) -> Sheet:
    script = "japanese" if rng.random() < 0.35 else "latin"
    return Sheet(rng, pool, script, hand=False, picture=Picture.new("L", (1, 1), 255), px_per_mm=PX_PER_MM)


def back(rng: np.random.Generator, pool: Pool) -> Image:
    """The back of a package or a leaflet, grey: columns of print."""
    columns, height = int(rng.integers(1, 4)), float(rng.uniform(60, 230))
    width = float(rng.uniform(45, 90))
    pages = []
    for _ in range(columns):
        sheet = _sheet(rng, pool)
        printed(sheet, width, height)
        pages.append(np.asarray(sheet.picture, np.uint8))
    return np.hstack(pages)


def panel(rng: np.random.Generator, pool: Pool, face: Image) -> None:
    """Lay a panel of print on a face."""
    width = int(rng.uniform(0.25, 0.9) * face.shape[1])
    height = int(rng.uniform(0.07, 0.5) * face.shape[0])
    sheet = _sheet(rng, pool)
    printed(sheet, width / PX_PER_MM, height / PX_PER_MM)
    drawn = coloured(rng, np.asarray(sheet.picture, np.uint8))[:height, :width]
    left, top = int(rng.integers(0, face.shape[1] - width + 1)), int(rng.integers(0, face.shape[0] - height + 1))
    face[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn


def coloured(rng: np.random.Generator, page: Image) -> Image:
    """Ink and paper of any colour, white the most often."""
    grey = page.astype(np.float32)[..., None] / 255
    paper = np.full(3, rng.uniform(215, 255)) if rng.random() < 0.5 else rng.uniform(150, 255, 3)
    ink = np.full(3, rng.uniform(0, 60)) if rng.random() < 0.6 else rng.uniform(0, 100, 3)
    if rng.random() < 0.2:
        paper, ink = ink, paper
    return np.asarray(grey * paper + (1 - grey) * ink, np.uint8)


def printed(sheet: Sheet, width: float, height: float) -> None:
    """Fill a sheet of millimetres with what stands on packages, one thing below the other."""
    rng = sheet.rng
    sheet.blank(width, height)
    if rng.random() < 0.3:
        sheet.rule(0.5, 0.5, width - 0.5, height - 0.5, int(rng.integers(1, 4)))
    mm, y = float(rng.uniform(1.6, 3.6)), 2.0
    things = {
        "serial": 0.12,
        "paragraph": 0.29,
        "table": 0.14,
        "list": 0.15,
        "symbol": 0.1,
        "heading": 0.12,
        "icons": 0.08,
    }
    while y < height - mm - 2:
        thing = str(rng.choice(list(things), p=list(things.values())))
        y = _THINGS[thing](sheet, y, width, height, mm) + float(rng.uniform(0.5, 4))
        if rng.random() < 0.15:
            sheet.rule(2, y - 0.5, width - 2, y - 0.5, 1)


def _text(sheet: Sheet, count: int) -> str:
    rng = sheet.rng
    japanese = sheet.script == "japanese"
    return words(rng, count, japanese=japanese) * (int(rng.integers(1, 5)) if japanese else 1)


def _paragraph(sheet: Sheet, y: float, width: float, height: float, mm: float) -> float:
    rng = sheet.rng
    font = sheet.font(mm, wide=sheet.script == "japanese")
    step, ragged = float(rng.uniform(0.95, 1.3)), float(rng.uniform(0, 0.5))
    for _ in range(int(rng.integers(2, 12))):
        room = (width - 6) * (1 - ragged * rng.random()) * sheet.px_per_mm
        text = _text(sheet, int(rng.integers(4, 14)))
        while text and font.getlength(text) > room:
            text = text[:-1]
        if y > height - mm - 1:
            break
        sheet.write(3, y, text, mm, font=font)
        y += 1.4 * mm * step
    return y


def _table(sheet: Sheet, y: float, width: float, height: float, mm: float) -> float:
    rng = sheet.rng
    wide = sheet.script == "japanese"
    font = sheet.font(mm, wide=wide)
    names = [one for one in _NUTRIENTS if one.isascii() != wide]
    right = float(rng.uniform(0.5, 1.0)) * (width - 4)
    lines, start, step = rng.random() < 0.6, y, 1.6 * mm
    for _ in range(int(rng.integers(3, 9))):
        if y > height - step:
            break
        sheet.write(4, y + 0.3, str(rng.choice(names)), mm, font=font)
        sheet.write(
            right - 5 * mm, y + 0.3, f"{rng.integers(0, 900) / 10} {rng.choice(['g', 'mg', 'kJ', '%'])}", mm, font=font
        )
        if lines:
            sheet.rule(3, y, right, y, 1)
        y += step
    if lines and y > start:
        sheet.rule(3, start, right, y, 1)
    return y


def _list(sheet: Sheet, y: float, width: float, height: float, mm: float) -> float:
    """A few short lines: the hardest to tell from an address."""
    rng = sheet.rng
    wide = sheet.script == "japanese"
    large = mm * float(rng.uniform(1, 1.6))
    font = sheet.font(large, wide=wide)
    among = [one for one in _SHORT if one.isascii() or wide]
    x = float(rng.uniform(3, 0.4 * width))
    bullet = str(rng.choice(["", "", "- ", "* "]))
    for _ in range(int(rng.integers(2, 6))):
        if y > height - large - 1:
            break
        text = str(rng.choice(among)) if rng.random() < 0.5 else _text(sheet, int(rng.integers(1, 4)))
        y = sheet.write(x, y, bullet + text, large, font=font)
    return y


def _symbol(sheet: Sheet, y: float, width: float, height: float, mm: float) -> float:
    rng = sheet.rng
    tall = float(rng.uniform(8, 18))
    if y + tall > height - 1 or width < 30:
        return _paragraph(sheet, y, width, height, mm)
    x = float(rng.uniform(2, max(2.1, width - 40)))
    if rng.random() < 0.8:
        sheet.code(x, y, min(38, width - x - 1), tall, ean13(rng), "EAN13")
    else:
        sheet.code(x, y, tall, tall, "https://id.example/01/" + ean13(rng), "QRCode")
    return y + tall + 1


def _serial(sheet: Sheet, y: float, width: float, height: float, mm: float) -> float:
    """A matrix of a product and what it says beside it, as medicines and serialised goods have it."""
    rng = sheet.rng
    side, font = float(rng.uniform(9, 18)), sheet.font(mm, wide=False)
    if y + side > height - 1 or width < side + 12 * mm:
        return _list(sheet, y, width, height, mm)
    sheet.code(
        2, y, side, side, "01" + ean13(rng) + str(rng.integers(10**9)), str(rng.choice(["DataMatrix", "QRCode"]))
    )
    line = y
    for form in ("(01)0{}", "SN {}", "LOT {}", "EXP 20{}")[: int(rng.integers(2, 5))]:
        line = sheet.write(side + 4, line, form.format(ean13(rng)[: int(rng.integers(4, 13))]), mm, font=font)
    return max(line, y + side) + 1


def _heading(sheet: Sheet, y: float, width: float, height: float, mm: float) -> float:
    large = mm * float(sheet.rng.uniform(1.3, 3))
    if y > height - large - 1:
        return y + mm
    font = sheet.font(large, wide=sheet.script == "japanese")
    text = _text(sheet, int(sheet.rng.integers(1, 4)))
    while text and font.getlength(text) > (width - 4) * sheet.px_per_mm:
        text = text[:-1]
    return sheet.write(2, y, text, large, font=font)


def _icons(sheet: Sheet, y: float, width: float, height: float, mm: float) -> float:
    side = min(2.5 * mm, height - y - 1)
    for number in range(int(sheet.rng.integers(1, 6))):
        x = 3 + 1.4 * number * side
        if side < 2 or x + side > width:
            break
        box = [value * sheet.px_per_mm for value in (x, y, x + side, y + side)]
        if sheet.rng.random() < 0.5:
            sheet.pen.ellipse(box, None, 0, 2)
        else:
            sheet.pen.regular_polygon(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, (box[2] - box[0]) / 2), 3, fill=0)
    return y + side + 1


_THINGS: Final = {
    "serial": _serial,
    "paragraph": _paragraph,
    "table": _table,
    "list": _list,
    "symbol": _symbol,
    "heading": _heading,
    "icons": _icons,
}


def product_label(sheet: Sheet) -> None:
    """What stands on a shoe box or a spare part: a name, sizes in a table, a retail symbol, no address."""
    rng = sheet.rng
    width, height = float(rng.uniform(80, 130)), float(rng.uniform(45, 100))
    sheet.blank(width, height)
    if rng.random() < 0.5:
        sheet.rule(1, 1, width - 1, height - 1, 3)
    y = 4.0
    for _ in range(int(rng.integers(1, 4))):
        y = sheet.write(
            4, y, words(rng, int(rng.integers(1, 3)), japanese=bool(rng.random() < 0.2)), float(rng.uniform(2.5, 7))
        )
    across = int(rng.integers(2, 6))
    for column in range(across):
        x = 5 + column * (width - 10) / across
        sheet.rule(x, y, x + (width - 10) / across, y + 10)
        sheet.write(x + 1, y + 1, str(rng.choice(["EU", "UK", "US", "JP", "SIZE", "QTY", "REF", "LOT"])), 2)
        sheet.write(x + 1, y + 4, f"{rng.integers(2, 500) / 2:g}", 4)
    sheet.code(5, y + 14, min(42, width / 2), max(6, min(18, height - y - 20)), ean13(rng), "EAN13")
    if rng.random() < 0.5 and width > 100:
        sheet.code(width / 2 + 2, y + 14, width / 2 - 6, 10, words(rng, 1).upper() + str(rng.integers(10**5, 10**8)))


def ean13(rng: np.random.Generator) -> str:
    """Twelve digits and their check digit."""
    digits = [int(one) for one in rng.integers(0, 10, 12)]
    check = -sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10
    return "".join(map(str, (*digits, check)))
