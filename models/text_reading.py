"""Read the print at a place of a picture, a few lines at a time, the nearest to its symbol first.

Print beside a symbol may stand in any quarter turn: the turn in which the first lines read surely is taken. It stops
nowhere by itself: whoever asks knows what is still missing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from models import text, text_lines, text_places
from models.measurements import TextLine, TextReading

if TYPE_CHECKING:
    from models.measurements import Image, TextPlace
    from models.text import Reader
    from models.text_lines import Line
    from models.text_places import View

QUARTERS: Final = (0, 2, 1, 3)
TRIED: Final = 3  # lines that tell a turn
LEAST_LETTERS: Final = 4
SURE: Final = 0.85  # mean chance from which on a turn is not doubted
JPEG_QUALITY: Final = 80
PICTURE_PX: Final = 720  # width of the picture of a line
AROUND: Final = 0.6  # of its height


class Printed:
    """The print at one place of one picture."""

    def __init__(self, picture: Image, place: TextPlace, reader: Reader, scale: float = 1.0) -> None:
        """Find the place's lines. `scale` is pixels of the whole picture to a pixel of `picture`."""
        start = time.perf_counter()
        self._reader = reader
        self._scale = scale
        self._read: dict[Line, tuple[str, tuple[float, ...]]] = {}
        self._view = self._best(picture, _scaled(place, 1 / scale))
        self._found_ms = (time.perf_counter() - start) * 1e3

    @property
    def type_px(self) -> float | None:
        """The middle height of the lines' type in `picture`; None without lines."""
        if self._view is None or not self._view.lines:
            return None
        return float(np.median([line.height for line in self._view.lines])) * self._view.scale

    def lines(self, first: int, count: int, *, again: bool = False, picture: bool = False) -> TextReading:
        """Some lines; with `again` each is read a second time, softened; with `picture` the first is shown."""
        start = time.perf_counter()
        found = self._view.lines if self._view is not None else ()
        some = tuple(self._line(line, again=again) for line in found[first : first + count])
        return TextReading(
            lines=some,
            more=len(found) > first + count,
            threshold=self._reader.threshold,
            pack=self._reader.name,
            picture=self._shown(found[first]) if picture and some else b"",
            whole=self._scale == 1.0,
            ms={"find": round(self._found_ms, 3), "read": round((time.perf_counter() - start) * 1e3, 3)},
        )

    def _line(self, line: Line, *, again: bool) -> TextLine:
        view = self._view
        assert view is not None  # noqa: S101 - a line comes from a view
        read, sure = self._once(view, line)
        second = self._reader.read(text.softened(text_lines.cut(view.image, line))) if again else None
        x, y, w, h = (round(value * self._scale) for value in view.box(line))
        return TextLine(
            text=read,
            sure=sure,
            box=(x, y, w, h),
            height_px=round(line.height * view.scale * self._scale, 1),
            again=second[0] if second else None,
            again_sure=second[1] if second else (),
        )

    def _once(self, view: View, line: Line) -> tuple[str, tuple[float, ...]]:
        if line not in self._read:
            self._read[line] = self._reader.read(text_lines.cut(view.image, line))
        return self._read[line]

    def _best(self, picture: Image, place: TextPlace) -> View | None:
        """The place in the turn in which its first lines read most surely."""
        seen: list[tuple[float, View]] = []
        for quarters in QUARTERS if place.beside else QUARTERS[:1]:
            upright = text_places.upright(picture, place, on_its_side=bool(quarters % 2))
            if upright is None:
                return None
            view = upright.seen(quarters)
            self._read.clear()
            read = [self._once(view, line) for line in view.lines[:TRIED]] if place.beside else []
            sure = max((float(np.mean(chances)) for words, chances in read if len(words) >= LEAST_LETTERS), default=0.0)
            seen.append((sure, view))
            if sure >= SURE:
                return view
        self._read.clear()
        return max(seen, key=lambda one: one[0])[1]

    def _shown(self, line: Line) -> bytes:
        """A line and a little of what is around it, upright, as a JPEG."""
        view = self._view
        assert view is not None  # noqa: S101 - a line comes from a view
        (x, y, w, h), around = line.box, round(AROUND * line.height)
        part = view.image[max(0, y - around) : y + h + around, max(0, x - around) : x + w + around]
        scale = PICTURE_PX / part.shape[1]
        part = np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
        written, code = cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return code.tobytes() if written else b""


def _scaled(place: TextPlace, factor: float) -> TextPlace:
    corners = tuple((x * factor, y * factor) for x, y in place.corners)
    return type(place)(corners, place.beside, place.linear)
