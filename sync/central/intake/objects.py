"""Where evidence lies at the centre: whole objects named by their SHA-256, and uploads on their way (tus 1.0).

`Objects` is all that the central asks of a store; `ObjectsOnDisk` keeps them in files. What is acknowledged is durable.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from edge.errors import Conflict, InputError, NotFound
from edge.storage.database import fsync_directory, write_durably

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload as it stands: `offset` of `size` bytes are durable here."""

    size: int
    media_type: str
    offset: int


class Objects(Protocol):
    """A store of evidence. Names are 64 lower-case hex digits, checked by the caller."""

    def begin(self, device: str, sha256: str, size: int, media_type: str) -> Upload:
        """Begin an upload, or answer the one that is under way; one that is whole is finished by it."""

    def upload(self, device: str, sha256: str) -> Upload:
        """An upload under way. Raises NotFound: evidence_not_found."""

    def append(self, device: str, sha256: str, offset: int, data: bytes) -> Upload:
        """Append durably. Raises Conflict: evidence_offset; InputError: evidence_altered, evidence_size; NotFound."""

    def get(self, sha256: str) -> bytes:
        """A whole object. Raises NotFound: evidence_not_found."""

    def holds(self, sha256: str) -> bool:
        """Whether a whole object is here."""

    def delete(self, sha256: str) -> bool:
        """Delete a whole object, durably; whether there was one."""


class ObjectsOnDisk:
    """Objects in `folder`/objects/aa/SHA256, uploads in `folder`/incoming/DEVICE/."""

    def __init__(self, folder: Path) -> None:
        """Keep them below `folder`."""
        self._objects = folder / "objects"
        self._incoming = folder / "incoming"
        self._objects.mkdir(parents=True, exist_ok=True)
        self._incoming.mkdir(exist_ok=True)
        fsync_directory(folder)

    def begin(self, device: str, sha256: str, size: int, media_type: str) -> Upload:
        """See `Objects`."""
        part = self._part(device, sha256)
        with contextlib.suppress(NotFound):  # either file may be left without the other by a crash at the end
            upload = self.upload(device, sha256)
            if upload.offset == upload.size:  # a crash came between its last piece and its end
                with _locked(part, sha256):
                    self._finish(part, sha256)
            return upload
        part.parent.mkdir(exist_ok=True)
        fsync_directory(self._incoming)
        part.touch()
        write_durably(part.with_suffix(".json"), json.dumps({"size": size, "media_type": media_type}).encode())
        return self.upload(device, sha256)

    def upload(self, device: str, sha256: str) -> Upload:
        """See `Objects`."""
        part = self._part(device, sha256)
        try:
            told = json.loads(part.with_suffix(".json").read_bytes())
            return Upload(told["size"], told["media_type"], part.stat().st_size)
        except FileNotFoundError:
            message = f"{sha256}: expected an upload that was begun, got none."
            raise NotFound("evidence_not_found", message, hint="Begin it: POST /v1/evidence.") from None

    def append(self, device: str, sha256: str, offset: int, data: bytes) -> Upload:
        """See `Objects`. The last piece is taken only when the whole has the name's SHA-256."""
        part = self._part(device, sha256)
        with _locked(part, sha256) as file:
            upload = self.upload(device, sha256)
            if offset != upload.offset:
                message = f"{sha256}: expected offset {upload.offset}, got {offset}."
                raise Conflict("evidence_offset", message, hint="Ask for the offset with HEAD and go on from there.")
            if offset + len(data) > upload.size:
                message = f"{sha256}: expected {upload.size} bytes in all, got {offset + len(data)}."
                raise InputError("evidence_size", message, hint="Begin the upload with the right Upload-Length.")
            _written(file, data, offset)
            os.fsync(file)
            done = Upload(upload.size, upload.media_type, offset + len(data))
            if done.offset == done.size:
                self._finish(part, sha256)
        return done

    def _finish(self, part: Path, sha256: str) -> None:
        digest = hashlib.sha256()
        with part.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        if digest.hexdigest() != sha256:
            os.truncate(part, 0)
            message = f"{sha256}: expected content with this SHA-256, got {digest.hexdigest()}."
            raise InputError("evidence_altered", message, hint="It was damaged on the way: send it again.")
        place = self._place(sha256)
        place.parent.mkdir(exist_ok=True)
        fsync_directory(self._objects)
        part.rename(place)
        fsync_directory(place.parent)
        part.with_suffix(".json").unlink(missing_ok=True)

    def get(self, sha256: str) -> bytes:
        """See `Objects`."""
        try:
            return self._place(sha256).read_bytes()
        except FileNotFoundError:
            message = f"{sha256}: expected a kept object, got none."
            raise NotFound("evidence_not_found", message, hint="It may still be on its way.") from None

    def holds(self, sha256: str) -> bool:
        """See `Objects`."""
        return self._place(sha256).exists()

    def delete(self, sha256: str) -> bool:
        """See `Objects`."""
        place = self._place(sha256)
        try:
            place.unlink()
            fsync_directory(place.parent)
        except FileNotFoundError:
            return False
        return True

    def _place(self, sha256: str) -> Path:
        return self._objects / sha256[:2] / sha256

    def _part(self, device: str, sha256: str) -> Path:
        return self._incoming / device / f"{sha256}.part"


def _written(file: int, data: bytes, offset: int) -> None:
    """Write all of `data`. On a full disk a part of it stays, which is a true beginning of it, and the rest raises."""
    while data:
        count = os.pwrite(file, data, offset)
        data, offset = data[count:], offset + count


@contextmanager
def _locked(part: Path, sha256: str) -> Iterator[int]:
    """The file of an upload, for one writer at a time.

    Raises:
        NotFound: evidence_not_found.
    """
    try:
        file = os.open(part, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        message = f"{sha256}: expected an upload that was begun, got none."
        raise NotFound("evidence_not_found", message, hint="Begin it: POST /v1/evidence.") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not part.exists() or part.stat().st_ino != os.fstat(file).st_ino:  # finished while this waited
            message = f"{sha256}: expected an upload that goes on, got one that another has finished."
            raise NotFound("evidence_not_found", message, hint="Ask for it again.")
        yield file
    finally:
        os.close(file)
