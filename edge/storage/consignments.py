"""The consignments that were declared ahead: sealed segments on the box, found by any number of theirs.

    state_dir/consignments/segments/2026-11-22-000007.db   immutable; named by the day that its countdown runs from
                           building/                       what an import is writing; nothing of it is read
                           inbox/                          manifests that wait (edge/manifests/inbox.py)
                           inbox/refused/                  those that cannot be used (refused_manifests.py)
                           lock                            held by whoever imports or deletes

One import makes one segment, which appears whole by a rename; it takes in smaller segments of the same day, so that
there are few. Names and addresses are personal: documents are sealed with the box's key and numbers are keyed hashes,
and what has had its time goes as whole files. It reads no manifest (edge/manifests/) and judges nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from edge.consignment import Consignment, Sender
from edge.errors import BoxError, Conflict
from edge.storage.consignment_segment import (
    BUILDING,
    PURPOSE,
    SEGMENTS,
    Segment,
    SegmentBuilder,
    document_hash,
    document_key,
    number_hash,
    number_key,
)
from edge.storage.database import Readers, connect, fsync_directory, made_folder
from edge.storage.documents import from_json
from edge.storage.keys import derived, storage_key, unseal
from edge.storage.owned import rights_of_owner
from edge.storage.refused_manifests import RefusedManifests

FOLDER, INBOX, REFUSED = "consignments", "inbox", "refused"
_MOST_FOUND = 50  # under one number: a container's may stand over thousands
_MOST_SENDERS = 8  # of consignments of which none can be chosen: each is asked for, and is a person
_MOST_ASKED = 100  # numbers of one parcel
_FIND = "SELECT hash, id FROM (SELECT hash, id FROM keys WHERE hash=? LIMIT ?)"
_SEALED = "SELECT c.sealed FROM json_each(?) AS k CROSS JOIN consignments AS c ON c.id=k.value ORDER BY c.id"
_AGAIN = "SELECT d.hash FROM json_each(?) AS k CROSS JOIN documents AS d ON d.hash=k.value"


@dataclass(frozen=True, slots=True)
class Imported:
    """One manifest that was taken in."""

    number: int
    file: str
    sha256: str
    at: str
    taken: int
    refused: int


class Consignments:
    """The consignments of one box. Reading is safe from many threads and follows what another process imports."""

    def __init__(self, state_dir: Path) -> None:
        """Read from `state_dir`/consignments; nothing is opened, and no key asked for, before something is there."""
        self.directory = state_dir / FOLDER
        self.refused = RefusedManifests(self.directory / INBOX / REFUSED)
        self._state_dir = state_dir
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._open: dict[str, Readers] = {}
        self._keys: tuple[bytes, bytes] | None = None

    def close(self) -> None:
        """Close every segment."""
        with self._lock:
            for readers in self._open.values():
                readers.close()
            self._open, self._stamp = {}, None

    # --- reading ------------------------------------------------------------------------------------------------------

    def segments(self) -> tuple[Segment, ...]:
        """The segments that are there, the newest first.

        Raises:
            BoxError: consignments_unreadable: the folder cannot be read.
        """
        folder = self.directory / SEGMENTS
        try:
            found = [Segment.of(path) for path in folder.iterdir()]
        except FileNotFoundError:
            return ()
        except OSError as error:
            message = f"{folder}: expected a folder that can be read, got {error.strerror}."
            hint = "Is the state directory this user's?"
            raise BoxError("consignments_unreadable", message, hint=hint) from error
        return tuple(sorted((one for one in found if one is not None), key=lambda one: -one.number))

    def declared(self, numbers: Sequence[str], others: Sequence[str] = ()) -> Consignment | None:
        """The one consignment that stands under `numbers`, or else under `others`: codes of no known form.

        Of what was declared again the newest is used. A document that is asked for goes before further numbers, one
        that is written the same before one with other hyphens, and what carries more of the numbers before what
        carries fewer. Only where `numbers` choose none, `others` are asked. Where none can be chosen at all, the answer
        is a consignment without lines whose `several` says how many stand there, and `senders` of whom.

        Raises:
            BoxError: consignments_unreadable. EvidenceError: evidence_key.
        """
        if not (numbers or others) or not self._refresh():
            return None
        asked, more = _keys_of(numbers), _keys_of(others)
        best = _best(self._standing(asked), numbers, ())
        if len(best) != 1 and more:
            best = _best(self._standing((*asked, *more)), numbers, others)
        if len(best) > 1:
            return Consignment((*numbers, *others)[0], several=len(best), senders=_senders(best))
        return best[0] if best else None

    def _standing(self, asked: Sequence[str]) -> list[Consignment]:
        """What stands under any of the numbers and was not declared again since, the newest first."""
        if not asked:
            return []
        hash_key = self._secrets()[0]
        wanted = {number_hash(hash_key, one, own=own): _MOST_FOUND for one in asked for own in (True, False)}
        with self._lock:
            readers = list(self._open.items())
        found = [
            {
                document_hash(hash_key, one.document, one.issuer): one
                for one in self._found(name, reader, wanted)
                if not {number_key(number) for number in (one.document, *one.numbers)}.isdisjoint(asked)
            }  # what is of another number came by a chance of 1 in 2^64
            for name, reader in readers
        ]
        standing: dict[int, Consignment] = {}
        while found:  # from the oldest on
            standing = found.pop() | standing
            name, reader = readers[len(found) - 1] if found else ("", None)
            if reader is not None and standing:
                for again in self._asked(name, reader, _AGAIN, [_json(standing)]):
                    standing.pop(again[0], None)
        return list(standing.values())

    def _found(self, name: str, reader: Readers, wanted: dict[int, int]) -> list[Consignment]:
        """What a segment holds under the hashes: of each as many as are `wanted`, which becomes fewer."""
        left = [(one, most) for one, most in wanted.items() if most]
        if not left:
            return []
        rows = self._asked(name, reader, " UNION ALL ".join([_FIND] * len(left)), [x for one in left for x in one])
        for one, _ in rows:
            wanted[one] -= 1
        if not rows:
            return []
        key, ids = self._secrets()[1], {row[1] for row in rows}
        told = (unseal(key, sealed, PURPOSE) for (sealed,) in self._asked(name, reader, _SEALED, [_json(ids)]))
        return [from_json(Consignment, json.loads(one)) for one in told if one is not None]  # not judged again

    def _asked(self, name: str, reader: Readers, sql: str, arguments: Sequence[Any]) -> list[Any]:
        """The rows of an answer; none of a segment whose time came meanwhile."""
        try:
            return reader.get().execute(sql, arguments).fetchall()
        except sqlite3.Error as error:
            if reader is not self._open.get(name):
                return []
            raise _unreadable(self.directory / SEGMENTS / name, error) from error

    def _refresh(self) -> bool:
        """Open what has come and close what has gone; whether there is anything."""
        try:
            stat = (self.directory / SEGMENTS).stat()
        except OSError:
            return False
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp != self._stamp:
            with self._lock:
                there = {one.path.name: one for one in self.segments()}
                for name in self._open.keys() - there.keys():
                    self._open.pop(name).close()
                kept = self._open
                self._open = {
                    name: kept[name] if name in kept else Readers(one.path, immutable=True)
                    for name, one in there.items()
                }
                self._stamp = stamp
        return bool(self._open)

    def _secrets(self) -> tuple[bytes, bytes]:
        """The keys of the numbers' hashes and of the documents."""
        if self._keys is None:
            key = storage_key(self._state_dir)
            self._keys = derived(key, "consignments: numbers"), derived(key, "consignments")
        return self._keys

    # --- what is known of them ----------------------------------------------------------------------------------------

    def imports(self) -> tuple[tuple[Segment, tuple[Imported, ...]], ...]:
        """What every segment was made from, the newest first.

        Raises:
            BoxError: consignments_unreadable.
        """
        told = []
        for segment in self.segments():
            rows = _rows(segment.path, "SELECT number, file, sha256, at, taken, refused FROM imports ORDER BY number")
            told.append((segment, tuple(Imported(*row) for row in rows)))
        return tuple(told)

    def count(self, segment: Segment) -> int:
        """How many consignments a segment holds.

        Raises:
            BoxError: consignments_unreadable.
        """
        ((count,),) = _rows(segment.path, "SELECT COUNT(*) FROM consignments")
        return int(count)

    def refusals(self, number: int) -> tuple[str, ...]:
        """The refused rows of one import, as far as they were kept.

        Raises:
            BoxError: consignments_unreadable.
        """
        key = self._secrets()[1]
        found = [
            row[0]
            for segment in self.segments()
            for row in _rows(segment.path, "SELECT sealed FROM refusals WHERE number=? ORDER BY row", (number,))
        ]
        return tuple((unseal(key, sealed, PURPOSE) or b"").decode() for sealed in found)

    # --- changing -----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Be the only one who imports or deletes.

        Raises:
            Conflict: consignments_conflict: another is at it. OSError: the lock cannot be made.
        """
        made_folder(self.directory)
        with rights_of_owner(self.directory):
            lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = f"{self.directory}: expected to be the only one who imports, got another at it."
                raise Conflict("consignments_conflict", message, hint="Try again when it is done.") from error
            yield
        finally:
            os.close(lock)

    def building(self, file: str, sha256: str, at: datetime, day: date | None) -> SegmentBuilder:
        """A new segment for the manifest `file`; for whoever holds the lock.

        Raises:
            BoxError: consignments_unwritable. EvidenceError: evidence_key.
        """
        return SegmentBuilder(self.directory, self.segments(), self._secrets(), (file, sha256, at), day)

    def clear_building(self) -> None:
        """Delete what an import that was cut off has left. While another imports it stays.

        Raises:
            OSError: it cannot be deleted, or the lock not be made.
        """
        folder = self.directory / BUILDING
        if folder.is_dir() and any(folder.iterdir()):
            with contextlib.suppress(Conflict), self.held():
                for left in folder.iterdir():
                    left.unlink()

    def date_anew(self, segment: Segment, today: date) -> None:
        """Let the countdown of a segment run from `today`. For whoever holds the lock.

        Raises:
            OSError: it cannot be renamed.
        """
        segment.path.rename(segment.path.with_name(f"{today}-{segment.number:06d}.db"))
        fsync_directory(segment.path.parent)


def _keys_of(numbers: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for key in map(number_key, numbers) if key))[:_MOST_ASKED]


def _best(found: Sequence[Consignment], numbers: Sequence[str], others: Sequence[str]) -> list[Consignment]:
    """Those that the numbers speak for most."""
    asked, more = frozenset(map(number_key, numbers)), frozenset(map(number_key, others))
    written = frozenset(map(document_key, (*numbers, *others)))

    def rank(one: Consignment) -> tuple[bool, bool, bool, int]:
        document = number_key(one.document)
        carried = (asked | more).intersection((document, *map(number_key, one.numbers)))
        return document in asked, document in more, document_key(one.document) in written, len(carried)

    ranks = [rank(one) for one in found]
    return [one for one, its in zip(found, ranks, strict=True) if its == max(ranks)]


def _senders(found: Sequence[Consignment]) -> tuple[Sender, ...]:
    """Who sent them, each once; none where they are many, as under a container's number."""
    senders = tuple(dict.fromkeys(sender for one in found for sender in one.asked_senders))
    return senders if len(found) < _MOST_FOUND and len(senders) <= _MOST_SENDERS else ()


def _json(numbers: Iterable[int]) -> str:
    return f"[{','.join(map(str, numbers))}]"


def _rows(path: Path, sql: str, arguments: tuple[Any, ...] = ()) -> list[Any]:
    try:
        with contextlib.closing(connect(path, immutable=True)) as connection:
            return connection.execute(sql, arguments).fetchall()
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> BoxError:
    message = f"{path}: expected a segment of consignments, got: {error}."
    return BoxError("consignments_unreadable", message, hint="Move it away and import its manifests again.")
