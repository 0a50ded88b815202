"""Something flat that seems to be stuck over a face: a price tag, a customs seal, a shop's label.

The places that differ most are looked at once more. A sticker is a patch of one paper's colour with print of one ink on
it, whose border the registered face does not have: inside everything differs, around it nothing does. That is what
another print seldom is, and what a forger may stick on, too: what lies under it is not judged, and its place is told.
What it is not: a reader of price tags; and a blank patch, a picture or a letter is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.locate import Grey
    from models.measurements import Image, Rectangle

FINER = 2  # half of the face's resolution is looked at
OTHER = 18.0  # lightness counts half: from here on two colours are two
OF_CONTRAST = 0.4  # likewise of the paper's distance from what is registered under it
PAPER = (30, 13, 13)  # 8-bit CIELAB, by channel: within it a pixel is of the paper
BINS = (16, 8, 8)  # likewise, of the histogram in which the paper is the commonest colour
INKED = 25.0  # distance from the paper from which a pixel is of the ink
OFF_INK = 22.0  # from the line between paper and ink
RIM_PX = 6  # of half resolution: as far a frame or a line of print reaches beyond the paper
REACH_PX = 40  # likewise, beside half of what differs
AROUND_PX = (3, 6)  # likewise, where the surroundings are looked at
MARGIN_PX = 10  # face pixels: a shadow, a lifted edge
SMALLEST, LARGEST = 0.003, 0.12  # of the face
NARROWEST_PX = 22.0  # face pixels
# Shares of the patch, or of what is just inside and outside its border.
LEAST = {
    "differs": 0.88,
    "new": 0.85,
    "paper": 0.5,
    "two colours": 0.95,
    "printed": 0.03,
    "around": 0.6,
    "unframed": 0.15,
}

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """Both sides at half resolution, 8-bit CIELAB as floats, and how far apart they are."""

    shown: Floats
    known: Floats
    apart: Floats
    inside: Flags
    whole: int  # pixels of the face


def stuck_on(shown: Image, face: Image, inside: Grey, suspects: Sequence[Rectangle]) -> Grey:
    """255 where something flat seems to be stuck over the face, with a margin.

    Args:
        shown: the aligned capture in the registered face's light, H x W x 3 BGR uint8.
        face: the registered face, likewise.
        inside: 255 where the capture shows the face.
        suspects: boxes of what differs, in face pixels.
    """
    result = np.zeros(face.shape[:2], np.uint8)
    if not suspects:
        return result
    sides = _at_half(shown, face, inside)
    patches = np.zeros(sides.inside.shape, np.uint8)
    for suspect in suspects:
        window, box = _windows(suspect, patches.shape)
        cut = _Sides(sides.shown[window], sides.known[window], sides.apart[window], sides.inside[window], patches.size)
        differs = np.zeros(cut.inside.shape, np.bool_)
        differs[box] = cut.apart[box] > OTHER
        if not differs.any():
            continue
        paper = _commonest(cut.shown[differs])
        found = next((one for one in _outlines(cut, paper, differs) if _is_stuck(cut, paper, one)), None)
        if found is not None:
            patches[window] |= found
    cv2.resize(patches * np.uint8(255), (face.shape[1], face.shape[0]), result, interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.dilate(result, _disc(MARGIN_PX)), np.uint8)


def _windows(suspect: Rectangle, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """What is looked at around a suspect (half resolution), and the suspect's own box in it."""
    x, y, w, h = (side // FINER for side in suspect)
    reach = max(w, h) // 2 + REACH_PX
    left, top = max(0, x - reach), max(0, y - reach)
    window = (slice(top, min(shape[0], y + h + reach + 1)), slice(left, min(shape[1], x + w + reach + 1)))
    return window, (slice(y - top, y - top + h + 1), slice(x - left, x - left + w + 1))


def _at_half(shown: Image, face: Image, inside: Grey) -> _Sides:
    size = (face.shape[1] // FINER, face.shape[0] // FINER)
    small, known = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (shown, face))
    labs = [cv2.cvtColor(one, cv2.COLOR_BGR2LAB).astype(np.float32) for one in (cv2.medianBlur(small, 3), known)]
    smooth = [np.asarray(cv2.GaussianBlur(one, (0, 0), 1.2), np.float32) for one in labs]
    seen = cv2.resize(inside, size, interpolation=cv2.INTER_AREA) == 255  # noqa: PLR2004 - wholly
    return _Sides(labs[0], labs[1], _distance(smooth[0], smooth[1]), seen, seen.size)


def _distance(one: Floats, other: Floats) -> Floats:
    apart = np.abs(one - other)
    return np.asarray(apart[..., 0] / 2 + apart[..., 1] + apart[..., 2], np.float32)


def _commonest(colours: Floats) -> Floats:
    """The commonest of colours (n x 3): the median of the fullest 3 x 3 x 3 cells of their histogram."""
    cells = (colours // BINS).astype(np.intp)
    count = np.zeros(tuple(256 // side + 2 for side in BINS), np.float32)
    np.add.at(count, tuple((cells + 1).T), 1)
    around = sum(np.roll(count, (a, b, c), (0, 1, 2)) for a in (-1, 0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1))
    fullest = np.array(np.unravel_index(int(np.argmax(around + count / 100)), count.shape)) - 1
    return np.asarray(np.median(colours[(np.abs(cells - fullest) <= 1).all(axis=1)], axis=0), np.float32)


def _of_paper(side: Floats, paper: Floats) -> Flags:
    return np.asarray((np.abs(side - paper) < PAPER).all(axis=-1))


def _outlines(sides: _Sides, paper: Floats, differs: Flags) -> Iterator[Grey]:
    """Convex patches (0 or 1) that a sticker may be: its paper, and its paper with what differs at its rim."""
    alike = (_of_paper(sides.shown, paper) & sides.inside).astype(np.uint8)
    alike = np.asarray(cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    _, labels = cv2.connectedComponents(alike, connectivity=4)
    hits = np.bincount(labels[differs])
    hits[0] = 0
    if not hits.any():
        return
    whole = _hull((labels == hits.argmax()).astype(np.uint8))
    yield whole
    near = (sides.apart > 1.3 * OTHER) & (cv2.dilate(whole, _disc(RIM_PX)) > 0) & sides.inside
    grown = cv2.morphologyEx(near.astype(np.uint8) | whole, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    yield _hull(np.asarray(grown, np.uint8))


def _hull(patch: Grey) -> Grey:
    """The convex hull of the largest part of a patch (0 or 1)."""
    outlines, _ = cv2.findContours(patch, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = np.zeros_like(patch)
    if outlines:
        cv2.fillConvexPoly(hull, cv2.convexHull(max(outlines, key=cv2.contourArea)), 1)
    return hull


def _is_stuck(sides: _Sides, paper: Floats, patch: Grey) -> bool:
    within = patch > 0
    core = cv2.erode(patch, _disc(3)) > 0
    rim = (cv2.erode(patch, _disc(1)) > 0) & (cv2.erode(patch, _disc(4)) == 0)
    near, far = (cv2.dilate(patch, _disc(px)) > 0 for px in AROUND_PX)
    around = far & ~near & sides.inside
    area = within.sum() / sides.whole
    if not (SMALLEST < area < LARGEST and core.any() and rim.any() and around.any()) or _narrow(within):
        return False
    rest = sides.shown[within] - paper
    differs = max(OTHER, OF_CONTRAST * float(np.median(_distance(sides.known[within], paper))))
    told = {
        "differs": (sides.apart[within] > OTHER).mean(),
        "new": (~_of_paper(sides.known[within], paper)).mean(),
        "paper": (_of_paper(sides.shown, paper) & within).sum() / within.sum(),
        "two colours": _of_one_ink(rest),
        "printed": (_distance(sides.shown[core], paper) > OTHER).mean(),
        "around": (sides.apart[around] < differs).mean(),
        "unframed": _unframed(sides, paper, rim, around),
    }
    return all(told[name] > least for name, least in LEAST.items())


def _narrow(within: Flags) -> bool:
    points = np.argwhere(within)[:, ::-1].astype(np.float32)
    return FINER * min(cv2.minAreaRect(cv2.convexHull(points))[1]) < NARROWEST_PX


def _of_one_ink(rest: Floats) -> float:
    """The share of colours (n x 3, without the paper's) that lie between the paper and one ink."""
    inked = rest[np.linalg.norm(rest, axis=1) > INKED]
    if len(inked) < 10:  # noqa: PLR2004 - no ink to speak of
        return 1.0
    ink = np.linalg.svd(inked, full_matrices=False)[2][0]
    return float((np.linalg.norm(rest - np.outer(rest @ ink, ink), axis=1) < OFF_INK).mean())


def _unframed(sides: _Sides, paper: Floats, rim: Flags, around: Flags) -> float:
    """The share of the border at which the registered face steps by less than half of what the capture does."""
    outside_shown, outside_known = (_spread(one, around)[rim] for one in (sides.shown, sides.known))
    step = _distance(np.broadcast_to(paper, outside_shown.shape).astype(np.float32), outside_shown)
    return float((_distance(_spread(sides.known, rim)[rim], outside_known) < step / 2).mean())


def _spread(side: Floats, where: Flags) -> Floats:
    """The mean colour of the marked pixels near each pixel."""
    weight = where.astype(np.float32)
    share = np.maximum(cv2.blur(weight, (11, 11)), 1e-3)
    return np.asarray(cv2.blur(side * weight[:, :, None], (11, 11)) / share[:, :, None], np.float32)


def _disc(px: int) -> Grey:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * px + 1, 2 * px + 1)), np.uint8)
