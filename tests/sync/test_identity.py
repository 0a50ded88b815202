"""Requests signed as RFC 9421 says, the device's key, and what is sealed to a central."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import AccessRefused, InputError, SettingsError
from edge.storage.sealed import opened, public_hex, sealed, sealing_key
from sync.identity import (
    Enrolment,
    EnrolmentToken,
    RequestSignature,
    content_digest,
    kept_enrolment,
    kept_private_key,
    signed_headers,
)
from sync.protocol import key_id

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ASKED = ("POST", "/v1/batches", "a=b")


def headers(body: bytes = b"rows", created_s: int = 1_000) -> dict[str, str]:
    made = signed_headers(KEY, *ASKED, body=body, created_s=created_s, nonce="nonce-123")
    return {name.lower(): value for name, value in made.items()}


def test_a_signed_request_is_told_from_its_headers_and_holds() -> None:
    signature = RequestSignature.parse(headers())
    assert (signature.key, signature.created_s, signature.nonce) == (key_id(KEY.public_key()), 1_000, "nonce-123")
    signature.verify(KEY.public_key(), *ASKED, body=b"rows", now_s=1_299)


def test_the_body_digest_is_that_of_rfc_9530() -> None:
    assert content_digest(b'{"hello": "world"}') == "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"


@pytest.mark.parametrize(
    "asked",
    [("PUT", "/v1/batches", "a=b"), ("POST", "/v1/feed", "a=b"), ("POST", "/v1/batches", "a=c")],
    ids=["method", "path", "query"],
)
def test_a_signature_is_for_one_request_only(asked: tuple[str, str, str]) -> None:
    with pytest.raises(AccessRefused) as caught:
        RequestSignature.parse(headers()).verify(KEY.public_key(), *asked, body=b"rows", now_s=1_000)
    assert caught.value.code == "access_signature"


def test_another_body_or_another_key_is_refused() -> None:
    signature = RequestSignature.parse(headers())
    for key, body in ((KEY, b"other"), (Ed25519PrivateKey.generate(), b"rows")):
        with pytest.raises(AccessRefused) as caught:
            signature.verify(key.public_key(), *ASKED, body=body, now_s=1_000)
        assert caught.value.code == "access_signature"


@pytest.mark.parametrize("now_s", [699, 1_301])
def test_a_request_of_another_time_is_refused(now_s: int) -> None:
    with pytest.raises(AccessRefused) as caught:
        RequestSignature.parse(headers()).verify(KEY.public_key(), *ASKED, body=b"rows", now_s=now_s)
    assert caught.value.message == f"Expected a request made within 300 s, got one {now_s - 1_000} s old."


@given(name=st.sampled_from(["signature", "signature-input"]), text=st.text(max_size=200))
def test_whatever_stands_in_the_headers_is_refused_and_never_fails_otherwise(name: str, text: str) -> None:
    with pytest.raises(AccessRefused):
        RequestSignature.parse(headers() | {name: text})


@given(st.text(max_size=300))
def test_whatever_is_given_as_a_token_is_refused_and_never_fails_otherwise(text: str) -> None:
    for given_ in (text, f"SEKISHO1.{text}"):
        with pytest.raises(AccessRefused):
            EnrolmentToken.parse(given_)


def test_a_token_is_the_same_after_a_round_trip() -> None:
    token = EnrolmentToken("https://central.example", "a" * 64, "bench-1", "b" * 64)
    assert EnrolmentToken.parse(f"{token}\n") == token


def test_a_key_file_of_another_length_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "device.key"
    path.write_bytes(b"short")
    with pytest.raises(SettingsError) as caught:
        kept_private_key(path)
    assert caught.value.message == f"{path}: expected a key of 32 bytes, got 5 bytes."
    assert path.read_bytes() == b"short"


def test_an_enrolment_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    Enrolment("http://c", "bench-1", KEY.public_key(), "{}").keep(tmp_path)
    assert kept_enrolment(tmp_path) == Enrolment("http://c", "bench-1", KEY.public_key(), "{}")
    (tmp_path / "central.json").write_bytes(b"{}")
    with pytest.raises(SettingsError) as caught:
        kept_enrolment(tmp_path)
    assert caught.value.code == "settings_enrolment"


# --- sealing --------------------------------------------------


@given(data=st.binary(max_size=300))
def test_what_is_sealed_is_opened_by_its_central_alone(data: bytes) -> None:
    private = sealing_key(KEY)
    closed = sealed(public_hex(private), data, "name")
    assert opened(private, closed, "name") == data
    for key, name in ((sealing_key(Ed25519PrivateKey.generate()), "name"), (private, "another")):
        with pytest.raises(InputError) as caught:
            opened(key, closed, name)
        assert caught.value.code == "sealed_form"


@given(place=st.integers(0, 1_000), flip=st.integers(1, 255))
def test_a_sealed_file_with_any_changed_byte_is_refused(place: int, flip: int) -> None:
    private = sealing_key(KEY)
    closed = bytearray(sealed(public_hex(private), b"rows", "name"))
    closed[place % len(closed)] ^= flip
    with pytest.raises(InputError):
        opened(private, bytes(closed), "name")


@given(st.binary(max_size=200))
def test_what_was_never_sealed_is_refused(junk: bytes) -> None:
    for data in (junk, b"SEKX\x01" + junk):
        with pytest.raises(InputError):
            opened(sealing_key(KEY), data, "name")


def test_the_name_of_a_key_is_the_sha256_of_its_public_half() -> None:
    assert key_id(KEY.public_key()) == hashlib.sha256(KEY.public_key().public_bytes_raw()).hexdigest()
