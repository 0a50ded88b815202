"""The words: complete in every language, and never more than the bench knows."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

from edge.errors import NotFound
from edge.messages import LANGUAGES, action, catalogue, english, findings_page, labels, message, sentence, tag, texts
from edge.settings import Settings
from provisioning.words.catalogues import place, wanting

ROOT = Path(__file__).parents[2]

# DOMAIN: what the software never claims, in the languages that it speaks. A percent sign would be a probability.
NEVER = {
    "en": r"\b(genuine|authentic|fakes?|counterfeits?|infring\w*|cleared|illegal|fraud\w*)\b|\d\s?%",
    "ja": "偽物|模倣品|偽造|真正|本物|正規品|侵害|違法|通関済|％|%",
    "zh": "假冒|假货|伪造|赝品|仿冒|正品|真品|真货|真伪|侵权|违法|非法|欺诈|已放行|已清关|已通关|合格|％|%",
    "ko": "가짜|위조|모조|짝퉁|정품|진품|진짜|침해|불법|사기|통관 ?완료|합격|％|%",
    "vi": "hàng (giả|nhái|thật)|giả mạo|chính hãng|xác thực|xâm phạm|vi phạm|bất hợp pháp|gian lận|thông quan|%",
    "th": "ของปลอม|ปลอมแปลง|ของแท้|แท้จริง|ละเมิด|ผิดกฎหมาย|ฉ้อโกง|ทุจริต|ผ่านพิธีการแล้ว|ตรวจปล่อยแล้ว|%",
    "id": r"\b(palsu|pemalsuan|tiruan|asli|autentik|melanggar|pelanggaran|ilegal|penipuan|lolos)\b|%",
}
# What became of a case is the word of an examiner or a court, and is shown as theirs.
TOLD = "label.ending_"
# Buttons stand side by side: the longest that fits, in columns of a half-width letter.
BUTTONS = (
    "release",
    "refer",
    "detain",
    "undo",
    "inspect",
    "next",
    "enter",
    "menu",
    "close",
    "shipment",
    "registry",
    "point_not_seen",
    "point_cannot_see",
    "sign_in",
    "sign_out",
)
BUTTON_COLUMNS = 22
VERDICT_COLUMNS = 24


def columns(text: str) -> int:
    """How wide a text is: a letter of the East is two columns, a mark above or below its letter none."""
    wide = {"W": 2, "F": 2}
    return sum(wide.get(unicodedata.east_asian_width(one), 1) for one in text if unicodedata.category(one) != "Mn")


def placeholders(text: str) -> Counter[str]:
    """The names in braces, each with how often it stands there."""
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_text_is_translated_and_none_is_a_guess(language: str) -> None:
    assert wanting(language) == (), f"{place(language)}: ./run words says what to translate"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_claims_more_than_the_bench_knows(language: str) -> None:
    for context, text in texts(language).items():
        if not context.startswith(TOLD):
            assert not re.search(NEVER[language], text, re.IGNORECASE), (context, text)


@pytest.mark.parametrize(
    ("language", "claim"),
    [
        ("en", "This is a counterfeit."),
        ("ja", "これは正規品です。"),
        ("zh", "该货物为正品。"),
        ("ko", "이 물품은 정품입니다."),
        ("vi", "Đây là hàng giả."),
        ("th", "สินค้านี้เป็นของแท้"),
        ("id", "Barang ini palsu."),
    ],
)
def test_a_claim_would_be_found_in_every_language(language: str, claim: str) -> None:
    assert re.search(NEVER[language], claim, re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_languages_use_the_same_arguments_and_nothing_else_in_braces(language: str) -> None:
    said = texts(language)
    for context, text in english().items():
        assert placeholders(said[context]) == placeholders(text), context


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_is_one_line_without_stray_spaces_or_markup(language: str) -> None:
    for context, text in texts(language).items():
        assert text == unicodedata.normalize("NFC", text).strip(), context
        assert not re.search(r"[\n\t\r<>&\u200b]|  ", text), (context, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_verdicts_and_buttons_are_short_enough_to_be_read_at_a_distance(language: str) -> None:
    said = texts(language)
    for outcome in ("NO_FINDING", "CHECK", "STRONG_INDICATION", "CANNOT_ASSESS"):
        assert columns(said[f"verdict.{outcome}"]) <= VERDICT_COLUMNS, outcome
    for name in BUTTONS:
        assert columns(labels(language)[name]) <= BUTTON_COLUMNS, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_verdicts_and_decisions_are_told_apart(language: str) -> None:
    said = texts(language)
    verdicts = [said[f"verdict.{one}"] for one in ("NO_FINDING", "CHECK", "STRONG_INDICATION", "CANNOT_ASSESS")]
    decisions = [labels(language)[one] for one in ("release", "refer", "detain")]
    assert len({one.casefold() for one in verdicts + decisions}) == 7


def test_the_box_may_be_set_to_every_language_and_to_no_other() -> None:
    for language in LANGUAGES:
        assert Settings(language=language).language == language
    with pytest.raises(ValueError, match="should match pattern"):
        Settings(language="xx")


def test_a_sentence_is_filled_with_its_arguments_and_translated_words() -> None:
    assert sentence("face.colour", {"where": "@where.logo"}, "en") == (
        "The colour departs from the registered face at the logo."
    )
    assert sentence("face.colour", {"where": "@where.logo"}, "ja") == "色が登録面と異なります（ロゴ）。"


def test_a_missing_argument_leaves_a_gap_and_not_an_error() -> None:
    assert sentence("serial.revoked", {}, "en") == "The right holder has revoked the serial number {serial}."


def test_what_to_do_is_said_for_a_finding() -> None:
    assert action("capture.blurred", "en") == "Hold still and take another picture."
    assert action("reason.retake", "ja") == ""


def test_an_unknown_message_is_an_error() -> None:
    with pytest.raises(NotFound, match=r"^Expected a message id of edge/sentences.toml, got 'no.such'\.$"):
        message("no.such")


def test_chinese_names_its_script_because_the_letters_differ_by_it() -> None:
    assert [tag(language) for language in ("ja", "zh")] == ["ja", "zh-Hans"]


def test_the_page_of_findings_is_the_one_of_the_code() -> None:
    kept = (ROOT / "docs" / "findings.md").read_text("utf-8")
    assert findings_page() == kept, "docs/findings.md is not up to date: ./run sekisho findings > docs/findings.md"


def test_every_cause_is_known_or_empty() -> None:
    known = {"", "input", "unreadable", "no_reference", "stale", "system", "mismatch"}
    assert {words.cause for words in catalogue().values()} == known


def test_every_refusal_with_words_of_its_own_is_one_that_the_bench_makes() -> None:
    source = "".join(path.read_text("utf-8") for folder in ("edge", "models") for path in (ROOT / folder).rglob("*.py"))
    for name in labels("en"):
        code = name.removeprefix("problem_")
        assert code == name or f'"{code}"' in source, code
