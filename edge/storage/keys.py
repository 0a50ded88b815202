"""The box's storage key: made on the first start, kept in one file that only the bench may read.

Everything personal is sealed with it. Where systemd can seal it, the file is replaced by a credential of the unit
(edge/storage/credentials.py); the format is 32 raw bytes.
ChaCha20-Poly1305 (RFC 8439), because the processor of a Raspberry Pi 4 has no AES.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from edge.errors import EvidenceError
from edge.storage.credentials import secret_at
from edge.storage.database import made_once

if TYPE_CHECKING:
    from pathlib import Path

STORAGE_KEY = "storage.key"
KEY_BYTES = 32
NONCE_BYTES = 12


def storage_key(state_dir: Path) -> bytes:
    """The storage key of the box, made when there is none.

    Raises:
        EvidenceError: evidence_key: the key file is unreadable or of a wrong length. It is never replaced, because what
            is sealed with it would be lost.
        BoxError: box_key: it is sealed and not handed in; box_retiring.
    """
    path = state_dir / STORAGE_KEY
    kept = kept_key(state_dir)
    if kept is not None and not path.exists():
        return kept
    try:
        made_once(path, os.urandom(KEY_BYTES), mode=0o600)
    except OSError as error:
        raise _wrong(path, error.strerror or str(error)) from error
    return _read(path) or b""


def kept_key(state_dir: Path) -> bytes | None:
    """The storage key of the box, or None when there is none; nothing is made.

    Raises:
        EvidenceError, BoxError: as `storage_key`.
    """
    return _read(state_dir / STORAGE_KEY)


def _read(path: Path) -> bytes | None:
    try:
        key = secret_at(path)
    except OSError as error:
        raise _wrong(path, error.strerror or str(error)) from error
    if key is not None and len(key) != KEY_BYTES:
        raise _wrong(path, f"{len(key)} bytes")
    return key


def _wrong(path: Path, came: str) -> EvidenceError:
    return EvidenceError(
        "evidence_key",
        f"{path}: expected a key of {KEY_BYTES} bytes, got {came}.",
        hint="Restore the key from its backup. Without it what was sealed with it cannot be read; to go on without, "
        "move the key file away.",
    )


def derived(key: bytes, purpose: str) -> bytes:
    """A key of its own for one purpose, so that no key serves two."""
    return blake2b(purpose.encode(), key=key, digest_size=KEY_BYTES, person=b"sekisho").digest()


def seal(key: bytes, data: bytes, name: bytes) -> bytes:
    """`data` encrypted under a random nonce and bound to `name`: nonce, cipher text, tag."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, data, name)


def unseal(key: bytes, sealed: bytes, name: bytes) -> bytes | None:
    """What `seal` was given, or None when key, name or a single bit is another."""
    try:
        return ChaCha20Poly1305(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name)
    except (InvalidTag, ValueError):
        return None
