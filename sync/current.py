"""current.json: what a published tree holds now, and whose products each publisher may speak of.

It is a target of the top-level role, so it is signed by the tree's owner. It names targets only; what a target is
stands beside its hash in the signed metadata, as its `custom` object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from edge.errors import InputError
from edge.gs1 import Gtin
from edge.storage.registry_schema import brand_key
from sync.errors import TrustError

SCHEMA = 1
NAME = "current.json"
MAX_BYTES = 4_000_000

PUBLISHER = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


class Scope(BaseModel):
    """What a publisher may speak of: GTINs of 14 digits, prefixes of the 13-digit form, brands; and two rights.

    `everything`: any product, as national customs may. `sellers`: the names of a watch list, as a platform may.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    gtins: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    everything: bool = False
    sellers: bool = False

    @property
    def words(self) -> str:
        """What it holds, for people."""
        rights = ("every product",) * self.everything + ("sellers",) * self.sellers
        return ", ".join([*self.gtins, *self.prefixes, *self.brands, *rights])

    @field_validator("gtins")
    @classmethod
    def _gtins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(Gtin.parse(value).value for value in values)
        except InputError as error:
            raise ValueError(error.message) from error

    @field_validator("prefixes")
    @classmethod
    def _prefixes(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not re.fullmatch("[0-9]{4,12}", value):
                raise ValueError(f"{value!r}: expected a prefix of 4 to 12 digits.")
        return values

    def outside(self, row: Mapping[str, Any]) -> str:
        """Why a row of bulletins or faces is not this publisher's to say; "" when it is.

        `row` as edge.storage.sources gives it: `gtin`, or `gtins`, `prefixes` and `brands`; `entry` of a watch list.
        """
        if "entry" in row:
            return "" if self.sellers else "expected a publisher that may list sellers, got another."
        return "" if self.everything else self._outside(row)

    def _outside(self, row: Mapping[str, Any]) -> str:
        """Why a row is about another's products."""
        gtins = [row["gtin"]] if row.get("gtin") else row.get("gtins", ())
        for gtin in gtins:
            if gtin not in self.gtins and not any(gtin[1:].startswith(prefix) for prefix in self.prefixes):
                return f"{gtin!r}: expected a product of this publisher's scope, got another's."
        for prefix in row.get("prefixes", ()):
            if not any(prefix.startswith(own) for own in self.prefixes):
                return f"{prefix!r}: expected a prefix within this publisher's scope, got another's."
        own_brands = {brand_key(brand) for brand in self.brands}
        for brand in row.get("brands", ()):
            if brand_key(brand) not in own_brands:
                return f"{brand!r}: expected a brand of this publisher's scope, got another's."
        if not gtins and not row.get("prefixes") and not row.get("brands"):
            return "expected a GTIN, a prefix or a brand, got none of them."
        return ""


class Current(BaseModel):
    """What stands in current.json."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    issued: AwareDatetime
    current: tuple[str, ...] = ()  # target paths: the newest edition, pack and policy of each name
    deltas: tuple[str, ...] = ()  # target paths, oldest first
    publishers: dict[str, Scope] = Field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The file, compact and with sorted keys."""
        said = {"schema": SCHEMA, **self.model_dump(mode="json")}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def empty(now: datetime) -> Current:
    """The current.json of a new tree."""
    return Current(issued=now)


def parse(data: bytes) -> Current:
    """Read current.json; keys that this version does not know are passed over.

    Raises:
        TrustError: trust_newer: it has a newer schema; trust_current: it is not what this page describes.
    """
    try:
        said = json.loads(data)
        schema = said.pop("schema")
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise _not_current(f"{type(error).__name__}: {error}") from error
    if schema != SCHEMA:
        message = f"{NAME}: expected schema {SCHEMA}, got {schema!r}."
        raise TrustError("trust_newer", message, hint="Bring a newer program to this box; what is in use stays.")
    try:
        current = Current.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _not_current(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error
    for publisher in current.publishers:
        if not PUBLISHER.fullmatch(publisher):
            raise _not_current(f"the publisher {publisher!r}")
    return current.model_copy(update={"issued": current.issued.astimezone(UTC)})


def _not_current(came: str) -> TrustError:
    message = f"{NAME}: expected what a tree holds now, got {came[:200]}."
    return TrustError("trust_current", message, hint="Tell the publisher; what is in use stays in use.")
