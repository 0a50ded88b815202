"""What a picture says by itself, as far as it is decided here: a badge in it is nobody's business."""

from __future__ import annotations

from typing import Any

from edge.ports import Picture
from edge.steps.decode import read
from models.measurements import FrameReading, PictureQuality, Symbol

CORNERS = ((1.0, 1.0), (9.0, 1.0), (9.0, 9.0), (1.0, 9.0))


def _symbol(text: str) -> Symbol:
    return Symbol(
        text=text,
        payload=text.encode(),
        identifier="]C0",
        format="Code 128",
        corners=CORNERS,
        votes=2,
        crop=b"png of " + text.encode(),
    )


class Frame:
    def read(self) -> FrameReading:
        symbols = (_symbol("SEKI012345678901234567890123"), _symbol("RR473124829JP"))
        return FrameReading(100, 100, PictureQuality(1.0, 0.0, 0.5), symbols)


def test_a_badge_in_a_picture_is_neither_told_nor_kept() -> None:
    frame: Any = Frame()
    kept: list[bytes] = []

    def keep(data: bytes, _media_type: str) -> str:
        kept.append(data)
        return "0" * 64

    seen = read(Picture("a" * 64, b"jpeg", "camera"), frame, keep, lambda _label, _capture: "")
    assert [symbol.text for symbol in seen.symbols] == ["RR473124829JP"]
    assert kept == [b"png of RR473124829JP"]
    assert len(seen.captures[0].kept) == 1
