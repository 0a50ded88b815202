"""A disclosure profile: who gets what, on which basis and when. A TOML file, compiled against edge/fields.toml.

A profile that compiles asks for nothing that its kind of recipient may not have. It reads no database, sends nothing.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import PolicyError
from edge.fields import class_of, recipients

_Text = Annotated[str, Field(min_length=1, max_length=300)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Conditions(_Part):
    """Which inspections go. Empty lists are no condition."""

    decisions: tuple[Literal["release", "refer", "detain"], ...] = ()  # the one that stands
    endings: tuple[str, ...] = ()  # of their case, as the examiner or a court decided
    ports: tuple[str, ...] = ()
    gtins: tuple[
        Annotated[str, Field(pattern="^[0-9]{4,14}$")], ...
    ] = ()  # GTIN-14, or prefixes of it: these items alone
    platforms: tuple[str, ...] = ()  # named in the shipment data


class _Profile(_Part):
    schema_: Annotated[int, Field(alias="schema", ge=1, le=1)]
    name: _Text
    version: _Text
    kind: str
    recipient: _Text
    basis: _Text  # in law
    form: Literal["json", "csv"]
    dates: Literal["second", "day", "month"]  # how exactly times are told
    conditions: Conditions
    fields: Annotated[dict[str, str], Field(min_length=1)]  # name in the document -> path


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that compiles. `sha256` is of its file."""

    name: str
    version: str
    kind: str
    recipient: str
    basis: str
    form: str
    dates: str
    conditions: Conditions
    fields: Mapping[str, str]
    sha256: str


def compiled(path: Path) -> Profile:
    """Read and compile a profile.

    Raises:
        PolicyError: policy_unreadable, policy_value; profile_kind, profile_field, profile_class, profile_condition: it
            asks for more than its kind of recipient may have; the message names the field and its class.
    """
    try:
        data = path.read_bytes()
        told = _Profile.model_validate(tomllib.loads(data.decode()))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PolicyError("policy_value", f"{path}: {where}: {first['msg']}, got {first['input']!r}.") from error
    except (OSError, ValueError) as error:
        raise PolicyError("policy_unreadable", f"{path}: expected a profile in TOML, got {error}.") from error
    ceiling = recipients().get(told.kind)
    if ceiling is None:
        message = f"{path}: kind: expected one of {', '.join(sorted(recipients()))}, got {told.kind!r}."
        raise PolicyError("profile_kind", message)
    for name, field in told.fields.items():
        found, decisive = class_of(field)
        if not ceiling.admits(field, found):
            what = ("nominal and " if found.nominal else "") + found.disclosure.name.lower()
            most = ceiling.most.name.lower() + (" and not nominal" if "*" not in ceiling.nominal else "")
            raise PolicyError(
                "profile_class",
                f"{path}: fields.{name}: {field}: expected a field that is at most {most} for a {told.kind}, "
                f"got one that is {what} ({decisive}).",
                hint="edge/fields.toml says what may go to whom.",
            )
    if told.kind == "right_holder" and not told.conditions.gtins:
        message = f"{path}: conditions.gtins: expected the products of the right holder, got none."
        raise PolicyError("profile_condition", message, hint="A right holder gets what is of its own products alone.")
    if told.kind == "platform" and not told.conditions.platforms:
        message = f"{path}: conditions.platforms: expected the names of the platform, got none."
        raise PolicyError("profile_condition", message, hint="A platform gets what is of its own orders alone.")
    values = {name: getattr(told, name) for name in Profile.__slots__ if name != "sha256"}
    return Profile(**values, sha256=hashlib.sha256(data).hexdigest())
