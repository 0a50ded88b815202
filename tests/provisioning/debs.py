"""Small packages and certificates that are what they say, made without Debian's tools."""

from __future__ import annotations

import io
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


def _tar(**files: str) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:xz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return held.getvalue()


def _member(name: str, data: bytes) -> bytes:
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)


def small_deb(path: Path, *, architecture: str = "", package: str = "") -> Path:
    """Write the package that `path`'s name states, but for what is given."""
    name, version, processor = path.stem.split("_")
    control = f"Package: {package or name}\nVersion: {version}\nArchitecture: {architecture or processor}\n"
    members = (
        ("debian-binary", b"2.0\n"),
        ("control.tar.xz", _tar(control=control)),
        ("data.tar.xz", _tar(x="x" * 999)),
    )
    path.write_bytes(b"!<arch>\n" + b"".join(_member(name, data) for name, data in members))
    return path


def certificate(*, authority: bool = True) -> str:
    """A certificate of the site as PEM."""
    private = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site")])
    day = datetime(2026, 11, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, private.public_key(), 1, day, day + timedelta(days=99))
    signed = made.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True).sign(
        private, None
    )
    return signed.public_bytes(Encoding.PEM).decode()
