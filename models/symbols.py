"""Read barcodes: a picture in, payloads out, raw, with what was read twice.

A cascade of views (ways of preparing the picture) for two engines, cheapest first; it stops when every symbol seen so
far is decided, when nothing more is to be expected, or when its time is up. What is believed is `models.votes`' affair,
whether the pixels show what an EAN/UPC reading says `models.ean`'s. Nothing is repaired, parsed or looked up here.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from models import ean
from models.ean import Agreement
from models.engines import Grey, Placement, Reading, read_zbar, read_zxing, zbar_available
from models.measurements import Image, Symbol
from models.partial import is_part
from models.picture import reduced
from models.votes import PLAIN_VIEWS, RETAIL, Ballot, Candidate

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.measurements import Corners

__all__ = ["read", "zbar_available"]

LARGE_SIDE: Final = 1700  # pixels; larger pictures are read reduced first and never enlarged
ENLARGED_PIXELS: Final = 1_200_000  # no enlarged view has more
CROP_SIDE: Final = 1024
CLOSER: Final = 4  # candidates that are looked at closer
CHECKS: Final = 3  # readings of one candidate whose pixels are looked at


@dataclass(frozen=True, slots=True)
class View:
    """A way of preparing a grey picture, and who reads it."""

    name: str
    engine: str  # "zxing", "zxing-histogram", "zbar"
    prepare: Callable[[Grey], tuple[Grey, Placement]]
    enlarges: float = 1.0
    linear: bool = False  # linear codes only: a matrix code is read at any angle


def read(image: Image, *, budget_s: float = math.inf) -> tuple[Symbol, ...]:
    """Every barcode of a BGR image (uint8, height x width x 3), in the order in which they were found.

    `budget_s`: no view is started that is expected to end later. One view of a 12-megapixel frame takes up to 0.2 s on
    a slow core.
    """
    deadline = time.monotonic() + budget_s
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    ballot = Ballot()
    pace = _Pace(deadline)
    for view in _cascade(grey):
        if not pace.allows(grey.size * view.enlarges**2):
            break
        with pace:
            prepared, placement = view.prepare(grey)
            for reading in _readings(view, prepared, placement):
                _consider(ballot, reading, grey)
            _look_closer(ballot, grey)
        if ballot.accepted() and not ballot.undecided():
            break
    whole = _subjects(ballot.accepted(), grey)
    return tuple(_symbol(candidate, image) for candidate in whole)


def read_easily(image: Image) -> tuple[Symbol, ...]:
    """What one look at a BGR image shows beyond doubt; nothing when that leaves anything open."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    ballot = Ballot()
    for reading in _readings(View("reduced", "zxing", _plain), *_plain(grey)):
        _consider(ballot, reading, grey)
    if ballot.undecided():
        _look_closer(ballot, grey)
    if ballot.undecided():
        return ()
    return tuple(_symbol(candidate, image) for candidate in _subjects(ballot.accepted(), grey))


def _readings(view: View, prepared: Grey, placement: Placement) -> list[Reading]:
    if view.engine == "zbar":
        return read_zbar(prepared, view.name, placement)
    histogram, first = view.engine == "zxing-histogram", view.name in PLAIN_VIEWS
    return read_zxing(prepared, view.name, placement, histogram=histogram, first=first, linear=view.linear)


def _look_closer(ballot: Ballot, grey: Grey) -> None:
    """Ask for more votes where something was read and is not believed yet: a small piece costs little."""
    for candidate in ballot.undecided()[:CLOSER]:
        piece, corner = _piece(grey, candidate.best.corners)
        for view in _CLOSER:
            if (view.engine, view.name) in candidate.looks or candidate not in ballot.undecided():
                continue
            candidate.looks.add((view.engine, view.name))
            prepared, placement = view.prepare(piece)
            moved = placement + corner
            for reading in _readings(view, prepared, moved):
                _consider(ballot, reading, grey)


def _piece(grey: Grey, corners: Corners) -> tuple[Grey, Placement]:
    """The box of a symbol with its quiet zones, and what to add to a placement in it."""
    points = np.asarray(corners)
    margin = 10 + 0.15 * float(np.ptp(points, axis=0).max())
    left, top = np.maximum(points.min(axis=0) - margin, 0).astype(int)
    right, bottom = np.ceil(points.max(axis=0) + margin).astype(int)
    return grey[top:bottom, left:right], np.array([[0, 0, left], [0, 0, top]], np.float64)


def _consider(ballot: Ballot, reading: Reading, grey: Grey) -> None:
    candidate = ballot.cast(reading)
    if candidate is None or candidate.agreement is Agreement.AGREES:
        return
    if reading is candidate.best:
        candidate.part = is_part(grey, reading)
    looks = CHECKS if reading.engine == "zxing" else 1  # zbar's corners are coarse
    if reading.format in RETAIL and len(candidate.readings) <= looks:
        found = _agreement(grey, reading)
        if found is not Agreement.UNKNOWN:
            candidate.agreement = found


def _agreement(grey: Grey, reading: Reading) -> Agreement:
    if reading.engine == "zxing":
        return ean.agreement(grey, reading.corners, reading.format, reading.text)
    turned = reading.corners[2:] + reading.corners[:2]  # zbar does not say where the code starts
    found = [ean.agreement(grey, corners, reading.format, reading.text) for corners in (reading.corners, turned)]
    return Agreement.AGREES if Agreement.AGREES in found else Agreement.UNKNOWN


def _subjects(accepted: list[Candidate], grey: Grey) -> list[Candidate]:
    """Leave out linear codes that the picture's edge cuts through when others are whole.

    They belong to what lies beside the item in front of the camera, or are one row of more.
    """
    whole = [candidate for candidate in accepted if candidate.matrix or not _cut(candidate.best.corners, grey)]
    return whole or accepted


def _cut(corners: Corners, grey: Grey) -> bool:
    height, width = grey.shape
    slack = 2 + max(height, width) / 500
    return any(not slack < x < width - slack or not slack < y < height - slack for x, y in corners)


def _symbol(candidate: Candidate, image: Image) -> Symbol:
    best = candidate.best
    return Symbol(
        text=best.text,
        payload=best.payload,
        identifier=best.identifier,
        format=best.format,
        corners=best.corners,
        votes=len(candidate.votes),
        crop=_crop(image, best.corners),
    )


def _crop(image: Image, corners: Corners) -> bytes:
    """PNG of the symbol's box and a tenth of its side around it, at least 8 pixels; reduced to 1024 pixels."""
    piece, _ = piece_of(image, corners)
    return png(piece) if piece.size else b""


def piece_of(image: Image, corners: Corners) -> tuple[Image, tuple[int, int]]:
    """What a symbol's crop is made of, and its top left corner (x, y) in the picture."""
    points = np.asarray(corners)
    margin = max(8.0, 0.1 * float(np.ptp(points, axis=0).max()))
    left, top = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int)
    right, bottom = np.ceil(points.max(axis=0) + margin).astype(int)
    return image[top:bottom, left:right], (int(left), int(top))


def png(piece: Image) -> bytes:
    """A piece as PNG, reduced to 1024 pixels."""
    return cv2.imencode(".png", reduced(piece, CROP_SIDE), [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


class _Pace:
    """Foresees whether a view will end in time, from the slowest pixel so far."""

    _FIRST_GUESS = 20e-9  # seconds a pixel

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._per_pixel = self._FIRST_GUESS
        self._pixels = 0.0

    def allows(self, pixels: float) -> bool:
        first, self._pixels = self._pixels == 0, pixels
        return first or time.monotonic() + pixels * self._per_pixel < self._deadline

    def __enter__(self) -> None:
        self._start = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._per_pixel = max(self._per_pixel, (time.monotonic() - self._start) / self._pixels)


# --- Views ------------------------------------------------------------------------------------------------------------


def _cascade(grey: Grey) -> tuple[View, ...]:
    if max(grey.shape) > LARGE_SIDE:
        return _LARGE
    return tuple(view for view in _SMALL if view.enlarges == 1 or grey.size * view.enlarges**2 <= ENLARGED_PIXELS)


def _scaling(factor_x: float, factor_y: float) -> Placement:
    """From pixels of a view that is smaller by these factors; pixel centres are at half."""
    return np.array([[factor_x, 0, (factor_x - 1) / 2], [0, factor_y, (factor_y - 1) / 2]], np.float64)


_AS_IS: Final = _scaling(1, 1)


def _plain(grey: Grey) -> tuple[Grey, Placement]:
    return grey, _AS_IS


def _smaller(grey: Grey) -> tuple[Grey, Placement]:
    """By the whole number that brings the long side near 2000 pixels, at least 2."""
    step = max(2, round(max(grey.shape) / 2000))
    size = (max(1, grey.shape[1] // step), max(1, grey.shape[0] // step))
    small = cv2.resize(grey[: size[1] * step, : size[0] * step], size, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False), _scaling(step, step)


def _larger(grey: Grey, factor: float = 2) -> tuple[Grey, Placement]:
    large = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    placement = _scaling(grey.shape[1] / large.shape[1], grey.shape[0] / large.shape[0])
    return large.astype(np.uint8, copy=False), placement


def _sharper(grey: Grey) -> Grey:
    """Unsharp mask."""
    soft = cv2.GaussianBlur(grey, (0, 0), 2)
    return cv2.addWeighted(grey, 2.5, soft, -1.5, 0).astype(np.uint8, copy=False)


def _softer(grey: Grey) -> tuple[Grey, Placement]:
    return cv2.GaussianBlur(grey, (0, 0), 1).astype(np.uint8, copy=False), _AS_IS


def _equalised(grey: Grey) -> tuple[Grey, Placement]:
    """Contrast-limited adaptive histogram equalisation (Zuiderveld 1994): lifts faint bars out of shade and glare."""
    return cv2.createCLAHE(3.0, (8, 8)).apply(grey).astype(np.uint8, copy=False), _AS_IS


def _levelled(grey: Grey) -> tuple[Grey, Placement]:
    """Divided by its own background."""
    side = max(15, max(grey.shape) // 8 | 1)
    background = cv2.blur(grey, (side, side))
    return cv2.divide(grey, cv2.max(background, np.ones_like(background)), scale=128).astype(
        np.uint8, copy=False
    ), _AS_IS


def _sharpened(grey: Grey) -> tuple[Grey, Placement]:
    return _sharper(grey), _AS_IS


def _larger_sharpened(grey: Grey) -> tuple[Grey, Placement]:
    large, placement = _larger(grey)
    return _sharper(large), placement


def _much_larger(grey: Grey) -> tuple[Grey, Placement]:
    return _larger(grey, 3)


def _turned(degrees: float) -> Callable[[Grey], tuple[Grey, Placement]]:
    """Turned about its centre, on a canvas that holds it whole: lines then cross bars that a row misses."""

    def prepare(grey: Grey) -> tuple[Grey, Placement]:
        height, width = grey.shape
        turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
        cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
        size = (round(width * cosine + height * sine), round(width * sine + height * cosine))
        turn[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
        turned = cv2.warpAffine(grey, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return turned.astype(np.uint8, copy=False), cv2.invertAffineTransform(turn).astype(np.float64)

    return prepare


_SMALL: Final = (
    View("plain", "zxing", _plain),
    View("equalised", "zxing", _equalised),
    View("plain", "zbar", _plain),
    View("turned 10", "zxing", _turned(10), linear=True),
    View("turned 45", "zxing-histogram", _turned(45), linear=True),
    View("larger sharpened", "zxing", _larger_sharpened, 2, linear=True),
    View("softer", "zxing-histogram", _softer),
    View("levelled", "zxing-histogram", _levelled),
    View("softer", "zbar", _softer),
    View("sharpened", "zbar", _sharpened),
    View("equalised", "zbar", _equalised),
    View("turned 30", "zxing", _turned(30), linear=True),
    View("much larger", "zxing-histogram", _much_larger, 3, linear=True),
)
_LARGE: Final = (
    View("reduced", "zxing", _smaller, 0.5),
    View("reduced", "zbar", _smaller, 0.5),
    View("reduced equalised", "zxing", lambda grey: _then(_smaller, _equalised, grey), 0.5),
    View("plain", "zxing", _plain),
    View("reduced turned 10", "zxing-histogram", lambda grey: _then(_smaller, _turned(10), grey), 0.5),
    View("reduced turned 45", "zxing-histogram", lambda grey: _then(_smaller, _turned(45), grey), 0.5, linear=True),
)
_CLOSER: Final = (
    View("plain", "zxing", _plain),
    View("plain", "zbar", _plain),
    View("equalised", "zxing", _equalised),
    View("equalised", "zbar", _equalised),
    View("softer", "zxing", _softer),
)


def _then(
    first: Callable[[Grey], tuple[Grey, Placement]], second: Callable[[Grey], tuple[Grey, Placement]], grey: Grey
) -> tuple[Grey, Placement]:
    one, from_one = first(grey)
    two, from_two = second(one)
    matrix = np.vstack([from_one, [0, 0, 1]]) @ np.vstack([from_two, [0, 0, 1]])
    return two, matrix[:2]
