"""The one reader of row bodies: what this central reads of them, where it has the shape that a bench writes.

Any enrolled key may sign any JSON object as a body. One of another shape is passed over, row by row, and told by an
alarm (`tell_malformed`): it stops nothing that is done for other rows. What is not read here may hold anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import SchemaValidator, ValidationError, core_schema
from sqlalchemy import Connection

from edge.identity import SHARED
from edge.pictures import Named, named_pictures
from sync.central.alarms import raise_alarm

_NEEDED = {"assessed": "assessment", "disposed": "disposition", "ordered": "order"}  # the noun of a kind


def _noun(*needed: str, **fields: Any) -> Any:  # noqa: ANN401 - a schema of pydantic
    named = {name: core_schema.typed_dict_field(schema, required=name in needed) for name, schema in fields.items()}
    return core_schema.typed_dict_schema(named, extra_behavior="allow")


def _maybe(schema: Any) -> Any:  # noqa: ANN401 - likewise
    return core_schema.nullable_schema(schema)


_TEXT, _LIST = core_schema.str_schema(strict=True), core_schema.list_schema
_INTEGER = core_schema.int_schema(strict=True)
_GTIN = _noun("value", value=_TEXT)
_PICTURE = _noun("sha256", "media_type", sha256=core_schema.str_schema(pattern="^[0-9a-f]{64}$"), media_type=_TEXT)
_COMPARISON = _noun(gtin=_GTIN, pictures=_LIST(_PICTURE), regions=_LIST(_noun(picture=_maybe(_PICTURE))))
_CONSIGNMENT = _noun(platform=_maybe(_TEXT), lines=_LIST(_noun(gtin=_maybe(_TEXT))))
_ASSESSMENT = _noun(
    at=_noun("utc", utc=_TEXT),
    identity=_noun(items=_LIST(_noun("gtin", gtin=_GTIN))),
    seen=_noun(
        captures=_LIST(_noun(kept=_LIST(_PICTURE), sha256=_TEXT, label=_TEXT)),
        comparisons=_LIST(_COMPARISON),
        consignment=_maybe(_CONSIGNMENT),
    ),
    verdict=_noun(outcome=_TEXT, findings=_LIST(_noun("code", code=_TEXT, item=_maybe(_TEXT)))),
)
_DISPOSITION = _noun("decision", decision=_maybe(_TEXT), undoes=_maybe(_INTEGER))
_BODY = SchemaValidator(_noun(assessment=_ASSESSMENT, disposition=_DISPOSITION, order=_INTEGER, sealed=_LIST(_PICTURE)))


def body_of(kind: str, text: str) -> dict[str, Any] | None:
    """The body of a row of this kind; None where what is read of it has not the shape that a bench writes."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if is_shaped(kind, told) else None


def is_shaped(kind: str, told: Mapping[str, Any]) -> bool:
    """Whether what is read of a body of this kind has the shape that a bench writes."""
    try:
        _BODY.validate_python(told)
    except ValidationError:
        return False
    return kind not in _NEEDED or _NEEDED[kind] in told


def pictures_of(kind: str, text: str) -> tuple[Named, ...] | None:
    """The pictures that a body names; None where it is none of a bench."""
    told = body_of(kind, text)
    return None if told is None else named_pictures(told)


def tell_malformed(connection: Connection, device: str, ledger: str, seq: int, now: str) -> None:
    """Raise the alarm that a device signs what no bench writes: once for a ledger, at the first such row."""
    detail = f"Row {seq} has a body that no bench writes; it is passed over."
    raise_alarm(connection, device, "row_malformed", ledger, detail, now)


def parcel_keys(name: str, value: str) -> list[str]:
    """Keys of parcel numbers, as `Identity.own_keys` makes them; the value is a JSON text of a JSON list.

    [] for a value of a bench that nobody knows.
    """
    try:
        found = json.loads(json.loads(value))
        if name == "identity.sscc":
            return [f"SSCC:{one['value']}" for one in found]
        return [f"{one['scheme']}:{one['value']}" for one in found if one["scheme"] not in SHARED]
    except (ValueError, KeyError, TypeError):
        return []
