"""The fonts of the pages hold every letter of every sentence, and a browser is told so."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from edge.errors import RequestRefused
from edge.messages import LANGUAGES, NAMES
from provisioning.words.fonts import cut_all, cuts, families, folder, said, style

PAGES = folder().parents[1]
MORE = "more"
NOTO_SANS = "89c3c497f618fdaa0b2d1e98fef93582f28c71debd2c4a8cdf41f190ced2909d"


@cache
def letters(file: str) -> frozenset[str]:
    """What a browser may take from a font file."""
    return frozenset(map(chr, TTFont(folder() / file).getBestCmap()))


def in_range(letter: str, ranges: str) -> bool:
    for one in ranges.split(","):
        first, _, last = one.strip().removeprefix("U+").partition("-")
        if int(first, 16) <= ord(letter) <= int(last or first, 16):
            return True
    return False


def found(letter: str, shown: tuple[str, ...], weight: str) -> bool:
    """Whether a page finds a letter in these families at this weight, or else at the regular one."""
    for cut in cuts():
        if cut.family in shown and in_range(letter, cut.unicode_range):
            file = cut.files().get(weight, cut.files()["regular"])
            if letter in letters(file):
                return True
    return False


@pytest.mark.parametrize("weight", ["regular", "bold"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_of_every_text_is_in_the_fonts_of_its_language(language: str, weight: str) -> None:
    missing = sorted(letter for letter in said(language) if not found(letter, families(language), weight))
    assert missing == [], "a new letter: ./run words fonts DIR"


def test_every_letter_that_the_templates_themselves_show_is_in_the_fonts() -> None:
    for template in (PAGES / "templates").glob("*.html"):
        for letter in set(re.sub(r"<[^>]*>", "", template.read_text("utf-8"))) - {"\n"}:
            assert found(letter, ("Sekisho", "Sekisho names"), "regular"), (template.name, letter)


def test_the_names_of_the_languages_fetch_no_whole_language() -> None:
    for letter in set("".join(NAMES.values())):
        assert found(letter, ("Sekisho", "Sekisho names"), "bold"), letter


@pytest.mark.parametrize(
    ("language", "text"), [("ja", "鈴木商店の腕時計"), ("zh", "深圳市贸易有限公司"), ("ko", "서울특별시 장난감 상점")]
)
def test_a_free_text_of_everyday_letters_is_shown(language: str, text: str) -> None:
    assert all(found(letter, families(other), "regular") for letter in text for other in LANGUAGES)
    assert found(text[0], (f"Sekisho {language}", f"Sekisho {language} more"), "regular")


def test_the_style_names_the_files_that_are_shipped_and_no_others() -> None:
    kept = (folder() / "fonts.css").read_text("utf-8")
    assert kept == style(), "./run words fonts DIR writes it"
    assert set(re.findall(r'url\("([^"]+)"\)', kept)) == {path.name for path in folder().glob("*.woff2")}


def test_the_cuts_are_as_small_as_they_were_measured() -> None:
    sizes = {path.stem: path.stat().st_size for path in folder().glob("*.woff2")}
    assert sum(size for name, size in sizes.items() if MORE not in name) < 1_000_000
    assert max(sizes.values()) < 1_100_000
    assert max(size for name, size in sizes.items() if name.startswith(("names", "signs"))) < 5_000


def test_thai_marks_keep_the_tables_that_place_them() -> None:
    font = TTFont(folder() / "thai-regular.woff2")
    features = {record.FeatureTag for record in font["GPOS"].table.FeatureList.FeatureRecord}
    assert {"mark", "mkmk"} <= features


def test_the_licence_stands_beside_the_fonts() -> None:
    assert "SIL OPEN FONT LICENSE Version 1.1" in (folder() / "OFL.txt").read_text("utf-8")


def test_another_edition_of_a_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "NotoSans-Regular.ttf").write_bytes(b"another")
    with pytest.raises(RequestRefused) as caught:
        cut_all(tmp_path)
    assert caught.value.code == "request_fonts"
    assert str(caught.value) == (
        f"{tmp_path}/NotoSans-Regular.ttf: expected SHA-256 {NOTO_SANS}, "
        "got ae448ac86c4e8e4dec645729708ef41873ae79c6dff84eff73360989487f08e5."
    )
