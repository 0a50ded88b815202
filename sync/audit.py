"""The audit: one file and public keys prove offline that nothing was altered or left out, and say what is not proved.

The file is zstd over JSON lines. For each ledger of the box, those set aside as damaged first: the founding, the
certificate of the box's key, every row with its hash and its body as it was hashed, the box's signed head, which says
where it is damaged, and the receipts of every central. What a section proves:

1. the certificate is a pinned central's: this key is that box's; 2. every row's hash is that of its content and of the
row before, from the founding on: nothing altered, moved or left out in between; 3. the box signed the last hash; 4. a
pinned central has receipted a row of this very chain: up to there nothing was cut off afterwards; after it only the box
says so; 5. the ledger that the founding names as the one before is in the file, or the box has signed why not; the last
one is the one that the box was writing. Personal values are in it only where asked for, and are then held against
their commitments; erased ones leave the chain whole, and the rows that say so are counted.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zstandard

from edge.errors import LedgerError
from edge.inspection import Origin
from edge.storage.chain import Outgoing, commitment, is_training, root_hash
from edge.storage.database import write_durably
from edge.storage.outbox import Outbox
from sync.certificates import Certificate, verified_certificate
from sync.errors import AuditError, DocumentRefused
from sync.identity import public_key
from sync.protocol import AUDIT, RECEIPT, SCHEMA, key_id, signed, verified
from sync.push import OUTBOX, Chain, Signer, next_rows, remaining

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from edge.moment import Moment
    from sync.identity import Enrolment

_LONGEST_LINE = 64_000_000


@dataclass(frozen=True, slots=True)
class Receipted:
    """A pinned central's word: every row up to `seq` was there when it said so."""

    central: str  # key id
    seq: int
    received: str


@dataclass(frozen=True, slots=True)
class Proved:
    """What is proved of one ledger, and what is not."""

    ledger: str
    rows: int
    inspections: int
    receipts: tuple[Receipted, ...] = ()  # of pinned centrals, the one that reaches furthest first
    others: int = 0  # receipts of centrals that are not pinned: not judged
    values: int = 0  # personal values that were held against their commitments
    erased: int = 0  # commitments whose value a row says was erased
    absent: int = 0  # commitments whose value is not in the file, and no row says why
    pictures: int = 0  # that a row says were deleted
    damaged: str = ""  # of a ledger that was set aside: what the box found
    lacks: str = ""  # why the ledger before it is not in the file, in the box's words
    unnamed: str = ""  # the ledger before it in the file, when its founding does not say that it follows one
    training: bool = False  # of a practice bench

    def sentences(self) -> tuple[str, ...]:
        """What this says, in plain words."""
        rows = f"{self.rows} rows of {self.inspections} inspections"
        told = [f"ledger {self.ledger}: {rows}, none altered, none missing in between"]
        if self.training:
            told.insert(0, f"ledger {self.ledger} is of TRAINING on a practice bench: no row of it is real work")
        for receipt in self.receipts:
            rest = self.rows - receipt.seq
            if rest < 0:
                lost = f"rows {self.rows + 1} to {receipt.seq} cannot be read here and were there"
                told.append(f"{lost}: receipted by {receipt.central[:16]} at {receipt.received}, which has them")
                continue
            after = f"after it, of {rest} rows, nothing is known but what the box says" if rest else "no row follows it"
            who = f"receipted by {receipt.central[:16]} at {receipt.received}"
            told.append(f"none missing up to row {receipt.seq}, {who}; {after}")
        if not self.receipts and not self.training:
            told.append("no receipt of a pinned central: that none was cut off at the end is not proved")
        if self.others:
            told.append(f"{self.others} receipts are of centrals that were not named: not judged")
        if self.damaged:
            told.append(f"set aside as damaged: {self.damaged}; nothing is known of what followed row {self.rows}")
        if self.lacks:
            told.append(f"it follows a ledger that is not in this file, of which nothing is proved: {self.lacks}")
        if self.unnamed:
            told.append(f"it does not say that it follows ledger {self.unnamed}: ask why the box began anew")
        erased = f"{self.erased} erased by a row that says so, {self.absent} not in this file"
        deleted = f"{self.pictures} pictures deleted by rows that name them"
        told.append(f"{self.values} personal values as they were, {erased}; {deleted}")
        return tuple(told)


@dataclass(frozen=True, slots=True)
class Audited:
    """What a whole export proves: of each ledger, the oldest first."""

    device: str
    ledgers: tuple[Proved, ...]


def export_audit(
    state_dir: Path, out: Path, enrolment: Enrolment, signer: Signer, *, made: Moment, personal: bool = False
) -> int:
    """Write the audit of every ledger of the box into `out`; how many rows it has.

    Raises:
        LedgerError: the current ledger or the outbox cannot be read. OSError: `out` cannot be written.
    """
    compressed = io.BytesIO()
    receipts = Outbox(state_dir / OUTBOX).receipts()
    total, before = 0, ""
    files: dict[str, str] = {}  # the ledgers that are written, by the names of their files
    with zstandard.ZstdCompressor(level=9).stream_writer(compressed, closefd=False) as file:
        for chain in remaining(state_dir, ""):
            with closing(chain.reader):
                file.write(_line({"founding": chain.founding, "certificate": enrolment.certificate}))
                count, last, damage = 0, chain.hash_at(0), ""
                try:
                    while rows := next_rows(chain, count):
                        for row in rows:
                            file.write(_line({"row": _told(row, personal=personal)}))
                        count, last = rows[-1].seq, rows[-1].hash
                except LedgerError as error:
                    if chain.current:
                        raise
                    damage = error.message
                told = {"type": AUDIT, "schema": SCHEMA, "device": signer.device, "ledger": chain.ledger, "seq": count}
                told |= {"hash": last, "made": made.utc.isoformat(), "clock": str(made.trust)}
                told |= {"after": before, "lacks": _lacks(chain, state_dir, files), "damaged": damage}
                told |= {"current": chain.current}
                file.write(_line({"head": signed(told, signer.sign, signer.key).decode()}))
                for receipt in receipts.get(chain.ledger, ()):
                    file.write(_line({"receipt": receipt}))
                total += count
                before = files[chain.reader.path.name] = chain.ledger
    write_durably(out, compressed.getvalue(), mode=0o600)
    return total


def _lacks(chain: Chain, state_dir: Path, files: Mapping[str, str]) -> str:
    """Why the ledger that `chain` follows is not in the file; "" when it is, or when it follows none."""
    told = chain.founding.get("predecessor")
    file = Path(str(told.get("file"))).name if isinstance(told, dict) else ""
    if not file or file in files:
        return ""
    return f"{file} cannot be read" if (state_dir / file).exists() else f"{file} is not on the box any more"


def _told(row: Outgoing, *, personal: bool) -> dict[str, Any]:
    origin = row.origin
    told = {
        "seq": row.seq, "kind": row.kind, "inspection": row.inspection, "device": origin.device,
        "station": origin.station, "officer": origin.officer, "boot": origin.boot, "at": row.at, "clock": row.clock,
        "key": row.key, "body": row.body, "commitments": dict(row.commitments), "sightings": list(row.sightings),
        "hash": row.hash,
    }  # fmt: skip
    if personal and row.personal:
        told["personal"] = {name: [salt.hex(), value] for name, (salt, value) in row.personal.items()}
    return told


def _line(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def verify_audit(path: Path, *centrals: str) -> Audited:
    """What the export at `path` proves, for who trusts the centrals with these public keys (64 hex digits each).

    Raises:
        AuditError: audit_form, audit_certificate, audit_row, audit_chain, audit_head, audit_receipt, audit_value; the
            message names the row.
        DocumentRefused: document_form: one of `centrals` is no public key.
    """
    pinned = {key_id(key): key for key in map(public_key, centrals)}
    section: _Section | None = None
    proved: list[Proved] = []
    for line in _lines(path):
        if "founding" in line:
            proved += [section.proved(pinned)] if section else []
            section = _Section.begun(line, pinned, section)
        elif section is None:
            break
        else:
            section.take(line)
    if section is None:
        raise _wrong("audit_form", "a founding and a certificate first", "KeyError")
    last = section.proved(pinned, at_end=True)
    if not last.receipts and not last.training:  # no central takes practice, so none can have receipted it
        raise _wrong("audit_receipt", "a receipt of this central", "none")
    return Audited(section.device, (*proved, last))


@dataclass(slots=True)
class _Section:
    """One ledger of an export while it is read."""

    device: str
    key: Ed25519PublicKey
    ledger: str
    hashes: list[str]
    predecessor: Any = None  # as its founding tells
    training: bool = False  # likewise
    before: _Section | None = None
    inspections: set[str] = field(default_factory=set)
    head: str = ""
    receipts: list[str] = field(default_factory=list)
    damaged: str = ""
    values: int = 0
    pictures: int = 0
    missing: set[tuple[int, str]] = field(default_factory=set)
    erased: set[tuple[int, str]] = field(default_factory=set)

    @classmethod
    def begun(
        cls, line: Mapping[str, Any], pinned: Mapping[str, Ed25519PublicKey], before: _Section | None
    ) -> _Section:
        """The section that a founding begins; of the same box as the one before."""
        try:
            founding, certificate = dict(line["founding"]), str(line["certificate"])
            ledger, root = str(founding.get("ledger")), root_hash(founding)
        except (KeyError, TypeError, ValueError) as error:
            raise _wrong("audit_form", "a founding and a certificate first", f"{type(error).__name__}") from error
        box = _certified(certificate, pinned.values())
        device = box.device
        if before is not None and before.device != device:
            raise _wrong("audit_certificate", f"ledgers of {before.device} alone", f"one of {device}")
        if founding.get("device") != device:
            raise _wrong("audit_head", f"a ledger founded by {device}", f"one of {founding.get('device')!r}")
        if before is not None:
            before.before = None
        return cls(device, box.public, ledger, [root], founding.get("predecessor"), is_training(founding), before)

    def take(self, line: Mapping[str, Any]) -> None:
        """Take the next line."""
        if "row" in line:
            row = _row(line["row"], len(self.hashes), self.hashes[-1])
            self.hashes.append(row.hash)
            self.inspections.add(row.inspection)
            self.values += len(row.personal)
            self.missing |= {(row.seq, name) for name in row.commitments if name not in row.personal}
            if row.kind in {"erased", "deleted"}:
                self._gone(row)
        self.head = str(line.get("head", self.head))
        self.receipts += [str(line["receipt"])] if "receipt" in line else []

    def _gone(self, row: Outgoing) -> None:
        try:
            told = json.loads(row.body)
            self.erased |= {(seq, name) for seq in told.get("rows", ()) for name in told.get("names", ())}
            self.pictures += len(told.get("pictures", ()))
        except (ValueError, TypeError, AttributeError) as error:
            raise _wrong("audit_chain", f"row {row.seq} to say what has gone", type(error).__name__) from error

    def proved(self, pinned: Mapping[str, Ed25519PublicKey], *, at_end: bool = False) -> Proved:
        """What it proves, as it is whole; `at_end` it must be the ledger that the box was writing."""
        count = len(self.hashes) - 1
        head = _fits("audit_head", self.head, (AUDIT, self.key), self, whole=True)
        self.damaged = "" if at_end else str(head.get("damaged", ""))
        if at_end and not head.get("current", True):
            raise _wrong("audit_chain", f"a ledger after {self.ledger}, which was set aside", "none")
        self._require_before(str(head.get("after", "")), lacks := str(head.get("lacks", "")))
        found, others = [], 0
        for receipt in self.receipts:
            known = pinned.get(_signer(receipt))
            if known is None:
                others += 1
                continue
            told = _fits("audit_receipt", receipt, (RECEIPT, known), self, whole=False)
            found.append(Receipted(key_id(known), told["seq"], str(told["received"])))
        found.sort(key=lambda receipt: (-receipt.seq, receipt.central))
        erased = len(self.missing & self.erased)
        return Proved(
            self.ledger,
            count,
            len(self.inspections - {""}),
            tuple(found),
            others,
            values=self.values,
            erased=erased,
            absent=len(self.missing) - erased,
            pictures=self.pictures,
            damaged=self.damaged,
            lacks=lacks,
            unnamed=self.before.ledger if self.before is not None and self.predecessor is None else "",
            training=self.training,
        )

    def _require_before(self, after: str, lacks: str) -> None:
        """The ledger that was written before it is there, and is the one that its founding names."""
        before = self.before
        came = "none" if before is None else f"ledger {before.ledger}"
        if after != ("" if before is None else before.ledger):
            raise _wrong("audit_chain", f"ledger {after or 'none'} before ledger {self.ledger}", came)
        if self.predecessor is None or lacks:
            return
        try:
            file, named, last = (self.predecessor.get(name) for name in ("file", "ledger", "last"))
            seq, digest = (0, "") if last is None else (int(last["seq"]), last["hash"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _wrong("audit_chain", "a founding that names the ledger before", type(error).__name__) from error
        expected = f"{file} with row {seq} before ledger {self.ledger}"
        if before is None or named not in {None, "", before.ledger}:
            raise _wrong("audit_chain", expected, came)
        rows = len(before.hashes) - 1
        lost = bool(before.damaged) and seq > rows
        if digest and not lost and (not 0 <= seq <= rows or before.hashes[seq] != digest):
            raise _wrong("audit_chain", expected, f"{came}, whose rows end at {rows} or are others")


def _certified(certificate: str, pinned: Iterable[Ed25519PublicKey]) -> Certificate:
    """A certificate says for good whose the key was: also one that has ended since."""
    why = "no central was named"
    for key in pinned:
        try:
            return verified_certificate(certificate.encode(), key)
        except DocumentRefused as error:
            why = str(error)
    raise _wrong("audit_certificate", "a certificate of this central", why)


def _signer(receipt: str) -> str:
    try:
        return str(json.loads(receipt)["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise _wrong("audit_receipt", "a receipt", f"{type(error).__name__}") from error


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
        if told.get("hash", digest) != digest:
            raise _wrong("audit_row", f"row {seq} with hash {told['hash']}", f"content with {digest}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _wrong("audit_chain", f"row {seq}", f"{type(error).__name__}: {error}") from error
    return replace(row, hash=digest)


def _fits(
    code: str, document: str, signer: tuple[str, Ed25519PublicKey], section: _Section, *, whole: bool
) -> dict[str, Any]:
    """A signed document that names a row of this chain; with `whole` its last one."""
    kind, key = signer
    hashes = section.hashes
    what = "the box's signed head" if kind == AUDIT else "a receipt of this central"
    try:
        told = verified(document.encode(), kind, key)
    except DocumentRefused as error:
        raise _wrong(code, what, error.message if document else "none") from error
    seq = told.get("seq")
    fits = type(seq) is int and 0 <= seq < len(hashes) and hashes[seq] == told.get("hash")
    if kind == RECEIPT and section.damaged and type(seq) is int:
        fits = fits or seq >= len(hashes)  # of a row that cannot be read any more
    of_box = (told.get("device"), told.get("ledger")) == (section.device, section.ledger)
    if not fits or not of_box or (whole and seq != len(hashes) - 1):
        came = f"one for row {seq} with hash {told.get('hash')} (key {key_id(key)[:16]})"
        raise _wrong(code, f"{what} for this chain of {len(hashes) - 1} rows", came)
    return told


def _wrong(code: str, expected: str, came: str) -> AuditError:
    return AuditError(
        code, f"Expected {expected}, got {came[:300]}.", hint="Keep the file: it is not what the box wrote."
    )
