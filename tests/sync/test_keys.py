"""Key files: sealed by a passphrase that never stands in a command, never replaced, Ed25519 only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sync.errors import PublishError
from sync.keys import ENVIRONMENT, KeyRing, make_key, passphrase_from, read_private, read_public
from tests.sync.publishing import passphrase


def test_a_key_is_sealed_and_for_its_owner_only(tmp_path: Path) -> None:
    made = make_key(tmp_path, "alice", passphrase)
    private = tmp_path / "alice.pem"
    assert private.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert read_public(tmp_path / "alice.pub").keyid == made.keyid
    assert read_private(private, passphrase).public_key.keyid == made.keyid


def test_another_passphrase_opens_nothing(tmp_path: Path) -> None:
    make_key(tmp_path, "alice", passphrase)
    with pytest.raises(PublishError) as refused:
        read_private(tmp_path / "alice.pem", lambda _name, _new: "wrong")
    path = tmp_path / "alice.pem"
    assert refused.value.message == f"{path}: expected an Ed25519 private key, got another file or another passphrase."


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    make_key(tmp_path, "alice", passphrase)
    with pytest.raises(PublishError) as refused:
        make_key(tmp_path, "alice", passphrase)
    assert refused.value.message == f"{tmp_path / 'alice.pem'}: expected no key of this name, got one."


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1()).public_key()
    path = tmp_path / "other.pub"
    path.write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(PublishError) as refused:
        read_public(path)
    assert refused.value.message == f"{path}: expected an Ed25519 public key, got ECPublicKey."


def test_an_empty_passphrase_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(PublishError) as refused:
        make_key(tmp_path, "alice", passphrase_from(None, lambda _name, _new: ""))
    assert refused.value.message == "alice: expected a passphrase, got an empty one."
    assert list(tmp_path.iterdir()) == []


def test_a_passphrase_comes_from_file_environment_credential_or_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sekisho-publish-passphrase"
    file.write_text("of the file\n", encoding="utf-8")
    asked = passphrase_from(None, lambda name, _new: f"asked for {name}")
    assert asked("alice", False) == "asked for alice"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert asked("alice", False) == "of the file"
    monkeypatch.setenv(ENVIRONMENT, "of the environment")
    assert asked("alice", False) == "of the environment"
    assert passphrase_from(file, lambda _name, _new: "")("alice", False) == "of the file"
    with pytest.raises(PublishError):
        passphrase_from(tmp_path / "none", lambda _name, _new: "x")("alice", False)


def test_a_ring_without_the_key_names_the_role(tmp_path: Path) -> None:
    with pytest.raises(PublishError) as refused:
        KeyRing(tmp_path, passphrase).signers(["0" * 64], 1, "timestamp")
    assert refused.value.message == f"timestamp: expected 1 private keys in {tmp_path}, got 0."
