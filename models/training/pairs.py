"""Pairs of photographed faces with the truth: what the net is trained on.

A pair = a registered face (itself a rectified photograph) and a rectified capture of the same artwork by another
camera, with harmless variation on both, and edits: on the registered photograph, on the print, or on the capture as a
bad reprint shows in it. Targets are maps at a quarter of the resolution. All lengths are pixels of the long side 768.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.drawn.artwork import Artwork, draw_artwork, filled, text_sprite
from models.drawn.conditions import Conditions
from models.drawn.fields import f32, smooth
from models.drawn.prints import FAULTS, batch
from models.drawn.recapture import recapture
from models.tone import matched
from models.training import edits

if TYPE_CHECKING:
    from models.drawn.pool import Pool

LONG_SIDE = 768
STRIDE = 4
WHITE_APART = 40  # grey levels between two sides of which one is burnt out, from which the light is to blame
CHANNELS = ("structure", "colour", "print", "unusable", "ignore")
_WHOLE_BLUR = ("reprint_blur", "lowres_reprint")  # over a whole face these look like a soft camera


@dataclass(frozen=True)
class Pair:
    """A registered face and a capture in its frame, tone matched, with maps (rows x columns x 5, 0..255)."""

    face: np.ndarray
    capture: np.ndarray
    targets: np.ndarray
    kinds: tuple[str, ...]
    severity: float


@dataclass(frozen=True)
class Scene:
    """An artwork, its print and its registered photograph: several captures may be drawn against it."""

    artwork: Artwork
    original: np.ndarray
    face: np.ndarray
    clear: np.ndarray
    size: tuple[int, int]


def draw_scene(rng: np.random.Generator, pool: Pool, *, bench: bool = False) -> Scene:
    """An artwork and its registered photograph: a careful picture, often under film. `bench`: as at a lit bench."""
    artwork = draw_artwork(rng, pool, int(rng.integers(800, 1050)))
    original = artwork.picture()
    height, width = original.shape[:2]
    size = (round(width * LONG_SIDE / height / 8) * 8, LONG_SIDE)
    face, clear = _photo(
        rng, _edges(rng, original), pool, size, _conditions(rng, "registered", bench=bench), wobble=0.15
    )
    return Scene(artwork, original, face, clear, size)


def draw_pair(
    rng: np.random.Generator,
    pool: Pool,
    scene: Scene | None = None,
    *,
    share_edited: float = 0.72,
    bench: bool = False,
) -> Pair:
    """One pair. `share_edited` of them carry edits. `bench`: photographed as at a lit bench, for calibration."""
    scene = scene or draw_scene(rng, pool, bench=bench)
    artwork, original, face, clear_face, size = scene.artwork, scene.original, scene.face, scene.clear, scene.size
    masks = {name: np.zeros((LONG_SIDE, size[0]), np.uint8) for name in ("structure", "colour", "print", "ignore")}
    kinds: list[str] = []
    severity = float(rng.beta(1.1, 1.3))
    plan = _plan(rng, share_edited)
    shown = batch(rng, original)

    if "print_edit" in plan:
        shown = _print_edit(rng, shown, artwork, pool, severity, masks, kinds, size)
    if "print_fault" in plan:
        shown = _faulted(rng, shown, np.eye(3), severity, masks, kinds, original.shape[:2], size)
    shown = _edges(rng, shown)
    if rng.random() < 0.06 and not bench:
        shown = _sticker(rng, shown, pool, masks, size)
    hidden = np.zeros((LONG_SIDE, size[0]), np.uint8)
    if rng.random() < (0.03 if bench else 0.15):
        shown = _reached_over(rng, shown, pool, hidden)

    for _ in range(plan.count("photo_edit")):
        edit = edits.edited(rng, face, severity, pool)
        face = edit.picture
        masks[edit.channel] |= edit.mask
        kinds.append(edit.kind)
    if rng.random() < 0.12:
        face = edits.sham(rng, face, pool)
    if rng.random() < 0.5:
        face = _jpeg(face, int(rng.integers(70, 96)))

    fault = (severity, masks, kinds) if "photo_fault" in plan else None
    wobble = float(rng.exponential(0.45)) + 0.15
    capture, clear_capture = _photo(
        rng, shown, pool, size, _conditions(rng, "capture", bench=bench), wobble=wobble, fault=fault
    )
    clear = np.minimum(np.minimum(clear_face, clear_capture), 255 - hidden)
    burnt = np.maximum(_burnt(face), _burnt(capture))
    usable = ((clear > 120) & (burnt == 0)).astype(np.uint8) * 255
    capture = matched(capture, face, usable if rng.random() < 0.5 else None)
    # White on both sides is white print. White on one side only, where nothing was edited, is light.
    apart = np.abs(capture.astype(np.int16) - face).max(2) > WHITE_APART
    light = ((burnt > 0) & apart & (np.maximum(masks["structure"], masks["colour"]) == 0)).astype(np.uint8)
    clear[cv2.morphologyEx(light, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8)) > 0] = 0  # not the rims of white letters
    targets = [masks["structure"], masks["colour"], masks["print"], 255 - clear, masks["ignore"]]
    small = [cv2.resize(m, (size[0] // STRIDE, LONG_SIDE // STRIDE), interpolation=cv2.INTER_AREA) for m in targets]
    return Pair(face, capture, np.dstack(small), tuple(kinds), severity)


def _burnt(picture):
    """255 where a camera clipped all three channels: what was there is in no picture."""
    white = (picture.min(2) >= 248).astype(np.uint8) * 255
    return cv2.dilate(cv2.morphologyEx(white, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)), np.ones((7, 7), np.uint8))


def _plan(rng, share):
    if rng.random() > share:
        return []
    dice = rng.random()
    if dice < 0.42:
        return ["photo_edit"] * int(rng.integers(1, 4))
    if dice < 0.60:
        return ["print_edit"]
    if dice < 0.80:
        return ["photo_fault"]
    if dice < 0.90:
        return ["print_fault"]
    return ["photo_edit", "photo_fault"]


def _conditions(rng, who, *, bench=False):
    severity = float(rng.uniform(0.1, 0.6)) if who == "registered" else float(rng.uniform(0.15, 1.0))
    drawn = Conditions.draw(rng, severity)
    long_side = int(rng.integers(950, 1300)) if who == "registered" else int(rng.integers(800, 1350))
    registered = who == "registered"
    scale = long_side / 1400
    usual = replace(
        drawn,
        long_side_px=long_side,
        landscape=False,
        fill=float(rng.uniform(0.8, 0.98)) if registered else float(rng.uniform(0.55, 0.98)),
        rotation_deg=float(rng.normal(0, 3)) if rng.random() < 0.6 else float(rng.normal(0, 20)),
        glare=int(rng.integers(1, 4)) if rng.random() < (0.25 if registered else 0.35) else 0,
        fingers=1 if rng.random() < 0.08 else 0,
        hands=int(rng.integers(1, 4)) if rng.random() < (0.15 if registered else 0.5) else 0,
        wrap=int(rng.integers(1, 6)) if rng.random() < 0.4 else 0,
        streaks=int(rng.integers(1, 4)) if rng.random() < (0.25 if registered else 0.4) else 0,
        glints=int(rng.integers(1, 25)) if rng.random() < 0.4 else 0,
        haze=float(rng.uniform(0.05, 0.7)) if rng.random() < (0.15 if registered else 0.35) else 0.0,
        ripple=float(rng.exponential(0.0008)) if rng.random() < 0.35 else 0.0,
        veil=float(rng.exponential(0.05)) if rng.random() < 0.5 else 0.0,
        exposure=float(np.exp(rng.normal(0.0 if registered else 0.1, 0.3))),
        contrast=float(rng.uniform(-0.3, 0.3)) if registered else float(rng.uniform(-0.2, 1.1)),
        defocus_px=drawn.defocus_px * scale * (0.5 if registered else 1.0),
        motion_px=0.0 if registered else float(rng.exponential(4.0)) * scale if rng.random() < 0.3 else 0.0,
        shake=float(rng.uniform(0, 1)) if rng.random() < 0.6 else 0.0,
        sharpening_px=float(rng.uniform(0.8, 2.5)),
        smear_px=int(rng.choice([0, 3, 5], p=[0.6, 0.28, 0.12])) if not registered else 0,
        chroma_px=float(rng.uniform(0.8, 4)) if rng.random() < 0.35 else 0.0,
        jpeg_quality=int(rng.integers(60, 95)) if registered else int(rng.integers(35, 95)),
    )
    if not bench:
        return usual
    milder = Conditions.draw(rng, float(rng.uniform(0.1, 0.5)))
    return replace(
        milder,
        long_side_px=usual.long_side_px,
        landscape=False,
        fill=float(rng.uniform(0.7, 0.97)),
        rotation_deg=usual.rotation_deg,
        fingers=0,
        hands=int(rng.random() < 0.15 and not registered),  # enrolment refuses what hides a registered face
        streaks=int(rng.integers(1, 3)) if rng.random() < 0.2 and not registered else 0,
        glints=int(rng.integers(1, 12)) if rng.random() < 0.25 else 0,
        haze=float(rng.uniform(0.05, 0.4)) if rng.random() < 0.2 else 0.0,
        ripple=float(rng.exponential(0.0005)) if rng.random() < 0.2 else 0.0,
        sharpening_px=usual.sharpening_px,
        chroma_px=0.0 if registered else usual.chroma_px,
    )


def _photo(rng, print_, pool, size, conditions, *, wobble, fault=None):
    """Photograph a print and lay it back, with the residue of a real alignment: uint8 pictures of `size`."""
    background = pool.photo(rng) if rng.random() < 0.7 else None
    shot = recapture(print_, rng=rng, conditions=replace(conditions, clutter=False), background=background)
    image = shot.image
    if fault:
        severity, masks, kinds = fault
        image = _faulted(rng, image, shot.homography, severity, masks, kinds, print_.shape[:2], size)
    to_print = np.diag([print_.shape[1] / size[0], print_.shape[0] / size[1], 1.0])
    pose = shot.homography @ to_print
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    cell = height / float(rng.choice([2, 3, 5]))
    dx = (smooth(rng, height, width, cell, cell) - 0.5) * 2 * np.float32(wobble)
    dy = (smooth(rng, height, width, cell, cell) - 0.5) * 2 * np.float32(wobble)
    if rng.random() < 0.25:  # a corner or an edge that the alignment missed by more
        bump = np.clip(smooth(rng, height, width, height / 3, height / 3) * 3 - 2, 0, 1) * np.float32(
            rng.normal(0, 2.0)
        )
        angle = float(rng.uniform(0, 2 * np.pi))
        dx, dy = dx + bump * np.float32(np.cos(angle)), dy + bump * np.float32(np.sin(angle))
    x, y = x + dx + np.float32(rng.normal(0, wobble / 2)), y + dy + np.float32(rng.normal(0, wobble / 2))
    p = pose.astype(np.float32)
    depth = p[2, 0] * x + p[2, 1] * y + p[2, 2]
    map_x, map_y = (p[0, 0] * x + p[0, 1] * y + p[0, 2]) / depth, (p[1, 0] * x + p[1, 1] * y + p[1, 2]) / depth
    mode = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC
    flat = cv2.remap(image, map_x, map_y, mode, borderMode=cv2.BORDER_REPLICATE)
    clear = cv2.remap(shot.mask, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return flat, clear


def _region(rng, height, width):
    """A soft-edged region of the face for a print fault, or the whole: float mask and whether it is whole."""
    if rng.random() < 0.25:
        return np.ones((height, width), np.float32), True
    w, h = int(width * rng.uniform(0.25, 0.75)), int(height * rng.uniform(0.15, 0.6))
    x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
    mask = np.zeros((height, width), np.float32)
    if rng.random() < 0.3:
        cv2.ellipse(mask, (x + w // 2, y + h // 2), (w // 2, h // 2), 0, 0, 360, 1.0, -1)
    else:
        mask[y : y + h, x : x + w] = 1
    if rng.random() < 0.6:
        mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.7, 10))
    return mask, False


def _faulted(rng, picture, pose, severity, masks, kinds, print_size, size):
    """A print fault on a region of the face as it lies in `picture` (pose: print -> picture pixels)."""
    region, whole = _region(rng, *print_size)
    name = str(rng.choice(list(FAULTS)))
    box = cv2.perspectiveTransform(
        np.float32([[[0, 0], [print_size[1], 0], [print_size[1], print_size[0]], [0, print_size[0]]]]), pose
    )[0]
    x0, y0 = np.maximum(box.min(0).astype(int), 0)
    x1, y1 = np.minimum(box.max(0).astype(int) + 1, (picture.shape[1], picture.shape[0]))
    part = np.ascontiguousarray(picture[y0:y1, x0:x1])
    move = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1]]) @ pose
    cover = cv2.warpPerspective(region, move, (part.shape[1], part.shape[0]))[..., None]
    bad = FAULTS[name](rng, part, severity)
    out = picture.copy()
    out[y0:y1, x0:x1] = part * (1 - cover) + bad * cover + 0.5
    # Only where a difference can be seen at all: blur of an empty area is none.
    apart = f32(np.abs(f32(bad) - f32(part)).max(2)) * cover[..., 0]
    local = cv2.GaussianBlur(apart, (0, 0), max(3.0, max(print_size) / 120))
    back = cv2.warpPerspective(
        (local > 3.5).astype(np.uint8) * 255, np.linalg.inv(move), (print_size[1], print_size[0])
    )
    seen = cv2.resize(back, size, interpolation=cv2.INTER_AREA)
    area = cv2.resize((region > 0.5).astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
    masks["print"] |= seen & area
    masks["ignore"] |= area & ~seen
    if whole and name in _WHOLE_BLUR:
        masks["ignore"] |= area
    kinds.append(name)
    return out


def _print_edit(rng, shown, artwork, pool, severity, masks, kinds, size):
    """An edit of the artwork itself: a changed element of its stack, or an edit of the printed picture."""
    if artwork.elements and rng.random() < 0.6:
        index = int(rng.integers(len(artwork.elements)))
        element = artwork.elements[index]
        dice = rng.random()
        before = artwork.picture()
        if dice < 0.3:
            other = artwork.without(index)
        elif dice < 0.7:
            reach = artwork.background.shape[1] * (0.006 + 0.06 * severity)
            dx, dy = rng.normal(0, reach, 2)
            other = artwork.changed(index, replace(element, x=element.x + round(dx), y=element.y + round(dy)))
        elif element.text and dice < 0.9:
            sprite = text_sprite(
                rng, pool, element.text, max(10, element.sprite.shape[0] // 2), plain=element.kind == "text"
            )
            other = artwork.changed(index, replace(element, sprite=sprite))
        else:
            scale = 1 + rng.choice([-1, 1]) * (0.04 + 0.25 * severity)
            sprite = cv2.resize(element.sprite, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            other = artwork.changed(index, replace(element, sprite=sprite))
        after = other.picture()
        apart = np.abs(after.astype(np.int16) - before).max(2)
        mask = cv2.dilate((apart > 14).astype(np.uint8) * 255, np.ones((7, 7), np.uint8))
        hit = apart > 0
        shown = np.where(hit[..., None], batch(rng, after), shown)
        masks["structure"] |= cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
        kinds.append("element")
        return shown
    edit = edits.edited(rng, shown, severity, pool)
    masks[edit.channel] |= cv2.resize(edit.mask, size, interpolation=cv2.INTER_AREA)
    kinds.append(edit.kind)
    return edit.picture


def _edges(rng, print_):
    """The rim of a case or a worn edge, different on each photograph: nothing to alarm about."""
    if rng.random() < 0.6:
        return print_
    out = print_.copy()
    _height, width = out.shape[:2]
    level = rng.uniform(0, 70, 3)
    for side in range(4):
        if rng.random() < 0.5:
            deep = int(rng.uniform(2, 0.03 * width))
            strip = [out[:deep], out[-deep:], out[:, :deep], out[:, -deep:]][side]
            strip[:] = np.clip(level + rng.normal(0, 6, strip.shape), 0, 255)
            if rng.random() < 0.4:
                line = [strip[deep // 2], strip[deep // 2], strip[:, deep // 2], strip[:, deep // 2]][side]
                line[:] = np.clip(level + rng.uniform(40, 160), 0, 255)
    return out


def _reached_over(rng, print_, pool, hidden):
    """A thing that covers the face from over its edge: a sleeve, a strap, another package, of any texture."""
    height, width = print_.shape[:2]
    texture = filled(pool.photo(rng), width, height, rng)
    if rng.random() < 0.5:
        texture = np.full_like(print_, rng.uniform(0, 255, 3).astype(np.uint8))
        texture = (texture * (0.6 + 0.5 * smooth(rng, height, width, height / 3, width / 3))[..., None]).clip(0, 255)
    cover = np.zeros((height, width), np.float32)
    along, deep = rng.uniform(0, 1, 2), rng.uniform(0.02, 0.2, 2) * width
    start, end = sorted((along[0], float(np.clip(along[0] + rng.choice([-1, 1]) * rng.uniform(0.06, 0.6), -0.2, 1.2))))
    side = int(rng.integers(4))
    length = width if side % 2 == 0 else height
    tilt = rng.normal(0, 0.05) * width
    outline = [
        (start * length, -9),
        (end * length, -9),
        (end * length + tilt, deep[1]),
        (start * length + tilt, deep[0]),
    ]
    corners = np.array(outline)
    corners = corners if side % 2 == 0 else corners[:, ::-1]
    corners = corners if side < 2 else np.array([width, height]) - corners
    cv2.fillPoly(cover, [corners.astype(np.int32)], 1.0, cv2.LINE_AA)
    cover = cv2.GaussianBlur(cover, (0, 0), float(rng.uniform(0.6, 4)))
    shadow = 1 - 0.5 * cv2.GaussianBlur(cover, (0, 0), width * 0.015)[..., None]
    out = print_ * shadow * (1 - cover[..., None]) + texture * cover[..., None]
    hidden |= cv2.resize((cover * 255).astype(np.uint8), hidden.shape[::-1], interpolation=cv2.INTER_AREA)
    return np.clip(out, 0, 255).astype(np.uint8)


def _sticker(rng, print_, pool, masks, size):
    """A price sticker on the capture: covers print, is no alarm (ignored, neither taught nor punished)."""
    out = print_.copy()
    height, width = out.shape[:2]
    w, h = int(width * rng.uniform(0.1, 0.2)), int(width * rng.uniform(0.05, 0.1))
    x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
    out[y : y + h, x : x + w] = rng.uniform(200, 255, 3)
    text = text_sprite(rng, pool, f"¥{int(rng.integers(100, 9999))}", max(10, h // 2), plain=True)[:h, :w]
    a = f32(text[..., 3:]) / 255
    spot = out[y : y + text.shape[0], x : x + text.shape[1]]
    spot[:] = spot * (1 - a) + text[..., :3] * a
    mask = np.zeros((height, width), np.uint8)
    mask[y : y + h, x : x + w] = 255
    masks["ignore"] |= cv2.resize(cv2.dilate(mask, np.ones((9, 9), np.uint8)), size, interpolation=cv2.INTER_AREA)
    return out


def _jpeg(picture, quality):
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
