"""The calibration target on paper: the shapes of models/calibration_target.py, rulers and words."""

from __future__ import annotations

from models.calibration_target import Ruler, Size, target
from provisioning.paper import GREY, Paper


def sheet(size: Size) -> Paper:
    """The target for a sheet of that size, to be printed without scaling."""
    paper, drawn = Paper(size), target(size)
    k = drawn.scale
    paper.words(20 * k, 13 * k, f"Sekisho calibration target {size}", 5 * k)
    paper.words(20 * k, 18 * k, "Print at 100 %, matt paper. Lay it flat where packages lie.", 2.6 * k, GREY)
    for shape in drawn.shapes:
        paper.polygon(list(shape.corners), shape.colour)
    for ruler in drawn.rulers:
        _ruler(paper, ruler, k)
    length = drawn.rulers[0].length_mm
    for line, words in enumerate(
        (
            f"The long ruler must measure {length:g} mm. If not: print again without scaling,",
            "or tell what it measures: sekisho calibrate measure --ruler-mm ...",
            "1. Camera, focus, light and exposure as at work; hold them.",
            "2. The whole sheet in the middle of the picture, flat.",
            "3. sekisho calibrate measure",
        )
    ):
        paper.words(20 * k, (184 + 4.6 * line) * k, words, 2.8 * k)
    return paper


def _ruler(paper: Paper, ruler: Ruler, k: float) -> None:
    """A line with a mark each millimetre, longer ones at five and ten."""
    (x, y), length = ruler.start, ruler.length_mm
    thin = 0.15
    paper.rectangle(x, y, *((thin, length) if ruler.down else (length, thin)))
    for mark in range(int(length) + 1):
        long = 4.0 if mark % 10 == 0 else 3.0 if mark % 5 == 0 else 1.8
        if ruler.down:
            paper.rectangle(x, y + mark - thin / 2, long * 0.6, thin)
        else:
            paper.rectangle(x + mark - thin / 2, y, thin, long)
    if ruler.down:
        return
    paper.words(x - 1, y + 7, "0", 2.4 * k)
    paper.words(x + length - 3, y + 7, f"{length:g} mm", 2.4 * k)
