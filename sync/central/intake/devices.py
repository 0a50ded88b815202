"""Devices and their keys: one-time tokens, certificates, revocation."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection, insert, select, update

from edge.errors import AccessRefused, Conflict, InputError, NotFound
from edge.storage.chain import Json
from edge.storage.sealed import public_hex, sealing_key
from sync.central.alarms import raise_alarm
from sync.central.tables import certificates, enrolments, keys
from sync.certificates import LIFE, Requested, issued, revocation_list, told_certificate
from sync.identity import KEY_FILE, EnrolmentToken, enrolment_proof, public_key
from sync.protocol import DEVICE, REVOCATIONS, SCHEMA, key_id, signed

TOKEN_HOURS = 72
GRACE = timedelta(days=90)  # after its end a certificate may still be renewed by its key: a quarter without a line
REPLACED = "replaced"  # the reason of a key whose device has a newer one
_SERIAL_CHARS = 64
_ANEW = f"On the box, move {KEY_FILE} away and enrol with a new token: it makes a new key."


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A key that may sign."""

    device: str
    port: str
    public: Ed25519PublicKey


def new_token(
    connection: Connection, url: str, central: str, device: str, *, port: str, now: datetime
) -> EnrolmentToken:
    """A one-time token for `device`, which may have an older key: enrolling then revokes that.

    Raises:
        InputError: request_device: no name that a device can have.
    """
    if not DEVICE.fullmatch(device):
        message = f"Expected a device name of 1 to 64 letters, digits, '.', '_', '-', got {device[:80]!r}."
        raise InputError("request_device", message, hint="Use the SEKISHO_DEVICE of the box.")
    secret = secrets.token_bytes(32)
    expires = (now + timedelta(hours=TOKEN_HOURS)).isoformat()
    connection.execute(insert(enrolments).values(secret=secret.hex(), device=device, port=port, expires=expires))
    return EnrolmentToken(url, central, device, secret.hex())


def enrol(
    connection: Connection, private: Ed25519PrivateKey, device: str, public: str, *, proof: str, now: datetime
) -> bytes:
    """The certificate for `public`, when the proof is of a token for `device` that nobody else has used.

    A token serves one key, once; the same key may ask again with it: an answer may have been lost on the way. With a
    new token a key that may sign, or did until its certificate ended, gets a new certificate with the token's port.
    A revoked key never signs again.

    Raises:
        AccessRefused: access_enrolment; access_key: it is another device's; access_revoked.
        DocumentRefused: document_form: it is no public key.
    """
    name = key_id(public_key(public))
    token = _token(connection, device, public, proof)
    if token is None or token.expires < now.isoformat() or token.used_by not in {None, name}:
        raise AccessRefused(
            "access_enrolment",
            f"Expected the proof of an unused token for {device[:80]!r}, got another.",
            hint="Make a new one with: sekisho central enrol-token.",
        )
    known = connection.execute(select(keys).where(keys.c.key == name)).one_or_none()
    if known is not None and known.device != device:
        raise AccessRefused(
            "access_key",
            f"{device}: expected a key of its own, got the one that {known.device} is enrolled with.",
            hint=f"Two boxes must not share a key, nor one key have two names. {_ANEW}",
        )
    if known is not None and known.revoked is not None:
        raise _revoked(known)
    if known is not None and token.used_by == name:
        return str(known.certificate).encode()
    connection.execute(
        update(keys)
        .where((keys.c.device == device) & (keys.c.key != name) & keys.c.revoked.is_(None))
        .values(revoked=now.isoformat(), reason=REPLACED)
    )
    connection.execute(update(enrolments).where(enrolments.c.secret == token.secret).values(used_by=name))
    return _issued(connection, private, Requested(device, public, ""), token.port, now)


def _issued(
    connection: Connection, private: Ed25519PrivateKey, requested: Requested, port: str, now: datetime
) -> bytes:
    """A new certificate, noted as the one of its key."""
    seal = public_hex(sealing_key(private))
    document = issued(private, requested, port, seal, serial=secrets.randbits(126) | 1 << 126, now=now)
    told = told_certificate(document)
    name, ends = key_id(told.public), told.expires.isoformat()
    row = {
        "serial": told.serial,
        "key": name,
        "follows": requested.serial[:_SERIAL_CHARS],
        "document": document.decode(),
    }
    connection.execute(insert(certificates).values(**row, issued=told.issued.isoformat(), expires=ends))
    known = {"port": port, "certificate": document.decode(), "expires": ends}
    if not connection.execute(update(keys).where(keys.c.key == name).values(**known)).rowcount:
        own = {"key": name, "device": told.device, "public_key": requested.public, "reason": ""}
        connection.execute(insert(keys).values(**own, **known))
    return document


def renew(connection: Connection, private: Ed25519PrivateKey, requested: Requested, now: datetime) -> bytes:
    """A new certificate for a key that has one, also within `GRACE` after it has ended: a box may have been silent.

    Asked again with a certificate that was renewed before, it answers that renewal: an answer may have been lost on the
    way. But when that renewal has been renewed itself, somebody has taken it, and whoever still shows the one before is
    somebody else: a copy of this box, or the box of which there is a copy. That raises "identity_forked" and stops
    nobody, because which of the two is the officers' box cannot be known here.

    Raises:
        AccessRefused: access_device, access_revoked, access_key; access_expired: too long ago.
    """
    name = key_id(public_key(requested.public))
    found = connection.execute(select(keys).where(keys.c.key == name).with_for_update()).one_or_none()
    if found is None or found.device != requested.device:
        raise _unknown(name)
    if found.revoked is not None:
        raise _revoked(found)
    if datetime.fromisoformat(found.expires) + GRACE < now:
        raise _ended(found)
    own = select(certificates).where(certificates.c.key == name).order_by(certificates.c.issued)
    made = connection.execute(own).all()
    after = [one for one in made if one.follows and one.follows == requested.serial]
    if after and any(one.follows == after[-1].serial for one in made):
        detail = (
            f"Certificate {requested.serial[:_SERIAL_CHARS]} was renewed, and its successor too; it was shown again: "
            "two boxes use this key."
        )
        raise_alarm(
            connection, found.device, "identity_forked", requested.serial[:_SERIAL_CHARS], detail, now.isoformat()
        )
    elif after and datetime.fromisoformat(after[-1].expires) - LIFE / 2 > now:
        return str(after[-1].document).encode()
    return _issued(connection, private, requested, found.port, now)


def _token(connection: Connection, device: str, public: str, proof: str) -> Json:
    for token in connection.execute(select(enrolments).where(enrolments.c.device == device).with_for_update()):
        if hmac.compare_digest(enrolment_proof(bytes.fromhex(token.secret), device, public), proof):
            return token
    return None


def active_key(connection: Connection, key: str, now: str) -> DeviceKey:
    """The key of that name, when it may sign now.

    Raises:
        AccessRefused: access_device: unknown; access_revoked; access_expired.
    """
    found = connection.execute(select(keys).where(keys.c.key == key)).one_or_none()
    if found is None:
        raise _unknown(key)
    if found.revoked is not None:
        raise _revoked(found)
    if found.expires < now:
        raise _ended(found)
    return DeviceKey(found.device, found.port, public_key(found.public_key))


def _unknown(key: str) -> AccessRefused:
    message = f"Expected the key of an enrolled box, got {key[:64]!r}."
    return AccessRefused("access_device", message, hint="Enrol the box: sekisho results enrol FILE.")


def _ended(found: Json) -> AccessRefused:
    message = f"Expected a certificate that is valid, got one of key {found.key[:16]}, which ended at {found.expires}."
    hint = f"A box renews it by itself within {GRACE.days} days; after that: sekisho results enrol FILE."
    return AccessRefused("access_expired", message, hint=hint)


def _revoked(found: Json) -> AccessRefused:
    """Told to whoever names the key, before any signature is looked at: neither whose it was nor why."""
    message = f"Expected a key that may sign, got {found.key[:16]}, which was revoked at {found.revoked}."
    return AccessRefused("access_revoked", message, hint=f"If the box is in good hands: {_ANEW}")


def revoke(connection: Connection, device: str, reason: str, now: str) -> int:
    """Revoke every key of `device`; how many could sign until now.

    Raises:
        NotFound: device_not_found. Conflict: device_conflict: it is revoked already.
    """
    held = connection.execute(select(keys.c.revoked).where(keys.c.device == device)).all()
    if not held:
        raise NotFound("device_not_found", f"Expected the name of an enrolled device, got {device[:80]!r}.")
    if all(key.revoked is not None for key in held):
        raise Conflict("device_conflict", f"{device}: expected a device that may sign, got a revoked one.")
    where = (keys.c.device == device) & keys.c.revoked.is_(None)
    return connection.execute(update(keys).where(where).values(revoked=now, reason=reason)).rowcount


def revocations(connection: Connection, private: Ed25519PrivateKey, now: str) -> bytes:
    """The signed list of every key that may not sign any more: which, since when, and whether another took its place.

    Anybody may read it, so it names no device and repeats no reason that an operator wrote.
    """
    columns = (keys.c.key, keys.c.revoked, keys.c.reason)
    found = connection.execute(select(*columns).where(keys.c.revoked.is_not(None)).order_by(keys.c.revoked, keys.c.key))
    listed = [
        {"key": row.key, "revoked": row.revoked, "code": REPLACED if row.reason == REPLACED else "revoked"}
        for row in found
    ]
    central = key_id(private.public_key())
    told = {"type": REVOCATIONS, "schema": SCHEMA, "central": central, "issued": now}
    return signed(told | {"revoked": listed}, private.sign, central)


def revoked_certificates(connection: Connection, private: Ed25519PrivateKey, now: datetime) -> bytes:
    """The CRL (DER): every certificate of a revoked key that has not ended by itself."""
    joined = select(certificates.c.serial, keys.c.revoked).join(keys, keys.c.key == certificates.c.key)
    where = keys.c.revoked.is_not(None) & (certificates.c.expires > now.isoformat())
    found = connection.execute(joined.where(where).order_by(certificates.c.serial))
    return revocation_list(private, ((row.serial, datetime.fromisoformat(row.revoked)) for row in found), now)
