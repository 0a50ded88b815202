"""The box's certificate, kept from ending: asked for anew at two thirds of its life, over the line or by stick.

On a stick, in the box's folder (sync/usb.py):

    enrolment.json  what the box asks with its token    enrolled.json    what the central answers
    renewal.pem     a request to renew (PKCS #10)       certificate.pem  the new one

Nothing of it is secret, and nothing is believed that the pinned central has not signed for this very key. The old
certificate is replaced in one step by one that was checked; that it has ended stops no inspection.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import RequestRefused, SettingsError
from edge.moment import Moment
from edge.storage.database import write_durably
from edge.storage.owned import rights_of_owner
from edge.storage.regular import regular
from sync.certificates import request
from sync.errors import CentralRefused
from sync.identity import Enrolment, EnrolmentToken, answered_enrolment, enrolment_request
from sync.link import Link, renewed
from sync.protocol import key_id
from sync.push import Pushed, Signer, push
from sync.usb import MAX_STICK_BYTES, made_on_stick, read_from_stick

ASKED_ENROLMENT, ENROLLED = "enrolment.json", "enrolled.json"
ASKED_RENEWAL, CERTIFICATE = "renewal.pem", "certificate.pem"
PENDING_FILE = "enrolment.pending.json"  # which central was asked; without the token's secret
_EXPIRED = "access_expired"


def is_due(enrolment: Enrolment, now: datetime) -> bool:
    """Whether the certificate is to be renewed; one that cannot be read is."""
    try:
        return now >= enrolment.told.due
    except SettingsError:
        return True


def renew(state_dir: Path, enrolment: Enrolment, private: Ed25519PrivateKey) -> Enrolment:
    """Ask the central for a new certificate and keep it.

    Raises:
        CentralUnreachable, CentralRefused, DocumentRefused: the old one stays. OSError: it cannot be written.
    """
    new = renewed(enrolment, private)
    new.keep(state_dir)
    return new


def push_certified(state_dir: Path, link: Link, private: Ed25519PrivateKey, now: Callable[[], Moment]) -> Pushed:
    """Renew the certificate when that is due, then push; also when the central's clock alone says that it has ended.

    A renewal that is refused is told only when the certificate has ended: until then rows are taken all the same.

    Raises:
        CentralUnreachable, CentralRefused, DocumentRefused, LedgerError: see sync/push.py and `renew`.
    """
    signer = Signer(link.enrolment.device, private.sign, key_id(private.public_key()))
    if is_due(link.enrolment, now().utc):
        with suppress(CentralRefused):
            link.enrolment = renew(state_dir, link.enrolment, private)
    try:
        return push(state_dir, link, signer, now)
    except CentralRefused as error:
        if error.code != _EXPIRED:
            raise
    link.enrolment = renew(state_dir, link.enrolment, private)
    return push(state_dir, link, signer, now)


# --- by stick --------------------------------------------------


def ask_by_stick(state_dir: Path, directory: Path, token: EnrolmentToken, private: Ed25519PrivateKey) -> Path:
    """Write what asks for an enrolment onto a stick, and note which central it is for; the file's place.

    Raises:
        OSError: the stick or the state cannot be written.
    """
    told = {"url": token.url, "central": token.central, "device": token.device}
    write_durably(state_dir / PENDING_FILE, json.dumps(told).encode(), mode=0o600)
    place = made_on_stick(directory, token.device)
    write_durably(place / ASKED_ENROLMENT, enrolment_request(token, private))
    return place / ASKED_ENROLMENT


def enrolled_by_stick(state_dir: Path, directory: Path, private: Ed25519PrivateKey) -> Enrolment:
    """The enrolment that the asked central has laid onto the stick, kept.

    Raises:
        RequestRefused: request_no_file: nothing was asked, or nothing is answered there yet.
        DocumentRefused: another central, another key. OSError: it cannot be written.
    """
    try:
        with rights_of_owner(state_dir):
            told = json.loads(regular(state_dir / PENDING_FILE, MAX_STICK_BYTES))
        token = EnrolmentToken(str(told["url"]), str(told["central"]), str(told["device"]), "")
        answer = read_from_stick(directory, token.device, ENROLLED)
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{directory}: expected the central's answer to a request of this box, got {type(error).__name__}."
        hint = "First: sekisho results enrol - --stick DIR; then `sekisho central import` at the central."
        raise RequestRefused("request_no_file", message, hint=hint) from error
    enrolment = answered_enrolment(token, private.public_key().public_bytes_raw().hex(), answer)
    enrolment.keep(state_dir)
    with rights_of_owner(state_dir):
        (state_dir / PENDING_FILE).unlink(missing_ok=True)
    _used_up(directory, enrolment.device, ASKED_ENROLMENT, ENROLLED)
    return enrolment


def ask_renewal_by_stick(directory: Path, enrolment: Enrolment, private: Ed25519PrivateKey, now: datetime) -> bool:
    """Write a request to renew onto a stick when it is due; whether it was.

    Raises:
        OSError: the stick cannot be written.
    """
    if not is_due(enrolment, now):
        return False
    place = made_on_stick(directory, enrolment.device)
    write_durably(place / ASKED_RENEWAL, request(private, enrolment.device, enrolment.serial))
    return True


def take_certificate(state_dir: Path, directory: Path, enrolment: Enrolment, private: Ed25519PrivateKey) -> bool:
    """Take a renewed certificate from a stick, when one is there that ends later; whether it was taken.

    Raises:
        DocumentRefused: it is not this central's for this key; the old one stays. OSError: it cannot be written.
        RequestRefused: request_no_file: what the stick holds is no file.
    """
    try:
        data = read_from_stick(directory, enrolment.device, CERTIFICATE)
    except FileNotFoundError:
        return False
    new = enrolment.with_certificate(data, private.public_key().public_bytes_raw().hex())
    with suppress(SettingsError):
        if new.told.expires <= enrolment.told.expires:  # an old stick
            return False
    new.keep(state_dir)
    _used_up(directory, enrolment.device, ASKED_RENEWAL, CERTIFICATE)
    return True


def _used_up(directory: Path, device: str, *names: str) -> None:
    """Take from the stick what was used; one that stays there is answered or refused again, and does no harm."""
    for name in names:
        with suppress(OSError, RequestRefused):
            (made_on_stick(directory, device) / name).unlink()
