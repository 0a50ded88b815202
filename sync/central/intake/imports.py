"""What boxes have exported onto a stick, taken in with the same checks as over the line; receipts beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.errors import InputError, SekishoError
from edge.storage.database import write_durably
from edge.storage.sealed import opened, sealing_key
from sync.central.central import Central
from sync.central.database import reading
from sync.central.intake.devices import active_key
from sync.central.intake.evidence import MAX_OBJECT_BYTES, brought_whole, receipt_of
from sync.central.intake.ingest import ingest
from sync.central.intake.regular import regular
from sync.central.intake.stick_identity import answer_stick, write_lists
from sync.protocol import MAX_BATCH_BYTES, MAX_HEAD_BYTES, PICTURE, Receipt, key_of, verified

_SEAL_BYTES = 1_000  # what sealing adds, and more
_BATCH_BYTES = MAX_BATCH_BYTES + _SEAL_BYTES
_PICTURE_BYTES = MAX_OBJECT_BYTES + MAX_HEAD_BYTES + _SEAL_BYTES


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What came of a stick. `refused` has one line for each file that was not taken."""

    batches: int = 0
    pictures: int = 0
    answered: tuple[str, ...] = ()  # requests of boxes that were answered on the stick
    refused: tuple[str, ...] = ()

    def without(self, path: Path, error: SekishoError) -> TakenIn:
        """The same, and why `path` was not taken, whose name anybody may have chosen: told in printable signs."""
        name = "".join(sign if sign.isprintable() else "\ufffd" for sign in str(path))
        return replace(self, refused=(*self.refused, f"{name}: {error.message} [{error.code}]"))


def take_in(central: Central, directory: Path) -> TakenIn:
    """Take in every box's folder of a stick. What is refused is told; the rest is taken all the same.

    Raises:
        OSError: the central cannot keep pictures now.
        sqlalchemy.exc.SQLAlchemyError: the database cannot do it now.
    """
    private = sealing_key(central.private)
    taken = TakenIn()
    for place in sorted(directory.glob("sekisho-*")):
        if place.is_symlink():
            taken = taken.without(place, InputError("import_file", "Expected the folder of a box, got a link."))
            continue
        taken = _identity(central, place, taken, rows_taken=False)
        receipts: dict[str, Receipt] = {}
        for path in sorted(place.glob("batch-*.sealed")):
            try:
                receipt = ingest(central.engine, central.id, _opened(private, path, _BATCH_BYTES), central.stamp())
            except SekishoError as error:
                taken = taken.without(path, error)
                continue
            receipts[receipt.ledger] = receipt
            taken = replace(taken, batches=taken.batches + 1)
        for ledger, receipt in receipts.items():
            taken = _receipted(taken, place, ledger, receipt.signed(central.private.sign, central.id))
        for path in sorted(place.glob("picture-*.sealed")):
            try:
                sha256, device = _picture(central, _opened(private, path, _PICTURE_BYTES))
            except SekishoError as error:
                taken = taken.without(path, error)
                continue
            taken = _receipted(taken, place, sha256, receipt_of(central, device, sha256))
            taken = replace(taken, pictures=taken.pictures + 1)
        taken = _identity(central, place, taken, rows_taken=True)
    return taken


def _identity(central: Central, place: Path, taken: TakenIn, *, rows_taken: bool) -> TakenIn:
    """Answer what the box asks. One whose certificate has ended is renewed by the very stick that brings its rows."""
    answered, refused = answer_stick(central, place, rows_taken=rows_taken)
    taken = replace(taken, answered=(*taken.answered, *(f"{place.name}/{name}" for name in answered)))
    for path, error in refused:
        taken = taken.without(path, error)
    if not rows_taken:
        return taken
    try:
        write_lists(central, place)
    except OSError as error:
        taken = taken.without(
            place, InputError("import_file", f"Expected a stick that takes lists, got {error.strerror}.")
        )
    return taken


def _opened(private: X25519PrivateKey, path: Path, most: int) -> bytes:
    """What is sealed in a regular file of `most` bytes or fewer.

    Raises:
        InputError: import_file, sealed_form.
    """
    return opened(private, regular(path, most), path.name)


def _receipted(taken: TakenIn, place: Path, name: str, receipt: bytes) -> TakenIn:
    """Write a receipt beside what it is for. Where it cannot be, what was taken stays, and the box brings it again."""
    path = place / f"receipt-{name}.json"
    try:
        write_durably(path, receipt)
    except OSError as error:
        came = f"{type(error).__name__}: {error.strerror}"
        refusal = InputError("import_file", f"Expected a stick that takes a receipt, got {came}.")
        return taken.without(path, refusal)
    return taken


def _picture(central: Central, data: bytes) -> tuple[str, str]:
    """Keep one picture; its name and its device.

    Raises:
        SekishoError: it is not what a device that may sign has signed.
    """
    head, _, content = data.partition(b"\n")
    if len(head) > MAX_HEAD_BYTES:
        raise InputError("evidence_form", f"Expected a head of {MAX_HEAD_BYTES} bytes or fewer, got {len(head)}.")
    with reading(central.engine) as connection:
        signer = active_key(connection, key_of(head, PICTURE), central.stamp())
    told = verified(head, PICTURE, signer.public)
    sha256 = hashlib.sha256(content).hexdigest()
    if (told.get("device"), told.get("sha256")) != (signer.device, sha256):
        message = f"Expected picture {str(told.get('sha256'))[:80]!r} of {signer.device}, got {sha256}."
        raise InputError("evidence_altered", message)
    brought_whole(central, signer.device, sha256, content, str(told.get("media_type")))
    return sha256, signer.device
