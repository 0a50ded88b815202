"""Results by stick: the same signed batches and pictures as over the line, sealed to the central; receipts come back.

    DIR/sekisho-DEVICE/batch-LEDGER-AFTER.sealed   picture-SHA256.sealed   (written here)
                       receipt-LEDGER.json         receipt-SHA256.json     (written by the central's import)

A stick that is lost, copied or brought twice does no harm: nobody else can read it, and the central knows what it has.
"""

from __future__ import annotations

import json
import re
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import EvidenceError, LedgerError, SettingsError
from edge.storage.chain import Outgoing
from edge.storage.database import write_durably
from edge.storage.evidence import EvidenceStore
from edge.storage.evidence_index import pictures_of
from edge.storage.outbox import Outbox
from edge.storage.receipts import Receipts
from sync.errors import DocumentRefused
from sync.protocol import PICTURE, SCHEMA, signed
from sync.push import OUTBOX, Chain, Signer, batch_of, next_rows, remaining, take_receipt
from sync.push_evidence import take_evidence_receipt
from sync.seal import sealed

if TYPE_CHECKING:
    from edge.inspection import Moment
    from sync.identity import Enrolment

_RECEIPT = re.compile(r"receipt-([0-9a-f]+)\.json")
_SHA256_CHARS = 64


@dataclass(frozen=True, slots=True)
class Carried:
    """What went onto the stick, or came back acknowledged."""

    batches: int = 0
    rows: int = 0
    pictures: int = 0


def folder_of(directory: Path, device: str) -> Path:
    """Where a box's files lie on a stick."""
    return directory / f"sekisho-{device}"


def export(state_dir: Path, directory: Path, enrolment: Enrolment, signer: Signer, made: Moment) -> Carried:
    """Write every row that the central has not acknowledged, and the pictures of these rows that it has not receipted.

    Raises:
        LedgerError: the current ledger is damaged, or the outbox cannot be read.
        EvidenceError: the evidence cannot be read. OSError: the stick cannot be written.
    """
    key = _sealing_key(enrolment)
    place = folder_of(directory, enrolment.device)
    place.mkdir(parents=True, exist_ok=True)
    known = Outbox(state_dir / OUTBOX).acknowledged(enrolment.recipient)
    store, receipts = EvidenceStore(state_dir), Receipts(state_dir)
    carried = Carried()
    for chain in remaining(state_dir, known.ledger):
        with closing(chain.reader):
            after = known.seq if known.ledger == chain.ledger else 0
            while rows := _rows(chain, after):
                name = f"batch-{chain.ledger}-{after:012}.sealed"
                write_durably(place / name, sealed(key, batch_of(chain, rows, signer, made), name))
                wanted = [name for row in chain.reader.outbox(after, len(rows)) for name in pictures_of(row)]
                brought = _export_pictures(place, key, signer, store, [one for one in wanted if not receipts.held(one)])
                carried = Carried(carried.batches + 1, carried.rows + len(rows), carried.pictures + brought)
                after = rows[-1].seq
    return carried


def _rows(chain: Chain, after: int) -> tuple[Outgoing, ...]:
    try:
        return next_rows(chain, after)
    except LedgerError:
        if chain.current:
            raise
        return ()  # set aside: what could be read was exported


def _export_pictures(place: Path, key: str, signer: Signer, store: EvidenceStore, names: list[str]) -> int:
    brought = 0
    for sha256 in dict.fromkeys(names):
        with suppress(EvidenceError):  # shed or erased meanwhile: its rows say so
            picture = store.read(sha256)
            told = {"type": PICTURE, "schema": SCHEMA, "device": signer.device, "sha256": sha256}
            head = signed(told | {"media_type": picture.media_type}, signer.sign, signer.key)
            name = f"picture-{sha256}.sealed"
            write_durably(place / name, sealed(key, head + b"\n" + picture.data, name))
            brought += 1
    return brought


def _sealing_key(enrolment: Enrolment) -> str:
    try:
        return str(json.loads(enrolment.certificate)["signed"]["seal"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"Expected a certificate with the central's sealing key, got {type(error).__name__}: {error}."
        raise SettingsError("settings_enrolment", message, hint="Enrol the box again.") from error


def take_receipts(state_dir: Path, directory: Path, enrolment: Enrolment) -> Carried:
    """Believe the receipts on a stick, or not, exactly as over the line.

    Raises:
        DocumentRefused: one is not true; those before it stay believed.
        LedgerError, OSError: the ledger, the outbox or the stick cannot be read.
    """
    outbox, receipts = Outbox(state_dir / OUTBOX), Receipts(state_dir)
    store = EvidenceStore(state_dir)
    taken = Carried()
    found = {
        match[1]: path.read_bytes()
        for path in sorted(folder_of(directory, enrolment.device).glob("receipt-*.json"))
        if (match := _RECEIPT.fullmatch(path.name))
    }
    for chain in remaining(state_dir, outbox.acknowledged(enrolment.recipient).ledger):
        with closing(chain.reader):
            if chain.ledger in found:
                receipt = take_receipt(found[chain.ledger], enrolment, chain, outbox)
                taken = replace(taken, rows=taken.rows + receipt.seq)
    for name, data in found.items():
        if len(name) == _SHA256_CHARS and not receipts.held(name):
            try:
                size = len(store.get(name))
            except EvidenceError as error:
                raise DocumentRefused("receipt_other", f"{name}: expected a receipt for a kept picture.") from error
            receipts.keep(name, take_evidence_receipt(data, enrolment, name, size))
            taken = replace(taken, pictures=taken.pictures + 1)
    return taken
