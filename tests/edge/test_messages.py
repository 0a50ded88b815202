"""The words: complete in both languages, and never more than the bench knows."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from edge.errors import NotFound
from edge.messages import LANGUAGES, action, catalogue, findings_page, message, sentence

ROOT = Path(__file__).parents[2]

# DOMAIN: what the software never claims, in the languages that it speaks.
NEVER = {
    "en": r"\b(genuine|authentic|fakes?|counterfeits?|infring\w*|cleared|illegal|fraud\w*)\b|\d\s?%",
    "ja": "偽物|模倣品|偽造|真正|本物|正規品|侵害|違法|通関済|％|%",
}


def test_no_sentence_claims_more_than_the_bench_knows() -> None:
    for code, words in catalogue().items():
        for language in LANGUAGES:
            said = f"{words.sentence[language]} {words.action[language]}"
            assert not re.search(NEVER[language], said, re.IGNORECASE), (code, said)


def test_both_languages_use_the_same_arguments() -> None:
    for code, words in catalogue().items():
        names = [{name for _, name, _, _ in Formatter().parse(words.sentence[lang]) if name} for lang in LANGUAGES]
        assert names[0] == names[1], code


def test_a_sentence_is_filled_with_its_arguments_and_translated_words() -> None:
    assert sentence("face.colour", {"where": "@where.logo"}, "en") == (
        "The colour departs from the registered face at the logo."
    )
    assert sentence("face.colour", {"where": "@where.logo"}, "ja") == "色が登録面と異なります（ロゴ）。"


def test_a_missing_argument_leaves_a_gap_and_not_an_error() -> None:
    assert sentence("serial.revoked", {}, "en") == "The right holder has revoked the serial number {serial}."


def test_what_to_do_is_said_for_a_finding() -> None:
    assert action("capture.blurred", "en") == "Hold still and take another picture."


def test_an_unknown_message_is_an_error() -> None:
    with pytest.raises(NotFound, match=r"^Expected a message id of edge/sentences.toml, got 'no.such'\.$"):
        message("no.such")


def test_the_page_of_findings_is_the_one_of_the_code() -> None:
    kept = (ROOT / "docs" / "findings.md").read_text("utf-8")
    assert findings_page() == kept, "docs/findings.md is not up to date: ./run sekisho findings > docs/findings.md"
