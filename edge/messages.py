"""The words of the bench: message ids with arguments become sentences. It judges nothing.

Sentences stand in edge/sentences.toml, each in English and Japanese, with the finding's cause and what to do about it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from edge.errors import NotFound

LANGUAGES = ("en", "ja")


@dataclass(frozen=True, slots=True)
class Message:
    """One message id: the cause it belongs to ("" for none), its sentence and what to do, by language."""

    cause: str
    sentence: Mapping[str, str]
    action: Mapping[str, str]


@cache
def catalogue() -> Mapping[str, Message]:
    """Every message by its id."""
    raw = tomllib.loads(resources.files("edge").joinpath("sentences.toml").read_text("utf-8"))
    return MappingProxyType(
        {
            code: Message(
                cause=entry["cause"],
                sentence={language: entry[language] for language in LANGUAGES},
                action={language: entry.get(f"do_{language}", "") for language in LANGUAGES},
            )
            for code, entry in raw.items()
        }
    )


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
    words = _Arguments({name: _word(value, language) for name, value in arguments.items()})
    return message(code).sentence[language].format_map(words)


def findings_page() -> str:
    """docs/findings.md: every finding code with its cause, sentence and action in both languages."""
    rows = [
        f"| `{code}` | {words.cause} | {words.sentence['en']}<br>{words.sentence['ja']} "
        f"| {words.action['en']}<br>{words.action['ja']} |"
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


def _word(value: str, language: str) -> str:
    """An argument "@id" names a message; an id that nobody knows shows as it is."""
    if not value.startswith("@"):
        return value
    found = catalogue().get(value[1:])
    return found.sentence[language] if found else value.rpartition(".")[2]


def action(code: str, language: str) -> str:
    """What to do about `code`; "" when there is nothing to say.

    Raises:
        NotFound: there is no such message.
    """
    return message(code).action[language]
