"""Enrolment and renewal as boxes ask for them, over the line or by stick: a request that the box's key has signed."""

from __future__ import annotations

from edge.errors import InputError
from sync.central.central import Central
from sync.central.database import writing
from sync.central.intake.devices import enrol, renew
from sync.certificates import Requested
from sync.errors import DocumentRefused


def enrolled_by(central: Central, device: str, request: bytes, proof: str) -> dict[str, str]:
    """The key to pin and the certificate that it has signed, for a box that proves a token.

    Raises:
        InputError: request_field: it is no request of this device. AccessRefused: as `devices.enrol`.
    """
    asked = _asked(request)
    if asked.device != device:
        raise InputError("request_field", f"Expected a request for {device[:80]!r}, got {asked.device[:80]!r}.")
    with writing(central.engine) as connection:
        certificate = enrol(connection, central.private, device, asked.public, proof=proof, now=central.now())
    public = central.private.public_key().public_bytes_raw().hex()
    return {"public_key": public, "certificate": certificate.decode()}


def renewed_by(central: Central, request: bytes) -> bytes:
    """A new certificate (PEM) for the key that has signed `request`.

    Raises:
        InputError: request_field. AccessRefused: as `devices.renew`.
    """
    asked = _asked(request)
    with writing(central.engine) as connection:
        return renew(connection, central.private, asked, central.now())


def _asked(request: bytes) -> Requested:
    try:
        return Requested.parse(request)
    except DocumentRefused as error:
        raise InputError("request_field", error.message) from error
