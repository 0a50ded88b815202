"""The site authority: whom handhelds trust on the LAN, and the certificate that the box shows them.

Each box has an authority of its own, and its key stays in it (site.key, sealed like the others). It may speak only for
the names that it was made for: RFC 5280, 4.2.1.10, nameConstraints, critical, with every other kind of name excluded.
So a stolen box can pose as itself alone, nobody carries a key about, and a certificate of 30 days is renewed in a hall
without a line. ECDSA with P-256, because browsers take no Ed25519 from servers.

    site.key             its key, 32 bytes (edge/storage/credentials.py)
    site/authority.pem   its certificate: what handhelds are given; the pairing code carries its SHA-256
    site/server.pem      what the bench shows: certificate, authority, key; replaced in one step
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.errors import BoxError, RequestRefused, SettingsError
from edge.storage.credentials import secret_at
from edge.storage.database import made_folder, made_once, write_durably
from edge.web.lan import SERVER_FILE
from provisioning.identity import AUTHORITY_FILE, AUTHORITY_KEY, SITE, due_from

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SERVER_LIFE = timedelta(days=30)
_BEFORE = timedelta(hours=1)  # a handheld's clock may be slow
_SINCE, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)  # whatever this box's clock says
_KEY_BYTES = 32
_EVERYWHERE: tuple[Network, ...] = (ipaddress.IPv4Network("0.0.0.0/0"), ipaddress.IPv6Network("::/0"))
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DNS = re.compile(rf"{_LABEL}(\.{_LABEL}){{0,8}}")


def names_of(texts: Sequence[str]) -> list[x509.GeneralName]:
    """Host names, addresses and networks as X.509 names.

    Raises:
        RequestRefused: request_name.
    """
    return [_name(text) for text in texts]


def _name(text: str) -> x509.GeneralName:
    try:
        if "/" in text:
            return x509.IPAddress(ipaddress.ip_network(text))
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError as error:
        if not _DNS.fullmatch(text.lower()) or re.fullmatch(r"[0-9./:]+", text):
            message = f"Expected a host name, an address or a network, got {text[:80]!r}."
            raise RequestRefused(
                "request_name", message, hint="E.g. bench-1.example.org, 192.0.2.10, 192.0.2.0/24."
            ) from error
    return x509.DNSName(text.lower())


def constraints(within: Sequence[x509.GeneralName]) -> x509.NameConstraints:
    """What an authority may speak for: `within`, and of a kind of name that is not in it, nothing."""
    permitted = [_subtree(name) for name in within]
    dns = [name for name in permitted if isinstance(name, x509.DNSName)]
    networks = [name.value for name in permitted if isinstance(name, x509.IPAddress)]
    excluded: list[x509.GeneralName] = [] if dns else [x509.DNSName("")]
    excluded += [
        x509.IPAddress(every)
        for every in _EVERYWHERE
        if not any(network.version == every.version for network in networks)
    ]
    return x509.NameConstraints(permitted, excluded or None)


def _subtree(name: x509.GeneralName) -> x509.GeneralName:
    if isinstance(name, x509.IPAddress) and isinstance(name.value, Address):
        return x509.IPAddress(ipaddress.ip_network(name.value))
    return name


def make(state_dir: Path, names: Sequence[str], within: Sequence[str], now: datetime, *, replace: bool = False) -> str:
    """Make the authority where there is none, and the server's certificate for `names`; the SHA-256 of the authority.

    Args:
        state_dir: of the box.
        names: host names and addresses under which handhelds reach it.
        within: what the authority may speak for, e.g. the hall's network; without, `names` alone.
        now: UTC.
        replace: begin anew: handhelds have to be paired again.

    Raises:
        RequestRefused: request_name: none, or no name; request_constraints: a name that the authority may not have.
        BoxError: box_key. SettingsError: settings_site: what is there cannot be used. OSError: it cannot be written.
    """
    if not names or any("/" in name for name in names):
        message = f"Expected the names and addresses of this box, got {', '.join(names) or 'none'}."
        raise RequestRefused("request_name", message, hint="sekisho provision site-ca bench-1.example.org 192.0.2.10")
    place = state_dir / SITE / AUTHORITY_FILE
    names_of(names)
    if replace or not place.exists():
        private = _authority_key(state_dir)
        made_folder(place.parent)
        authority = _authority(private, names_of(within or names))
        write_durably(place, authority.public_bytes(Encoding.PEM), mode=0o644)
    authority = _kept(place)
    issue(state_dir, names, now)
    return fingerprint(authority)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate (DER), hex."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def issue(state_dir: Path, names: Sequence[str], now: datetime) -> None:
    """Make a key and a certificate for `names`, and put them in use in one step.

    Raises:
        RequestRefused, BoxError, SettingsError, OSError: as `make`; what is in use stays so.
    """
    authority = _kept(state_dir / SITE / AUTHORITY_FILE)
    private = _authority_key(state_dir)
    if _raw(private.public_key()) != _raw(authority.public_key()):
        message = f"{AUTHORITY_FILE}: expected the certificate of {AUTHORITY_KEY}, got one of another key."
        raise SettingsError("settings_site", message, hint="sekisho provision site-ca NAME --replace")
    held = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    wrong = [text for text in names if not permits(held, _name(text))]
    if wrong:
        message = f"Expected names that this authority may speak for, got {', '.join(wrong)}."
        hint = "--replace makes a new one; handhelds have to be paired again."
        raise RequestRefused("request_constraints", message, hint=hint)
    own = generate_private_key(SECP256R1())
    certificate = _signed(private, authority, own.public_key(), names_of(names), now)
    chain = (certificate, authority)
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in chain)
    secret = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_durably(state_dir / SERVER_FILE, pem + secret, mode=0o600)


def renew(state_dir: Path, now: datetime) -> bool:
    """Renew the server's certificate at two thirds of its life, or when it is not good by this clock; whether it was.

    Raises:
        BoxError, SettingsError, OSError: as `make`; what is in use stays so.
    """
    place = state_dir / SERVER_FILE
    if not place.exists():
        return False
    found = _kept(place)
    if found.not_valid_before_utc <= now < due_from(found):
        return False
    told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    issue(state_dir, [str(name.value) for name in told], now)
    return True


def permits(held: x509.NameConstraints, name: x509.GeneralName) -> bool:
    """Whether an authority with these constraints may speak for a name (RFC 5280, 4.2.1.10)."""
    if isinstance(name, x509.DNSName):
        trees = [tree.value for tree in held.permitted_subtrees or () if isinstance(tree, x509.DNSName)]
        return any(name.value == tree or name.value.endswith(f".{tree}") for tree in trees)
    if isinstance(name, x509.IPAddress) and isinstance(name.value, Address):
        trees_ip = [tree.value for tree in held.permitted_subtrees or () if isinstance(tree, x509.IPAddress)]
        return any(isinstance(tree, Network) and name.value in tree for tree in trees_ip)
    return False


def _authority_key(state_dir: Path) -> EllipticCurvePrivateKey:
    """The key of the authority, made durably when there is none: the number of RFC 5915 in 32 bytes."""
    path = state_dir / AUTHORITY_KEY
    secret = secret_at(path)
    if secret is None:
        number = generate_private_key(SECP256R1()).private_numbers().private_value
        made_once(path, number.to_bytes(_KEY_BYTES, "big"), mode=0o600)
        secret = secret_at(path) or b""
    if len(secret) != _KEY_BYTES:
        raise BoxError("box_key", f"{path}: expected a key of {_KEY_BYTES} bytes, got {len(secret)}.")
    return derive_private_key(int.from_bytes(secret, "big"), SECP256R1())


def _authority(private: EllipticCurvePrivateKey, within: Sequence[x509.GeneralName]) -> x509.Certificate:
    digest = hashlib.sha256(_raw(private.public_key())).hexdigest()[:16]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Sekisho site {digest}")])
    public = private.public_key()
    return (
        x509.CertificateBuilder(name, name, public, x509.random_serial_number(), _SINCE, _UNTIL)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(constraints(within), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(private, SHA256())
    )


def _signed(
    private: EllipticCurvePrivateKey,
    authority: x509.Certificate,
    public: EllipticCurvePublicKey,
    names: Sequence[x509.GeneralName],
    now: datetime,
) -> x509.Certificate:
    since = now.replace(microsecond=0) - _BEFORE
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sekisho bench")])
    return (
        x509.CertificateBuilder(
            authority.subject, subject, public, x509.random_serial_number(), since, since + SERVER_LIFE
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(private.public_key()), critical=False)
        .sign(private, SHA256())
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _kept(place: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(place.read_bytes())
    except (OSError, ValueError) as error:
        message = f"{place}: expected a certificate, got {type(error).__name__}."
        raise SettingsError("settings_site", message, hint="sekisho provision site-ca NAME --replace") from error


def _raw(public: object) -> bytes:
    assert isinstance(public, EllipticCurvePublicKey)  # noqa: S101 - our own certificates have such keys
    numbers = public.public_numbers()
    return numbers.x.to_bytes(_KEY_BYTES, "big") + numbers.y.to_bytes(_KEY_BYTES, "big")
