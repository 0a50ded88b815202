"""The letters that the box can show on paper: which of the shipped fonts has a letter. It draws nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import resources
from itertools import groupby
from pathlib import Path

LATIN, BOLD = "latin-regular", "latin-bold"
OTHERS = (
    *("ja-regular", "ja-more-regular", "thai-regular", "ko-regular", "ko-more-regular", "zh-regular"),
    "zh-more-regular",
)
_BOLD_OTHERS = ("ja-bold", "zh-bold", "ko-bold", "thai-bold", "names-ja-bold", "names-zh-bold", "names-ko-bold")
_SCRIPTS = {"th": "thai"}  # languages whose fonts are named by the script


@contextmanager
def file_of(name: str) -> Iterator[Path]:
    """The file of a shipped font, such as "latin-regular"."""
    fonts = resources.files("edge").joinpath("web", "pages", "static", "fonts")
    with resources.as_file(fonts.joinpath(f"{name}.woff2")) as path:
        yield path


@cache
def letters(name: str) -> frozenset[str]:
    """What a shipped font can show."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - takes a part of a second of every start

    with file_of(name) as path, TTFont(path) as font:
        return frozenset(map(chr, font.getBestCmap()))


def fonts_for(text: str) -> tuple[str, ...]:
    """Besides the Latin one the regular fonts that it takes to show a text, the first that has a letter."""
    lacking = {letter for letter in text if letter > " "} - letters(LATIN)
    found = []
    for name in OTHERS:
        if lacking & letters(name):
            found.append(name)
            lacking -= letters(name)
    return tuple(found)


def runs(text: str, language: str = "") -> list[tuple[str, str]]:
    """A text cut into (font, piece): bold where a bold font has the letter, in the forms of a language first.

    A letter that no font has is a question mark.
    """
    script = _SCRIPTS.get(language, language)
    own = [name for name in _BOLD_OTHERS if script and name.endswith(f"{script}-bold")]
    fonts = tuple(dict.fromkeys((BOLD, *own, *_BOLD_OTHERS, *OTHERS)))
    found = [(_first(letter, fonts), letter) for letter in text]
    chosen = [(font or BOLD, letter if font else "?") for font, letter in found]
    return [(font, "".join(one for _, one in run)) for font, run in groupby(chosen, key=lambda one: one[0])]


def _first(letter: str, fonts: Sequence[str]) -> str:
    return next((name for name in fonts if letter in letters(name)), "")
