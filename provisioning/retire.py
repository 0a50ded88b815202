"""The end of a box: what is unsent goes out and is proved readable, then keys and files are erased, with a receipt.

1. Nobody else writes: the ledger's lock. 2. Everything that the central has not receipted is exported, onto a stick or
over the line. 3. It is proved: every ledger to its last row, every picture, and each file of the stick is read again
from the medium. 4. A first signed receipt says what is out and where the chains end; from here on the box is not used
any more (edge/storage/credentials.py, RETIRING). 5. Keys go first: with the storage key evidence and personal values
are lost whatever a disk still holds. Then the files. 6. The last receipt says what was erased; 7. the device key that
signed it goes.

Whatever ends it before step 4, nothing was erased; after it, the same command goes on where it ended. What cannot be
exported (an altered picture, a ledger that cannot be read to its end) stops it, unless the loss is accepted by hand;
then the receipt names it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import BoxError, LedgerError, RequestRefused
from edge.moment import Moment
from edge.storage.credentials import RETIRING, STATE, mark_of, sealed_at, secret_at
from edge.storage.database import fsync_directory, write_durably
from edge.storage.evidence import EvidenceStore
from edge.storage.keys import STORAGE_KEY
from edge.storage.ledger_file import ledgers
from edge.storage.ledger_reader import LedgerReader
from edge.storage.outbox import Outbox
from edge.storage.owned import rights_of_owner
from edge.storage.receipts import ENROLMENT_FILE, Receipts
from edge.storage.regular import regular
from provisioning.identity import AUTHORITY_KEY
from provisioning.sealing import erase
from sync.identity import KEY_FILE, Enrolment, kept_private_key
from sync.link import Link
from sync.protocol import RETIREMENT, SCHEMA, key_id, signed
from sync.push import OUTBOX, Signer
from sync.push_evidence import push_evidence
from sync.renewal import push_certified
from sync.usb import RETIREMENT as RETIREMENT_FILE
from sync.usb import export, folder_of, made_on_stick

_LAST = (KEY_FILE, f"{KEY_FILE}.sealed", ENROLMENT_FILE, RETIRING)  # needed to the end
LOCK = "ledger.lock"
_ROOM = "retirement.room"
_MORE_BYTES = 4_096
_MOST_BYTES = 64_000_000
_ALL = 10**12  # bytes: everything

Step = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Out:
    """What has left the box and is proved to be readable."""

    ends: Mapping[str, int]  # the last row of each ledger
    pictures: frozenset[str]
    acknowledged: str  # the ledger that the central has receipted rows of last; those before it are there
    unreadable: tuple[str, ...] = ()  # ledgers of which the rest cannot be read
    told: Mapping[str, Any] = field(default_factory=dict)  # for the receipt


class Way(Protocol):
    """A way out of the box: a stick, or the line to the central."""

    def bring(self, state_dir: Path, lacking: tuple[str, ...]) -> Out:
        """Bring out every row and the pictures that are `lacking`, and prove it.

        Raises:
            SekishoError, OSError: not everything is out; nothing may be erased.
        """
        ...

    def lay_down(self, receipt: bytes, *, last: bool) -> None:
        """Bring out a signed receipt; before the `last` one, make sure that there is room for that.

        Raises:
            SekishoError, OSError: it is not out.
        """
        ...


class Stick:
    """A directory on a medium that the technician takes along."""

    def __init__(self, directory: Path, enrolment: Enrolment, signer: Signer, now: Callable[[], Moment]) -> None:
        """Write into `directory`."""
        self._directory = directory
        self._enrolment = enrolment
        self._signer = signer
        self._now = now

    def bring(self, state_dir: Path, lacking: tuple[str, ...]) -> Out:
        """Export, then read every file again from the medium.

        Raises:
            BoxError: retire_unreadable. Others as `sync.usb.export`.
        """
        carried = export(state_dir, self._directory, self._enrolment, self._signer, self._now(), lacking)
        place = folder_of(self._directory, self._enrolment.device)
        for name, digest in carried.files.items():
            require_readable(place / name, digest)
        known = Outbox(state_dir / OUTBOX).acknowledged(self._enrolment.recipient)
        brought = frozenset(name[len("picture-") : -len(".sealed")] for name in carried.files if "picture-" in name)
        told = {"way": "stick", "rows": carried.rows, "files": dict(carried.files)}
        return Out(carried.ends, brought, known.ledger, told=told)

    def lay_down(self, receipt: bytes, *, last: bool) -> None:
        """Write it beside what was exported, and read it again. Room for the last one is taken with the first."""
        place = made_on_stick(self._directory, self._enrolment.device)
        if last:
            (place / _ROOM).unlink(missing_ok=True)
        else:
            write_durably(place / _ROOM, bytes(2 * len(receipt) + _MORE_BYTES))
        write_durably(place / RETIREMENT_FILE, receipt)
        require_readable(place / RETIREMENT_FILE, hashlib.sha256(receipt).hexdigest())


class Line:
    """The line to the central, which receipts each row and picture."""

    def __init__(self, link: Link, private: Ed25519PrivateKey, now: Callable[[], Moment]) -> None:
        """Send over `link`."""
        self._link = link
        self._private = private
        self._now = now

    def bring(self, state_dir: Path, lacking: tuple[str, ...]) -> Out:
        """Push rows and pictures; what is receipted is out."""
        sent = push_certified(state_dir, self._link, self._private, self._now)
        brought = push_evidence(state_dir, self._link, _ALL)
        known = Outbox(state_dir / OUTBOX).acknowledged(self._link.enrolment.recipient)
        receipts = Receipts(state_dir)
        told = {"way": "line", "rows": sent.rows, "pictures": brought.pictures}
        there = frozenset(name for name in lacking if receipts.held(name))
        return Out({known.ledger: known.seq}, there, known.ledger, sent.unreadable, told)

    def lay_down(self, receipt: bytes, *, last: bool) -> None:
        """Give it to the central, which answers with its own."""
        del last
        self._link.ask("POST", "/v1/retirements", receipt, {"Content-Type": "application/json"})


def retire(
    state_dir: Path, device: str, way: Way, now: Callable[[], Moment], *, accept_losses: bool = False, step: Step = str
) -> bytes:
    """Retire the box; the last receipt.

    Args:
        state_dir: everything in it is erased.
        device: the box's name.
        way: where what is unsent goes.
        now: the box's clock.
        accept_losses: erase although something cannot be exported; the receipt names it.
        step: is told each step before it is done.

    Raises:
        BoxError: retire_losses: something cannot be exported; retire_unreadable. LedgerError: ledger_locked: a bench
            writes. OSError: the stick is full, or gone. Nothing was erased then, unless it had begun before.
    """
    with _alone(state_dir):
        begun = _begun(state_dir)
        if begun is None:
            step("export")
            begun = _exported(state_dir, device, way, now(), accept_losses=accept_losses)
            private = kept_private_key(state_dir / KEY_FILE)
            step("first receipt")
            way.lay_down(_signed(begun, private), last=False)
            step("begin")
            write_durably(state_dir / RETIRING, json.dumps(begun).encode(), mode=0o600)
        _erase(state_dir, step)
        secret = secret_at(state_dir / KEY_FILE, erasing=True)
        receipt = b""
        if secret is not None:  # else the power went after the last receipt was out
            step("last receipt")
            private = Ed25519PrivateKey.from_private_bytes(secret)
            receipt = _signed(begun | {"erased": begun["contents"], "ended": now().utc.isoformat()}, private)
            way.lay_down(receipt, last=True)
        finish(state_dir, step)
    return receipt


def finish(state_dir: Path, step: Step = str) -> None:
    """What is left when the last receipt is out: the key that signed it, and the note that the box is being erased.

    Raises:
        OSError: it cannot be erased.
    """
    step("device key")
    _erase_key(state_dir / KEY_FILE)
    with rights_of_owner(state_dir):
        for name in (ENROLMENT_FILE, RETIRING, LOCK):
            step(name)
            (state_dir / name).unlink(missing_ok=True)
            fsync_directory(state_dir)


def _exported(state_dir: Path, device: str, way: Way, now: Moment, *, accept_losses: bool) -> dict[str, Any]:
    """What the receipt says of what is out.

    Raises:
        BoxError: retire_losses.
    """
    store, receipts = EvidenceStore(state_dir), Receipts(state_dir)
    lacking = tuple(name for name in store.names() if not receipts.held(name))
    out = way.bring(state_dir, lacking)
    chains, losses = _chains(state_dir, out)
    losses += [f"picture {name}" for name in lacking if name not in out.pictures]
    losses += [f"the end of ledger {name}" for name in out.unreadable]
    if losses and not accept_losses:
        more = f" and {len(losses) - 1} more" if len(losses) > 1 else ""
        message = f"Expected that everything leaves the box before it is erased, got no way out for {losses[0]}{more}."
        hint = "Nothing was erased. --accept-losses erases all the same, and the receipt names each of them."
        raise BoxError("retire_losses", message, hint=hint)
    return {
        "type": RETIREMENT,
        "schema": SCHEMA,
        "device": device,
        "ledgers": chains,
        "exported": dict(out.told),
        "pictures": len(out.pictures),
        "losses": losses,
        "began": now.utc.isoformat(),
        "clock": str(now.trust),
        "contents": sorted(path.name for path in state_dir.iterdir() if path.name not in {*_LAST, LOCK}),
        "erased": [],
    }


def _chains(state_dir: Path, out: Out) -> tuple[list[dict[str, Any]], list[str]]:
    """Where each ledger ends, and what of them is not out. Those before the acknowledged one were brought before."""
    chains, losses = list[dict[str, Any]](), list[str]()
    for path in ledgers(state_dir):
        try:
            with closing(LedgerReader(path)) as reader:
                head = reader.head()
        except LedgerError as error:
            chains.append({"file": path.name, "unreadable": error.message})
            losses.append(f"ledger {path.name}, which cannot be read")
            continue
        chains.append({"file": path.name, "ledger": head.ledger, "rows": head.seq, "hash": head.hash})
    names = [chain.get("ledger") for chain in chains]
    first = names.index(out.acknowledged) if out.acknowledged in names else 0
    for chain in chains[first:]:
        reached = out.ends.get(chain.get("ledger", ""), 0)
        if reached < chain.get("rows", 0):
            losses.append(f"rows {reached + 1} to {chain['rows']} of ledger {chain['file']}")
    return chains, losses


def require_readable(path: Path, digest: str) -> None:
    """Pass when a file reads as it was written, from the medium and not from memory.

    Raises:
        BoxError: retire_unreadable.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            came = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        came = f"{error.strerror}"
    if came != digest:
        message = f"{path}: expected a file with SHA-256 {digest[:16]} as it was written, got {came[:40]}."
        raise BoxError("retire_unreadable", message, hint="Nothing was erased. Take another stick.")


@contextlib.contextmanager
def _alone(state_dir: Path) -> Iterator[None]:
    """Hold the ledger's lock.

    Raises:
        LedgerError: ledger_locked.
    """
    with rights_of_owner(state_dir):
        descriptor = os.open(state_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        message = f"{state_dir}: expected a bench that has ended, got one that writes."
        raise LedgerError("ledger_locked", message, hint="systemctl disable --now sekisho.target") from error
    try:
        yield
    finally:
        os.close(descriptor)


def _begun(state_dir: Path) -> dict[str, Any] | None:
    try:
        with rights_of_owner(state_dir):
            return dict(json.loads(regular(state_dir / RETIRING, _MOST_BYTES)))
    except FileNotFoundError:
        return None


def _erase(state_dir: Path, step: Step) -> None:
    """Erase keys, then everything but what is needed to the end."""
    for name in (STORAGE_KEY, AUTHORITY_KEY):
        step(name)
        _erase_key(state_dir / name)
    with rights_of_owner(state_dir):
        for path in sorted(state_dir.iterdir()):
            if path.name in {*_LAST, LOCK}:
                continue
            step(path.name)
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        fsync_directory(state_dir)


def _erase_key(path: Path) -> None:
    """Erase a key where it lies: its file, its sealed copy, then the note.

    The sealed keys of this machine are those of `STATE`, whatever notes lie there; of another state directory, such as
    a rehearsal's, only what a note speaks of.
    """
    erase(path)
    if path.parent.absolute() == STATE or mark_of(path).exists():
        erase(sealed_at(path))
    with rights_of_owner(path.parent):
        mark_of(path).unlink(missing_ok=True)
        fsync_directory(path.parent)


def _signed(told: Mapping[str, Any], private: Ed25519PrivateKey) -> bytes:
    return signed(told, private.sign, key_id(private.public_key()))


def require_enrolled(enrolment: Enrolment | None, state_dir: Path) -> Enrolment:
    """The enrolment: without one there is nobody to export to.

    Raises:
        RequestRefused: request_enrolment; request_retired: nothing is left to retire.
    """
    if enrolment is None and not (state_dir.is_dir() and any(state_dir.iterdir())):
        message = (
            f"{state_dir}: expected a box to retire, got one that holds nothing: it is retired, or was never used."
        )
        raise RequestRefused("request_retired", message, hint="Its receipt lies with what was exported.")
    if enrolment is None:
        message = f"{state_dir}: expected a box that is enrolled with a central, got one that is not."
        hint = "Enrol it (by stick too): without a central nobody could read what is exported."
        raise RequestRefused("request_enrolment", message, hint=hint)
    return enrolment
