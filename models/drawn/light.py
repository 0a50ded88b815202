"""What light and hands do to a face before the lens: mirrored lamps in film, folds of wrap, a veil, fingers.

All of it is laid over the face in the face's own pixels, in linear light, so that it tilts and blurs with the face.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from models.drawn.fields import Field, blob, f32, ramp, smooth, turned
from models.drawn.hands import hand

if TYPE_CHECKING:
    from models.drawn.conditions import Conditions

Linear = npt.NDArray[np.float32]  # H x W x 3, linear light, 1 = white paper in full light


def glare_patch(rng: np.random.Generator, height: int, width: int) -> Field:
    """One mirrored lamp, 0..1: a soft patch, or one that the film's ripples tear into streaks."""
    long_side = max(height, width)
    centre = (float(rng.uniform(-0.05, 1.05) * width), float(rng.uniform(-0.05, 1.05) * height))
    radii = (float(rng.uniform(0.04, 0.35) * long_side), float(rng.uniform(0.02, 0.18) * long_side))
    degrees = float(rng.choice([0.0, 90.0]) + rng.normal(0, 15))
    hill = blob(height, width, centre, radii, degrees)
    if rng.random() < 0.3:
        return np.asarray(hill**2, np.float32)
    across = rng.uniform(0.006, 0.05) * long_side
    ripples = smooth(rng, height, width, across, across * rng.uniform(3, 14))
    ripples = 0.7 * ripples + 0.3 * smooth(rng, height, width, across / 3, across * rng.uniform(1, 5))
    ripples = turned(np.asarray(ripples, np.float32), float(rng.choice([0.0, 90.0]) + rng.normal(0, 12)))
    hardness = rng.uniform(4, 25)
    level = hill * rng.uniform(0.8, 1.4) + (ripples - 0.5) * rng.uniform(0.3, 1.2) * np.sqrt(hill)
    return np.asarray(1 / (1 + np.exp(-np.clip((level - 0.6) * hardness, -30, 30))), np.float32)


def wrap_folds(rng: np.random.Generator, height: int, width: int, count: int) -> Field:
    """Folds of shrink wrap: thin bright curved lines with soft shoulders, and glints; 0..about 3."""
    folds = np.zeros((height, width), np.float32)
    for _ in range(count):
        start = rng.uniform((0, 0), (width, height))
        reach = rng.normal(0, 0.4, 2) * (width, height)
        t = np.linspace(0, 1, 24)[:, None]
        sway = rng.normal(0, 0.04, 2) * (width, height)
        line = np.asarray(start + reach * t + sway * np.sin(t * rng.uniform(2, 6)), np.int32)
        stroke = np.zeros((height, width), np.float32)
        cv2.polylines(stroke, [line], False, 1.0, int(rng.integers(1, 4)), cv2.LINE_AA)
        soft = cv2.GaussianBlur(stroke, (0, 0), float(rng.uniform(0.8, 6)))
        peak = float(soft.max())
        if peak > 0:
            folds = np.maximum(folds, soft / peak * float(rng.uniform(0.2, 1.0)))
    for _ in range(int(rng.integers(0, 2 * count + 2))):  # glints: dents of the film that mirror the lamp
        at = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        axes = (int(rng.uniform(0.002, 0.02) * max(height, width)) + 1, int(rng.uniform(0.002, 0.008) * height) + 1)
        glint = np.zeros((height, width), np.float32)
        cv2.ellipse(glint, at, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
        soft = cv2.GaussianBlur(glint, (0, 0), float(rng.uniform(0.6, 3)))
        folds = np.maximum(folds, soft * float(rng.uniform(0.5, 3.0)))
    wobble = smooth(rng, height, width, max(height, width) / 12, max(height, width) / 12)
    return np.asarray(folds * wobble, np.float32)


def mirrored_room(rng: np.random.Generator, height: int, width: int) -> Field:
    """A dim room in the film: window bars, edges, a face's shadow; 0..1."""
    room = smooth(rng, height, width, height / rng.uniform(1.5, 5), width / rng.uniform(1.5, 5))
    for _ in range(int(rng.integers(0, 4))):
        centre = (float(rng.uniform(0, width)), float(rng.uniform(0, height)))
        size = (float(rng.uniform(0.1, 0.6) * width), float(rng.uniform(0.05, 0.5) * height))
        corners = cv2.boxPoints((centre, size, float(rng.uniform(0, 180)))).astype(np.int32)
        pane = np.zeros((height, width), np.float32)
        cv2.fillConvexPoly(pane, corners, float(rng.uniform(0.3, 1.0)))
        room = np.maximum(room * 0.8, cv2.GaussianBlur(pane, (0, 0), float(rng.uniform(1, 12))))
    return np.asarray(room, np.float32)


def streaks(rng: np.random.Generator, height: int, width: int, count: int) -> Field:
    """Families of bright ribbons with hard edges, as taut film mirrors a lamp: 0..about 2."""
    long_side = max(height, width)
    field = np.zeros((height, width), np.float32)
    for _ in range(count):
        middle = rng.uniform((0, 0), (width, height))
        angle, reach = float(rng.uniform(0, np.pi)), float(np.exp(rng.uniform(np.log(0.04), np.log(0.5))) * long_side)
        along = np.array([np.cos(angle), np.sin(angle)])
        across = np.array([-along[1], along[0]])
        bend, gap = float(rng.normal(0, 0.25)), float(rng.uniform(0.008, 0.05) * long_side)
        layer = np.zeros_like(field)
        for index in range(int(rng.integers(1, 8))):
            t = np.linspace(-1, 1, 20)[:, None] * float(rng.uniform(0.4, 1.0))
            sway = np.cumsum(rng.normal(0, 0.06, 20))[:, None] * gap
            spine = middle + along * reach * t + across * (index * gap + bend * reach * t * t + sway)
            thick = float(np.exp(rng.uniform(np.log(0.001), np.log(0.014))) * long_side)
            half = across * thick * (1 - t * t) * rng.uniform(0.5, 1.3, (20, 1))
            ribbon = np.concatenate([spine + half, (spine - half)[::-1]])
            cv2.fillPoly(layer, [np.asarray(ribbon * 8, np.int32)], float(rng.uniform(0.3, 1.0)), cv2.LINE_AA, 3)
        soft = cv2.GaussianBlur(layer, (0, 0), float(rng.uniform(0.4, 2.5)))
        halo = cv2.GaussianBlur(layer, (0, 0), long_side * float(rng.uniform(0.008, 0.03)))
        field = np.maximum(field, soft * float(rng.uniform(0.3, 2.0)) + halo * float(rng.uniform(0, 0.5)))
    return np.asarray(field, np.float32)


def glints(rng: np.random.Generator, height: int, width: int, count: int) -> Field:
    """Specks of mirrored light in dents of film or case, a few pixels each, alone or in swarms: 0..about 4."""
    field = np.zeros((height, width), np.float32)
    long_side, place = max(height, width), rng.uniform((0, 0), (width, height))
    for _ in range(count):
        if rng.random() < 0.5:
            place = rng.uniform((0, 0), (width, height))
        at = place + rng.normal(0, 0.04 * long_side, 2)
        axes = np.exp(rng.uniform(np.log(0.001), np.log(0.012), 2)) * long_side * (1.0, rng.uniform(0.2, 1.0))
        centre, size = (round(float(at[0]) * 8), round(float(at[1]) * 8)), tuple(int(v * 8) + 4 for v in axes)
        speck = (float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0.4, 4.0)), -1, cv2.LINE_AA, 3)
        cv2.ellipse(field, centre, size, *speck)
    return np.asarray(cv2.GaussianBlur(field, (0, 0), float(rng.uniform(0.5, 1.6))), np.float32)


def haze(rng: np.random.Generator, height: int, width: int) -> Field:
    """A broad soft reflection that takes contrast and hides little: 0..1."""
    centre = (float(rng.uniform(-0.1, 1.1) * width), float(rng.uniform(-0.1, 1.1) * height))
    radii = (float(rng.uniform(0.15, 0.8) * height), float(rng.uniform(0.1, 0.5) * height))
    hill = blob(height, width, centre, radii, float(rng.uniform(0, 180)))
    return np.asarray(hill * (0.6 + 0.4 * smooth(rng, height, width, height / 6, height / 6)), np.float32)


def finger(rng: np.random.Generator, height: int, width: int) -> tuple[Linear, Field]:
    """A finger that reaches in from an edge: its colour in linear light (H x W x 3) and its cover (H x W, 0..1)."""
    long_side = max(height, width)
    thickness = float(rng.uniform(0.05, 0.13) * long_side)
    length = float(rng.uniform(0.02, 0.28) * long_side)
    side = int(rng.integers(4))
    along = float(rng.uniform(0, 1))
    foot = np.array([(along * width, 0), (width, along * height), (along * width, height), (0, along * height)][side])
    inward = np.array([(0, 1), (-1, 0), (0, -1), (1, 0)][side], float)
    lean = float(rng.normal(0, 0.5))
    inward = inward + lean * np.array([-inward[1], inward[0]])
    inward /= np.linalg.norm(inward)
    tip = foot + inward * length
    start = foot - inward * thickness * 2
    cover = np.zeros((height, width), np.float32)
    ends = [(int(p[0]), int(p[1])) for p in (start, tip)]
    cv2.line(cover, ends[0], ends[1], 1.0, max(2, int(thickness)), cv2.LINE_AA)
    distance = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 3) / (thickness / 2)
    round_off = np.sqrt(np.clip(distance * (2 - distance), 0, 1))
    tone = rng.uniform(0.12, 0.75)
    skin = np.array([0.45, 0.58, 0.92], np.float32) * tone * np.exp(rng.normal(0, 0.16, 3))
    shade = 0.35 + 0.65 * round_off * (0.7 + 0.3 * ramp(height, width, float(rng.uniform(0, 360))))
    shade = shade * (0.92 + 0.16 * smooth(rng, height, width, thickness / 6, thickness / 3))
    colour = np.asarray(skin[None, None] * shade[..., None], np.float32)
    if rng.random() < 0.6:  # a nail
        nail = tip - inward * thickness * 0.15
        axes = (max(1, int(thickness * 0.32)), max(1, int(thickness * 0.26)))
        patch = np.zeros((height, width), np.float32)
        angle = float(np.degrees(np.arctan2(inward[1], inward[0])))
        cv2.ellipse(patch, (int(nail[0]), int(nail[1])), axes, angle, 0, 360, 1.0, -1, cv2.LINE_AA)
        patch = f32(cv2.GaussianBlur(patch, (0, 0), max(0.5, thickness / 30))[..., None])
        pale = np.array([0.75, 0.8, 1.0], np.float32) * min(1.0, tone * 1.5)
        colour = np.asarray(colour * (1 - 0.6 * patch) + pale * 0.6 * patch, np.float32)
    return colour, np.asarray(cv2.GaussianBlur(cover, (0, 0), 0.8), np.float32)


def lay_light(rng: np.random.Generator, face: Linear, conditions: Conditions) -> tuple[Linear, Field]:
    """Lay film, lamps and fingers over a face in linear light.

    Returns:
        The lit face and the clear share of every pixel, H x W: 1 = the print is seen, 0 = hidden.
    """
    height, width = face.shape[:2]
    lit = face
    clear = np.ones((height, width), np.float32)
    added = np.zeros((height, width), np.float32)
    for _ in range(conditions.glare):
        added += glare_patch(rng, height, width) * np.float32(conditions.glare_strength * rng.uniform(0.3, 1.0))
    if conditions.wrap:
        added += wrap_folds(rng, height, width, conditions.wrap) * np.float32(0.5 * conditions.glare_strength)
    if conditions.reflections:
        added += mirrored_room(rng, height, width) * np.float32(conditions.reflections)
    if conditions.streaks:
        added += streaks(rng, height, width, conditions.streaks) * np.float32(conditions.glare_strength)
    if conditions.glints:
        added += glints(rng, height, width, conditions.glints)
    if conditions.haze:
        added += haze(rng, height, width) * np.float32(conditions.haze)
    added += np.float32(conditions.veil)
    if float(added.max()) > 0:
        tint = np.exp(rng.normal(0, 0.06, 3)).astype(np.float32)
        lit = lit + added[..., None] * tint
        clear = np.asarray(clear * np.exp(-1.5 * np.maximum(added - 0.15, 0)), np.float32)
    makers = [finger] * conditions.fingers + [hand] * conditions.hands
    for make in makers:
        colour, cover = make(rng, height, width)
        shadow = cv2.GaussianBlur(cover, (0, 0), max(height, width) * 0.012)
        lit = lit * (1 - 0.5 * shadow[..., None])
        lit = lit * (1 - cover[..., None]) + colour * cover[..., None]
        clear = clear * (1 - cover)
    return np.asarray(lit, np.float32), np.asarray(clear, np.float32)
