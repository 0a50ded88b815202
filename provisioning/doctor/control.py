"""A control barcode, printed once, and what a scanner makes of it: layout, case, separator, prefix, end, identifier.

The barcode holds small and capital letters, y and z, digits, every symbol that moves between keyboards and the group
separator. What arrives is compared with what would arrive under every known fault (edge/scanner_faults.py,
edge/keyboard_layouts.py); the way that explains it with the fewest faults is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge import keyboard_layouts
from edge.examination import Sign, State
from edge.scanner_faults import FULL_WIDTH, REPLACEMENTS
from provisioning.demo import symbols
from provisioning.paper import GREY, Paper

ELEMENTS = {"91": "SeKiShO-control.yzYZ.0123456789:;=_+*'\"&<>?/%,!", "92": "end"}
TEXT = symbols.message(ELEMENTS)
IDENTIFIER = "]d2"
_ENDS = {"\r": "CR", "\n": "LF", "\r\n": "CR LF", "\t": "TAB"}
_LAYOUTS = {
    "layout_jis_us": "the scanner is set to a Japanese keyboard, the machine to a US one",
    "layout_us_jis": "the scanner is set to a US keyboard, the machine to a Japanese one",
    "layout_us_de": "the scanner is set to a US keyboard, the machine to a German one",
    "layout_de_us": "the scanner is set to a German keyboard, the machine to a US one",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What a scanner does to a code. `separator`: what stands for 0x1D; "" when it is lost."""

    layout: str  # a fault code of edge/keyboard_layouts.py, "" when the keyboards agree
    capslock: bool
    fullwidth: bool
    separator: str
    identifier: bool
    prefix: str
    suffix: str
    end: str  # "CR", "LF", "CR LF", "TAB", "" when nothing ends a message


def heard(arrived: str) -> Heard | None:
    """What explains `arrived`, which came for the control barcode; None: nothing known does."""
    folded = arrived.translate(FULL_WIDTH)
    body = folded.rstrip("\r\n\t")
    end = folded[len(body) :]
    for layout, capslock, separator in _ways():
        expected = _under(TEXT.replace("\x1d", "\0"), layout, capslock=capslock).replace("\0", separator)
        before, found, after = body.partition(expected)
        if not found:
            continue
        mark = _under(IDENTIFIER, layout, capslock=capslock)
        identifier = before.endswith(mark)
        prefix = before.removesuffix(mark) if identifier else before
        told_end = _ENDS.get(end, "CR LF" if end else "")
        return Heard(layout, capslock, folded != arrived, separator, identifier, prefix, after, told_end)
    return None


def _ways() -> Iterator[tuple[str, bool, str]]:
    """Every combination of faults, those that are kept as they are first."""
    for separator in ("\x1d", "", *REPLACEMENTS):
        for layout in ("", *keyboard_layouts.MEANT):
            for capslock in (False, True):
                yield layout, capslock, separator


def _under(text: str, layout: str, *, capslock: bool) -> str:
    moved = keyboard_layouts.arrived(text, layout) if layout else text
    return moved.swapcase() if capslock else moved


def judged(arrived: str, *, framed: bool = False) -> Sign:
    """The sign "scanner" of what arrived for the control barcode. `framed`: its end was cut off by the reader."""
    part, expected = "scanner", "the code as printed, ]d2 before it, 0x1D kept, an end (CR) behind it"
    if not arrived:
        todo = "Is it paired or plugged in, and does it read Data Matrix? Scan while the command waits."
        return Sign(part, State.UNKNOWN, "nothing came", expected, todo)
    found = heard(arrived)
    if found is None:
        todo = "Was it the control barcode? Set the scanner to its factory settings, then to US keyboard and GS1."
        return Sign(part, State.BROKEN, f"got {arrived[:60]!r}", expected, todo)
    faults, todos = _faults(found, framed=framed)
    lost = found.separator == "" or found.fullwidth
    state = State.BROKEN if lost else State.LOOK if faults else State.GOOD
    told = [f"prefix {found.prefix!r}"] if found.prefix else []
    told += [f"suffix {found.suffix!r}"] if found.suffix else []
    told += [f"end {found.end}"] if found.end else []
    return Sign(part, state, "; ".join((*(faults or ["as printed"]), *told)), expected, " ".join(todos))


def _faults(found: Heard, *, framed: bool) -> tuple[list[str], list[str]]:
    """What is wrong in words, and what to set."""
    checks = (
        (found.layout, _LAYOUTS.get(found.layout, ""), "Set both to the same layout; best the scanner to US."),
        (found.capslock, "caps lock turns capitals and small letters round", "Switch caps lock off."),
        (found.fullwidth, "an input method makes full-width letters", "Switch the input method to direct input."),
        (not found.separator, "the group separator 0x1D is lost", "Have the scanner send GS as Control-] or Alt-029."),
        (
            found.separator not in ("", "\x1d"),
            f"{found.separator!r} comes for the group separator",
            "Switch the replacement of GS off in the scanner.",
        ),
        (not found.identifier, "no symbology identifier", "Switch the AIM identifier (]d2) on in the scanner."),
        (not found.end and not framed, "nothing ends a message", "Have the scanner send CR behind each code."),
        (bool(found.prefix or found.suffix), "it adds characters", "Take prefix and suffix out of the scanner."),
    )
    wrong = [(words, todo) for applies, words, todo in checks if applies]
    return [words for words, _ in wrong], [todo for _, todo in wrong]


def sheet() -> Paper:
    """The control barcode on A5, at two sizes, with what to do with it."""
    paper = Paper("A5")
    paper.words(14, 20, "Sekisho: control barcode for scanners", 6)
    for line, words in enumerate(
        (
            "1. On the box: sekisho doctor --scanner",
            "2. Scan one of the two squares while the command waits.",
            "3. It says what the scanner does to a code and what to set.",
        )
    ):
        paper.words(14, 32 + 7 * line, words, 4)
    modules = symbols.gs1_datamatrix(ELEMENTS)
    side = 0.0
    for module_mm, top in ((0.75, 60.0), (0.5, 125.0)):
        side = modules.shape[0] * module_mm
        for row, column in zip(*modules.nonzero(), strict=True):
            paper.rectangle(14 + column * module_mm, top + row * module_mm, module_mm, module_mm)
        paper.words(14 + side + 8, top + 6, f"module {module_mm:g} mm", 3.5, GREY)
    paper.words(14, 185, "GS1 DataMatrix. It holds no goods: a bench shows it as AI 91 and 92.", 3, GREY)
    paper.words(14, 190, symbols.bracketed(ELEMENTS), 2.6, GREY)
    return paper
