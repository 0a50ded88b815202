"""Edits of a face with their exact masks: what a counterfeit's artwork changes, at graded severity.

Every edit takes a picture (uint8 BGR) and returns an edited copy and a mask (uint8, 255 where something changed). They
work on any picture, printed or photographed, because real registered faces are photographs themselves. `sham` passes
a picture through the same machinery and changes nothing that a person would see.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from models.drawn.artwork import hologram, text_sprite, words
from models.drawn.fields import f32, smooth


@dataclass(frozen=True)
class Edit:
    """An edited picture, where it changed and what kind of change it is."""

    picture: np.ndarray
    mask: np.ndarray
    kind: str
    channel: str  # "structure" or "colour"


def _window(rng, picture, low, high, *, slim=False):
    """A random window of low..high of the width; text-like windows are slim."""
    height, width = picture.shape[:2]
    w = int(width * np.exp(rng.uniform(np.log(low), np.log(high))))
    ratio = rng.uniform(0.1, 0.35) if slim else np.exp(rng.uniform(np.log(0.25), np.log(1.6)))
    h = int(np.clip(w * ratio, 10, height * 0.6))
    w = int(np.clip(w, 10, width - 4))
    # Where there is something to see: of six windows the one with most detail wins half of the time.
    tries = [(int(rng.integers(0, width - w)), int(rng.integers(0, height - h))) for _ in range(6)]
    if rng.random() < 0.75:
        tries.sort(key=lambda p: -float(picture[p[1] : p[1] + h, p[0] : p[0] + w].std()))
    x, y = tries[0]
    return x, y, w, h


def _element(rng, picture, window):
    """The thing in a window: pixels that stand out from the window's surroundings, as a 0/255 mask of the window.

    A quarter of the windows is taken whole: an image editor's marquee.
    """
    x, y, w, h = window
    if rng.random() < 0.25:
        return np.full((h, w), 255, np.uint8)
    patch = f32(picture[y : y + h, x : x + w])
    rim = np.concatenate([patch[0], patch[-1], patch[:, 0], patch[:, -1]])
    base = np.median(rim, 0)
    apart = np.abs(patch - base).max(2)
    limit = max(18.0, float(np.quantile(apart, rng.uniform(0.4, 0.8))))
    mask = (apart > limit).astype(np.uint8) * 255
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    if rng.random() < 0.25 or not 0.03 < mask.mean() / 255 < 0.85:
        mask[:] = 0
        cv2.ellipse(mask, (w // 2, h // 2), (max(2, w // 2 - 2), max(2, h // 2 - 2)), 0, 0, 360, 255, -1)
    return mask


def _erased(rng, picture, mask, window):
    """The picture with the masked thing of a window painted over from around it."""
    x, y, w, h = window
    pad = 14
    y0, y1, x0, x1 = (
        max(0, y - pad),
        min(picture.shape[0], y + h + pad),
        max(0, x - pad),
        min(picture.shape[1], x + w + pad),
    )
    whole = np.zeros(picture.shape[:2], np.uint8)
    whole[y : y + h, x : x + w] = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    part, hole = picture[y0:y1, x0:x1], whole[y0:y1, x0:x1]
    out = picture.copy()
    if rng.random() < 0.6:
        out[y0:y1, x0:x1] = cv2.inpaint(part, hole, 4, cv2.INPAINT_TELEA)
    else:  # from far around, as a clone tool does
        keep = (255 - hole).astype(np.float32)[..., None] / 255
        sigma = max(w, h) / 4 + 2
        spread = cv2.GaussianBlur(part * keep, (0, 0), sigma)
        weight = cv2.GaussianBlur(keep, (0, 0), sigma)
        fill = spread / np.maximum(weight[..., None] if weight.ndim == 2 else weight, 1e-3)
        noise = rng.normal(0, rng.uniform(0, 4), fill.shape)
        out[y0:y1, x0:x1] = np.clip(part * keep + (fill + noise) * (1 - keep), 0, 255)
    return out


def _paste(picture, sprite, alpha, x, y):
    """Blend a sprite (h x w x 3) with alpha (0..1) onto a copy at x, y; returns the copy and the covered mask."""
    out = picture.copy()
    h, w = alpha.shape
    x0, y0, x1, y1 = max(0, x), max(0, y), min(picture.shape[1], x + w), min(picture.shape[0], y + h)
    mask = np.zeros(picture.shape[:2], np.uint8)
    if x0 >= x1 or y0 >= y1:
        return out, mask
    a = alpha[y0 - y : y1 - y, x0 - x : x1 - x, None]
    out[y0:y1, x0:x1] = out[y0:y1, x0:x1] * (1 - a) + sprite[y0 - y : y1 - y, x0 - x : x1 - x] * a
    mask[y0:y1, x0:x1] = (a[..., 0] > 0.2) * 255
    return out, mask


def _feathered(mask):
    return cv2.GaussianBlur(mask, (0, 0), 0.9).astype(np.float32) / 255


def moved(rng, picture, severity, pool):
    """An element a few pixels, or far, from its place."""
    window = x, y, w, h = _window(rng, picture, 0.08, 0.55, slim=rng.random() < 0.6)
    mask = _element(rng, picture, window)
    reach = max(3.0, picture.shape[1] * (0.006 + 0.05 * severity) * rng.uniform(0.7, 1.5))
    angle = rng.uniform(0, 2 * np.pi)
    sprite = picture[y : y + h, x : x + w].copy()
    out, there = _paste(
        _erased(rng, picture, mask, window),
        sprite,
        _feathered(mask),
        x + round(reach * np.cos(angle)),
        y + round(reach * np.sin(angle)),
    )
    here = np.zeros_like(there)
    here[y : y + h, x : x + w] = mask
    return Edit(out, here | there, "moved", "structure")


def scaled(rng, picture, severity, pool):
    """An element larger, smaller, slanted or stretched: also how another font looks."""
    window = x, y, w, h = _window(rng, picture, 0.1, 0.65, slim=rng.random() < 0.7)
    mask = _element(rng, picture, window)
    amount = 0.04 + 0.25 * severity * rng.uniform(0.7, 1.4)
    sx = 1 + amount * rng.choice([-1, 1])
    sy = sx if rng.random() < 0.5 else 1 + amount * rng.choice([-1, 0, 1])
    slant = rng.choice([0, 0, 1, -1]) * amount
    turn = np.float32([[sx, slant, (1 - sx) * w / 2 - slant * h / 2], [0, sy, (1 - sy) * h / 2]])
    pad = int(0.35 * max(w, h)) + 2
    turn[:, 2] += pad - turn[:, :2] @ np.float32([pad, pad]) + turn[:, :2] @ np.float32([pad, pad]) - 0
    size = (w + 2 * pad, h + 2 * pad)
    sprite = cv2.warpAffine(
        picture[y : y + h, x : x + w], turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    cover = cv2.warpAffine(mask, turn, size)
    if rng.random() < 0.3:  # bolder or lighter letters
        kernel = np.ones((3, 3), np.uint8)
        cover = cv2.dilate(cover, kernel) if rng.random() < 0.5 else cover
    out, there = _paste(_erased(rng, picture, mask, window), sprite, _feathered(cover), x - pad, y - pad)
    here = np.zeros_like(there)
    here[y : y + h, x : x + w] = mask
    return Edit(out, here | there, "scaled", "structure")


def missing(rng, picture, severity, pool):
    """An element that is not there."""
    window = x, y, w, h = _window(rng, picture, 0.06 + 0.08 * severity, 0.2 + 0.3 * severity, slim=rng.random() < 0.5)
    mask = _element(rng, picture, window)
    here = np.zeros(picture.shape[:2], np.uint8)
    here[y : y + h, x : x + w] = mask
    return Edit(_erased(rng, picture, mask, window), here, "missing", "structure")


def added(rng, picture, severity, pool):
    """Something that was not there: a piece of another picture, a cut-out, a text."""
    dice = rng.random()
    if dice < 0.35:
        w = int(picture.shape[1] * rng.uniform(0.06 + 0.06 * severity, 0.15 + 0.25 * severity))
        h = max(8, int(w * np.exp(rng.uniform(-1.8, 0.3))))
        source = picture if rng.random() < 0.5 else pool.photo(rng)
        source = source if min(source.shape[:2]) > max(w, h) + 1 else cv2.resize(source, (w + 60, h + 60))
        x, y = int(rng.integers(0, source.shape[1] - w)), int(rng.integers(0, source.shape[0] - h))
        sprite, alpha = source[y : y + h, x : x + w].copy(), np.ones((h, w), np.float32)
        if rng.random() < 0.3:
            sprite[:] = rng.uniform(0, 255, 3)
    elif dice < 0.7:
        size = int(picture.shape[0] * rng.uniform(0.012 + 0.01 * severity, 0.025 + 0.06 * severity))
        bgra = text_sprite(rng, pool, words(rng, int(rng.integers(1, 3))), max(9, size), plain=bool(rng.random() < 0.5))
        sprite, alpha = bgra[..., :3], f32(bgra[..., 3]) / 255
    else:
        bgra = pool.cutout(rng)
        scale = picture.shape[1] * rng.uniform(0.06 + 0.06 * severity, 0.15 + 0.2 * severity) / max(bgra.shape[:2])
        bgra = resized(bgra, scale)
        sprite, alpha = bgra[..., :3], f32(bgra[..., 3]) / 255
    x = int(rng.integers(0, max(1, picture.shape[1] - alpha.shape[1])))
    y = int(rng.integers(0, max(1, picture.shape[0] - alpha.shape[0])))
    out, mask = _paste(picture, sprite, alpha, x, y)
    return Edit(out, mask, "added", "structure")


def retexted(rng, picture, severity, pool):
    """Changed letters: slices of a line swapped or replaced."""
    x, y, w, h = _window(rng, picture, 0.12, 0.6, slim=True)
    out, mask = picture.copy(), np.zeros(picture.shape[:2], np.uint8)
    step = max(6, int(h * rng.uniform(0.5, 0.9)))
    slots = max(2, w // step)
    for _ in range(1 + int(severity * 4)):
        a, b = (int(v) for v in rng.integers(0, slots, 2))
        xa, xb = x + a * step, x + b * step
        wide = min(step, picture.shape[1] - max(xa, xb))
        if a == b or wide < 4:
            continue
        alpha = np.ones((h, wide), np.float32)
        alpha = cv2.GaussianBlur(cv2.copyMakeBorder(alpha[1:-1, 1:-1], 1, 1, 1, 1, cv2.BORDER_CONSTANT), (0, 0), 0.8)
        sprite = picture[y : y + h, xb : xb + wide].copy()
        out, there = _paste(out, sprite, alpha, xa, y)
        mask |= there
    return Edit(out, mask, "text", "structure")


def resized(sprite, scale):
    """A sprite times `scale`, a pixel wide and high at least: a long word in a slim place is thinner than that."""
    size = tuple(max(1, round(side * scale)) for side in sprite.shape[1::-1])
    return cv2.resize(sprite, size, interpolation=cv2.INTER_AREA)


def rewritten(rng, picture, severity, pool):
    """A line painted over and set again in another font, of about the same height and ink."""
    window = x, y, w, h = _window(rng, picture, 0.12, 0.6, slim=True)
    mask = _element(rng, picture, window)
    patch = picture[y : y + h, x : x + w]
    ink = patch[mask > 0].mean(0) if (mask > 0).any() and (mask == 0).any() else rng.uniform(0, 255, 3)
    bgra = text_sprite(rng, pool, words(rng, int(rng.integers(1, 4))), max(9, round(h * 0.8)), plain=True)
    scale = min(w / bgra.shape[1], h / bgra.shape[0]) if severity < 0.7 else h / bgra.shape[0]
    bgra = resized(bgra, scale)
    sprite = np.broadcast_to(np.asarray(ink, np.uint8), (*bgra.shape[:2], 3))
    whole = np.full_like(mask, 255) if rng.random() < 0.6 else mask
    out, there = _paste(_erased(rng, picture, whole, window), sprite, f32(bgra[..., 3]) / 255, x, y)
    here = np.zeros_like(there)
    here[y : y + h, x : x + w] = whole
    return Edit(out, here | there, "font", "structure")


def resealed(rng, picture, severity, pool):
    """A hologram where the other face has none."""
    side = int(picture.shape[1] * (0.05 + 0.12 * severity) * rng.uniform(0.8, 1.3))
    bgra = hologram(rng, max(14, side))
    x, y = int(rng.integers(0, picture.shape[1] - side)), int(rng.integers(0, picture.shape[0] - side))
    out, mask = _paste(picture, bgra[..., :3], f32(bgra[..., 3]) / 255, x, y)
    return Edit(out, mask, "hologram", "structure")


def relabelled(rng, picture, severity, pool):
    """A rectangle covered with another label."""
    w = int(picture.shape[1] * (0.08 + 0.16 * severity) * rng.uniform(0.8, 1.4))
    h = max(12, int(w * rng.uniform(0.3, 0.9)))
    dice = rng.random()
    label = np.full((h, w, 3), rng.uniform(150, 255), np.uint8) if dice < 0.5 else cv2.resize(pool.photo(rng), (w, h))
    if dice < 0.5:
        bgra = text_sprite(rng, pool, words(rng, 2), max(9, h // 3), plain=True)
        bgra = bgra[:h, :w]
        a = f32(bgra[..., 3:]) / 255
        label[: bgra.shape[0], : bgra.shape[1]] = label[: bgra.shape[0], : bgra.shape[1]] * (1 - a) + bgra[..., :3] * a
    x, y = int(rng.integers(0, picture.shape[1] - w)), int(rng.integers(0, max(1, picture.shape[0] - h)))
    alpha = np.ones((h, w), np.float32)
    if rng.random() < 0.3:  # a badge
        alpha[:] = 0
        cv2.ellipse(alpha, (w // 2, h // 2), (w // 2 - 1, h // 2 - 1), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    out, mask = _paste(picture, label, alpha, x, y)
    return Edit(out, mask, "label", "structure")


def recoloured(rng, picture, severity, pool):
    """Another ink: hue, saturation or lightness of a region (box, ellipse, colour class) or nearly the whole face."""
    height, width = picture.shape[:2]
    dice = rng.random()
    mask = np.zeros((height, width), np.float32)
    if dice < 0.4:
        x, y, w, h = _window(rng, picture, 0.2, 0.8)
        mask[y : y + h, x : x + w] = 1
    elif dice < 0.6:
        centre = (int(rng.uniform(0.1, 0.9) * width), int(rng.uniform(0.1, 0.9) * height))
        axes = (int(rng.uniform(0.1, 0.4) * width), int(rng.uniform(0.08, 0.3) * height))
        cv2.ellipse(mask, centre, axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
    elif dice < 0.9:  # everything of about one colour
        seed = picture[int(rng.integers(height)), int(rng.integers(width))].astype(np.float32)
        apart = np.abs(f32(cv2.GaussianBlur(picture, (0, 0), 2)) - seed).max(2)
        mask = np.clip(2 - apart / rng.uniform(20, 45), 0, 1).astype(np.float32)
        if not 0.01 < mask.mean() < 0.7:
            mask[: height // 2] = 1
    else:
        mask = np.clip(smooth(rng, height, width, height / 2, width / 2) * 4 - 1.4, 0, 1)
    if rng.random() < 0.5:
        mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.7, 6))
    hsv = f32(cv2.cvtColor(picture, cv2.COLOR_BGR2HSV))
    hue, saturation, value = rng.normal(0, 1, 3)
    if rng.random() < 0.5:
        hue, saturation, value = np.eye(3)[int(rng.integers(3))] * rng.choice([-1, 1])
    amount = 0.25 + 0.75 * severity
    hsv[..., 0] = (hsv[..., 0] + hue * 28 * amount) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * np.exp(np.clip(saturation, -2, 2) * 0.55 * amount), 0, 255)
    hsv[..., 2] = np.clip(hsv[..., 2] * np.exp(np.clip(value, -2, 2) * 0.35 * amount), 0, 255)
    other = f32(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR))
    out = (picture * (1 - mask[..., None]) + other * mask[..., None] + 0.5).astype(np.uint8)
    seen = np.abs(f32(out) - picture).max(2) > 7
    seen = cv2.morphologyEx(seen.astype(np.uint8) * 255, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return Edit(
        out, cv2.dilate(seen, np.ones((5, 5), np.uint8)) & (mask > 0.3).astype(np.uint8) * 255, "colour", "colour"
    )


EDITS = (moved, scaled, missing, added, retexted, rewritten, resealed, relabelled, recoloured)
WEIGHTS = (1.3, 1.4, 1.4, 1.0, 0.9, 0.8, 0.6, 0.7, 1.4)


def edited(rng, picture, severity, pool) -> Edit:
    """One edit of a random kind. The mask keeps only what is visibly changed."""
    weights = np.array(WEIGHTS) / sum(WEIGHTS)
    edit = EDITS[int(rng.choice(len(EDITS), p=weights))](rng, picture, severity, pool)
    return seen(picture, edit)


def seen(picture, edit) -> Edit:
    """The edit with a mask of what is visibly changed. An edit of colour keeps its own."""
    if edit.channel != "structure":
        return edit
    apart = cv2.GaussianBlur(f32(edit.picture) - f32(picture), (0, 0), 1.0)
    shown = (np.abs(apart).max(2) > 9).astype(np.uint8) * 255
    mask = cv2.dilate(shown, np.ones((9, 9), np.uint8)) & cv2.dilate(edit.mask, np.ones((7, 7), np.uint8))
    return Edit(edit.picture, mask, edit.kind, edit.channel)


def sham(rng, picture, pool):
    """The edit machinery without an edit: erased and restored, pasted over itself, re-encoded or softened a little."""
    window = x, y, w, h = _window(rng, picture, 0.08, 0.6)
    mask = _element(rng, picture, window)
    out = picture.copy()
    dice = rng.random()
    part = picture[y : y + h, x : x + w]
    if dice < 0.35:
        grain = part + rng.normal(0, rng.uniform(0.5, 3), part.shape)
        out, _ = _paste(
            _erased(rng, picture, mask, window),
            np.clip(grain, 0, 255).astype(np.uint8),
            _feathered(np.full_like(mask, 255)),
            x,
            y,
        )
    elif dice < 0.6:
        _, code = cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 95))])
        out[y : y + h, x : x + w] = cv2.imdecode(code, cv2.IMREAD_COLOR)
    elif dice < 0.8:
        out[y : y + h, x : x + w] = cv2.GaussianBlur(part, (0, 0), rng.uniform(0.3, 0.7))
    else:
        shift = np.float32([[1, 0, rng.uniform(-0.7, 0.7)], [0, 1, rng.uniform(-0.7, 0.7)]])
        out[y : y + h, x : x + w] = cv2.warpAffine(part, shift, (w, h), borderMode=cv2.BORDER_REPLICATE)
    return out
