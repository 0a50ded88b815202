"""The words of the bench: message ids with arguments become sentences. It judges nothing.

English stands beside the code, in edge/sentences.toml (with the cause of a finding) and edge/labels.toml; every other
language in a gettext catalogue, edge/locale/LANGUAGE/LC_MESSAGES/sekisho.po, where the message id is the context. The
catalogues are read as they stand: nothing is compiled (decisions/150).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from babel.messages.pofile import read_po

from edge.errors import NotFound

# A language by its code: the name that its readers give it, and the tag of a page in it.
NAMES = {
    "en": "English",
    "ja": "日本語",
    "zh": "简体中文",
    "ko": "한국어",
    "vi": "Tiếng Việt",
    "th": "ไทย",
    "id": "Bahasa Indonesia",
}
LANGUAGES = tuple(NAMES)
_TAGS = {"zh": "zh-Hans"}
_DO = "/do"  # after a message id: what to do about it
_LABEL = "label."  # before a name of edge/labels.toml


@dataclass(frozen=True, slots=True)
class Message:
    """One message id in English: the cause it belongs to ("" for none), its sentence, and what to do ("" for none)."""

    cause: str
    sentence: str
    action: str


@cache
def catalogue() -> Mapping[str, Message]:
    """Every message by its id."""
    raw = tomllib.loads(resources.files("edge").joinpath("sentences.toml").read_text("utf-8"))
    return MappingProxyType(
        {code: Message(entry["cause"], entry["en"], entry.get("do", "")) for code, entry in raw.items()}
    )


@cache
def english() -> Mapping[str, str]:
    """Every text to translate, by its context: a message id, that with "/do", or "label." and the name of a label."""
    labelled = tomllib.loads(resources.files("edge").joinpath("labels.toml").read_text("utf-8"))
    texts = {}
    for code, words in catalogue().items():
        texts[code] = words.sentence
        if words.action:
            texts[code + _DO] = words.action
    return MappingProxyType(texts | {_LABEL + name: text for name, text in labelled.items()})


@cache
def texts(language: str) -> Mapping[str, str]:
    """Every text in one of LANGUAGES, by its context. What its catalogue lacks, or has only guessed, stays English."""
    if language == LANGUAGES[0]:
        return english()
    place = resources.files("edge").joinpath("locale", language, "LC_MESSAGES", "sekisho.po")
    with place.open("rb") as file:
        translated = {
            entry.context: str(entry.string)
            for entry in read_po(file)
            if entry.context and entry.string and not entry.fuzzy
        }
    return MappingProxyType({context: translated.get(context, text) for context, text in english().items()})


@cache
def labels(language: str) -> Mapping[str, str]:
    """The fixed words of the pages in one of LANGUAGES, by their names."""
    said = texts(language)
    return MappingProxyType({key.removeprefix(_LABEL): said[key] for key in said if key.startswith(_LABEL)})


def tag(language: str) -> str:
    """The tag (BCP 47) of a text in one of LANGUAGES: Chinese names its script, which decides the letters' shapes."""
    return _TAGS.get(language, language)


def message(code: str) -> Message:
    """The message with the id `code`.

    Raises:
        NotFound: there is no such message (code message_not_found).
    """
    found = catalogue().get(code)
    if found is None:
        raise NotFound("message_not_found", f"Expected a message id of edge/sentences.toml, got {code!r}.")
    return found


class _Arguments(dict[str, str]):
    """A missing argument shows as its name: a sentence with a gap is better than no sentence on a bench."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def sentence(code: str, arguments: Mapping[str, str], language: str) -> str:
    """The sentence of `code` with its arguments filled in.

    Raises:
        NotFound: there is no such message.
    """
    message(code)
    words = _Arguments({name: _word(value, language) for name, value in arguments.items()})
    return texts(language)[code].format_map(words)


def _word(value: str, language: str) -> str:
    """An argument "@id" names a message, "@id @id" several; an id that nobody knows shows as it is."""
    if not value.startswith("@"):
        return value
    if " @" in value:
        return ", ".join(_word(one, language) for one in value.split())
    code = value[1:]
    return texts(language)[code] if code in catalogue() else code.rpartition(".")[2]


def action(code: str, language: str) -> str:
    """What to do about `code`; "" when there is nothing to say.

    Raises:
        NotFound: there is no such message.
    """
    return texts(language)[code + _DO] if message(code).action else ""


def findings_page() -> str:
    """docs/findings.md: every finding code with its cause, sentence and action in English and Japanese."""
    japanese = texts("ja")
    rows = [
        f"| `{code}` | {words.cause} | {words.sentence}<br>{japanese[code]} "
        f"| {words.action}<br>{japanese.get(code + _DO, '')} |"
        for code, words in catalogue().items()
        if words.cause
    ]
    head = (
        "# Findings",
        "",
        "Every finding that the bench can make, by its stable code, with its cause. The policy gives each its weight",
        "(`sekisho policy show`). This page is printed by `sekisho findings`.",
        "",
    )
    return "\n".join([*head, "| code | cause | what it says | what to do |", "|---|---|---|---|", *rows, ""])
