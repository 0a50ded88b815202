"""What would let the next capture of a face be judged better: tilt, uncover, come closer; with the numbers behind it.

It looks at one capture and at what all captures of the face show so far. It judges no likeness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models import unusable
from models.aligned import MOSTLY, in_capture, mostly
from models.measurements import CaptureAdvice
from models.placed import region_of
from models.regions import LEAST_SEEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.aligned import Aligned, Flags
    from models.judged import Judged
    from models.measurements import Rectangle
    from models.placed import PlacedRegion
    from models.regions import Reading

LEFT_OUT = 0.15  # share of the face not judged, from which it is told
LEFT_OUT_IN_ONE = 0.05  # likewise of a part that hangs together
LEFT_OUT_ON_PLAIN = 0.003  # likewise where the registered face is plain: a line of small words
MOST_LEFT_OUT = 0.5  # beyond it no answer rests on the face
MOST_TILT_DEG = 40.0  # beyond it a pixel shows a quarter less along one direction


def of_judged(laid: Aligned, known: Judged) -> tuple[CaptureAdvice, ...]:
    """How much of the face was not judged, if it is much, and where: a hand, or another print that looks like one."""
    share, (part, box) = known.share_left_out, known.largest()
    if share < LEFT_OUT and part < LEFT_OUT_ON_PLAIN:
        return ()
    x, y, w, h = box
    unseen = known.pixels_left_out(laid.prepared.size)
    there = (slice(y, y + h), slice(x, x + w))
    stuck_on = _stuck_on(laid, there, unseen[there])  # which is told as such
    washed = mostly(laid.washed_out, unseen)
    on_plain = not stuck_on and not washed and mostly(_overlooked(laid, known)[there], unseen[there])
    if share < LEFT_OUT and part < LEFT_OUT_IN_ONE and not on_plain:
        return ()
    little = (CaptureAdvice("little_judged", measured=round(share, 2)),) if share > MOST_LEFT_OUT else ()
    if washed:  # which says as much, and what to do
        return (CaptureAdvice("too_bright" if little else "burnt_out", measured=round(share, 2)),)
    if mostly(laid.capture_glare[there], unseen[there]):
        return (*little, CaptureAdvice("glare_over", "", tilt_away(laid, box), round(share, 2)))
    code = "little_judged" if little else "part_judged"
    if part and float((laid.registration.inside[y : y + h, x : x + w] == 0).mean()) > MOSTLY:
        return CaptureAdvice(code, measured=round(share, 2)), CaptureAdvice("outside")
    return (CaptureAdvice(code, measured=round(share, 2), box=in_capture(laid, box) if part else None),)


def of_stuck_on(laid: Aligned, known: Judged) -> tuple[CaptureAdvice, ...]:
    """Where something flat seems to be stuck over the face, and no capture shows what lies under it."""
    if laid.stuck_on is None:
        return ()
    unseen = known.pixels_left_out(laid.prepared.size)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(laid.stuck_on, connectivity=8)
    made = []
    for label, (*found, area) in enumerate(stats[1:].tolist(), start=1):
        x, y, w, h = found
        there = (slice(y, y + h), slice(x, x + w))
        if not mostly(unseen[there], labels[there] == label):
            continue
        held = region_of((x, y, w, h), laid.prepared.regions)
        kind, share = held.region.kind if held else "", round(area / laid.stuck_on.size, 3)
        made.append(CaptureAdvice("stuck_on", kind, measured=share, box=in_capture(laid, (x, y, w, h))))
    return tuple(made)


def of_regions(laid: Aligned, read: Iterable[tuple[PlacedRegion, Reading]], known: Judged) -> tuple[CaptureAdvice, ...]:
    """What would let regions be judged that no capture shows well enough. `read` is what all captures show of each."""
    made = []
    for place, one in read:
        kind = place.region.kind
        judged = known.of_box(place.box)
        if one.seen < LEAST_SEEN or (judged is not None and judged < LEAST_SEEN):
            made.append(_hidden(laid, place, 1 - min(one.seen, 1.0 if judged is None else judged), known))
        elif one.needed_mm_per_px is not None and one.contrast is None and laid.scale.mm_per_px is not None:
            far = laid.scale.mm_per_px > one.needed_mm_per_px
            code = "too_far" if far else "too_soft"
            measured, needed = round(laid.scale.mm_per_px, 3), round(one.needed_mm_per_px, 3)
            made.append(CaptureAdvice(code, kind, measured=measured, needed=needed))
    return tuple(made)


def _stuck_on(laid: Aligned, there: tuple[slice, slice], unseen: Flags) -> bool:
    """Whether most of what was not judged in a box lies under something stuck on."""
    return laid.stuck_on is not None and mostly(laid.stuck_on[there], unseen)


def _overlooked(laid: Aligned, known: Judged) -> Flags:
    """Pixels of a plain ground of the registered face on which the newest capture shows something."""
    rows, columns = known.left_out.shape
    cells = unusable.on_plain(laid.prepared.face, laid.shown, (rows, columns)).astype(np.uint8)
    return np.asarray(cv2.resize(cells, laid.prepared.size, interpolation=cv2.INTER_NEAREST) > 0)


def of_face(laid: Aligned) -> tuple[CaptureAdvice, ...]:
    """What would let the whole face be judged better."""
    if laid.scale.tilt_deg <= MOST_TILT_DEG:
        return ()
    return (CaptureAdvice("tilted", measured=round(laid.scale.tilt_deg), needed=MOST_TILT_DEG),)


def over_face(laid: Aligned) -> tuple[CaptureAdvice, ...]:
    """Which edge to lower where glare lies over the face as a whole."""
    height, width = laid.capture_glare.shape
    share = float((laid.capture_glare > 0).mean())
    return (CaptureAdvice("glare_over", "", tilt_away(laid, (0, 0, width, height)), round(share, 2)),) if share else ()


def _hidden(laid: Aligned, place: PlacedRegion, hidden: float, known: Judged) -> CaptureAdvice:
    """Why a share of a region, `hidden`, was not judged, as the newest capture shows it."""
    x, y, w, h = place.box
    kind, shown = place.region.kind, in_capture(laid, place.box)
    burnt = float((laid.capture_glare[y : y + h, x : x + w] > 0).mean())
    outside = float((laid.registration.inside[y : y + h, x : x + w] == 0).mean())
    if outside > hidden * MOSTLY:
        return CaptureAdvice("outside", kind, measured=round(outside, 2))
    unseen = known.pixels_left_out(laid.prepared.size) | (laid.clear == 0)
    there = (slice(y, y + h), slice(x, x + w))
    if _stuck_on(laid, there, unseen[there]):
        return CaptureAdvice("stuck_over", kind, measured=round(hidden, 2), box=shown)
    if mostly(laid.washed_out[y : y + h, x : x + w], unseen[y : y + h, x : x + w]):
        return CaptureAdvice("burnt_out", kind, measured=round(hidden, 2))
    if burnt >= hidden * MOSTLY:
        return CaptureAdvice("glare_over", kind, tilt_away(laid, place.box), round(burnt, 2))
    return CaptureAdvice("covered", kind, measured=round(hidden, 2), box=shown)


def tilt_away(laid: Aligned, box: Rectangle) -> str:
    """The edge of the package, as the capture shows it, to be lowered so that glare leaves `box` (face pixels).

    A plane whose left edge is lowered mirrors a lamp at a place further to the right. The glare is sent the way that
    its middle lies from the box's middle: the shorter one.
    """
    x, y, w, h = box
    moments = cv2.moments(np.ascontiguousarray(laid.capture_glare[y : y + h, x : x + w]), binaryImage=True)
    if not moments["m00"]:
        return "left"
    column, row = round(x + moments["m10"] / moments["m00"]), round(y + moments["m01"] / moments["m00"])
    glare, middle = in_capture(laid, (column, row, 1, 1)), in_capture(laid, (x + w // 2, y + h // 2, 1, 1))
    across, down = glare[0] - middle[0], glare[1] - middle[1]
    if abs(across) >= abs(down):
        return "left" if across >= 0 else "right"
    return "top" if down >= 0 else "bottom"
