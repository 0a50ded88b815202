"""The registered words of a label, held against the lines that were read on it. Pure string work.

A label reads more than its registered words (batch, date, address), and a line may not be read at all: what is missing
says nothing. A change is told where it stands between or behind registered words of the same line, and is another word
(hardly a letter in common) or the same number of characters, each sure where it differs, in two looks. A letter more
or less is what a reader makes, and no other word.
"""

from __future__ import annotations

import re
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
    letters_apart,
    standing_of,
    sure_twice,
)
from edge.comparison import PrintedLine

LEAST_AROUND = 6  # letters of registered words on the same line; an ideograph or a kana counts for two
AROUND_SHARE = 0.5  # of the letters that are changed, likewise
ANOTHER_WORD = 0.5  # share of letters that two words have in common at most (Ratcliff and Obershelp, 1988)
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

    @classmethod
    def of(cls, text: str) -> _Folded:
        pairs = [(one, place) for place, letter in enumerate(text) for one in folded(letter)]
        return cls(text, "".join(one for one, _ in pairs), tuple(place for _, place in pairs))

    def words(self) -> Iterator[range]:
        """The words, as ranges of letters; an ideograph or a kana is one by itself."""
        for _, run in groupby(range(len(self.letters)), key=self._word_of):
            found = list(run)
            yield range(found[0], found[-1] + 1)

    def _word_of(self, letter: int) -> tuple[int, int]:
        place = self.places[letter]
        begins = len(re.findall(r"[\W_]+", self.text[:place]))
        return begins, letter if self.text[place] >= IDEOGRAPHS else -1

    def cut(self, first: int, end: int) -> str:
        """The text of some letters, as it stands."""
        return self.text[self.places[first] : self.places[end - 1] + 1]


def words_held(lines: tuple[PrintedLine, ...], words: str, threshold: float) -> Held | None:
    """What the lines of a label say of its registered words, as a whole, as a line of their own, or in part."""
    wanted, every = folded(words), folded("".join(line.text for line in lines))
    if wanted and wanted in every:
        return Held("words", Standing.AGREES, words, 0, 1.0)
    found = [one for place, line in enumerate(lines) if (one := _of_line(line, place, wanted, threshold)) is not None]
    for place, line in enumerate(lines):
        again = {change.told: change.sure for change in _changes(line.again or "", line.again_sure, words, every)}
        for change in _changes(line.text, line.sure, words, every):
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


def _changes(text: str, sure: tuple[float, ...], words: str, every: str) -> Iterator[_Change]:
    """What a line reads between and behind registered words, where other registered words should stand.

    `every` are the folded letters of all lines: words that stand elsewhere on the label are not changed here.
    """
    known, shown = _Folded.of(words), _Folded.of(text)
    blocks = SequenceMatcher(None, known.letters, shown.letters, autojunk=False).get_matching_blocks()
    match = {b.a + i: b.b + i for b in blocks for i in range(b.size) if b.size > 1}
    kept = [word for word in known.words() if _in_one(word, match)]
    around = sum(_weight(known, word) for word in kept)
    runs = [(same, list(run)) for same, run in groupby(known.words(), key=lambda word: word in kept)]
    for index, (same, run) in enumerate(runs):
        if same or index == 0:
            continue
        before, (first, end) = runs[index - 1][1], (run[0][0], run[-1][-1] + 1)
        start = match[first - 1] + 1
        stop = match[end] if end < len(known.letters) else _open_end(shown, start, _word_count(known, first, end))
        told, said = shown.letters[start:stop], known.letters[first:end]
        enough = around >= max(LEAST_AROUND, AROUND_SHARE * sum(_weight(known, word) for word in run))
        differs = _differs(said, told, [sure[place] for place in shown.places[start:stop]])
        if enough and differs is not None and said not in every:
            begin = before[0][0]
            yield _Change(known.cut(begin, end), shown.cut(match[begin], stop), told, differs)


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
