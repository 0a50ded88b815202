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
import subprocess
from collections.abc import Callable
from pathlib import Path

from edge.errors import BoxError, RequestRefused
from edge.storage.credentials import (
    CREDS,
    STORE,
    Place,
    Seal,
    credential_of,
    fingerprint,
    mark_of,
    opened,
    place_of,
    seal_of,
    secret_at,
)
from edge.storage.database import fsync_directory, write_durably

_PATIENCE_S = 60
_KINDS = {Place.TPM: "host+tpm2", Place.HOST: "host"}

Step = Callable[[str], object]


def best_place() -> Place:
    """To what this systemd can seal a key: the TPM, the host key, or nothing, which leaves it in its file."""
    if shutil.which(CREDS) is None:
        return Place.FILE
    asked = subprocess.run([CREDS, "has-tpm2", "--quiet"], capture_output=True, check=False, timeout=_PATIENCE_S)  # noqa: S603 - fixed
    return Place.HOST if asked.returncode else Place.TPM


def seal(path: Path, place: Place, store: Path = STORE, step: Step = str) -> Place:
    """Seal the key of `path`, and let the file go; where it lies afterwards. A key that is not made yet stays so.

    Args:
        path: the file of the key.
        place: TPM or HOST; FILE leaves it where it is.
        store: where systemd looks for encrypted credentials.
        step: is told each step before it is done.

    Raises:
        BoxError: box_key: systemd-creds cannot do it; the file is untouched then. OSError: likewise.
    """
    if place not in _KINDS or not path.exists():
        return place_of(path)
    secret = secret_at(path)
    if secret is None:
        return Place.NONE
    name = credential_of(path)
    file = store / name
    step("encrypt")
    sealed = _encrypted(secret, name, place)
    step("write")
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = store / f".{name}.new"
    write_durably(beside, sealed, mode=0o600)
    step("compare")
    if opened(beside, name) != secret:
        beside.unlink()
        message = f"{beside}: expected the key as it was sealed, got another."
        raise BoxError("box_key", message, hint="The key stays in its file.")
    step("name")
    beside.rename(file)
    fsync_directory(store)
    step("note")
    Seal(place, file, fingerprint(secret)).keep(path)
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
    secret = opened(note.file, credential_of(path))
    if fingerprint(secret) != note.fingerprint:
        message = f"{note.file}: expected the key that was sealed here, got another."
        raise BoxError("box_key", message)
    step("write")
    write_durably(path, secret, mode=0o600)
    step("forget")
    mark_of(path).unlink()
    fsync_directory(path.parent)
    step("erase")
    erase(note.file)
    return Place.FILE


def erase(path: Path) -> None:
    """Overwrite a small file, then let it go, durably. On flash the old cells may live on until they are reused.

    Raises:
        OSError: it cannot be written.
    """
    with contextlib.suppress(FileNotFoundError):
        with path.open("r+b") as file:
            file.write(os.urandom(path.stat().st_size))
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
