"""Layouts of transport labels and letters, in millimetres: customs declarations, couriers, pallets, letters, pouches.

Not a catalogue of real carriers: they follow UPU CN 22 and CN 23, the GS1 logistic label, and what couriers' labels
and letters have in common.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.drawn.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

_GOODS: Final = ("Cosmetics", "Toy cars", "T-shirts", "Phone case", "Face cream", "Headphones", "Vitamins")


def s10(rng: np.random.Generator) -> str:
    """A well-formed UPU S10 number."""
    serial = "".join(map(str, rng.integers(0, 10, 8)))
    left = 11 - sum(int(d) * w for d, w in zip(serial, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    check = {10: 0, 11: 5}.get(left, left)
    return f"{rng.choice(['RR', 'EE', 'CP', 'LX'])}{serial}{check}{rng.choice(['JP', 'CN', 'DE', 'GB'])}"


def _goods(sheet: Sheet, x: float, y: float, right: float, rows: int) -> float:
    sheet.rule(x, y, right, y + 6 * (rows + 1))
    sheet.write(x + 1, y + 1, "Quantity and detailed description of contents   Value", 2)
    for row in range(rows):
        name, value = sheet.rng.choice(_GOODS), sheet.rng.integers(2, 90)
        sheet.write(x + 1, y + 6 * row + 7, f"{sheet.rng.integers(1, 9)}  {name}        {value}.00 EUR", 2.6)
    return y + 6 * (rows + 1) + 2


def _cn22(sheet: Sheet) -> None:
    sheet.blank(100, 150)
    to, sender = sheet.words()
    sheet.rule(1, 1, 99, 149, 3)
    sheet.write(3, 3, "CUSTOMS DECLARATION  CN 22", 3.4)
    y = sheet.write(3, 9, sender, 2.6)
    y = sheet.address(5, y, sheet.somebody(), 2.5) + 2
    sheet.rule(1, y, 99, y)
    y = sheet.write(3, y + 1, to, 3)
    y = sheet.address(6, y, sheet.somebody(), 3.6) + 2
    y = _goods(sheet, 3, max(y, 66), 97, 3)
    sheet.code(15, y + 3, 68, 15, s10(sheet.rng))
    sheet.write(3, 142, "I certify that the particulars given are correct", 2)


def _cn23(sheet: Sheet) -> None:
    sheet.blank(190, 130)
    to, sender = sheet.words()
    sheet.rule(1, 1, 189, 129, 3)
    sheet.write(4, 3, "CUSTOMS DECLARATION  CN 23", 3.4)
    y = sheet.address(6, sheet.write(4, 10, sender, 2.6), sheet.somebody(), 3) + 2
    sheet.rule(1, y, 105, y)
    sheet.address(6, sheet.write(4, y + 1, to, 2.8), sheet.somebody(), 3.4)
    sheet.code(112, 8, 70, 16, s10(sheet.rng))
    _goods(sheet, 4, 84, 186, 4)


def _courier(sheet: Sheet) -> None:
    sheet.blank(100, float(sheet.rng.choice([110, 150])))
    to, sender = sheet.words()
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
    y = sheet.address(5, sheet.write(3, first, to, 3), sheet.somebody(), 4) + 2
    sheet.rule(0, y, 100, y, 3)
    y = sheet.address(5, sheet.write(3, y + 1, sender, 2.2), sheet.somebody(), 2.4) + 2
    sheet.rule(0, y, 100, y, 3)
    if not turned:
        sheet.code(12, y + 3, 74, 16, text, kind)
    if sheet.rng.random() < 0.4:
        sheet.code(72, first + 3, 18, 18, content * 2, "QRCode")


def _pallet(sheet: Sheet) -> None:
    sheet.blank(105, 148)
    to, sender = sheet.words()
    y = sheet.address(5, sheet.write(3, 3, sender, 2.4), sheet.somebody(), 2.6) + 1
    sheet.rule(0, y, 105, y, 3)
    y = sheet.address(5, sheet.write(3, y + 1, to, 2.8), sheet.somebody(), 3.8) + 1
    sheet.rule(0, y, 105, y, 3)
    sheet.write(4, y + 2, "SSCC", 3)
    digits = "".join(map(str, sheet.rng.integers(0, 10, 17)))
    check = -sum(int(d) * (3 if place % 2 == 0 else 1) for place, d in enumerate(digits)) % 10
    sheet.code(8, max(y + 9, 108), 88, 24, f"00{digits}{check}")


def _envelope(sheet: Sheet) -> None:
    """A letter or a small bag with the address on itself, and a small sticker of the post."""
    sheet.blank(220, 150)
    to, sender = sheet.words()
    sheet.address(8, sheet.write(8, 6, sender, 2.6), sheet.somebody(), 3.2)
    x = float(sheet.rng.uniform(70, 105))
    sheet.address(x, sheet.write(x - 4, 70, to, 3), sheet.somebody(), 5)
    sheet.rule(8, 60, 80, 64 + 24)
    sheet.code(12, 63, 62, 14, s10(sheet.rng))


def _thermal(sheet: Sheet) -> None:
    """A 4 by 6 inch label of a thermal printer: a route in large type, two or three symbols, a return address."""
    sheet.blank(102, 152)
    to, _ = sheet.words()
    rng = sheet.rng
    y = sheet.address(4, 4, sheet.somebody(), 2.3) + 3
    y = sheet.address(10, sheet.write(4, y, to, 2.6), sheet.somebody(), 3.8) + 2
    sheet.rule(0, y, 102, y, 4)
    route = (
        f"{rng.choice(['TYO', 'FRA', 'LGW'])} {rng.integers(100, 999)} {rng.integers(10, 99)}-{rng.integers(10, 99)}"
    )
    sheet.write(38, y + 4, route, 9)
    matrix = str(rng.choice(["MaxiCode", "QRCode", "PDF417"]))
    sheet.code(4, y + 3, 30 if matrix == "PDF417" else 24, 24, "".join(map(str, rng.integers(0, 10, 18))), matrix)
    y += 32
    sheet.rule(0, y, 102, y, 6)
    sheet.code(10, y + 6, 80, min(26, 148 - y - 12), "1Z" + "".join(map(str, rng.integers(0, 10, 16))))


def _window(sheet: Sheet) -> None:
    """A letter in an envelope with a window: the address behind film, at times a frank's matrix, no bars."""
    sheet.blank(220, 110)
    left, top = float(sheet.rng.uniform(14, 26)), float(sheet.rng.uniform(40, 52))
    tone = int(sheet.rng.integers(225, 252))
    box = [round(value * sheet.px_per_mm) for value in (left, top, left + 90, top + 42)]
    sheet.pen.rounded_rectangle(box, 20, tone, int(tone * 0.85), 2)
    y = sheet.write(left + 5, top + 3, f"{sheet.rng.choice(['Lumo AG', 'Sample Bank', 'Imprint plc'])} - PO Box", 1.8)
    sheet.address(left + 5, y + 2, sheet.somebody(), 3.4)
    if sheet.rng.random() < 0.6:
        sheet.code(188, 8, 18, 18, "DV0952" + "".join(map(str, sheet.rng.integers(0, 10, 12))), "DataMatrix")
    if sheet.rng.random() < 0.5:
        sheet.write(8, 8, str(sheet.rng.choice(["Lumo AG", "SAMPLE BANK", "Imprint"])), 7)


def _tategaki(sheet: Sheet) -> None:
    """A Japanese letter or parcel with upright columns, boxes for the postcode and a small sticker."""
    sheet.script = "japanese"
    sheet.blank(120, 235)
    rng = sheet.rng
    code, street, name, *_ = sheet.somebody()
    for number, digit in enumerate(code.removeprefix("〒").replace("-", "")):
        x = 54 + 8 * number + (2 if number > 2 else 0)
        sheet.rule(x, 10, x + 6, 18)
        sheet.address(x + 1.5, 11, [digit], 4)
    right = sheet.columns(108, 26, [street, f"例示荘 {rng.integers(101, 999)}号"], 6)
    sheet.columns(min(right, 70), 34, [name], 9)
    _, street, name, *_ = sheet.somebody()
    sheet.columns(30, 120, [street, name], 4)
    if rng.random() < 0.7:
        sheet.code(36, 212, 62, 12, s10(rng))


def _pouch(sheet: Sheet) -> None:
    """A bag's label with a phone's QR code and hardly any bars."""
    sheet.blank(100, 100)
    to, sender = sheet.words()
    sheet.rule(1, 1, 99, 99, 2)
    y = sheet.address(6, sheet.write(4, 4, to, 3.4), sheet.somebody(), 4.2) + 2
    y = sheet.address(6, sheet.write(4, y, sender, 2.2), sheet.somebody(), 2.6) + 2
    sheet.code(68, min(y, 68), 26, 26, "".join(map(str, sheet.rng.integers(0, 10, 24))), "QRCode")
    sheet.code(5, 84, 56, 9, "".join(map(str, sheet.rng.integers(0, 10, 12))))


def _slip(sheet: Sheet) -> None:
    """A slip of paper or a sticker with nothing but an address."""
    sheet.blank(90, 45)
    to, _ = sheet.words()
    y = sheet.write(4, 4, to, 3) if to else 4
    sheet.address(6, y, sheet.somebody(), float(sheet.rng.uniform(3.2, 5)))


KINDS: Final[dict[str, Callable[[Sheet], None]]] = {
    "cn22": _cn22, "cn23": _cn23, "courier": _courier, "pallet": _pallet, "envelope": _envelope, "thermal": _thermal,
    "window": _window, "tategaki": _tategaki, "pouch": _pouch, "slip": _slip,
}  # fmt: skip
# No net is ever taught with these: they measure what it makes of new ones.
UNTAUGHT: Final = frozenset({"cn23", "pouch"})
