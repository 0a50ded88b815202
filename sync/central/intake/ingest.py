"""Ingest: a batch becomes durable rows and a receipt, or a contradiction in quarantine. Nothing is ever overwritten.

Any number of workers may ingest at once; those of one chain wait for each other at its row in `ledgers`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import SchemaValidator, ValidationError, core_schema
from sqlalchemy import Connection, Engine, select, text, update

from edge.errors import Conflict
from edge.storage.chain import Head, Json, Outgoing, canonical, root_hash
from sync.central.alarms import raise_alarm
from sync.central.database import copy, reading, writing
from sync.central.intake.devices import active_key
from sync.central.intake.succession import explained, of_another_device, outlived
from sync.central.tables import entries, heads, ledgers, personal
from sync.errors import BatchRefused
from sync.protocol import BATCH, Batch, Receipt, claim_of, key_of, verified_batch


def _no_json(constant: str) -> None:
    """Refuse NaN and Infinity, which Python reads and JSON does not know: readers of the feed would stumble."""
    raise ValueError(constant)


_decoded = json.JSONDecoder(parse_constant=_no_json).decode
_QUOTE = json.encoder.encode_basestring_ascii


def _nouns(**fields: Any) -> Any:  # noqa: ANN401 - a schema of pydantic
    named = {name: core_schema.typed_dict_field(schema, required=False) for name, schema in fields.items()}
    return core_schema.typed_dict_schema(named)


_OUTCOME = SchemaValidator(
    _nouns(
        assessment=_nouns(verdict=_nouns(outcome=core_schema.str_schema())),
        disposition=_nouns(decision=core_schema.str_schema(), verdict=core_schema.any_schema()),
    )
)
_FOUND = text(
    "INSERT INTO ledgers (device, ledger, founding, seq, hash, end_seq, received)"
    " VALUES (:device, :ledger, :founding, 0, :hash, 0, :received) ON CONFLICT DO NOTHING"
)
_QUARANTINE = text(
    "INSERT INTO quarantine (device, ledger, seq, hash, header, body, document, received)"
    " VALUES (:device, :ledger, :seq, :hash, :header, :body, :document, :received) ON CONFLICT DO NOTHING"
)


def ingest(engine: Engine, central: str, data: bytes, now: str) -> Receipt:
    """Take a batch in and answer what is durable here now: the highest contiguous sequence of its ledger.

    A batch that was taken before changes nothing; one that leaves a gap is answered by where the chain stands.

    Args:
        engine: the database.
        central: this central's id.
        data: the batch as it came.
        now: this central's clock, ISO 8601.

    Raises:
        BatchRefused: it is not what its device signed.
        AccessRefused: access_device, access_revoked.
        Conflict: batch_equivocation: it contradicts what is here; it lies in quarantine now.
    """
    claim = claim_of(data)
    with writing(engine) as connection:
        key = active_key(connection, key_of(claim.text, BATCH), now)
        if key.device != claim.device:
            message = f"Expected a batch of {key.device}, whose key signed it, got one of {claim.device!r}."
            raise BatchRefused("batch_signature", message)
        batch = verified_batch(data, key.public)
        known = _stored(connection, batch, now)
        fork = _fork(connection, batch, known)
        if fork:
            _set_apart(connection, batch, fork, now)
        elif claim.after <= known.seq < claim.seq:
            rows = batch.rows[known.seq - claim.after :]
            _store(connection, batch, rows, key.port, now)
            outlived(connection, claim, now)
            of_another_device(connection, claim, rows, now)
            known = Head(claim.ledger, claim.seq, claim.hash)
    if fork:
        raise Conflict(
            "batch_equivocation",
            f"{claim.device}: expected row {fork[0].seq} of ledger {claim.ledger} as it was received, got another.",
            hint="Two boxes use this key, or the ledger was changed: both versions are kept for the auditor.",
        )
    return Receipt(central, claim.device, claim.ledger, known.seq, known.hash, now)


def _stored(connection: Connection, batch: Batch, now: str) -> Head:
    """Where this chain stands here, locked until the transaction ends; a new one is begun."""
    claim = batch.claim
    where = (ledgers.c.device == claim.device) & (ledgers.c.ledger == claim.ledger)
    looked = select(ledgers.c.seq, ledgers.c.hash).where(where).with_for_update()
    found = connection.execute(looked).one_or_none()
    if found is None:
        founding = {"founding": canonical(batch.founding).decode(), "hash": root_hash(batch.founding)}
        told = {"device": claim.device, "ledger": claim.ledger, "received": now}
        if connection.execute(_FOUND, founding | told).rowcount:
            explained(connection, batch, now)
        found = connection.execute(looked).one()
    return Head(claim.ledger, found.seq, found.hash)


def _fork(connection: Connection, batch: Batch, known: Head) -> Sequence[Outgoing]:
    """The rows of the batch from the first on that contradicts what is stored; empty when none does."""
    claim = batch.claim
    if claim.after > known.seq:
        return ()  # a gap: nothing to compare with yet
    if claim.after == known.seq:
        return () if claim.previous == known.hash else batch.rows
    stored = {
        row.seq: row.hash
        for row in connection.execute(
            select(entries.c.seq, entries.c.hash).where(
                (entries.c.device == claim.device)
                & (entries.c.ledger == claim.ledger)
                & entries.c.seq.between(claim.after, claim.seq)
            )
        )
    }
    if claim.after and stored.get(claim.after) != claim.previous:
        return batch.rows
    for place, row in enumerate(batch.rows):
        if row.seq in stored and stored[row.seq] != row.hash:
            return batch.rows[place:]
    return ()


def _store(connection: Connection, batch: Batch, rows: Sequence[Outgoing], port: str, now: str) -> None:
    claim = batch.claim
    copy(connection, entries, [entry_of(claim.device, claim.ledger, port, row) for row in rows])
    copy(connection, personal, [value for row in rows for value in values_of(claim.device, claim.ledger, row)])
    copy(connection, heads, [(claim.device, claim.ledger, claim.seq, claim.text.decode(), now)])
    connection.execute(
        update(ledgers)
        .where((ledgers.c.device == claim.device) & (ledgers.c.ledger == claim.ledger))
        .values(seq=claim.seq, hash=claim.hash, end_seq=claim.end.seq, received=now)
    )


def _set_apart(connection: Connection, batch: Batch, rows: Sequence[Outgoing], now: str) -> None:
    claim = batch.claim
    for row in rows:
        told = {"device": claim.device, "ledger": claim.ledger, "seq": row.seq, "hash": row.hash}
        written = {"header": header(row), "body": row.body, "document": claim.text.decode(), "received": now}
        connection.execute(_QUARANTINE, told | written)
    detail = f"Row {rows[0].seq} came with hash {rows[0].hash}, and before with another."
    raise_alarm(connection, claim.device, "equivocation", f"{claim.ledger}-{rows[0].seq}", detail, now)


def values_of(device: str, ledger: str, row: Outgoing) -> list[tuple[Any, ...]]:
    """What is written into `personal` of one row."""
    told = row.personal.items()
    return [(device, ledger, row.seq, plain(name), salt.hex(), json.dumps(value)) for name, (salt, value) in told]


def entry_of(device: str, ledger: str, port: str, row: Outgoing) -> tuple[Any, ...]:
    """What is written into `entries` of one row.

    Raises:
        BatchRefused: batch_body.
    """
    return (
        *(device, ledger, row.seq, row.hash, plain(row.kind), plain(row.inspection), port),
        *(outcome_of(row), header(row), row.body),
    )


def outcome_of(row: Outgoing) -> str:
    """The verdict or the decision that a row tells; "" for others.

    Raises:
        BatchRefused: batch_body: its body is no JSON object.
    """
    fast = _told_plainly(row.body)
    if fast is not None:
        return plain(fast)
    try:
        body = _decoded(row.body)
        if type(body) is not dict:
            raise ValueError(f"a {type(body).__name__}")  # noqa: TRY301 - told below with the rest
    except (ValueError, RecursionError) as error:
        message = f"Row {row.seq}: expected a body that is a JSON object, got {str(error)[:100]}."
        raise BatchRefused("batch_body", message, hint="The box's ledger was not written by a bench.") from error
    told: Json = body.get("assessment") or body.get("disposition")
    if isinstance(told, Mapping):
        verdict = told.get("verdict")
        outcome = verdict.get("outcome") if isinstance(verdict, Mapping) else told.get("decision")
        return plain(outcome) if isinstance(outcome, str) else ""
    return ""


def _told_plainly(body: str) -> str | None:
    """What `outcome_of` answers for a body as a bench writes it, in an eighth of the time; None where it is not so.

    The validator reads the whole text, but makes Python values of what it is asked for alone. It lets NaN and Infinity
    pass where it does not look.
    """
    if "NaN" in body or "Infinity" in body:
        return None
    try:
        told = _OUTCOME.validate_json(body)
    except ValidationError:
        return None
    if "assessment" in told:
        return _text_at(told["assessment"], "verdict", "outcome")
    disposition = told.get("disposition")
    if disposition is None:
        return ""
    return None if "verdict" in disposition else _text_at({"": disposition}, "", "decision")


def _text_at(told: Mapping[str, Json], noun: str, name: str) -> str | None:
    value: str | None = told.get(noun, {}).get(name)
    return value


def header(row: Outgoing) -> str:
    """All of a row but its body and personal values, as a JSON object: with the body an auditor recomputes its hash."""
    origin = row.origin
    commitments = ",".join([f"{_QUOTE(name)}:{_QUOTE(value)}" for name, value in row.commitments.items()])
    return (
        f'{{"seq":{row.seq},"kind":{_QUOTE(row.kind)},"inspection":{_QUOTE(row.inspection)},'
        f'"device":{_QUOTE(origin.device)},"station":{_QUOTE(origin.station)},"officer":{_QUOTE(origin.officer)},'
        f'"boot":{_QUOTE(origin.boot)},"at":{_QUOTE(row.at)},"clock":{_QUOTE(row.clock)},"key":{_QUOTE(row.key)},'
        f'"commitments":{{{commitments}}},"sightings":[{",".join(map(_QUOTE, row.sightings))}],'
        f'"previous":"{row.previous}","hash":"{row.hash}"}}'
    )


def plain(value: str) -> str:
    """A text as PostgreSQL can index it: without NUL and lone surrogates. What was said stands in the header."""
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()
    return value.replace("\0", "\ufffd")[:200]


def standing(engine: Engine, central: str, device: str, ledger: str, now: str) -> Receipt:
    """The receipt of where a ledger of `device` stands here; sequence 0 with an empty hash when it is unknown."""
    with reading(engine) as connection:
        where = (ledgers.c.device == device) & (ledgers.c.ledger == ledger)
        found = connection.execute(select(ledgers.c.seq, ledgers.c.hash).where(where)).one_or_none()
    return (
        Receipt(central, device, ledger, 0, "", now) if found is None else Receipt(central, device, ledger, *found, now)
    )
