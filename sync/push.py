"""Results up: batches of the ledger to the central, in order, until nothing is left; receipts into the outbox.

The ledger is only read. A receipt is believed when the pinned central signed it AND its hash is the hash of the box's
own row: a central that claims what it was never sent is caught. Ledgers that were set aside go first, oldest first, as
far as their chain still holds. A lost outbox asks the central where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import LedgerError
from edge.moment import Moment
from edge.storage.chain import Head, Outgoing, is_training, root_hash
from edge.storage.ledger_file import LEDGER, ledgers
from edge.storage.ledger_reader import LedgerReader, damaged
from edge.storage.outbox import Acknowledged, Outbox
from sync.errors import DocumentRefused
from sync.protocol import ROWS, Receipt, Sign, make_batch, verified_receipt

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.identity import Enrolment
    from sync.link import Link

OUTBOX = "outbox.json"
_MOST_BACK = 1  # times in one run that a central may have lost rows: a backup was put back in the middle of it
_BODIES = 8_000_000  # characters of bodies in one batch; a single larger row travels alone


@dataclass(frozen=True, slots=True)
class Pushed:
    """What one run has sent. `again` counts rows that the central had acknowledged before and has lost."""

    batches: int = 0
    rows: int = 0
    again: int = 0
    unreadable: tuple[str, ...] = ()  # ledgers set aside of which the rest cannot be sent


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs batches."""

    device: str
    sign: Sign
    key: str  # key id


def push(state_dir: Path, link: Link, signer: Signer, now: Callable[[], Moment]) -> Pushed:
    """Send every row that the central lacks. It ends early only by raising; what was receipted stays so.

    Raises:
        CentralUnreachable, CentralRefused: see sync/link.py. batch_equivocation means that two boxes use this key.
        DocumentRefused: a receipt that is not true; nothing is acknowledged by it.
        LedgerError: the current ledger is damaged or of practice, or the outbox cannot be read.
    """
    outbox = Outbox(state_dir / OUTBOX)
    sent = Pushed()
    for chain in remaining(state_dir, outbox.acknowledged(link.enrolment.recipient).ledger):
        with closing(chain.reader):
            try:
                sent = _push_one(chain, link, signer, outbox, now=now, sent=sent)
            except LedgerError:
                if chain.current:
                    raise
                sent = replace(sent, unreadable=(*sent.unreadable, chain.reader.path.name))
    return sent


@dataclass(frozen=True, slots=True)
class Chain:
    """One ledger to be sent from."""

    reader: LedgerReader
    founding: dict[str, object]
    current: bool

    @property
    def ledger(self) -> str:
        """Its id."""
        return str(self.founding["ledger"])

    def hash_at(self, seq: int) -> str:
        """The hash of the box's own row, or of the founding for 0; "" when there is no such row."""
        if seq == 0:
            return root_hash(self.founding)
        row = self.reader.row(seq)
        return "" if row is None else row.hash


def remaining(state_dir: Path, last: str) -> Iterator[Chain]:
    """The ledgers from the one with the id `last` on; all of them when it is not there (any more).

    Raises:
        LedgerError: the current one is damaged. One set aside that cannot be read at all is passed over.
    """
    chains = []
    for path in ledgers(state_dir):
        reader = LedgerReader(path)
        try:
            chains.append(Chain(reader, reader.founding(), path.name == LEDGER))
        except LedgerError:
            reader.close()
            if path.name == LEDGER:
                raise
    ids = [chain.ledger for chain in chains]
    first = ids.index(last) if last in ids else 0
    for chain in chains[:first]:
        chain.reader.close()
    yield from chains[first:]


def next_rows(chain: Chain, after: int) -> tuple[Outgoing, ...]:
    """The rows of the next batch, whole: each has the hash that its content has, and follows the one before.

    Raises:
        LedgerError: ledger_damaged: the very next row is not whole.
    """
    read = chain.reader.outgoing(after, ROWS)
    previous = chain.hash_at(after)
    rows: list[Outgoing] = []
    size = 0
    for row in read:
        if (row.seq, row.previous) != (after + len(rows) + 1, previous) or row.computed() != row.hash:
            if not rows:
                raise damaged(chain.reader.path, f"row {row.seq} that does not follow row {after}")
            break
        size += len(row.body)
        if rows and size > _BODIES:
            break
        rows.append(row)
        previous = row.hash
    return tuple(rows)


def batch_of(chain: Chain, rows: Sequence[Outgoing], signer: Signer, made: Moment) -> bytes:
    """The signed batch of `rows`.

    Raises:
        LedgerError: ledger_training: practice is never sent.
    """
    if is_training(chain.founding):
        raise LedgerError(
            "ledger_training",
            f"{chain.reader.path}: expected a ledger of real work, got one of practice, which is never sent.",
            hint="Enrol the real bench, and let practice have a state directory of its own.",
        )
    end = chain.reader.head()
    if end.seq < rows[-1].seq:  # of a damaged ledger: its index may know less than its table
        end = Head(end.ledger, rows[-1].seq, rows[-1].hash)
    return make_batch(signer.device, chain.founding, rows, end=end, made=made, sign=signer.sign, key=signer.key)


def take_receipt(data: bytes, enrolment: Enrolment, chain: Chain, outbox: Outbox) -> Receipt:
    """Believe a receipt, or not, and note what it acknowledges. One that says less than was confirmed notes nothing.

    Raises:
        DocumentRefused: document_signature, receipt_other; receipt_false: the box's own row has another hash.
        LedgerError, OSError: the outbox cannot be read or written.
    """
    receipt = verified_receipt(data, enrolment.central, enrolment.device, chain.ledger)
    if receipt.seq == 0 and receipt.hash in {"", chain.hash_at(0)}:
        return receipt
    own = chain.hash_at(receipt.seq)
    if receipt.hash != own:
        raise DocumentRefused(
            "receipt_false",
            f"Expected a receipt for row {receipt.seq} with hash {own or 'of no row'}, got one with {receipt.hash!r}.",
            hint="Nothing is acknowledged by it. The central has other rows under this box's name: tell its operator.",
        )
    before = outbox.acknowledged(enrolment.recipient)
    if before.ledger != chain.ledger or before.seq < receipt.seq:
        outbox.acknowledge(enrolment.recipient, Acknowledged(chain.ledger, receipt.seq, data.decode()))
    return receipt


def _push_one(
    chain: Chain, link: Link, signer: Signer, outbox: Outbox, *, now: Callable[[], Moment], sent: Pushed
) -> Pushed:
    known = outbox.acknowledged(link.enrolment.recipient)
    after = known.seq if known.ledger == chain.ledger else 0
    if after == 0:
        after = _standing(chain, link, outbox)
    stood = back = 0
    while rows := next_rows(chain, after):
        data = batch_of(chain, rows, signer, now())
        headers = {"Content-Type": "application/octet-stream"}
        receipt = take_receipt(link.ask("POST", "/v1/batches", data, headers).data, link.enrolment, chain, outbox)
        took = max(0, receipt.seq - after)
        sent = replace(
            sent, batches=sent.batches + 1, rows=sent.rows + took, again=sent.again + max(0, after - receipt.seq)
        )
        back += receipt.seq < after
        if back > _MOST_BACK:
            raise DocumentRefused(
                "receipt_back",
                f"Expected a receipt that goes on from row {after}, got row {receipt.seq}: it went back {back} times.",
                hint="The central loses what it has receipted, again and again: tell its operator.",
            )
        stood = 0 if took else stood + 1
        if stood > 1:
            raise DocumentRefused(
                "receipt_standing",
                f"Expected a receipt that goes on from row {after}, got row {receipt.seq} twice.",
                hint="The central takes nothing: tell its operator.",
            )
        after = receipt.seq
    return sent


def _standing(chain: Chain, link: Link, outbox: Outbox) -> int:
    """Where the central says that it stands; 0 when that is not true of this box.

    The rows are sent then all the same: a central that has others under this name sees both, and keeps them as proof.
    """
    asked = link.ask("GET", f"/v1/ledgers/{chain.ledger}").data
    try:
        return take_receipt(asked, link.enrolment, chain, outbox).seq
    except DocumentRefused as error:
        if error.code != "receipt_false":
            raise
        return 0
