"""Ed25519 key files of publishers: NAME.pem is the private key under a passphrase (PKCS #8), NAME.pub the public one.

A passphrase never stands in a command's arguments, where every process of the machine could read it: it comes from a
file, the environment, a credential of a systemd unit, or is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, SSlibKey

from edge.storage.database import write_durably
from sync.errors import PublishError

Passphrase = Callable[[str, bool], str]  # name of the key, whether it is a new one

ENVIRONMENT = "SEKISHO_PUBLISH_PASSPHRASE"
CREDENTIAL = "sekisho-publish-passphrase"


def passphrase_from(file: Path | None, ask: Passphrase) -> Passphrase:
    """A source of passphrases: `file`, else the environment, else the unit's credential, else `ask`."""

    def given(name: str, new: bool) -> str:  # noqa: FBT001 - the shape of Passphrase
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        credential = Path(credentials, CREDENTIAL) if credentials else None
        path = file or (credential if credential and credential.exists() and not os.environ.get(ENVIRONMENT) else None)
        if path is None:
            words = os.environ.get(ENVIRONMENT) or ask(name, new)
        else:
            try:
                words = path.read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                message = f"{path}: expected a readable passphrase file, got: {error}."
                raise PublishError("publish_passphrase", message, hint="One line of text is a passphrase.") from error
        if not words:
            message = f"{name}: expected a passphrase, got an empty one."
            raise PublishError("publish_passphrase", message, hint="A key file without a passphrase is not made.")
        return words

    return given


def make_key(directory: Path, name: str, passphrase: Passphrase) -> SSlibKey:
    """Make the key pair NAME.pem and NAME.pub in `directory`.

    Raises:
        PublishError: publish_key_exists: there is one; publish_passphrase.
        OSError: it cannot be written.
    """
    place = directory / f"{name}.pem"
    if place.exists() or place.with_suffix(".pub").exists():
        message = f"{place}: expected no key of this name, got one."
        raise PublishError("publish_key_exists", message, hint="A key is never replaced; choose another name.")
    directory.mkdir(parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate()
    lock = BestAvailableEncryption(passphrase(name, True).encode())
    write_durably(place, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock), mode=0o600)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_durably(place.with_suffix(".pub"), public)
    return SSlibKey.from_crypto(private.public_key())


def read_public(path: Path) -> SSlibKey:
    """The public key of a NAME.pub file.

    Raises:
        PublishError: publish_key: it is no Ed25519 public key.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(path, "public", str(error)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path, "public", type(key).__name__)
    return SSlibKey.from_crypto(key)


def read_private(path: Path, passphrase: Passphrase) -> CryptoSigner:
    """The signer of a NAME.pem file.

    Raises:
        PublishError: publish_key: it is no Ed25519 private key, or the passphrase is another.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise _no_key(path, "private", error.strerror or str(error)) from error
    try:
        key = load_pem_private_key(text, passphrase(path.stem, False).encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(path, "private", "another file or another passphrase") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "private", type(key).__name__)
    return CryptoSigner(key)


def _no_key(path: Path, kind: str, came: str) -> PublishError:
    message = f"{path}: expected an Ed25519 {kind} key, got {came}."
    return PublishError("publish_key", message, hint="Make one with: sekisho publish key NAME --keys DIR.")


class KeyRing:
    """The keys of one directory. A private key is opened when it is first needed, and only then."""

    def __init__(self, directory: Path, passphrase: Passphrase) -> None:
        """Use NAME.pem and NAME.pub of `directory`."""
        self.directory = directory
        self.passphrase = passphrase
        self._open: dict[Path, CryptoSigner] = {}

    def public(self, name: str) -> SSlibKey:
        """The public key NAME of this ring, made when there is none.

        Raises:
            PublishError: publish_key, publish_passphrase.
            OSError: it cannot be written.
        """
        place = self.directory / f"{name}.pub"
        return read_public(place) if place.exists() else make_key(self.directory, name, self.passphrase)

    def free_name(self, stem: str) -> str:
        """`stem`, or the first of stem-2, stem-3, ... that names no key of this ring."""
        names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 1_000_000))
        return next(name for name in names if not (self.directory / f"{name}.pub").exists())

    def signers(self, keyids: Iterable[str], threshold: int, role: str) -> list[CryptoSigner]:
        """`threshold` signers out of `keyids`.

        Raises:
            PublishError: publish_key_missing: there are fewer in this ring; publish_key, publish_passphrase.
        """
        wanted = set(keyids)
        found = [self.signer(path) for path in self._private(wanted)[:threshold]]
        if len(found) < threshold:
            message = f"{role}: expected {threshold} private keys in {self.directory}, got {len(found)}."
            hint = "Give --keys the directory with the keys of this role; sekisho publish show names them."
            raise PublishError("publish_key_missing", message, hint=hint)
        return found

    def holds(self, keyids: Iterable[str], threshold: int) -> bool:
        """Whether `threshold` private keys out of `keyids` lie in this ring.

        Raises:
            PublishError: publish_key.
        """
        return len(self._private(set(keyids))) >= threshold

    def signers_at_hand(self, keyids: Iterable[str]) -> list[CryptoSigner]:
        """The signers out of `keyids` whose private keys are in this ring; none is fine.

        Raises:
            PublishError: publish_key, publish_passphrase.
        """
        return [self.signer(path) for path in self._private(set(keyids))]

    def signer(self, path: Path) -> CryptoSigner:
        """The signer of one private key file, opened once.

        Raises:
            PublishError: publish_key, publish_passphrase.
        """
        if path not in self._open:
            self._open[path] = read_private(path, self.passphrase)
        return self._open[path]

    def _private(self, keyids: set[str]) -> list[Path]:
        return [path for path in self._pairs() if read_public(path.with_suffix(".pub")).keyid in keyids]

    def _pairs(self) -> Iterator[Path]:
        for path in sorted(self.directory.glob("*.pub")):
            private = path.with_suffix(".pem")
            if private.exists():
                yield private
