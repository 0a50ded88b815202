"""The policy of a bench: what each finding weighs and how old data may be. A versioned TOML file, validated on load.

It holds judgement only. Limits that protect the box are settings; picture thresholds are the model pack's.

A policy of before this release stays good on a box: what it could not know has a default, or for a finding code the
built-in weight, and what is gone since is passed over. Both are told. What is published now is whole.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import PolicyError
from edge.inspection import Weight

SCHEMA = 1
RETIRED = MappingProxyType({("face", "several_share"): "decision 202"})  # what policies of before may still name
Tell = Callable[[str], None]  # hears what a policy of before lacks, or names in vain
_Days = Annotated[int, Field(ge=1, le=3650)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Percent = Annotated[float, Field(ge=0, le=100)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FreshnessPolicy(_Part):
    """How old a registry may be."""

    registry_note_days: _Days
    registry_limit_days: _Days
    bulletin_quarters: Annotated[int, Field(ge=1, le=40)] = 2  # a policy of before it need not name it


class InspectionPolicy(_Part):
    """What belongs to one inspection, and what counts as seen before."""

    join_window_s: Annotated[float, Field(ge=0, le=3600)]
    sighting_window_days: _Days
    rescan_window_min: Annotated[int, Field(ge=0, le=1440)]
    velocity_days: Annotated[int, Field(ge=1, le=90)] = 2
    velocity_places: Annotated[int, Field(ge=2, le=100)] = 3
    faces_per_item: Annotated[int, Field(ge=1, le=64)]
    gallery_faces: Annotated[int, Field(ge=0, le=10_000)]


class CountingPolicy(_Part):
    """Which checks count: without one of them the answer is CANNOT_ASSESS."""

    checks: Annotated[tuple[str, ...], Field(min_length=1)]


class ConsignmentPolicy(_Part):
    """How declared and found are compared."""

    watch_similarity: _Percent
    words_similarity: _Percent
    value_low_share: Annotated[float, Field(ge=0, le=1)]
    personal_quantity: Annotated[int, Field(ge=1)]
    weight_share: _Share = 0.5  # a policy of before it need not name it


class LatePolicy(_Part):
    """What is looked for in released inspections when another edition comes into use."""

    days: _Days
    findings: Annotated[tuple[str, ...], Field(min_length=1)]


class ActivationPolicy(_Part):
    """When a staged edition, pack or policy may be used without a person."""

    auto: bool
    bound: Annotated[float, Field(ge=0, le=1)]
    inspections: Annotated[int, Field(ge=1, le=100_000)]
    least: Annotated[int, Field(ge=1, le=100_000)]


class RetentionPolicy(_Part):
    """How long the box keeps what may go once the central has receipted it. A referred or detained parcel's stays."""

    no_finding_h: Annotated[int, Field(ge=0, le=87_600)]
    checked_days: Annotated[int, Field(ge=0, le=3650)]
    personal_days: Annotated[int, Field(ge=0, le=3650)]
    consignments_days: Annotated[int, Field(ge=0, le=3650)] = 60  # a policy of before it need not name it
    shed_below: _Share
    # Sealed labels; a policy of before they were kept need not name these.
    vault_h: Annotated[int, Field(ge=0, le=8_760)] = 72
    vault_released_min: Annotated[int, Field(ge=0, le=10_080)] = 10


class FacePolicy(_Part):
    """From where on the readings of marked regions say something, and when a second angle is asked for."""

    region_moved_mm: Annotated[float, Field(gt=0, le=100)]
    region_size_share: _Share
    hologram_change: _Share
    microprint_contrast: _Share
    microprint_likeness: _Share
    second_angle_share: _Share
    label_share: Annotated[float, Field(ge=1, le=10)] = 1.2  # a policy of before it need not name it
    region_missing_share: _Share = 0.65  # likewise


class TextPolicy(_Part):
    """How much print beside a symbol is read, and from which height of type on it should be readable."""

    type_px: Annotated[float, Field(ge=1, le=100)]
    most_lines: Annotated[int, Field(ge=1, le=100)]
    budget_ms: Annotated[float, Field(ge=1, le=10_000)]


class PeoplePolicy(_Part):
    """Who has to agree."""

    detain_by_two: bool = False


class TogetherPolicy(_Part):
    """Notes that weigh nothing alone, by what they come from, and from how many of these sources they are a finding."""

    sources: Annotated[int, Field(ge=2, le=10)]
    notes: dict[Annotated[str, Field(pattern="[a-z_]+")], Annotated[tuple[str, ...], Field(min_length=1)]]


class Policy(_Part):
    """A whole policy. Holding one proves that every finding code has a weight."""

    schema_: int = Field(alias="schema")
    name: Annotated[str, Field(min_length=1, max_length=64)]
    version: Annotated[str, Field(min_length=1, max_length=32)]
    freshness: FreshnessPolicy
    inspection: InspectionPolicy
    counting: CountingPolicy
    consignment: ConsignmentPolicy
    late: LatePolicy
    activation: ActivationPolicy
    retention: RetentionPolicy
    face: FacePolicy
    text: TextPolicy
    people: PeoplePolicy = PeoplePolicy()  # a policy of before it need not name it
    together: TogetherPolicy | None = None  # likewise: without it notes stay notes
    weights: dict[str, Weight]

    @property
    def title(self) -> str:
        """Name and version, as every verdict is stamped with."""
        return f"{self.name} {self.version}"


def builtin() -> Policy:
    """The policy that comes with the program."""
    return parse(builtin_text(), origin="the built-in policy")


def builtin_text() -> str:
    """The file of the built-in policy, comments and all."""
    return resources.files("edge").joinpath("policy.toml").read_text("utf-8")


def load(path: Path, *, whole: bool = False, tell: Tell = lambda _: None) -> Policy:
    """Read a policy file; a `whole` one is of this release, with a weight for every finding and nothing retired.

    Raises:
        PolicyError: the file is missing, is no TOML, has an unknown or missing key, or a value out of range.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(
            "policy_unreadable",
            f"{path}: expected a policy file in TOML, got {error}.",
            hint="Name an existing file, or leave the setting out to use the built-in policy.",
        ) from error
    return parse(text, origin=str(path), whole=whole, tell=tell)


def parse(text: str, *, origin: str, whole: bool = False, tell: Tell = lambda _: None) -> Policy:
    """Read a policy from TOML `text`; `origin` names it in errors.

    Raises:
        PolicyError: see `load`.
    """
    hint = "Compare with the built-in policy: sekisho policy show."
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError("policy_syntax", f"{origin}: expected TOML, got {error}.", hint=hint) from error
    schema = document.get("schema")
    if schema != SCHEMA:
        raise PolicyError("policy_schema", f"{origin}: expected schema = {SCHEMA}, got {schema!r}.", hint=hint)
    told = () if whole else (*_without_retired(document), *_with_built_in_weights(document))
    try:
        policy = Policy.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        code = "policy_unknown_key" if first["type"] == "extra_forbidden" else "policy_value"
        message = f"{origin}: {where}: {first['msg']}, got {first['input']!r}."
        raise PolicyError(code, message, hint=hint) from error
    known = _weights().keys()
    named = policy.weights.keys() | set(policy.late.findings)
    if policy.together is not None:
        named |= {code for codes in policy.together.notes.values() for code in codes}
    unknown, missing = sorted(named - known), sorted(known - policy.weights.keys())
    if unknown:
        raise PolicyError("policy_unknown_key", f"{origin}: expected finding codes, got {unknown[0]!r}.", hint=hint)
    if missing:
        raise PolicyError(
            "policy_value", f"{origin}: weights: expected every finding code, {missing[0]!r} is missing.", hint=hint
        )
    for one in told:
        tell(one)
    return policy


def _without_retired(document: dict[str, Any]) -> list[str]:
    """Take what is gone since out of `document`; what is told of it."""
    told = []
    for (part, name), why in RETIRED.items():
        if isinstance(document.get(part), dict) and document[part].pop(name, None) is not None:
            told.append(f"{part}.{name} is not used any more ({why}).")
    return told


def _with_built_in_weights(document: dict[str, Any]) -> list[str]:
    """Give the findings that `document` does not weigh their built-in weight; what is told of it."""
    weights = document.get("weights")
    if not isinstance(weights, dict):
        return []
    new = {code: weight for code, weight in _weights().items() if code not in weights}
    weights |= new
    return [f"weights: findings that it does not name have the built-in weight: {', '.join(new)}."] if new else []


def _weights() -> dict[str, str]:
    """Every finding code with its weight in the built-in policy."""
    found: dict[str, str] = tomllib.loads(builtin_text())["weights"]
    return found
