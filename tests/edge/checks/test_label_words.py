"""The registered words of a label against what was read on it: agreed, changed in part, doubtful, not read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.captures import Box
from edge.checks.label_words import words_held
from edge.comparison import PrintedLine

BOX = Box(0, 0, 100, 20)


def line(text: str, again: str | None = "", doubtful: str = "", *, y: int = 0) -> PrintedLine:
    """A line read surely in both looks, but for the characters in `doubtful`; `again` None: one look only."""
    sure = tuple(0.4 if letter in doubtful else 0.999 for letter in text)
    second = text if again == "" else again
    return PrintedLine(text, sure, replace(BOX, y=y), 20.0, second, tuple(0.999 for _ in second or ""))


def standing(words: str, *lines: PrintedLine) -> str | None:
    found = words_held(lines, words, 0.9)
    return found.standing.value if found else None


@pytest.mark.parametrize(
    ("lines", "standing"),
    [
        (("高級抹茶 40 g",), "agrees"),
        (("高級", "抹茶 40g"), "agrees"),
        (("高級抹荼 40 g",), "differs"),
        (("宇治",), None),
        ((), None),
    ],
)
def test_a_labels_words_are_held_against_the_registered_ones(lines: tuple[str, ...], standing: str | None) -> None:
    found = words_held(tuple(line(text) for text in lines), "高級抹茶 40 g", 0.9)
    assert (found.standing.value if found else None) == standing


@pytest.mark.parametrize(
    ("words", "printed", "read", "said"),
    [
        ("Made in Japan", "Made in China", "Made in China", "Made in Japan"),
        ("Made in Japan", "MADE IN VIETNAM LOT K26017", "MADE IN VIETNAM", "Made in Japan"),
        ("Made in Japan", "MadeinChina", "MadeinChina", "Made in Japan"),
        ("AOI FACE CREAM Made in Japan", "Made in China", "Made in China", "Made in Japan"),
        ("Importer: Sakura Trading Co.", "Importer: Momiji Trading Co.", "Importer: Momiji", "Importer: Sakura"),
        ("原産国 日本", "原産国 中国", "原産国 中国", "原産国 日本"),
        ("国Aoi 日本", "国Aoi 中国", "国Aoi 中国", "国Aoi 日本"),
        ("原産国 日本", "原産国 ベトナム", "原産国 ベトナム", "原産国 日本"),
        ("原産国 ベトナム", "原産国 中国", "原産国 中国", "原産国 ベトナム"),
        ("Made in Vietnam", "Made in China", "Made in China", "Made in Vietnam"),
        ("AOI FACE CREAM Made in Indonesia", "Made in China", "Made in China", "Made in Indonesia"),
        ("輸入者 桜商事株式会社", "輸入者 山田商事株式会社", "輸入者 山田", "輸入者 桜"),
    ],
)
def test_another_word_between_registered_ones_is_told_by_name(words: str, printed: str, read: str, said: str) -> None:
    found = words_held((line("AOI FACE CREAM"), line(printed)), words, 0.9)
    assert found is not None
    assert (found.standing.value, found.read, found.said or words, found.line) == ("differs", read, said, 1)


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ("Made in Japan", line("Made in China", doubtful="C")),
        ("Made in Japan", line("Made in China", again="Made in Chino")),
        ("Made in Japan", line("Made in China", again=None)),
    ],
)
def test_another_word_that_is_not_read_surely_twice_is_a_doubt(words: str, printed: PrintedLine) -> None:
    assert standing(words, printed) == "doubtful"


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("Made in Japan", ("Made in Japn",)),  # a letter lost
        ("Made in Japan", ("Made in",)),
        ("Made in Japan", ("Made in J",)),
        ("Made in Japan", ("Made in", "LOT K26017")),  # of another line
        ("Made in Japan", ("in LOT K26017",)),  # too little that is registered
        ("AOI FACE CREAM 50 g", ("APPLY FACE CREAM DAILY", "50 g")),
        ("輸入者 桜商事株式会社", ("大阪商事",)),
        ("AOI FACE CREAM Batch No. Made in Japan", ("AOI FACE CREAM", "Batch No. K26017")),  # the third was not read
        ("AOI FACE CREAM Batch No. Made in Japan", ("AOI FACE CREAM", "Batch No. K26017", "Made in Japn")),
        ("AOI FACE CREAM Batch No. 50 g", ("AOI FACE CREAM", "Batch No. 26017")),
        ("AOI FACE CREAM Batch No. Japan", ("AOI FACE CREAM", "Batch No. KXWLM")),
        ("AOI FACE CREAM Net weight Japan", ("AOI FACE CREAM", "Net weight 5520 g")),
        ("AOI FACE CREAM Sakura Co", ("AOI FACE CREAM Wholesale", "Sakuro Co")),  # read, but for a letter, elsewhere
        ("Made for Lot Sale in Japan", ("Made for Lot KXWLM in Japan",)),  # between registered words likewise
        ("AOI Sale in Japan", ("AOI K26017-2 Sole in Japan",)),
        ("Importer Made in Japan", ("Importer Wholesale",)),  # more than what stands before
        ("Expiry date Made in Japan", ("Expiry date 2027-05-31",)),
        ("製造番号 賞味期限 枠外下部", ("製造番号 K26017A",)),
        ("AOI FACE CREAM Contents Made in Japan", ("AOI FACE CREAM", "Contents fifty", "Made in Japan")),
    ],
)
def test_what_may_be_the_registered_words_or_none_of_them_says_nothing(words: str, lines: tuple[str, ...]) -> None:
    assert standing(words, *(line(text) for text in lines)) is None


def test_a_batch_before_a_line_with_another_letter_is_no_other_word_and_the_letter_is() -> None:
    lines = (line("AOI FACE CREAM"), line("Batch No. K26017"), line("Made in Jopan"))
    found = words_held(lines, "AOI FACE CREAM Batch No. Made in Japan", 0.9)
    assert found is not None
    assert (found.standing.value, found.read, found.line) == ("differs", "Made in Jopan", 2)


@pytest.mark.parametrize("behind", [("50 g",), ("50 g", "Keep away from children"), ("Keep away from children",)])
def test_another_word_at_the_end_of_a_line_is_told_where_the_next_lines_go_on(behind: tuple[str, ...]) -> None:
    words = " ".join(("AOI FACE CREAM", "Made in Japan", *behind))
    found = words_held(tuple(map(line, ("AOI FACE CREAM", "Made in China", *behind))), words, 0.9)
    assert found is not None
    assert (found.standing.value, found.read, found.said) == ("differs", "Made in China", "Made in Japan")


@pytest.mark.parametrize(
    ("words", "first", "then"),
    [
        ("KUMO EARBUDS wireless charging Made in Japan", "KUMO EARBUDS black", "Made in Japan"),
        ("名称 清涼飲料水 販売者 日本製", "名称 清涼飲料水 限定", "日本製"),
        ("AOI FACE CREAM Importer Kumo Made in Japan", "AOI FACE CREAM MIDNIGHT BLUE", "Made in Japan"),
    ],
)
def test_where_a_line_between_may_not_have_been_read_nothing_is_told(words: str, first: str, then: str) -> None:
    assert standing(words, line(first), line(then, y=60)) is None
    assert standing(words.replace("Japan", "Set"), line(first), line("Headset", y=30)) is None


def test_another_word_is_told_where_there_are_many_others() -> None:
    verses = [f"Verse {number:02} of the mountain and of the valley" for number in range(60)]
    printed = [*verses[:30], "Importer: Momiji Trading Co.", *verses[30:]]
    words = " ".join(printed).replace("Momiji", "Sakura")
    found = words_held(tuple(line(text) for text in printed), words, 0.9)
    assert found is not None
    assert (found.standing.value, found.read, found.said) == ("differs", "Importer: Momiji", "Importer: Sakura")
