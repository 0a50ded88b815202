"""Drawn pictures for ./run bench symbols --drawn: what is read where nothing is, and what is read wrongly.

Blank pictures hold what a bench sees besides codes: noise, gradients, stripes, grids, dots, boxes, text, curves, bars
of random widths. Damaged codes are drawn by zxing-cpp's own writer in every symbology that it writes and a shop or post
uses, then turned, scaled, blurred, lit unevenly, covered, scratched, torn and made noisy. Everything is seeded: a
picture is named by (seed, number).
"""

from __future__ import annotations

import collections
import time
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp

from models.symbols import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.measurements import Image, Symbol

FORMATS = (
    *("EAN13", "EAN8", "UPCE", "Code128", "Code39", "Code93", "ITF", "Codabar", "DataBarOmni", "DataBarExp"),
    *("QRCode", "DataMatrix", "Aztec", "PDF417", "MicroQRCode", "MaxiCode"),
)
Pixels = npt.NDArray[Any]  # one channel
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def report(count: int, seed: int, only: str | None) -> None:
    if only != "damaged":
        blanks(count, seed)
    if only != "blank":
        damaged(count, seed)


def blanks(count: int, seed: int) -> None:
    start, false = time.perf_counter(), 0
    for number in range(count):
        symbols = read(blank(seed, number))
        if symbols:
            false += 1
            print(f"  blank ({seed}, {number}): {[(one.format, one.text, one.votes) for one in symbols]}", flush=True)
    each = (time.perf_counter() - start) / max(1, count) * 1e3
    print(f"{count} drawn pictures without a code, seed {seed}: {false} with a reading (limit 0); {each:.1f} ms each")


def damaged(count: int, seed: int) -> None:
    start, wrong, seen = time.perf_counter(), 0, collections.Counter[str]()
    drawn = collections.Counter[str]()
    for number in range(count):
        form, text, image = damaged_code(seed, number)
        drawn[form] += 1
        symbols = read(image)
        if any(not tells(one, form, text) for one in symbols):
            wrong += 1
            got = [(one.format, one.text, one.votes) for one in symbols]
            print(f"  damaged ({seed}, {number}): {form} {text!r} read as {got}", flush=True)
        elif symbols:
            seen[form] += 1
    each = (time.perf_counter() - start) / max(1, count) * 1e3
    counts = f"{wrong} misread (limit 0), {seen.total()} read"
    print(f"{count} drawn codes damaged at random, seed {seed}: {counts}; {each:.1f} ms each")
    print("  read: " + ", ".join(f"{form} {seen[form]}/{drawn[form]}" for form in FORMATS))


def tells(symbol: Symbol, form: str, text: str) -> bool:
    got = symbol.text
    if form in ("EAN13", "EAN8", "UPCE"):
        return got.lstrip("0") == text.lstrip("0")
    if form == "Codabar":
        return got.strip("ABCD") == text.strip("ABCD")
    if form == "DataBarOmni":
        return got.removeprefix("01")[-14:].lstrip("0") == text.lstrip("0")
    if form == "DataBarExp":
        return got.replace("\x1d", "") == text.replace("(", "").replace(")", "")
    return got == text


# --- Codes ------------------------------------------------------------------------------------------------------------


def with_check(digits: str) -> str:
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def digits(random: np.random.Generator, count: int) -> str:
    return "".join(str(digit) for digit in random.integers(0, 10, count))


def word(random: np.random.Generator, shortest: int, longest: int) -> str:
    return "".join(random.choice(list(LETTERS), int(random.integers(shortest, longest + 1))))


def coin(random: np.random.Generator, chance: float = 0.5) -> bool:
    return bool(random.random() < chance)


CONTENTS: dict[str, Callable[[np.random.Generator], str]] = {
    "EAN13": lambda random: with_check(digits(random, 12)),
    "EAN8": lambda random: with_check(digits(random, 7)),
    "UPCE": lambda random: "0" + digits(random, 5) + str(random.integers(0, 3)),
    "ITF": lambda random: (
        with_check(digits(random, 13)) if coin(random) else digits(random, 2 * int(random.integers(4, 9)))
    ),
    "Codabar": lambda random: f"A{digits(random, int(random.integers(7, 13)))}B",
    "DataBarOmni": lambda random: with_check(digits(random, 13)),
    "DataBarExp": lambda random: f"(01){with_check('9' + digits(random, 12))}(10){word(random, 3, 8)}",
    "MicroQRCode": lambda random: word(random, 5, 8),
}


def damaged_code(seed: int, number: int) -> tuple[str, str, Image]:
    random = np.random.default_rng((seed, number, 1))
    form = FORMATS[number % len(FORMATS)]
    text = CONTENTS[form](random) if form in CONTENTS else word(random, 7, 19)
    barcode = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, form))
    drawn = np.array(barcode.to_image(scale=int(random.integers(2, 6))))
    margin = int(random.integers(10, 60))
    canvas = cv2.copyMakeBorder(drawn, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=255)
    if form == "UPCE":
        text = barcode.text  # expanded, with its check digit
    return form, text, spoiled(random, np.asarray(canvas, np.uint8))


def spoiled(random: np.random.Generator, code: Pixels) -> Image:
    picture: Pixels = turned(random, code).astype(np.float32)
    height, width = picture.shape
    dark, light = random.uniform(0, 90), random.uniform(130, 255)
    picture = dark + picture * (max(light, dark + 40) - dark) / 255
    for spoil in random.permutation(["scratch", "cover", "tear", "shade", "thick"])[: random.integers(0, 4)]:
        if spoil == "scratch":
            for _ in range(random.integers(1, 6)):
                ends = [(int(x), int(y)) for x, y in random.uniform((0, 0), (width, height), (2, 2))]
                cv2.line(picture, ends[0], ends[1], float(random.uniform(0, 255)), int(random.integers(1, 5)))
        elif spoil == "cover":
            x, y = random.uniform(0, width), random.uniform(0, height)
            w, h = random.uniform(0.02, 0.3) * width, random.uniform(0.05, 0.5) * height
            cv2.rectangle(picture, (int(x), int(y)), (int(x + w), int(y + h)), float(random.uniform(0, 255)), -1)
        elif spoil == "tear":
            row, shift = int(random.uniform(0.2, 0.8) * height), int(random.integers(-12, 13))
            picture[row:] = np.roll(picture[row:], shift, axis=1)
        elif spoil == "shade":
            ramp = np.linspace(random.uniform(0.4, 1), random.uniform(0.4, 1.2), width, dtype=np.float32)
            picture *= ramp[None, :]
        else:
            kernel = np.ones((1, 2) if coin(random) else (2, 2), np.uint8)
            picture = cv2.erode(picture, kernel) if coin(random) else cv2.dilate(picture, kernel)
    return finished(random, picture)


def turned(random: np.random.Generator, code: Pixels) -> Pixels:
    height, width = code.shape
    angle, scale = random.choice([0.0, random.uniform(-20, 20), random.uniform(0, 360)]), random.uniform(0.5, 1.3)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(angle), float(scale))
    cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
    size = (int(height * sine + width * cosine) + 8, int(height * cosine + width * sine) + 8)
    turn[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    flat = cv2.warpAffine(code, turn, size, flags=cv2.INTER_AREA, borderValue=255.0)
    corners: Pixels = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float32)
    moved = corners + random.normal(0, 0.03 * random.random() * min(size), (4, 2)).astype(np.float32)
    seen = cv2.warpPerspective(
        flat, cv2.getPerspectiveTransform(corners, moved.astype(np.float32)), size, borderValue=255.0
    )
    return np.asarray(seen, np.uint8)


def finished(random: np.random.Generator, picture: Pixels) -> Image:
    if coin(random, 0.7):
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.3, 4.0)).astype(np.float32)
    if coin(random, 0.3):
        length = int(random.integers(2, 12))
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2, :] = 1 / length
        picture = cv2.filter2D(picture, -1, kernel if coin(random) else kernel.T).astype(np.float32)
    picture = picture + random.normal(0, random.uniform(0, 14), picture.shape)
    grey: Any = np.clip(picture, 0, 255).astype(np.uint8)
    if coin(random):
        quality = int(random.integers(15, 95))
        grey = cv2.imdecode(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


# --- No codes ---------------------------------------------------------------------------------------------------------


def blank(seed: int, number: int) -> Image:
    random = np.random.default_rng((seed, number, 0))
    height, width = (int(side) for side in random.integers(100, 300, 2))
    picture = np.full((height, width), random.uniform(0, 255), np.float32)
    for layer in random.permutation(list(LAYERS))[: int(random.integers(1, 4))]:
        picture = LAYERS[str(layer)](random, picture)
    return finished(random, picture)


def noise(random: np.random.Generator, picture: Pixels) -> Pixels:
    cells = random.integers(2, 40, 2)
    coarse = random.uniform(0, 255, (int(cells[0]), int(cells[1]))).astype(np.float32)
    way = cv2.INTER_NEAREST if coin(random) else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(coarse, picture.shape[::-1], interpolation=way), np.float32)


def stripes(random: np.random.Generator, picture: Pixels) -> Pixels:
    """Even stripes: fabrics, grilles, corrugated board."""
    angle, period = random.uniform(0, np.pi), random.uniform(3, 30)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)
    return np.asarray(127 + 120 * (np.sign(wave) if coin(random) else wave), np.float32)


def bars(random: np.random.Generator, picture: Pixels) -> Pixels:
    """Bars of random widths, as near to a linear code as chance comes."""
    module, at, dark = random.uniform(1.5, 5), random.uniform(0, 20), True
    height, width = picture.shape
    top, bottom = sorted(random.uniform(0, height, 2))
    picture = picture.copy()
    picture[int(top) : int(bottom)] = 255
    while at < width:
        size = module * random.integers(1, 5)
        if dark:
            picture[int(top) : int(bottom), int(at) : int(at + size)] = 0
        at, dark = at + size, not dark
    return picture


def dots(random: np.random.Generator, picture: Pixels) -> Pixels:
    """A field of random modules, as near to a matrix code as chance comes."""
    side, cell = int(random.integers(8, 40)), int(random.integers(2, 9))
    field = np.kron(random.integers(0, 2, (side, side)) * 255, np.ones((cell, cell))).astype(np.float32)
    height, width = min(picture.shape[0], field.shape[0]), min(picture.shape[1], field.shape[1])
    picture = picture.copy()
    picture[:height, :width] = field[:height, :width]
    return np.roll(picture, (int(random.integers(0, 100)), int(random.integers(0, 100))), (0, 1))


def words(random: np.random.Generator, picture: Pixels) -> Pixels:
    picture = picture.copy()
    for _ in range(random.integers(1, 12)):
        text = "".join(random.choice(list(LETTERS + "|Il1HN#= "), random.integers(3, 20)))
        origin = (int(random.uniform(-20, picture.shape[1])), int(random.uniform(0, picture.shape[0])))
        font, size = int(random.integers(0, 8)), float(random.uniform(0.3, 2))
        cv2.putText(picture, text, origin, font, size, float(random.uniform(0, 255)), int(random.integers(1, 4)))
    return picture


def shapes(random: np.random.Generator, picture: Pixels) -> Pixels:
    picture = picture.copy()
    for _ in range(random.integers(2, 30)):
        a, b = ((int(x), int(y)) for x, y in random.uniform((0, 0), picture.shape[::-1], (2, 2)))
        grey, thick = float(random.uniform(0, 255)), int(random.choice([-1, 1, 3]))
        if coin(random):
            cv2.rectangle(picture, a, b, grey, thick)
        else:
            cv2.circle(picture, a, int(random.integers(2, 60)), grey, thick)
    return picture


def grid(random: np.random.Generator, picture: Pixels) -> Pixels:
    picture = picture.copy()
    step = int(random.integers(4, 30))
    picture[::step] = random.uniform(0, 255)
    picture[:, ::step] = random.uniform(0, 255)
    return picture


LAYERS = {
    "noise": noise,
    "stripes": stripes,
    "bars": bars,
    "dots": dots,
    "words": words,
    "shapes": shapes,
    "grid": grid,
}
