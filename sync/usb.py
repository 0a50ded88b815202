"""Results by stick: the same signed batches and pictures as over the line, sealed to the central; receipts come back.

    DIR/sekisho-DEVICE/batch-LEDGER-AFTER.sealed   picture-SHA256.sealed   (written here)
                       receipt-LEDGER.json         receipt-SHA256.json     (written by the central's import)

A stick that is lost, copied or brought twice does no harm: nobody else can read it, and the central knows what it has.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import EvidenceError, LedgerError, RequestRefused, SekishoError
from edge.storage.chain import Outgoing
from edge.storage.database import write_durably
from edge.storage.evidence import EvidenceStore
from edge.storage.evidence_index import pictures_of
from edge.storage.outbox import Outbox
from edge.storage.receipts import Receipts
from edge.storage.regular import folder, regular
from edge.storage.sealed import sealed
from sync.altered import altered_pictures, note_altered
from sync.errors import DocumentRefused
from sync.protocol import PICTURE, SCHEMA, signed
from sync.push import OUTBOX, Chain, Signer, batch_of, next_rows, remaining, take_receipt
from sync.push_evidence import take_evidence_receipt

if TYPE_CHECKING:
    from edge.moment import Moment
    from sync.identity import Enrolment

RETIREMENT = "retirement.json"  # provisioning/retire.py
_RECEIPT = re.compile(r"receipt-([0-9a-f]+)\.json")
_SHA256_CHARS = 64
MAX_STICK_BYTES = 1_000_000  # of a receipt, an answer, a certificate


@dataclass(frozen=True, slots=True)
class Carried:
    """What went onto the stick, or came back acknowledged."""

    batches: int = 0
    rows: int = 0
    pictures: int = 0
    altered: tuple[str, ...] = ()  # pictures that are not what was kept, or not readable: not on the stick
    gone: int = 0  # receipts of pictures that are not kept here any more: not needed
    refused: tuple[str, ...] = ()  # what is wrong with each receipt that was not taken
    ends: Mapping[str, int] = field(default_factory=dict)  # the last row of each ledger that is out
    files: Mapping[str, str] = field(default_factory=dict)  # SHA-256 of each file that was written


def folder_of(directory: Path, device: str) -> Path:
    """Where a box's files lie on a stick."""
    return directory / f"sekisho-{device}"


def made_on_stick(directory: Path, device: str) -> Path:
    """`folder_of` a box, made where there is none.

    Raises:
        RequestRefused: request_no_file: it is a link, which would have root write elsewhere. OSError: the stick.
    """
    place = folder_of(directory, device)
    try:
        return folder(place)
    except (FileExistsError, NotADirectoryError) as error:
        raise _odd(place, "a folder") from error


def read_from_stick(directory: Path, device: str, name: str) -> bytes:
    """A file that the central has laid into the folder of a box.

    Raises:
        RequestRefused: request_no_file: the folder or the file is a link, a pipe, too large or cannot be read.
        FileNotFoundError: it is not there.
    """
    path = folder_of(directory, device) / name
    if path.parent.is_symlink():
        raise _odd(path.parent, "a folder")
    try:
        return regular(path, MAX_STICK_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _odd(path, f"a file of {MAX_STICK_BYTES} bytes or fewer that can be read") from error


def _odd(path: Path, expected: str) -> RequestRefused:
    message = f"{path}: expected {expected}, got something else."
    return RequestRefused("request_no_file", message, hint="Nothing was read or written by it. Take another stick.")


def export(  # noqa: PLR0917 - what is exported, where to, for whom, by whom, when
    state_dir: Path,
    directory: Path,
    enrolment: Enrolment,
    signer: Signer,
    made: Moment,
    also: Iterable[str] = (),
) -> Carried:
    """Write every row that the central has not acknowledged, and the pictures of these rows that it has not receipted.

    `also` names pictures that go with them, whichever rows they belong to.

    Raises:
        LedgerError: the current ledger is damaged, or the outbox cannot be read.
        EvidenceError: evidence_key. A single picture that cannot be read is told. OSError: the stick cannot be written.
    """
    key = enrolment.told.seal
    place = made_on_stick(directory, enrolment.device)
    known = Outbox(state_dir / OUTBOX).acknowledged(enrolment.recipient)
    store, receipts = EvidenceStore(state_dir), Receipts(state_dir)
    noted = altered_pictures(state_dir)
    files: dict[str, str] = {}
    ends: dict[str, int] = {known.ledger: known.seq} if known.ledger else {}
    brought, altered = _export_pictures(place, key, signer, store, _lacking([*noted, *also], receipts), files)
    carried = Carried(pictures=brought, altered=altered, ends=ends, files=files)
    for chain in remaining(state_dir, known.ledger):
        with closing(chain.reader):
            after = known.seq if known.ledger == chain.ledger else 0
            while rows := _rows(chain, after):
                name = f"batch-{chain.ledger}-{after:012}.sealed"
                _write(place / name, sealed(key, batch_of(chain, rows, signer, made), name), files)
                wanted = [name for row in chain.reader.outbox(after, len(rows)) for name in pictures_of(row)]
                brought, altered = _export_pictures(place, key, signer, store, _lacking(wanted, receipts), files)
                carried = replace(
                    carried,
                    batches=carried.batches + 1,
                    rows=carried.rows + len(rows),
                    pictures=carried.pictures + brought,
                    altered=tuple(dict.fromkeys((*carried.altered, *altered))),
                )
                ends[chain.ledger] = after = rows[-1].seq
    unsettled = _lacking([*noted, *carried.altered], receipts)  # also what was restored: the stick may be lost
    note_altered(state_dir, (name for name in unsettled if store.holds(name)))
    return carried


def _lacking(names: list[str], receipts: Receipts) -> list[str]:
    return [name for name in names if not receipts.held(name)]


def _rows(chain: Chain, after: int) -> tuple[Outgoing, ...]:
    try:
        return next_rows(chain, after)
    except LedgerError:
        if chain.current:
            raise
        return ()  # set aside: what could be read was exported


def _write(path: Path, data: bytes, files: dict[str, str]) -> None:
    write_durably(path, data)
    files[path.name] = hashlib.sha256(data).hexdigest()


def _export_pictures(  # noqa: PLR0917 - as `export`
    place: Path, key: str, signer: Signer, store: EvidenceStore, names: list[str], files: dict[str, str]
) -> tuple[int, tuple[str, ...]]:
    """How many were written, and which are not what was kept. What was shed or erased is neither: its rows say so."""
    brought, altered = 0, list[str]()
    for sha256 in dict.fromkeys(names):
        try:
            picture = store.read(sha256)
        except EvidenceError as error:
            altered += [sha256] if error.code != "evidence_missing" else []
            continue
        told = {"type": PICTURE, "schema": SCHEMA, "device": signer.device, "sha256": sha256}
        head = signed(told | {"media_type": picture.media_type}, signer.sign, signer.key)
        name = f"picture-{sha256}.sealed"
        _write(place / name, sealed(key, head + b"\n" + picture.data, name), files)
        brought += 1
    return brought, tuple(altered)


def take_receipts(state_dir: Path, directory: Path, enrolment: Enrolment) -> Carried:
    """Believe the receipts on a stick, or not, exactly as over the line. One that is not believed is told, not raised.

    Raises:
        LedgerError: the current ledger or the outbox cannot be read. OSError: the box's own state cannot be written.
    """
    outbox, receipts = Outbox(state_dir / OUTBOX), Receipts(state_dir)
    store = EvidenceStore(state_dir)
    taken = Carried()
    found = _receipts_of(directory, enrolment.device)
    for chain in remaining(state_dir, outbox.acknowledged(enrolment.recipient).ledger):
        with closing(chain.reader):
            if chain.ledger in found:
                try:
                    receipt = take_receipt(found[chain.ledger], enrolment, chain, outbox)
                except (DocumentRefused, LedgerError) as error:
                    if chain.current and isinstance(error, LedgerError):
                        raise
                    taken = replace(taken, refused=(*taken.refused, _refusal(chain.ledger, error)))
                else:
                    taken = replace(taken, rows=taken.rows + receipt.seq)
    for name, data in found.items():
        if len(name) == _SHA256_CHARS and not receipts.held(name):
            taken = _take_picture(name, data, enrolment, store, receipts, taken=taken)
    return taken


def _take_picture(
    name: str, data: bytes, enrolment: Enrolment, store: EvidenceStore, receipts: Receipts, *, taken: Carried
) -> Carried:
    if not store.holds(name):  # an old stick: the picture was let go since
        return replace(taken, gone=taken.gone + 1)
    try:
        receipts.keep(name, take_evidence_receipt(data, enrolment, name, len(store.get(name))))
    except (EvidenceError, DocumentRefused) as error:
        return replace(taken, refused=(*taken.refused, _refusal(name, error)))
    return replace(taken, pictures=taken.pictures + 1)


def _receipts_of(directory: Path, device: str) -> dict[str, bytes]:
    names = sorted(path.name for path in folder_of(directory, device).glob("receipt-*.json"))
    matched = (match for match in map(_RECEIPT.fullmatch, names) if match)
    return {match[1]: read_from_stick(directory, device, match[0]) for match in matched}


def _refusal(name: str, error: SekishoError) -> str:
    return f"receipt-{name}.json: {error.message} [{error.code}]"
