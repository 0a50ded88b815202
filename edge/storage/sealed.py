"""Sealing to the central: what lies on a stick, or in the label vault, can be read by nobody but the central.

The box that sealed it cannot open it again. X25519 with a key of one use, HKDF-SHA256, ChaCha20-Poly1305 (the
construction of RFC 9180's base mode, without its framing). The central's sealing key stands in the certificate that it
signed.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge.errors import InputError
from edge.storage.keys import KEY_BYTES, derived, seal, unseal

_MAGIC = b"SEKX\x01"
SEAL = x509.ObjectIdentifier("2.25.262642621416996726119450288838129262703")  # an OID of our own, from a UUID (X.667)
OCTETS = b"\x04\x20"  # DER of an OCTET STRING of 32 bytes


def told_key(certificate: x509.Certificate) -> str:
    """The central's sealing key (64 hex digits) in a box's certificate, whoever has signed that.

    Raises:
        ValueError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension: there is none.
    """
    told = certificate.extensions.get_extension_for_oid(SEAL).value
    if not isinstance(told, x509.UnrecognizedExtension):
        raise TypeError(f"an extension of kind {type(told).__name__}")
    if not told.value.startswith(OCTETS) or len(told.value) != len(OCTETS) + KEY_BYTES:
        raise ValueError(f"{len(told.value)} bytes as a sealing key")
    return told.value[len(OCTETS) :].hex()


def sealing_key(private: Ed25519PrivateKey) -> X25519PrivateKey:
    """The central's key to open with, derived from its one secret."""
    return X25519PrivateKey.from_private_bytes(derived(private.private_bytes_raw(), "seal"))


def public_hex(private: X25519PrivateKey) -> str:
    """Its public key as 64 hex digits."""
    return private.public_key().public_bytes_raw().hex()


def sealed(public: str, data: bytes, name: str) -> bytes:
    """`data` sealed to a public key and bound to `name`."""
    recipient = X25519PublicKey.from_public_bytes(bytes.fromhex(public))
    once = X25519PrivateKey.generate()
    own = once.public_key().public_bytes_raw()
    return _MAGIC + own + seal(_key(once, recipient, own), data, name.encode())


def opened(private: X25519PrivateKey, data: bytes, name: str) -> bytes:
    """What `sealed` was given.

    Raises:
        InputError: sealed_form: damaged, renamed, or sealed to another central.
    """
    own = data[len(_MAGIC) : len(_MAGIC) + KEY_BYTES]
    if data.startswith(_MAGIC) and len(own) == KEY_BYTES:
        try:
            key = _key(private, X25519PublicKey.from_public_bytes(own), own)
            whole = unseal(key, data[len(_MAGIC) + KEY_BYTES :], name.encode())
        except (ValueError, InvalidTag):
            whole = None
        if whole is not None:
            return whole
    message = f"{name}: expected a file sealed to this central, got another or a damaged one."
    raise InputError("sealed_form", message, hint="Export again: a box seals to the central that it is enrolled with.")


def _key(private: X25519PrivateKey, public: X25519PublicKey, once: bytes) -> bytes:
    """The key of one file: both public keys go into its derivation."""
    own = private.public_key().public_bytes_raw()
    recipient = public.public_bytes_raw() if own == once else own
    info = b"sekisho seal" + once + recipient
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(private.exchange(public))
