"""Which readings of a picture are believed. Pure: no pixels, no engines.

A symbol with error correction proves itself. A check digit does not: one blurred misread in ten passes it. So weak
symbologies need readings from distinct views or engines, and a lead over every other reading of the same place; EAN/UPC
readings may instead be confirmed by their pixels (`models.ean`), and are refused when the pixels contradict them.

A view is a way of preparing the picture; two thresholds on one view see the same blur and are one vote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from models.ean import Agreement

if TYPE_CHECKING:
    from models.engines import Reading
    from models.measurements import Corners

PLAIN_VIEWS: Final = frozenset({"plain", "reduced"})

# Reed-Solomon or stronger: a reading that decodes was printed so.
CORRECTED: Final = frozenset({"QRCode", "RMQRCode", "DataMatrix", "Aztec", "MaxiCode"})
# Corrected too, but shown to decode to noise once a view was sharpened or turned: alone only from a plain view.
CORRECTED_IN_PLAIN_VIEW: Final = frozenset({"PDF417", "CompactPDF417", "MicroPDF417", "MicroQRCode", "AztecRune"})
# One or two check characters of large base besides a strict grammar (mod 103; twice mod 47): alone from a plain view
# only, because one damaged code in some thousands passes mod 103 once a view was equalised.
CHECKED: Final = frozenset({"Code128", "Code93"})
RETAIL: Final = frozenset({"EAN13", "EAN8", "UPCE"})

VOTES: Final = 2
VOTES_SHORT: Final = 3  # UPC-E has no check digit of its own; Telepen, DX and short codes are found in text
VOTES_ONE_ENGINE: Final = 3  # a linear code that only one of two engines ever reads
VOTES_CONTRADICTED: Final = 5
LEAD: Final = 2
MIN_CHARACTERS: Final = {"ITF": 6, "Codabar": 6, "Code39": 3, "Telepen": 3}
SHORT: Final = frozenset({"UPCE", "Telepen", "DXFilmEdge"})


@dataclass
class Candidate:
    """One text at one place, and who read it."""

    readings: list[Reading]
    votes: set[tuple[str, str]] = field(default_factory=set)
    agreement: Agreement = Agreement.UNKNOWN
    part: bool = False  # the pixels show that the symbol goes on beside the reading
    looks: set[tuple[str, str]] = field(default_factory=set)  # (engine, view) that looked closer at its place

    @property
    def best(self) -> Reading:
        """The reading that stands for all: zxing-cpp's before zbar's, an early view's before a later one's."""
        return next((reading for reading in self.readings if reading.engine == "zxing"), self.readings[0])

    @property
    def matrix(self) -> bool:
        """Whether this is no linear code."""
        return self.best.format in CORRECTED or self.best.format in CORRECTED_IN_PLAIN_VIEW


class Ballot:
    """The readings of one picture so far."""

    def __init__(self) -> None:
        """Nobody has voted."""
        self.candidates: list[Candidate] = []

    def cast(self, reading: Reading) -> Candidate | None:
        """Count a reading; its candidate, or None when it says too little to be counted.

        UPC-E exists for U.P.C. prefix 0 only (GS1 General Specifications 5.2). Of number system 1 it would be drawn
        exactly like the left half of an EAN-13, so such a reading is one whose right half is torn or covered.
        """
        if len(reading.text) < MIN_CHARACTERS.get(reading.format, 1):
            return None
        if reading.format == "UPCE" and not reading.text.startswith("00"):
            return None
        candidate = next((known for known in self.candidates if _same(known.best, reading)), None)
        if candidate is None:
            candidate = Candidate([])
            self.candidates.append(candidate)
        candidate.readings.append(reading)
        candidate.votes.add((reading.engine, reading.view))
        return candidate

    def accepted(self) -> list[Candidate]:
        """The candidates that are believed, in the order in which they were first read."""
        sure = [candidate for candidate in self.candidates if candidate.matrix and self._believed(candidate)]
        # bars found inside a matrix symbol are its modules
        linear = [
            candidate
            for candidate in self.candidates
            if not candidate.matrix
            and not any(overlap(other.best.corners, candidate.best.corners) for other in sure)
            and self._believed(candidate)
        ]
        return [candidate for candidate in self.candidates if candidate in sure or candidate in linear]

    def undecided(self) -> list[Candidate]:
        """The candidates that are neither believed nor at the place of one that is."""
        sure = self.accepted()
        return [
            candidate
            for candidate in self.candidates
            if candidate not in sure
            and not self._a_part(candidate)
            and not any(overlap(other.best.corners, candidate.best.corners) for other in sure)
        ]

    def _a_part(self, candidate: Candidate) -> bool:
        return candidate.part or any(_longer(other, candidate) for other in self.candidates)

    def _believed(self, candidate: Candidate) -> bool:
        form, votes = candidate.best.format, len(candidate.votes)
        if form in CORRECTED:
            return True
        if form in CORRECTED_IN_PLAIN_VIEW:
            return votes >= VOTES or _seen_plainly(candidate)
        rivals = [other for other in self.candidates if other is not candidate and _rivals(candidate, other)]
        if self._a_part(candidate):
            return False
        most = max((len(other.votes) for other in rivals), default=0)
        if form in CHECKED:
            return votes > most and (votes >= VOTES or _seen_plainly(candidate))
        if candidate.agreement is Agreement.AGREES:
            return not any(other.agreement is Agreement.AGREES for other in rivals)
        return votes >= self._needed(candidate) and votes - most >= LEAD

    def _needed(self, candidate: Candidate) -> int:
        if candidate.agreement is Agreement.CONTRADICTS:
            return VOTES_CONTRADICTED
        if candidate.best.format in SHORT:
            return VOTES_SHORT
        engines = {engine for engine, _ in candidate.votes}
        return VOTES_ONE_ENGINE if len(engines) == 1 and candidate.best.format in RETAIL else VOTES


def _seen_plainly(candidate: Candidate) -> bool:
    return any(view in PLAIN_VIEWS for _, view in candidate.votes)


_KIN: Final = {"Code32": "Code39", "PZN": "Code39", "ITF14": "ITF", "DataBarStk": "DataBarOmni"}


def _same(known: Reading, reading: Reading) -> bool:
    """Whether two readings say the same of the same place."""
    return (
        _KIN.get(known.format, known.format) == _KIN.get(reading.format, reading.format)
        and _told(known) == _told(reading)
        and overlap(known.corners, reading.corners)
    )


def _told(reading: Reading) -> str:
    """The text, less the ways in which the two engines spell one code differently."""
    text = reading.text.replace("\x1d", "")
    return text.removeprefix("01") if reading.format == "DataBarOmni" and len(text) == 16 else text  # noqa: PLR2004


def _rivals(one: Candidate, other: Candidate) -> bool:
    """Whether at most one of two linear candidates can be true."""
    return not other.matrix and overlap(one.best.corners, other.best.corners)


def _longer(other: Candidate, candidate: Candidate) -> bool:
    """Whether `candidate` is a part of what `other` read: a line that left the code before its end.

    Wherever it was read: such lines lie beside the place at which the whole was read.
    """
    return (
        other.best.format == candidate.best.format
        and len(other.best.text) > len(candidate.best.text)
        and candidate.best.text in other.best.text
    )


def overlap(one: Corners, other: Corners) -> bool:
    """Whether the centre of either box (axis-aligned hull, a little widened) lies in the other."""
    return _centre_in(one, other) or _centre_in(other, one)


def _centre_in(inner: Corners, outer: Corners) -> bool:
    x = sum(point[0] for point in inner) / len(inner)
    y = sum(point[1] for point in inner) / len(inner)
    left, right = min(point[0] for point in outer), max(point[0] for point in outer)
    top, bottom = min(point[1] for point in outer), max(point[1] for point in outer)
    slack = 0.1 * max(right - left, bottom - top) + 2
    return left - slack <= x <= right + slack and top - slack <= y <= bottom + slack
