"""Parcels and letters with a transport label, drawn: on cartons, bags, envelopes and printed packages.

For the finding and masking of addresses. The truth is kept: where every line of an address stands. Labels are laid at
any angle, crumpled, faded, scribbled on, stamped and covered with foil as they come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Picture

from models.drawn.artwork import draw_artwork
from models.drawn.fields import f32, ramp, smooth
from models.drawn.layouts import KINDS
from models.drawn.sheet import PX_PER_MM, SCRIPTS, Sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.drawn.fields import Field
    from models.drawn.pool import Pool
    from models.measurements import Image, Rectangle

LETTERS: Final = frozenset({"envelope", "window", "tategaki"})  # the sheet is the parcel
ON_PACKAGE: Final = 0.2  # of the labels that are no letters: on a printed package
FINISHES: Final = ("plain", "faded", "crumpled", "foil", "scribbled", "stamped")


@dataclass(frozen=True, slots=True)
class DrawnParcel:
    """The top of a parcel: `address` are the boxes of its address lines as corners (N x 4 x 2), in pixels of it."""

    surface: Image
    address: tuple[tuple[tuple[float, float], ...], ...]
    kind: str
    script: str
    handwritten: bool
    finish: str


def draw_parcel(
    rng: np.random.Generator,
    pool: Pool,
    kind: str = "",
    script: str = "",
    px_per_mm: int = PX_PER_MM,
    *,
    finish: str = "",
    package: float = ON_PACKAGE,
    layout: Callable[[Sheet], None] | None = None,
) -> DrawnParcel:
    """A parcel of a kind, script and finish, or of any. The same generator state draws the same.

    `package` is the chance that a label lies on a printed package; `layout` draws a sheet that `KINDS` does not have.
    """
    kind = kind or str(rng.choice(list(KINDS)))
    script = script or str(rng.choice(SCRIPTS, p=(0.4, 0.25, 0.15, 0.1, 0.1)))
    hand = bool(
        rng.random() < {"envelope": 0.85, "tategaki": 0.6, "slip": 0.5, "window": 0.0, "thermal": 0.0}.get(kind, 0.3)
    )
    sheet = Sheet(rng, pool, script, hand, Picture.new("L", (1, 1), 255), px_per_mm)
    (layout or KINDS[kind])(sheet)
    finish = finish or str(rng.choice(FINISHES, p=(0.5, 0.1, 0.1, 0.1, 0.1, 0.1)))
    return _stuck_on(sheet, kind, finish, package)


def _stuck_on(sheet: Sheet, kind: str, finish: str, package: float) -> DrawnParcel:
    """The label on the parcel's top, at any angle."""
    surface, matrix = _laid(sheet, kind, finish, package)
    boxes = tuple(_corners(box, matrix) for box in sheet.lines)
    return DrawnParcel(surface, boxes, kind, sheet.script, sheet.hand, finish)


def laid_on(sheet: Sheet, kind: str, package: float = ON_PACKAGE) -> Image:
    """Any sheet on what a label may lie on."""
    return _laid(sheet, kind, "plain", package)[0]


def _laid(sheet: Sheet, kind: str, finish: str, package: float) -> tuple[Image, npt.NDArray[np.float64]]:
    """The surface with the sheet on it, and the matrix (2 x 3) from the sheet's pixels to its."""
    rng = sheet.rng
    px_per_mm = sheet.px_per_mm
    page = _finished(rng, f32(np.asarray(sheet.picture, np.float32) / 255), finish, px_per_mm)
    height, width = page.shape
    papers = [[1.0, 1.0, 1.0], [0.93, 0.97, 1.0], [0.75, 0.95, 1.0]]
    if kind in LETTERS:
        papers += [[0.55, 0.75, 0.85], [0.85, 0.9, 0.8]]  # manila, tinted
    odds = np.array([0.7, 0.2, 0.1, 0.2, 0.1][: len(papers)])
    paper = np.array(papers[int(rng.choice(len(papers), p=odds / odds.sum()))], np.float32)
    side = round((1.15 if kind in LETTERS else float(rng.uniform(1.12, 2.0))) * max(height, width))
    surface = _ground(sheet, side, paper * 240 if kind in LETTERS else None, package)
    turn = float(rng.choice([0, 90, 180, 270]) + rng.normal(0, 8)) if rng.random() < 0.8 else float(rng.uniform(0, 360))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
    fit = side / 2 - np.abs(matrix[:, :2]) @ (width / 2, height / 2)
    matrix[:, 2] += side / 2 - np.array([width / 2, height / 2]) + rng.uniform(-1, 1, 2) * np.maximum(0, fit)
    laid = cv2.warpAffine(page[..., None] * paper * 245, matrix, (side, side), flags=cv2.INTER_AREA)
    there = cv2.warpAffine(np.ones((height, width), np.float32), matrix, (side, side))[..., None]
    surface = np.asarray(np.clip(laid * there + surface * (1 - there), 0, 255), np.uint8)
    if finish == "foil":
        surface = _under_foil(rng, surface, px_per_mm)
    return surface, np.asarray(matrix, np.float64)


def _ground(sheet: Sheet, side: int, tone: Field | None, package: float) -> Image:
    """What the label lies on: carton, a white, grey or dark bag, print of the carton, or a printed package."""
    rng = sheet.rng
    if tone is None and rng.random() < package:
        art = draw_artwork(rng, sheet.pool, 900).picture()
        return np.asarray(cv2.resize(art, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)
    plain = tone is not None
    if tone is None:
        tones = [[110, 150, 185], [235, 238, 240], [170, 172, 175], [70, 60, 55], [190, 170, 120], [90, 120, 200]]
        tone = f32(tones[int(rng.choice(6, p=[0.45, 0.2, 0.15, 0.1, 0.05, 0.05]))])
    ground = tone * (
        1 + 0.06 * smooth(rng, side, side, side / 6, side / 6)[..., None] + rng.normal(0, 0.012, (side, side, 1))
    )
    surface = np.asarray(np.clip(ground, 0, 255), np.uint8)
    if not plain and rng.random() < 0.5:  # print of the carton
        place = (round(side * rng.uniform(0.02, 0.4)), round(side * rng.uniform(0.05, 0.98)))
        word = str(rng.choice(["FRAGILE", "THIS SIDE UP", "HANDLE WITH CARE"]))
        cv2.putText(surface, word, place, cv2.FONT_HERSHEY_DUPLEX, side / 500, (40, 40, 120), 3, cv2.LINE_AA)
    return surface


# --- What happens to a label ------------------------------------------------------------------------------------------


def _finished(rng: np.random.Generator, page: Field, finish: str, px_per_mm: int) -> Field:
    """The page (H x W, 0 ink .. 1 paper) as it is after its way."""
    height, width = page.shape
    if finish == "faded":  # thermal paper in the sun, a dry ribbon
        strength = float(rng.uniform(0.35, 0.8)) * (1 - 0.5 * ramp(height, width, float(rng.uniform(0, 360))))
        return f32(1 - (1 - page) * strength)
    if finish == "crumpled":
        cell = width / float(rng.uniform(4, 9))
        folds = np.stack([smooth(rng, height, width, cell, cell) - 0.5 for _ in range(2)]) * 1.4 * px_per_mm
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        moved = cv2.remap(page, f32(x + folds[0]), f32(y + folds[1]), cv2.INTER_LINEAR, borderValue=1.0)
        shade = np.gradient(cv2.GaussianBlur(f32(folds[0]), (0, 0), 3), axis=1)
        return f32(np.clip(moved * (1 + 0.9 * shade), 0, 1))
    if finish in ("scribbled", "stamped"):
        marked = np.asarray(page * 255, np.uint8)
        ink, thick = int(rng.integers(20, 110)), int(rng.integers(3, 14))
        centre = (int(rng.uniform(0.2, 0.8) * width), int(rng.uniform(0.2, 0.8) * height))
        if finish == "stamped":
            radius = int(rng.uniform(9, 16) * px_per_mm)
            for part in (1.0, 0.8):
                cv2.circle(marked, centre, round(radius * part), ink, 3, cv2.LINE_AA)
            cv2.putText(marked, "26.11.22", (centre[0] - radius // 2, centre[1]), 0, radius / 90, ink, 3, cv2.LINE_AA)
        else:
            path = centre + np.cumsum(rng.normal(0, 7 * px_per_mm, (int(rng.integers(4, 14)), 2)), axis=0)
            cv2.polylines(marked, [np.asarray(path, np.int32)], isClosed=False, color=ink, thickness=thick)
        return f32(marked / np.float32(255))
    return page


def _under_foil(rng: np.random.Generator, surface: Image, px_per_mm: int) -> Image:
    """Under a pouch's film: a veil and the bright folds of it."""
    side = surface.shape[0]
    film = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(3, 12))):
        start, end = (tuple(int(value) for value in rng.uniform(0, side, 2)) for _ in range(2))
        cv2.line(film, start, end, float(rng.uniform(0.2, 0.9)), int(rng.uniform(0.3, 3) * px_per_mm), cv2.LINE_AA)
    film = np.maximum(cv2.GaussianBlur(film, (0, 0), 0.5 * px_per_mm), float(rng.uniform(0.02, 0.2)))[..., None]
    return np.asarray(surface * (1 - film) + 250 * film, np.uint8)


def _corners(box: Rectangle, matrix: npt.NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    x, y, w, h = box
    points = np.array([[x, y, 1], [x + w, y, 1], [x + w, y + h, 1], [x, y + h, 1]], np.float64) @ matrix.T
    return tuple((float(a), float(b)) for a, b in points)
