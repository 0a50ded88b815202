"""Evidence: immutable files named by the SHA-256 of their content, sealed with the box's storage key.

A file is durable before the ledger row that names it. Whether something may be kept, and for how long, is said
elsewhere: here is only `put`, `get` and `delete`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.errors import EvidenceError
from edge.storage.database import fsync_directory, is_disk_full, sweep, write_durably
from edge.storage.keys import derived, seal, storage_key, unseal
from edge.storage.ledger_file import LEDGER, reserve_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = b"SEKE\x01"  # Sekisho evidence, format 1: magic, length of the media type, media type, sealed content
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_MEDIA_TYPE = 255
_IN_HAND_S = 3_600.0  # the row that names what was put comes seconds later


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept file."""

    sha256: str
    media_type: str
    data: bytes


class EvidenceStore:
    """The evidence of one box under state_dir/evidence/. Safe for threads."""

    def __init__(self, state_dir: Path, *, reserve_bytes: int = 0, read_only: bool = False) -> None:
        """Open the store, making it and the storage key on the first start.

        `reserve_bytes` is the size of the ledger's reserve: once that is freed for results, pictures do not take it.
        `read_only` changes nothing on the disk, as beside a bench that is at work.

        Raises:
            EvidenceError: evidence_key: the storage key cannot be read; evidence_full, evidence_unwritable.
        """
        self._directory = state_dir / "evidence"
        self._key = derived(storage_key(state_dir), "evidence")
        self._reserve_bytes = reserve_bytes
        self._in_hand: dict[str, float] = {}  # when each was put last, monotonic seconds
        self._lock = threading.Lock()
        if read_only:
            return
        try:
            self._make_folders()
            sweep(self._directory)
        except OSError as error:
            raise self._unwritable(error) from error

    def put(self, data: bytes, media_type: str) -> str:
        """Keep `data` and answer its name, once it is durable. The same content is kept once.

        Raises:
            EvidenceError: evidence_full: no room; evidence_unwritable. A result can still be recorded without it.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        place = self._place(sha256)
        self._take_in_hand(sha256)
        if self._made_durable(place):
            return sha256
        media = media_type.encode()[:_LONGEST_MEDIA_TYPE]
        header = _MAGIC + bytes([len(media)]) + media
        sealed = header + seal(self._key, data, header + sha256.encode())
        try:
            self._write(place, sealed)
        except OSError as error:
            raise self._unwritable(error) from error
        return sha256

    def get(self, sha256: str) -> bytes:
        """The content of a kept file.

        Raises:
            EvidenceError: as `read`.
        """
        return self.read(sha256).data

    def read(self, sha256: str) -> Kept:
        """A kept file with its media type, proved to be what was kept.

        Raises:
            EvidenceError: evidence_missing: no such file; evidence_altered: it is not what was kept, or was sealed with
                another key.
        """
        try:
            sealed = self._place(sha256).read_bytes()
        except FileNotFoundError:
            raise EvidenceError(
                "evidence_missing",
                f"{sha256}: expected a kept file, got none.",
                hint="It was deleted by the retention policy, or never kept: see the ledger's rows of kind deleted.",
            ) from None
        except OSError as error:
            raise self._unwritable(error) from error
        length = sealed[len(_MAGIC)] if sealed.startswith(_MAGIC) and len(sealed) > len(_MAGIC) else 0
        body = len(_MAGIC) + 1 + length
        header = sealed[:body]
        data = unseal(self._key, sealed[body:], header + sha256.encode()) if sealed.startswith(_MAGIC) else None
        if data is None or hashlib.sha256(data).hexdigest() != sha256:
            raise EvidenceError(
                "evidence_altered",
                f"{sha256}: expected the file as it was kept, got an altered one.",
                hint="Keep it for the auditor; restore the evidence from a copy if there is one.",
            )
        return Kept(sha256, header[len(_MAGIC) + 1 :].decode(), data)

    def holds(self, sha256: str) -> bool:
        """Whether a file of this name is kept; its content is not looked at."""
        return self._place(sha256).exists()

    def names(self) -> Iterator[str]:
        """The names of all kept files, in ascending order."""
        for folder in sorted(path for path in self._directory.iterdir() if path.is_dir()):
            for path in sorted(folder.iterdir()):
                if _SHA256.fullmatch(path.name):
                    yield path.name

    def delete(self, sha256: str) -> bool:
        """Erase a kept file, durably; False when there was none. The row that says so is the caller's.

        Raises:
            EvidenceError: evidence_unwritable.
        """
        place = self._place(sha256)
        try:
            place.unlink()
            fsync_directory(place.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._unwritable(error) from error
        return True

    def retire(self, sha256: str) -> bool:
        """As `delete`, but what was put within the last hour stays: a row that is not written yet may name it.

        Raises:
            EvidenceError: evidence_unwritable.
        """
        with self._lock:
            return not self.in_hand(sha256) and self.delete(sha256)

    def in_hand(self, sha256: str) -> bool:
        """Whether a file was put, perhaps again, within the last hour."""
        return time.monotonic() - self._in_hand.get(sha256, -_IN_HAND_S) < _IN_HAND_S

    def _take_in_hand(self, sha256: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._in_hand.pop(sha256, None)  # the order of the dictionary is that of time
            self._in_hand[sha256] = now
            while (first := next(iter(self._in_hand))) and now - self._in_hand[first] >= _IN_HAND_S:
                del self._in_hand[first]

    def size(self, sha256: str) -> int:
        """Bytes on the disk of a kept file, 0 when there is none: what shedding it would free."""
        try:
            return self._place(sha256).stat().st_size
        except OSError:
            return 0

    def _place(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise EvidenceError(
                "evidence_missing",
                f"{sha256[:80]!r}: expected a SHA-256 as 64 lower-case hex digits, got {len(sha256)} characters.",
                hint="Use a name as the inspection gives it.",
            )
        return self._directory / sha256[:2] / sha256

    def _write(self, place: Path, sealed: bytes) -> None:
        """Temp file, fsync, rename, fsync of the directory: the name exists only with all of its content."""
        if self._room() < len(sealed):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_durably(place, sealed, room=self._directory)

    def _made_durable(self, place: Path) -> bool:
        """Whether `place` is there, durably: another thread, or a bench that was killed, may not have come so far.

        Its content was synced before it got its name, so syncing its directory is enough, and cheap when it was done.
        """
        if not place.exists():
            return False
        try:
            fsync_directory(place.parent)
        except OSError as error:
            raise self._unwritable(error) from error
        return True

    def _room(self) -> int:
        """Bytes of the disk that pictures may still take."""
        disk = os.statvfs(self._directory)
        try:
            in_place = reserve_of(self._directory.with_name(LEDGER)).stat().st_size
        except OSError:
            in_place = 0
        return disk.f_bavail * disk.f_frsize - max(0, self._reserve_bytes - in_place)

    def _make_folders(self) -> None:
        """All 256 at once: a folder made during a `put` would have to be durable before its first file is."""
        if (self._directory / "ff").is_dir():
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        for first in range(256):
            (self._directory / f"{first:02x}").mkdir(exist_ok=True)
        fsync_directory(self._directory)
        fsync_directory(self._directory.parent)

    def _unwritable(self, error: OSError) -> EvidenceError:
        if is_disk_full(error):
            return EvidenceError(
                "evidence_full",
                f"{self._directory}: expected room for a picture, got: {error.strerror}.",
                hint="Bring results and evidence out, then free space. Results are still recorded.",
            )
        return EvidenceError(
            "evidence_unwritable",
            f"{self._directory}: expected a store that can be read and written, got: {error.strerror}.",
            hint="Check the disk and the permissions of the state directory.",
        )
