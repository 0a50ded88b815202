"""Names of people, companies and places, and how alike two of them are: in steps that a person can follow.

A name is folded (width, case, accents, punctuation), its legal form is set aside, and where two names stand in other
scripts both are written in Latin letters (anyascii, ISC licence: kana and Hangul by sound, Han characters by their
Mandarin reading, so that traditional, simplified and Japanese forms of a character read alike). Then every word needs
its counterpart. A Japanese reading of Han characters is not known here: publishers list it as an alias.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii
from rapidfuzz import fuzz

SAME, SPELLING, ORDER, VARIANT, SCRIPT, MORE = "same", "spelling", "order", "variant", "script", "more"
WORD = 90.0  # of 100: below it a word is no counterpart of another
_WRITTEN_OUT = 95.0  # of 100: an address with more words than the listed one
_TELLING = 6  # letters of a listed address that must be there beside its numbers
_SHORT = 4  # letters: shorter words must be the same, one slip makes them other words
_READS_ALIKE = 0.5  # of the characters must be the same where two names in Han characters only read alike

_FORMS = frozenset((
    "ltd", "limited", "co", "company", "inc", "incorporated", "corp", "corporation", "llc", "llp", "lp", "plc",
    "pte", "pty", "gmbh", "mbh", "ag", "kg", "ug", "sa", "sas", "sarl", "srl", "spa", "bv", "nv", "oy", "ab", "as",
    "aps", "kk", "gk", "jsc", "tbk", "sdn", "bhd",
    "gongsi", "youxian", "kaisha", "kabushiki", "kabushikigaisha", "kabushikikaisha", "gaisha", "yugen", "godo",
    "株", "有", "合", "資", "주", "유",  # (株), ㈱ and their like, folded
))  # fmt: skip
_FORMS_BEFORE = frozenset((
    "pt", "ooo", "cv", "ud", "kabushiki", "kaisha", "kabushikigaisha", "kabushikikaisha", "gaisha", "yugen", "godo",
    "kk", "gk", "株", "有", "合", "資", "주", "유",
))  # fmt: skip
_FORMS_WRITTEN_ON = (
    "株式会社", "有限会社", "合同会社", "合資会社", "股份有限公司", "有限責任公司", "有限责任公司", "有限公司",
    "公司", "주식회사", "유한회사", "บริษัท", "จำกัด",
)  # fmt: skip
_ABBREVIATED = {
    "rd": "road", "st": "street", "ave": "avenue", "blvd": "boulevard", "bldg": "building", "no": "", "fl": "floor",
    "rm": "room", "dist": "district",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two names are, and what shows it."""

    score: float  # 0..100
    how: (
        str  # "same", "order", "variant" (of characters), "script" (in Latin letters), "more" words; "spelling": nearly
    )
    words: tuple[tuple[str, str], ...]  # each word with its counterpart, as they were compared


@lru_cache(maxsize=4_096)
def normalised(name: str) -> str:
    """A name as it is compared: NFKC, case folded, accents and punctuation gone, single spaces between its words."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    letters = (
        letter if letter.isalnum() or "\u3099" <= letter <= "\u309a" else " "  # (han)dakuten change the letter
        for letter in folded
        if not unicodedata.combining(letter) or "\u3099" <= letter <= "\u309a"
    )
    return unicodedata.normalize("NFC", " ".join("".join(letters).split()))


@lru_cache(maxsize=4_096)
def essential(name: str) -> str:
    """A name, `normalised`, without its legal form; the whole when there is nothing else."""
    whole = normalised(name)
    rest = whole
    if not rest.isascii():
        for form in _FORMS_WRITTEN_ON:
            rest = rest.replace(form, " ")
    words = _without_form(_without_form(rest.split(), _FORMS, last=True), _FORMS_BEFORE, last=False)
    return " ".join(words) or whole


def _without_form(words: list[str], forms: frozenset[str], *, last: bool) -> list[str]:
    """The words without legal forms at one end, also as single letters: K. K.

    In front single letters may be somebody's initials: two words must be left.
    """
    while words:
        sizes = [size for size in (4, 3, 2, 1) if _is_form(words[-size:] if last else words[:size], size, forms)]
        found = sizes[0] if sizes else 0
        if not found or (not last and len(words) - found < min(found, 2)):
            break
        words = words[:-found] if last else words[found:]
    return words


def _is_form(words: list[str], size: int, forms: frozenset[str]) -> bool:
    return len(words) == size and (size == 1 or max(map(len, words)) == 1) and "".join(words) in forms


@lru_cache(maxsize=4_096)
def latin(name: str) -> str:
    """`essential` in Latin letters; words of Han characters stay one word."""
    words = essential(name).split()
    return " ".join(_letters(word) for word in words)


def _letters(word: str) -> str:
    if word.isascii():
        return word
    return "".join(letter for letter in anyascii(word).casefold() if letter.isalnum())


def likeness(asked: str, listed: str) -> Likeness:
    """How alike two names are; 0 when a word of either has no counterpart."""
    one, other = essential(asked), essential(listed)
    if one == other:
        return Likeness(100.0, SAME, ((one, other),))
    if one.isascii() and other.isascii():
        return _by_words(one, other)
    best = _by_words(one, other)
    if scripts(one) != scripts(other):
        foreign = _by_words(latin(asked), latin(listed), joined=True)
        how = SCRIPT if foreign.score == 100.0 else SPELLING  # noqa: PLR2004 - nothing is between the same and nearly
        best = max(best, Likeness(foreign.score, how, foreign.words), key=_score)
    elif "han" in scripts(one) and latin(asked).replace(" ", "") == latin(listed).replace(" ", ""):
        same = sum(a == b for a, b in zip(one, other, strict=False))
        if len(one) == len(other) and same >= _READS_ALIKE * len(one):
            best = max(best, Likeness(90.0 + 10.0 * same / len(one), VARIANT, ((one, other),)), key=_score)
    return best


def _score(found: Likeness) -> float:
    return found.score


def addresses(asked: str, listed: str) -> Likeness:
    """How alike two addresses are: as names, and their numbers are the same in the same order.

    One that has all words of the listed one, and others beside them, as a flat or a country, is that one written out.
    """
    one, other = _address(asked), _address(listed)
    if _numbers(one) != _numbers(other):
        return Likeness(0.0, SPELLING, ())
    found = likeness(one, other)
    return (
        found
        if found.score >= _WRITTEN_OUT or not _has_all(one, other)
        else Likeness(_WRITTEN_OUT, MORE, ((one, other),))
    )


def _has_all(asked: str, listed: str) -> bool:
    """Whether an address has all words of a listed one that are telling: a number and some letters."""
    telling = [word for word in listed.split() if not word.isdecimal()]
    if not _numbers(listed) or len("".join(telling)) < _TELLING:
        return False
    return has_words(asked, listed)


def has_words(name: str, words: str) -> bool:
    """Whether a folded name has every one of some folded words; of scripts without spaces: all in one piece."""
    if not words or not Counter(words.split()) - Counter(name.split()):
        return bool(words)
    return not words.isascii() and words.replace(" ", "") in name.replace(" ", "")


def identifiers(asked: str, listed: str) -> Likeness:
    """Whether two ids are the same but for case and width: an id that is nearly another's is another's."""
    one, other = normalised(asked), normalised(listed)
    return Likeness(100.0, SAME, ((one, other),)) if one == other else Likeness(0.0, SPELLING, ())


@lru_cache(maxsize=4_096)
def _address(text: str) -> str:
    return " ".join(filter(None, (_ABBREVIATED.get(word, word) for word in normalised(text).split())))


def _numbers(address: str) -> list[str]:
    """The runs of digits, in their order: 3-2-1 is another house than 1-2-3."""
    return "".join(letter if letter.isdecimal() else " " for letter in address).split()


def _by_words(one: str, other: str, *, joined: bool = False) -> Likeness:
    """By the words in any order; with `joined` also without the spaces between them."""
    score = fuzz.token_sort_ratio(one, other)
    pairs = _pairs(one.split(), other.split())
    if pairs and sorted(one.split()) == sorted(other.split()):
        return Likeness(100.0, ORDER, pairs)
    if not pairs:
        score = 0.0
    closed = fuzz.ratio(one.replace(" ", ""), other.replace(" ", "")) if joined or (" " in one + other) else 0.0
    if closed > score and (joined or closed == 100.0):  # noqa: PLR2004 - the same but for its spaces
        return Likeness(closed, SAME if closed == 100.0 else SPELLING, ((one, other),))  # noqa: PLR2004 - likewise
    return Likeness(score, SPELLING, pairs)


def _pairs(ones: list[str], others: list[str]) -> tuple[tuple[str, str], ...]:
    """Each word with its counterpart; () when one has none."""
    mine, theirs = sorted(ones), sorted(others)
    swapped = (len(theirs), theirs) < (len(mine), mine)  # the same, whichever is asked
    short, left = (theirs, mine) if swapped else (mine, theirs)
    found = []
    for word in short:
        best = max(left, key=lambda candidate: _alike(word, candidate), default="")
        if _alike(word, best) < WORD:
            return ()
        left.remove(best)
        found.append((best, word) if swapped else (word, best))
    return () if any(len(word) > 1 for word in left) else tuple(found)


def _alike(word: str, other: str) -> float:
    if word == other:
        return 100.0
    if min(len(word), len(other)) < _SHORT and (word + other).isascii():
        return 0.0
    return fuzz.ratio(word, other)


@lru_cache(maxsize=4_096)
def scripts(name: str) -> frozenset[str]:
    """The scripts of a name, as far as they matter here: those of its letters."""
    return frozenset(_script(letter) for letter in name if letter.isalpha())


def _script(letter: str) -> str:
    if letter < "\u0250":
        return "latin"
    if "\u4e00" <= letter <= "\u9fff" or "\u3400" <= letter <= "\u4dbf":
        return "han"
    if "\u3040" <= letter <= "\u309f":
        return "hiragana"
    return "katakana" if "\u30a0" <= letter <= "\u30ff" else unicodedata.name(letter, "OTHER").partition(" ")[0]


def best_of(name: str, listed: Iterable[str]) -> Likeness:
    """The likeness with the most similar of several names; 0 when there is none."""
    return max((likeness(name, one) for one in listed if one), key=_score, default=Likeness(0.0, SPELLING, ()))
