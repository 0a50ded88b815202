"""What a handheld needs to know of the box's TLS: its names, and the authority that it is to trust, with its hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

FILE = "site/server.pem"  # certificate, authority, key: provisioning/authority.py writes it
PORT = 8443  # of sekisho-lan.socket


@dataclass(frozen=True, slots=True)
class Site:
    """`names`: host names before addresses. `authority`: its certificate, DER."""

    names: tuple[str, ...]
    authority: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate, hex."""
        return hashlib.sha256(self.authority).hexdigest()


def site_of(state_dir: Path) -> Site | None:
    """The site of a box; None where no certificate was made, or none that can be read."""
    try:
        chain = x509.load_pem_x509_certificates((state_dir / FILE).read_bytes())
        found = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return None
    names = (*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress)))
    return Site(names, chain[-1].public_bytes(Encoding.DER)) if names and len(chain) > 1 else None
