"""The label vault: what a transport label showed, sealed to the central's key, until its countdown ends.

A file is sealed in memory before the disk sees it; the box cannot open it again. `state_dir/vault/INSPECTION.SHA256`
holds one: its name is the SHA-256 of what lies in it. Whether it goes, and what is told of that, is edge/vault.py's.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from edge.errors import EvidenceError
from edge.storage.database import fsync_directory, is_disk_full, made_folder, sweep, write_durably
from edge.storage.receipts import ENROLMENT_FILE, pinned
from edge.storage.sealed import sealed, told_key

if TYPE_CHECKING:
    from pathlib import Path

MEDIA_TYPE = "application/vnd.sekisho.sealed-label"
FOLDER = "vault"
_BINDING = "label of capture "  # and its SHA-256: what a sealed label is bound to
_NAME = re.compile(r"([0-9a-f-]{36})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class SealedLabel:
    """A label that was sealed: `name` is the SHA-256 of `data`, which only the central can open."""

    name: str
    data: bytes


def binding(capture: str) -> str:
    """The name that the label of a capture (its SHA-256) is sealed under."""
    return _BINDING + capture


def seal_label(label: bytes, capture: str, key: str) -> SealedLabel:
    """A label (JPEG) of a capture, sealed to a public key of 64 hex digits.

    Raises:
        ValueError: it is no such key.
    """
    data = sealed(key, label, binding(capture))
    return SealedLabel(hashlib.sha256(data).hexdigest(), data)


def vault_key(state_dir: Path, told: str = "") -> str:
    """The public key that labels are sealed to: as it is told, or of the central that the box is enrolled with; "".

    That of the central stands in the box's certificate, and counts when the pinned central has signed it.
    """
    if told:
        return told
    central = pinned(state_dir)
    if central is None:
        return ""
    try:
        kept = json.loads((state_dir / ENROLMENT_FILE).read_bytes())
        found = x509.load_pem_x509_certificate(kept["certificate"].encode())
        central.verify(found.signature, found.tbs_certificate_bytes)
        return told_key(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
    except (InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound, x509.DuplicateExtension):
        return ""


class VaultStore:
    """The sealed labels of one box. Safe for threads."""

    def __init__(self, state_dir: Path) -> None:
        """Open the vault, whose folder is made with the first label; what a crash left half is removed."""
        self._folder = state_dir / FOLDER
        sweep(self._folder)

    def keep(self, inspection: str, label: SealedLabel) -> None:
        """Keep a sealed label of an inspection, durably.

        Raises:
            EvidenceError: evidence_full, evidence_unwritable.
        """
        try:
            if not self._folder.is_dir():
                made_folder(self._folder)
                fsync_directory(self._folder.parent)
            write_durably(self._folder / f"{inspection}.{label.name}", label.data, mode=0o600)
        except OSError as error:
            raise self._unwritable(error) from error

    def kept(self) -> dict[str, tuple[str, ...]]:
        """The names of what is kept, by inspection."""
        found: dict[str, list[str]] = {}
        try:
            names = sorted(path.name for path in self._folder.iterdir())
        except OSError:  # none was kept yet
            names = []
        for told in names:
            if match := _NAME.fullmatch(told):
                found.setdefault(match[1], []).append(match[2])
        return {inspection: tuple(names) for inspection, names in found.items()}

    def read(self, inspection: str, name: str) -> SealedLabel | None:
        """A kept label; None when it is not there, or is not what was kept."""
        try:
            data = (self._folder / f"{inspection}.{name}").read_bytes()
        except OSError:
            return None
        return SealedLabel(name, data) if hashlib.sha256(data).hexdigest() == name else None

    def size(self, inspection: str, name: str) -> int:
        """Bytes on the disk, 0 when there is none."""
        try:
            return (self._folder / f"{inspection}.{name}").stat().st_size
        except OSError:
            return 0

    def delete(self, inspection: str, name: str) -> None:
        """Erase one, durably. The row that says so is the caller's.

        Raises:
            EvidenceError: evidence_unwritable.
        """
        try:
            with contextlib.suppress(FileNotFoundError):
                (self._folder / f"{inspection}.{name}").unlink()
                fsync_directory(self._folder)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> EvidenceError:
        code = "evidence_full" if is_disk_full(error) else "evidence_unwritable"
        message = f"{self._folder}: expected a label vault that can be written, got: {error.strerror}."
        return EvidenceError(
            code, message, hint="Check the disk. Results are still recorded, without the sealed label."
        )
