"""Evidence up, after its rows: pictures by SHA-256, resumable (tus 1.0), small ones first, within a budget of bytes.

A cursor says up to which row every picture is at the centre; it lies in a file of its own beside the outbox. For each
picture the central's signed receipt is kept: without one, the bench deletes nothing (edge/retention.py).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import EvidenceError, LedgerError
from edge.storage.evidence import EvidenceStore
from edge.storage.evidence_index import pictures_of
from edge.storage.outbox import Acknowledged, Outbox
from edge.storage.receipts import Receipts
from sync.altered import altered_pictures, note_altered
from sync.errors import CentralRefused, DocumentRefused
from sync.link import TRIES, Answer, Link
from sync.protocol import EVIDENCE, verified
from sync.push import OUTBOX, Chain, remaining

if TYPE_CHECKING:
    from sync.identity import Enrolment

EVIDENCE_OUTBOX = "outbox-evidence.json"
PIECE_BYTES = 256_000
_ROWS = 500  # whose pictures are ordered by size together
_HEADERS = {"Tus-Resumable": "1.0.0"}
_OFFSET = re.compile(r"[0-9]{1,15}")
_AGAIN = frozenset({"evidence_offset", "evidence_not_found", "evidence_altered"})  # an answer was lost, or a crash came


@dataclass(frozen=True, slots=True)
class Brought:
    """What one run has brought. `gone` pictures are named by rows and not kept here any more."""

    pictures: int = 0
    bytes: int = 0
    gone: int = 0
    left: bool = False  # the budget ended it
    altered: tuple[str, ...] = ()  # not what was kept, or not readable: passed over, noted, tried again


def push_evidence(state_dir: Path, link: Link, budget_bytes: int) -> Brought:
    """Bring the pictures of acknowledged rows, until none is left or the budget is spent.

    Raises:
        CentralUnreachable, CentralRefused, DocumentRefused: what was brought stays brought.
        LedgerError, EvidenceError, OSError: the box's own state cannot be read or written. A single picture that cannot
            be read is passed over.
    """
    rows, pictures = Outbox(state_dir / OUTBOX), Outbox(state_dir / EVIDENCE_OUTBOX)
    recipient = link.enrolment.recipient
    acknowledged = rows.acknowledged(recipient)
    store, receipts = EvidenceStore(state_dir), Receipts(state_dir)
    if not acknowledged.ledger:
        return Brought()
    noted = altered_pictures(state_dir)
    brought = _bring(noted[:_ROWS], store, receipts, link, budget_bytes=budget_bytes, brought=Brought())
    noted = [*noted[_ROWS:], *noted[:_ROWS]]
    note_altered(state_dir, _unsettled(noted, store, receipts))
    if brought.left:
        return brought
    for chain in remaining(state_dir, pictures.acknowledged(recipient).ledger):
        with closing(chain.reader):
            known = pictures.acknowledged(recipient)
            after = known.seq if known.ledger == chain.ledger else 0
            upto = acknowledged.seq if chain.ledger == acknowledged.ledger else _end(chain)
            while after < upto and not brought.left:
                window = [row for row in chain.reader.outbox(after, _ROWS) if row.seq <= upto]
                if not window:
                    break
                names = (name for row in window for name in pictures_of(row))
                brought = _bring(names, store, receipts, link, budget_bytes=budget_bytes, brought=brought)
                note_altered(state_dir, _unsettled([*noted, *brought.altered], store, receipts))
                if not brought.left:
                    after = window[-1].seq
                    pictures.acknowledge(recipient, Acknowledged(chain.ledger, after))
            if brought.left or chain.ledger == acknowledged.ledger:
                break
    return brought


def _unsettled(names: Iterable[str], store: EvidenceStore, receipts: Receipts) -> list[str]:
    """Those that are still here and not at the centre."""
    return [name for name in names if store.holds(name) and not receipts.held(name)]


def _end(chain: Chain) -> int:
    try:
        return chain.reader.head().seq
    except LedgerError:  # set aside: what can be read of it is read
        return 0


def _bring(
    names: Iterable[str], store: EvidenceStore, receipts: Receipts, link: Link, *, budget_bytes: int, brought: Brought
) -> Brought:
    wanted = dict.fromkeys(name for name in names if not receipts.held(name) and name not in brought.altered)
    here = [name for name in wanted if store.holds(name)]
    brought = replace(brought, gone=brought.gone + len(wanted) - len(here))
    for name in sorted(here, key=lambda one: (store.size(one), one)):
        if brought.bytes and brought.bytes + store.size(name) > budget_bytes:
            return replace(brought, left=True)
        try:
            picture = store.read(name)
        except EvidenceError as error:
            if error.code != "evidence_missing":
                brought = replace(brought, altered=(*brought.altered, name))
            continue
        sent = upload(link, name, picture.data, picture.media_type)
        receipt = link.ask("GET", f"/v1/evidence/{name}/receipt").data
        receipts.keep(name, take_evidence_receipt(receipt, link.enrolment, name, len(picture.data)))
        brought = replace(brought, pictures=brought.pictures + 1, bytes=brought.bytes + sent)
    return brought


def upload(link: Link, sha256: str, data: bytes, media_type: str) -> int:
    """Send what the central lacks of a picture; how many bytes that were.

    Raises:
        CentralUnreachable, CentralRefused.
    """
    named = {"sha256": sha256, "type": media_type}
    pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in named.items())
    begin = {**_HEADERS, "Upload-Length": str(len(data)), "Upload-Metadata": ",".join(pairs)}
    offset = _begun(link, begin)
    sent = lost = 0
    while offset < len(data):
        piece = data[offset : offset + PIECE_BYTES]
        headers = {**_HEADERS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        before = offset
        try:
            answer = link.ask("PATCH", f"/v1/evidence/{sha256}", piece, headers)
            offset = _offset(answer)
        except CentralRefused as error:
            if error.code not in _AGAIN or lost == TRIES:
                raise
            offset = _begun(link, begin)
            before, lost = -1, lost + 1
        sent += len(piece)
        if offset <= before:
            raise DocumentRefused(
                "document_form", f"{sha256}: expected an upload that goes on from {before}, got {offset}."
            )
    return sent


def _begun(link: Link, begin: dict[str, str]) -> int:
    """Where an upload stands. What a crash of the central has left whole is ended by it, what was torn is begun anew.

    Raises:
        CentralUnreachable, CentralRefused.
    """
    for again in (True, False):
        try:
            return _offset(link.ask("POST", "/v1/evidence", b"", begin))
        except CentralRefused as error:
            if error.code != "evidence_altered" or not again:
                raise
    raise AssertionError("unreachable: the second try returns or raises")


def _offset(answer: Answer) -> int:
    came = answer.headers.get("upload-offset", "")
    if not _OFFSET.fullmatch(came):
        message = f"Expected an upload's offset, got {came[:40]!r} with status {answer.status}."
        raise CentralRefused("central_answer", message, hint="A proxy may stand in between; check the address.")
    return int(came)


def take_evidence_receipt(data: bytes, enrolment: Enrolment, sha256: str, size: int) -> bytes:
    """The receipt again, when the pinned central signed it for this picture of this device.

    Raises:
        DocumentRefused: document_form, document_signature, receipt_other.
    """
    told = verified(data, EVIDENCE, enrolment.central)
    expected = {"central": enrolment.recipient, "device": enrolment.device, "sha256": sha256, "size": size}
    if {name: told.get(name) for name in expected} != expected:
        message = f"Expected a receipt for {sha256} of {enrolment.device}, got one for {told.get('sha256')!r}."
        raise DocumentRefused("receipt_other", message, hint="Nothing may be deleted by it.")
    return data
