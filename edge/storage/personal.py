"""Which parts of an assessment are personal: they leave its document for the erasable side of the ledger.

Sender and addressee are personal, and under postal secrecy even that an item exists: its numbers, raw codes and what is
said of the parcel as a whole or quotes its declaration. What stays is the nameless record: goods, verdict, findings on
goods, times, freshness.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edge.identity import SHARED
from edge.inspection import Assessment, LateAssessment
from edge.storage.documents import Json, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

PARCEL = "parcel"  # the first parcel number, one of its own before a master air waybill's
NUMBERS = ("identity.parcel_numbers", "identity.sscc")  # all that a parcel is known by
_ARGUMENTS, _SOURCES = "verdict.arguments", "verdict.sources"
_DECLARED = ("consignment.", "supply.")  # findings that quote the declaration: its words may name anybody
_PLACES: tuple[tuple[str, str, Json], ...] = (
    ("seen", "consignment", None),
    ("seen", "symbols", []),  # raw payloads: a postal label's is its number
    ("identity", "parcel_numbers", []),
    ("identity", "sscc", []),
    ("identity", "unparsed", []),
    ("identity", "faults", []),  # with the raw code
)


def part(assessment: Assessment) -> tuple[Json, dict[str, str]]:
    """An assessment as (document without anything personal, personal values by name).

    Raises:
        ValueError: a number that JSON cannot carry.
    """
    document = to_json(assessment)
    personal: dict[str, str] = {}
    for noun, name, nothing in _PLACES:
        if document[noun][name] != nothing:
            personal[f"{noun}.{name}"] = _text(document[noun][name])
            document[noun][name] = nothing
    personal |= _parted_findings(document["verdict"]["findings"], _numbers(assessment))
    keys = assessment.identity.own_keys or assessment.identity.parcel_keys
    if keys:
        personal[PARCEL] = keys[0].partition(":")[2]
    return document, personal


def part_late(late: LateAssessment, assessment: Assessment) -> tuple[Json, dict[str, str]]:
    """A late assessment of what `assessment` saw, parted in the same way.

    Raises:
        ValueError: a number that JSON cannot carry.
    """
    document = to_json(late)
    return document, _parted_findings(document["findings"], _numbers(assessment))


def _parted_findings(findings: list[Json], numbers: set[str]) -> dict[str, str]:
    """Take out of the documents of findings whatever is personal, and answer it."""
    about_parcel = {
        str(place)
        for place, finding in enumerate(findings)
        if not finding["item"] or finding["code"].startswith(_DECLARED)
    }
    quoting = {str(place) for place, finding in enumerate(findings) if numbers & {finding["source"]}}
    personal: dict[str, str] = {}
    for name, field, nothing, places in (
        (_ARGUMENTS, "arguments", {}, about_parcel),
        (_SOURCES, "source", "", quoting),
    ):
        taken = {place: findings[int(place)][field] for place in places if findings[int(place)][field]}
        for place in taken:
            findings[int(place)][field] = nothing
        if taken:
            personal[name] = _text(taken)
    return personal


def _numbers(assessment: Assessment) -> set[str]:
    """Every number under which the parcel may be known: of its document and of its labels."""
    seen, identity = assessment.seen, assessment.identity
    numbers = {number.value for number in identity.parcel_numbers} | {sscc.value for sscc in identity.sscc}
    numbers |= {key.partition(":")[2] for key in identity.parcel_keys} | set(identity.unparsed)
    if seen.consignment is not None:
        numbers |= {seen.consignment.document, seen.consignment.order, *seen.consignment.numbers}
    return numbers - {""}


def own_numbers(value: str) -> tuple[str, ...]:
    """The numbers that name one parcel alone, of a personal value "identity.parcel_numbers" or "identity.sscc"."""
    return tuple(one["value"] for one in json.loads(value) if one.get("scheme") not in SHARED)


def join(document: Json, personal: Mapping[str, str]) -> Assessment:
    """The assessment of `part` again; whatever has been erased meanwhile is empty.

    Raises:
        LedgerError: document_unreadable.
    """
    whole = {**document, "seen": {**document["seen"]}, "identity": {**document["identity"]}}
    for noun, name, _nothing in _PLACES:
        if f"{noun}.{name}" in personal:
            whole[noun][name] = json.loads(personal[f"{noun}.{name}"])
    findings = _joined_findings(whole["verdict"]["findings"], personal)
    whole["verdict"] = {**whole["verdict"], "findings": findings}
    return from_json(Assessment, whole)


def join_late(document: Json, personal: Mapping[str, str]) -> LateAssessment:
    """The late assessment of `part_late` again; whatever has been erased meanwhile is empty.

    Raises:
        LedgerError: document_unreadable.
    """
    return from_json(LateAssessment, {**document, "findings": _joined_findings(document["findings"], personal)})


def _joined_findings(findings: list[Json], personal: Mapping[str, str]) -> list[Json]:
    for name, field in ((_ARGUMENTS, "arguments"), (_SOURCES, "source")):
        if name in personal:
            taken = json.loads(personal[name])
            findings = [
                {**finding, field: taken.get(str(place), finding[field])} for place, finding in enumerate(findings)
            ]
    return findings


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
