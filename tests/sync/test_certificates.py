"""X.509: a request that its key has signed, a certificate of the pinned central, a list; all else is refused."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from sync.certificates import (
    LIFE,
    Requested,
    authority,
    issued,
    request,
    revocation_list,
    told_certificate,
    verified_certificate,
)
from sync.errors import DocumentRefused
from tests.sync.boxes import DAY

CENTRAL = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
BOX = Ed25519PrivateKey.from_private_bytes(bytes(32))
SEAL = "5e" * 32


def made(serial: int = 7) -> bytes:
    return issued(CENTRAL, Requested.parse(request(BOX, "bench-1")), "Naha", SEAL, serial=serial, now=DAY)


def test_a_request_tells_whose_key_asks_and_what_it_has() -> None:
    public = BOX.public_key().public_bytes_raw().hex()
    assert Requested.parse(request(BOX, "bench-1")) == Requested("bench-1", public, "")
    assert Requested.parse(request(BOX, "bench-1", "7a")).serial == "7a"


def test_a_request_of_another_kind_of_key_is_refused() -> None:
    other = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(generate_private_key(SECP256R1()), SHA256())
    with pytest.raises(DocumentRefused) as caught:
        Requested.parse(other.public_bytes(Encoding.PEM))
    assert caught.value.message.startswith(
        "Expected a request (PKCS #10) of an Ed25519 key, signed with it, got TypeError: "
    )


def test_a_request_that_another_key_has_signed_is_refused() -> None:
    whole = x509.load_pem_x509_csr(request(BOX, "bench-1"))
    other = Ed25519PrivateKey.generate()
    data = whole.public_bytes(Encoding.DER).replace(whole.signature, other.sign(whole.tbs_certrequest_bytes))
    with pytest.raises(DocumentRefused) as caught:
        Requested.parse(x509.load_der_x509_csr(data).public_bytes(Encoding.PEM))
    assert caught.value.message == (
        "Expected a request (PKCS #10) of an Ed25519 key, signed with it, got ValueError: a signature of another key."
    )


def test_a_certificate_of_the_pinned_central_is_believed_and_of_another_is_not() -> None:
    told = verified_certificate(made(), CENTRAL.public_key())
    assert (told.device, told.port, told.seal, told.serial) == ("bench-1", "Naha", SEAL, "7")
    assert (told.issued, told.expires) == (DAY, DAY + LIFE)
    with pytest.raises(DocumentRefused) as caught:
        verified_certificate(made(), Ed25519PrivateKey.generate().public_key())
    assert caught.value.code == "document_signature"
    assert caught.value.message == "bench-1: expected a certificate that the pinned central has signed, got another."


@given(st.integers(1, 2**120))
def test_a_certificate_is_due_at_two_thirds_of_its_life_a_twentieth_more_or_less(serial: int) -> None:
    due = told_certificate(made(serial)).due
    assert abs(due - (DAY + timedelta(days=20))) <= timedelta(days=1.5)


@given(st.binary(max_size=400), st.integers(0, 400))
def test_whatever_is_read_as_a_request_or_certificate_is_refused_and_never_fails_otherwise(
    junk: bytes, place: int
) -> None:
    for whole, read in ((request(BOX, "bench-1"), Requested.parse), (made(), told_certificate)):
        for data in (junk, whole[:place] + junk + whole[place + len(junk) :]):
            if data != whole:
                try:
                    read(data)
                except DocumentRefused:
                    continue


def test_a_list_names_what_is_revoked_and_a_later_one_has_a_higher_number() -> None:
    numbers = []
    for now in (DAY, DAY + timedelta(hours=1)):
        listed = x509.load_der_x509_crl(revocation_list(CENTRAL, [("7a", DAY)], now))
        assert listed.is_signature_valid(CENTRAL.public_key())
        assert [(one.serial_number, one.revocation_date_utc) for one in listed] == [(0x7A, DAY)]
        numbers.append(listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
    assert numbers[0] < numbers[1]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is absent: no other program checks certificates")
def test_openssl_believes_a_certificate_until_it_is_on_the_list(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(authority(CENTRAL))
    (tmp_path / "box.pem").write_bytes(made(0x7A))
    at = ["-attime", str(int(DAY.timestamp()) + 60), "-CAfile", "ca.pem"]

    def verify(revoked: list[str]) -> int:
        listed = x509.load_der_x509_crl(revocation_list(CENTRAL, [(serial, DAY) for serial in revoked], DAY))
        (tmp_path / "list.pem").write_bytes(listed.public_bytes(Encoding.PEM))
        command = ["openssl", "verify", *at, "-crl_check", "-CRLfile", "list.pem", "box.pem"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode

    assert verify([]) == 0
    assert verify(["7a"]) != 0
