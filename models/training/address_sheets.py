"""Transport labels of no layout in particular: addresses, symbols, tables and words, one below the other, as they come.

So that the net learns what an address looks like and not where the layouts of `models.drawn.layouts` have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.drawn.sheet import Sheet

_CODES = ("Code128", "Code128", "QRCode", "DataMatrix", "ITF")
_WORDS = (
    "PRIORITY",
    "Ref. 4471",
    "1/1",
    "AIR MAIL",
    "2.4 kg",
    "COD 0.00",
    "TRACKED",
    "Zone B 17",
    "航空便",
    "代引 0円",
)
_ROWS = ("Qty", "Weight", "Value", "Origin", "Order", "Date")


def scattered(sheet: Sheet) -> None:
    """One to three addresses, and up to six other things, on a sheet of any size."""
    rng = sheet.rng
    width, height = float(rng.uniform(60, 190)), float(rng.uniform(35, 190))
    sheet.blank(width, height)
    if rng.random() < 0.4:
        sheet.rule(1, 1, width - 1, height - 1, int(rng.integers(1, 4)))
    blocks = ["address"] * int(rng.integers(1, 4)) + [
        str(rng.choice(["code", "words", "table", "rule", "gap"])) for _ in range(int(rng.integers(0, 7)))
    ]
    rng.shuffle(blocks)
    y = float(rng.uniform(2, 8))
    for block in [*blocks, "address"] if not sheet.lines else blocks:
        x = float(rng.uniform(3, 0.35 * width))
        if y > height - 14:
            break
        y = _block(sheet, block, x, y, width)
    if not sheet.lines:
        sheet.address(4, 3, sheet.somebody(), 3)


def _block(sheet: Sheet, block: str, x: float, y: float, width: float) -> float:
    """Draw one thing at millimetres (x, y); where the next goes."""
    rng = sheet.rng
    if block == "address":
        to, sender = sheet.words()
        word = (to, sender, "")[int(rng.integers(3))]
        y = sheet.write(x, y, word, 2.6) if word else y
        return sheet.address(x + 1, y, sheet.somebody(), float(rng.uniform(2.2, 5.5))) + float(rng.uniform(1, 4))
    if block == "code":
        kind = str(rng.choice(_CODES))
        side = float(rng.uniform(14, 26))
        wide = kind in ("Code128", "ITF")
        across = min(float(rng.uniform(40, 85)), width - x - 2) if wide else side
        if across > 20 or not wide:
            sheet.code(x, y, across, 0.6 * side if wide else side, "".join(map(str, rng.integers(0, 10, 14))), kind)
        return y + side + 2
    if block == "table":
        for row in range(int(rng.integers(2, 5))):
            sheet.rule(x, y + 5 * row, width - 3, y + 5 * row + 5, 1)
            sheet.write(x + 1, y + 5 * row + 1, f"{rng.choice(_ROWS)}   {rng.integers(1, 900)}", 2.4)
        return y + 5 * 4 + 2
    if block == "words":
        text = str(rng.choice(_WORDS))
        readable = text.isascii() or sheet.script == "japanese"
        return sheet.write(x, y, text, float(rng.uniform(2.5, 8))) + 1 if readable else y
    if block == "rule":
        sheet.rule(0, y, width, y, int(rng.integers(1, 5)))
        return y + 2
    return y + float(rng.uniform(3, 15))
