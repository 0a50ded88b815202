"""The ledger's file: locked, opened or founded, set aside when damaged, with a reserve for results on a full disk.

It knows no rows: those are written in edge/storage/ledger.py.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import sqlite3
from typing import TYPE_CHECKING

from edge.errors import LedgerError
from edge.storage.chain import is_training
from edge.storage.database import Connection, FileState, Kind, connect, fsync_directory, is_disk_full, one, recognise
from edge.storage.ledger_reader import damaged, refuse_newer, refuse_others, unreadable
from edge.storage.ledger_schema import (
    BY_HELD,
    BY_KIND,
    BY_STATION,
    BY_TIME,
    bring_forward,
    found,
    open_for_writing,
    schema_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from edge.storage.chain import Json

_QUICK_CHECK_BYTES = 64_000_000  # a larger file is checked by `Ledger.verify`, not on every start
LEDGER = "ledger.db"  # its name in the state directory
_SET_ASIDE = re.compile(r"ledger\.damaged-([0-9]+)\.db")
_ERASURE_WAIT_MS = 200
_RESERVE_AGAIN = 2  # the reserve is made again when this many times its size is free


def reserve_of(path: Path) -> Path:
    """Where the disk reserve of the ledger at `path` lies."""
    return path.with_name(f"{path.stem}.reserve")


def ledgers(state_dir: Path) -> list[Path]:
    """Every ledger of the box, the oldest first: those set aside, then the current one."""
    numbered = [(int(found[1]), path) for path in state_dir.iterdir() if (found := _SET_ASIDE.fullmatch(path.name))]
    current = state_dir / LEDGER
    return [path for _, path in sorted(numbered)] + ([current] if current.exists() else [])


def copy_ledger(path: Path, to: Path) -> None:
    """Copy a ledger that may be in use, whole, with SQLite's online backup.

    Raises:
        LedgerError: ledger_unreadable: it cannot be read, or the copy cannot be written.
    """
    try:
        with contextlib.closing(connect(path)) as source, contextlib.closing(sqlite3.connect(to)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        raise unreadable(path, error) from error


class LedgerFile:
    """One ledger file, opened for writing by one process."""

    def __init__(
        self, path: Path, device: str, reserve_bytes: int, *, on_trial: bool = False, training: bool = False
    ) -> None:
        """Take the lock, open what is there or found a new ledger, and put the reserve in place.

        A release `on_trial` leaves the schema as it is, so that the release before can go on with the ledger.

        Raises:
            LedgerError: ledger_locked, ledger_wrong_file, ledger_newer_schema, ledger_full, ledger_unreadable;
                ledger_training: one of practice where real work is written, or the other way round.
        """
        self.path = path
        self.set_aside: Path | None = None  # the damaged ledger that was replaced last
        self._device = device
        self._on_trial = on_trial
        self._training = training
        self._reserve = reserve_of(path)
        self._reserve_bytes = reserve_bytes
        self._lock_file = -1
        self._connection: Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            self._open_or_found()
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise _unusable(path, error) from error
        except BaseException:
            self.close()
            raise
        self._make_reserve()

    @property
    def connection(self) -> Connection:
        """The connection that writes.

        Raises:
            sqlite3.Error: it was closed.
        """
        if self._connection is None:
            raise sqlite3.ProgrammingError(f"{self.path.name} is closed.")
        return self._connection

    def _take_lock(self) -> None:
        self._lock_file = os.open(self.path.with_name(f"{self.path.stem}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LedgerError(
                "ledger_locked",
                f"{self.path}: expected no other bench on this state directory, got a running one.",
                hint="Stop the other bench, or give this one its own SEKISHO_STATE_DIR.",
            ) from error

    def _open_or_found(self) -> None:
        seen = recognise(self.path, Kind.LEDGER)
        refuse_others(self.path, seen)
        if seen.state is FileState.NOT_SQLITE:
            self.replace("no SQLite database")
        elif seen.state in {FileState.MISSING, FileState.EMPTY}:
            if self._beside("-wal").exists():
                self.replace("a -wal without its database")
                return
            self.path.unlink(missing_ok=True)  # a file without a byte holds no row
            found(self.path, self._device, training=self._training)
            self._connection = open_for_writing(self.path)
        else:  # also TRUNCATED: a header may be ahead of the file while the WAL still holds the pages
            try:
                self._connection = open_for_writing(self.path)
                refuse_newer(self.path, schema_of(self._connection))  # the header may be behind the WAL
                self._refuse_the_other_kind()
                if not self._on_trial:
                    bring_forward(self._connection)
            except sqlite3.DatabaseError as error:
                self._replace_or_raise(error)

    def _refuse_the_other_kind(self) -> None:
        """Practice and real work never share a ledger. What cannot be read is left to the check for damage."""
        told = self.connection.execute("SELECT body FROM founding").fetchone()
        with contextlib.suppress(ValueError, TypeError):
            training = is_training(json.loads(told[0]))
            if training != self._training:
                kinds = ("of real work", "of practice")
                raise LedgerError(
                    "ledger_training",
                    f"{self.path}: expected a ledger {kinds[self._training]}, got one {kinds[training]}.",
                    hint="Practice has a state directory of its own: sekisho training serve.",
                )

    def _replace_or_raise(self, error: sqlite3.DatabaseError) -> None:
        if isinstance(error, sqlite3.OperationalError):  # no access, busy, full: the content is not to blame
            raise error
        self.replace(str(error))

    def check_structure(self) -> None:
        """Let SQLite check the file, unless it is so large that a start would be slow.

        Raises:
            LedgerError: ledger_damaged.
            sqlite3.Error: it cannot be read at all.
        """
        if self.path.stat().st_size <= _QUICK_CHECK_BYTES:
            said = one(self.connection, "PRAGMA quick_check(1)")
            if said != "ok":
                raise damaged(self.path, str(said))

    def index(self) -> None:
        """Make the indexes that ledgers founded by earlier versions lack. Without them they are only slower to read."""
        with contextlib.suppress(sqlite3.Error):
            for statement in (BY_STATION, BY_KIND, BY_TIME, BY_HELD):
                self.connection.execute(statement)

    def checkpoint(self) -> None:
        """Copy what no reader holds up from the WAL into the database, without waiting for anyone.

        One that fails loses nothing: the rows are durable in the WAL, and the next one tries again.
        """
        with contextlib.suppress(sqlite3.Error):
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def empty_wal(self) -> None:
        """Cut the WAL off, so that what was erased does not linger in it. Waits a little for readers, not for ever."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.execute(f"PRAGMA busy_timeout={_ERASURE_WAIT_MS}").fetchall()
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    # --- damage --------------------------------------------------

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def replace(self, came: str) -> None:
        """Move a damaged ledger aside with its WAL and found a new one whose founding tells of it.

        Raises:
            sqlite3.Error, OSError: the new one cannot be made.
        """
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        number = 1
        while (aside := self.path.with_name(f"{self.path.stem}.damaged-{number}{self.path.suffix}")).exists():
            number += 1
        for suffix in ("-wal", "-shm", ""):
            with contextlib.suppress(FileNotFoundError):
                self._beside(suffix).rename(aside.with_name(aside.name + suffix))
        ledger, last = _told_by(aside)
        note: dict[str, Json] = {"file": aside.name, "ledger": ledger, "came": came, "last": last}
        found(self.path, self._device, note, training=self._training)
        self.set_aside = aside
        self._connection = open_for_writing(self.path)

    # --- the reserve --------------------------------------------------

    @property
    def reserve_ready(self) -> bool:
        """Whether the reserve for results on a full disk is in place. False is an alarm on the status page."""
        return self._reserve_bytes == 0 or self._reserve.exists()

    def _make_reserve(self) -> None:
        if self._reserve_bytes == 0:
            return
        try:
            self._reserve.touch()
            with self._reserve.open("r+b") as file:  # not "ab": where a disk cannot reserve, libc writes instead
                if os.fstat(file.fileno()).st_size < self._reserve_bytes:
                    os.posix_fallocate(file.fileno(), 0, self._reserve_bytes)
        except OSError:  # no room for a reserve: results go on while there is room at all, `reserve_ready` tells
            self._reserve.unlink(missing_ok=True)

    def free_reserve(self) -> bool:
        """Give the reserve's room to the next results; False when it was given before."""
        try:
            self._reserve.unlink()
            fsync_directory(self._reserve.parent)
        except OSError:
            return False
        return True

    def restore_reserve(self) -> None:
        """Make the reserve again once there is plenty of room."""
        if not self.reserve_ready:
            room = os.statvfs(self.path.parent)
            if room.f_bavail * room.f_frsize > _RESERVE_AGAIN * self._reserve_bytes:
                self._make_reserve()

    def close(self) -> None:
        """Close the file and let go of the lock. Safe to call twice."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()  # the last connection copies the WAL into the database
            self._connection = None
        if self._lock_file >= 0:
            os.close(self._lock_file)
            self._lock_file = -1


def _unusable(path: Path, error: sqlite3.Error | OSError) -> LedgerError:
    if isinstance(error, sqlite3.Error) and not is_disk_full(error):
        return unreadable(path, error)
    return LedgerError(
        "ledger_full" if is_disk_full(error) else "ledger_unreadable",
        f"{path}: expected a ledger that can be written, got: {error}.",
        hint="Check the room on the disk and the permissions of the state directory.",
    )


def _told_by(path: Path) -> tuple[str, Json]:
    """The id and the last row that a damaged ledger still gives; "" and None for what it does not."""
    ledger, last = "", None
    if path.exists():
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_read_only(path)) as connection:
            with contextlib.suppress(sqlite3.Error, ValueError, KeyError, TypeError):
                ledger = str(json.loads(connection.execute("SELECT body FROM founding").fetchone()[0])["ledger"])
            last = connection.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    return ledger, None if last is None else {"seq": last[0], "hash": str(last[1])}


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)
