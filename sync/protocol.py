"""What a box and a central say to each other, as signed documents. Pure: no file, no clock, no network.

A batch is one line of signed JSON, its head, followed by its rows as zstd:

    {"key":..., "signature":..., "signed":{"type":"sekisho-batch", ... "seq":..., "hash":..., "payload":SHA-256}}
    ROWS

The device signs where its chain stands (ledger, sequence, hash) and the SHA-256 of the rows, so that an auditor can
check the chain against the head alone. Rows travel without their hashes: whoever receives computes them, and a changed
byte, a row left out or put elsewhere gives another last hash than the signed one. A receipt says the highest contiguous
sequence and its hash, signed by the central. Who may sign is judged by the caller: sync/identity.py and sync/central.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import zstandard
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.inspection import Origin
from edge.moment import Moment
from edge.storage.chain import Head, Json, Outgoing, canonical, commitment, is_training, root_hash, row_hash
from sync.errors import BatchRefused, DocumentRefused

SCHEMA = 1
ROWS = 200  # in one batch
MAX_HEAD_BYTES = 4_096
MAX_BATCH_BYTES = 32_000_000  # as it travels
MAX_ROWS_BYTES = 128_000_000  # decompressed
LEVEL = 9  # of zstd: 200 rows take some 20 ms on a small box

# Names that stand in a database's columns, in addresses and in names of files.
DEVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LEDGER = re.compile(r"[0-9a-f]{32}")  # as edge/storage/ledger_schema.py founds one
SHA256 = re.compile(r"[0-9a-f]{64}")
_INSPECTION = re.compile(rf"({DEVICE.pattern})?")  # a UUID as a bench makes it; "" in rows of no inspection

BATCH, RECEIPT, EVIDENCE, PICTURE = "sekisho-batch", "sekisho-receipt", "sekisho-evidence", "sekisho-picture"
KNOWLEDGE, OUTCOME, ANSWER = "sekisho-knowledge", "sekisho-outcome", "sekisho-answer"
STATUS = "sekisho-status"  # what a box says of itself
REVOCATIONS, TIME, AUDIT = "sekisho-revocations", "sekisho-time", "sekisho-audit"

RETIREMENT = "sekisho-retirement"  # what a box says when it is erased
RECEIPT_OF_RETIREMENT = "sekisho-retirement-receipt"

Sign = Callable[[bytes], bytes]  # what is signed -> Ed25519 signature of 64 bytes


# --- signed documents --------------------------------------------------


def key_id(public: Ed25519PublicKey) -> str:
    """The name of a public key: SHA-256 of its 32 bytes, hex."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()


def signed(document: Mapping[str, Json], sign: Sign, key: str) -> bytes:
    """`document` with its signature, as canonical JSON without a line break. Its `type` keeps kinds apart."""
    told = dict(document)
    signature = base64.b64encode(sign(canonical(told))).decode()
    return canonical({"signed": told, "key": key, "signature": signature})


def verified(data: bytes, kind: str, public: Ed25519PublicKey) -> dict[str, Any]:
    """The document in `data`, when it is of `kind` and `public` signed it.

    Raises:
        DocumentRefused: document_form, document_signature.
    """
    document, key, signature = _parsed(data, kind)
    if key != key_id(public) or not _is_signed(document, signature, public):
        raise DocumentRefused(
            "document_signature",
            f"{kind}: expected a signature of key {key_id(public)[:16]}, got another (key {key[:16]}).",
            hint="What came is not used. If the other side has a new key, its operator must say so.",
        )
    return document


def _parsed(data: bytes, kind: str) -> tuple[dict[str, Any], str, bytes]:
    try:
        whole = json.loads(data.decode())  # json would take UTF-16 too, which nobody signs
        document, key = whole["signed"], whole["key"]
        signature = base64.b64decode(whole["signature"], validate=True)
        if not isinstance(document, dict) or document["type"] != kind:
            raise TypeError(f"no {kind}")  # noqa: TRY301 - told below with the rest
        _named(SHA256, key)
        if document["schema"] != SCHEMA:
            raise TypeError(f"schema {document['schema']!r}")  # noqa: TRY301 - likewise
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        came = f"{type(error).__name__}: {error}"[:160]
        raise DocumentRefused(
            "document_form",
            f"Expected a signed document of type {kind}, schema {SCHEMA}, got {came}.",
            hint="The other side may speak a newer version, or a proxy answered in its place.",
        ) from error
    return document, key, signature


def _is_signed(document: Mapping[str, Json], signature: bytes, public: Ed25519PublicKey) -> bool:
    try:
        public.verify(signature, canonical(document))
    except (InvalidSignature, ValueError, RecursionError):
        return False
    return True


def key_of(data: bytes, kind: str) -> str:
    """The id of the key that a document of `kind` says it is signed with; nothing is verified yet.

    Raises:
        DocumentRefused: document_form.
    """
    return _parsed(data, kind)[1]


def _named(pattern: re.Pattern[str], value: Json) -> str:
    if type(value) is not str or not pattern.fullmatch(value):
        raise ValueError(f"{str(value)[:40]!r} as a name")
    return value


# --- batches --------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """The head of a batch: what its device says of it. `text` is the signed document as it came."""

    device: str
    ledger: str
    after: int  # the sequence that the first row follows
    previous: str  # and its hash
    seq: int  # of the last row
    hash: str  # of the last row
    payload: str  # SHA-256 of the compressed rows
    end: Head  # of the whole ledger when the batch was made
    made: str  # by the box's clock, ISO 8601
    clock: str  # how far that clock was believed
    text: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch whose signature and chain hold. Holding one proves it, but not that it fits what came before."""

    claim: Claim
    founding: Mapping[str, Json]
    rows: tuple[Outgoing, ...]


def make_batch(
    device: str,
    founding: Mapping[str, Json],
    rows: Sequence[Outgoing],
    *,
    end: Head,
    made: Moment,
    sign: Sign,
    key: str,
) -> bytes:
    """The batch of `rows`, 1 to 200 that follow each other in the ledger that `founding` tells of."""
    if not 0 < len(rows) <= ROWS:
        raise ValueError(f"Expected 1 to {ROWS} rows for a batch, got {len(rows)}.")
    told = {"founding": dict(founding), "rows": [_travelling(row) for row in rows]}
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    payload = zstandard.ZstdCompressor(level=LEVEL).compress(text)
    head = {
        "type": BATCH,
        "schema": SCHEMA,
        "device": device,
        "ledger": end.ledger,
        "after": rows[0].seq - 1,
        "previous": rows[0].previous,
        "seq": rows[-1].seq,
        "hash": rows[-1].hash,
        "payload": hashlib.sha256(payload).hexdigest(),
        "end": {"seq": end.seq, "hash": end.hash},
        "made": made.utc.isoformat(),
        "clock": str(made.trust),
    }
    return signed(head, sign, key) + b"\n" + payload


def _travelling(row: Outgoing) -> list[Json]:
    personal = {name: [salt.hex(), value] for name, (salt, value) in row.personal.items()}
    erased = {name: told for name, told in row.commitments.items() if name not in personal}
    origin = row.origin
    return [
        *(row.kind, row.inspection, origin.device, origin.station, origin.officer, origin.boot),
        *(row.at, row.clock, row.key, row.body, personal, erased, list(row.sightings)),
    ]


def claim_of(data: bytes) -> Claim:
    """The head of a batch, before anything is verified: it says whose key to look for.

    Raises:
        BatchRefused: batch_form, batch_too_large.
    """
    end = data.find(b"\n", 0, MAX_HEAD_BYTES)
    if len(data) > MAX_BATCH_BYTES:
        message = f"Expected a batch of {MAX_BATCH_BYTES} bytes or fewer, got {len(data)}."
        raise BatchRefused("batch_too_large", message, hint="Send fewer rows at once.")
    if end < 0:
        raise _form("no line end in its first bytes")
    try:
        document, _, _ = _parsed(data[:end], BATCH)
    except DocumentRefused as error:
        raise _form(error.message) from error
    try:
        told = {name: document[name] for name in ("device", "ledger", "previous", "hash", "payload", "made", "clock")}
        if not all(type(value) is str for value in told.values()):
            raise TypeError("a text that is none")  # noqa: TRY301 - told below with the rest
        _named(DEVICE, told["device"])
        _named(LEDGER, told["ledger"])
        for name in ("previous", "hash", "payload"):
            _named(SHA256, told[name])
        claim = Claim(
            **told,
            after=_sequence(document["after"]),
            seq=_sequence(document["seq"]),
            end=Head(told["ledger"], _sequence(document["end"]["seq"]), _named(SHA256, document["end"]["hash"])),
            text=data[:end],
        )
    except (ValueError, TypeError, KeyError) as error:
        raise _form(f"{type(error).__name__}: {error}") from error
    if not 0 < claim.seq - claim.after <= ROWS:
        raise _form(f"rows {claim.after + 1} to {claim.seq}")
    return claim


def _sequence(value: Json) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError(f"{str(value)[:40]!r} as a sequence")
    return value


def verified_batch(data: bytes, public: Ed25519PublicKey) -> Batch:
    """The batch in `data`, when the device with the key `public` signed it and its rows are what it signed.

    1. The head is signed by the device. 2. The rows are those of the head, by SHA-256, before they are unpacked.
    3. The founding is of the ledger that the head names; the first row of a ledger follows its hash. 4. Every row's
    hash is computed over its content and the hash before; the last is the one that the head names.

    Raises:
        BatchRefused: batch_form, batch_too_large, batch_signature, batch_payload, batch_founding, batch_training,
            batch_chain.
    """
    claim = claim_of(data)
    document, key, signature = _parsed(claim.text, BATCH)
    if key != key_id(public) or not _is_signed(document, signature, public):
        message = f"{claim.device}: expected a batch signed by its key {key_id(public)[:16]}, got another signature."
        raise BatchRefused("batch_signature", message, hint="Enrol the box again if it was given a new key.")
    payload = data[len(claim.text) + 1 :]
    if hashlib.sha256(payload).hexdigest() != claim.payload:
        message = f"{claim.device}: expected rows with SHA-256 {claim.payload[:16]}, got others."
        raise BatchRefused("batch_payload", message, hint="They were damaged on the way: send the batch again.")
    told = _unpacked(payload)
    founding = told["founding"]
    root = root_hash(founding)
    if founding.get("ledger") != claim.ledger or (claim.after == 0 and claim.previous != root):
        message = f"{claim.device}: expected the founding of ledger {claim.ledger}, got another."
        raise BatchRefused("batch_founding", message, hint="The box's ledger is not whole: sekisho verify.")
    if is_training(founding):
        message = f"{claim.device}: expected results of real work, got ledger {claim.ledger} of a practice bench."
        raise BatchRefused("batch_training", message, hint="Practice stays on its box. Nothing of it is taken.")
    return Batch(claim, founding, _chained(claim, told["rows"]))


def _unpacked(payload: bytes) -> dict[str, Any]:
    try:
        text = zstandard.ZstdDecompressor().stream_reader(payload).read(MAX_ROWS_BYTES + 1)
        if len(text) > MAX_ROWS_BYTES:
            raise ValueError(f"more than {MAX_ROWS_BYTES} bytes of rows")  # noqa: TRY301 - told below with the rest
        told = json.loads(text)
        if type(told["founding"]) is not dict or type(told["rows"]) is not list:
            raise TypeError("no founding or no rows")  # noqa: TRY301 - told below with the rest
        canonical(told["founding"])
    except (zstandard.ZstdError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise _form(f"{type(error).__name__}: {error}") from error
    return dict(told)


def _chained(claim: Claim, travelled: list[Any]) -> tuple[Outgoing, ...]:
    if len(travelled) != claim.seq - claim.after:
        message = f"{claim.device}: expected {claim.seq - claim.after} rows, got {len(travelled)}."
        raise BatchRefused("batch_chain", message, hint="The box's ledger is not whole: sekisho verify.")
    rows = []
    previous = claim.previous
    for place, row in enumerate(travelled):
        try:
            arrived = _arrived(claim.after + 1 + place, row, previous)
        except (ValueError, TypeError, AttributeError) as error:
            raise _form(f"row {claim.after + 1 + place}: {type(error).__name__}: {error}") from error
        rows.append(arrived)
        previous = arrived.hash
    if previous != claim.hash:
        message = f"{claim.device}: expected rows that end in hash {claim.hash}, got {previous}."
        raise BatchRefused("batch_chain", message, hint="The box's ledger is not whole: sekisho verify.")
    return tuple(rows)


def _arrived(seq: int, row: Any, previous: str) -> Outgoing:  # noqa: ANN401 - a cell of JSON
    *texts, personal, erased, sightings = row
    kind, inspection, device, station, officer, boot, at, clock, key, body = texts
    if set(map(type, (*texts, *sightings, *erased))) != {str}:
        raise TypeError("a text that is none")
    _named(_INSPECTION, inspection)
    for digest in erased.values():
        _named(SHA256, digest)
    kept = {name: (bytes.fromhex(salt), value) for name, (salt, value) in personal.items()}
    commitments = {name: commitment(salt, name, value) for name, (salt, value) in kept.items()} | erased
    origin = Origin(device, station, officer, boot)
    whole = row_hash(
        seq=seq,
        kind=kind,
        inspection=inspection,
        origin=origin,
        at=at,
        clock=clock,
        key=key,
        body_sha256=hashlib.sha256(body.encode()).hexdigest(),
        commitments=commitments,
        sightings=sightings,
        previous=previous,
    )
    return Outgoing(seq, kind, inspection, origin, at, clock, key, body, commitments, sightings, kept, previous, whole)


def _form(came: str) -> BatchRefused:
    message = f"Expected a batch of schema {SCHEMA}, got {came[:200]}."
    return BatchRefused("batch_form", message, hint="The box may speak a newer version than the central.")


# --- receipts --------------------------------------------------


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a central has durably: every row of `ledger` up to `seq`, whose hash it names."""

    central: str
    device: str
    ledger: str
    seq: int
    hash: str
    received: str  # by the central's clock, ISO 8601

    def signed(self, sign: Sign, key: str) -> bytes:
        """The receipt as a signed document."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return signed({"type": RECEIPT, "schema": SCHEMA, **told}, sign, key)


def verified_receipt(data: bytes, central: Ed25519PublicKey, device: str, ledger: str) -> Receipt:
    """The receipt in `data`, when the pinned central signed it for this ledger of this device.

    Whether it is true is the box's to say, which has the rows: see `sync.push`.

    Raises:
        DocumentRefused: document_form, document_signature, receipt_other.
    """
    told = verified(data, RECEIPT, central)
    try:
        receipt = Receipt(**{name: told[name] for name in Receipt.__slots__})
        _sequence(receipt.seq)
    except (ValueError, TypeError, KeyError) as error:
        raise DocumentRefused(
            "document_form", f"Expected a whole receipt, got {error}.", hint="The central speaks another version."
        ) from error
    if (receipt.central, receipt.device, receipt.ledger) != (key_id(central), device, ledger):
        raise DocumentRefused(
            "receipt_other",
            f"Expected a receipt for {ledger} of {device}, got one for {receipt.ledger!r} of {receipt.device!r}.",
            hint="Nothing is acknowledged by it: ask the central's operator.",
        )
    return receipt
