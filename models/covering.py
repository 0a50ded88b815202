"""Hiding: what is to be hidden in a picture is covered in all that is made of it, and cut out to be sealed.

Where it is, is found by `models.addresses`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

from models.measurements import Hidden
from models.picture import reduced
from models.symbols import piece_of, png

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.locate import Grey
    from models.measurements import Corners, FaceMeasurement, Image, Rectangle, RegionMeasurement, Symbol

COVER: Final = (96, 96, 96)  # what hidden places look like
LABEL_SIDE, LABEL_QUALITY, FACE_QUALITY = 1280, 82, 88


def mask_of(hidden: Hidden, shape: tuple[int, int], corner: tuple[int, int] = (0, 0)) -> Grey:
    """255 where a piece (height, width) of a picture, whose top left corner (x, y) is told, is to be hidden."""
    mask = np.zeros(shape, np.uint8)
    for one in hidden.outlines:
        cv2.fillPoly(mask, [np.asarray(np.round(np.subtract(one, corner)), np.int32)], 255)
    for one in hidden.symbols:
        cv2.fillConvexPoly(mask, np.asarray(np.round(np.subtract(one, corner)), np.int32), 0)
    return mask


def spread(hidden: Hidden, factor: float) -> Hidden:
    """The same in a picture that is so many times as large."""
    outlines, symbols = (
        tuple(tuple((x * factor, y * factor) for x, y in one) for one in some)
        for some in (hidden.outlines, hidden.symbols)
    )
    return Hidden(outlines, symbols)


def cut(image: Image, hidden: Hidden) -> bytes:
    """JPEG of what is hidden, as it is: the one picture that shows it. Whoever has it seals it."""
    points = np.vstack([np.asarray(one) for one in hidden.outlines])
    left, top = (max(0, int(value)) for value in points.min(0))
    right, bottom = (int(value) + 1 for value in points.max(0))
    piece = reduced(image[top:bottom, left:right], LABEL_SIDE)
    return cv2.imencode(".jpg", piece, [cv2.IMWRITE_JPEG_QUALITY, LABEL_QUALITY])[1].tobytes()


def covered_symbol(image: Image, symbol: Symbol, hidden: Hidden) -> Symbol:
    """The symbol with what is hidden around it covered in its crop."""
    piece, corner = piece_of(image, symbol.corners)
    mask = mask_of(hidden, (piece.shape[0], piece.shape[1]), corner)
    if not piece.size or not mask.any():
        return symbol
    piece = piece.copy()
    piece[mask > 0] = COVER
    return replace(symbol, crop=png(piece))


def covered_face(measured: FaceMeasurement, hidden: Hidden, registered: tuple[int, int]) -> FaceMeasurement:
    """A measurement whose pictures show nothing of it. `registered` is the registered picture's size (w, h)."""
    outlines = [np.asarray(one, np.float64)[None] for one in hidden.outlines]
    if not measured.face_picture or len(measured.homography) != 9:  # noqa: PLR2004 - a 3 x 3 matrix
        return replace(measured, face_picture=b"", heat_picture=b"", regions=_without_pictures(measured, hidden))
    matrix = np.reshape(measured.homography, (3, 3))
    on_face = [cv2.perspectiveTransform(one, matrix)[0] for one in outlines]
    return replace(
        measured,
        face_picture=_covered(measured.face_picture, on_face, registered),
        heat_picture=_covered(measured.heat_picture, on_face, registered),
        regions=_without_pictures(measured, hidden),
    )


def shows(hidden: Hidden, corners: Corners) -> bool:
    """Whether a place of the picture meets what is hidden."""
    place = np.asarray(corners, np.float32)
    left, top = np.floor(place.min(0)).astype(int)
    width, height = (np.ceil(place.max(0)).astype(int) - (left, top)) + 1
    mask = mask_of(Hidden(hidden.outlines), (int(height), int(width)), (int(left), int(top)))
    return bool(mask.any())


def _without_pictures(measured: FaceMeasurement, hidden: Hidden) -> tuple[RegionMeasurement, ...]:
    """The regions; one whose picture would show what is hidden has none."""
    return tuple(
        replace(one, picture=b"") if one.picture and shows(hidden, around_box(one.capture_box)) else one
        for one in measured.regions
    )


def around_box(box: Rectangle) -> Corners:
    """The corners of a box and of what its picture shows around it."""
    x, y, w, h = box
    across, down = w // 2 + 8, h // 2 + 8
    left, top, right, bottom = x - across, y - down, x + w + across, y + h + down
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _covered(encoded: bytes, outlines: Sequence[npt.NDArray[np.float64]], registered: tuple[int, int]) -> bytes:
    """A picture of the face with outlines (in pixels of the registered picture) covered."""
    if not encoded:
        return encoded
    picture = np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    scale = (picture.shape[1] / registered[0], picture.shape[0] / registered[1])
    drawn = [np.asarray(np.clip(np.round(one * scale), -20_000, 20_000), np.int32) for one in outlines]
    mask = np.zeros(picture.shape[:2], np.uint8)
    for one in drawn:
        cv2.fillPoly(mask, [one], 255)
    if not mask.any():
        return encoded
    picture[mask > 0] = COVER
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, FACE_QUALITY])[1].tobytes()
