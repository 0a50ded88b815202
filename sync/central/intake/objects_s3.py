"""Evidence in any S3-compatible store: the same promises as on disk, with conditional puts in place of file locks.

    objects/aa/SHA256                    whole, put once under the name of its content
    incoming/DEVICE/SHA256/begun         size and media type of an upload
    incoming/DEVICE/SHA256/OFFSET        a piece, as it came, put once

S3's own multipart upload takes no piece below 5 MB, and a thin line brings 256 kB: so pieces are objects until the
whole is there and has its SHA-256; then it is put, in parts where it is large. A picture that comes in one piece is put
as it is. Any number of workers may take pieces at once: of two that put the same offset, one is told where it stands.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import IO

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from edge.errors import Conflict, EvidenceError, InputError, NotFound
from sync.central.intake.objects import Upload

_BEGUN = "begun"
_DIGITS = 12
_CHUNK, _IN_MEMORY = 1 << 20, 8 << 20  # a larger whole is put together in a file
_RETRIES, _RETRY_FOR = 3, timedelta(seconds=20)


def s3_store(url: str) -> S3Store:
    """The store at "s3://BUCKET/PREFIX"; endpoint, region and credentials as AWS_... in the environment say.

    Plain HTTP is taken only when the environment allows it by AWS_ALLOW_HTTP=true.
    """
    return S3Store.from_url(url, retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRY_FOR})


@dataclass(frozen=True, slots=True)
class _Piece:
    path: str
    offset: int
    size: int


class ObjectsInS3:
    """See `sync.central.intake.objects.Objects`."""

    def __init__(self, store: S3Store) -> None:
        """Keep them in `store`."""
        self._store = store

    def begin(self, device: str, sha256: str, size: int, media_type: str) -> Upload:
        """See `Objects`."""
        with _told(sha256):
            with contextlib.suppress(AlreadyExistsError):
                begun = json.dumps({"size": size, "media_type": media_type}).encode()
                self._store.put(f"{_folder(device, sha256)}{_BEGUN}", begun, mode="create")
            upload, pieces = self._standing(device, sha256)
            if upload.offset == upload.size:  # a crash came between its last piece and its end
                self._finish(device, sha256, pieces)
        return upload

    def upload(self, device: str, sha256: str) -> Upload:
        """See `Objects`."""
        with _told(sha256):
            return self._standing(device, sha256)[0]

    def append(self, device: str, sha256: str, offset: int, data: bytes) -> Upload:
        """See `Objects`. The last piece is taken only when the whole has the name's SHA-256."""
        with _told(sha256):
            upload, pieces = self._standing(device, sha256)
            if offset != upload.offset:
                raise _elsewhere(sha256, upload.offset, offset)
            if offset + len(data) > upload.size:
                message = f"{sha256}: expected {upload.size} bytes in all, got {offset + len(data)}."
                raise InputError("evidence_size", message, hint="Begin the upload with the right Upload-Length.")
            if not data:
                return upload
            if len(data) == upload.size:
                _require(sha256, hashlib.sha256(data).hexdigest())
                self._keep(sha256, data)
                self._sweep(device, sha256)
                return replace(upload, offset=upload.size)
            piece = _Piece(f"{_folder(device, sha256)}{offset:0{_DIGITS}}", offset, len(data))
            try:
                self._store.put(piece.path, data, mode="create")
            except AlreadyExistsError:
                raise _elsewhere(sha256, self._standing(device, sha256)[0].offset, offset) from None
            if offset + len(data) == upload.size:
                self._finish(device, sha256, [*pieces, piece])
            return replace(upload, offset=offset + len(data))

    def get(self, sha256: str) -> bytes:
        """See `Objects`."""
        with _told(sha256):
            try:
                return bytes(self._store.get(_place(sha256)).bytes())
            except FileNotFoundError:
                message = f"{sha256}: expected a kept object, got none."
                raise NotFound("evidence_not_found", message, hint="It may still be on its way.") from None

    def holds(self, sha256: str) -> bool:
        """See `Objects`."""
        with _told(sha256):
            try:
                self._store.head(_place(sha256))
            except FileNotFoundError:
                return False
        return True

    def delete(self, sha256: str) -> bool:
        """See `Objects`."""
        with _told(sha256):
            if not self.holds(sha256):
                return False
            self._store.delete(_place(sha256))
        return True

    def _standing(self, device: str, sha256: str) -> tuple[Upload, list[_Piece]]:
        """An upload, and the pieces that lead to where it stands without a gap; what lies beside them is passed over.

        Raises:
            NotFound: evidence_not_found.
        """
        folder = _folder(device, sha256)
        try:
            told = json.loads(bytes(self._store.get(f"{folder}{_BEGUN}").bytes()))
        except FileNotFoundError:
            message = f"{sha256}: expected an upload that was begun, got none."
            raise NotFound("evidence_not_found", message, hint="Begin it: POST /v1/evidence.") from None
        pieces: list[_Piece] = []
        offset = 0
        for name, size in sorted(self._below(folder)):
            if name != _BEGUN and int(name) == offset:
                pieces.append(_Piece(folder + name, offset, size))
                offset += size
        return Upload(told["size"], told["media_type"], offset), pieces

    def _below(self, folder: str) -> Iterator[tuple[str, int]]:
        for page in self._store.list(folder):
            for one in page:
                yield one["path"].removeprefix(folder), one["size"]

    def _finish(self, device: str, sha256: str, pieces: list[_Piece]) -> None:
        digest = hashlib.sha256()
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as whole:
            for piece in pieces:
                data = bytes(self._store.get(piece.path).bytes())
                digest.update(data)
                whole.write(data)
            try:
                _require(sha256, digest.hexdigest())
            except InputError:
                for piece in pieces:
                    self._store.delete(piece.path)
                raise
            size = whole.tell()
            whole.seek(0)
            if size <= _IN_MEMORY:
                self._keep(sha256, whole.read())
            else:
                self._keep_large(sha256, whole)
        self._sweep(device, sha256)

    def _keep(self, sha256: str, content: bytes) -> None:
        with contextlib.suppress(AlreadyExistsError):  # the same content, from another device or before a crash
            self._store.put(_place(sha256), content, mode="create")

    def _keep_large(self, sha256: str, whole: IO[bytes]) -> None:
        """Put in parts, which cannot be conditional: who puts at the same time puts the same content."""
        try:
            self._store.head(_place(sha256))
        except FileNotFoundError:
            self._store.put(_place(sha256), iter(lambda: whole.read(_CHUNK), b""), use_multipart=True)

    def _sweep(self, device: str, sha256: str) -> None:
        """Remove what an upload has left. A crash in between leaves pieces that a later upload goes on from."""
        folder = _folder(device, sha256)
        for name, _ in list(self._below(folder)):
            self._store.delete(folder + name)


def _folder(device: str, sha256: str) -> str:
    return f"incoming/{device}/{sha256}/"


def _place(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"


def _elsewhere(sha256: str, stands: int, offset: int) -> Conflict:
    message = f"{sha256}: expected offset {stands}, got {offset}."
    return Conflict("evidence_offset", message, hint="Ask for the offset with HEAD and go on from there.")


def _require(sha256: str, digest: str) -> None:
    if digest != sha256:
        message = f"{sha256}: expected content with this SHA-256, got {digest}."
        raise InputError("evidence_altered", message, hint="It was damaged on the way: send it again.")


@contextlib.contextmanager
def _told(sha256: str) -> Iterator[None]:
    """What the store cannot do, in this central's words.

    Raises:
        EvidenceError: evidence_store.
    """
    try:
        yield
    except (BaseError, OSError) as error:
        message = f"{sha256}: expected an object store that answers, got {str(error).splitlines()[0][:160]}."
        raise EvidenceError("evidence_store", message, hint="Nothing was taken: send it again later.") from error
