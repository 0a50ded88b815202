"""The id of an EPCIS event as a hash of what it says: anybody who holds the event can make it again.

Source: GS1 Core Business Vocabulary 2.0, section 8.9 (EPCIS Event Hash ID), for object events: the pre-hash text has
the standard fields in canonical order, then the extension fields, and neither eventID, recordTime nor errorDeclaration,
so that a correction carries the id of what it corrects. Only what sync/central/onward/epcis.py writes is known here:
GS1 keys are canonical Digital Links already.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

_CBV = "https://ref.gs1.org/cbv/"
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]{1,2})?")
_MILLISECOND = 1_000


def event_id(event: Mapping[str, Any], namespaces: Mapping[str, str]) -> str:
    """The `ni` URI of an object event; `namespaces` are those of its extension fields, by prefix."""
    digest = hashlib.sha256(pre_hash(event, namespaces).encode()).hexdigest()
    return f"ni:///sha-256;{digest}?ver=CBV2.0"


def pre_hash(event: Mapping[str, Any], namespaces: Mapping[str, str]) -> str:
    """The text that is hashed."""
    parts = [f"eventType={event['type']}"]
    parts += [told(event[name]) for name, told in _ORDER.items() if event.get(name)]
    return "".join(parts) + "".join(_extensions(event, namespaces))


def _one(name: str, word: str = "") -> Callable[[Any], str]:
    return lambda value: f"{name}={word}{value}"


def _listed(name: str, told: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda values: name + "".join(sorted(map(told, values)))


def _quantity(element: Mapping[str, Any]) -> str:
    return f"quantityElementepcClass={element['epcClass']}"


def _transaction(element: Mapping[str, str]) -> str:
    kind = element["type"]
    return f"bizTransaction={element['bizTransaction']}type={kind if ':' in kind else f'{_CBV}BTT-{kind}'}"


def _persistent(told: Mapping[str, Sequence[str]]) -> str:
    return "persistentDisposition" + "".join(sorted(f"set={_CBV}Disp-{value}" for value in told["set"]))


def _time(text: str) -> str:
    at = datetime.fromisoformat(text).astimezone(UTC)
    at += timedelta(microseconds=round(at.microsecond, -3) - at.microsecond)  # rounded, as the reference does
    return f"eventTime={at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // _MILLISECOND:03}Z"


_ORDER: dict[str, Callable[[Any], str]] = {  # CBV 2.0, table "canonical property order"
    "eventTime": _time,
    "eventTimeZoneOffset": _one("eventTimeZoneOffset"),
    "epcList": _listed("epcList", _one("epc")),
    "quantityList": _listed("quantityList", _quantity),
    "action": _one("action"),
    "bizStep": _one("bizStep", f"{_CBV}BizStep-"),
    "disposition": _one("disposition", f"{_CBV}Disp-"),
    "persistentDisposition": _persistent,
    "readPoint": lambda place: f"readPointid={place['id']}",
    "bizLocation": lambda place: f"bizLocationid={place['id']}",
    "bizTransactionList": _listed("bizTransactionList", _transaction),
}


def _extensions(event: Mapping[str, Any], namespaces: Mapping[str, str]) -> list[str]:
    told = []
    for name, value in event.items():
        prefix, colon, local = name.partition(":")
        if colon:
            values = value if isinstance(value, list) else [value]
            told += [f"{{{namespaces[prefix]}}}{local}={_canonical(one)}" for one in values]
    return sorted(told)


def _canonical(value: object) -> str:
    """A value as text: a number without trailing zeros, whichever type it has (rules 6 and 7)."""
    text = str(value).strip()
    if not _NUMBER.fullmatch(text):
        return text
    number = float(text)
    return str(int(number)) if number.is_integer() else str(number)
