"""Lines of print as packing lines make them: offset and laser type, thermal transfer, dots of an ink jet; seeded.

A line is drawn large and grey, ink on paper, and photographed small by `seen`: so many pixels high, blurred, noisy,
unevenly lit. The texts are those that stand beside symbols: serial, batch, expiry, number, English or Japanese words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from models.drawn.fields import Field, as_bytes, blob, f32, ramp

if TYPE_CHECKING:
    from models.drawn.pool import Pool

Grey: TypeAlias = npt.NDArray[np.uint8]
INKS: Final = ("offset", "laser", "thermal", "inkjet")
EM_PX: Final = 96  # a line is drawn at this size of type
LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"
_SCRIPT_HANDS: Final = ("Z003", "Chancery", "Dingbats", "Math")
ALL_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# The usual 5 x 7 dots of ink jet coders: five columns a character, the lowest bit at the top.
_DOTTED: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ /-.:()"
_COLUMNS: Final = bytes.fromhex(
    "3e5149453e 00427f4000 4261514946 2141454b31 1814127f10 2745454539 3c4a494930 0171090503 3649494936 064949291e"
    "7e1111117e 7f49494936 3e41414122 7f4141221c 7f49494941 7f09090901 3e4149497a 7f0808087f 00417f4100 2040413f01"
    "7f08142241 7f40404040 7f020c027f 7f0408107f 3e4141413e 7f09090906 3e4151215e 7f09192946 4649494931 01017f0101"
    "3f4040403f 1f2040201f 3f4038403f 6314081463 0708700807 6151494543 0000000000 2010080402 0808080808 0060600000"
    "0036360000 001c224100 0041221c00"
)
_DOTS: Final = {letter: _COLUMNS[5 * place : 5 * place + 5] for place, letter in enumerate(_DOTTED)}


def dotted(text: str) -> bool:
    """Whether an ink jet of 5 x 7 dots can write it."""
    return all(letter in _DOTS for letter in text)


def printed(rng: np.random.Generator, text: str, ink: str, pool: Pool) -> Grey:
    """A line of print, ink 0 on paper 255, about `EM_PX` high between ascender and descender.

    `ink` is one of `INKS`; what an ink jet's dots cannot write is printed in offset. Script is told by the text.

    Raises:
        FileNotFoundError: the system has no font at all.
    """
    if ink == "inkjet" and dotted(text):
        return _jetted(rng, text)
    page = _typed(text, _typeface(rng, pool, japanese=not text.isascii()))
    if ink == "laser":
        page = _powdered(rng, page)
    return _burnt(rng, page) if ink == "thermal" else page


def _typeface(rng: np.random.Generator, pool: Pool, *, japanese: bool) -> ImageFont.FreeTypeFont:
    """One that has letters, and letters that a reader of labels meets: no script hands."""
    while True:
        font = pool.font(rng, EM_PX, japanese=japanese)
        masks = {bytes(font.getmask(letter)) for letter in "A8\uffff"}
        if len(masks) == 3 and not any(word in (font.getname()[0] or "") for word in _SCRIPT_HANDS):
            return font


def _typed(text: str, font: ImageFont.FreeTypeFont) -> Grey:
    left, top, right, bottom = font.getbbox(text)
    page = Picture.new("L", (round(right - left) + 8, round(bottom - top) + 8), 255)
    ImageDraw.Draw(page).text((4 - left, 4 - top), text, 0, font)
    return np.asarray(page, np.uint8)


def _jetted(rng: np.random.Generator, text: str) -> Grey:
    """Round drops on a grid of 7 rows that wander a little, as on a moving box."""
    pitch = EM_PX // 8
    across = pitch * float(rng.uniform(0.85, 1.2))
    drop = pitch * float(rng.uniform(0.4, 0.62))
    page = np.full((9 * pitch, round(across * (6 * len(text) + 2)) + pitch, 1), 255, np.uint8)
    sway = rng.uniform(0, 0.25 * pitch)
    for place, letter in enumerate(text):
        for column, bits in enumerate(_DOTS[letter]):
            for row in range(7):
                if not bits >> row & 1 or rng.random() < 0.004:
                    continue
                x = (6 * place + column + 1.3) * across + rng.normal(0, 0.05 * pitch)
                y = (row + 1.2) * pitch + sway * np.sin(0.4 * place) + rng.normal(0, 0.06 * pitch)
                cv2.circle(page, (round(x), round(y)), max(2, round(drop * rng.uniform(0.9, 1.1))), 20, -1, cv2.LINE_AA)
    return np.asarray(page[..., 0], np.uint8)


def _powdered(rng: np.random.Generator, page: Grey) -> Grey:
    """A laser's toner: soft edges, grains missing."""
    soft = cv2.GaussianBlur(page, (0, 0), 1.5).astype(np.float32)
    grain = cv2.GaussianBlur(rng.standard_normal(page.shape, dtype=np.float32), (0, 0), 1.2) * 40
    return as_bytes(np.clip((soft + grain) / 255, 0, 1))


def _burnt(rng: np.random.Generator, page: Grey) -> Grey:
    """Thermal transfer: dots in rows of 8 to 12 a millimetre; here and there a dot of the head is dead, or wax is."""
    step = int(rng.integers(3, 6))
    small = cv2.resize(page, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    coarse = np.where(small < rng.uniform(110, 150), 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        coarse[int(rng.integers(coarse.shape[0]))] = 255
    speckled = rng.random(coarse.shape) < 0.01
    coarse[speckled] = 255
    return np.asarray(cv2.resize(coarse, (page.shape[1], page.shape[0]), interpolation=cv2.INTER_NEAREST), np.uint8)


def seen(
    rng: np.random.Generator, page: Grey, height_px: float, *, blur: float = 0.3, glare: float = 0.0, noise: float = 3.0
) -> npt.NDArray[np.uint8]:
    """A printed line as a camera shows it: BGR, its type `height_px` high, with some paper around it.

    `blur` is a Gaussian's sigma in pixels, `glare` a bright patch's strength (1 burns out), `noise` grey levels.
    """
    margin = round(0.35 * page.shape[0])
    paper = cv2.copyMakeBorder(page, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=255)
    scale = height_px / page.shape[0]
    # Drawn at twice the size first, so that blur and slant act on what the lens would see.
    field = f32(cv2.resize(paper, None, fx=2 * scale, fy=2 * scale, interpolation=cv2.INTER_AREA)) / np.float32(255)
    if blur:
        field = f32(cv2.GaussianBlur(field, (0, 0), 2 * blur))
    height, width = field.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.normal(0, 0.7)), 1.0)
    field = f32(cv2.warpAffine(field, turn, (width, height), borderValue=1.0))
    return exposed(rng, f32(cv2.resize(field, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)), glare, noise)


def exposed(rng: np.random.Generator, field: Field, glare: float, noise: float) -> npt.NDArray[np.uint8]:
    """Paper (1) and ink (0) as a camera writes them, BGR: uneven, tinted, noisy, JPEG; at times inverted."""
    rows, columns = field.shape
    ink, sheet = float(rng.uniform(0.05, 0.35)), float(rng.uniform(0.6, 0.95))
    if rng.random() < 0.12:
        ink, sheet = sheet, ink  # light on dark
    shade = 1 - float(rng.uniform(0, 0.3)) * ramp(rows, columns, float(rng.uniform(0, 360)))
    lit = f32((ink + (sheet - ink) * field) * shade)
    if glare:
        middle = (float(rng.uniform(0, columns)), float(rng.uniform(0, rows)))
        reach = min(rows, columns) * float(rng.uniform(0.2, 0.9))
        lit = f32(lit + glare * blob(rows, columns, middle, (reach, reach), 0.0))
    tint = np.array([rng.normal(1, 0.04), 1.0, rng.normal(1, 0.04)])
    shown = lit[..., None] * tint + rng.normal(0, noise / 255, (*lit.shape, 3))
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 95))]
    written, code = cv2.imencode(".jpg", as_bytes(np.clip(shown, 0, 1)), quality)
    if not written:
        raise RuntimeError(f"a picture of shape {shown.shape} could not be written as JPEG.")
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)


# --- What stands there ------------------------------------------------------------------------------------------------


def mixed(rng: np.random.Generator, shortest: int, longest: int, letters: str = LETTERS) -> str:
    """Letters and digits, mostly digits."""
    count = int(rng.integers(shortest, longest + 1))
    return "".join(
        str(rng.integers(10)) if rng.random() < 0.7 else letters[int(rng.integers(len(letters)))] for _ in range(count)
    )


_LABELLED: Final = (
    *("(21){s}", "SN {s}", "S/N {s}", "SN: {s}", "(10){b}", "LOT {b}", "LOT:{b}", "BATCH {b}", "EXP {d}", "EXP: {d}"),
    *("(17){y}", "(01){g}", "GTIN {g}", "{s}", "{b}", "USE BY {d}"),
)
_LABELLED_JA: Final = (
    *(
        "製造番号 {s}",
        "シリアル番号 {s}",
        "ロット {b}",
        "ロット番号:{b}",
        "使用期限 {d}",
        "使用期限:{j}",
        "有効期限 {d}",
    ),
    *("賞味期限 {j}", "製造記号 {b}", "{w}"),
)
_WORDS_JA: Final = (
    *("高級抹茶", "アルカリ乾電池", "急速充電ケーブル", "医薬品", "用法用量", "株式会社", "本品は", "保存方法 冷暗所"),
    *("内容量", "替刃", "化粧水", "製造販売元", "東京都港区", "原材料名", "ビタミン", "取扱説明書"),
)


def text(rng: np.random.Generator, *, japanese: bool = False) -> str:
    """What a line beside a symbol says."""
    form = (_LABELLED_JA if japanese else _LABELLED)[int(rng.integers(len(_LABELLED_JA if japanese else _LABELLED)))]
    year, month, day = int(rng.integers(2025, 2032)), int(rng.integers(1, 13)), int(rng.integers(1, 29))
    dates = (
        *(f"{year}-{month:02}-{day:02}", f"{year}-{month:02}", f"{year}/{month:02}", f"{month:02}/{year}"),
        *(f"{year}.{month:02}.{day:02}", f"{day:02}.{month:02}.{year}"),
    )
    return form.format(
        s=mixed(rng, 6, 14),
        b=mixed(rng, 4, 8),
        d=dates[int(rng.integers(len(dates)))],
        y=f"{year % 100:02}{month:02}{day:02}",
        g="".join(str(digit) for digit in rng.integers(0, 10, 14)),
        j=f"{year}年{month}月{day}日",
        w=_WORDS_JA[int(rng.integers(len(_WORDS_JA)))],
    )
