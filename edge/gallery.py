"""The gallery: which registered faces of an edition a capture may show, among as many as an edition holds.

Each registered picture is described once, in the background, by a pixel worker; signatures are kept by the picture's
hash, so that the next edition describes only what is new. A capture is then compared with all signatures in some
milliseconds, and only the likeliest faces are verified. It is not the verification: that is `edge/steps/compare.py`.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass

from edge.errors import NotFound, RegistryError
from edge.lookup import RegisteredFace
from edge.storage.registry import Registry
from edge.storage.signatures import Signatures
from models.errors import ModelsError
from models.signature import Bits, likeliest, table_of
from models.worker import OpenFrame, PixelWorkers


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The faces to verify, likeliest first, and how many of the edition's faces could not be asked yet."""

    faces: tuple[RegisteredFace, ...]
    total: int
    undescribed: int = 0


@dataclass(frozen=True, slots=True)
class _Described:
    """The faces of one edition whose pictures are described, row by row of `table`."""

    content: str
    known: int  # signatures that there were
    total: int
    face_ids: tuple[int, ...]
    table: Bits


class Gallery:
    """The described faces of the editions of one box. Safe for threads."""

    def __init__(self, workers: PixelWorkers, signatures: Signatures) -> None:
        """Nothing is described before an edition is taken up."""
        self._workers = workers
        self._signatures = signatures
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._content = ""
        self._described: _Described | None = None

    def take_up(self, registry: Registry, most: int) -> None:
        """Describe in the background what a gallery of more than `most` faces lacks.

        The same edition again changes nothing.
        """
        with self._lock:
            if self._closed.is_set() or self._content == registry.content_sha256:
                return
            if self._thread is not None and self._thread.is_alive():
                return  # the edition before is still being described; the next inspection asks again
            self._content = registry.content_sha256
            self._thread = threading.Thread(target=self._describe, args=(registry, most), name="gallery", daemon=True)
            self._thread.start()

    def shortlist(self, registry: Registry, frame: OpenFrame, most: int) -> Shortlist:
        """The faces that the picture may show: all of a gallery of at most `most`, else the likeliest `most`.

        Raises:
            RegistryError: the edition is damaged.
            ModelsError: see `OpenFrame.signatures`.
        """
        faces = registry.gallery_pictures()
        if len(faces) <= most:
            return Shortlist(tuple(registry.face(face_id) for face_id, _ in faces), len(faces))
        self.take_up(registry, most)
        described = self._rows(registry, faces)
        if not described.face_ids:
            return Shortlist((), described.total, described.total)
        rows = likeliest(frame.signatures(), described.table, most)
        chosen = tuple(registry.face(described.face_ids[row]) for row in rows)
        return Shortlist(chosen, described.total, described.total - len(described.face_ids))

    def close(self) -> None:
        """Stop describing. Safe to call twice."""
        self._closed.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def wait(self) -> None:
        """Until the edition that was taken up is described."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _rows(self, registry: Registry, faces: tuple[tuple[int, str], ...]) -> _Described:
        kept, known = self._described, len(self._signatures)
        if kept is not None and (kept.content, kept.known) == (registry.content_sha256, known):
            return kept
        rows = [(face_id, said) for face_id, sha256 in faces if (said := self._signatures.get(sha256)) is not None]
        table = table_of([said for _, said in rows])
        self._described = _Described(
            registry.content_sha256, known, len(faces), tuple(face_id for face_id, _ in rows), table
        )
        return self._described

    def _describe(self, registry: Registry, most: int) -> None:
        """A picture that cannot be described stays undescribed, and the shortlist says how many there are."""
        with contextlib.suppress(RegistryError):
            faces = registry.gallery_pictures()
            for sha256 in dict.fromkeys(sha256 for _, sha256 in faces) if len(faces) > most else ():
                if self._closed.is_set():
                    return
                if self._signatures.get(sha256) is not None:
                    continue
                with contextlib.suppress(ModelsError, NotFound, OSError):
                    with self._workers.look(registry.face_picture(sha256)) as frame:
                        whole, _ = frame.signatures()
                    self._signatures.put(sha256, whole)
