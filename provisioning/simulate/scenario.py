"""What arrives at a simulated port: the frozen file port.toml, read and validated. Every rate says where it comes from.

It draws nothing. `Scenario.with_rate` gives the same port with one rate changed; nothing else may be changed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

SCHEMA = 1
NAME = "port.toml"
_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=1)]
_CLOSE = 1e-9


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rate(_Part):
    """One base rate, where it comes from, and between which others the report varies it."""

    value: _Share
    basis: Literal["published", "derived", "assumed"]
    source: Annotated[str, Field(min_length=1)]
    vary: tuple[_Share, ...] = ()


class World(_Part):
    """One simulated year of one country's ports, and what its registry holds."""

    parcels: _Count
    begins: date
    days: _Count
    ports: _Count
    port_shares: tuple[_Share, ...]
    stations: _Count
    edition_days: _Count
    products: _Count
    brands: _Count
    known_serials: _Count
    watched: _Count


class Clones(_Part):
    """How often one genuine serial is copied, and in what time its copies arrive."""

    copies: _Count
    within_days: _Count


class Counterfeits(_Part):
    """What counterfeits say and look like: shares that add to 1."""

    serialised: Mapping[str, _Share]
    plain: Mapping[str, _Share]
    clone: Clones
    face: Mapping[str, _Share]


class Limits(_Part):
    """The figures that are to be reached."""

    strong: _Share
    check: _Share
    cannot_assess: _Share
    input_check: _Share
    detected_with_face: _Share
    detected_without_face: _Share
    checks_p99_ms: Annotated[float, Field(gt=0)]


class Scenario(_Part):
    """A whole port. Holding one proves that all shares are shares and add to 1 where they must."""

    schema_: int = Field(alias="schema")
    name: str
    frozen: date
    world: World
    products: Mapping[str, _Share]
    rates: Mapping[str, Rate]
    sloppy: Mapping[str, _Share]
    faults: Mapping[str, _Share]
    pictures: Mapping[str, _Share]
    counterfeit: Counterfeits
    seconds: Mapping[str, Annotated[float, Field(ge=0)]]
    limits: Limits

    @model_validator(mode="after")
    def _adds_up(self) -> Scenario:
        tables: dict[str, Mapping[str, float]] = {
            "products": self.products,
            "sloppy": self.sloppy,
            "faults": self.faults,
            "pictures": self.pictures,
            "counterfeit.serialised": self.counterfeit.serialised,
            "counterfeit.plain": self.counterfeit.plain,
            "counterfeit.face": self.counterfeit.face,
            "world.port_shares": {str(port): one for port, one in enumerate(self.world.port_shares)},
        }
        for name, shares in tables.items():
            if abs(sum(shares.values()) - 1) > _CLOSE:
                raise ValueError(f"{name}: expected shares that add to 1, got {sum(shares.values()):.6g}")
        return self

    def rate(self, name: str) -> float:
        """The base rate of that name."""
        return self.rates[name].value


def frozen() -> Scenario:
    """The port of the frozen file."""
    return read(frozen_text())


def frozen_text() -> str:
    """The frozen file, comments and all."""
    return resources.files("provisioning.simulate").joinpath(NAME).read_text("utf-8")


def read(text: str) -> Scenario:
    """A port from TOML.

    Raises:
        ValueError: it is no TOML, or a value is missing, unknown or out of range.
    """
    document = tomllib.loads(text)
    if document.get("schema") != SCHEMA:
        raise ValueError(f"{NAME}: expected schema = {SCHEMA}, got {document.get('schema')!r}.")
    return Scenario.model_validate(document)
