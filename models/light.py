"""Take the light out of an aligned capture, and say which of its pixels may be judged. No likeness is judged here.

The capture is brought to the registered face's light by a smooth gain per channel: a quadratic polynomial of the log
ratio, fitted with Cauchy weights on a coarse grid, so that a changed print does not move it. A lamp burns out a place;
an exposure burns out tones, the lightest and those below it, wherever they lie: the first is glare, the second the
picture's, and white paper that it burns out is white. Glare in the registered face is masked where the capture does not
show the same white.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from models.channels import darkest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.locate import Grey
    from models.measurements import Image, Rectangle

CELL_PX = 16
BURNT_OUT = 245  # all three channels
GLARE_MARGIN_PX = 7
WHITE = 225  # grey levels: a channel of white paper in a registered face
NEARLY = 236  # a channel of a capture whose exposure burns out; paper is never evenly bright
TONE_STEP = 16  # grey levels of registered print that burn out together
TONE_SHARE = 0.01  # of the face; a tone that covers less tells no exposure
ALL_OVER = 0.85  # of a tone: so much is burnt out by exposure, less by something that shines there
NO_TONE = 256
RIM_PX, RIM_SHARE = 9, 0.2  # rims of print lie a pixel off: of a square so much must be burnt out by a lamp
EDGE_SHARE = 0.025  # of the long side, ignored along the face's edges: bevels, shadows, the table
EDGE_ACROSS = 0.04  # but no more of the side across: a narrow face has no broader bevel
EDGE_MARKED_PX = 8  # in a marked region: print is known to be there
LARGEST_GAIN = 8.0
COARSE_PX = 4  # what spoils a picture is looked for at a quarter of the size
FADING = 190  # darkest channel of the surroundings of a reflection
FADING_SHARE = 0.5  # of the surroundings
HAZE = 40.0  # by how much lighter (L of 0..255) the surroundings of a burnt patch count as haze
COVER_APART = 20.0  # difference in colour (L/2 + a + b) from which something may cover the face
COVER_AREA = 0.004  # of the face; less is a matter of print
COVER_EDGE = 0.05  # of the height: what covers comes in over the edge
SMOOTHER = 1.5  # times the median texture

Flags = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


def compensated(capture: Image, face: Image, usable: Grey) -> Image:
    """The aligned capture in the registered face's light; all three arguments have the face's height and width."""
    height, width = face.shape[:2]
    columns, rows = max(4, width // CELL_PX), max(4, height // CELL_PX)
    shown = _cells(capture, columns, rows)
    known = _cells(face, columns, rows)
    free = cv2.resize(usable, (columns, rows), interpolation=cv2.INTER_AREA).ravel() > 250  # noqa: PLR2004 - whole cells
    free &= (shown.max(axis=1) < 250) & (shown.min(axis=1) > 4)  # noqa: PLR2004 - neither burnt out nor black
    if int(free.sum()) < 24:  # noqa: PLR2004 - four cells a coefficient
        return capture
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows)))
    terms = np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    gain = np.column_stack([terms @ _fitted(terms, shown[:, c], known[:, c], free) for c in range(3)])
    gain = np.exp(np.clip(gain, -np.log(LARGEST_GAIN), np.log(LARGEST_GAIN))).astype(np.float32)
    field = cv2.resize(gain.reshape(rows, columns, 3), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(capture, field, dtype=cv2.CV_8U), np.uint8)


def _cells(picture: Image, columns: int, rows: int) -> Floats:
    small = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
    return small.reshape(-1, 3).astype(np.float64) + 2.0


def _fitted(terms: Floats, shown: Floats, known: Floats, free: Flags) -> Floats:
    ratio = np.log(known / shown)
    bright = free * np.minimum(known, 60.0) / 60.0  # dark cells say little of the light
    weight = bright
    coefficients: Floats = np.zeros(6)
    ridge = np.diag([1e-3, 1.0, 1.0, 3.0, 3.0, 3.0])
    for _ in range(6):
        normal = terms.T @ (weight[:, None] * terms) + ridge
        coefficients = np.asarray(np.linalg.solve(normal, terms.T @ (weight * ratio)), np.float64)
        miss = ratio - terms @ coefficients
        scale = 1.5 * float(np.median(np.abs(miss[free]))) + 0.02
        weight = bright / (1 + (miss / scale) ** 2)
    return coefficients


def glare(picture: Image) -> Grey:
    """255 where a patch of the picture is burnt out, with a margin."""
    return _with_margin(_burnt(picture))


def burnt_out(capture: Image, face: Image, inside: Grey) -> tuple[Grey, Grey]:
    """255 where an aligned capture is burnt out and tells nothing, with a margin; 255 where its exposure clips colours.

    White paper that the exposure clips is white, and may be judged: it is in the second only. What was not judged in
    the second is no matter of a lamp: tilting helps nothing there.
    """
    burnt = _burnt(capture)
    clipped_from = _clipped_from(capture, face, inside)
    if min(clipped_from) == NO_TONE:
        return _with_margin(burnt), np.zeros_like(burnt)
    washed, paper = np.zeros(burnt.shape, np.bool_), np.ones(burnt.shape, np.bool_)
    for shown, known, lightest in zip(cv2.split(capture), cv2.split(face), clipped_from, strict=True):
        by_exposure = known >= lightest
        washed |= by_exposure & (shown >= BURNT_OUT)
        paper &= by_exposure & (known >= WHITE)
    washed &= inside > 0
    lost = cv2.blur(np.where(paper, 0, burnt).astype(np.uint8), (RIM_PX, RIM_PX)) > RIM_SHARE * 255
    return _with_margin(np.where(lost, burnt, 0).astype(np.uint8)), washed.astype(np.uint8) * np.uint8(255)


def _burnt(picture: Image) -> Grey:
    burnt = cv2.inRange(picture, (BURNT_OUT,) * 3, (255,) * 3)
    return np.asarray(cv2.morphologyEx(burnt, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)), np.uint8)


def _with_margin(burnt: Grey) -> Grey:
    side = 2 * GLARE_MARGIN_PX + 1
    return np.asarray(cv2.dilate(burnt, np.ones((side, side), np.uint8)), np.uint8)


def _clipped_from(capture: Image, face: Image, inside: Grey) -> tuple[int, ...]:
    """By channel the registered value from which on the capture's is burnt out all over the face, or NO_TONE."""
    size = (face.shape[1] // COARSE_PX, face.shape[0] // COARSE_PX)
    shown, known, seen = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (capture, face, inside))
    square = np.ones((3, 3), np.uint8)
    even = cv2.morphologyEx(known, cv2.MORPH_GRADIENT, square) < TONE_STEP  # the rims of print are of no tone
    whole = seen == 255  # noqa: PLR2004 - in the frame
    sides = (cv2.split(one) for one in (shown, known, even.astype(np.uint8)))
    return tuple(_lightest_kept(a, b, c, whole) for a, b, c in zip(*sides, strict=True))


def _lightest_kept(shown: Grey, known: Grey, even: Grey, whole: Flags) -> int:
    free = whole & (even > 0)
    tones = known[free] // TONE_STEP
    count = np.bincount(tones, minlength=NO_TONE // TONE_STEP)
    burnt = np.bincount(tones, weights=shown[free] >= NEARLY, minlength=len(count))
    found = NO_TONE
    for tone in range(len(count) - 1, -1, -1):
        if count[tone] > TONE_SHARE * known.size:
            if burnt[tone] < ALL_OVER * count[tone]:
                break
            found = tone * TONE_STEP
    return found


def registered_glare(face: Image) -> Grey:
    """As `glare`, without what is simply white paper: a reflection fades out, a printed edge does not."""
    found = glare(face)
    if not found.any():
        return found
    size = (face.shape[1] // COARSE_PX, face.shape[0] // COARSE_PX)
    least = darkest(np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_AREA), np.uint8))
    _, labels = cv2.connectedComponents((least >= BURNT_OUT).astype(np.uint8), connectivity=8)
    spread = labels.astype(np.float32)
    near, far = (cv2.dilate(spread, np.ones((side, side), np.uint8)) for side in (3, 9))
    ring = (near == 0) & (far > 0)
    owner = far[ring].astype(np.intp)
    count = np.bincount(owner, minlength=int(labels.max()) + 1)
    faint = np.bincount(owner, weights=(least[ring] >= FADING).astype(np.float64), minlength=len(count))
    fading = faint > FADING_SHARE * np.maximum(count, 1)
    fading[0] = False
    kept = cv2.dilate(fading[labels].astype(np.uint8) * 255, np.ones((5, 5), np.uint8))
    whole = cv2.resize(kept, (face.shape[1], face.shape[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(np.minimum(found, whole), np.uint8)


def without_edges(wanted: Grey, marked: Sequence[Rectangle] = ()) -> Grey:
    """What is wanted of a face (255) without its edges; `marked` regions are kept almost to them."""
    height, width = wanted.shape
    across, down = (max(1, round(min(EDGE_SHARE * max(wanted.shape), EDGE_ACROSS * side))) for side in (width, height))
    kept = np.zeros_like(wanted)
    kept[down : height - down, across : width - across] = 255
    across, down = min(across, EDGE_MARKED_PX), min(down, EDGE_MARKED_PX)
    for x, y, w, h in marked:
        kept[max(y, down) : min(y + h, height - down), max(x, across) : min(x + w, width - across)] = 255
    return np.asarray(np.minimum(wanted, kept), np.uint8)


def usable_mask(inside: Grey, capture_glare: Grey, face_glare: Grey, wanted: Grey) -> Grey:
    """255 where a pixel may be judged: in the frame, wanted, no glare."""
    mask = cv2.erode(inside, np.ones((9, 9), np.uint8))
    mask[capture_glare > 0] = 0  # also where the face is white there: burnt out proves nothing
    mask[(face_glare > 0) & (capture_glare == 0)] = 0
    mask[wanted == 0] = 0
    return np.asarray(mask, np.uint8)


def spoilt_mask(shown: Image, face: Image, capture_glare: Grey, face_glare: Grey) -> Grey:
    """255 where light or a hand spoils what glare alone does not tell: the haze around a burnt patch, and what covers.

    Args:
        shown: the aligned capture in the registered face's light.
        face: the registered face.
        capture_glare: as `glare` of the aligned capture.
        face_glare: the same of the face.
    """
    size = (shown.shape[1] // COARSE_PX, shown.shape[0] // COARSE_PX)
    lab_shown, lab_face = (
        cv2.cvtColor(cv2.resize(one, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2LAB).astype(np.float32)
        for one in (shown, face)
    )
    brighter = lab_shown[:, :, 0] - lab_face[:, :, 0]
    spoilt = grown(cv2.resize(capture_glare, size, interpolation=cv2.INTER_AREA) > 0, brighter > HAZE)
    spoilt |= grown(cv2.resize(face_glare, size, interpolation=cv2.INTER_AREA) > 0, -brighter > HAZE)
    coarse = np.maximum(cv2.dilate(spoilt.astype(np.uint8), np.ones((3, 3), np.uint8)), _covers(lab_shown, lab_face))
    whole = cv2.resize(coarse * 255, (shown.shape[1], shown.shape[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(whole, np.uint8)


def grown(core: Flags, soft: Flags, *, connectivity: int = 4) -> Flags:
    """The core, and every soft area that touches it: along a side, or with a connectivity of 8 by a corner as well."""
    count, areas = cv2.connectedComponents((core | soft).astype(np.uint8), connectivity=connectivity)
    held = np.zeros(count, np.bool_)
    held[areas[core]] = True
    return np.asarray(held[areas])


def _covers(shown: Singles, face: Singles) -> Grey:
    """1 where something smooth and of another colour reaches in over the edge: a finger, a glove, tape, the table."""
    height, width = shown.shape[:2]
    apart = np.abs(cv2.blur(shown, (5, 5)) - cv2.blur(face, (5, 5)))
    light = shown[:, :, 0]
    texture = cv2.blur(light * light, (9, 9)) - cv2.blur(light, (9, 9)) ** 2
    smooth = texture < SMOOTHER * float(np.median(texture)) + 4.0
    seen = ((apart[:, :, 0] / 2 + apart[:, :, 1] + apart[:, :, 2] > COVER_APART) & smooth).astype(np.uint8)
    seen = np.asarray(cv2.morphologyEx(seen, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)), np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(seen, connectivity=8)
    edge = COVER_EDGE * height
    reaching = [
        label
        for label, (x, y, w, h, area) in enumerate(stats)
        if label > 0
        and area >= COVER_AREA * height * width
        and (x <= edge or y <= edge or x + w >= width - edge or y + h >= height - edge)
    ]
    covers = np.zeros(len(stats), np.uint8)
    covers[reaching] = 1
    return np.asarray(cv2.dilate(covers[labels], np.ones((9, 9), np.uint8)), np.uint8)


def slopes(picture: Image) -> Singles:
    """The squared slope of each grey pixel (H x W): what blur takes away."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (0, 0), 1.0)
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3)
    return np.asarray(cv2.add(cv2.multiply(across, across), cv2.multiply(down, down)), np.float32)
