"""A schema of the EPCIS 2.0 documents that the central writes, after section 10.3 of the standard: nothing else passes.

It is narrower than GS1's own, which comes without a licence to hand it on: with SEKISHO_EPCIS_SCHEMA naming a copy of
https://ref.gs1.org/standards/epcis/epcis-json-schema.json the tests check every document against that too.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema_rs

OFFICIAL = os.environ.get("SEKISHO_EPCIS_SCHEMA", "")

_URI = {"type": "string", "format": "uri", "pattern": "^[a-z][a-z0-9+.-]*:[!-~]+$"}
_TIME = {"type": "string", "format": "date-time"}
_OWN: dict[str, Any] = {"^sekisho:[a-zA-Z]+$": {}}
_PLACE = {"type": "object", "properties": {"id": _URI}, "required": ["id"], "additionalProperties": False}
_LINK = {
    "anyOf": [
        {"not": {"pattern": "^https:"}},
        {"pattern": r"^https://id\.gs1\.org/(01/\d{14}(/(10|21)/.+)?|00/\d{18})$"},
    ]
}
_QUANTITY = {
    "type": "object",
    "properties": {"epcClass": _URI | _LINK},
    "required": ["epcClass"],
    "additionalProperties": False,
}
_TRANSACTION = {
    "type": "object",
    "properties": {"bizTransaction": _URI, "type": {"anyOf": [_URI, {"enum": ["bol"]}]}},
    "required": ["bizTransaction", "type"],
    "additionalProperties": False,
}
_ERROR = {
    "type": "object",
    "properties": {
        "declarationTime": _TIME,
        "reason": {"enum": ["did_not_occur", "incorrect_data"]},
        "correctiveEventIDs": {"type": "array", "items": _URI, "minItems": 1},
    },
    "required": ["declarationTime", "reason"],
    "additionalProperties": False,
}
_EVENT = {
    "type": "object",
    "properties": {
        "type": {"const": "ObjectEvent"},
        "eventID": {"type": "string", "pattern": r"^ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0$"},
        "eventTime": _TIME,
        "recordTime": _TIME,
        "eventTimeZoneOffset": {"type": "string", "pattern": "^[+-](0[0-9]|1[0-4]):[0-5][0-9]$"},
        "errorDeclaration": _ERROR,
        "epcList": {"type": "array", "items": _URI | _LINK, "uniqueItems": True},
        "quantityList": {"type": "array", "items": _QUANTITY, "minItems": 1},
        "action": {"const": "OBSERVE"},
        "bizStep": {"enum": ["inspecting", "holding"]},
        "disposition": {"enum": ["in_progress", "non_sellable_other"]},
        "persistentDisposition": {
            "type": "object",
            "properties": {"set": {"type": "array", "items": {"const": "mismatch_class"}, "minItems": 1}},
            "required": ["set"],
            "additionalProperties": False,
        },
        "readPoint": _PLACE,
        "bizLocation": _PLACE,
        "bizTransactionList": {"type": "array", "items": _TRANSACTION, "minItems": 1},
    },
    "patternProperties": _OWN,
    "additionalProperties": False,
    "required": ["type", "eventID", "eventTime", "eventTimeZoneOffset", "epcList", "action", "bizStep", "readPoint"],
    "anyOf": [{"properties": {"epcList": {"minItems": 1}}}, {"required": ["quantityList"]}],
}
_EVENTS = {"type": "array", "items": _EVENT}
_RESULTS = {
    "type": "object",
    "properties": {
        "queryName": {"const": "SimpleEventQuery"},
        "resultsBody": {"type": "object", "properties": {"eventList": _EVENTS}, "required": ["eventList"]},
    },
    "required": ["queryName", "resultsBody"],
    "additionalProperties": False,
}
_BODIES = {
    "EPCISDocument": {"type": "object", "properties": {"eventList": _EVENTS}, "required": ["eventList"]},
    "EPCISQueryDocument": {"type": "object", "properties": {"queryResults": _RESULTS}, "required": ["queryResults"]},
}


def _document(kind: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "@context": {
                "const": [
                    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
                    {"sekisho": "urn:sekisho:epcis:"},
                ]
            },
            "type": {"const": kind},
            "schemaVersion": {"const": "2.0"},
            "creationDate": _TIME,
            "epcisBody": _BODIES[kind] | {"additionalProperties": False},
        },
        "patternProperties": _OWN,
        "additionalProperties": False,
        "required": ["@context", "type", "schemaVersion", "creationDate", "epcisBody"],
    }


_OURS = jsonschema_rs.validator_for({"oneOf": [_document(kind) for kind in _BODIES]}, validate_formats=True)
_GS1 = (
    jsonschema_rs.validator_for(json.loads(Path(OFFICIAL).read_text("utf-8")), validate_formats=True)
    if OFFICIAL
    else None
)


def faults(document: Any) -> list[str]:
    """What is wrong with a document, by our schema and, where it is at hand, by GS1's."""
    told = json.loads(json.dumps(document))
    return [error.message for schema in (_OURS, _GS1) if schema is not None for error in schema.iter_errors(told)]
