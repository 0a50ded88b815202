"""The print beside a symbol, and on a label, against the code and the registered words.

It says what the print reads and what the code says, and no more: one of them may be pasted over, or misprinted. Print
does not change between captures: what one capture shows to agree, agrees. What nobody could read did not run.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.checks import Checked, Findings, Proof
from edge.checks.label_words import words_agree, words_held
from edge.checks.printed_values import Held, Standing, folded, held
from edge.comparison import PrintReading
from edge.identity import Identity
from edge.inspection import Finding, NotChecked, Seen
from edge.lookup import ItemLookup
from edge.policy import Policy

_ORDER = ("serial", "batch", "expiry", "gtin", "words")


def judged(reading: PrintReading, known: frozenset[str] = frozenset()) -> tuple[Held, ...]:
    """What a reading says of each expected element: one answer for each that any line speaks of."""
    best: dict[str, Held] = {}
    if "words" in reading.expected:
        one = words_held(reading.lines, reading.expected["words"], reading.threshold)
        return (one,) if one is not None else ()
    for place, line in enumerate(reading.lines):
        for one in held(line, place, reading.expected, reading.threshold, known):
            if one.element not in best or _rank(one) < _rank(best[one.element]):
                best[one.element] = one
    return tuple(best.values())


def settled(reading: PrintReading, known: frozenset[str] = frozenset()) -> bool:
    """Whether everything that was expected agrees, so that no further line need be read; a GTIN may not be printed."""
    if "words" in reading.expected:
        return words_agree(reading.lines, reading.expected["words"])
    agreed = {one.element for one in judged(reading, known) if one.standing is Standing.AGREES}
    return agreed >= set(reading.expected) - {"gtin"}


def known_values(identity: Identity) -> frozenset[str]:
    """Serials and batches of all items, as they may be printed beside one another's."""
    return frozenset(folded(value) for item in identity.items for value in (item.serial, item.batch) if value)


def check(found: ItemLookup, seen: Seen, identity: Identity, policy: Policy) -> Checked:
    """All that was read of one item's print."""
    mine = [reading for reading in seen.prints if reading.gtin == found.item.gtin and _same_item(reading, found)]
    gtin = str(found.item.gtin)
    if not mine:
        printed = found.item.serial or found.item.batch or "17" in found.item.elements
        unread = (NotChecked("text", "reason.print_unread", gtin),) if printed and seen.captures else ()
        return Checked(not_run=unread)
    known = known_values(identity)
    answers = [(reading, one) for reading in mine for one in judged(reading, known)]
    agreed = {
        (one.element, reading.expected[one.element]) for reading, one in answers if one.standing is Standing.AGREES
    }
    apart = [
        (reading, one)
        for reading, one in answers
        if one.standing is Standing.DIFFERS and (one.element, reading.expected[one.element]) not in agreed
    ]
    maker = Findings(policy, gtin)
    made = _once(
        _finding(reading, one, maker) for reading, one in sorted(apart, key=lambda two: _ORDER.index(two[1].element))
    )
    if agreed or made:
        words = {one.element == "words" for _, one in answers if one.standing is not Standing.DOUBTFUL}
        codes = (("text.words", True), ("text.differs", False))
        unasked = tuple((code, gtin) for code, of_words in codes if of_words not in words)
        return Checked(findings=tuple(made), ran=("text",), unasked=unasked)
    return Checked(findings=_closer(mine, maker), not_run=(NotChecked("text", "reason.print_unread", gtin),))


def _same_item(reading: PrintReading, found: ItemLookup) -> bool:
    serial = reading.expected.get("serial")
    return serial is None or found.item.serial is None or serial == found.item.serial


def _rank(one: Held) -> int:
    return (Standing.AGREES, Standing.DIFFERS, Standing.DOUBTFUL).index(one.standing)


def _finding(reading: PrintReading, one: Held, maker: Findings) -> Finding:
    line = reading.lines[one.line]
    proof = Proof((reading.picture,) if reading.picture is not None else (), line.box)
    if one.element == "words":
        return maker.make("text.words", proof, read=one.read, words=one.said or reading.expected["words"])
    code = reading.expected[one.element]
    return maker.make("text.differs", proof, element=f"@element.{one.element}", read=one.read, said=code)


def _once(findings: Iterable[Finding]) -> list[Finding]:
    kept: dict[tuple[str, ...], Finding] = {}
    for one in findings:
        kept.setdefault((one.code, *one.arguments.values()), one)
    return list(kept.values())


def _closer(mine: list[PrintReading], maker: Findings) -> tuple[Finding, ...]:
    """What would let the print be read: only where its type was seen and is small."""
    heights = [reading.height_px for reading in mine if reading.height_px is not None]
    needed = maker.policy.text.type_px
    if not heights or max(heights) >= needed:
        return ()
    return (maker.make("capture.print_small", measured=f"{max(heights):.0f}", needed=f"{needed:.0f}"),)
