"""The central's signed receipts of pictures, as sync keeps them: without one nothing may be deleted on the box.

sync writes them, one small file for each picture; the bench reads them, verifies them once more against the central
that the box is enrolled with, and keeps those of deleted pictures together in one file.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import zstandard
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.storage.chain import canonical
from edge.storage.database import fsync_directory, made_folder, write_durably

if TYPE_CHECKING:
    from pathlib import Path

ENROLMENT_FILE = "central.json"
RECEIPT = "sekisho-evidence"  # the type of the signed document
_LEVEL = 9


@dataclass(frozen=True, slots=True)
class PictureReceipt:
    """What the central has signed of one picture. Holding one proves the signature. `document` is it as it came."""

    sha256: str
    size: int
    central: str
    device: str
    received: str
    document: bytes


def pinned(state_dir: Path) -> Ed25519PublicKey | None:
    """The public key of the central that the box is enrolled with; None while there is none that can be read."""
    try:
        told = json.loads((state_dir / ENROLMENT_FILE).read_bytes())
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["central"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def said_by(data: bytes, kind: str, public: Ed25519PublicKey) -> dict[str, Any] | None:
    """The signed document of type `kind` in `data`; None when it is not one that `public` signed."""
    try:
        whole = json.loads(data)
        told = whole["signed"]
        public.verify(base64.b64decode(whole["signature"], validate=True), canonical(told))
        return dict(told) if told["type"] == kind and told["schema"] == 1 else None
    except (ValueError, TypeError, KeyError, RecursionError, InvalidSignature):
        return None


class Receipts:
    """The receipts of pictures: state_dir/receipts/aa/SHA256.json, each durable before the next picture is sent."""

    def __init__(self, state_dir: Path) -> None:
        """Keep them below `state_dir`."""
        self._state_dir = state_dir
        self._folder = state_dir / "receipts"

    def held(self, sha256: str) -> bool:
        """Whether there is one for this picture, whoever signed it."""
        return self._place(sha256).exists()

    def keep(self, sha256: str, receipt: bytes) -> None:
        """Keep one that was verified.

        Raises:
            OSError: it cannot be written.
        """
        place = self._place(sha256)
        made_folder(place.parent)
        write_durably(place, receipt)

    def of(self, sha256: str) -> PictureReceipt | None:
        """The receipt of a picture, when the central that the box is enrolled with has signed it; else None."""
        public = pinned(self._state_dir)
        if public is None:
            return None
        try:
            document = self._place(sha256).read_bytes()
        except OSError:
            return None
        told = said_by(document, RECEIPT, public)
        if told is None or told.get("sha256") != sha256 or type(told.get("size")) is not int:
            return None
        texts = {name: str(told.get(name, "")) for name in ("central", "device", "received")}
        return PictureReceipt(sha256, told["size"], **texts, document=document)

    def archive(self, receipts: Sequence[PictureReceipt]) -> str:
        """Keep receipts of pictures that are about to go in one file, durably; its SHA-256, which is its name.

        Raises:
            OSError: it cannot be written.
        """
        lines = b"".join(receipt.document + b"\n" for receipt in receipts)
        packed = zstandard.ZstdCompressor(level=_LEVEL).compress(lines)
        name = hashlib.sha256(packed).hexdigest()
        folder = self._folder / "deleted"
        if not folder.is_dir():
            made_folder(folder)
            fsync_directory(self._folder)
        write_durably(folder / f"{name}.zst", packed)
        return name

    def drop(self, sha256: str) -> None:
        """Forget the receipt of a picture that is gone; it lies in an archive. Safe to repeat."""
        with contextlib.suppress(FileNotFoundError):
            self._place(sha256).unlink()

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / f"{sha256}.json"
