"""The ledger, read: by the bench beside its writer, and by other processes (sync, doctor) without one."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from edge.errors import LedgerError
from edge.inspection import Origin
from edge.lookup import Sighting
from edge.moment import ClockTrust, Moment
from edge.releases import version
from edge.storage.chain import SALT_BYTES, Entry, Head, Json, Outgoing, Row, canonical, commitment, root_hash, row_hash
from edge.storage.database import FileState, Kind, Readers, Recognised, is_damage, recognise
from edge.storage.keys import KEY_BYTES, derived, kept_key, storage_key, unseal
from edge.storage.ledger_schema import COLUMNS, SCHEMA
from edge.storage.personal import own_numbers

if TYPE_CHECKING:
    from pathlib import Path

_VERIFIED_AT_ONCE = 500


class LedgerReader:
    """Reads of one ledger, from any thread. Every method raises LedgerError("ledger_damaged")."""

    def __init__(self, path: Path, *, key: bytes | None = None, immutable: bool = False) -> None:
        """Read the ledger at `path`; nothing is opened before the first question.

        `key` is used instead of the storage key beside the ledger, which is otherwise made when there is none.
        `immutable` says that nobody writes meanwhile: then nothing at all is made beside the ledger.

        Raises:
            EvidenceError: the storage key beside it cannot be read.
        """
        self.path = path
        key = storage_key(path.parent) if key is None else key
        self._personal_key = derived(key, "personal")
        self._sighting_key = derived(key, "sightings")
        self._readers = Readers(path, immutable=immutable)

    def close(self) -> None:
        """Close every thread's connection. Safe to call twice."""
        self._readers.close()

    def _all(self, sql: str, arguments: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._readers.get().execute(sql, arguments).fetchall()
        except sqlite3.Error as error:
            if is_damage(error):
                self._noticed()
            raise unreadable(self.path, error) from error

    def select(self, sql: str, arguments: Sequence[Any]) -> list[Any]:
        """What a query of another room of storage finds. SQL stays there."""
        return self._all(sql, arguments)

    def _noticed(self) -> None:
        """Called in the reading thread when what was read shows damage. A writer looks at its file then."""

    def look(self) -> None:
        """Look at the whole file: SQLite's own check of its structure, then the chain.

        Raises:
            LedgerError: ledger_damaged.
        """
        said = self._all("PRAGMA quick_check(1)")[0][0]
        if said != "ok":
            raise damaged(self.path, str(said))
        self.verify()

    def founding(self) -> dict[str, Json]:
        """What the ledger was founded with: its id, device, schema, and the ledger it replaces if one was set aside."""
        found = self._all("SELECT body FROM founding")
        if len(found) != 1:
            raise damaged(self.path, f"{len(found)} foundings")
        try:
            body: dict[str, Json] = json.loads(found[0][0])
            body["ledger"]
        except (ValueError, TypeError, KeyError) as error:
            raise damaged(self.path, "a founding that cannot be read") from error
        return body

    def head(self) -> Head:
        """The end of the chain."""
        founding = self.founding()
        for seq, digest in self._all("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1"):
            return Head(founding["ledger"], seq, digest)
        return Head(founding["ledger"], 0, root_hash(founding))

    # --- rows --------------------------------------------------

    def inspection(self, inspection: str) -> tuple[Row, ...]:
        """All rows of one inspection in their order; empty when there is none."""
        return self._rows("WHERE inspection=? AND inspection<>'' ORDER BY seq", (inspection,))

    def row(self, seq: int) -> Row | None:
        """One row by its sequence number."""
        found = self._rows("WHERE seq=?", (seq,))
        return found[0] if found else None

    def dated(self, seq: int) -> datetime | None:
        """A time by which row `seq` had been written: its own, or of the first row after it whose clock is believed."""
        sql = "SELECT at FROM entries WHERE seq>=? AND clock<>? ORDER BY seq LIMIT 1"
        for (at,) in self._all(sql, (seq, str(ClockTrust.UNTRUSTED))):
            return datetime.fromisoformat(at).astimezone(UTC)
        return None

    def by_key(self, kind: str, key: str) -> Row | None:
        """The row that was written under an idempotency key."""
        found = self._rows("WHERE key=? AND kind=? AND key<>''", (key, kind))
        return found[0] if found else None

    def recent(
        self, limit: int, before: int | None = None, kinds: Sequence[str] = (), station: str = ""
    ) -> tuple[Row, ...]:
        """The newest rows, newest first, optionally before a sequence number, of some kinds, of one station."""
        wanted = ["seq<?"]
        arguments: list[Any] = [before if before is not None else 2**62]
        if station:
            wanted.append("station=?")
            arguments.append(station)
        if len(kinds) == 1:  # so that the index gives the order
            wanted.append("kind=?")
            arguments.append(kinds[0])
        elif kinds:
            wanted.append("kind IN (SELECT value FROM json_each(?))")
            arguments.append(json.dumps(list(kinds)))
        return self._rows(f"WHERE {' AND '.join(wanted)} ORDER BY seq DESC LIMIT ?", [*arguments, limit])

    def outbox(self, after: int, limit: int) -> tuple[Row, ...]:
        """The rows that follow `after`, oldest first: what a recipient that has acknowledged `after` still lacks."""
        return self._rows("WHERE seq>? ORDER BY seq LIMIT ?", (after, limit))

    def outgoing(self, after: int, limit: int) -> tuple[Outgoing, ...]:
        """As `outbox`, with all that the rows' hashes cover. The hashes are not computed again: who receives does."""
        found = self._all(f"SELECT {COLUMNS} FROM entries WHERE seq>? ORDER BY seq LIMIT ?", (after, limit))  # noqa: S608
        personal: dict[int, dict[str, tuple[bytes, str]]] = {}
        if found:
            sql = "SELECT seq, name, sealed FROM personal WHERE seq BETWEEN ? AND ? ORDER BY seq, name"
            for seq, name, sealed in self._all(sql, (found[0][0], found[-1][0])):
                if (opened := self._opened(seq, name, sealed)) is not None:
                    personal.setdefault(seq, {})[name] = opened
        return tuple(self._outgoing(row, personal.get(row[0], {})) for row in found)

    def _outgoing(self, row: Any, personal: dict[str, tuple[bytes, str]]) -> Outgoing:  # noqa: ANN401 - see _row
        seq, kind, inspection, device, station, officer, boot, at, clock, key, body, commitments, sightings = row[:13]
        try:
            told, seen = json.loads(commitments), json.loads(sightings)
        except (ValueError, TypeError) as error:
            self._noticed()
            raise damaged(self.path, f"row {seq} that cannot be read") from error
        origin = Origin(device=device, station=station, officer=officer, boot=boot)
        return Outgoing(seq, kind, inspection, origin, at, clock, key, body, told, seen, personal, *row[13:])

    def _rows(self, where: str, arguments: Sequence[Any]) -> tuple[Row, ...]:
        found = self._all(f"SELECT {COLUMNS} FROM entries {where}", arguments)  # noqa: S608 - texts of our own
        return tuple(self._row(row) for row in found)

    def _row(self, row: Any) -> Row:  # noqa: ANN401 - SQLite rows are untyped
        seq, kind, inspection, device, station, officer, boot, at, clock, key, body, commitments, _sightings = row[:13]
        try:
            entry = Entry(
                kind=kind,
                inspection=inspection,
                origin=Origin(device=device, station=station, officer=officer, boot=boot),
                at=Moment(datetime.fromisoformat(at).astimezone(UTC), ClockTrust(clock)),
                body=json.loads(body),
                personal=self._personal(seq) if commitments != "{}" else {},
                key=key,
            )
        except (ValueError, TypeError) as error:  # a cell of another type, or no JSON
            self._noticed()
            raise damaged(self.path, f"row {seq} that cannot be read") from error
        return Row(seq, entry, previous=row[13], hash=row[14])

    def _personal(self, seq: int) -> dict[str, str]:
        return {
            name: opened[1]
            for name, sealed in self._all("SELECT name, sealed FROM personal WHERE seq=? ORDER BY name", (seq,))
            if (opened := self._opened(seq, name, sealed)) is not None
        }

    def _opened(self, seq: int, name: str, sealed: bytes) -> tuple[bytes, str] | None:
        opened = unseal(self._personal_key, sealed, personal_name(seq, name))
        return None if opened is None else (opened[:SALT_BYTES], opened[SALT_BYTES:].decode())

    # --- sightings --------------------------------------------------

    def sighting_hash(self, key: str) -> bytes:
        """The keyed hash under which a sighting is kept."""
        return blake2b(key.encode(), key=self._sighting_key, digest_size=16).digest()

    def sightings(self, keys: Sequence[str], since: datetime, excluding: str = "") -> tuple[Sighting, ...]:
        """Earlier inspections that saw one of `keys` at or after `since`, oldest first, each once.

        `excluding` leaves one inspection out: the one that asks. Its parcel is told by every number of its own that
        was read, whose label may have come after its goods; none once they are erased.
        """
        found: dict[str, Sighting] = {}
        for key in keys:
            for inspection, seen, station, place in self._all(
                "SELECT inspection, seen, station, place FROM sightings WHERE key=? AND seen>=? AND inspection<>?",
                (self.sighting_hash(key), utc_text(since), excluding),
            ):
                if inspection not in found:
                    when = datetime.fromisoformat(seen).astimezone(UTC)
                    found[inspection] = Sighting(inspection, station, place, when, *self._own_numbers(inspection))
        return tuple(sorted(found.values(), key=lambda sighting: sighting.seen))

    def parcel(self, inspection: str) -> str:
        """The parcel number of an inspection that was read last; "" for none, or once it is erased."""
        for seq, sealed in self._all(
            "SELECT p.seq, p.sealed FROM entries AS e CROSS JOIN personal AS p ON p.seq=e.seq AND p.name='parcel'"
            " WHERE e.inspection=? AND e.inspection<>'' ORDER BY p.seq DESC LIMIT 1",
            (inspection,),
        ):
            opened = self._opened(seq, "parcel", sealed)
            return "" if opened is None else opened[1]
        return ""

    def _own_numbers(self, inspection: str) -> tuple[str, tuple[str, ...]]:
        """The parcel number of an inspection, and the others of the same parcel; "" and () for none."""
        told: dict[str, None] = {}
        named = False
        for seq, name, sealed in self._all(
            "SELECT p.seq, p.name, p.sealed FROM entries AS e CROSS JOIN personal AS p ON p.seq=e.seq"
            " AND p.name IN ('identity.parcel_numbers', 'identity.sscc')"
            " WHERE e.inspection=? AND e.inspection<>'' ORDER BY p.seq DESC, p.name",
            (inspection,),
        ):
            opened = self._opened(seq, name, sealed)
            if opened is not None:
                named = True
                told |= dict.fromkeys(own_numbers(opened[1]))
        if not named:
            return self.parcel(inspection), ()
        numbers = tuple(told)
        return (numbers[0], numbers[1:]) if numbers else ("", ())

    # --- the chain --------------------------------------------------

    def verify(self) -> int:
        """Walk the whole chain and answer how many rows it has.

        Checks sequence, previous hash, body, commitments of what is not erased, and each row's own hash.

        Raises:
            LedgerError: ledger_damaged, naming the first row that does not fit.
        """
        return self._walk(0).seq

    def _walk(self, after: int) -> Head:
        """Check the chain from the row after `after` to its end; the head that was reached."""
        founding = self.founding()
        head = Head(founding["ledger"], 0, root_hash(founding))
        if after:
            found = self._all("SELECT hash FROM entries WHERE seq=?", (after,))
            if not found:
                raise damaged(self.path, f"no row {after}")
            head = Head(head.ledger, after, found[0][0])
        while rows := self._all(
            f"SELECT {COLUMNS} FROM entries WHERE seq>? ORDER BY seq LIMIT ?",  # noqa: S608 - texts of our own
            (head.seq, _VERIFIED_AT_ONCE),
        ):
            for row in rows:
                head = Head(head.ledger, head.seq + 1, self._verified(row, head))
        return head

    def _verified(self, row: Any, head: Head) -> str:  # noqa: ANN401 - SQLite rows are untyped
        seq, kind, inspection, device, station, officer, boot, at, clock, key, body, commitments, sightings = row[:13]
        previous, digest = row[13:]
        if seq != head.seq + 1:
            raise damaged(self.path, f"row {seq} after row {head.seq}")
        if previous != head.hash:
            raise damaged(self.path, f"row {seq} that follows {previous}, after {head.hash}")
        try:
            told: dict[str, str] = json.loads(commitments)
            computed = row_hash(
                seq=seq,
                kind=kind,
                inspection=inspection,
                origin=Origin(device=device, station=station, officer=officer, boot=boot),
                at=at,
                clock=clock,
                key=key,
                body_sha256=hashlib.sha256(body.encode()).hexdigest(),
                commitments=told,
                sightings=json.loads(sightings),
                previous=previous,
            )
        except (ValueError, TypeError, AttributeError) as error:  # a cell of another type, or no JSON
            raise damaged(self.path, f"row {seq} that cannot be read") from error
        if computed != digest:
            raise damaged(self.path, f"row {seq} with hash {digest}, whose content has {computed}")
        for name, sealed in self._all("SELECT name, sealed FROM personal WHERE seq=?", (seq,)):
            opened = self._opened(seq, name, sealed)
            if opened is not None and commitment(opened[0], name, opened[1]) != told.get(name):
                raise damaged(self.path, f"row {seq} whose personal value {name!r} is not the one committed to")
        return computed

    def export(self, after: int = 0) -> Iterator[bytes]:
        """Every row after `after` as a line of canonical JSON with its hashes and without personal values."""
        while rows := self._all(
            f"SELECT {COLUMNS} FROM entries WHERE seq>? ORDER BY seq LIMIT ?",  # noqa: S608 - texts of our own
            (after, _VERIFIED_AT_ONCE),
        ):
            names = COLUMNS.split(", ")
            for row in rows:
                told = dict(zip(names, row, strict=True))
                for name in ("body", "commitments", "sightings"):
                    told[name] = json.loads(told[name])
                yield canonical(told) + b"\n"
            after = rows[-1][0]


def verified(path: Path) -> int:
    """Walk the whole chain of the ledger at `path` and answer how many rows it has. Nothing is written or replaced.

    A bench may write meanwhile: its rows are read through the -wal. Personal values are held against their commitments
    where the storage key lies beside the ledger.

    Raises:
        LedgerError: ledger_missing: there is none; ledger_damaged, naming the first row that does not fit;
            ledger_wrong_file: a database of somebody else; ledger_newer_schema; ledger_unreadable.
        EvidenceError: the storage key beside it cannot be read.
    """
    try:
        seen = recognise(path, Kind.LEDGER)
    except OSError as error:
        raise unreadable(path, error) from error
    if seen.state in {FileState.MISSING, FileState.EMPTY}:
        raise LedgerError(
            "ledger_missing",
            f"{path}: expected a ledger, got {'no file' if seen.state is FileState.MISSING else 'an empty file'}.",
            hint="Name the state directory of the bench: --state-dir or SEKISHO_STATE_DIR.",
        )
    if seen.state is FileState.NOT_SQLITE:
        raise damaged(path, "no SQLite database")
    refuse_others(path, seen)
    key = kept_key(path.parent) or os.urandom(KEY_BYTES)  # a key of nothing unseals nothing, as a lost one
    wal = path.with_name(f"{path.name}-wal")
    for immutable in (False,) if wal.exists() else (True, False):
        with closing(LedgerReader(path, key=key, immutable=immutable)) as reader:
            try:
                return reader.verify()
            except LedgerError:
                if not immutable or not wal.exists():  # else a bench was started meanwhile
                    raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def refuse_others(path: Path, seen: Recognised) -> None:
    """Refuse a database that is no ledger of ours.

    Raises:
        LedgerError: ledger_wrong_file, ledger_newer_schema.
    """
    if seen.state is FileState.OTHER:
        raise LedgerError(
            "ledger_wrong_file",
            f"{path}: expected a ledger, got another SQLite database.",
            hint="Move the file away, or give the bench another SEKISHO_STATE_DIR.",
        )
    if seen.state is FileState.OURS:
        refuse_newer(path, seen.schema)


def refuse_newer(path: Path, schema: int) -> None:
    """Refuse a ledger that a newer program has brought to a schema that this one does not know.

    Raises:
        LedgerError: ledger_newer_schema.
    """
    if schema > SCHEMA:
        raise LedgerError(
            "ledger_newer_schema",
            f"{path}: expected a ledger of schema {SCHEMA} or older, which program {version()} writes, got {schema}.",
            hint="Nothing in it was changed. A newer release has written here: install it again, or a later one.",
        )


def personal_name(seq: int, name: str) -> bytes:
    """What a sealed personal value is bound to, so that it cannot be moved to another row or name."""
    return f"{seq}\0{name}".encode()


def utc_text(when: datetime) -> str:
    """A UTC time as the ledger writes it: of fixed length, so that text order is time order."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def damaged(path: Path, came: str) -> LedgerError:
    """The error of a ledger whose content is not what was written."""
    return LedgerError(
        "ledger_damaged",
        f"{path}: expected a whole ledger, got {came}.",
        hint="Keep the file and its -wal for the auditor: the bench sets it aside and goes on in a new one.",
    )


def unreadable(path: Path, error: sqlite3.Error | OSError) -> LedgerError:
    """What an error of SQLite or of the file system on the ledger means."""
    if isinstance(error, sqlite3.Error) and is_damage(error):
        return damaged(path, str(error))
    return LedgerError(
        "ledger_unreadable",
        f"{path}: expected an answer of the ledger, got: {error}.",
        hint="Check the disk and the permissions of the state directory, then restart the bench.",
    )
