"""The fonts of the pages: Noto Sans cut down to what is shown, so that a box needs no font of its own.

Sources are the files of Debian's packages fonts-noto-core 20201225-1 and fonts-noto-cjk 1:20220127+repack1-1, by their
SHA-256. A language of the East has two cuts: what its catalogue says, regular and bold, and beside it the everyday
letters of its national standard for free texts, regular only. A browser fetches a cut when a page shows a letter of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from edge.errors import RequestRefused
from edge.messages import NAMES, texts

_SOURCES = {
    "NotoSans-Regular.ttf": "89c3c497f618fdaa0b2d1e98fef93582f28c71debd2c4a8cdf41f190ced2909d",
    "NotoSans-Bold.ttf": "e83493c945848ecd4a9ad0f6d19164541a0d3e23a9c952304a00a46e00272ac5",
    "NotoSansThai-Regular.ttf": "dfbd5ed0f1e68c3cbc51aa08f646d1ab0e68e7c4ceab70a69e465225ff701f93",
    "NotoSansThai-Bold.ttf": "97bbc8ea98328325285f2f552228c7aac1db39d8f38f0096a61ba7df1f1f780e",
    "NotoSansCJK-Regular.ttc": "b76b0433203017ca80401b2ee0dd69350349871c4b19d504c34dbdd80541690a",
    "NotoSansCJK-Bold.ttc": "faa5f3656a78b2e2d450d27fe8382c778bc2b6bb5ea29c986664a6a435056ceb",
}
_IN_COLLECTION = {"ja": 0, "ko": 1, "zh": 2}  # the place of a language's shapes in NotoSansCJK
_WEIGHTS = {"regular": (400, "Regular"), "bold": (700, "Bold")}

_LATIN = "U+0000-02FF, U+0300-036F, U+1E00-1EFF, U+2000-20CF, U+2100-214F"
_HAN = "U+2E80-2FDF, U+3000-303F, U+3400-9FFF, U+F900-FAFF, U+FF00-FFEF"
_RANGES = {
    "ja": f"{_HAN}, U+3040-30FF",
    "zh": _HAN,
    "ko": "U+1100-11FF, U+3000-303F, U+3130-318F, U+AC00-D7AF, U+FF00-FFEF",
}
_MADE = "/* Made by ./run words fonts. Noto Sans, under the SIL Open Font License: see OFL.txt. */\n"
_SIGNS = "○△"  # of the pages, which the Latin font lacks
_PLACES = (
    "圳莞衢亳泸漯濮邳鄞粤闽赣皖黔甬沪邕"  # of consignors in China, where they are not in the standard's first level
)
# What stands in the heading of every page and in its list of languages must not fetch a whole language.
_HEADING = "関所"


@dataclass(frozen=True, slots=True)
class Cut:
    """One font file: which letters of which source, and where a page uses it."""

    name: str
    family: str
    source: str  # with {} for the weight
    place: int  # in a collection
    letters: Callable[[], Iterable[str]]
    unicode_range: str
    weights: tuple[str, ...] = ("regular", "bold")

    def files(self) -> dict[str, str]:
        """File names by weight."""
        return {weight: f"{self.name}-{weight}.woff2" for weight in self.weights}


def said(language: str) -> set[str]:
    """Every letter that the catalogue of a language needs."""
    return set("".join(texts(language).values()))


@cache
def cuts() -> tuple[Cut, ...]:
    """Every font file of the pages."""
    found = [
        Cut("latin", "Sekisho", "NotoSans-{}.ttf", 0, _latin, _LATIN),
        Cut("thai", "Sekisho", "NotoSansThai-{}.ttf", 0, lambda: _span(0x0E01, 0x0E5B), "U+0E00-0E7F"),
        Cut("signs", "Sekisho", "NotoSansCJK-{}.ttc", 0, lambda: _SIGNS, "U+25A0-25FF", ("regular",)),
    ]
    for language, place in _IN_COLLECTION.items():
        source, family = "NotoSansCJK-{}.ttc", f"Sekisho {language}"
        name = (NAMES[language] + (_HEADING if language == "ja" else "")).replace(" ", "")
        found += [
            Cut(f"names-{language}", "Sekisho names", source, place, name.__iter__, _exactly(name)),
            Cut(language, family, source, place, _of(language), _RANGES[language]),
            Cut(f"{language}-more", f"{family} more", source, place, _more(language), _RANGES[language], ("regular",)),
        ]
    return tuple(found)


def folder() -> Path:
    """Where the fonts of the pages stand."""
    return Path(str(resources.files("edge.web"))) / "pages" / "static" / "fonts"


def style() -> str:
    """fonts.css: which file holds which letters."""
    rules = [
        f'@font-face {{ font-family: "{cut.family}"; font-weight: {_WEIGHTS[weight][0]}; font-display: swap; '
        f'src: url("{file}") format("woff2"); unicode-range: {cut.unicode_range}; }}\n'
        for cut in cuts()
        for weight, file in cut.files().items()
    ]
    stacks = [
        f":root{f':lang({language})' if language in _IN_COLLECTION else ''} {{ --text: {_stack(language)}; }}\n"
        for language in ("en", *_IN_COLLECTION)
    ]
    return "".join((_MADE, *rules, *stacks))


def families(language: str) -> tuple[str, ...]:
    """The fonts of a page in a language, in the order in which a browser asks them."""
    east = sorted(_IN_COLLECTION, key=lambda other: (other != language, other))
    return ("Sekisho", *(f"Sekisho {other}{cut}" for other in east for cut in ("", " more")))


def _stack(language: str) -> str:
    return ", ".join(f'"{family}"' for family in families(language)) + ", system-ui, sans-serif"


def cut_all(sources: Path) -> dict[str, int]:
    """Cut every font file anew from the source files in `sources`, and write fonts.css: bytes by file name.

    Raises:
        RequestRefused: request_fonts, a source is missing or is another edition.
    """
    for name, expected in _SOURCES.items():
        _check(sources / name, expected)
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for cut in cuts():
        for weight, file in cut.files().items():
            source = sources / cut.source.format(_WEIGHTS[weight][1])
            _cut(source, cut.place, "".join(cut.letters()), place / file)
            sizes[file] = (place / file).stat().st_size
    (place / "fonts.css").write_text(style(), encoding="utf-8")
    return sizes


def _check(path: Path, expected: str) -> None:
    got = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
    if got != expected:
        raise RequestRefused(
            "request_fonts",
            f"{path}: expected SHA-256 {expected}, got {got}.",
            hint="The files are in Debian's packages fonts-noto-core and fonts-noto-cjk (bookworm).",
        )


def _cut(source: Path, place: int, letters: str, out: Path) -> None:
    options = Options(flavor="woff2", hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 4, 5, 6, 7, 13, 14])
    font = TTFont(source, fontNumber=place, recalcTimestamp=False)
    cutter = Subsetter(options)
    cutter.populate(text=letters)
    cutter.subset(font)
    font.flavor = "woff2"
    font.save(out)


def _latin() -> set[str]:
    """Latin with the accents of Europe and Vietnam, the punctuation of every language here, money and a few signs."""
    spans = ((0x20, 0x7E), (0xA0, 0x17F), (0x1A0, 0x1B0), (0x300, 0x309), (0x323, 0x323), (0x1EA0, 0x1EF9))
    signs = "‐–—‘’‚“”„•…′″‹›№™€₫₩₹"
    return {letter for first, last in spans for letter in _span(first, last)} | set(signs)


def _of(language: str) -> Callable[[], set[str]]:
    """What a language says, with the whole syllabary and the wide forms: tomorrow's sentences need few new letters."""
    common = {*_span(0x3001, 0x3011), *_span(0xFF01, 0xFF5E)}
    kana = {*_span(0x3041, 0x3096), *_span(0x3099, 0x30FF)} if language == "ja" else set()
    return lambda: {letter for letter in said(language) | common | kana if ord(letter) >= 0x2E80}  # noqa: PLR2004


def _more(language: str) -> Callable[[], set[str]]:
    """The everyday letters of the language's standard that its catalogue does not say."""
    rows, codec = {
        "ja": (range(0xB0, 0xD0), "euc_jp"),  # JIS X 0208, level 1
        "zh": (range(0xB0, 0xD8), "gb2312"),  # GB 2312, level 1
        "ko": (range(0xB0, 0xC9), "euc_kr"),  # KS X 1001, syllables
    }[language]
    cells = range(0xA1, 0xFF)
    letters = {bytes((row, cell)).decode(codec, "ignore") for row in rows for cell in cells} - {""}
    return lambda: (letters | set(_PLACES if language == "zh" else "")) - _of(language)()


def _span(first: int, last: int) -> tuple[str, ...]:
    return tuple(map(chr, range(first, last + 1)))


def _exactly(letters: str) -> str:
    return ", ".join(f"U+{ord(letter):04X}" for letter in sorted(set(letters)))
