"""The gettext catalogues: kept in step with the English of edge/sentences.toml and edge/labels.toml through Babel.

A text that changed keeps its old translation marked fuzzy until somebody has read it; one that went is taken out.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from edge.messages import LANGUAGES, english, tag

# No dates: a catalogue changes when its words do.
_HEADER = """\
# Sekisho. The message id is the context; {{names}} are filled in by the finding.
# Wording: the bench advises and claims no more than it knows: tests/edge/test_words.py has what it never says.
# No native speaker has reviewed this yet, unless said in docs/decisions/150.
msgid ""
msgstr ""
"Language: {tag}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def place(language: str) -> Path:
    """The catalogue of a language other than English."""
    return Path(str(resources.files("edge"))) / "locale" / language / "LC_MESSAGES" / "sekisho.po"


def update(language: str) -> tuple[str, ...]:
    """Bring the catalogue of `language` up to the English, and return the contexts that still want a translator."""
    path = place(language)
    before = _read(path)
    catalogue = Catalog()
    for context, text in english().items():
        known = before.get(context)
        translation = str(known.string) if known else ""
        guessed = bool(known and translation and (known.fuzzy or known.id != text))
        flags = [flag for flag, meant in (("fuzzy", guessed), ("python-brace-format", "{" in text)) if meant]
        catalogue.add(text, translation, flags=flags, context=context)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(_HEADER.format(tag=tag(language)).encode())
        write_po(file, catalogue, width=0, omit_header=True)
    return wanting(language)


def wanting(language: str) -> tuple[str, ...]:
    """The contexts that a catalogue lacks, has only guessed, or translates from an older English."""
    known = _read(place(language))
    return tuple(context for context, text in english().items() if not _done(known.get(context), text))


def update_all() -> dict[str, tuple[str, ...]]:
    """Every catalogue brought up to the English: by language, what still wants a translator."""
    return {language: update(language) for language in LANGUAGES[1:]}


def _done(known: Message | None, text: str) -> bool:
    return known is not None and bool(known.string) and not known.fuzzy and known.id == text


def _read(path: Path) -> dict[str, Message]:
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(entry.context): entry for entry in read_po(file) if entry.context}
