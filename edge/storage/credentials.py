"""Where a secret of the box lies: in a file of the state directory, or sealed, and handed in by systemd.

A key is made as a file, because a box must work on any systemd. `sekisho provision seal` (provisioning/sealing.py)
seals it with systemd-creds, to the TPM where there is one, else to the key of this host, and leaves a note beside the
place where it was: NAME.sealed, which says how it is sealed and by what it is recognised. Where it lies is fixed: the
note is in a folder of the bench's user, and root believes no path that stands there. Services then get it as a
credential (LoadCredentialEncrypted=, systemd.exec(5)), in memory that is not swapped, and root's commands ask
systemd-creds for it. A key that is sealed and not handed in is never made anew: what it has sealed would be lost.

It seals nothing itself. A secret is never in an argument or in the environment: that only names a directory.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path

from edge.errors import BoxError
from edge.storage.database import write_durably
from edge.storage.owned import rights_of_owner
from edge.storage.regular import regular

STORE = Path("/etc/credstore.encrypted")  # where systemd looks for LoadCredentialEncrypted=NAME
STATE = Path("/var/lib/sekisho")  # the state directory of a box, whose keys the store holds
RETIRING = "retiring.json"  # there from the moment when a box is being erased (provisioning/retire.py)
CREDS = "systemd-creds"

_MARK = ".sealed"
_PATIENCE_S = 60
_MOST_BYTES = 4_096  # of a key or a note


class Place(StrEnum):
    """Where a key lies."""

    TPM = "tpm"
    HOST = "host"
    FILE = "file"
    NONE = "none"

    @property
    def words(self) -> str:
        """In words."""
        return _WORDS[self]


_WORDS = {
    Place.TPM: "sealed by TPM",
    Place.HOST: "sealed to this box's host key",
    Place.FILE: "in a file",
    Place.NONE: "not made yet",
}


@dataclass(frozen=True, slots=True)
class Seal:
    """What the note beside a sealed key says."""

    place: Place
    fingerprint: str

    def keep(self, path: Path) -> None:
        """Write the note of the key of `path`, durably.

        Raises:
            OSError: it cannot be written.
        """
        told = {"place": self.place, "fingerprint": self.fingerprint}
        write_durably(mark_of(path), json.dumps(told).encode(), mode=0o640)


def mark_of(path: Path) -> Path:
    """Where the note of the key of `path` lies."""
    return path.with_name(path.name + _MARK)


def credential_of(path: Path) -> str:
    """The name of the credential of the key of `path`, e.g. "sekisho.device.key"."""
    return f"sekisho.{path.name}"


def sealed_at(path: Path) -> Path:
    """Where the sealed copy of the key of `path` lies."""
    return STORE / credential_of(path)


def fingerprint(secret: bytes) -> str:
    """By what a secret is recognised; of 32 drawn bytes it tells nothing."""
    return blake2b(b"fingerprint", key=secret[:64], digest_size=16, person=b"sekisho").hexdigest()


def seal_of(path: Path) -> Seal | None:
    """The seal of the key of `path`; None while it is not sealed.

    Raises:
        BoxError: box_key: the note cannot be read: it is not known where the key is.
    """
    mark = mark_of(path)
    try:
        with rights_of_owner(mark.parent):
            told = json.loads(regular(mark, _MOST_BYTES))
        return Seal(Place(told["place"]), str(told["fingerprint"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{mark}: expected a note that says where the key is, got {type(error).__name__}: {error}."
        raise BoxError("box_key", message, hint="Run `sekisho provision seal` as root.") from error


def place_of(path: Path) -> Place:
    """Where the key of `path` lies. A file that is still there beside its sealed copy is what counts.

    Raises:
        BoxError: box_key.
    """
    if path.exists():
        return Place.FILE
    seal = seal_of(path)
    return Place.NONE if seal is None else seal.place


def secret_at(path: Path, *, erasing: bool = False) -> bytes | None:
    """The key of `path`; None when there is none yet, so that it may be made. `erasing`: for whoever erases the box.

    Raises:
        BoxError: box_retiring: this box is being erased; box_key: it is sealed and not handed in, or is another.
        OSError: the file is there and cannot be read.
    """
    if not erasing and path.with_name(RETIRING).exists():
        message = f"{path.parent}: expected a box that is in use, got one that is being erased."
        raise BoxError("box_retiring", message, hint="Finish it: sekisho provision retire.")
    seal = seal_of(path)
    try:
        with rights_of_owner(path.parent):
            secret: bytes | None = regular(path, _MOST_BYTES)
    except FileNotFoundError:
        secret = _handed_in(path) or (_opened(path, seal) if seal else None)
    if secret is not None and seal is not None and fingerprint(secret) != seal.fingerprint:
        message = f"{path}: expected the key that was sealed here, got another."
        raise BoxError("box_key", message, hint="Put the right one back: with another nothing can be read.")
    return secret


def _handed_in(path: Path) -> bytes | None:
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    try:
        return (Path(folder) / credential_of(path)).read_bytes() if folder else None
    except OSError:
        return None


def _opened(path: Path, seal: Seal) -> bytes:
    hint = "Run the command as root, or through the service; `systemctl restart` hands the key in anew."
    if os.geteuid() != 0:
        message = f"{path}: expected a key that systemd hands in, got one that is {seal.place.words} and none."
        raise BoxError("box_key", message, hint=hint)
    return opened(sealed_at(path), credential_of(path))


def opened(file: Path, name: str) -> bytes:
    """What is sealed in `file` under the name of its credential. Only root can do it.

    Raises:
        BoxError: box_key: systemd-creds cannot open it here.
    """
    try:
        command = [CREDS, "decrypt", f"--name={name}", str(file), "-"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=_PATIENCE_S)  # noqa: S603 - fixed
        came = done.stderr.decode(errors="replace").strip()[-300:] if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        came = str(error)
    if came:
        message = f"{file}: expected a key that this box can open, got: {came}"
        raise BoxError("box_key", message, hint="It opens on the box that sealed it alone.")
    return done.stdout
