"""Retention on the box: pictures and personal values go when their time has come AND the central has receipted them.

Judged by inspection, a few at a time: what the policy gives it counts from its last row. In this order, so that a crash
anywhere leaves the evidence on at least one side and the rows true:

1. the receipts are verified once more against the pinned central; 2. they are kept together in one file; 3. a row
"deleted" names every picture, the rule, the policy and that file; 4. the pictures go; 5. the index forgets them. A
crash after 3 is found by the next start, which finishes 4. A shared picture goes with the last inspection naming it.

What was referred or detained stays: when its case ends is known to the central alone.
A disk that runs full makes receipted pictures go before their time, the oldest first, and never one without a receipt;
when none is left to go, older registry editions, which are kept for a roll-back only. A result never goes.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from edge.errors import LedgerError
from edge.inspection import Decision, Origin, Outcome
from edge.journal import Plain
from edge.moment import ClockTrust, Moment
from edge.policy import Policy, RetentionPolicy
from edge.ports import Now
from edge.steps.record import ASSESSED, DISPOSED, LATE
from edge.storage.chain import Entry, Json, Row
from edge.storage.database import is_disk_full
from edge.storage.evidence import EvidenceStore
from edge.storage.evidence_index import INDEX, EvidenceIndex
from edge.storage.ledger import Ledger
from edge.storage.ledger_file import LEDGER, ledgers
from edge.storage.ledger_reader import LedgerReader
from edge.storage.outbox import Outbox
from edge.storage.receipts import PictureReceipt, Receipts

log = logging.getLogger(__name__)

DELETED, RETENTION = "deleted", "retention"
NO_FINDING, CHECKED, PERSONAL, SHED = "no_finding_h", "checked_days", "personal_days", "shed_below"
_AT_ONCE = 32  # inspections looked at in one piece
_ROWS = 200  # taken into the index in one piece
_LATER = timedelta(hours=6)  # until what has no receipt yet is looked at again
_CASE = timedelta(days=30)  # a case is looked at again when a row of it comes; this is for want of one


@dataclass(frozen=True, slots=True)
class Standing:
    """What an inspection is to retention."""

    case: bool  # referred or detained: stays
    finding: bool
    last: int  # its last row
    released: bool = False


@dataclass(frozen=True, slots=True)
class Going:
    """What is to go now: pictures by rule, and rows whose personal values go. `again`: when to look once more."""

    pictures: Mapping[str, Mapping[str, PictureReceipt]] = field(default_factory=dict)
    personal: tuple[Row, ...] = ()
    again: datetime | None = None  # None: nothing is left that could go

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.pictures or self.personal)

    def with_more(self, more: Going) -> Going:
        """This and more, as one."""
        rules = {**self.pictures, **more.pictures}
        together = {rule: {**self.pictures.get(rule, {}), **more.pictures.get(rule, {})} for rule in rules}
        again = min((when for when in (self.again, more.again) if when), default=None)
        return Going(together, self.personal + more.personal, again)


def standing_of(rows: Sequence[Row]) -> Standing:
    """What the rows of one inspection, in their order, make it to retention."""
    dispositions = [(row.seq, row.entry.body["disposition"]) for row in rows if row.entry.kind == DISPOSED]
    undone = {told.get("undoes") for _, told in dispositions}
    standing = [told["decision"] for seq, told in dispositions if told["decision"] is not None and seq not in undone]
    outcomes = [_outcome(row) for row in rows if row.entry.kind == ASSESSED]
    finding = outcomes[-1:] != [Outcome.NO_FINDING] or any(row.entry.kind == LATE for row in rows)
    case, released = standing[-1:] in ([Decision.REFER], [Decision.DETAIN]), standing[-1:] == [Decision.RELEASE]
    return Standing(case, finding, rows[-1].seq, released)


def _outcome(row: Row) -> str:
    return str(row.entry.body["assessment"].get("verdict", {}).get("outcome", ""))


class Due:
    """What may go, by inspection: the index of one box, its ledgers and its receipts, read. For one thread."""

    def __init__(self, state_dir: Path, ledger: LedgerReader, evidence: EvidenceStore, index: Path) -> None:
        """Judge by the rows of `ledger` and of those set aside; `index` is made from them where it is not yet.

        Raises:
            EvidenceError: evidence_index.
        """
        self.index = EvidenceIndex(index)
        self._state_dir = state_dir
        self._ledger = ledger
        self._evidence = evidence
        self._receipts = Receipts(state_dir)
        self._outbox = Outbox(state_dir / "outbox.json")
        self._aside: dict[Path, LedgerReader] = {}

    def close(self) -> None:
        """Close what it has open."""
        for reader in self._aside.values():
            reader.close()
        self.index.close()

    def take_in(self) -> bool:
        """Take the next rows into the index; whether there were any.

        Raises:
            LedgerError: the current ledger cannot be read.
        """
        for reader in self._readers():
            try:
                ledger = str(reader.founding()["ledger"])
                rows = reader.outbox(self.index.mark(ledger), _ROWS)
            except LedgerError:
                if reader is self._ledger:
                    raise
                continue  # set aside: what can be read of it was read
            if rows:
                self.index.take(ledger, rows)
                return True
        return False

    def _readers(self) -> list[LedgerReader]:
        aside = [path for path in ledgers(self._state_dir) if path.name != LEDGER]
        for path in aside:
            if path not in self._aside:
                self._aside[path] = LedgerReader(path)
        return [*(self._aside[path] for path in aside), self._ledger]

    def of(self, inspection: str, terms: RetentionPolicy, now: Moment, *, shed: bool = False) -> Going:
        """What of an inspection is to go now, and when it is to be looked at again.

        With `shed` its receipted pictures go before their time.

        Raises:
            LedgerError: outbox_damaged. EvidenceError: evidence_index.
        """
        try:
            parts = [(reader, rows) for reader in self._readers() if (rows := reader.inspection(inspection))]
            if not parts:
                return Going()
            standing = standing_of([row for _, rows in parts for row in rows])
            since = parts[-1][0].dated(standing.last)
        except (LedgerError, KeyError, TypeError):  # of a damaged ledger, or of another version: it stays
            return Going(again=now.utc + _CASE)
        if standing.case:
            return Going(again=now.utc + _CASE)
        if since is None:  # no clock has been believed since
            return Going(again=now.utc + _LATER)
        pictures = self._pictures(inspection, standing, since, terms, now=now, shed=shed)
        values = [row for row in parts[-1][1] if row.entry.personal] if parts[-1][0] is self._ledger else []
        return pictures.with_more(self._values(values, since + timedelta(days=terms.personal_days), now))

    def all(self, terms: RetentionPolicy, now: Moment) -> Going:
        """What is to go now of everything; nothing by a clock that is not believed.

        Raises: as `take_in` and `of`.
        """
        while self.take_in():
            pass
        going, after = Going(), ("", "")
        while now.trust is not ClockTrust.UNTRUSTED and (found := self.index.waiting(after, _AT_ONCE)):
            for _, inspection in found:
                going = going.with_more(self.of(inspection, terms, now))
            after = found[-1]
        return going

    def _pictures(
        self, inspection: str, standing: Standing, since: datetime, terms: RetentionPolicy, *, now: Moment, shed: bool
    ) -> Going:
        kept = [name for name in self.index.names(inspection) if self._evidence.holds(name)]
        own = [name for name in kept if self.index.namers(name) == (inspection,)]
        term = timedelta(days=terms.checked_days) if standing.finding else timedelta(hours=terms.no_finding_h)
        if not own:
            return Going()
        early = since + term > now.utc
        if early and not shed:
            return Going(again=since + term)
        receipts = [self._receipts.of(name) for name in own if not self._evidence.in_hand(name)]
        found = {receipt.sha256: receipt for receipt in receipts if receipt is not None}
        rule = SHED if early else CHECKED if standing.finding else NO_FINDING
        return Going({rule: found} if found else {}, again=now.utc + _LATER)

    def _values(self, rows: list[Row], until: datetime, now: Moment) -> Going:
        if not rows or until > now.utc:
            return Going(again=until if rows else None)
        return Going(personal=self.acknowledged(rows), again=now.utc + _LATER)

    def acknowledged(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Those of `rows`, which are of the current ledger, that every recipient has acknowledged.

        Raises:
            LedgerError: outbox_damaged.
        """
        receipted = self._outbox.least(self._ledger.head().ledger)
        return tuple(row for row in rows if row.seq <= receipted)


class Retention:
    """The retention of one box at work. For one thread."""

    def __init__(
        self,
        *,
        state_dir: Path,
        ledger: Ledger,
        evidence: EvidenceStore,
        policy: Callable[[], Policy],
        now: Now,
        origin: Callable[[str], Origin],
        free: Callable[[], float] | None = None,
        shed: Callable[[], str] = str,
    ) -> None:
        """`origin` is of a station, "" for the box; `free` is the share of the disk that is free.

        `shed` gives up one thing that may be had again, the oldest first; its name, "" when there is none.
        """
        self._state_dir = state_dir
        self._opened: Due | None = None  # by the first piece, as it takes its time
        self._ledger = ledger
        self._evidence = evidence
        self._receipts = Receipts(state_dir)
        self._policy = policy
        self._now = now
        self._origin = origin
        self._free = free or (lambda: _free(state_dir))
        self._shed = shed
        self._finished = False  # what the last row says has gone has gone
        self._shed_after = ("", "")

    def close(self) -> None:
        """Close what it has open."""
        if self._opened is not None:
            self._opened.close()

    @property
    def _due(self) -> Due:
        if self._opened is None:
            self._opened = Due(self._state_dir, self._ledger, self._evidence, self._state_dir / INDEX)
        return self._opened

    def rest(self) -> Going:
        """Let everything go that may go now, and answer what has gone.

        Raises: as `step`.
        """
        gone = Going()
        while (more := self.step()) is not None:
            gone = gone.with_more(more)
        return gone

    def piece(self) -> bool:
        """Do one piece of what is to be done; whether there may be more.

        Raises: as `step`.
        """
        return self.step() is not None

    def step(self) -> Going | None:
        """Do one piece of what is to be done and answer what has gone; None when nothing is to be done.

        By a clock that is not believed no picture and no value goes.

        Raises:
            LedgerError: the ledger or the outbox cannot be read or written.
            EvidenceError: evidence_unwritable, evidence_index. ShelfError: an edition cannot be given up.
            OSError: receipts cannot be kept together.
        """
        now, policy, index = self._now(), self._policy(), self._due.index
        if now.trust is ClockTrust.UNTRUSTED:
            return self._edition_shed(policy)
        if self._due.take_in():
            return Going()
        if not self._finished:
            self._finish()
        index.judge_by(policy.retention.model_dump_json())
        due = index.due(now.utc, _AT_ONCE)
        going = self._of_due(due, policy, now) if due else self._to_shed(policy, now)
        for rule, pictures in going.pictures.items():
            term = getattr(policy.retention, rule)
            self.delete(pictures, {"reason": RETENTION, "rule": rule, "term": term, "policy": policy.title}, now)
        if going.personal:
            why = {"rule": PERSONAL, "term": policy.retention.personal_days, "policy": policy.title}
            self._ledger.erase_personal(going.personal, origin=self._origin(""), at=now, reason=RETENTION, why=why)
        if due or going:
            return going
        return self._edition_shed(policy) if self._shed_after == ("", "") else None

    def _of_due(self, due: Iterable[str], policy: Policy, now: Moment) -> Going:
        """What goes of inspections whose time has come; those of which nothing does are looked at later."""
        going = Going()
        for inspection in due:
            found = self._due.of(inspection, policy.retention, now)
            if found:
                going = going.with_more(found)  # it is looked at once more when that is gone
            elif found.again is None:
                self._due.index.settled(inspection)
            else:
                self._due.index.put_off(inspection, found.again)
        return going

    def _edition_shed(self, policy: Policy) -> Going | None:
        """On a disk that runs full still, give up an older edition; None when there is room or nothing to give up."""
        if self._free() >= policy.retention.shed_below or not (name := self._shed()):
            return None
        log.warning("The disk runs full: the older edition %s was given up.", Plain(name))
        return Going()

    def _to_shed(self, policy: Policy, now: Moment) -> Going:
        """On a disk that runs full, receipted pictures whose time has not come, those first whose time comes first."""
        going = Going()
        found = (
            self._due.index.waiting(self._shed_after, _AT_ONCE) if self._free() < policy.retention.shed_below else ()
        )
        for _, inspection in found:
            going = going.with_more(self._due.of(inspection, policy.retention, now, shed=True))
        self._shed_after = found[-1] if found else ("", "")
        return going

    def delete(self, pictures: Mapping[str, PictureReceipt], why: Mapping[str, Json], now: Moment) -> Row:
        """Delete receipted pictures: first the row that says so and `why`, then the files.

        Raises:
            LedgerError, EvidenceError, OSError: see `piece`. What a row names is gone after the next piece.
        """
        try:
            archive = self._receipts.archive(list(pictures.values()))
        except OSError as error:
            if not is_disk_full(error):
                raise
            archive = ""  # the receipts stay where they are
        newest = max(pictures.values(), key=lambda receipt: receipt.received)
        body = {
            **why,
            "receipts": {"central": newest.central, "received": newest.received, "archive": archive},
            "pictures": [[name, receipt.size] for name, receipt in sorted(pictures.items())],
        }
        self._finished = False
        (row,) = self._ledger.append([Entry(DELETED, "", self._origin(""), now, body)])
        self._finish()
        return row

    def let_go(self, names: Iterable[str], rows: Sequence[Row], why: Mapping[str, Json], now: Moment) -> int:
        """Let go receipted pictures and values of acknowledged rows, whatever their time; how many are left.

        Raises:
            LedgerError, EvidenceError, OSError: see `step`.
        """
        while self._due.take_in():
            pass
        kept = [name for name in sorted(names) if self._evidence.holds(name)]
        found = {receipt.sha256: receipt for name in kept if (receipt := self._receipts.of(name)) is not None}
        if found:
            self.delete(found, why, now)
        values = [row for row in rows if row.entry.personal]
        acknowledged = self._due.acknowledged(values)
        if acknowledged:
            told = {name: value for name, value in why.items() if name != "reason"}
            self._ledger.erase_personal(
                acknowledged, origin=self._origin(""), at=now, reason=str(why["reason"]), why=told
            )
        return sum(map(self._evidence.holds, kept)) + len(values) - len(acknowledged)

    def _finish(self) -> None:
        """See to it that what the last row "deleted" names is gone, but for what was kept again since."""
        ledger, index = self._ledger.head().ledger, self._due.index
        for row in self._ledger.recent(1, kinds=(DELETED,)):
            names = [name for name, _ in row.entry.body["pictures"]]
            gone = [name for name in names if not index.is_named_after(name, ledger, row.seq)]
            for name in gone:
                self._evidence.retire(name)
                if row.entry.body["receipts"]["archive"] and not self._evidence.holds(name):
                    self._receipts.drop(name)
            index.gone(gone)
        self._finished = True


def _free(state_dir: Path) -> float:
    disk = os.statvfs(state_dir)
    return disk.f_bavail / disk.f_blocks if disk.f_blocks else 0.0
