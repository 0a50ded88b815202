"""An officer's question: which one may be asked of an inspection."""

from __future__ import annotations

from dataclasses import replace

from edge.captures import Evidence
from edge.errors import RequestRefused
from edge.inspection import InspectionRecord, Question

OF_GOODS = ("face", "heat", "region")  # pictures that show goods; a symbol may be a postal label


def pictures(kept: InspectionRecord) -> tuple[Evidence, ...]:
    """The kept pictures of goods that a question may be about, each once."""
    seen = kept.assessments[-1].seen
    found = [one for shown in seen.captures for one in shown.kept]
    found += [one for comparison in seen.comparisons for one in comparison.pictures]
    return tuple({one.sha256: one for one in found if one.role in OF_GOODS}.values())


def asked(kept: InspectionRecord, wanted: Question) -> Question:
    """`wanted` with the products of the inspection.

    Raises:
        RequestRefused: request_question: there is no text, or the picture is none of the goods.
    """
    text = "".join(letter for letter in wanted.text if letter in "\n\t" or letter >= " ").strip()
    if not text:
        message = f"{kept.inspection}: expected a question in words, got none."
        raise RequestRefused("request_question", message, hint="Say what you want to know of the goods.")
    if wanted.picture and wanted.picture not in {one.sha256 for one in pictures(kept)}:
        message = f"{kept.inspection}: expected a kept picture of its goods, got {wanted.picture[:64]!r}."
        raise RequestRefused("request_question", message, hint="Choose one of the pictures on the report.")
    gtins = tuple(dict.fromkeys(item.gtin.value for item in kept.assessments[-1].identity.items))
    return replace(wanted, text=text, gtins=gtins)
