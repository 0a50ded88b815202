"""Sealing the box's keys with systemd-creds: to its TPM where there is one, else to the key of this host.

The order is that of a power cut at any step: the sealed copy is written, opened again and compared, made durable under
its name; then the note is made durable; only then the file is overwritten and goes. Before the note the file is what
counts, after it either. Each step may be done again.

What it protects from: a disk or a copy of one in another machine (TPM), a copied state directory (host key). What not:
a whole box in another's hands; that one is revoked at the centre. It is bound to the chip and to no measured boot, so
that an update of the firmware never locks the evidence away.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from edge.errors import BoxError, RequestRefused
from edge.storage.credentials import (
    CREDS,
    Place,
    Seal,
    credential_of,
    fingerprint,
    mark_of,
    opened,
    place_of,
    seal_of,
    sealed_at,
    secret_at,
)
from edge.storage.database import fsync_directory, write_durably
from edge.storage.keys import KEY_BYTES
from edge.storage.owned import rights_of_owner

_PATIENCE_S = 60
_KINDS = {Place.TPM: "host+tpm2", Place.HOST: "host"}

Step = Callable[[str], object]


def best_place() -> Place:
    """To what this systemd can seal a key: the TPM, the host key, or nothing, which leaves it in its file."""
    if shutil.which(CREDS) is None:
        return Place.FILE
    asked = subprocess.run([CREDS, "has-tpm2", "--quiet"], capture_output=True, check=False, timeout=_PATIENCE_S)  # noqa: S603 - fixed
    return Place.HOST if asked.returncode else Place.TPM


def seal(path: Path, place: Place, step: Step = str) -> Place:
    """Seal the key of `path`, and let the file go; where it lies afterwards. A key that is not made yet stays so.

    Args:
        path: the file of the key.
        place: TPM or HOST; FILE leaves it where it is.
        step: is told each step before it is done.

    Raises:
        BoxError: box_key: it is no key, or systemd-creds cannot seal it; the file is untouched then. OSError: likewise.
    """
    if place not in _KINDS or not path.exists():
        return place_of(path)
    secret = _key_of(path)
    if secret is None:
        return Place.NONE
    name, file = credential_of(path), sealed_at(path)
    step("encrypt")
    sealed = _encrypted(secret, name, place)
    step("write")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = file.with_name(f".{name}.new")
    write_durably(beside, sealed, mode=0o600)
    step("compare")
    if opened(beside, name) != secret:
        beside.unlink()
        message = f"{beside}: expected the key as it was sealed, got another."
        raise BoxError("box_key", message, hint="The key stays in its file.")
    step("name")
    beside.rename(file)
    fsync_directory(file.parent)
    step("note")
    Seal(place, fingerprint(secret)).keep(path)
    step("erase")
    erase(path)
    return place


def unseal(path: Path, step: Step = str) -> Place:
    """Put the key of `path` back into its file, e.g. before another board takes the disk; where it lies afterwards.

    Raises:
        BoxError: box_key. OSError: it cannot be written.
    """
    note = seal_of(path)
    if note is None:
        return place_of(path)
    file = sealed_at(path)
    secret = opened(file, credential_of(path))
    if fingerprint(secret) != note.fingerprint:
        message = f"{file}: expected the key that was sealed here, got another."
        raise BoxError("box_key", message)
    step("write")
    write_durably(path, secret, mode=0o600)
    step("forget")
    with rights_of_owner(path.parent):
        mark_of(path).unlink()
        fsync_directory(path.parent)
    step("erase")
    erase(file)
    return Place.FILE


def erase(path: Path) -> None:
    """Overwrite a small file, then let it go, durably. On flash the old cells may live on until they are reused.

    A link goes, and what it leads to stays as it is: no key is read by one.

    Raises:
        OSError: it cannot be written.
    """
    with rights_of_owner(path.parent), contextlib.suppress(FileNotFoundError):
        if stat.S_ISREG(path.lstat().st_mode):
            with os.fdopen(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "r+b") as file:
                file.write(os.urandom(os.fstat(file.fileno()).st_size))
                file.flush()
                os.fsync(file.fileno())
        path.unlink()
        fsync_directory(path.parent)


def require_root() -> None:
    """Pass for root: the host key and the TPM are its own.

    Raises:
        RequestRefused: request_root.
    """
    if os.geteuid() != 0:
        raise RequestRefused("request_root", f"Expected root, got user {os.geteuid()}.", hint="Run it with sudo.")


def _key_of(path: Path) -> bytes | None:
    """The key that lies in the file of `path`, of the form that every key of the box has.

    Raises:
        BoxError: box_key: something else lies there, which nobody wants sealed and overwritten.
    """
    try:
        secret = secret_at(path)
        came = None if secret is None or len(secret) == KEY_BYTES else f"{len(secret)} bytes"
    except OSError as error:
        came = error.strerror or type(error).__name__
    if came:
        message = f"{path}: expected a key of {KEY_BYTES} bytes in a file of its own, got {came}."
        raise BoxError("box_key", message, hint="Nothing was sealed. Find out who has put it there.")
    return secret


def _encrypted(secret: bytes, name: str, place: Place) -> bytes:
    command = [CREDS, "encrypt", f"--name={name}", f"--with-key={_KINDS[place]}", "--tpm2-pcrs=", "-", "-"]
    try:
        done = subprocess.run(command, input=secret, capture_output=True, check=False, timeout=_PATIENCE_S)  # noqa: S603 - fixed
        came = done.stderr.decode(errors="replace").strip()[-300:] if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        came = str(error)
    if came:
        message = f"{name}: expected that systemd-creds seals it, got: {came}"
        raise BoxError("box_key", message, hint="The key stays in its file; the box works so.")
    return done.stdout
