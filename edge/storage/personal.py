"""Which parts of an assessment are personal: they leave its document for the erasable side of the ledger.

Sender and addressee are personal, and under postal secrecy even that an item exists: its numbers, raw codes and what is
said of the parcel as a whole. What stays is the nameless record: goods, verdict, findings on goods, times, freshness.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edge.inspection import Assessment
from edge.storage.documents import Json, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

PARCEL = "parcel"  # the first parcel number: what `Sighting.parcel` is read from
_ARGUMENTS = "verdict.arguments"
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
    arguments: dict[str, Json] = {}
    for place, finding in enumerate(document["verdict"]["findings"]):
        if not finding["item"] and finding["arguments"]:
            arguments[str(place)] = finding["arguments"]
            finding["arguments"] = {}
    if arguments:
        personal[_ARGUMENTS] = _text(arguments)
    keys = assessment.identity.parcel_keys
    if keys:
        personal[PARCEL] = keys[0].partition(":")[2]
    return document, personal


def join(document: Json, personal: Mapping[str, str]) -> Assessment:
    """The assessment of `part` again; whatever has been erased meanwhile is empty.

    Raises:
        LedgerError: document_unreadable.
    """
    whole = {**document, "seen": {**document["seen"]}, "identity": {**document["identity"]}}
    for noun, name, _nothing in _PLACES:
        if f"{noun}.{name}" in personal:
            whole[noun][name] = json.loads(personal[f"{noun}.{name}"])
    if _ARGUMENTS in personal:
        arguments = json.loads(personal[_ARGUMENTS])
        findings = [
            {**finding, "arguments": arguments.get(str(place), finding["arguments"])}
            for place, finding in enumerate(document["verdict"]["findings"])
        ]
        whole["verdict"] = {**document["verdict"], "findings": findings}
    return from_json(Assessment, whole)


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
