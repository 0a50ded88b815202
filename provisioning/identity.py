"""What stands of the box's identity: its certificates and where its keys lie. `state` is pure and changes nothing.

No inspection ever asks for any of it: a certificate that has ended stops results from being taken, or handhelds from
connecting, and the bench goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography import x509

from edge.storage.credentials import Place, place_of
from edge.storage.keys import STORAGE_KEY
from edge.storage.receipts import ENROLMENT_FILE
from edge.web.lan import SERVER_FILE
from sync.certificates import RENEWED_AT, SPREAD
from sync.identity import KEY_FILE, kept_enrolment

Standing = Literal["absent", "good", "due", "expired", "early", "unreadable"]

SITE = "site"  # the folder of the site authority and the server's certificate, under the state directory
AUTHORITY_FILE, AUTHORITY_KEY = "authority.pem", "site.key"
KEYS = {"storage key": STORAGE_KEY, "device key": KEY_FILE, "site key": AUTHORITY_KEY}
_LATE = RENEWED_AT + SPREAD / 2  # of its life, when every certificate has come to be renewed


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence of the state: of a certificate or of a key."""

    name: str
    standing: Standing
    words: str
    until: datetime | None = None
    hint: str = ""

    @property
    def wrong(self) -> bool:
        """Whether somebody should act."""
        return self.standing in {"expired", "early", "unreadable"}


def state(
    box: bytes | None, server: bytes | None, authority: bytes | None, places: Mapping[str, Place], now: datetime
) -> tuple[Told, ...]:
    """The state of the certificates and keys, a sentence each. Pure.

    Args:
        box: the certificate that the central has signed, PEM; None when the box is not enrolled.
        server: the certificate that handhelds see, PEM, alone or before its key; None when no LAN is served.
        authority: the site authority's, PEM.
        places: where each key lies, by its name.
        now: UTC, as far as the box knows it.
    """
    own = _certificate("box's certificate", box, now, "Not enrolled with a central.", "sekisho results enrol FILE")
    if own.standing == "expired":
        own = Told(own.name, own.standing, own.words, own.until, "sekisho results push, or export onto a stick.")
    lan = _certificate("server's certificate", server, now, "No LAN is served with TLS.", "sekisho provision site-ca")
    if lan.standing in {"due", "expired"}:
        lan = Told(lan.name, lan.standing, lan.words, lan.until, "sekisho provision renew")
    site = _certificate("site authority", authority, now, "There is none.", "sekisho provision site-ca")
    keys = tuple(
        Told(name, "absent" if place is Place.NONE else "good", f"{name.capitalize()}: {place.words}.")
        for name, place in places.items()
    )
    return own, lan, site, *keys


def kept_state(state_dir: Path, now: datetime) -> tuple[Told, ...]:
    """`state` of what lies in `state_dir`.

    Raises:
        SettingsError: settings_enrolment. BoxError: box_key. OSError: something is there and cannot be read.
    """
    enrolment = kept_enrolment(state_dir) if (state_dir / ENROLMENT_FILE).exists() else None
    box = enrolment.certificate.encode() if enrolment else None
    site = state_dir / SITE
    places = {name: place_of(state_dir / file) for name, file in KEYS.items()}
    return state(box, _read(state_dir / SERVER_FILE), _read(site / AUTHORITY_FILE), places, now)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def due_from(certificate: x509.Certificate) -> datetime:
    """From when on a server's certificate is renewed: two thirds of its life."""
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return certificate.not_valid_before_utc + life * RENEWED_AT


def _certificate(name: str, pem: bytes | None, now: datetime, absent: str, hint: str) -> Told:
    if pem is None:
        return Told(name, "absent", absent, hint=hint)
    try:
        found = x509.load_pem_x509_certificate(pem)
        since, until = found.not_valid_before_utc, found.not_valid_after_utc
    except ValueError as error:
        words = f"Expected the {name}, got {type(error).__name__}."
        return Told(name, "unreadable", words, hint=hint)
    ends = f"{until:%Y-%m-%d %H:%M} UTC"
    if now < since:
        words = f"The {name} begins at {since:%Y-%m-%d %H:%M} UTC, after this box's clock."
        return Told(name, "early", words, until, "Set the clock.")
    if now >= until:
        return Told(name, "expired", f"The {name} ended at {ends}.", until, hint)
    if now >= since + (until - since) * _LATE:
        return Told(name, "due", f"The {name} is good until {ends} and is to be renewed.", until)
    return Told(name, "good", f"The {name} is good until {ends}.", until)
