"""The registered words of a label, held against the lines that were read on it. Pure string work.

A label reads more than its registered words (batch, date, address), and a line may not be read at all: what is missing
says nothing. A change is told where it stands between or behind registered words of the same line, and is another word
(hardly a letter in common) or the same number of characters, each sure where it differs, in two looks. A letter more
or less is what a reader makes, and no other word. Registered words run on over the ends of lines: what stands behind
the last ones of a line may be of another line, the one that would go on not read. So what follows a value's label, has
digits where none are registered, stands for more than the words before it or for what is nearly read on another line
is no change. Where the line right behind begins with a registered word, the line ends before that one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

from edge.checks.printed_values import (
    CLOSE,
    LEAST_UNLABELLED,
    Held,
    Standing,
    Value,
    folded,
    label_ends,
    letters_apart,
    standing_of,
    sure_twice,
)
from edge.comparison import PrintedLine

LEAST_AROUND = 6  # letters of registered words on the same line; an ideograph or a kana counts for two
AROUND_SHARE = 0.5  # of the letters that are changed, likewise
LEAST_NEXT = 3  # letters with which the next line goes on
MOST_PITCH = 2.2  # heights of type from a line to the next one
ANOTHER_WORD = 0.5  # share of letters that two words have in common at most (Ratcliff and Obershelp, 1988)
NEARLY = 0.75  # share in common, likewise, above which words are read, but for a slip of the reader
REACH = 2  # lengths of a line, before and behind its longest registered piece, in which its other words are looked for
IDEOGRAPHS = "\u2e80"  # where the scripts begin of which a character is a word's worth


@dataclass(frozen=True, slots=True)
class _Change:
    """What a line reads in the place of registered words, with the words around it."""

    said: str  # as registered
    read: str  # as printed
    told: str  # the changed characters alone, folded
    sure: float  # the least chance of the characters that differ


@dataclass(frozen=True, slots=True)
class _Folded:
    """A text's letters as they are compared, each with its place in the text."""

    text: str
    letters: str
    places: tuple[int, ...]
    words: tuple[range, ...]  # of letters; an ideograph or a kana is a word by itself

    @classmethod
    def of(cls, text: str) -> _Folded:
        places, letters = [], []
        for place, letter in enumerate(text):
            for one in folded(letter):
                places.append(place)
                letters.append(one)
        gaps = [gap.start() for gap in re.finditer(r"[\W_]+", text)]
        word_of = [
            (bisect_left(gaps, place), at if text[place] >= IDEOGRAPHS else -1) for at, place in enumerate(places)
        ]
        runs = [list(run) for _, run in groupby(range(len(places)), key=word_of.__getitem__)]
        return cls(text, "".join(letters), tuple(places), tuple(range(run[0], run[-1] + 1) for run in runs))

    def cut(self, first: int, end: int) -> str:
        """The text of some letters, as it stands."""
        return self.text[self.places[first] : self.places[end - 1] + 1]


def words_agree(lines: tuple[PrintedLine, ...], words: str) -> bool:
    """Whether the lines of a label read its registered words one after another."""
    wanted = folded(words)
    return bool(wanted) and wanted in folded("".join(line.text for line in lines))


def words_held(lines: tuple[PrintedLine, ...], words: str, threshold: float) -> Held | None:
    """What the lines of a label say of its registered words, as a whole, as a line of their own, or in part."""
    if words_agree(lines, words):
        return Held("words", Standing.AGREES, words, 0, 1.0)
    known, read = _Folded.of(words), [folded(line.text) for line in lines]
    found = []
    for place, line in enumerate(lines):
        whole = _of_line(line, place, known.letters, threshold)
        found += [whole] if whole is not None else []
        rest = ("".join(read[:place]), "".join(read[place + 1 :]))
        following = read[place + 1] if place + 1 < len(read) and _next_to(line, lines[place + 1]) else ""
        changes = list(_changes(line.text, line.sure, known, rest, following))
        looked = _changes(line.again or "", line.again_sure, known, rest, following) if changes else ()
        again = {change.told: change.sure for change in looked}
        for change in changes:
            sure = min(change.sure, again.get(change.told, 0.0))
            found.append(Held("words", standing_of(sure, threshold, line), change.read, place, sure, change.said))
    return max(found, key=lambda one: (one.standing is Standing.DIFFERS, one.sure), default=None)


def _of_line(line: PrintedLine, place: int, wanted: str, threshold: float) -> Held | None:
    """A line that reads the registered words but for a few characters."""
    value = Value(line.text, line.sure, labelled=False)
    differing = letters_apart(value, wanted)
    if len(wanted) < LEAST_UNLABELLED or differing is None or len(differing) > max(CLOSE, len(wanted) // 4):
        return None
    again = () if line.again is None else (Value(line.again, line.again_sure, labelled=False),)
    sure = sure_twice(value, again, wanted, differing)
    return Held("words", standing_of(sure, threshold, line), value.text, place, sure)


def _changes(
    text: str, sure: tuple[float, ...], known: _Folded, rest: tuple[str, str], following: str
) -> Iterator[_Change]:
    """What a line reads between and behind registered words, where other registered words should stand.

    `rest` are the folded letters of the lines before and behind: words that stand there are not changed here;
    `following` those of the line right behind, if there is one.
    """
    shown = _Folded.of(text)
    match, words = _matched(known, shown)
    kept = {word.start for word in words if _in_one(word, match)}
    around = sum(_weight(known, word) for word in words if word.start in kept)
    runs = [(same, list(run)) for same, run in groupby(words, key=lambda word: word.start in kept)]
    for index, (same, run) in enumerate(runs):
        if same or index == 0:
            continue
        behind = index == len(runs) - 1
        here = _up_to_the_next_line(known, run, following) if behind else run
        if not here:
            continue
        before, (first, end) = runs[index - 1][1], (here[0][0], here[-1][-1] + 1)
        start, wanted = match[first - 1] + 1, sum(_weight(known, word) for word in here)
        if around < max(LEAST_AROUND, AROUND_SHARE * wanted) or _varies(shown, start):
            continue
        one_word = _word_count(known, first, end) == 1 == len(shown.text[shown.places[start - 1] + 1 :].split())
        if behind and not one_word and sum(_weight(known, word) for word in before) < wanted:
            continue
        stop = _open_end(shown, start, _word_count(known, first, end)) if behind else match[end]
        told, said = shown.letters[start:stop], known.letters[first:end]
        differs = _differs(said, told, [sure[place] for place in shown.places[start:stop]])
        if differs is None or _numbered(shown.cut(start, stop), known.cut(first, end)):
            continue
        if said in shown.letters.join(rest) or (behind and _nearly_in("".join(rest), said)):
            continue
        begin = before[0][0]
        yield _Change(known.cut(begin, end), shown.cut(match[begin], stop), told, differs)


def _up_to_the_next_line(known: _Folded, run: list[range], following: str) -> list[range]:
    """Of registered words that a line does not end with those before the first one that the next line begins with."""
    for index, word in enumerate(run):
        begins = known.letters[word.start : word.start + LEAST_AROUND]
        both = min(len(begins), len(following))
        if both >= LEAST_NEXT and begins[:both] == following[:both]:
            return run[:index]
    return run


def _next_to(line: PrintedLine, other: PrintedLine) -> bool:
    """Whether no line stands between two, as far apart as they are: one that was not read may."""
    middles = ((box.x + box.w / 2, box.y + box.h / 2) for box in (line.box, other.box))
    (x, y), (other_x, other_y) = middles
    across = abs(other_y - y) if line.box.w > line.box.h else abs(other_x - x)
    return across <= MOST_PITCH * min(line.height_px, other.height_px)


def _matched(known: _Folded, shown: _Folded) -> tuple[dict[int, int], list[range]]:
    """Which registered letters are which of a line's, and the registered words about its longest registered piece."""
    at, begins, _ = _longest_piece(shown.letters, known.letters)
    reach = REACH * len(shown.letters)
    low, high = max(0, begins - at - reach), begins + len(shown.letters) + reach
    near = known.letters[low:high]
    blocks = SequenceMatcher(None, near, shown.letters, autojunk=False).get_matching_blocks()
    match = {low + b.a + i: b.b + i for b in blocks for i in range(b.size) if b.size > 1}
    return match, [word for word in known.words if word.stop > low and word.start < high]


def _longest_piece(one: str, other: str) -> tuple[int, int, int]:
    """The longest piece that two texts share: its place in each, and its length."""
    at = size = 0
    for start in range(len(one)):
        while start + size < len(one) and one[start : start + size + 1] in other:
            at, size = start, size + 1
    return at, other.find(one[at : at + size]), size


def _nearly_in(text: str, words: str) -> bool:
    """Whether words stand in a text, but for a slip of the reader."""
    at, begins, size = _longest_piece(words, text)
    first = max(0, begins - at)
    window = text[first : begins - at + len(words)]
    return size > 0 and SequenceMatcher(None, words, window, autojunk=False).ratio() > NEARLY


def _numbered(told: str, said: str) -> bool:
    """Whether digits are read where none are registered, as in a batch or a date."""
    return any(one.isdigit() for one in told) and not any(one.isdigit() for one in said)


def _varies(shown: _Folded, start: int) -> bool:
    """Whether the letters before are the label of a batch, a date or another value of the item's own."""
    return shown.places[start - 1] + 1 in label_ends(shown.text)


def _in_one(word: range, match: dict[int, int]) -> bool:
    """Whether all letters of a word stand beside each other in the line."""
    return all(letter in match and match[letter] - letter == match.get(word[0], 0) - word[0] for letter in word)


def _weight(known: _Folded, word: range) -> int:
    return sum(2 if known.text[known.places[letter]] >= IDEOGRAPHS else 1 for letter in word)


def _word_count(known: _Folded, first: int, end: int) -> int:
    return len(known.cut(first, end).split())


def _open_end(shown: _Folded, start: int, words: int) -> int:
    """Where so many words of a line end that begin at a letter."""
    if start >= len(shown.letters):
        return start
    rest = shown.text[shown.places[start] :]
    end = shown.places[start] + len(" ".join(rest.split(" ")[:words]))
    return sum(place < end for place in shown.places)


def _differs(said: str, told: str, sure: list[float]) -> float | None:
    """The least chance of what makes two words different; None where they may be the same, read badly."""
    if len(said) == len(told):
        return min((one for a, b, one in zip(said, told, sure, strict=True) if a != b), default=None)
    cut_off = len(told) < max(CLOSE, len(said) / 2)
    if cut_off or SequenceMatcher(None, said, told, autojunk=False).ratio() > ANOTHER_WORD:
        return None
    return min(sure)
