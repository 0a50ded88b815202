"""The box's certificate as X.509 (RFC 5280) with Ed25519 (RFC 8410): request, certificate, list of revoked ones. Pure.

The authority is the central's one key, which the enrolment token pins; its own certificate is a function of that key.
The request is PKCS #10 (RFC 2986), signed by the key that it is for: whoever signs it has that key. A request to renew
names the serial number of the certificate at hand in its subject, as RFC 7030 (EST), 4.2.2 wants the same subject. What
is expired is not refused here: who may still sign is the central's to say, and no inspection ever asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.storage.sealed import OCTETS, SEAL, told_key
from sync.errors import DocumentRefused

LIFE = timedelta(days=30)
RENEWED_AT = 2 / 3  # of its life
SPREAD = 1 / 10  # of its life: boxes that were enrolled in one hour do not renew in one
LIST_LIFE = timedelta(days=7)  # of a list of revoked certificates; it is made anew with every question
MAX_REQUEST_BYTES = 4_000
_EVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # RFC 5280, 4.1.2.5: no well-defined end
_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
_ORGANIZATION = "Sekisho"
_UNREADABLE = (  # what the parser raises for bytes that anybody may send
    *(ValueError, TypeError, UnsupportedAlgorithm),
    *(x509.ExtensionNotFound, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType),
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of a box that its central has signed. Holding one proves that, and not that it is still good."""

    device: str
    port: str
    public: Ed25519PublicKey
    seal: str  # the central's sealing key, 64 hex digits
    serial: str  # hex
    issued: datetime
    expires: datetime

    @property
    def due(self) -> datetime:
        """When it is to be renewed: at two thirds of its life, a twentieth more or less, by its serial number."""
        drawn = int(hashlib.sha256(self.serial.encode()).hexdigest()[:8], 16) / 0xFFFF_FFFF - 0.5
        return self.issued + (self.expires - self.issued) * (RENEWED_AT + SPREAD * drawn)


def authority(central: Ed25519PrivateKey) -> bytes:
    """The central's own certificate as PEM: whoever pins the fingerprint of its key can check every box with it."""
    name = _authority_name(central.public_key())
    builder = (
        x509.CertificateBuilder(name, name, central.public_key(), _number(central.public_key()), _SINCE, _EVER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(central.public_key()), critical=False)
    )
    return builder.sign(central, None).public_bytes(Encoding.PEM)


def request(private: Ed25519PrivateKey, device: str, serial: str = "") -> bytes:
    """A request (PEM) for a certificate of `device`; with the `serial` of the one at hand, to renew it."""
    named = [x509.NameAttribute(NameOID.COMMON_NAME, device)]
    named += [x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)] if serial else []
    return x509.CertificateSigningRequestBuilder(x509.Name(named)).sign(private, None).public_bytes(Encoding.PEM)


@dataclass(frozen=True, slots=True)
class Requested:
    """What a request asks for. Holding one proves that the key it names has signed it."""

    device: str
    public: str  # 64 hex digits
    serial: str  # of the certificate to be renewed; "" for the first

    @classmethod
    def parse(cls, pem: bytes) -> Requested:
        """Read a request.

        Raises:
            DocumentRefused: document_form.
        """
        try:
            asked = x509.load_pem_x509_csr(pem[: MAX_REQUEST_BYTES + 1])
            public = asked.public_key()
            if len(pem) > MAX_REQUEST_BYTES or not isinstance(public, Ed25519PublicKey):
                raise TypeError(f"{len(pem)} bytes with a {type(public).__name__}")
            if not asked.is_signature_valid:
                raise ValueError("a signature of another key")
            return cls(
                _named(asked.subject, NameOID.COMMON_NAME),
                public.public_bytes_raw().hex(),
                _named(asked.subject, NameOID.SERIAL_NUMBER),
            )
        except _UNREADABLE as error:
            raise _refused("a request (PKCS #10) of an Ed25519 key, signed with it", error) from error


def issued(
    central: Ed25519PrivateKey, requested: Requested, port: str, seal: str, *, serial: int, now: datetime
) -> bytes:
    """The certificate (PEM) that `requested` asks for, from `now` for `LIFE`, whole seconds.

    Args:
        central: the authority.
        requested: whose key.
        port: where the box stands, "" for nowhere.
        seal: the central's sealing key, 64 hex digits: what lies on a stick is sealed to it.
        serial: its number, of 63 drawn bits or more (RFC 5280, 4.1.2.2).
        now: by the central's clock.
    """
    since = now.replace(microsecond=0)
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(requested.public))
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, requested.device)]
    subject += [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, port)] if port else []
    builder = (
        x509.CertificateBuilder(
            _authority_name(central.public_key()), x509.Name(subject), public, serial, since, since + LIFE
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(central.public_key()),
            critical=False,
        )
        .add_extension(x509.UnrecognizedExtension(SEAL, OCTETS + bytes.fromhex(seal)), critical=False)
    )
    return builder.sign(central, None).public_bytes(Encoding.PEM)


def verified_certificate(pem: bytes, central: Ed25519PublicKey) -> Certificate:
    """The certificate in `pem`, when the pinned `central` has signed it.

    Raises:
        DocumentRefused: document_form, document_signature.
    """
    try:
        found = x509.load_pem_x509_certificate(pem)
        certificate = _told(found)
    except _UNREADABLE as error:
        raise _refused("a box's certificate (X.509, Ed25519)", error) from error
    try:
        central.verify(found.signature, found.tbs_certificate_bytes)
    except InvalidSignature as error:
        message = f"{certificate.device}: expected a certificate that the pinned central has signed, got another."
        raise DocumentRefused("document_signature", message, hint="It is not used.") from error
    return certificate


def told_certificate(pem: bytes) -> Certificate:
    """What a certificate says, whoever has signed it: for what the box itself has checked before it kept it.

    Raises:
        DocumentRefused: document_form.
    """
    try:
        return _told(x509.load_pem_x509_certificate(pem))
    except _UNREADABLE as error:
        raise _refused("a box's certificate (X.509, Ed25519)", error) from error


def _told(found: x509.Certificate) -> Certificate:
    public = found.public_key()
    if not isinstance(public, Ed25519PublicKey):
        raise TypeError(f"a key of kind {type(public).__name__}")
    return Certificate(
        device=_named(found.subject, NameOID.COMMON_NAME),
        port=_named(found.subject, NameOID.ORGANIZATIONAL_UNIT_NAME),
        public=public,
        seal=told_key(found),
        serial=f"{found.serial_number:x}",
        issued=found.not_valid_before_utc,
        expires=found.not_valid_after_utc,
    )


def revocation_list(central: Ed25519PrivateKey, revoked: Iterable[tuple[str, datetime]], now: datetime) -> bytes:
    """The CRL (DER) of these certificates: serial number in hex, and since when. Good for a week.

    Its number (RFC 5280, 5.2.3) is the second it was made in, so that a later one has a higher one.
    """
    since = now.replace(microsecond=0)
    builder = x509.CertificateRevocationListBuilder(
        _authority_name(central.public_key()),
        since,
        since + LIST_LIFE,
    )
    for serial, when in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder(int(serial, 16), when.replace(microsecond=0)).build()
        )
    builder = builder.add_extension(x509.CRLNumber(int(since.timestamp())), critical=False).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(central.public_key()), critical=False
    )
    return builder.sign(central, None).public_bytes(Encoding.DER)


def _authority_name(public: Ed25519PublicKey) -> x509.Name:
    """Names the key, so that two centrals are never taken for one."""
    fingerprint = hashlib.sha256(public.public_bytes_raw()).hexdigest()
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, f"central {fingerprint[:32]}"),
        ]
    )


def _number(public: CertificatePublicKeyTypes) -> int:
    if not isinstance(public, Ed25519PublicKey):
        raise TypeError(type(public).__name__)
    return int.from_bytes(hashlib.sha256(public.public_bytes_raw()).digest()[:16], "big") >> 1


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _refused(expected: str, error: Exception) -> DocumentRefused:
    came = f"{type(error).__name__}: {error}"[:160]
    return DocumentRefused("document_form", f"Expected {expected}, got {came}.", hint="What came is not used.")
