"""What a printed line says of serial, batch, expiry and number, held against what the code says. Pure string work.

A line comes with the chance of each of its characters. What a reader confuses by its nature (O and 0, I and 1, S and 5,
large and small kana) is ambiguous: it never makes a difference and is never corrected in what is shown. A difference
takes the same length, a label in front or a close likeness, and characters that are sure where they differ, twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from edge.comparison import PrintedLine
from edge.gs1 import check_digit

CLOSE = 2  # characters by which an unlabelled value may differ and still be the one that is meant
LEAST_UNLABELLED = 6  # characters; a shorter value needs a label or a word of its own
_LABELS: Mapping[str, tuple[str, ...]] = {
    "serial": (
        *("(21)", "SERIAL NUMBER", "SERIAL NO", "SERIAL", "S/N", "SN"),
        *("製造番号", "造番号", "シリアル番号", "シリアルNO", "シリアル"),
    ),
    "batch": (
        *("(10)", "BATCH NO", "BATCH", "LOT NO", "LOT", "B/N"),
        *("ロット番号", "ロットNO", "ロット", "製造記号"),
    ),
    "expiry": (
        *("(17)", "EXPIRY DATE", "EXP DATE", "EXPIRY", "EXPIRES", "EXP", "USE BY", "BEST BEFORE", "BB", "VALID TO"),
        *("使用期限", "有効期限", "賞味期限", "消費期限", "期限"),
    ),
    "gtin": ("(01)", "GTIN", "EAN", "UPC", "商品コード"),  # not JAN: a month
}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_ALIKE = str.maketrans(
    "OQDIL|SZBG卜口二一力八工夕ッャュョァィゥェォヵヶ",
    "0001115286トロニーカハエタツヤユヨアイウエオカケ",
)
_IN_LABELS = str.maketrans("051L8卜口ッ裂", "OSIIBトロツ製")  # what a label's letters are read as, and the label itself
_BETWEEN = " :;.,#=-："  # a label and its value
_WITHIN = " -"  # what may part the groups of a value
_BRACKETS = str.maketrans("<>[]{}（）", "()()()()")  # of application identifiers, as they may be read
_GTIN_LENGTHS = (14, 13, 12, 8)


class Standing(StrEnum):
    """How a printed value stands to the code."""

    AGREES = "agrees"
    DIFFERS = "differs"  # surely, in two looks
    DOUBTFUL = "doubtful"  # it differs, but not surely; or only one look was taken


@dataclass(frozen=True, slots=True)
class Held:
    """One printed value held against the code."""

    element: str  # "serial", "batch", "expiry", "gtin", "words"
    standing: Standing
    read: str  # as printed
    line: int  # its place among the lines
    sure: float  # least chance, in both looks, of the characters that differ; 1 where none does
    said: str = ""  # of a label's words, what is registered in that place; "": all that is expected


@dataclass(frozen=True, slots=True)
class Value:
    """What a piece of a line reads, how sure each character is, whether a label stands before, parted from it."""

    text: str
    sure: tuple[float, ...]
    labelled: bool


def held(
    line: PrintedLine, place: int, expected: Mapping[str, str], threshold: float, known: frozenset[str]
) -> tuple[Held, ...]:
    """What one line says of the expected elements. `known` are folded values of other items, printed beside this one.

    `expected` maps "serial", "batch" and "gtin" to their values and "expiry" to YYMMDD (day 00: the month alone).
    """
    found = []
    line = replace(line, text=line.text.translate(_BRACKETS), again=line.again and line.again.translate(_BRACKETS))
    for element, value in expected.items():
        one = _held_of(line, element, value, known)
        if one is not None:
            read, sure = one
            standing = Standing.AGREES if sure is None else standing_of(sure, threshold, line)
            found.append(Held(element, standing, read, place, 1.0 if sure is None else sure))
    return tuple(found)


def standing_of(sure: float, threshold: float, line: PrintedLine) -> Standing:
    """What a departure says that is sure by so much: told where a second look was taken and agrees."""
    return Standing.DIFFERS if sure >= threshold and line.again is not None else Standing.DOUBTFUL


def folded(text: str) -> str:
    """Letters, digits and kana alone, without case, width and what a reader confuses by its nature."""
    return "".join(_fold(letter) for letter in text)


def _fold(letter: str) -> str:
    plain = unicodedata.normalize("NFKC", letter).upper()
    return "".join(one for one in plain if one.isalnum() or one in "|ー").translate(_ALIKE)


def _held_of(line: PrintedLine, element: str, value: str, known: frozenset[str]) -> tuple[str, float | None] | None:
    """What is read of an element, and how sure the characters that differ are: None where none does."""
    if element == "expiry":
        return _date_held(line, value)
    forms = tuple(folded(form) for form in _forms(element, value))
    values = tuple(_values(line.text, line.sure, element))
    for one in values:
        if folded(one.text) in forms:
            return one.text, None
    if any(len(form) >= LEAST_UNLABELLED and _stands_in(line.text, form) for form in forms):
        return value, None
    again = tuple(_values(line.again or "", line.again_sure, element))
    for one in values:
        if folded(one.text) in known or _broken(one.text):
            continue
        for form in forms:
            apart = letters_apart(one, form)
            meant = one.labelled or len(form) >= LEAST_UNLABELLED
            if apart is not None and meant and len(apart) <= (len(form) if one.labelled else CLOSE):
                misread = element == "gtin" and not _checks(one.text)
                return one.text, 0.0 if misread else sure_twice(one, again, form, apart)
    return None


def _broken(text: str) -> bool:
    """Whether a character was read as a stroke: then the length is not to be relied on."""
    return any(not _fold(letter) and letter not in _WITHIN for letter in text.strip(_BETWEEN))


def _checks(text: str) -> bool:
    """Whether a printed number keeps its own check digit. One that does not was misread, or never was a number."""
    digits = folded(text)
    return digits.isascii() and digits.isdigit() and check_digit(digits[:-1]) == digits[-1]


def _forms(element: str, value: str) -> tuple[str, ...]:
    if element != "gtin":
        return (value,)
    return tuple(value[-length:] for length in _GTIN_LENGTHS if not value[:-length].strip("0"))


def _stands_in(text: str, wanted: str) -> bool:
    """Whether a folded value stands in a line by itself, whatever spaces are in it: not as a part of a longer one."""
    places = [place for place, letter in enumerate(text) for _ in _fold(letter)]
    whole = folded(text)
    ends = label_ends(text)
    start = whole.find(wanted) if wanted else -1
    while start >= 0:
        first, last = places[start], places[start + len(wanted) - 1]
        begins = first == 0 or not text[first - 1].isalnum() or first in ends
        if begins and not text[last + 1 : last + 2].isalnum():
            return True
        start = whole.find(wanted, start + 1)
    return False


def letters_apart(one: Value, wanted: str) -> list[float] | None:
    """The chances of the characters that differ from a folded value; None where the value is of another length."""
    pairs = [
        (folded_letter, sure)
        for letter, sure in zip(one.text, one.sure, strict=True)
        if (folded_letter := _fold(letter))
    ]
    if len(pairs) != len(wanted) or any(len(letter) != 1 for letter, _ in pairs):
        return None
    return [sure for (letter, sure), other in zip(pairs, wanted, strict=True) if letter != other]


def sure_twice(one: Value, again: Iterable[Value], wanted: str, apart: list[float]) -> float:
    """The least chance of what differs in both looks; 0 where the second one reads something else."""
    for other in again:
        if folded(other.text) == folded(one.text):
            return min(*apart, *(letters_apart(other, wanted) or ()))
    return 0.0


# --- Values of a line -------------------------------------------------------------------------------------------------


def _values(text: str, sure: tuple[float, ...], element: str) -> Iterator[Value]:
    """What follows the element's label, then every word of the line that no other label claims."""
    plain = _plain(text)
    marks = list(_label_places(plain))
    for name, _, end in marks:
        if name == element:
            yield from _behind(text, sure, end, min((m[1] for m in marks if m[1] >= end), default=len(text)), element)
    for word in re.finditer(r"[^\s()]+", text):
        start, end = word.span()
        claimed = any(start < m[2] and m[1] < end for m in marks) or any(m[2] <= start for m in marks)
        if not claimed:
            yield Value(text[start:end], sure[start:end], labelled=False)


def _behind(text: str, sure: tuple[float, ...], start: int, stop: int, element: str) -> Iterator[Value]:
    label_end = start
    while start < stop and (text[start] in _BETWEEN or text[start : start + 2].upper() == "NO"):
        start += 2 if text[start : start + 2].upper() == "NO" else 1
    rest = text[start:stop].partition("(")[0].rstrip()
    parted = start > label_end or not text[label_end - 1 : label_end].isascii() or text[label_end - 1] == ")"
    first = rest if element == "gtin" else rest.partition(" ")[0]
    for piece in dict.fromkeys((first, rest)):  # all of it: a space may have been read that was not printed
        if piece:
            yield Value(piece, sure[start : start + len(piece)], labelled=parted)


def label_ends(text: str) -> frozenset[int]:
    """Where labels of values end in a line."""
    return frozenset(end for _, _, end in _label_places(_plain(text)))


def _plain(text: str) -> str:
    """The line letter by letter in the alphabet of labels; of the same length."""
    letters = (unicodedata.normalize("NFKC", letter).upper() for letter in text)
    return "".join(letter if len(letter) == 1 else " " for letter in letters).translate(_IN_LABELS)


_LABEL_PATTERNS = {
    element: re.compile(
        "|".join(
            ("" if not label[0].isascii() or label[0] == "(" else r"(?<![A-Z0-9])")
            + re.escape(label.translate(_IN_LABELS)).replace(r"\ ", r"\s*")
            for label in sorted(labels, key=len, reverse=True)
        )
    )
    for element, labels in _LABELS.items()
}


def _label_places(plain: str) -> Iterator[tuple[str, int, int]]:
    for element, pattern in _LABEL_PATTERNS.items():
        for found in pattern.finditer(plain):
            yield element, *found.span()


# --- Dates ------------------------------------------------------------------------------------------------------------

_Day = tuple[int, int, int | None]  # year, month, day
_DATE_FORMS: tuple[tuple[str, str], ...] = (
    (r"(20\d\d)年(\d{1,2})月(\d{1,2})日", "ymd"),
    (r"(20\d\d)年(\d{1,2})月", "ym"),
    (r"(20\d\d)[-/. ](\d{1,2})[-/. ](\d{1,2})", "ymd"),
    (r"(\d{1,2})[-/. ](\d{1,2})[-/. ](20\d\d)", "dmy mdy"),
    (r"(\d\d)[-/. ](\d\d)[-/. ](\d\d)", "ymd dmy mdy"),
    (r"(20\d\d)(\d\d)(\d\d)", "ymd"),
    (r"(\d{1,2})[-/. ]?([A-Z]{3})[-/. ]?(20\d\d|\d\d)", "dmy"),
    (r"([A-Z]{3})[-/. ]?(20\d\d|\d\d)", "my"),
    (r"(20\d\d)[-/. ]?(\d\d)", "ym"),
    (r"(\d\d)[-/. ]?(20\d\d)", "my"),
    (r"(\d\d)(\d\d)(\d\d)", "ymd dmy mdy"),
    (r"(\d\d)[-/. ](\d\d)", "my ym"),
)


def _date_held(line: PrintedLine, value: str) -> tuple[str, float | None] | None:
    wanted = (2000 + int(value[:2]), int(value[2:4]), int(value[4:6]) or None)
    labelled = [date for text, sure in _after_labels(line.text, line.sure) for date in _dates(text, sure)]
    for read, days, _ in labelled or _dates(line.text, line.sure):
        if any(_same(day, wanted) for day in days):
            return read, None
    again = [date for text, sure in _after_labels(line.again or "", line.again_sure) for date in _dates(text, sure)]
    for read, days, sure in labelled:
        return read, min(sure, max((other for _, same, other in again if same == days), default=0.0))
    return None


def _after_labels(text: str, sure: tuple[float, ...]) -> Iterator[tuple[str, tuple[float, ...]]]:
    plain = _plain(text)
    marks = sorted(_label_places(plain), key=lambda mark: mark[1])
    ends = [mark for mark in marks if mark[0] == "expiry"]
    for _, _, end in _longest(ends):
        stop = min((start for name, start, _ in marks if name != "expiry" and start >= end), default=len(text))
        yield text[end:stop], sure[end:stop]


def _longest(marks: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Of labels that overlap, the longest: "EXPIRY DATE", not "EXP"."""
    kept: list[tuple[str, int, int]] = []
    for mark in sorted(marks, key=lambda one: one[1] - one[2]):
        if all(mark[2] <= other[1] or other[2] <= mark[1] for other in kept):
            kept.append(mark)
    return kept


def _dates(text: str, sure: tuple[float, ...]) -> list[tuple[str, tuple[_Day, ...], float]]:
    """Dates in a text: as printed, what they may mean, and the least chance of their characters."""
    upper = _digits(text)
    for pattern, orders in _DATE_FORMS:
        found = re.search(rf"(?<!\d)(?<!\d[-/.]){pattern}(?![-/.]?\d)", upper)
        if found is None:
            continue
        days = tuple(day for order in orders.split() if (day := _day(found.groups(), order)) is not None)
        if days:
            start, end = found.span()
            return [(text[start:end], days, min(sure[start:end], default=0.0))]
    return []


def _digits(text: str) -> str:
    """Upper case of the same length, with O and I as digits where they stand between digits."""
    letters = (unicodedata.normalize("NFKC", letter).upper() for letter in text)
    upper = "".join(letter if len(letter) == 1 else " " for letter in letters)
    return re.sub(r"(?<=[\d./-])[OIl|](?=[\d./-]|$)", lambda found: "0" if found[0] == "O" else "1", upper)


def _day(groups: tuple[str, ...], order: str) -> _Day | None:
    said = dict(zip(order, groups, strict=True))
    month = _MONTHS.index(said["m"]) + 1 if said["m"] in _MONTHS else int(said["m"]) if said["m"].isdigit() else 0
    year = int(said["y"]) + (0 if len(said["y"]) > 2 else 2000)  # noqa: PLR2004 - two digits of a year
    day = int(said["d"]) if "d" in said else None
    try:
        date(year, month, day or 1)
    except ValueError:
        return None
    return year, month, day or None


def _same(day: _Day, wanted: _Day) -> bool:
    return day[:2] == wanted[:2] and (day[2] is None or wanted[2] is None or day[2] == wanted[2])
