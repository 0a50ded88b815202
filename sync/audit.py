"""The audit: one file and the central's public key prove offline that nothing was altered or left out.

The file is zstd over JSON lines: the founding, the certificate of the box's key, every row with its body as it was
hashed, the box's signed head, and the central's receipt. What it proves:

1. the certificate is the central's: this key is that box's; 2. every row's hash is that of its content and of the row
before, from the founding on: nothing altered, moved or left out in between; 3. the box signed the last hash; 4. the
central has receipted a row of this very chain: up to there nothing was cut off afterwards. Personal values are in it
only where asked for, and are then held against their commitments; erased ones leave the chain whole.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zstandard

from edge.inspection import Origin
from edge.storage.chain import Outgoing, commitment, root_hash
from edge.storage.database import write_durably
from edge.storage.outbox import Outbox
from sync.errors import AuditError, DocumentRefused
from sync.identity import public_key
from sync.protocol import AUDIT, CERTIFICATE, RECEIPT, SCHEMA, key_id, signed, verified
from sync.push import OUTBOX, Chain, Signer, remaining

if TYPE_CHECKING:
    from edge.inspection import Moment
    from sync.identity import Enrolment

_ROWS = 500
_LONGEST_LINE = 64_000_000


@dataclass(frozen=True, slots=True)
class Audited:
    """What a whole export proves."""

    device: str
    ledger: str
    rows: int
    inspections: int
    receipted: int  # rows up to which nothing can have been cut off
    received: str  # when the central said so
    values: int  # personal values that were held against their commitments
    sealed: int  # commitments whose value is not in the file: erased, or not asked for


def export_audit(
    state_dir: Path, out: Path, enrolment: Enrolment, signer: Signer, *, made: Moment, personal: bool = False
) -> int:
    """Write the audit of the current ledger into `out`; how many rows it has.

    Raises:
        LedgerError: the ledger or the outbox cannot be read. OSError: `out` cannot be written.
    """
    *_, chain = remaining(state_dir, "")
    compressed = io.BytesIO()
    with closing(chain.reader), zstandard.ZstdCompressor(level=9).stream_writer(compressed, closefd=False) as file:
        file.write(_line({"founding": chain.founding, "certificate": enrolment.certificate}))
        count = 0
        for row in _rows(chain):
            file.write(_line({"row": _told(row, personal=personal)}))
            count, last = row.seq, row.hash
        if count:
            told = {"type": AUDIT, "schema": SCHEMA, "device": signer.device, "ledger": chain.ledger, "seq": count}
            told |= {"hash": last, "made": made.utc.isoformat(), "clock": str(made.trust)}
            file.write(_line({"head": signed(told, signer.sign, signer.key).decode()}))
        known = Outbox(state_dir / OUTBOX).acknowledged(enrolment.recipient)
        if known.ledger == chain.ledger and known.receipt:
            file.write(_line({"receipt": known.receipt}))
    write_durably(out, compressed.getvalue(), mode=0o600)
    return count


def _rows(chain: Chain) -> Iterator[Outgoing]:
    after = 0
    while rows := chain.reader.outgoing(after, _ROWS):
        yield from rows
        after = rows[-1].seq


def _told(row: Outgoing, *, personal: bool) -> dict[str, Any]:
    origin = row.origin
    told = {
        "seq": row.seq, "kind": row.kind, "inspection": row.inspection, "device": origin.device,
        "station": origin.station, "officer": origin.officer, "boot": origin.boot, "at": row.at, "clock": row.clock,
        "key": row.key, "body": row.body, "commitments": dict(row.commitments), "sightings": list(row.sightings),
    }  # fmt: skip
    if personal and row.personal:
        told["personal"] = {name: [salt.hex(), value] for name, (salt, value) in row.personal.items()}
    return told


def _line(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def verify_audit(path: Path, central: str) -> Audited:
    """What the export at `path` proves, for who trusts the central with the public key `central` (64 hex digits).

    Raises:
        AuditError: audit_form, audit_certificate, audit_chain, audit_head, audit_receipt, audit_value; the message
            names the row.
        DocumentRefused: document_form: `central` is no public key.
    """
    pinned = public_key(central)
    lines = _lines(path)
    first = next(lines, {})
    try:
        founding, certificate = dict(first["founding"]), str(first["certificate"])
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong("audit_form", "a founding and a certificate first", f"{type(error).__name__}") from error
    try:
        box = verified(certificate.encode(), CERTIFICATE, pinned)
        device = public_key(box["public_key"])
    except (DocumentRefused, KeyError) as error:
        raise _wrong("audit_certificate", "a certificate of this central", str(error)) from error
    hashes = [root_hash(founding)]
    inspections: set[str] = set()
    values = sealed = 0
    head = receipt = ""
    for line in lines:
        if "row" in line:
            row = _row(line["row"], len(hashes), hashes[-1])
            hashes.append(row.hash)
            inspections.add(row.inspection)
            values += len(row.personal)
            sealed += len(row.commitments) - len(row.personal)
        head, receipt = str(line.get("head", head)), str(line.get("receipt", receipt))
    ledger = str(founding.get("ledger"))
    _fits("audit_head", head, (AUDIT, device, key_id(device)), box["device"], ledger, hashes, whole=True)
    told = _fits(
        "audit_receipt", receipt, (RECEIPT, pinned, key_id(pinned)), box["device"], ledger, hashes, whole=False
    )
    count = len(hashes) - 1
    return Audited(
        str(box["device"]), ledger, count, len(inspections - {""}), told["seq"], str(told["received"]), values, sealed
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            text = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")
            while line := text.readline(_LONGEST_LINE):
                told = json.loads(line)
                if type(told) is not dict:
                    raise ValueError("a line that is no object")  # noqa: TRY301 - told below with the rest
                yield told
    except (OSError, ValueError, RecursionError, zstandard.ZstdError) as error:
        raise _wrong("audit_form", "an audit export, whole", f"{type(error).__name__}: {error}") from error


def _row(told: Any, seq: int, previous: str) -> Outgoing:  # noqa: ANN401 - a cell of JSON
    try:
        origin = Origin(told["device"], told["station"], told["officer"], told["boot"])
        texts = [told[name] for name in ("kind", "inspection", "at", "clock", "key", "body")]
        if told["seq"] != seq or not all(type(text) is str for text in texts):
            raise ValueError(f"row {told['seq']}")  # noqa: TRY301 - told below with the rest
        kind, inspection, at, clock, key, body = texts
        personal = {name: (bytes.fromhex(salt), value) for name, (salt, value) in told.get("personal", {}).items()}
        row = Outgoing(
            seq, kind, inspection, origin, at, clock, key, body, told["commitments"], told["sightings"], personal,
            previous, "",
        )  # fmt: skip
        for name, (salt, value) in personal.items():
            if commitment(salt, name, value) != row.commitments.get(name):
                raise _wrong("audit_value", f"the {name!r} of row {seq} that was committed to", "another")
        digest = row.computed()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _wrong("audit_chain", f"row {seq}", f"{type(error).__name__}: {error}") from error
    return replace(row, hash=digest)


def _fits(  # noqa: PLR0917 - what each of the two documents must fit
    code: str, document: str, signer: tuple[str, Any, str], device: str, ledger: str, hashes: list[str], *, whole: bool
) -> dict[str, Any]:
    """A signed document that names a row of this chain; with `whole` its last one."""
    kind, key, name = signer
    what = "the box's signed head" if kind == AUDIT else "a receipt of this central"
    try:
        told = verified(document.encode(), kind, key)
    except DocumentRefused as error:
        raise _wrong(code, what, error.message if document else "none") from error
    seq = told.get("seq")
    fits = type(seq) is int and 0 < seq < len(hashes) and hashes[seq] == told.get("hash")
    if not fits or (told.get("device"), told.get("ledger")) != (device, ledger) or (whole and seq != len(hashes) - 1):
        came = f"one for row {seq} with hash {told.get('hash')} (key {name[:16]})"
        raise _wrong(code, f"{what} for this chain of {len(hashes) - 1} rows", came)
    return told


def _wrong(code: str, expected: str, came: str) -> AuditError:
    return AuditError(
        code, f"Expected {expected}, got {came[:300]}.", hint="Keep the file: it is not what the box wrote."
    )
