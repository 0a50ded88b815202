"""Kinds of goods by the words of senders: whether a description says a product, or names goods of another kind.

Words are compared as a set: folded (edge/names.py), singular or plural, one slip of long ones apart, also inside
compounds (ワイヤレスイヤホン says イヤホン, Gesichtscreme says Creme). Kinds and their words: edge/goods.toml. They
only hold back or allow an accusation: what a product is, says its right holder; a word that is in no list says nothing.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from rapidfuzz import fuzz

from edge.names import normalised

_LONG = 4  # letters: words as long are found at either end of a compound, and their plural is folded
_SLIPS = 5  # letters: words as long may have a slip


@dataclass(frozen=True, slots=True, eq=False)
class _Words:
    """The list of words: in letters that part words by spaces, by form of their first word; others as they stand."""

    spaced: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]  # first form -> (words, kind)
    unspaced: tuple[tuple[str, str], ...]


def says(description: str, registered: Iterable[str], least: float) -> bool:
    """Whether any word of a description is one of the registered words; `least` of 100 alike, where both are long."""
    whole = normalised(description)
    words = _split(description)
    forms = frozenset(form for word in words for form in _forms(word))
    for text in registered:
        wanted = _wanted(text)
        if not forms.isdisjoint(wanted.forms) or any(part in whole for part in wanted.parts):
            return True
        if any(form.endswith(wanted.long) or form.startswith(wanted.long) for form in forms):
            return True
        if any(
            fuzz.ratio(word, other, score_cutoff=least)
            for word in words
            if len(word) >= _SLIPS
            for other in wanted.long
            if len(other) >= _SLIPS
        ):
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Registered words: their forms, those that are long, and those of other letters, which are found as parts."""

    forms: frozenset[str]
    long: tuple[str, ...]
    parts: tuple[str, ...]


@lru_cache(maxsize=2_048)
def _wanted(registered: str) -> _Wanted:
    told = [word for word in _split(registered) if not _is_vague(word)]
    forms = frozenset(form for word in told if word.isascii() for form in _forms(word))
    long = tuple(sorted(form for form in forms if len(form) >= _LONG))
    return _Wanted(forms, long, tuple(word for word in told if not word.isascii()))


def is_vague(description: str) -> bool:
    """Whether a description names no goods: nothing but general words, or what may belong to goods of any kind."""
    words = normalised(description).split()
    return all(_is_vague(word) or word.isdecimal() for word in words) or bool(_named(description, _list().part))


def kinds(description: str) -> frozenset[str]:
    """The kinds of goods that the words of a description name; none: nothing is known of them."""
    return frozenset(_named(description, _list().kinds))


def kinds_of(texts: Iterable[str], hs: str) -> frozenset[str]:
    """The kinds that a product may be declared as, by its registered words and its HS number."""
    by_words = (kind for text in texts for kind in kinds(text))
    by_number = (kind for kind, numbers in _list().numbers.items() if hs and any(map(hs.startswith, numbers)))
    return frozenset((*by_words, *by_number))


@dataclass(frozen=True, slots=True)
class _List:
    vague: frozenset[str]
    part: _Words
    kinds: _Words
    numbers: Mapping[str, tuple[str, ...]]


@cache
def _list() -> _List:
    told = tomllib.loads(resources.files("edge").joinpath("goods.toml").read_text(encoding="utf-8"))
    vague = (word for text in _entries(told["general"]["vague"]) for word in (text, *text.split()))
    return _List(
        frozenset(form for word in vague for form in _forms(word)),
        _indexed((text, "") for text in _entries(told["general"]["part"])),
        _indexed((text, kind) for kind, one in told["kinds"].items() for text in _entries(one["words"])),
        {kind: tuple(one["hs"]) for kind, one in told["kinds"].items()},
    )


def _entries(text: str) -> list[str]:
    return [entry for entry in map(normalised, text.split(",")) if entry]


def _indexed(entries: Iterable[tuple[str, str]]) -> _Words:
    spaced: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    unspaced = []
    for text, kind in dict.fromkeys(entries):
        if _is_spaced(text):
            words = tuple(text.split())
            for form in _forms(words[0]):
                spaced.setdefault(form, []).append((words, kind))
        else:
            unspaced.append((text.replace(" ", ""), kind))
    return _Words({form: tuple(found) for form, found in spaced.items()}, tuple(unspaced))


def _is_spaced(text: str) -> bool:
    """Whether a script parts its words by spaces: those of Europe, with the letters of Vietnamese, do."""
    return all(letter < "\u0e00" for letter in text)


@lru_cache(maxsize=2_048)
def _named(description: str, words: _Words) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_names(description, words)))


def _names(description: str, listed: _Words) -> Iterator[str]:
    words, whole = normalised(description).split(), normalised(description)
    for place, word in enumerate(words):
        for form in _forms(word):
            for entry, kind in listed.spaced.get(form, ()):
                following = words[place + 1 : place + len(entry)]
                if len(following) == len(entry) - 1 and all(map(_same, following, entry[1:])):
                    yield kind
    for one, two in itertools.pairwise(words):  # "ear phones"
        for form in _forms(one + two):
            yield from (kind for entry, kind in listed.spaced.get(form, ()) if len(entry) == 1)
    if not whole.isascii():
        squeezed = whole.replace(" ", "")
        yield from (kind for entry, kind in listed.unspaced if _contains(squeezed, entry, words))


def _contains(whole: str, entry: str, words: Collection[str]) -> bool:
    """One letter alone is a word only where it stands alone: 本 in 日本 is no book."""
    return entry in whole if len(entry) > 1 else entry in words


def _is_vague(word: str) -> bool:
    return not _list().vague.isdisjoint(_forms(word))


def _split(text: str) -> list[str]:
    """The words of a text, and each two of Latin letters that follow one another as one: "ear phones", "skin care"."""
    words = normalised(text).split()
    pairs = (one + two for one, two in itertools.pairwise(words) if (one + two).isascii())
    return [*words, *pairs]


@lru_cache(maxsize=8_192)
def _forms(word: str) -> frozenset[str]:
    """A word, and what it may be the plural of."""
    found = {word}
    if word.isascii() and len(word) >= _LONG and word.endswith("s"):
        found.add(word[:-1])
        if word.endswith("es"):
            found.add(word[:-2])
        if word.endswith("ies"):
            found.add(f"{word[:-3]}y")
    return frozenset(found)


def _same(word: str, other: str) -> bool:
    return not _forms(word).isdisjoint(_forms(other))
