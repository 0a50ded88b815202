"""The sheet of a practice bench: the numbers of its parcels as Code 128, to scan from paper."""

from __future__ import annotations

from collections.abc import Sequence

from edge.practice import KnownParcel
from provisioning.demo import symbols
from provisioning.paper import GREY, Paper

_MODULE_MM = 0.5  # wide enough for every gun
_BAR_MM, _ROW_MM, _TOP_MM = 15.0, 38.0, 42.0
_ACROSS_MM, _LEFT_MM, _COLUMNS = 94.0, 16.0, 2
_VIOLET = (106, 63, 181)


def sheet(parcels: Sequence[KnownParcel]) -> Paper:
    """A sheet of up to 12 parcels. The words are English: they are numbers and one warning."""
    paper = Paper("A4")
    paper.rectangle(0, 0, paper.width_mm, 9, _VIOLET)
    paper.words(_LEFT_MM, 6.4, "PRACTICE - NOT REAL", 5, (255, 255, 255))
    paper.words(_LEFT_MM, 19, "Sekisho: parcels of the practice bench", 5.5)
    paper.words(
        _LEFT_MM,
        26,
        "Scan a number on the page of the practice bench; a press on its picture lays it down whole.",
        3,
        GREY,
    )
    paper.words(_LEFT_MM, 31, "Never scan this sheet at a bench that is at work.", 3, GREY)
    for place, parcel in enumerate(parcels):
        x = _LEFT_MM + place % _COLUMNS * _ACROSS_MM
        y = _TOP_MM + place // _COLUMNS * _ROW_MM
        paper.words(x, y, f"{parcel.order}", 6)
        at = x
        for dark in symbols.code_128(parcel.number)[0]:
            if dark:
                paper.rectangle(at, y + 3, _MODULE_MM, _BAR_MM)
            at += _MODULE_MM
        paper.words(x, y + _BAR_MM + 7, parcel.number, 3.4)
    return paper
