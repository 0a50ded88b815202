"""Read print: what stands beside the symbols of a capture and on its labels, as far as it is asked for.

Lines are read in a worker, a few at a time, until everything that the code says was met, or the policy's lines or time
are spent. A line that seems to depart is read once more, softened, and its picture is kept. Judged elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from edge.captures import Box, Capture, DecodedSymbol, Evidence
from edge.checks.printed_values import Standing
from edge.checks.text import judged, settled
from edge.comparison import PrintedLine, PrintReading, RegionReading
from edge.errors import EvidenceError
from edge.gs1 import Gtin, TradeItem
from edge.inspection import Seen, SystemFault
from edge.policy import TextPolicy
from models.errors import ModelsError
from models.measurements import TextLine, TextPlace
from models.worker import OpenFrame

Keep = Callable[[bytes, str], str]  # bytes and media type -> SHA-256 of the kept file

AT_ONCE = 4  # lines in one question
LEAST_SEEN = 0.9  # share of a label that must be free
LINEAR = ("Code128", "EAN13", "EAN8", "ITF", "DataBarOmni", "DataBarExp")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A place whose print is wanted, and what it should say."""

    gtin: Gtin
    place: TextPlace
    expected: dict[str, str]


def beside(symbol: DecodedSymbol, item: TradeItem) -> Wanted | None:
    """What should be printed beside a symbol; None where nothing but a GTIN would be, or its place is not known."""
    said = {"serial": item.serial, "batch": item.batch, "expiry": item.elements.get("17")}
    expected = {element: value for element, value in said.items() if value}
    if not expected or len(symbol.corners) != 4:  # noqa: PLR2004 - corners of a symbol
        return None
    place = TextPlace(symbol.corners, beside=True, linear=symbol.format in LINEAR)
    return Wanted(item.gtin, place, expected | {"gtin": item.gtin.value})


def on_label(region: RegionReading, gtin: Gtin) -> Wanted | None:
    """The registered words of a label that lies free in the capture; None for other regions."""
    free = region.seen >= LEAST_SEEN and len(region.corners) == 4  # noqa: PLR2004 - corners of a region
    if region.kind != "label" or not region.text or not free:
        return None
    return Wanted(gtin, TextPlace(region.corners, beside=False), {"words": region.text})


def begin(wanted: Sequence[Wanted], frame: OpenFrame) -> None:
    """Let the worker read the first lines of every place beside what it is asked before `read`."""
    for one in wanted:
        frame.text_ahead(one.place, AT_ONCE)


def read(
    capture: Capture,
    wanted: Sequence[Wanted],
    frame: OpenFrame,
    keep: Keep,
    *,
    known: frozenset[str],
    policy: TextPolicy,
) -> Seen:
    """The print at every wanted place. `known` are as `edge.checks.text.known_values`.

    What the box cannot do is a system fault.
    """
    start, prints, faults = time.monotonic(), [], []
    for one in wanted:
        left_s = policy.budget_ms / 1000 - (time.monotonic() - start)
        if left_s <= 0:
            break
        try:
            prints.append(_at(capture, one, frame, keep, known=known, policy=policy, until=time.monotonic() + left_s))
        except ModelsError as failed:
            faults.append(SystemFault("text_" + failed.code, failed.message, capture.sha256))
            break
        except EvidenceError as error:
            faults.append(SystemFault(error.code, error.message, capture.sha256))
    return Seen(prints=tuple(prints), faults=tuple(faults))


def _at(
    capture: Capture,
    one: Wanted,
    frame: OpenFrame,
    keep: Keep,
    *,
    known: frozenset[str],
    policy: TextPolicy,
    until: float,
) -> PrintReading:
    """The print at one place: of a large picture at half its sides, and of the whole one where that left a question."""
    found, whole = _lines_at(capture, one, frame, known=known, policy=policy, until=until, whole=False)
    if not whole and not settled(found, known):
        found, whole = _lines_at(capture, one, frame, known=known, policy=policy, until=until, whole=True)
    return _telling(_looked_again(found, one, frame, keep, known, whole=whole), known)


def _lines_at(
    capture: Capture,
    one: Wanted,
    frame: OpenFrame,
    *,
    known: frozenset[str],
    policy: TextPolicy,
    until: float,
    whole: bool,
) -> tuple[PrintReading, bool]:
    """What was read, and whether of the whole picture."""
    lines: tuple[PrintedLine, ...] = ()
    while True:
        answer = frame.text(one.place, len(lines), AT_ONCE, whole=whole)
        lines += tuple(_line(line) for line in answer.lines)
        reading = PrintReading(
            capture=capture.sha256,
            gtin=one.gtin,
            expected=one.expected,
            lines=lines,
            found=len(lines),
            height_px=round(median(line.height_px for line in lines), 1) if lines else None,
            threshold=answer.threshold,
            pack=answer.pack,
        )
        spent = len(lines) >= policy.most_lines or time.monotonic() > until
        if settled(reading, known) or not answer.more or spent:
            return reading, answer.whole


def _looked_again(
    reading: PrintReading, one: Wanted, frame: OpenFrame, keep: Keep, known: frozenset[str], *, whole: bool
) -> PrintReading:
    """With a second look at the lines that seem to depart, and the picture of one that does."""
    lines = list(reading.lines)
    pictures: dict[int, bytes] = {}
    for place in {held.line for held in judged(reading, known) if held.standing is not Standing.AGREES}:
        answer = frame.text(one.place, place, 1, again=True, picture=True, whole=whole)
        if answer.lines:
            lines[place], pictures[place] = _line(answer.lines[0]), answer.picture
    again = replace(reading, lines=tuple(lines))
    apart = [held.line for held in judged(again, known) if held.standing is Standing.DIFFERS]
    if not apart or not pictures.get(apart[0]):
        return again
    box = again.lines[apart[0]].box
    kept = Evidence(keep(pictures[apart[0]], "image/jpeg"), "image/jpeg", "region", reading.capture, box)
    return replace(again, picture=kept)


def _telling(reading: PrintReading, known: frozenset[str]) -> PrintReading:
    """Without the lines that say nothing of what was expected: they may be anybody's."""
    telling = {held.line for held in judged(reading, known)}
    if "words" in reading.expected and telling:
        return reading
    return replace(reading, lines=tuple(line for place, line in enumerate(reading.lines) if place in telling))


def _line(line: TextLine) -> PrintedLine:
    return PrintedLine(line.text, line.sure, Box(*line.box), line.height_px, line.again, line.again_sure)
