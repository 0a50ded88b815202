"""Package faces as designers make them: a photograph or collage, titles with effects, small print, badges, codes.

A face is a background and a stack of elements, so that an edited face can be composed with exact truth. Words and
makers are invented.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw

from models.drawn.fields import as_bytes, blob, f32, ramp, smooth

if TYPE_CHECKING:
    from models.drawn.pool import Pool
    from models.measurements import Image

_LATIN = [
    "NORDIC",
    "LUMEN",
    "VESTA",
    "ORBIT",
    "FABLE",
    "HARBOR",
    "SILVER",
    "CROWN",
    "THE",
    "AND",
    "OF",
    "A",
    "NIGHT",
    "RIVER",
    "EMBER",
    "COPPER",
    "ATLAS",
    "MERIDIAN",
    "PRIME",
    "Collection",
    "Special",
    "Edition",
    "Original",
    "Deluxe",
    "Extract",
    "Formula",
    "Advanced",
    "Daily",
    "Balance",
    "Soothing",
    "Cream",
    "Tablets",
    "Contains",
    "Distributed",
    "by",
    "Made",
    "in",
    "Keep",
    "out",
    "of",
    "reach",
    "Widescreen",
    "Disc",
    "Audio",
    "Version",
    "includes",
    "bonus",
    "never",
    "before",
    "seen",
    "features",
    "starring",
    "with",
    "music",
    "directed",
    "produced",
    "based",
    "on",
    "the",
    "best",
    "selling",
    "novel",
    "guaranteed",
    "authentic",
    "premium",
    "quality",
    "since",
    "net",
    "wt",
    "fl",
    "oz",
    "mg",
    "ml",
    "pieces",
    "lot",
    "best",
    "before",
    "see",
    "bottom",
    "warning",
    "serial",
    "verify",
    "seal",
    "broken",
    "if",
    "do",
    "not",
    "use",
]
_JAPANESE = (
    "東京北海道限定純正品質保証原材料名内容量製造者販売元使用上の注意開封後はお早めに"
    "高級緑茶薬用化粧水電池専用充電器おもちゃ対象年齢カメラレンズスニーカー時計香水新発売送料無料"
)


@dataclass(frozen=True, slots=True)
class Element:
    """One printed element: BGRA pixels with its top left corner on the face."""

    kind: str  # "title", "text", "cutout", "badge", "code", "hologram", "band"
    sprite: Image  # H x W x 4
    x: int
    y: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Artwork:
    """A face: a background, and elements from bottom to top."""

    background: Image
    elements: tuple[Element, ...]

    def picture(self) -> Image:
        """The printed face, H x W x 3 BGR."""
        face = self.background.copy()
        for element in self.elements:
            lay(face, element)
        return face

    def without(self, index: int) -> Artwork:
        """The same face with one element left out."""
        return replace(self, elements=self.elements[:index] + self.elements[index + 1 :])

    def changed(self, index: int, element: Element) -> Artwork:
        """The same face with one element replaced."""
        return replace(self, elements=(*self.elements[:index], element, *self.elements[index + 1 :]))


def lay(face: Image, element: Element) -> None:
    """Alpha-blend an element onto a face, in place; what reaches over the edge is cut off."""
    height, width = element.sprite.shape[:2]
    x0, y0 = max(0, element.x), max(0, element.y)
    x1, y1 = min(face.shape[1], element.x + width), min(face.shape[0], element.y + height)
    if x0 >= x1 or y0 >= y1:
        return
    sprite = element.sprite[y0 - element.y : y1 - element.y, x0 - element.x : x1 - element.x]
    cover = sprite[..., 3:].astype(np.float32) / 255
    spot = face[y0:y1, x0:x1]
    face[y0:y1, x0:x1] = (spot * (1 - cover) + sprite[..., :3] * cover + 0.5).astype(np.uint8)


def draw_artwork(rng: np.random.Generator, pool: Pool, height: int = 1000) -> Artwork:
    """Draw a face of `height` pixels; its width is 0.62 to 0.8 of that."""
    width = round(height * float(rng.uniform(0.62, 0.8)))
    elements = [_cutout(rng, pool, width, height) for _ in range(int(rng.poisson(1.6)))]
    elements += [_band(rng, width, height) for _ in range(int(rng.integers(0, 3)))]
    elements += [_title(rng, pool, width, height) for _ in range(int(rng.integers(1, 4)))]
    elements += [_small_print(rng, pool, width, height) for _ in range(int(rng.integers(1, 7)))]
    elements += [_badge(rng, pool, width, height) for _ in range(int(rng.poisson(1.2)))]
    if rng.random() < 0.3:
        elements.append(_code(rng, width, height))
    if rng.random() < 0.25:
        side = int(rng.integers(40, 130))
        elements.append(_at_random(rng, "hologram", hologram(rng, side), width, height))
    return Artwork(_background(rng, pool, width, height), tuple(elements))


def words(rng: np.random.Generator, count: int, *, japanese: bool = False) -> str:
    """Invented words; Japanese ones are runs of common characters."""
    if japanese:
        start = int(rng.integers(0, len(_JAPANESE) - 8))
        return _JAPANESE[start : start + int(rng.integers(2, 8))]
    return " ".join(_LATIN[int(rng.integers(len(_LATIN)))] for _ in range(count))


def text_sprite(
    rng: np.random.Generator, pool: Pool, text: str, size_px: int, *, plain: bool, japanese: bool = False
) -> Image:
    """Text as BGRA, with effects (gradient, outline, shadow) unless `plain`."""
    font = pool.font(rng, size_px, japanese=japanese)
    stroke = int(rng.integers(1, max(2, size_px // 12))) if not plain and rng.random() < 0.4 else 0
    left, top, right, bottom = font.getbbox(text, stroke_width=stroke)
    margin = 4 + size_px // 8
    size = (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin)
    mask, rim = (PilImage.new("L", size) for _ in range(2))
    origin = (margin - left, margin - top)
    ImageDraw.Draw(mask).text(origin, text, 255, font)
    fill = f32(np.asarray(mask, np.float32) / 255)
    colour = _ink(rng)
    paint = np.broadcast_to(colour, (*fill.shape, 3)).astype(np.float32)
    if not plain and rng.random() < 0.4:
        slope = ramp(fill.shape[0], fill.shape[1], 90)[..., None]
        paint = f32(paint * (1 - slope) + _ink(rng) * slope)
    cover = fill
    if stroke:
        ImageDraw.Draw(rim).text(origin, text, 255, font, stroke_width=stroke, stroke_fill=255)
        edge = f32(np.asarray(rim, np.float32) / 255)
        paint = f32(paint * fill[..., None] + _ink(rng) * (1 - fill[..., None]))
        cover = f32(np.maximum(edge, fill))
    if not plain and rng.random() < 0.35:
        shift = max(1, size_px // 20)
        shadow = np.roll(cv2.GaussianBlur(cover, (0, 0), max(0.6, size_px / 25)), (shift, shift), (0, 1)) * 0.8
        paint = f32(paint * cover[..., None])
        cover = f32(cover + shadow * (1 - cover))
        paint = f32(paint / np.maximum(cover[..., None], 1e-3))
    return np.dstack([np.clip(paint, 0, 255).astype(np.uint8), as_bytes(f32(cover))])


def hologram(rng: np.random.Generator, side: int) -> Image:
    """A foil seal, BGRA: rainbow rings, rays or a grid, as one view shows it."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    rings, rays = rng.uniform(0, 14), int(rng.integers(0, 9))
    phase = rings * radius + rays * angle / (2 * np.pi) + rng.uniform(0, 3) * x + rng.uniform(0, 1)
    hue = np.asarray(((phase * rng.uniform(0.5, 1.5)) % 1.0) * 179, np.uint8)
    value = np.asarray(np.clip(150 + 90 * np.cos(phase * 2 * np.pi * rng.uniform(0.5, 2)), 40, 255), np.uint8)
    saturation = np.full_like(hue, int(rng.integers(40, 200)))
    colours = cv2.cvtColor(np.dstack([hue, saturation, value]), cv2.COLOR_HSV2BGR)
    inside = (radius < 0.97) if rng.random() < 0.7 else (np.maximum(abs(x), abs(y)) < 0.97)
    cover = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.8) * float(rng.uniform(0.75, 1.0))
    return np.dstack([np.asarray(colours, np.uint8), as_bytes(f32(cover))])


def graded(rng: np.random.Generator, picture: Image) -> Image:
    """A designer's colour grade: contrast, tint, saturation, darkening."""
    values = f32(picture) / 255
    grey = values.mean(2, keepdims=True)
    values = grey + (values - grey) * float(rng.uniform(0.0 if rng.random() < 0.1 else 0.5, 1.6))
    values = (values - 0.5) * float(rng.uniform(0.6, 1.5)) + 0.5 + float(rng.normal(0, 0.12))
    if rng.random() < 0.5:
        tint = rng.uniform(0.5, 1.3, 3)
        values = values * tint
    return as_bytes(f32(np.clip(values, 0, 1)))


def filled(picture: Image, width: int, height: int, rng: np.random.Generator) -> Image:
    """A random part of the picture that fills `width` x `height`."""
    rows, columns = picture.shape[:2]
    scale = max(width / columns, height / rows) * float(rng.uniform(1.0, 1.8))
    big = cv2.resize(picture, (max(width, round(columns * scale)), max(height, round(rows * scale))))
    x = int(rng.integers(0, big.shape[1] - width + 1))
    y = int(rng.integers(0, big.shape[0] - height + 1))
    part = big[y : y + height, x : x + width]
    return np.ascontiguousarray(part[:, ::-1] if rng.random() < 0.5 else part)


def _ink(rng: np.random.Generator) -> Image:
    """A colour as designers choose them: often near black or white, else anything."""
    dice = rng.random()
    if dice < 0.25:
        return np.asarray(rng.uniform(215, 255, 3), np.uint8)
    if dice < 0.4:
        return np.asarray(rng.uniform(0, 45, 3), np.uint8)
    hsv = np.array([[[rng.uniform(0, 180), rng.uniform(60, 255), rng.uniform(60, 255)]]], np.uint8)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0], np.uint8)


def _background(rng: np.random.Generator, pool: Pool, width: int, height: int) -> Image:
    dice = rng.random()
    if dice < 0.2:  # plain or two-tone
        slope = ramp(height, width, float(rng.uniform(0, 360)))[..., None]
        base = f32(_ink(rng)) * (1 - slope) + f32(_ink(rng)) * slope
        return as_bytes(f32(base / 255))
    picture = graded(rng, filled(_sharp_photo(rng, pool), width, height, rng))
    for _ in range(int(rng.integers(0, 4)) if dice > 0.45 else 0):  # a collage
        other = graded(rng, filled(_sharp_photo(rng, pool), width, height, rng))
        if rng.random() < 0.5:
            hardness = float(rng.uniform(3, 30))
            mask = np.clip((smooth(rng, height, width, height / 2, width / 2) - 0.5) * hardness + 0.5, 0, 1)
        else:
            centre = (float(rng.uniform(0, width)), float(rng.uniform(0, height)))
            radii = (float(rng.uniform(0.1, 0.5) * width), float(rng.uniform(0.1, 0.5) * height))
            mask = np.clip(blob(height, width, centre, radii, float(rng.uniform(0, 180))) * 2.5 - 0.6, 0, 1)
        picture = (picture * (1 - mask[..., None]) + other * mask[..., None]).astype(np.uint8)
    if rng.random() < 0.5:  # darker towards an edge, as titles need it
        shade = 1 - float(rng.uniform(0.2, 0.95)) * ramp(height, width, float(rng.choice([90, 270, 0, 180]))) ** 2
        picture = (picture * shade[..., None]).astype(np.uint8)
    if rng.random() < 0.4:  # grain and texture of the artwork itself
        fine = f32(rng.normal(0, float(rng.uniform(2, 14)), (height, width, 1)))
        if rng.random() < 0.5:
            fine = f32(cv2.GaussianBlur(fine, (0, 0), float(rng.uniform(0.5, 2)))[..., None] * 2)
        picture = np.clip(picture + fine, 0, 255).astype(np.uint8)
    return picture


def _sharp_photo(rng: np.random.Generator, pool: Pool) -> Image:
    """A photograph of at least 600 px: small ones are laid side by side rather than enlarged."""
    picture = pool.photo(rng)
    if min(picture.shape[:2]) >= 500 or rng.random() < 0.15:
        return picture
    rows = [np.hstack([_square(pool.photo(rng)) for _ in range(2)]) for _ in range(3)]
    return np.vstack(rows)


def _square(picture: Image) -> Image:
    side = min(picture.shape[:2])
    part = picture[:side, :side] if side < 500 else picture[:: max(1, side // 400), :: max(1, side // 400)][:400, :400]
    return np.asarray(cv2.resize(part, (348, 348), interpolation=cv2.INTER_AREA), np.uint8)


def _at_random(
    rng: np.random.Generator, kind: str, sprite: Image, width: int, height: int, *, text: str = ""
) -> Element:
    x = int(rng.integers(-sprite.shape[1] // 8, max(1, width - sprite.shape[1] * 7 // 8)))
    y = int(rng.integers(0, max(1, height - sprite.shape[0])))
    return Element(kind, sprite, x, y, text)


def _cutout(rng: np.random.Generator, pool: Pool, width: int, height: int) -> Element:
    sprite = pool.cutout(rng)
    scale = float(rng.uniform(0.1, 0.7)) * width / max(sprite.shape[:2])
    small = cv2.resize(
        sprite, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    colours = graded(rng, np.ascontiguousarray(small[..., :3])) if rng.random() < 0.6 else small[..., :3]
    return _at_random(rng, "cutout", np.dstack([colours, small[..., 3]]), width, height)


def _band(rng: np.random.Generator, width: int, height: int) -> Element:
    deep = int(rng.uniform(0.02, 0.12) * height)
    sprite = np.empty((deep, width, 4), np.uint8)
    sprite[..., :3] = _ink(rng)
    sprite[..., 3] = 255 if rng.random() < 0.6 else int(rng.integers(90, 255))
    top = int(rng.choice([0, height - deep, int(rng.integers(0, height - deep))]))
    return Element("band", sprite, 0, top)


def _title(rng: np.random.Generator, pool: Pool, width: int, height: int) -> Element:
    japanese = bool(rng.random() < 0.2)
    text = words(rng, int(rng.integers(1, 3)), japanese=japanese)
    size = int(rng.uniform(0.04, 0.13) * height)
    sprite = text_sprite(rng, pool, text.upper() if rng.random() < 0.5 else text, size, plain=False, japanese=japanese)
    if sprite.shape[1] > width * 0.95:
        scale = width * 0.95 / sprite.shape[1]
        sprite = np.asarray(cv2.resize(sprite, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    if rng.random() < 0.15:
        sprite = np.ascontiguousarray(np.rot90(sprite))
    return _at_random(rng, "title", sprite, width, height, text=text)


def _small_print(rng: np.random.Generator, pool: Pool, width: int, height: int) -> Element:
    japanese = bool(rng.random() < 0.2)
    size = int(rng.uniform(0.011, 0.035) * height)
    text = words(rng, int(rng.integers(2, 8)), japanese=japanese)
    sprite = text_sprite(rng, pool, text, size, plain=True, japanese=japanese)[:, : int(width * 0.95)]
    return _at_random(rng, "text", np.ascontiguousarray(sprite), width, height, text=text)


def _badge(rng: np.random.Generator, pool: Pool, width: int, height: int) -> Element:
    rows = int(rng.uniform(0.03, 0.12) * height)
    columns = int(rows * rng.uniform(1, 3))
    sprite = np.zeros((rows, columns, 4), np.uint8)
    colour = [*(int(v) for v in _ink(rng)), 255]
    if rng.random() < 0.5:
        cv2.ellipse(
            sprite, (columns // 2, rows // 2), (columns // 2 - 2, rows // 2 - 2), 0, 0, 360, colour, -1, cv2.LINE_AA
        )
    else:
        sprite[1:-1, 1:-1] = colour
    text = text_sprite(rng, pool, words(rng, 1).upper()[:8], max(8, int(rows * 0.5)), plain=True)
    scale = min(1.0, columns * 0.8 / text.shape[1])
    text = np.asarray(cv2.resize(text, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    colours = np.ascontiguousarray(sprite[..., :3])
    lay(colours, Element("text", text, (columns - text.shape[1]) // 2, (rows - text.shape[0]) // 2))
    return _at_random(rng, "badge", np.dstack([colours, sprite[..., 3]]), width, height)


def _code(rng: np.random.Generator, width: int, height: int) -> Element:
    """A bar pattern on white, not a readable code: the face net must not learn symbols by heart."""
    bars = np.repeat(rng.integers(0, 2, 60) * 255, int(rng.integers(1, 4))).astype(np.uint8)
    rows = int(rng.uniform(0.04, 0.1) * height)
    sprite = np.full((rows + 12, bars.size + 20, 4), 255, np.uint8)
    sprite[6:-6, 10:-10, :3] = bars[None, :, None]
    return _at_random(rng, "code", sprite, width, height)
