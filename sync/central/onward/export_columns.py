"""The columns of exports for analysts: what each is called, its type, and where in a row of the feed it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sync.central.clients import Client
from sync.central.onward.epcis import LedgerRow
from sync.central.onward.inspections import disposition_of

Json: TypeAlias = Any
Cell: TypeAlias = str | int | float | datetime | list[str] | None
_EXACT = 2**53  # as in the ledger

Read: TypeAlias = Callable[[LedgerRow, LedgerRow | None], Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type, and how it is read from a row and the decision that stands."""

    name: str
    kind: str  # "text", "integer", "number", "time", "texts"
    read: Read
    nominal: bool = False


def _header(name: str) -> Read:
    return lambda row, _: _text(row.told.get(name))


def _of(*path: str) -> Callable[[LedgerRow], Json]:
    """What the assessment of a row says at a path; None where it says nothing."""

    def read(row: LedgerRow) -> Json:
        found: Json = row.told["body"].get("assessment")
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    return read


def _said(*path: str) -> Read:
    read = _of(*path)
    return lambda row, _: _text(read(row))


def _integer(*path: str) -> Read:
    read = _of(*path)

    def integer(row: LedgerRow, _: LedgerRow | None) -> Cell:
        found = read(row)
        return found if type(found) is int and abs(found) < _EXACT else None

    return integer


def _measured(*path: str) -> Read:
    read = _of(*path)
    return lambda row, _: _number(read(row))


def _number(found: Json) -> float | None:
    return float(found) if isinstance(found, int | float) and abs(found) < _EXACT else None


def _texts(*path: str, name: str) -> Read:
    """The texts under a name in a list of objects."""
    read = _of(*path)

    def texts(row: LedgerRow, _: LedgerRow | None) -> Cell:
        found = read(row)
        told = [one.get(name) for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
        plain = [one.get("value") if isinstance(one, Mapping) else one for one in told]
        return [one for one in plain if isinstance(one, str)]

    return texts


def _score(row: LedgerRow, _: LedgerRow | None) -> Cell:
    found = _of("seen", "comparisons")(row)
    scores = [_number(one.get("score")) for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return max((score for score in scores if score is not None), default=None)


def _personal(name: str, *path: str) -> Read:
    """A personal value; with a path one inside it, which is JSON."""

    def read(row: LedgerRow, _: LedgerRow | None) -> Cell:
        found: Json = row.told.get("personal", {}).get(name, "")
        if path:
            try:
                found = json.loads(found or "null")
            except (ValueError, RecursionError, TypeError):
                return ""
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else None
        return _text(found)

    return read


def _descriptions(row: LedgerRow, _: LedgerRow | None) -> Cell:
    try:
        declared = json.loads(row.told.get("personal", {}).get("seen.consignment") or "null")
        return [_text(line["description"]) for line in declared["lines"]]
    except (ValueError, RecursionError, TypeError, KeyError):
        return []


COLUMNS = (
    Column("cursor", "integer", lambda row, _: row.told["cursor"]),
    Column("port", "text", lambda row, _: row.port),
    Column("device", "text", lambda row, _: row.device),
    Column("station", "text", _header("station")),
    Column("inspection", "text", _header("inspection")),
    Column("assessment", "integer", _integer("number")),
    Column("at", "time", lambda row, _: at_of(row)),
    Column("clock", "text", _header("clock")),
    Column("outcome", "text", _said("verdict", "outcome")),
    Column("findings", "texts", _texts("verdict", "findings", name="code")),
    Column("not_checked", "texts", _texts("verdict", "not_checked", name="check")),
    Column("gtin", "texts", _texts("identity", "items", name="gtin")),
    Column("serial", "texts", _texts("identity", "items", name="serial")),
    Column("batch", "texts", _texts("identity", "items", name="batch")),
    Column("face_score", "number", _score),
    Column("edition", "text", _said("verdict", "freshness", "edition")),
    Column("edition_age_days", "integer", _integer("verdict", "freshness", "age_days")),
    Column("policy", "text", _said("verdict", "freshness", "policy")),
    Column("pack", "text", _said("verdict", "freshness", "pack")),
    Column("compute_ms", "number", _measured("compute_ms")),
    Column("decision", "text", lambda _, decided: _text(disposition_of(decided).get("decision")) if decided else ""),
    Column("decided_at", "time", lambda _, decided: at_of(decided) if decided else None),
    Column("parcel", "text", _personal("parcel"), nominal=True),
    Column("consignor", "text", _personal("seen.consignment", "consignor", "name"), nominal=True),
    Column("consignee", "text", _personal("seen.consignment", "consignee", "name"), nominal=True),
    Column("declared", "texts", _descriptions, nominal=True),
)


def columns(client: Client) -> tuple[Column, ...]:
    """The columns of an export for `client`."""
    return tuple(column for column in COLUMNS if client.nominal or not column.nominal)


def at_of(row: LedgerRow) -> datetime | None:
    """When the box stamped a row, UTC; None when that is no time."""
    try:
        at = datetime.fromisoformat(row.told["at"])
    except (ValueError, TypeError, KeyError):
        return None
    return at.astimezone(UTC) if at.tzinfo else None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
