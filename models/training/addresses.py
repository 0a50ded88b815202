"""The recipe of the net that sees address blocks: drawn parcels and goods, a small net that segments, ONNX.

    python -m models.training.addresses draw --out SHARDS --count 400 [--pool POOL] [--first 0]
    python -m models.training.addresses train --shards SHARDS --weights W.pt --out models/packs/address-1 --minutes 15

Half of the pictures show a parcel or a letter (`models/drawn/parcels.py`), half show goods: artwork with panels of
small print and retail symbols, product labels, photographs. Truth is the lines of addresses, made wider by half of
their height. `UNTAUGHT` kinds are never drawn here: they measure what the net makes of layouts that it never met.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from PIL import Image as Picture

from models.drawn.artwork import draw_artwork, words
from models.drawn.conditions import Conditions
from models.drawn.layouts import KINDS, UNTAUGHT
from models.drawn.parcels import draw_parcel, laid_on
from models.drawn.pool import Pool, read_pool
from models.drawn.recapture import recapture
from models.drawn.sheet import Sheet

if TYPE_CHECKING:
    from models.measurements import Image

SIDE: Final = 384  # the long side of what the net sees
CELL: Final = 4  # pixels of that to one of its answer
PX_PER_MM: Final = 4
SHARD: Final = 50


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="models.training.addresses", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw")
    drawing.add_argument("--out", type=Path, required=True)
    drawing.add_argument("--count", type=int, required=True)
    drawing.add_argument("--first", type=int, default=0)
    drawing.add_argument("--pool", type=Path)
    training = commands.add_parser("train")
    training.add_argument("--shards", type=Path, required=True)
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--weights", type=Path, required=True, help="learn on from these, and write them here")
    training.add_argument("--minutes", type=float, default=15)
    training.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if options.command == "draw":
        draw(options.out, options.first, options.count, read_pool(options.pool))
    else:
        from models.training.address_net import train

        train(options.shards, options.out, options.weights, options.minutes, options.threads)


# --- Pictures ---------------------------------------------------------------------------------------------------------


def draw(out: Path, first: int, count: int, pool: Pool) -> None:
    """Write shards of pictures (N x 288 x 384 x 3) and truths (N x 72 x 96)."""
    cv2.setNumThreads(1)
    out.mkdir(parents=True, exist_ok=True)
    for start in range(first, first + count, SHARD):
        pairs = [example(np.random.default_rng(7_000_000_000 + number), pool) for number in range(start, start + SHARD)]
        pictures, truths = zip(*pairs, strict=True)
        partial = out / f"{start:06d}.partial.npz"
        np.savez_compressed(partial, pictures=np.stack(pictures), truths=np.stack(truths))
        partial.rename(out / f"{start:06d}.npz")
        print(start, flush=True)


def example(rng: np.random.Generator, pool: Pool) -> tuple[Image, Image]:
    """A landscape picture and where it shows addresses."""
    severity = float(rng.uniform(0, 0.8))
    conditions = Conditions.draw(rng, severity)
    # what is a pixel of a picture of 1,600 is less than half of one here
    conditions = replace(
        conditions,
        long_side_px=2 * SIDE,
        landscape=True,
        defocus_px=conditions.defocus_px * 0.4,
        motion_px=conditions.motion_px * 0.4,
        noise=conditions.noise * 0.6,
        fill=conditions.fill * float(rng.uniform(0.6, 1.25)),
    )
    if rng.random() < 0.5:
        kind = str(rng.choice(sorted(set(KINDS) - UNTAUGHT)))
        parcel = draw_parcel(rng, pool, kind, px_per_mm=PX_PER_MM)
        surface, lines = parcel.surface, parcel.address
    else:
        surface, lines = goods(rng, pool), ()
    taken = recapture(surface, rng=rng, conditions=conditions)
    truth = np.zeros(taken.image.shape[:2], np.uint8)
    for line in lines:
        cv2.fillConvexPoly(
            truth, _wider(cv2.perspectiveTransform(np.array([line], np.float64), taken.homography)[0]), 255
        )
    size = (SIDE, SIDE * 3 // 4)
    picture = cv2.resize(taken.image, size, interpolation=cv2.INTER_AREA)
    cells = cv2.resize(truth, (size[0] // CELL, size[1] // CELL), interpolation=cv2.INTER_AREA)
    return np.asarray(picture, np.uint8), np.asarray(cells, np.uint8)


def _wider(line: np.ndarray) -> np.ndarray:
    """A line's corners, half of its height farther out on each side."""
    right, down = line[1] - line[0], line[3] - line[0]
    short = min(float(np.hypot(*right)), float(np.hypot(*down))) / 2
    right, down = (way / max(float(np.hypot(*way)), 1e-6) * short for way in (right, down))
    moves = np.array([-right - down, right - down, right + down, -right + down])
    return np.asarray(np.round(line + moves), np.int32)


def goods(rng: np.random.Generator, pool: Pool) -> Image:
    """A surface without an address: a printed package, a product's label on a carton, a photograph."""
    dice = rng.random()
    if dice < 0.12:
        return np.ascontiguousarray(pool.photo(rng))
    if dice < 0.35:
        sheet = Sheet(rng, pool, "latin", hand=False, picture=Picture.new("L", (1, 1), 255), px_per_mm=PX_PER_MM)
        product_label(sheet)
        return laid_on(sheet, "product")
    face = draw_artwork(rng, pool, 900).picture()
    for _ in range(int(rng.integers(0, 3))):
        panel(rng, pool, face)
    return face


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


def panel(rng: np.random.Generator, pool: Pool, face: Image) -> None:
    """Lay a panel on a face: a paragraph or a table of small print, at times beside a retail symbol."""
    width = int(rng.uniform(0.3, 0.9) * face.shape[1])
    height = int(rng.uniform(0.1, 0.45) * face.shape[0])
    px = PX_PER_MM
    sheet = Sheet(rng, pool, "latin", hand=False, picture=Picture.new("L", (1, 1), 255), px_per_mm=px)
    sheet.blank(width / px, height / px)
    mm, y = float(rng.uniform(2, 3.4)), 2.0
    font = sheet.font(mm, wide=bool(japanese := rng.random() < 0.25))
    right = width / px
    symbol = rng.random() < 0.4
    while y < height / px - mm - 2:
        text = words(rng, int(rng.integers(3, 9)), japanese=japanese)
        text = text * int(rng.integers(2, 5)) if japanese else text
        room = (right / 2 if symbol and y > height / px - 20 else right) - 6
        while text and font.getlength(text) > room * px:
            text = text[:-1]
        y = sheet.write(3, y, text, mm, font=font)
        if rng.random() < 0.15:
            sheet.rule(2, y, right - 2, y, 1)
            y += 1
    if symbol and height > 20 * px and right > 60:
        sheet.code(right / 2 + 2, height / px - 18, min(40, right / 2 - 4), 13, ean13(rng), "EAN13")
    page = np.asarray(sheet.picture, np.float32)[..., None] / 255
    paper, ink = rng.uniform(170, 255, 3), rng.uniform(0, 90, 3)
    if rng.random() < 0.2:
        paper, ink = ink, paper
    drawn = np.asarray(page * paper + (1 - page) * ink, np.uint8)
    left, top = int(rng.integers(0, face.shape[1] - width + 1)), int(rng.integers(0, face.shape[0] - height + 1))
    face[top : top + height, left : left + width] = drawn[:height, :width]


def ean13(rng: np.random.Generator) -> str:
    """Twelve digits and their check digit."""
    digits = [int(one) for one in rng.integers(0, 10, 12)]
    check = -sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10
    return "".join(map(str, (*digits, check)))


if __name__ == "__main__":
    main()
