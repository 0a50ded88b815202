"""Rows of the feed as EPCIS 2.0 object events. Pure: no database, no HTTP.

An event is nameless, so that it is the same for every reader and never changes by an erasure: its goods, what
the bench or the officer said of them, place and time as the box stamped it. What is personal (the parcel's own numbers)
is an event of its own beside it, for readers that may see it. A decision that was taken back is the same event again
with an error declaration.

Sources: EPCIS 2.0, sections 7.4 and 10; CBV 2.0, sections 7 and 8; GS1 Digital Link: URI Syntax, section 4.12.
Vocabulary has no word for a suspicion, and none is made up: the verdict stands in our own namespace only.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import quote

from edge.errors import CodeRefused
from edge.gs1 import Gln, Gtin, Sscc
from sync.central.onward.epcis_hash import event_id

Json: TypeAlias = Any
Event: TypeAlias = dict[str, Any]

GS1_CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
PREFIX, NAMESPACE = "sekisho", "urn:sekisho:epcis:"
NAMESPACES = {PREFIX: NAMESPACE}
CONTEXT: list[Any] = [GS1_CONTEXT, NAMESPACES]
MAPPED = ("assessed", "disposed")  # kinds of rows that are events

_XSD = "http://www.w3.org/2001/XMLSchema#"
_TERMS = {  # of our own namespace, with their types; "@id" is a URI
    "inspection": "@id",  # kind of a business transaction: one inspection at a bench
    "outcome": f"{_XSD}string",  # what the bench advised
    "assessment": f"{_XSD}integer",  # which assessment of the inspection, from 1
    "finding": f"{_XSD}string",  # codes, most decisive first
    "faceScore": f"{_XSD}double",  # the most suspicious score of a compared face, 0 to 1; no probability
    "decision": f"{_XSD}string",  # the officer's: release, refer, detain
    "clock": f"{_XSD}string",  # how far the box's clock was believed: synced, floor, untrusted
    "row": "@id",  # hash of the ledger's row that says it
    "edition": "@id",
    "policy": "@id",
    "pack": "@id",
    "next": f"{_XSD}integer",  # cursor to go on from
    "atEnd": f"{_XSD}boolean",  # whether nothing followed
}
_CODE = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_DECLARED_CLASS = {"consignment.goods", "consignment.brand", "consignment.hs", "consignment.origin"}
_COUNTS = {"check", "strong"}
_STEPS = {  # of an officer's decision: bizStep, disposition (CBV 2.0, tables 7-1 and 7-2)
    "release": ("inspecting", "in_progress"),
    "refer": ("holding", "non_sellable_other"),
    "detain": ("holding", "non_sellable_other"),
}
_FARTHEST = timedelta(hours=14)  # of a time zone, in the schema
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row of a box as the central holds it."""

    central: str
    port: str
    device: str
    ledger: str
    seq: int
    told: Mapping[str, Json]  # header with body and, where the reader may see it, "personal"
    received: str = ""  # when it reached the central, ISO 8601


@dataclass(frozen=True, slots=True)
class Told:
    """What a row needs besides itself: the assessment that it rests on, and the row that it takes back."""

    assessment: LedgerRow | None = None
    undone: LedgerRow | None = None
    undone_assessment: LedgerRow | None = field(default=None)


def context_document() -> dict[str, Any]:
    """The terms of our own namespace as a JSON-LD context."""
    terms: dict[str, Any] = {PREFIX: NAMESPACE}
    terms |= {f"{PREFIX}:{name}": {"@id": NAMESPACE + name, "@type": kind} for name, kind in _TERMS.items()}
    return {"@context": terms}


def events(row: LedgerRow, told: Told) -> list[Event]:
    """The events of one row, the nameless one first; none for rows that are no events."""
    kind, body = row.told.get("kind"), _mapping(row.told.get("body"))
    if kind == "assessed":
        return _observed(row, row, _assessed(_mapping(body.get("assessment"))))
    if kind != "disposed":
        return []
    disposition = _mapping(body.get("disposition"))
    decided = _decided(row, told.assessment)
    if told.undone is None or disposition.get("undoes") is None:
        return decided
    declaration: Event = {"declarationTime": row.told["at"], "reason": "incorrect_data"}
    if decided:
        declaration["correctiveEventIDs"] = [decided[0]["eventID"]]
    wrong = _decided(told.undone, told.undone_assessment)
    return [_recorded(event, row) | {"errorDeclaration": declaration} for event in wrong] + decided


def _decided(row: LedgerRow, assessment: LedgerRow | None) -> list[Event]:
    decision = _text(_mapping(_mapping(row.told.get("body")).get("disposition")).get("decision"))
    if decision not in _STEPS:
        return []
    step, disposition = _STEPS[decision]
    said = {"bizStep": step, "disposition": disposition, f"{PREFIX}:decision": decision}
    return _observed(row, assessment, said)


def _observed(row: LedgerRow, assessment: LedgerRow | None, said: Event) -> list[Event]:
    """The event of the goods, and the one of the parcel where its numbers may be seen."""
    frame = _frame(row)
    if frame is None:
        return []
    identity = _mapping(_mapping(_mapping((assessment or row).told.get("body")).get("assessment")).get("identity"))
    goods, classes = _goods(_listed(identity.get("items")))
    if not goods and not classes:
        goods = [_own("inspection", row.told.get("inspection"))]
    what: Event = {"epcList": goods} | ({"quantityList": classes} if classes else {})
    found = [_finished(frame | what | said, row)]
    parcels, documents = _parcels((assessment or row).told)
    if parcels or documents:
        known = {"epcList": parcels or [_own("inspection", row.told.get("inspection"))]}
        transactions = {"bizTransactionList": documents + frame["bizTransactionList"]}
        stated = {name: said[name] for name in ("bizStep", "disposition") if name in said}
        found.append(_finished(frame | known | transactions | stated, row))
    return found


def _frame(row: LedgerRow) -> Event | None:
    """When, where and of which inspection; None when the box's time is none."""
    told = row.told
    try:
        at = datetime.fromisoformat(told["at"] if _TIME.fullmatch(told["at"]) else "")
    except (KeyError, TypeError, ValueError):
        return None
    if abs(at.utcoffset() or timedelta(0)) > _FARTHEST:
        return None
    place = {"bizLocation": {"id": _place(row)}} if row.port else {}
    inspection = {"bizTransaction": _own("inspection", told.get("inspection")), "type": f"{NAMESPACE}inspection"}
    return {
        "type": "ObjectEvent",
        "eventTime": told["at"],
        "eventTimeZoneOffset": at.isoformat()[-6:],
        "action": "OBSERVE",
        "bizStep": "inspecting",
        "readPoint": {"id": _own(f"{row.central[:16]}:station", row.device, told.get("station"))},
        **place,
        "bizTransactionList": [inspection],
        f"{PREFIX}:clock": _word(told.get("clock")),
        f"{PREFIX}:row": f"ni:///sha-256;{told.get('hash')}",
    }


def _place(row: LedgerRow) -> str:
    """A port that is named by its GLN is that location to everybody; another name means something here only."""
    try:
        return f"https://id.gs1.org/414/{Gln(row.port)}"
    except CodeRefused:
        return _own(f"{row.central[:16]}:port", row.port)


def _finished(event: Event, row: LedgerRow) -> Event:
    return _recorded(event | {"eventID": event_id(event, NAMESPACES)}, row)


def _recorded(event: Event, row: LedgerRow) -> Event:
    return event | ({"recordTime": row.received} if row.received else {})


def _assessed(assessment: Mapping[str, Json]) -> Event:
    """What the bench said, in our own namespace, and what the vocabulary has a word for."""
    verdict = _mapping(assessment.get("verdict"))
    findings = [_mapping(finding) for finding in _listed(verdict.get("findings"))]
    codes = list(dict.fromkeys(code for finding in findings if (code := _word(finding.get("code")))))
    counting = {_word(finding.get("code")) for finding in findings if _word(finding.get("weight")) in _COUNTS}
    scores = [one.get("score") for one in map(_mapping, _listed(_mapping(assessment.get("seen")).get("comparisons")))]
    measured = [float(score) for score in scores if isinstance(score, int | float) and math.isfinite(score)]
    freshness = _mapping(verdict.get("freshness"))
    said: Event = {f"{PREFIX}:outcome": _word(verdict.get("outcome"), re.compile("[A-Z_]{1,64}"))}
    number = assessment.get("number")
    if type(number) is int:
        said[f"{PREFIX}:assessment"] = number
    if codes:
        said[f"{PREFIX}:finding"] = codes
    if measured:
        said[f"{PREFIX}:faceScore"] = max(measured)  # 0..1, no probability of anything
    for name in ("edition", "policy", "pack"):
        if freshness.get(name):
            said[f"{PREFIX}:{name}"] = _own(name, freshness[name])
    if counting & _DECLARED_CLASS:
        said["persistentDisposition"] = {"set": ["mismatch_class"]}
    return {name: value for name, value in said.items() if value != ""}


def _goods(items: Sequence[Json]) -> tuple[list[str], list[Event]]:
    """Items with a serial as instances; those without as classes, with their batch where it is known."""
    instances: dict[str, None] = {}
    classes: dict[str, None] = {}
    for item in map(_mapping, items):
        try:
            link = f"https://id.gs1.org/01/{Gtin(_mapping(item.get('gtin')).get('value', ''))}"
        except (CodeRefused, TypeError):
            continue
        if _text(item.get("serial")):
            instances[f"{link}/21/{_quoted(item['serial'])}"] = None
        else:
            batch = _text(item.get("batch"))
            classes[f"{link}/10/{_quoted(batch)}" if batch else link] = None
    return list(instances), [{"epcClass": name} for name in classes]


def _parcels(told: Mapping[str, Json]) -> tuple[list[str], list[Event]]:
    """What is personal: SSCC, S10 and container numbers as objects, waybills as transactions."""
    personal = _mapping(told.get("personal"))
    objects: dict[str, None] = {}
    documents: dict[str, None] = {}
    for one in _parsed(personal.get("identity.sscc")):
        try:
            objects[f"https://id.gs1.org/00/{Sscc(one.get('value', ''))}"] = None
        except (CodeRefused, TypeError):
            continue
    for one in _parsed(personal.get("identity.parcel_numbers")):
        scheme, value = _text(one.get("scheme")), _text(one.get("value"))
        if scheme == "AWB" and value:
            documents[_own("awb", value)] = None
        elif scheme == "ISO6346" and re.fullmatch("[A-Z]{3}[JUZ][0-9]{7}", value):
            objects[f"urn:epc:id:bic:{value}"] = None
        elif scheme and value:
            objects[_own(scheme.lower() if scheme == "S10" else scheme, value)] = None
    return list(objects), [{"bizTransaction": name, "type": "bol"} for name in sorted(documents)]


def _parsed(text: Json) -> Iterator[Mapping[str, Json]]:
    try:
        yield from map(_mapping, _listed(json.loads(_text(text) or "[]")))
    except (ValueError, RecursionError):
        return


def _own(kind: str, *names: Json) -> str:
    """A name of our own: urn:sekisho:KIND:NAME."""
    kinds = ":".join(_quoted(part) for part in kind.split(":"))
    return f"urn:sekisho:{kinds}:" + ":".join(_quoted(_text(name)) or "-" for name in names)


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _word(value: Json, form: re.Pattern[str] = _CODE) -> str:
    return value if isinstance(value, str) and form.fullmatch(value) else ""


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _listed(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else ()
