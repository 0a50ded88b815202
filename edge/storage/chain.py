"""The entries of the ledger and the hashes that chain them. Pure: no file, no clock.

A row's hash is SHA-256 over the RFC 8785 canonical JSON of its header, which holds the hash of its body, the salted
commitments of its personal values and the hash of the row before. Erasing a personal value by policy therefore leaves
the chain whole, and the commitment tells nothing once its salt is gone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import rfc8785

from edge.inspection import Origin
from edge.moment import Moment

Json: TypeAlias = Any  # what canonical JSON can carry

SALT_BYTES = 16
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody wants written."""

    kind: str  # "opened", "assessed", "disposed", "undone", "next", "erased", ...
    inspection: str  # UUIDv7, "" for rows of the box itself
    origin: Origin
    at: Moment
    body: Mapping[str, Json]  # nothing personal
    personal: Mapping[str, str] = field(default_factory=dict)  # name -> value, erasable
    key: str = ""  # idempotency key, unique within a kind; "" has none
    sightings: Sequence[str] = ()  # "sgtin:0952...:ABC", "s10:...": kept as keyed hashes


@dataclass(frozen=True, slots=True)
class Row:
    """What was written, durable.

    Read back, `entry.personal` lacks what has been erased or cannot be unsealed any more, and `entry.sightings` is
    empty: only their keyed hashes are kept.
    """

    seq: int
    entry: Entry
    previous: str  # hex SHA-256 of the row before
    hash: str  # hex SHA-256 of this row


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A row as it leaves the box: all that its hash covers, as it was written, and what is still kept of its values."""

    seq: int
    kind: str
    inspection: str
    origin: Origin
    at: str  # ISO 8601 in UTC, as it was written: it is never stamped again
    clock: str
    key: str
    body: str  # canonical JSON
    commitments: Mapping[str, str]
    sightings: Sequence[str]  # hex
    personal: Mapping[str, tuple[bytes, str]]  # name -> (salt, value), without what was erased
    previous: str
    hash: str

    def computed(self) -> str:
        """The hash that this content has."""
        return row_hash(
            seq=self.seq,
            kind=self.kind,
            inspection=self.inspection,
            origin=self.origin,
            at=self.at,
            clock=self.clock,
            key=self.key,
            body_sha256=hashlib.sha256(self.body.encode()).hexdigest(),
            commitments=self.commitments,
            sightings=self.sightings,
            previous=self.previous,
        )


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain. `seq` 0 is an empty ledger, whose hash is that of its root."""

    ledger: str
    seq: int
    hash: str


def canonical(value: Json) -> bytes:
    """RFC 8785 canonical JSON.

    What the C encoder of Python writes the same way goes through it, four times faster; the rest, and every refusal,
    through the reference implementation. A test holds the two against each other.

    Raises:
        ValueError: it holds something that JSON cannot carry exactly: NaN, an integer beyond 2^53, another type.
    """
    try:
        return _ENCODE(_plain(value)).encode()
    except _NotPlain:
        return rfc8785.dumps(value)


class _NotPlain(Exception):  # noqa: N818 - no error: the way to the reference implementation
    pass


_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode
_QUOTE = json.encoder.encode_basestring  # as _ENCODE writes a text
_EXACT = 2**53
_REPR_FROM, _REPR_TO = 1e-4, 1e16  # repr and ECMAScript write floats in this range alike, but for a trailing ".0"


def _plain(value: Json) -> Json:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is dict:
        for name in value:
            if type(name) is not str or not name.isascii():  # others sort by UTF-16 in RFC 8785, section 3.2.3
                raise _NotPlain
        return {name: _plain(cell) for name, cell in value.items()}
    if kind is list or kind is tuple:
        return [_plain(cell) for cell in value]
    if kind is int and -_EXACT < value < _EXACT:
        return value
    if kind is float:
        return _plain_float(value)
    raise _NotPlain


def _plain_float(value: float) -> float:
    if value.is_integer() and -_EXACT < value < _EXACT:
        return int(value)
    if not value.is_integer() and _REPR_FROM <= abs(value) < _REPR_TO:
        return value
    raise _NotPlain


def commitment(salt: bytes, name: str, value: str) -> str:
    """The salted commitment that stands in the chain for a personal value."""
    return hashlib.sha256(salt + name.encode() + b"\0" + value.encode()).hexdigest()


def root_hash(founding: Mapping[str, Json]) -> str:
    """The hash that the first row follows: of what a ledger was founded with."""
    return hashlib.sha256(canonical(founding)).hexdigest()


def is_training(founding: Mapping[str, Json]) -> bool:
    """Whether a ledger was founded for practice. Anything but a plain "no" counts: nothing doubtful is real work."""
    return founding.get("training", False) is not False


def row_hash(
    *,
    seq: int,
    kind: str,
    inspection: str,
    origin: Origin,
    at: str,
    clock: str,
    key: str,
    body_sha256: str,
    commitments: Mapping[str, str],
    sightings: Sequence[str],
    previous: str,
) -> str:
    """The hash of one row. `at` is ISO 8601 in UTC, hashes are hex."""
    return placed_hash(
        kind=kind,
        inspection=inspection,
        origin=origin,
        at=at,
        clock=clock,
        key=key,
        body_sha256=body_sha256,
        commitments=commitments,
        sightings=sightings,
    )(seq, previous)


def placed_hash(
    *,
    kind: str,
    inspection: str,
    origin: Origin,
    at: str,
    clock: str,
    key: str,
    body_sha256: str,
    commitments: Mapping[str, str],
    sightings: Sequence[str],
) -> Callable[[int, str], str]:
    """`row_hash` but for a row's place: all else is written here, its number and the hash before come last.

    The header's canonical JSON is written in place: names stand in their order, and only texts have to be quoted. What
    is not plainly so goes through `canonical`. A test holds the two against each other.
    """
    header = {
        "v": _VERSION,
        "kind": kind,
        "inspection": inspection,
        "device": origin.device,
        "station": origin.station,
        "officer": origin.officer,
        "boot": origin.boot,
        "at": at,
        "clock": clock,
        "key": key,
        "body": body_sha256,
        "personal": dict(commitments),
        "sightings": list(sightings),
    }

    def by_canonical(seq: int, previous: str) -> str:
        return hashlib.sha256(canonical(header | {"seq": seq, "previous": previous})).hexdigest()

    if commitments.__class__ is not dict or not all(map(str.isascii, commitments)):
        return by_canonical
    try:
        personal = ",".join([f"{_QUOTE(name)}:{_QUOTE(commitments[name])}" for name in sorted(commitments)])
        before = (
            f'{{"at":{_QUOTE(at)},"body":{_QUOTE(body_sha256)},"boot":{_QUOTE(origin.boot)},"clock":{_QUOTE(clock)},'
            f'"device":{_QUOTE(origin.device)},"inspection":{_QUOTE(inspection)},"key":{_QUOTE(key)},'
            f'"kind":{_QUOTE(kind)},"officer":{_QUOTE(origin.officer)},"personal":{{{personal}}},"previous":'
        )
        after = f',"sightings":[{",".join(map(_QUOTE, sightings))}],"station":{_QUOTE(origin.station)},"v":{_VERSION}}}'
    except TypeError:  # something that is no text
        return by_canonical

    def plainly(seq: int, previous: str) -> str:
        if type(seq) is not int or not 0 <= seq < _EXACT or type(previous) is not str:
            return by_canonical(seq, previous)
        return hashlib.sha256(f'{before}{_QUOTE(previous)},"seq":{seq}{after}'.encode()).hexdigest()

    return plainly
