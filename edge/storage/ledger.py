"""The ledger, written: append-only, one writer thread, every answer only after its rows are durable.

Commits are grouped without a waiting window: the first writer commits at once, whoever arrives meanwhile rides the next
commit together. The chain and its hashes are in edge/storage/chain.py, all reads in edge/storage/ledger_reader.py.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from edge.errors import Conflict, EvidenceError, LedgerError, SekishoError
from edge.storage.chain import SALT_BYTES, Entry, Head, Json, Row, canonical, commitment, placed_hash
from edge.storage.database import Readers, is_damage, is_disk_full, one
from edge.storage.keys import seal
from edge.storage.ledger_file import LedgerFile
from edge.storage.ledger_reader import LedgerReader, damaged, personal_name, unreadable, utc_text
from edge.storage.ledger_schema import COLUMNS
from edge.storage.outbox import Outbox

if TYPE_CHECKING:
    from pathlib import Path

    from edge.inspection import Origin
    from edge.moment import Moment

__all__ = ["Entry", "Head", "Ledger", "LedgerState", "Row"]

_GROUP = 64  # jobs in one commit
_IDLE_S = 0.25  # quiet time before the WAL is copied into the database
_ROWS_BETWEEN = 1_000  # checkpoints, even when nothing is quiet: some 20 MB of WAL
_ROWS_BETWEEN_WHEN_FULL = 20  # the WAL takes several pages a row, the database the row alone
_TAIL = 200  # rows whose chain is checked on every start


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What the status page tells of the ledger."""

    rows: int
    unsent: int  # rows that a recipient has not acknowledged yet; all of them while there is no recipient
    reserve_used: bool  # the disk reserve is not in place: the disk is or was full
    set_aside: str = ""  # name of a damaged ledger that was replaced since the start, "" for none
    ledger: str = ""  # the id that it was founded with; sequences are of one ledger only


@dataclass(slots=True)
class _Prepared:
    """An entry with all that can be computed before the writer has it."""

    entry: Entry
    body: str
    at: str
    salts: dict[str, bytes]
    commitments: str  # JSON
    sightings: list[bytes]
    sightings_text: str  # JSON
    hash_at: Callable[[int, str], str]  # of its number and the hash before


@dataclass(slots=True)
class _Job:
    """Entries that become durable together, or not at all."""

    prepared: list[_Prepared]
    erased: tuple[tuple[int, str], ...] = ()  # personal values (row, name) to delete in the same commit
    future: Future[tuple[Row, ...]] = field(default_factory=Future)


class Ledger(LedgerReader):
    """The ledger of a box. Safe for threads; only one process may have it open for writing."""

    def __init__(self, path: Path, file: LedgerFile, place: str) -> None:
        """Use `Ledger.open`."""
        super().__init__(path)
        self._file = file
        self._place = place
        self._queue: queue.Queue[_Job | None] = queue.Queue()
        self._head: Head
        self._since_checkpoint = 0  # rows
        self._suspect = threading.Event()  # somebody has read what shows damage: the writer looks at the file
        self._closed = False
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)

    @classmethod
    def open(
        cls,
        path: Path,
        device: str,
        *,
        place: str = "",
        reserve_bytes: int = 0,
        on_trial: bool = False,
        training: bool = False,
    ) -> Ledger:
        """Open the ledger at `path`, or found it. `place` is noted with sightings; the rest: see `LedgerFile`.

        A damaged ledger is moved aside, never deleted, and a new one is founded on a note of it, so that the bench
        keeps serving; `state().set_aside` names it.

        Raises:
            LedgerError: ledger_wrong_file: a database of somebody else; ledger_newer_schema; ledger_training;
                ledger_locked: another process has it open; ledger_full, ledger_unreadable: it cannot be opened or made.
            EvidenceError: the storage key cannot be read.
        """
        file = LedgerFile(path, device, reserve_bytes, on_trial=on_trial, training=training)
        try:
            ledger = cls(path, file, place)
            ledger._check()
        except sqlite3.Error as error:
            file.close()
            raise unreadable(path, error) from error
        except BaseException:
            file.close()
            raise
        ledger._thread.start()
        return ledger

    # --- writing --------------------------------------------------

    def append(self, entries: Sequence[Entry]) -> tuple[Row, ...]:
        """Write entries together, and answer their rows when they are durable.

        An entry whose kind and key were written before with the same body answers the earlier row.

        Raises:
            Conflict: ledger_key_conflict: the key was used with another body; nothing is written.
            LedgerError: ledger_full, ledger_damaged, ledger_unreadable, ledger_closed; nothing is written.
            ValueError: a body that canonical JSON cannot carry.
        """
        return self.submit(entries).result()

    def submit(self, entries: Sequence[Entry]) -> Future[tuple[Row, ...]]:
        """As `append`, without waiting: the future is done when the rows are durable."""
        return self._enqueue(_Job([self._prepare(entry) for entry in entries]))

    def erase_personal(
        self,
        rows: Sequence[Row],
        *,
        origin: Origin,
        at: Moment,
        reason: str,
        names: Sequence[str] = (),
        why: Mapping[str, Json] = MappingProxyType({}),
    ) -> Row:
        """Erase personal values of `rows` (all of them, or those called `names`) and leave a row that says `why`.

        The chain stays whole: it holds commitments only, whose salts go too.

        Raises:
            LedgerError: as `append`.
        """
        gone = tuple((row.seq, name) for row in rows for name in row.entry.personal if not names or name in names)
        told = {"rows": sorted({seq for seq, _name in gone}), "names": sorted({name for _seq, name in gone})}
        inspections = {row.entry.inspection for row in rows}
        entry = Entry(
            kind="erased",
            inspection=inspections.pop() if len(inspections) == 1 else "",
            origin=origin,
            at=at,
            body={**why, **told, "reason": reason},
        )
        return self._enqueue(_Job([self._prepare(entry)], gone)).result()[0]

    def state(self) -> LedgerState:
        """What the status page tells of the ledger.

        Raises:
            LedgerError: outbox_damaged.
        """
        head = self._head
        sent = Outbox(self.path.with_name("outbox.json")).least(head.ledger)
        aside = self._file.set_aside.name if self._file.set_aside else ""
        return LedgerState(head.seq, head.seq - sent, not self._file.reserve_ready, aside, head.ledger)

    def _prepare(self, entry: Entry) -> _Prepared:
        body = canonical(dict(entry.body))
        at = utc_text(entry.at.utc)
        salts = {name: os.urandom(SALT_BYTES) for name in entry.personal}
        commitments = {name: commitment(salts[name], name, entry.personal[name]) for name in sorted(entry.personal)}
        sightings = [self.sighting_hash(key) for key in dict.fromkeys(entry.sightings)]
        named = [key.hex() for key in sightings]
        hash_at = placed_hash(
            kind=entry.kind,
            inspection=entry.inspection,
            origin=entry.origin,
            at=at,
            clock=str(entry.at.trust),
            key=entry.key,
            body_sha256=hashlib.sha256(body).hexdigest(),
            commitments=commitments,
            sightings=named,
        )
        return _Prepared(entry, body.decode(), at, salts, _json(commitments), sightings, _json(named), hash_at)

    def _enqueue(self, job: _Job) -> Future[tuple[Row, ...]]:
        with self._closing:
            if self._closed:
                raise LedgerError("ledger_closed", "Expected an open ledger, got one that is closed.")
            self._queue.put(job)
        return job.future

    def _run(self) -> None:
        """The writer: one group after the other until the ledger is closed."""
        while True:
            try:
                job = self._queue.get(timeout=_IDLE_S)
            except queue.Empty:
                self._rest()
                continue
            group = []
            while job is not None:
                group.append(job)
                if len(group) == _GROUP:
                    break
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
            if group:
                self._settle(group)
            if job is None:
                return

    def _settle(self, group: list[_Job]) -> None:
        group = [job for job in group if job.future.set_running_or_notify_cancel()]
        try:
            if self._suspect.is_set() and self._replaced_if_damaged() and any(job.erased for job in group):
                raise damaged(self.path, "damage in it")  # noqa: TRY301 - what to erase lies in the one set aside
            outcomes = self._write(group)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of any failure, or would wait for ever
            outcomes = [error] * len(group)
        for job, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Exception):
                job.future.set_exception(outcome)
            else:
                job.future.set_result(outcome)
        if any(job.erased for job in group):
            self._file.empty_wal()
        elif self._since_checkpoint > (_ROWS_BETWEEN if self._file.reserve_ready else _ROWS_BETWEEN_WHEN_FULL):
            self._checkpoint()

    def _write(self, group: list[_Job]) -> list[tuple[Row, ...] | Exception]:
        """One durable commit. A full disk frees the reserve and the WAL, a damaged file is replaced; then once more."""
        for last in (False, False, True):
            try:
                return self._commit(group)
            except sqlite3.Error as error:
                if not last and is_disk_full(error):
                    self._file.free_reserve()
                    self._file.empty_wal()
                    continue
                if not last and is_damage(error):
                    self._replace(str(error))
                    if not any(job.erased for job in group):  # what to erase lies in the ledger that was set aside
                        continue
                raise self._failed(error) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _commit(self, group: list[_Job]) -> list[tuple[Row, ...] | Exception]:
        connection, head = self._file.connection, self._head
        outcomes: list[tuple[Row, ...] | Exception] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in group:
                try:
                    earlier = self._earlier(job)
                    outcomes.append(self._insert(job, earlier))
                except SekishoError as error:  # a conflict of this job, found before it wrote anything
                    outcomes.append(error)
            connection.execute("COMMIT")
        except BaseException:
            self._head = head
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
            raise
        return outcomes

    def _earlier(self, job: _Job) -> list[Row | None]:
        """For each entry the row that its key already has, seen from inside the transaction."""
        rows: list[Row | None] = []
        keys = [(prepared.entry.kind, prepared.entry.key) for prepared in job.prepared if prepared.entry.key]
        if len(keys) != len(set(keys)):
            raise Conflict("ledger_key_conflict", f"Expected each key once in entries written together, got {keys!r}.")
        for prepared in job.prepared:
            entry = prepared.entry
            body = (
                one(
                    self._file.connection,
                    "SELECT body FROM entries WHERE key=? AND kind=? AND key<>''",
                    (entry.key, entry.kind),
                )
                if entry.key
                else None
            )
            if body is not None and body != prepared.body:
                raise Conflict(
                    "ledger_key_conflict",
                    f"{entry.key!r}: expected the same content as before under this idempotency key, got another.",
                    hint="Use a new key for something new; read the earlier answer with the old one.",
                )
            rows.append(self._written(entry) if body is not None else None)
        return rows

    def _written(self, entry: Entry) -> Row:
        sql = "SELECT seq, previous, hash FROM entries WHERE key=? AND kind=? AND key<>''"
        seq, previous, digest = self._file.connection.execute(sql, (entry.key, entry.kind)).fetchone()
        earlier = self.row(seq)  # None while it is of this very group: then it is the same as this entry
        return earlier or Row(seq, entry, previous, digest)

    def _insert(self, job: _Job, earlier: list[Row | None]) -> tuple[Row, ...]:
        rows = tuple(known or self._insert_one(prepared) for prepared, known in zip(job.prepared, earlier, strict=True))
        self._file.connection.executemany("DELETE FROM personal WHERE seq=? AND name=?", job.erased)
        return rows

    def _insert_one(self, prepared: _Prepared) -> Row:
        entry, connection = prepared.entry, self._file.connection
        seq, previous = self._head.seq + 1, self._head.hash
        digest = prepared.hash_at(seq, previous)
        origin = entry.origin
        connection.execute(
            f"INSERT INTO entries ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                *(seq, entry.kind, entry.inspection, origin.device, origin.station, origin.officer, origin.boot),
                *(prepared.at, str(entry.at.trust), entry.key, prepared.body, prepared.commitments),
                *(prepared.sightings_text, previous, digest),
            ),
        )
        for name, value in entry.personal.items():
            sealed = seal(self._personal_key, prepared.salts[name] + value.encode(), personal_name(seq, name))
            connection.execute("INSERT INTO personal (seq, name, sealed) VALUES (?, ?, ?)", (seq, name, sealed))
        connection.executemany(
            "INSERT OR IGNORE INTO sightings (key, inspection, seen, station, place, seq) VALUES (?, ?, ?, ?, ?, ?)",
            [(key, entry.inspection, prepared.at, origin.station, self._place, seq) for key in prepared.sightings],
        )
        self._head = Head(self._head.ledger, seq, digest)
        self._since_checkpoint += 1
        return Row(seq, entry, previous, digest)

    def _failed(self, error: sqlite3.Error) -> LedgerError:
        if is_disk_full(error):
            return LedgerError(
                "ledger_full",
                f"{self.path}: expected room for a result, got: {error}; the reserve is used up.",
                hint="Free space on the disk of the state directory: nothing can be recorded until then.",
            )
        return unreadable(self.path, error)

    # --- rest, replacement, end --------------------------------------------------

    def _rest(self) -> None:
        """What is done while nobody waits."""
        if self._suspect.is_set():
            self._replaced_if_damaged()
        if self._since_checkpoint:
            self._checkpoint()
        self._file.restore_reserve()

    def _checkpoint(self) -> None:
        self._file.checkpoint()
        self._since_checkpoint = 0

    def _check(self) -> None:
        """Look at what is there: structure, and the chain of the last rows. A damaged file is replaced.

        Raises:
            LedgerError, sqlite3.Error, OSError: it cannot be used, for another reason than damage.
        """
        try:
            self._file.check_structure()
            last = one(self._file.connection, "SELECT max(seq) FROM entries") or 0
            self._head = self._walk(max(0, last - _TAIL))
            self._file.index()
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            self._replace(str(error))
        except LedgerError as error:
            if error.code != "ledger_damaged":
                raise
            self._replace(error.message)

    def _noticed(self) -> None:
        self._suspect.set()

    def _replaced_if_damaged(self) -> bool:
        """Look at the file after a reader met damage, and replace it when it is damaged; whether it was replaced.

        A reader of its own looks: pages that the writer or another thread has cached may be older than the damage.
        """
        self._suspect.clear()
        try:
            with contextlib.closing(LedgerReader(self.path)) as fresh:
                fresh.look()
        except LedgerError as error:
            if error.code != "ledger_damaged":
                return False
            with contextlib.suppress(sqlite3.Error, OSError, LedgerError):  # the next write tells why
                self._replace(error.message)
                return True
        except EvidenceError:  # the storage key is gone: no question of this file
            pass
        return False

    def _replace(self, came: str) -> None:
        self._readers.close()
        self._file.replace(came)
        self._readers = Readers(self.path, immutable=False)
        self._head = self._walk(0)

    def close(self) -> None:
        """Write what was submitted, then close. Safe to call twice."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        super().close()
        self._file.close()


def _json(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"))
