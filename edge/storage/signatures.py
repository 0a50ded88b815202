"""What the pictures of registered faces look like, described once and kept: a file of signatures by picture.

The file is a cache: it holds nothing that could not be made again from the editions, so that it is appended to without
ceremony, and what a power cut left half written at its end is dropped. It judges no likeness.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

_NAME: Final = 32  # bytes of a picture's SHA-256


class Signatures:
    """Signatures of one vocabulary by the SHA-256 of their picture. Safe for threads."""

    def __init__(self, directory: Path, vocabulary: str, size: int) -> None:
        """Read what `directory` holds of this vocabulary; a signature has `size` bytes.

        Raises:
            OSError: the file cannot be read or the directory cannot be made.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / f"{vocabulary}.signatures"
        self._size = _NAME + size
        self._lock = threading.Lock()
        data = self._path.read_bytes() if self._path.exists() else b""
        whole = len(data) - len(data) % self._size
        self._known = {data[at : at + _NAME].hex(): data[at + _NAME : at + self._size] for at in self._places(whole)}
        if whole != len(data):
            os.truncate(self._path, whole)

    def _places(self, whole: int) -> range:
        return range(0, whole, self._size)

    def __len__(self) -> int:
        """How many pictures are described."""
        return len(self._known)

    def get(self, sha256: str) -> bytes | None:
        """The signature of a picture, None when it is not described."""
        return self._known.get(sha256)

    def put(self, sha256: str, signature: bytes) -> None:
        """Keep a signature.

        Raises:
            OSError: it cannot be written; it is known until the end of the process all the same.
        """
        with self._lock:
            if sha256 in self._known:
                return
            self._known[sha256] = signature
            with self._path.open("ab") as file:
                file.write(bytes.fromhex(sha256) + signature)
