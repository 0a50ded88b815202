"""Nouns as JSON documents and back: what the ledger keeps and HTTP shows.

A document holds what RFC 8785 canonical JSON can carry, and is the same after a round trip: numbers are rounded to six
decimals, so that a hash of it does not hang on the last bit of a measurement. It is no database and no schema for
others: those are edge/web's models.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError

from edge.errors import LedgerError

Json: TypeAlias = Any  # what canonical JSON can carry
Noun = TypeVar("Noun")

DECIMALS = 6
_EXACT = 2**53  # larger integers are not exact in JSON (RFC 8785, section 3.2.2.3)


def to_json(noun: object) -> Json:
    """A noun as JSON, numbers rounded to six decimals.

    Raises:
        ValueError: a number that JSON cannot carry: NaN, infinite, an integer beyond 2^53.
    """
    return _rounded(_adapter(type(noun)).dump_python(noun, mode="json"))


def from_json(kind: type[Noun], document: Json) -> Noun:
    """The noun of type `kind` that `document` tells.

    Raises:
        LedgerError: document_unreadable: it is not such a noun.
    """
    try:
        noun: Noun = _adapter(kind).validate_python(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise LedgerError(
            "document_unreadable",
            f"{kind.__name__} {place}: expected a document of this noun, got: {first['msg']}.",
            hint="It was written by another version, or by hand.",
        ) from error
    return noun


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)  # costs milliseconds, once for each noun
    return _ADAPTERS[kind]


def _rounded(value: Json) -> Json:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"Expected a finite number for a document, got {value!r}.")
        return round(value, DECIMALS) + 0.0  # + 0.0: no negative zero
    if isinstance(value, int):
        if abs(value) >= _EXACT:
            raise ValueError(f"Expected an integer below 2^53 for a document, got {value!r}.")
        return value
    if isinstance(value, dict):
        return {name: _rounded(cell) for name, cell in value.items()}
    return [_rounded(cell) for cell in value]
