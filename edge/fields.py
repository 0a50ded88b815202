"""Which field of a record may leave, and to whom: one table, edge/fields.toml, beside the nouns that it speaks of.

A path such as "assessment.identity.items.gtin.value" is followed through the nouns' own types; its class is the
strictest on the way. It judges fields only: who is a recipient, and on what basis, is the profile's.
"""

from __future__ import annotations

import dataclasses
import functools
import tomllib
import types
from dataclasses import dataclass
from enum import IntEnum
from importlib import resources
from typing import Any, Union, get_args, get_origin, get_type_hints

from edge.errors import PolicyError
from edge.handhelds.rows import Pairing, Revocation
from edge.inspection import Assessment, Disposition, LateAssessment, Origin
from edge.people.rows import Drafted, HandOver, People, Refusal, SignIn, SignOut, TakeOver


class Disclosure(IntEnum):
    """How far a field may go; the higher, the stricter."""

    PUBLIC = 0
    DISCLOSABLE = 1
    WITHHELD = 2


@dataclass(frozen=True, slots=True)
class FieldClass:
    """The class of a field. `nominal`: it may name or identify a person, a parcel or a shipment."""

    disclosure: Disclosure
    nominal: bool = False

    def joined(self, other: FieldClass) -> FieldClass:
        """The stricter of both."""
        return FieldClass(max(self.disclosure, other.disclosure), self.nominal or other.nominal)


@dataclass(frozen=True, slots=True)
class Inspection:
    """The record that can leave: the last assessment of an inspection, what was decided, and where it comes from."""

    inspection: str
    device: str
    ledger: str
    seq: int
    port: str
    station: str
    boot: str
    officer: str
    assessment: Assessment
    disposition: Disposition | None
    ending: str  # of its case, "" while it is open
    reference: str


RECORDS = (
    *(Inspection, Assessment, Disposition, LateAssessment, Origin),
    *(SignIn, SignOut, Refusal, People, TakeOver, HandOver),
    *(Pairing, Revocation),
    Drafted,
)


@functools.cache
def table() -> dict[str, dict[str, FieldClass]]:
    """The class of each field by noun.

    Raises:
        PolicyError: policy_value: a field has two classes, or is nominal without one.
    """
    return {noun: _classes(noun, told) for noun, told in _document().items() if noun != "recipients"}


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How far a kind of recipient may be given fields. `nominal`: paths, or "*" for all."""

    most: Disclosure
    nominal: frozenset[str]

    def admits(self, path: str, found: FieldClass) -> bool:
        """Whether a field of this class may go."""
        return found.disclosure <= self.most and (not found.nominal or bool(self.nominal & {path, "*"}))


@functools.cache
def recipients() -> dict[str, Ceiling]:
    """The ceiling of each kind of recipient."""
    return {
        kind: Ceiling(Disclosure[told["most"].upper()], frozenset(told["nominal"]))
        for kind, told in _document()["recipients"].items()
    }


def _document() -> dict[str, Any]:
    return tomllib.loads(resources.files("edge").joinpath("fields.toml").read_text("utf-8"))


def _classes(noun: str, told: dict[str, list[str]]) -> dict[str, FieldClass]:
    nominal = set(told.get("nominal", ()))
    found: dict[str, FieldClass] = {}
    for disclosure in Disclosure:
        for name in told.get(disclosure.name.lower(), ()):
            if name in found:
                raise PolicyError("policy_value", f"{noun}.{name}: expected one class, got two.")
            found[name] = FieldClass(disclosure, name in nominal)
    if nominal - found.keys():
        raise PolicyError("policy_value", f"{noun}.{min(nominal - found.keys())}: expected a class, got none.")
    return found


def class_of(path: str) -> tuple[FieldClass, str]:
    """The class of a path in `Inspection`, and the field that gives it.

    Raises:
        PolicyError: profile_field: there is no such field, or it is a noun and not a value.
    """
    noun: type | None = Inspection
    found, decisive = FieldClass(Disclosure.PUBLIC), ""
    for name in path.split("."):
        one = table().get(noun.__name__, {}).get(name) if noun is not None else None
        if one is None or noun is None:
            raise PolicyError("profile_field", f"Expected a field of an inspection, got {path!r} ({name!r} is none).")
        joined = found.joined(one)
        if joined != found:
            found, decisive = joined, f"{noun.__name__}.{name}"
        noun = noun_of(get_type_hints(noun)[name])
    if noun is not None:
        raise PolicyError("profile_field", f"Expected a value, got {path!r}, a {noun.__name__}: name its fields.")
    return found, decisive


def noun_of(hint: Any) -> type | None:  # noqa: ANN401 - a type as it is annotated
    """The noun in a type such as `tuple[Finding, ...]` or `Consignment | None`; None for a plain value."""
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return hint
    if get_origin(hint) in {tuple, list, Union, types.UnionType}:
        return next((noun for part in get_args(hint) if (noun := noun_of(part)) is not None), None)
    return None
