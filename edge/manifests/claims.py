"""The cells of a manifest as claims: text becomes numbers in the bench's units, exactly, or the row is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import ValidationError

from edge.declaration import ConsignmentIn

Cells: TypeAlias = Mapping[str, Any]

CONSIGNMENT = (
    "document", "document_type", "issuer", "numbers", "consignor_name", "consignor_address", "consignor_country",
    "consignor_reference", "consignee_name", "consignee_address", "consignee_country", "consignee_reference",
    "platform", "seller", "order", "listing", "category", "pieces", "gross_kg", "dispatch", "destination",
)  # fmt: skip
LINE = ("description", "quantity", "net_kg", "value", "currency", "hs", "origin", "gtin", "brand", "maker")

# ISO 4217: currencies whose smallest unit is not a hundredth; CLDR's digits are those of everyday use and differ.
_EXPONENTS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3,
    "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
}  # fmt: skip
_DECIMAL = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,12}", re.ASCII)
_SHOWN = 80  # characters of a value that a refusal quotes
_EXPECTED = {
    "country": "an ISO 3166-1 alpha-2 country such as JP",
    "consignor_country": "an ISO 3166-1 alpha-2 country such as JP",
    "consignee_country": "an ISO 3166-1 alpha-2 country such as JP",
    "dispatch": "an ISO 3166-1 alpha-2 country such as JP",
    "destination": "an ISO 3166-1 alpha-2 country such as JP",
    "origin": "an ISO 3166-1 alpha-2 country such as JP",
    "currency": "an ISO 4217 currency such as JPY",
    "hs": "at most 12 HS digits",
    "gtin": "at most 14 digits",
    "quantity": "a whole number",
    "pieces": "a whole number",
    "net_g": "whole grams",
    "gross_g": "whole grams",
    "value_minor": "a whole number of minor units",
    "numbers": "at most 200 numbers",
    "lines": "at most 200 lines",
}
_WANTED = {
    "int_type": "a whole number",
    "string_type": "text in quotes",
    "tuple_type": "an array",
    "model_type": "an object",
}
_KINDS = (
    (str, "text in quotes"),
    (int, "a number"),
    (float, "a number with a point"),
    (list, "an array"),
    (dict, "an object"),
)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a row was not taken: value, expectation, what came."""

    column: str
    message: str

    def __str__(self) -> str:
        return f"{self.column}: {self.message}" if self.column else self.message


class ClaimRefusedError(ValueError):
    """A cell that is no claim of its kind."""

    def __init__(self, column: str, value: object, expected: str, came: str = "") -> None:
        """Made from the cell."""
        shown = f"{value!s:.{_SHOWN}}"
        super().__init__(f"{shown!r}: expected {expected}, got {came or repr(shown)}.")
        self.refused = Refused(column, str(self))


def claimed(consignment: Cells, lines: Sequence[Cells]) -> ConsignmentIn:
    """A consignment from the texts of its cells (names as CONSIGNMENT and LINE; an absent cell was not given).

    Raises:
        ClaimRefusedError: a cell is no claim of its kind.
    """
    told: dict[str, Any] = {}
    for name, cell in consignment.items():
        who, _, part = name.partition("_")
        if who in {"consignor", "consignee"}:
            told.setdefault(who, {"name": ""})[part] = cell
        elif name == "numbers":
            told[name] = cell.split("|") if isinstance(cell, str) else cell
        else:
            told |= _plain(name, cell, "")
    told["lines"] = [_line(line) for line in lines]
    return checked(told)


def _line(cells: Cells) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, cell in cells.items():
        told |= _plain(name, cell, str(cells.get("currency", "")))
    return told


def _plain(name: str, cell: str, currency: str) -> dict[str, Any]:
    if name in {"quantity", "pieces"}:
        if not _WHOLE.fullmatch(cell):
            raise ClaimRefusedError(name, cell, "a whole number")
        return {name: int(cell)}
    if name in {"net_kg", "gross_kg"}:
        return {name.replace("_kg", "_g"): _scaled(name, cell, 3, "kilograms with a point and at most 3 decimals")}
    if name == "value":
        if not currency:
            raise ClaimRefusedError("value", cell, "a currency beside it", "none")
        places = _EXPONENTS.get(currency, 2)
        kind = f"an amount of {currency} with a point and at most {places} decimals"
        return {"value_minor": _scaled("value", cell, places, kind)}
    return {name: cell}


def _scaled(name: str, cell: str, places: int, expected: str) -> int:
    found = _DECIMAL.fullmatch(cell)
    decimals = ((found[2] or "") if found else "").rstrip("0")
    if found is None or len(decimals) > places:
        raise ClaimRefusedError(name, cell, expected)
    return int(found[1] + decimals.ljust(places, "0"))


def checked(told: Any) -> ConsignmentIn:  # noqa: ANN401 - a document from outside
    """A document as a consignment, which has a number.

    Raises:
        ClaimRefusedError: it is none.
    """
    try:
        declared = ConsignmentIn.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        column = ".".join(str(step) for step in first["loc"])
        if first["type"] in {"missing", "extra_forbidden"}:
            known = first["type"] == "missing"
            expected, came = ("a value", "none") if known else ("a field of docs/consignments.md", "another")
            raise ClaimRefusedError(column, "" if known else first["loc"][-1], expected, came) from None
        names = [str(step) for step in first["loc"] if isinstance(step, str)]
        expected = _EXPECTED.get(names[-1] if names else "", "")
        if first["type"] == "value_error":
            expected = first["msg"].removeprefix("Value error, expected ")
            came = "none" if names[-1] in {"document", "description"} else ""
            raise ClaimRefusedError(column, first["input"], expected, came) from None
        if first["type"] in _WANTED:
            raise ClaimRefusedError(column, first["input"], _WANTED[first["type"]], _kind(first["input"])) from None
        if first["type"] == "string_unicode":
            raise ClaimRefusedError(column, _escaped(first["input"]), "text in UTF-8", "other bytes") from None
        if not expected and first["type"] == "string_pattern_mismatch":
            expected = "text without line breaks and control characters"
        if not expected:
            raise ClaimRefusedError(column, first["input"], f"what fits: {first['msg']}") from None
        raise ClaimRefusedError(column, first["input"], expected) from None
    return declared


def _escaped(text: str) -> str:
    """Text with bytes that are no UTF-8, as it can be shown."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _kind(told: object) -> str:
    """What a value of JSON is, in words: which of 2 and "2" came cannot be seen from the value."""
    if isinstance(told, bool):
        return "true or false"
    return next((words for kind, words in _KINDS if isinstance(told, kind)), "null")
